"""The log of every job, written before money moves.

Events are appended and never changed; the folded state of each job lies beside them so that a
list of 100,000 jobs opens at once. SQLite with a rollback journal and full synchronisation: what
was recorded is on the disk, also on a network folder, also after a power cut.

One thread writes. Callers queue events with :meth:`Journal.record` and everything that is waiting
goes into one transaction, so a thousand jobs do not cost a thousand disk flushes (:mod:`kling_nb.scribe`).
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from kling_nb.errors import StorageError
from kling_nb.life import OPEN, Event, JobState, step
from kling_nb.scribe import Entry, Read, Scribe, transaction

FILE = "kling_journal.sqlite"
_BUSY_SECONDS = 5.0
_REMEMBERED = 5_000
"""Jobs whose state is not read out of JSON again while they are written; a few kilobytes each."""


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


def _version_3(db: sqlite3.Connection) -> None:
    """Jobs that carry an id of the user's own, which may name one task only at a gateway."""
    db.execute("CREATE TABLE names(gateway TEXT NOT NULL, name TEXT NOT NULL, job TEXT NOT NULL,"
               " PRIMARY KEY(gateway, name, job)) WITHOUT ROWID")  # fmt: skip
    db.execute("INSERT INTO names SELECT gateway, json_extract(state, '$.request.external_id'), job FROM jobs"
               " WHERE json_extract(state, '$.request.external_id') IS NOT NULL")  # fmt: skip
    db.execute("CREATE TRIGGER name_of_job AFTER INSERT ON jobs"
               " WHEN json_extract(NEW.state, '$.request.external_id') IS NOT NULL BEGIN INSERT INTO names"
               " VALUES (NEW.gateway, json_extract(NEW.state, '$.request.external_id'), NEW.job); END")  # fmt: skip


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_version_1, _version_2, _version_3)
"""One function per schema version, in order; ``PRAGMA user_version`` counts those applied."""


_CURRENT = (
    "fingerprint = ? AND status != 'failed' AND NOT (status = 'cancelled' AND json_extract(state, '$.sent') IS NULL)"
    " ORDER BY created DESC LIMIT 1"
)
"""Which job a request means when it is made again: failed ones and those never sent are made anew."""


_MARKS = 500
"""Values that one query asks for; SQLite takes 999 everywhere."""


def _counts(state: JobState) -> bool:
    """As :data:`_CURRENT` has it."""
    return state.status != "failed" and not (state.status == "cancelled" and state.sent is None)


class Journal:
    """The journal of one output folder.

    Args:
        folder: Where the file lies; made if missing.

    Raises:
        StorageError: The folder or file cannot be made, opened, read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        # Looked up at each call, so that a test can have the disk refuse.
        self._scribe = Scribe(self.path, lambda: self._open(), lambda *one: _append(*one), self._trouble)  # noqa: PLW0108
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
        return self._scribe.take(job, event, owner)

    async def written(self, job: str, event: Event, owner: str | None = None) -> JobState:
        """As :meth:`record`, for who waits on an event loop. A wait that is cancelled cancels no write."""
        return await self._scribe.take_here(job, event, owner)

    def plan(self, job: str, event: Event) -> Future[JobState]:
        """Queue a ``planned`` event for a request that nobody may have asked for already.

        Looked up and written in one transaction: of two kernels that ask for the same at the same moment, one
        plans it and the other's future holds that very job.
        """
        return self._scribe.take(job, event, None, once=True)

    def close(self) -> None:
        """Write what is queued and stop the writer."""
        self._scribe.close()

    def get(self, job: str) -> JobState | None:
        """One job by its id, or by the beginning of it if that is unambiguous."""
        if not job.isprintable():  # no id of ours, and perhaps no text that SQLite takes
            return None
        # A range and no LIKE, which would look at every job; the id itself is the first of those that begin with it.
        rows = self._states("WHERE job >= ? AND job < ? ORDER BY job LIMIT 2", job, f"{job}\U0010ffff")
        return rows[0] if rows and (len(rows) == 1 or rows[0].id == job) else None

    def currents(self, fingerprints: Sequence[str]) -> dict[str, JobState]:
        """The newest job for each request, take and gateway that is not over, or whose clip is there."""
        return {mark: state for mark, state in self.known(fingerprints).items() if _counts(state)}

    def known(self, fingerprints: Sequence[str]) -> dict[str, JobState]:
        """The job that each of many requests means: as :meth:`currents`, else the newest that failed."""
        found: dict[str, JobState] = {}
        for start in range(0, len(fingerprints), _MARKS):
            some = fingerprints[start : start + _MARKS]
            marks = ",".join("?" * len(some))
            for state in self._states(f"WHERE fingerprint IN ({marks}) ORDER BY created", *some):
                # In the order of time, and what was made or may have been comes before what was not.
                if _counts(state) or state.fingerprint not in found or not _counts(found[state.fingerprint]):
                    found[state.fingerprint] = state
        return found

    def named(self, gateway: str, name: str) -> list[JobState]:
        """Every job of a gateway that carries this id of the user's own, oldest first."""
        clause = "WHERE job IN (SELECT job FROM names WHERE gateway = ? AND name = ?) ORDER BY created"
        return self._states(clause, gateway, name)

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
        with self._trouble(), contextlib.closing(self._open()) as db, transaction(db):
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
        with self._trouble(), contextlib.closing(self._open()) as db, transaction(db):
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
        try:
            db.execute("PRAGMA synchronous = FULL")
        except BaseException:  # a file that cannot be used is not kept open either
            db.close()
            raise
        return db

    def _migrate(self, db: sqlite3.Connection) -> None:
        with transaction(db):
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise StorageError(
                    f"The journal {self.path} was written by a newer kling_nb: upgrade with pip install -U kling-nb."
                )
            for number, migrate in enumerate(MIGRATIONS[version:], version + 1):
                migrate(db)
                db.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        """Turn what SQLite and the disk say into one sentence with a way out."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"The journal {self.path} {_diagnosis(error)}") from error


def _append(db: sqlite3.Connection, entry: Entry, read: Read) -> JobState | None:
    """Write one event; None if the job belongs to somebody else.

    Args:
        db: In a transaction.
        entry: The event.
        read: Jobs whose JSON has been read or written before, and what it says.
    """
    event = entry.event
    if entry.once:
        asked = db.execute(f"SELECT state FROM jobs WHERE {_CURRENT}", (event.data["fingerprint"],)).fetchone()  # noqa: S608 - the clause is ours
        if asked:
            return JobState.from_json(json.loads(asked[0]))
    row = db.execute("SELECT state, owner FROM jobs WHERE job = ?", (entry.job,)).fetchone()
    if row and entry.owner is not None and row[1] not in {None, entry.owner}:
        return None
    before = _state_of(row[0], read.get(entry.job)) if row else JobState(entry.job)
    after = step(before, event)
    if after is before:
        # Leave to send is given once: who asks for it late has been overtaken by another kernel.
        return None if event.kind == "sending" else before
    db.execute(
        "INSERT INTO events(job, at, kind, data) VALUES (?, ?, ?, ?)", (entry.job, event.at, event.kind, entry.data)
    )
    told = json.dumps(after.to_json())
    if row is None:
        db.execute(
            "INSERT INTO jobs(job, fingerprint, gateway, status, created, updated, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (entry.job, after.fingerprint, after.gateway, after.status, after.created, after.updated, told),
        )
    else:
        free = ", owner = NULL, lease_until = NULL" if after.terminal else ""
        db.execute(
            f"UPDATE jobs SET status = ?, updated = ?, state = ?{free} WHERE job = ?",  # noqa: S608 - the words are ours
            (after.status, after.updated, told, entry.job),
        )
    if after.terminal:
        read.pop(entry.job, None)
    elif len(read) < _REMEMBERED:
        read[entry.job] = told, after
    return after


def _state_of(text: str, known: tuple[str, JobState] | None) -> JobState:
    """A state out of its JSON, which need not be read if nobody else has written since."""
    return known[1] if known and known[0] == text else JobState.from_json(json.loads(text))


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
