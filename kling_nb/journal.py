"""The log of every job, written before money moves.

Events are appended and never changed; the folded state of each job lies beside them so that a
list of 100,000 jobs opens at once. SQLite with a rollback journal and full synchronisation: what
was recorded is on the disk, also on a network folder, also after a power cut.

One thread writes. Callers queue events with :meth:`Journal.record` and everything that is waiting
goes into one transaction, so a thousand jobs do not cost a thousand disk flushes.
"""

from __future__ import annotations

import contextlib
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kling_nb.errors import StorageError, TakenOverError
from kling_nb.life import OPEN, Event, JobState, step

FILE = "kling_journal.sqlite"
_BUSY_SECONDS = 5.0
_BREATH = 0.01
"""Seconds to gather more in one transaction while many jobs write at once; one alone never waits."""


def _version_1(db: sqlite3.Connection) -> None:
    """Events as they came, and what they add up to."""
    db.execute("CREATE TABLE events(seq INTEGER PRIMARY KEY, job TEXT NOT NULL, at REAL NOT NULL,"
               " kind TEXT NOT NULL, data TEXT NOT NULL)")  # fmt: skip
    db.execute("CREATE INDEX events_of_job ON events(job)")
    db.execute("CREATE TABLE jobs(job TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, gateway TEXT NOT NULL,"
               " status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, state TEXT NOT NULL,"
               " owner TEXT, lease_until REAL) WITHOUT ROWID")  # fmt: skip
    db.execute("CREATE INDEX jobs_by_fingerprint ON jobs(fingerprint, created)")
    db.execute("CREATE INDEX jobs_by_created ON jobs(created)")
    db.execute("CREATE INDEX jobs_by_status ON jobs(status)")


def _version_2(db: sqlite3.Connection) -> None:
    """What a gateway's latency is learned from is found without looking at every job that ever ended."""
    db.execute("CREATE INDEX jobs_of_gateway ON jobs(gateway, status, created)")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_version_1, _version_2)
"""One function per schema version, in order; ``PRAGMA user_version`` counts those applied."""


_CURRENT = (
    "fingerprint = ? AND status != 'failed' AND NOT (status = 'cancelled' AND json_extract(state, '$.sent') IS NULL)"
    " ORDER BY created DESC LIMIT 1"
)
"""Which job a request means when it is made again: failed ones and those never sent are made anew."""


@dataclass(slots=True)
class _Entry:
    job: str
    event: Event
    owner: str | None
    once: bool = False
    done: Future[JobState] = field(default_factory=Future)


class Journal:
    """The journal of one output folder.

    Args:
        folder: Where the file lies; made if missing.

    Raises:
        StorageError: The folder or file cannot be made, opened, read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        with self._trouble():
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(self._open()) as db:
                self._migrate(db)

    def record(self, job: str, event: Event, owner: str | None = None) -> Future[JobState]:
        """Queue an event; the future holds the job's new state once it is on the disk.

        An event that the life table refuses changes nothing and is not written. With an ``owner``, the event
        is written only while the job belongs to it, in the same transaction: a kernel that was taken for
        dead can no longer send, not even when its successor has finished and let go.

        Raises (in the future):
            TakenOverError: The job belongs to somebody else now.
            StorageError: It could not be written.
        """
        return self._queued(_Entry(job, event, owner))

    def plan(self, job: str, event: Event) -> Future[JobState]:
        """Queue a ``planned`` event for a request that nobody may have asked for already.

        Looked up and written in one transaction: of two kernels that ask for the same at the same moment, one
        plans it and the other's future holds that very job.
        """
        return self._queued(_Entry(job, event, None, once=True))

    def _queued(self, entry: _Entry) -> Future[JobState]:
        json.dumps(dict(entry.event.data))  # what is no JSON must not fail the others of its batch
        # Whoever waits for it may be cancelled; the write, once asked for, may not.
        entry.done.set_running_or_notify_cancel()
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write, name="kling_nb-journal", daemon=True)
                self._thread.start()
        self._queue.put(entry)
        return entry.done

    def close(self) -> None:
        """Write what is queued and stop the writer."""
        with self._starting:
            if self._thread and self._thread.is_alive():
                self._queue.put(None)
                self._thread.join(timeout=10)
            self._thread = None

    def get(self, job: str) -> JobState | None:
        """One job by its id, or by the beginning of it if that is unambiguous."""
        if not job.isprintable():  # no id of ours, and perhaps no text that SQLite takes
            return None
        # A range and no LIKE, which would look at every job; the id itself is the first of those that begin with it.
        rows = self._states("WHERE job >= ? AND job < ? ORDER BY job LIMIT 2", job, f"{job}\U0010ffff")
        return rows[0] if rows and (len(rows) == 1 or rows[0].id == job) else None

    def current(self, fingerprint: str) -> JobState | None:
        """The newest job for one request, take and gateway that is not over, or whose clip is there."""
        rows = self._states(f"WHERE {_CURRENT}", fingerprint)
        return rows[0] if rows else None

    def recent(self, limit: int = 20) -> list[JobState]:
        """The newest jobs first."""
        return self._states("ORDER BY created DESC LIMIT ?", limit)

    def open_jobs(self) -> list[JobState]:
        """Every job in which money may have moved and a clip may still come, oldest first."""
        marks = ",".join("?" * len(OPEN))
        return self._states(f"WHERE status IN ({marks}) ORDER BY created", *sorted(OPEN))

    def finished(self, gateway: str, limit: int = 400) -> list[JobState]:
        """The latest finished jobs of a gateway, oldest first: what its latency is learned from."""
        clause = "WHERE gateway = ? AND status = 'done' ORDER BY created DESC LIMIT ?"
        return self._states(clause, gateway, limit)[::-1]

    def sent(self) -> list[JobState]:
        """Every job for which money may have moved, oldest first."""
        return self._states(
            "WHERE json_extract(state, '$.sent') IS NOT NULL"
            " AND (status != 'failed' OR json_extract(state, '$.charged') = 1) ORDER BY created"
        )

    def events(self, job: str) -> list[Event]:
        """All events of one job, in the order they were written."""
        with self._trouble(), contextlib.closing(self._open()) as db:
            rows = db.execute("SELECT kind, at, data FROM events WHERE job = ? ORDER BY seq", (job,)).fetchall()
        return [Event(kind, at, json.loads(data)) for kind, at, data in rows]

    def claim(
        self, jobs: Sequence[str], owner: str, now: float, seconds: float, dead: Callable[[str], bool] = lambda _: False
    ) -> set[str]:
        """Take or renew the lease of these jobs; the ids that are ours until ``now + seconds``.

        A job whose lease another kernel holds is given away only when the lease is over or ``dead`` says that
        its owner no longer exists.
        """
        with self._trouble(), contextlib.closing(self._open()) as db, _transaction(db):
            held = set()
            for job in jobs:
                row = db.execute("SELECT owner, lease_until FROM jobs WHERE job = ?", (job,)).fetchone()
                if row and (row[0] in {None, owner} or (row[1] or 0) < now or dead(row[0])):
                    held.add(job)
            db.executemany(
                "UPDATE jobs SET owner = ?, lease_until = ? WHERE job = ?",
                [(owner, now + seconds, job) for job in held],
            )
            return held

    def release(self, jobs: Sequence[str], owner: str) -> None:
        """Give the lease of these jobs back, where it is ours."""
        with self._trouble(), contextlib.closing(self._open()) as db, _transaction(db):
            db.executemany(
                "UPDATE jobs SET owner = NULL, lease_until = NULL WHERE job = ? AND owner = ?",
                [(job, owner) for job in jobs],
            )

    def _states(self, clause: str, *values: Any) -> list[JobState]:
        with self._trouble(), contextlib.closing(self._open()) as db:
            rows = db.execute(f"SELECT state FROM jobs {clause}", values).fetchall()  # noqa: S608 - clauses are ours, values are bound
        try:
            return [JobState.from_json(json.loads(state)) for (state,) in rows]
        except ValueError as error:
            raise StorageError(f"The journal {self.path} {_diagnosis(sqlite3.DatabaseError('malformed'))}") from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        db.execute("PRAGMA synchronous = FULL")
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        with _transaction(db):
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise StorageError(
                    f"The journal {self.path} was written by a newer kling_nb: upgrade with pip install -U kling-nb."
                )
            for number, migrate in enumerate(MIGRATIONS[version:], version + 1):
                migrate(db)
                db.execute(f"PRAGMA user_version = {number}")

    def _write(self) -> None:
        """The writer thread: everything that waits becomes one transaction."""
        crowded = False
        while (entry := self._queue.get()) is not None:
            if crowded:
                time.sleep(_BREATH)
            batch = [entry]
            ending = False
            with contextlib.suppress(queue.Empty):
                while (more := self._queue.get_nowait()) is not None:
                    batch.append(more)
                ending = True
            self._commit(batch)
            crowded = len(batch) > 1
            if ending:
                return

    def _commit(self, batch: list[_Entry]) -> None:
        try:
            with self._trouble(), contextlib.closing(self._open()) as db, _transaction(db):
                states = [_append(db, entry) for entry in batch]
        except BaseException as error:  # noqa: BLE001 - whoever waits for the write gets it, whatever it is
            for entry in batch:
                entry.done.set_exception(error)
            return
        for entry, state in zip(batch, states, strict=True):
            if state is None:
                entry.done.set_exception(TakenOverError(f"Another kernel goes on with {entry.job}."))
            else:
                entry.done.set_result(state)

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Turn what SQLite and the disk say into one sentence with a way out."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"The journal {self.path} {_diagnosis(error)}") from error


def _append(db: sqlite3.Connection, entry: _Entry) -> JobState | None:
    """Write one event; None if the job belongs to somebody else."""
    if entry.once:
        asked = db.execute(f"SELECT state FROM jobs WHERE {_CURRENT}", (entry.event.data["fingerprint"],)).fetchone()  # noqa: S608 - the clause is ours
        if asked:
            return JobState.from_json(json.loads(asked[0]))
    row = db.execute("SELECT state, owner FROM jobs WHERE job = ?", (entry.job,)).fetchone()
    if row and entry.owner is not None and row[1] not in {None, entry.owner}:
        return None
    before = JobState.from_json(json.loads(row[0])) if row else JobState(entry.job)
    after = step(before, entry.event)
    if after is before:
        # Leave to send is given once: who asks for it late has been overtaken by another kernel.
        return None if entry.event.kind == "sending" else before
    event = entry.event
    db.execute(
        "INSERT INTO events(job, at, kind, data) VALUES (?, ?, ?, ?)",
        (entry.job, event.at, event.kind, json.dumps(dict(event.data))),
    )
    db.execute(
        "INSERT INTO jobs(job, fingerprint, gateway, status, created, updated, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(job) DO UPDATE"
        " SET status = excluded.status, updated = excluded.updated, state = excluded.state",
        (entry.job, after.fingerprint, after.gateway, after.status, after.created, after.updated,
         json.dumps(after.to_json())),
    )  # fmt: skip
    if after.terminal:
        db.execute("UPDATE jobs SET owner = NULL, lease_until = NULL WHERE job = ?", (entry.job,))
    return after


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


_ELSEWHERE = "choose another folder with KLING_NB_OUTPUT or %config KlingMagics.output."


def _diagnosis(error: Exception) -> str:
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return "is locked by another program: close what holds it, then run the cell again."
    if "readonly" in text or "read-only" in text or isinstance(error, PermissionError):
        return f"cannot be written here: {_ELSEWHERE}"
    if "full" in text or "no space" in text:
        return "cannot grow because the disk is full: free some space, then run the cell again."
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return "is damaged: move it aside (keep it, it lists your paid jobs), then run the cell again."
    return f"cannot be used ({error}): choose another folder with KLING_NB_OUTPUT or %config KlingMagics.output."
