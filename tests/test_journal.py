"""The journal: what was recorded is on the disk, in order, for whoever opens the folder next."""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb import journal as room
from kling_nb.errors import StorageError, TakenOverError
from kling_nb.journal import FILE, Journal
from kling_nb.life import Event, EventKind, JobState, fold
from kling_nb.scribe import Scribe

if TYPE_CHECKING:
    from concurrent.futures import Future

NOW = 1_795_150_800.0


def planned(at: float = NOW, **more: Any) -> Event:
    """The first event of a job."""
    data = {"gateway": "kling", "request": {"prompt": "a fox", "model": "kling-v2-6"}, "fingerprint": "f" * 64}
    return Event("planned", at, {**data, "key": "kn-1", **more})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in a folder that is not there yet."""
    journal = Journal(tmp_path / "clips")
    yield journal
    journal.close()


def record(journal: Journal, job: str, *kinds: EventKind, **more: Any) -> JobState:
    """Record events a second apart; the last state."""
    data: dict[EventKind, dict[str, Any]] = {"failed": {"charged": False}}
    events = [
        planned(**more) if kind == "planned" else Event(kind, NOW + n, data.get(kind, {}))
        for n, kind in enumerate(kinds)
    ]
    return [journal.record(job, event) for event in events][-1].result(timeout=10)


def test_what_is_recorded_is_there(journal: Journal) -> None:
    """Events come back in order, and the stored state is what they fold to, for any reader."""
    state = record(journal, "fox", "planned", "sending", "ticket", "running", "ready", "done")
    other = Journal(journal.path.parent)
    events = other.events("fox")
    assert [event.kind for event in events] == ["planned", "sending", "ticket", "running", "ready", "done"]
    assert other.get("fox") == state == fold("fox", events)
    assert events[0].data["request"]["prompt"] == "a fox"


def test_refused_events_are_not_written(journal: Journal) -> None:
    """What the life table does not know leaves no trace."""
    record(journal, "fox", "planned", "done", "running")
    assert [event.kind for event in journal.events("fox")] == ["planned"]


def test_leave_to_send_is_given_once(journal: Journal) -> None:
    """Two kernels that both want to send: the second one is told so before its request leaves."""
    record(journal, "fox", "planned", "sending")
    with pytest.raises(TakenOverError):
        record(journal, "fox", "sending")


def test_one_plan_for_one_request(journal: Journal) -> None:
    """Of two that ask for the same at once, one plans it and both hold that job."""
    first, second = (journal.plan(job, planned()) for job in ("fox", "hare"))
    assert first.result(10).id == second.result(10).id == "fox"
    record(journal, "fox", "failed")
    assert journal.plan("hare", planned(NOW + 9)).result(10).id == "hare"


def test_a_thousand_events_are_a_few_commits(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits while the disk is busy goes into one transaction, and every future is answered."""
    sizes = []
    commit = Scribe._commit

    def counted(self: Scribe, batch: list[Any], **more: Any) -> None:
        sizes.append(len(batch))
        commit(self, batch, **more)

    monkeypatch.setattr(Scribe, "_commit", counted)
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        futures = [journal.record(f"job-{n}", planned(NOW + n)) for n in range(1000)]
        busy.rollback()
    assert [future.result(timeout=30).id for future in futures] == [f"job-{n}" for n in range(1000)]
    assert (sum(sizes), len(sizes) <= 3) == (1000, True)
    assert [state.id for state in journal.recent(2)] == ["job-999", "job-998"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("fox-1", "fox-1"),
        ("fox-12", "fox-12"),
        ("fox-", None),
        ("hare", "hare%x"),
        ("hare%", "hare%x"),
        ("h%x", None),
        ("h_re", None),
        ("%", None),
        ("_", None),
        ("owl\\", "owl\\y"),
        ("'; DROP TABLE jobs; --", None),
        ("", None),
        ("wolf", None),
    ],
)
def test_beginning_of_an_id(journal: Journal, asked: str, found: str | None) -> None:
    """The beginning is enough if it is unambiguous; a whole id always is; wildcards are letters."""
    for job in ("fox-1", "fox-12", "hare%x", "owl\\y"):
        record(journal, job, "planned")
    state = journal.get(asked)
    assert (state.id if state else None) == found


def test_current_job_of_a_request(journal: Journal) -> None:
    """The newest of the same request that did not fail and was not called off unsent."""
    assert journal.currents(["f" * 64]).get("f" * 64) is None
    record(journal, "old", "planned", "sending", "ticket")
    record(journal, "newer", "planned", at=NOW + 50)
    record(journal, "failed", "planned", "failed", at=NOW + 60)
    record(journal, "called-off", "planned", "stopped", at=NOW + 70)
    record(journal, "another", "planned", at=NOW + 80, fingerprint="e" * 64)
    current = journal.currents(["f" * 64]).get("f" * 64)
    assert current is not None
    assert current.id == "newer"


def test_lists(journal: Journal) -> None:
    """Open jobs are those in which money may have moved; sent ones are those that were not in vain."""
    lives: dict[str, tuple[EventKind, ...]] = {
        "planned": ("planned",),
        "unknown": ("planned", "sending", "lost"),
        "queued": ("planned", "sending", "ticket"),
        "cancelled": ("planned", "sending", "ticket", "stopped"),
        "done": ("planned", "sending", "ticket", "ready", "done"),
        "failed": ("planned", "sending", "ticket", "failed"),
    }
    for n, (job, kinds) in enumerate(lives.items()):
        record(journal, job, *kinds, at=NOW + 100 * n)
    assert [state.id for state in journal.open_jobs()] == ["unknown", "queued"]
    assert [state.id for state in journal.sent()] == ["unknown", "queued", "cancelled", "done"]
    assert [state.id for state in journal.finished("kling")] == ["done"]
    assert [state.id for state in journal.recent(2)] == ["failed", "done"]


# --- leases -----------------------------------------------------------------------------------------


def test_lease(journal: Journal) -> None:
    """A job belongs to one kernel until it lets go, its lease is over or its process is dead."""
    for job in ("fox", "hare"):
        record(journal, job, "planned")
    assert journal.claim(["fox", "nobody"], "me", NOW, 30) == {"fox"}
    assert journal.claim(["fox", "hare"], "you", NOW + 10, 30) == {"hare"}
    assert journal.claim(["fox"], "me", NOW + 29, 30) == {"fox"}, "renewed in time"
    assert journal.claim(["fox"], "you", NOW + 31, 30) == set()
    assert journal.claim(["fox"], "you", NOW + 31, 30, dead=lambda owner: owner == "me") == {"fox"}
    journal.release(["fox"], "me")
    assert journal.claim(["fox"], "me", NOW + 32, 30) == set(), "only its owner can let go"
    journal.release(["fox"], "you")
    assert journal.claim(["fox"], "me", NOW + 33, 30) == {"fox"}
    assert journal.claim(["fox"], "you", NOW + 64, 30) == {"fox"}, "the lease was over"


def test_only_the_owner_writes(journal: Journal) -> None:
    """A kernel that was taken for dead cannot send any more; its event is not written."""
    record(journal, "fox", "planned")
    journal.claim(["fox"], "you", NOW, 30)
    late = journal.record("fox", Event("sending", NOW), "me")
    with pytest.raises(TakenOverError, match="fox"):
        late.result(timeout=10)
    assert journal.record("fox", Event("sending", NOW), "you").result(timeout=10).status == "sending"
    assert [event.kind for event in journal.events("fox")] == ["planned", "sending"]


# --- trouble ----------------------------------------------------------------------------------------


def _damaged(folder: Path) -> None:
    (folder / FILE).write_bytes(b"this is no database " * 200)


def _newer(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as db:
        db.execute("PRAGMA user_version = 99")


def _folder_in_its_place(folder: Path) -> None:
    (folder / FILE).mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_damaged, ["is damaged", "keep it", "paid jobs"]),
        (_newer, ["newer kling_nb", "pip install -U kling-nb"]),
        (_folder_in_its_place, ["KLING_NB_OUTPUT"]),
    ],
)
def test_file_that_cannot_be_used(tmp_path: Path, spoil: Callable[[Path], None], words: list[str]) -> None:
    """One sentence that names the file and a way out."""
    spoil(tmp_path)
    with pytest.raises(StorageError) as raised:
        Journal(tmp_path)
    assert [word for word in [*words, str(tmp_path)] if word not in raised.value.sentence] == []


def test_a_connection_that_is_refused_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the damaged file could not be moved aside on every system."""
    _damaged(tmp_path)
    closed = []

    class Watched(sqlite3.Connection):
        def close(self) -> None:
            closed.append(self)
            super().close()

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
    with pytest.raises(StorageError, match="is damaged"):
        Journal(tmp_path)
    assert len(closed) == 1


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """The output folder cannot be made."""
    (tmp_path / "clips").write_text("in the way")
    with pytest.raises(StorageError, match="KLING_NB_OUTPUT"):
        Journal(tmp_path / "clips")


def _read_only(self: Journal) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, isolation_level=None)


def _tiny_disk(self: Journal) -> sqlite3.Connection:
    db = sqlite3.connect(self.path, isolation_level=None)
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    return db


@pytest.mark.parametrize(
    ("opener", "words"), [(_read_only, "cannot be written here"), (_tiny_disk, "the disk is full")]
)
def test_disk_that_refuses(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, opener: Callable[[Journal], Any], words: str
) -> None:
    """A write that fails reaches whoever waits for it; the next one has its own chance."""
    monkeypatch.setattr(Journal, "_open", opener)
    with pytest.raises(StorageError, match=words):
        journal.record("fox", planned(notes=["x" * 100_000])).result(timeout=10)
    monkeypatch.undo()
    assert record(journal, "fox", "planned").status == "planned"


def test_locked_file(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not let go of the file is told as that."""
    monkeypatch.setattr(room, "_BUSY_SECONDS", 0.01)
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="locked by another program"):
            journal.record("fox", planned()).result(timeout=10)
        with pytest.raises(StorageError, match="locked by another program"):
            journal.recent()


def test_closed_journal_opens_again(journal: Journal) -> None:
    """Closing writes what is queued; a later event starts a new writer."""
    futures: list[Future[JobState]] = [journal.record(f"job-{n}", planned()) for n in range(20)]
    journal.close()
    assert all(future.done() for future in futures)
    assert record(journal, "fox", "planned").id == "fox"


def write_many(folder: Path, name: str, count: int) -> None:
    """What a second process does: its own jobs, and the shared one."""
    journal = Journal(folder)
    futures = [journal.record(f"{name}-{n}", planned()) for n in range(count)]
    futures.append(journal.record("shared", planned()))
    for future in futures:
        future.result(timeout=60)
    journal.close()


def test_two_processes(tmp_path: Path) -> None:
    """Two kernels write into one folder at once, from the making of the file on; nothing is lost or doubled."""
    other = multiprocessing.get_context("spawn").Process(target=write_many, args=(tmp_path, "other", 60))
    other.start()
    write_many(tmp_path, "mine", 60)
    other.join(timeout=60)
    assert other.exitcode == 0
    journal = Journal(tmp_path)
    assert len(journal.recent(1000)) == 121
    assert [event.kind for event in journal.events("shared")] == ["planned"]
