"""The disk refuses: nothing half has a final name, nothing paid is lost, and the sentence says what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import pytest

from kling_nb import journal
from kling_nb.engine import download
from kling_nb.errors import StorageError
from kling_nb.journal import FILE, Journal
from kling_nb.life import Event
from tests.money.books import assert_clips, billed, states
from tests.money.gateways import environment
from tests.money.kernel import UNSETTLED, Kernel, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_nb.life import JobState
    from tests.loopback import Loopback
    from tests.money.conftest import Studio

# --- the clip -------------------------------------------------------------------------------------


class FullFile:
    """A file on a disk that has room for so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> int:
        """Write what fits, then say what the disk says."""
        self._file.write(data[: self._room])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def full_while_downloading(patch: pytest.MonkeyPatch) -> None:
    """The disk is full a few hundred bytes into the clip."""
    opened = download._opened
    patch.setattr(download, "_opened", lambda part, **how: FullFile(opened(part, **how), 400))


def full_for(ending: str) -> Callable[[pytest.MonkeyPatch], None]:
    """No room for files of that name."""

    def broken(patch: pytest.MonkeyPatch) -> None:
        write = Path.write_bytes

        def write_bytes(path: Path, data: bytes) -> int:
            if path.name.endswith(ending):
                write(path, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(path, data)

        patch.setattr(Path, "write_bytes", write_bytes)

    return broken


def no_renaming(patch: pytest.MonkeyPatch) -> None:
    """The final name may not be given."""
    replace = Path.replace

    def refusing(path: Path, target: Path) -> Path:
        if target.suffix == ".mp4":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return replace(path, target)

    patch.setattr(Path, "replace", refusing)


def no_flushing(patch: pytest.MonkeyPatch) -> None:
    """The disk fails when everything is to be on it."""

    def fsync(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    patch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize(
    "broken", [full_while_downloading, full_for(".jpg.part"), full_for(".json.part"), no_renaming, no_flushing],
    ids=["clip", "poster", "manifest", "rename", "flush"],
)  # fmt: skip
def test_the_clip_cannot_be_stored(gw: Loopback, studio: Studio, broken: Callable[[pytest.MonkeyPatch], None]) -> None:
    """Whatever step the disk refuses: no half clip, one sentence, and the same cell later finishes it."""
    with pytest.MonkeyPatch.context() as patch:
        broken(patch)
        job = studio.make()
    assert isinstance(job.error, StorageError)
    assert job.error.charged is True
    assert "resume" in job.error.sentence
    assert str(studio.folder) in job.error.sentence
    assert job.status == "downloading"
    for clip in studio.folder.glob("*.mp4"):
        assert clip.stat().st_size >= len(gw.clip_bytes)
    studio.restart()
    assert studio.make().status == "done"
    assert len(gw.paid) == 1
    assert_clips(studio.folder)


def test_a_file_limit(gw: Loopback, tmp_path: Path) -> None:
    """The same with a limit that the system itself holds; the second run goes on where the first one stopped."""
    box = bytes(400_000)
    gw.clip_bytes += (len(box) + 8).to_bytes(4, "big") + b"free" + box
    plan = Plan(tmp_path, environment(gw), "kling", ({"prompt": "task-0", "model": "kling-v2-6", "duration": 5},))
    limited = Plan(plan.folder, plan.env, plan.gateway, plan.requests, file_limit=300_000)
    assert Kernel.start(limited).end() == UNSETTLED
    assert states(tmp_path)[0].status == "downloading"
    assert not list(tmp_path.glob("*.mp4"))
    assert Kernel.start(plan).end() == 0
    assert [seen.headers.get("range") for seen in gw.downloads] == [None, "bytes=300000-"]
    assert billed(gw) == {"task-0": 1}
    assert_clips(tmp_path)


# --- the journal ----------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextlib.contextmanager
def pragma(words: str) -> Iterator[None]:
    """SQLite itself refuses to write."""
    opened = Journal._open

    def limited(self: Journal) -> sqlite3.Connection:
        db = opened(self)
        db.execute(f"PRAGMA {words}")
        return db

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "_open", limited)
        yield


@contextlib.contextmanager
def bytes_at(path: Path, offset: int) -> Iterator[None]:
    """Something has written over the file."""
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * (len(whole) - offset))
    yield
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (locked, "locked by another program"),
        (lambda _: pragma("query_only = ON"), "cannot be written here"),
        (lambda _: pragma("max_page_count = 1"), "disk is full"),
        (lambda path: bytes_at(path, 0), "damaged"),
        (lambda path: bytes_at(path, 200), "damaged"),
    ],
    ids=["locked", "read-only", "full", "no database", "corrupt"],
)
def test_the_journal_refuses(gw: Loopback, studio: Studio, trouble: Any, words: str) -> None:
    """One sentence with the file's name and a way out; nothing is sent, and afterwards all is as before."""
    studio.make()
    studio.lab.journal.close()
    with pytest.MonkeyPatch.context() as patch, trouble(studio.folder / FILE):
        patch.setattr(journal, "_BUSY_SECONDS", 0.05)
        prompts = [f"{n} owls {'hoo ' * 500}" for n in range(40)]  # more than fits into the pages that are there
        with pytest.raises(StorageError) as refused:
            studio.lab.submit(prompts, model="kling-v2-6", duration=5, yes=True)
    sentence = refused.value.sentence
    assert words in sentence
    assert str(studio.folder / FILE) in sentence
    assert "\n" not in sentence
    sent = len(gw.paid)
    studio.restart()
    assert studio.make().from_disk
    assert len(gw.paid) == sent


def test_a_newer_journal(studio: Studio) -> None:
    """A journal of a later version is left alone."""
    studio.make()
    with contextlib.closing(sqlite3.connect(studio.folder / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    studio.restart()
    with pytest.raises(StorageError, match=r"newer kling_nb.*pip install"):
        studio.make()


def test_a_folder_that_is_a_file(studio: Studio) -> None:
    """The output folder cannot be made."""
    studio.folder.write_text("in the way")
    with pytest.raises(StorageError, match="KLING_NB_OUTPUT"):
        studio.make()


def refuse_to_write(patch: pytest.MonkeyPatch, kind: str) -> None:
    """The disk is full just when this event is to be written."""
    append = journal._append

    def full(db: sqlite3.Connection, entry: Any, read: Any) -> JobState | None:
        if entry.event.kind == kind:
            raise sqlite3.OperationalError("database or disk is full")
        return append(db, entry, read)

    patch.setattr(journal, "_append", full)


@pytest.mark.parametrize(
    ("kind", "gateway", "sent", "after"),
    [
        ("sending", "kling", 0, "done"),
        ("ticket", "kling", 1, "done"),
        ("ticket", "wireflow", 1, "done"),
        ("ticket", "imarouter", 1, "unknown"),
        ("running", "kling", 1, "done"),
        ("ready", "kling", 1, "done"),
        ("done", "imarouter", 1, "done"),
    ],
)
def test_full_at_one_event(gw: Loopback, studio: Studio, kind: str, gateway: str, sent: int, after: str) -> None:
    """What cannot be journalled is not sent; a ticket that cannot be kept is told to the person."""
    with pytest.MonkeyPatch.context() as patch:
        refuse_to_write(patch, kind)
        job = studio.make(gateway=gateway)
    assert isinstance(job.error, StorageError)
    assert "disk is full" in job.error.sentence
    assert len(gw.paid) == sent
    if kind == "ticket":
        assert gw.charged[0].id in job.error.sentence
        assert job.error.charged is True
    studio.restart()
    assert studio.make(gateway=gateway).status == after
    assert len(gw.charged) == 1
    assert_clips(studio.folder)


def test_one_that_gives_up_hinders_nobody(tmp_path: Path) -> None:
    """Who stops waiting for a write stops neither the write nor the writer, which others wait for as well."""
    log = Journal(tmp_path)
    writes = [log.record(f"job {n}", Event("planned", 1.0, {"fingerprint": str(n)})) for n in range(20)]
    for write in writes[::2]:
        write.cancel()
    assert [write.result(10.0).id for write in writes[1::2]] == [f"job {n}" for n in range(1, 20, 2)]
    assert len(log.recent()) == 20
    log.close()
