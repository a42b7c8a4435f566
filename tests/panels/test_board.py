"""The board without a browser: it follows the journal, searches, retries, and ends with the full state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.life import Event, EventKind
from kling_nb.panels import pacing
from kling_nb.panels.board import Board

from .conftest import Browser

if TYPE_CHECKING:
    from kling_nb.lab import Lab

Play = Callable[[Callable[..., Any]], None]


def put(lab: Lab, job: str, kind: EventKind, **data: Any) -> None:
    """Write an event as another kernel would."""
    lab.journal.record(job, Event(kind, time.time(), data)).result()


def planned(lab: Lab, job: str, prompt: str) -> None:
    """A job that was asked for."""
    request = {"prompt": prompt, "model": "kling-v2-6"}
    put(lab, job, "planned", gateway="sandbox", request=request, fingerprint=job * 8, key=job, notes=[], price=None)


def test_it_follows_the_journal(play: Play) -> None:
    """Jobs of another kernel appear and change; newest first; rows that have ended are not drawn again."""

    async def scene(lab: Lab) -> None:
        planned(lab, "one", "A fox")
        board = Board(lab, "mark")
        assert [row["prompt"] for row in board.rows] == ["A fox"]
        planned(lab, "two", "A hare")
        put(lab, "one", "failed", reason="<b>no</b>", charged=False)
        assert board._draw() is True
        assert [(row["prompt"], row["word"]) for row in board.rows] == [("A hare", "Planned"), ("A fox", "Failed")]
        assert board.rows[1]["reason"] == "<b>no</b>"
        ended = board.rows[1]
        put(lab, "two", "failed", reason="", charged=False)
        assert board._draw() is False
        assert board.rows[1] is ended

    play(scene)


def test_search_and_more(play: Play) -> None:
    """Every word must be found somewhere; without words the newest are shown, and whether there are more."""

    async def scene(lab: Lab) -> None:
        for number in range(5):
            planned(lab, f"job{number}", f"A fox in scene {number}")
        board = Board(lab, "mark", limit=3)
        assert (len(board.rows), board.info["more"]) == (3, True)
        browser = Browser(board)
        for words, count in (("FOX scene", 3), ("planned 4", 1), ("hare", 0), ("kling-v2-6 scene 0", 1)):
            assert (await browser.ask("look", search=words, limit=3))["found"] == count
        assert (await browser.ask("look", search="", limit=200))["found"] == 5
        assert board.info["more"] is False

    play(scene)


def test_retry_stop_and_copy(play: Play) -> None:
    """A failed job is sent anew, once however often it is asked; its cell is there to copy."""

    async def scene(lab: Lab) -> None:
        planned(lab, "one", "A fox")
        put(lab, "one", "failed", reason="out of paint", charged=False)
        browser = Browser(Board(lab, "mark"))
        assert (await browser.ask("cell", id="one"))["cell"] == "%%kling --model kling-v2-6\nA fox"
        made = (await browser.ask("retry", id="one", again=2))["id"]
        job = lab.job(made)
        await asyncio.wrap_future(job.ended)
        assert job.status == "done"
        assert len(lab.jobs()) == 2
        assert "trouble" in await browser.ask("retry", id="nothing")
        planned(lab, "two", "A hare")
        await browser.ask("cancel", id="two")
        assert lab.job("two").status == "cancelled"

    play(scene)


def test_chosen_clips_side_by_side(play: Play) -> None:
    """As HTML that brings no script, with the jobs of its films; fewer than two, and strangers, are refused."""

    async def scene(lab: Lab) -> None:
        jobs = lab.order([{"prompt": prompt, "model": "kling-v2-6", "duration": 5} for prompt in ("A <fox>", "A hare")])
        for job in jobs:
            await asyncio.wrap_future(job.ended)
        browser = Browser(Board(lab, "mark"))
        ids = [jobs[1].id, jobs[0].id]
        found = await browser.ask("compare", ids=ids)
        assert found["films"] == ids
        assert found["page"].count("<video ") == 2
        assert "<script" not in found["page"]
        assert "<fox>" not in found["page"]
        assert "needs two to 12 clips" in (await browser.ask("compare", ids=ids[:1]))["trouble"]
        assert "no job 'nothing'" in (await browser.ask("compare", ids=[*ids, "nothing"]))["trouble"]
        assert "there are none" in (await browser.ask("compare", ids="all"))["trouble"]

    play(scene)


@pytest.mark.parametrize("asleep", [True, False])
def test_the_end_is_sent_in_full(*, asleep: bool, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few updates a second while something is under way, and one more with everything when it is over."""
    slept: list[float] = []
    nap = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await nap(0)

    monkeypatch.setattr("kling_nb.panels.pacing.asyncio.sleep", sleep)

    async def scene(_: Lab) -> None:
        lively = iter([True, True, False])
        ends: list[int] = []
        wake = asyncio.Event()

        def draw() -> bool:
            return next(lively, False)

        task = asyncio.create_task(pacing.follow(draw, lambda: ends.append(1), wake, asleep=asleep))
        for _ in range(20):
            await nap(0)
        assert ends == [1]
        assert min(slept[:2]) >= pacing.TICK
        assert asleep == (len(slept) == 2)
        task.cancel()

    play(scene)
