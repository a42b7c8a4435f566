"""The sandbox's tasks: what was ordered, kept in a small SQLite file.

A task's state is a function of what was written down and the time, so it goes on by itself
while no process runs. Each call opens the file anew (about 0.1 ms): nothing to close, any
thread and several processes may use one folder.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Literal

from kling_nb.sandbox.refusal import RefusalError, ReusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Word = Literal["submitted", "processing", "succeed", "failed"]
"""Status words of Kling's legacy API (kling.ai/document-api, "Query Task")."""

_QUEUED_SHARE = 0.25  # of the latency
_BUSY_SECONDS = 10.0
_KEPT_SECONDS = 30 * 86400  # as long as Kling keeps results (kling.ai/document-api, text2video page)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id          TEXT PRIMARY KEY,
    dialect     TEXT NOT NULL,
    external_id TEXT,
    route       TEXT NOT NULL,
    film        TEXT NOT NULL,
    plan        TEXT NOT NULL,
    created     REAL NOT NULL,
    latency     REAL NOT NULL,
    rendered    REAL,
    failure     TEXT,
    memory      TEXT NOT NULL,
    UNIQUE (dialect, external_id)
);
CREATE INDEX IF NOT EXISTS tasks_by_film ON tasks (film);
"""


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the ledger, in the order of its columns.

    Attributes:
        id: In the style of its dialect.
        dialect: On which it was ordered, and alone can be found.
        external_id: The client's own id, or None; unique in its dialect.
        route: Kling's kind of task.
        film: Name of the film that answers it.
        plan: The film's plan as JSON.
        created: Unix time, seconds; likewise ``rendered``, None until the film is there.
        latency: Seconds that the task takes at least.
        failure: Why it will have failed when its latency is over; None if it will not.
        memory: What its dialect wrote down for answering questions about it, as JSON.
    """

    id: str
    dialect: str
    external_id: str | None
    route: str
    film: str
    plan: str
    created: float
    latency: float
    rendered: float | None = None
    failure: str | None = None
    memory: str = "{}"

    @property
    def waits_for_film(self) -> bool:
        """Whether it still needs its film."""
        return self.rendered is None and self.failure is None

    def word(self, now: float) -> Word:
        """Its status at the time ``now``."""
        if now < self.created + self.latency * _QUEUED_SHARE:
            return "submitted"
        if now < self.created + self.latency or self.waits_for_film:
            return "processing"
        return "succeed" if self.failure is None else "failed"

    def share(self, now: float) -> float:
        """How far it is, 0 to 1; 1 only when it is over."""
        if self.word(now) in ("succeed", "failed"):
            return 1.0
        return min(max((now - self.created) / self.latency, 0.0), 0.99) if self.latency else 0.99

    def changed(self, now: float) -> float:
        """When it came into its present status, Unix time."""
        word = self.word(now)
        if word == "submitted":
            return self.created
        if word == "processing":
            return self.created + self.latency * _QUEUED_SHARE
        return max(self.created + self.latency, self.rendered or 0.0)


class Ledger:
    """The file of tasks.

    Raises:
        RefusalError: 5000 from any method when the file cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS)) as db:
                db.executescript(_SCHEMA)  # always: another process may have removed the folder
                with db:
                    yield db
        except (OSError, sqlite3.Error) as error:
            raise RefusalError(5000, f"the sandbox cannot use its folder: {error}") from error

    def add(self, task: Task, *, at_most_open: int | None) -> None:
        """Write a new task down.

        Raises:
            ReusedError: Its external id was used before.
            RefusalError: 1303 when ``at_most_open`` tasks are open already. A slot is held for a task's latency.
        """
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM tasks WHERE created < ?", (task.created - _KEPT_SECONDS,))
            same = "SELECT 1 FROM tasks WHERE dialect = ? AND external_id = ?"
            if task.external_id and db.execute(same, (task.dialect, task.external_id)).fetchone():
                raise ReusedError(task.external_id)
            if at_most_open is not None:
                (still,) = db.execute(
                    "SELECT count(*) FROM tasks WHERE created + latency > ?", (task.created,)
                ).fetchone()
                if still >= at_most_open:
                    raise RefusalError(1303, "parallel task over resource pack limit")
            db.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(task))

    def find(self, dialect: str, key: str, route: str = "") -> Task | None:
        """The dialect's task with this id or external id, on one route or on any."""
        found = self._select(
            "SELECT * FROM tasks WHERE dialect = ? AND (id = ? OR external_id = ?) AND ? IN ('', route)",
            (dialect, key, key, route),
        )
        return found[0] if found else None

    def for_film(self, film: str) -> Task | None:
        """Some task that is answered by the film."""
        found = self._select("SELECT * FROM tasks WHERE film = ? AND failure IS NULL LIMIT 1", (film,))
        return found[0] if found else None

    def page(self, dialect: str, number: int, size: int, route: str = "") -> list[Task]:
        """A dialect's tasks, on one route or on any, newest first; pages count from 1."""
        newest = "SELECT * FROM tasks WHERE dialect = ? AND ? IN ('', route) ORDER BY rowid DESC LIMIT ? OFFSET ?"
        return self._select(newest, (dialect, route, size, (number - 1) * size))

    def count(self, film: str) -> int:
        """How many tasks asked for this film so far."""
        with self._open() as db:
            (count,) = db.execute("SELECT count(*) FROM tasks WHERE film = ?", (film,)).fetchone()
        return int(count)

    def settle(self, film: str, *, rendered: float, failure: str | None = None) -> None:
        """Note that a film is there, or why it never will be, in every task that waits for it."""
        with self._open() as db:
            db.execute(
                "UPDATE tasks SET rendered = ?, failure = ? WHERE film = ? AND rendered IS NULL AND failure IS NULL",
                (rendered, failure, film),
            )

    def _select(self, sql: str, values: tuple[object, ...]) -> list[Task]:
        with self._open() as db:
            return [Task(*row) for row in db.execute(sql, values)]
