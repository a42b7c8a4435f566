"""The writer's thread: a connection that is kept while events come thick, and what it leaves behind."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from kling_nb.errors import StorageError, TakenOverError
from kling_nb.journal import FILE, Journal
from kling_nb.life import Event, JobState

NOW = 1_795_150_800.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A fresh one."""
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def crowd(journal: Journal, name: str, count: int = 200) -> list[Future[JobState]]:
    """Many events at once."""
    return [journal.record(f"{name}-{n}", Event("planned", NOW + n)) for n in range(count)]


def until_kept(journal: Journal) -> None:
    """Write until the thread keeps its connection."""
    for turn in range(100):
        for future in crowd(journal, f"turn-{turn}"):
            future.result(timeout=10)
        if journal._scribe._kept:
            return
    pytest.fail("a crowd did not make the thread keep its connection")


def test_nothing_stays_open(journal: Journal, tmp_path: Path) -> None:
    """Soon after the crowd the connection is closed, and only the journal's own file is there."""
    until_kept(journal)
    end = time.monotonic() + 10
    while (journal._scribe._kept or len(list(tmp_path.iterdir())) > 1) and time.monotonic() < end:
        time.sleep(0.01)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_close_lets_go(journal: Journal, tmp_path: Path) -> None:
    """Closing writes what waits and leaves nothing behind."""
    until_kept(journal)
    futures = crowd(journal, "last")
    journal.close()
    assert all(future.done() for future in futures)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_that_was_taken_away(journal: Journal, tmp_path: Path) -> None:
    """What is written goes into the file that is there, never into one that was deleted."""
    until_kept(journal)
    (tmp_path / FILE).unlink()
    with pytest.raises(StorageError):
        journal.record("fox", Event("planned", NOW)).result(timeout=10)
    Journal(tmp_path).close()
    assert journal.record("fox", Event("planned", NOW)).result(timeout=10).id == "fox"
    found = journal.get("fox")
    assert found is not None
    assert found.status == "planned"


def test_another_kernel_wrote_between(journal: Journal, tmp_path: Path) -> None:
    """What is remembered of a job counts only as long as its row says the same."""
    until_kept(journal)
    futures = [journal.record("fox", Event("planned", NOW)), *crowd(journal, "more")]
    futures[0].result(timeout=10)
    with sqlite3.connect(tmp_path / FILE, timeout=10) as other:
        other.execute("UPDATE jobs SET state = json_set(state, '$.word', 'theirs') WHERE job = 'fox'")
    other.close()
    assert journal.record("fox", Event("sending", NOW)).result(timeout=10).word == "theirs"


def test_waiting_on_a_loop(journal: Journal) -> None:
    """Each gets its own answer, errors as well; a wait that is cancelled cancels no write."""

    async def scene() -> None:
        waits = [asyncio.ensure_future(journal.written(f"job-{n}", Event("planned", NOW))) for n in range(50)]
        await asyncio.sleep(0)
        waits[7].cancel()
        ends = await asyncio.gather(*waits, return_exceptions=True)
        assert [end.id for end in ends if isinstance(end, JobState)] == [f"job-{n}" for n in range(50) if n != 7]
        journal.claim(["job-1"], "somebody", NOW, 1e9)
        with pytest.raises(TakenOverError):
            await journal.written("job-1", Event("sending", NOW), "me")
        with pytest.raises(TypeError):
            await journal.written("job-2", Event("sending", NOW, {"ask": object()}))

    asyncio.run(scene())
    journal.close()
    assert journal.get("job-7") is not None


def test_a_loop_that_is_gone(journal: Journal) -> None:
    """Its write is made all the same, and the thread goes on."""

    async def leave() -> None:
        journal._scribe.take_here("fox", Event("planned", NOW), None)

    asyncio.run(leave())
    assert journal.record("owl", Event("planned", NOW)).result(timeout=10).id == "owl"
    assert journal.get("fox") is not None
