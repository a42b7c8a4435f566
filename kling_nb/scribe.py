"""The one thread that writes a journal: whatever waits becomes one transaction.

While events come thick, the thread keeps its connection and empties the rollback journal instead of deleting it, which
costs less than half (``tests/benchmarks/bench_scale.py``), and whoever waits on one event loop is woken together. As
soon as nobody writes any more, the connection is closed and nothing but the journal's own file is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kling_nb.errors import TakenOverError
from kling_nb.life import Event, JobState

_BREATH, _LONG_BREATH = 0.01, 0.05
"""Seconds to gather more in one transaction while many jobs write at once, around the paid request and after it.
One job alone never waits."""

_AT_ONCE = 4
"""Waits that end in one turn of an event loop."""

_PRESSING = frozenset({"planned", "sending", "ticket", "unsent", "lost"})

Read = dict[str, tuple[str, JobState]]
"""By job: the JSON of its state as it was read or written last, and what it says."""


@dataclass(slots=True)
class Entry:
    """One event on its way to the disk.

    Attributes:
        owner: Whose the job must be for it to be written; None asks nobody.
        data: The event's data as JSON.
        done: Answered from the writer's thread, or on its own event loop.
        once: Written only if nobody has asked for the same request.
    """

    job: str
    event: Event
    owner: str | None
    data: str
    done: Future[JobState] | asyncio.Future[JobState]
    once: bool = False


class Scribe:
    """The writer of one file.

    Args:
        path: The file.
        opened: Opens a connection to it.
        append: Writes one entry in a transaction; None if the job belongs to somebody else.
        trouble: Turns what SQLite and the disk say into our own errors.
    """

    def __init__(
        self,
        path: Path,
        opened: Callable[[], sqlite3.Connection],
        append: Callable[[sqlite3.Connection, Entry, Read], JobState | None],
        trouble: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._path = path
        self._opened = opened
        self._append = append
        self._trouble = trouble
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._kept: tuple[sqlite3.Connection, tuple[int, int] | None] | None = None
        self._read: Read = {}

    def take(self, job: str, event: Event, owner: str | None, *, once: bool = False) -> Future[JobState]:
        """Queue an event; the future holds what it led to."""
        done: Future[JobState] = Future()
        # Whoever waits for it may be cancelled; the write, once asked for, may not.
        done.set_running_or_notify_cancel()
        self._put(job, event, owner, done, once=once)
        return done

    def take_here(self, job: str, event: Event, owner: str | None) -> asyncio.Future[JobState]:
        """The same, answered on the running event loop."""
        done: asyncio.Future[JobState] = asyncio.get_running_loop().create_future()
        self._put(job, event, owner, done)
        return done

    def _put(
        self,
        job: str,
        event: Event,
        owner: str | None,
        done: Future[JobState] | asyncio.Future[JobState],
        *,
        once: bool = False,
    ) -> None:
        data = json.dumps(dict(event.data))  # what is no JSON fails here, and not the others of its batch
        entry = Entry(job, event, owner, data, done, once)
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write, name="kling_nb-journal", daemon=True)
                self._thread.start()
        self._queue.put(entry)

    def close(self) -> None:
        """Write what is queued and stop."""
        with self._starting:
            if self._thread and self._thread.is_alive():
                self._queue.put(None)
                self._thread.join(timeout=10)
            self._thread = None

    def _write(self) -> None:
        try:
            self._write_all()
        finally:
            self._let_go()

    def _write_all(self) -> None:
        crowded = False
        while (entry := self._next(_LONG_BREATH if crowded else None)) is not None:
            if crowded:
                time.sleep(_BREATH if entry.event.kind in _PRESSING else _LONG_BREATH)
            batch = [entry]
            ending = False
            with contextlib.suppress(queue.Empty):
                while (more := self._queue.get_nowait()) is not None:
                    batch.append(more)
                ending = True
            crowded = len(batch) > 1 and not ending
            self._commit(batch, keep=crowded)
            if ending:
                return

    def _next(self, patience: float | None) -> Entry | None:
        """The next entry. A connection that was kept is closed once nobody has written for so many seconds."""
        if patience is not None:
            try:
                return self._queue.get(timeout=patience)
            except queue.Empty:
                pass
        self._let_go()
        return self._queue.get()

    def _commit(self, batch: list[Entry], *, keep: bool) -> None:
        states: list[JobState | BaseException | None]
        try:
            with self._trouble(), self._writing(keep=keep) as db, transaction(db):
                states = [self._append(db, entry, self._read) for entry in batch]
        except BaseException as error:  # noqa: BLE001 - whoever waits for the write gets it, whatever it is
            self._read.clear()
            states = [error] * len(batch)
        self._tell(batch, states)

    def _tell(self, batch: list[Entry], states: list[JobState | BaseException | None]) -> None:
        woken: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[JobState], JobState | BaseException]]] = {}
        for entry, state in zip(batch, states, strict=True):
            outcome = TakenOverError(f"Another kernel goes on with {entry.job}.") if state is None else state
            if not isinstance(entry.done, Future):  # nest_asyncio2 gives `asyncio.Future` to another class
                woken.setdefault(entry.done.get_loop(), []).append((entry.done, outcome))
            elif isinstance(outcome, BaseException):
                entry.done.set_exception(outcome)
            else:
                entry.done.set_result(outcome)
        for loop, outcomes in woken.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_wake, loop, outcomes)

    @contextlib.contextmanager
    def _writing(self, *, keep: bool) -> Iterator[sqlite3.Connection]:
        """A connection; the kept one only as long as it leads to the file that is there."""
        if self._kept is not None and self._kept[1] != self._file():
            self._let_go()
        db = self._kept[0] if self._kept else self._opened()
        try:
            if keep and self._kept is None:
                db.execute("PRAGMA journal_mode = TRUNCATE")  # making and deleting a file costs more than the commit
                self._kept = db, self._file()
            yield db
        except BaseException:
            keep = False
            raise
        finally:
            if self._kept is None:
                db.close()
            elif not keep:
                self._let_go()

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        self._read.clear()
        if kept is not None:
            with contextlib.suppress(sqlite3.Error), contextlib.closing(kept[0]) as db:
                if kept[1] == self._file():  # else the rollback journal of that name is another file's
                    db.execute("PRAGMA journal_mode = DELETE")  # takes the empty one away

    def _file(self) -> tuple[int, int] | None:
        """Which file is there; None where none is."""
        try:
            told = self._path.stat()
        except OSError:
            return None
        return told.st_dev, told.st_ino


def _wake(
    loop: asyncio.AbstractEventLoop, outcomes: list[tuple[asyncio.Future[JobState], JobState | BaseException]]
) -> None:
    """Answer a few, and the others at the loop's next turns: what all of them do next at once would hold it up."""
    if len(outcomes) > _AT_ONCE:
        loop.call_soon(_wake, loop, outcomes[_AT_ONCE:])
    for waiting, outcome in outcomes[:_AT_ONCE]:
        if waiting.done():  # nobody waits any more
            continue
        if isinstance(outcome, BaseException):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()
