"""One question about many jobs: far fewer requests, earlier news, and nothing lost when it goes wrong."""

from __future__ import annotations

import asyncio
import bisect
import math
import statistics
from typing import TYPE_CHECKING

import pytest

from kling_nb.errors import AnswerError, OutageError, RejectedError, ThrottledError
from kling_nb.pace import DEFAULT_PATIENCE, Latency, horizon
from tests.pace.sky import Sky
from tests.pace.virtual import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kling_nb.wire import TaskState, Ticket


def polled(sky: Sky, tasks: int = 20, each: int = 6, *, sharing: bool = True) -> Sky:
    """The same crowd on this gateway."""

    async def scene() -> None:
        await sky.crowd(sky.poller(sharing=sharing), tasks, each)

    run(scene())
    assert len(sky.delays) == tasks * each
    return sky


def test_twenty_open_jobs_need_far_fewer_requests() -> None:
    """A quarter of the requests, and their ends are seen earlier than by asking about each alone."""
    together, apart = polled(Sky()), polled(Sky(), sharing=False)
    assert len(together.asked) / len(together.delays) < 2.2
    assert len(together.asked) < len(apart.asked) / 3
    assert statistics.mean(together.delays) < statistics.mean(apart.delays) / 2


@pytest.mark.parametrize("per_minute", [6, 20])
def test_a_small_allowance_is_kept(per_minute: int) -> None:
    """A shared question is one request of the budget, and the budget holds."""
    together, apart = polled(Sky(per_minute)), polled(Sky(per_minute), sharing=False)
    at = together.asked
    assert max(index + 1 - bisect.bisect_left(at, moment - 60) for index, moment in enumerate(at)) <= per_minute
    assert statistics.mean(together.delays) < statistics.mean(apart.delays) / 2


def test_no_question_names_more_than_it_may() -> None:
    """With more jobs than fit, all come to their turn."""
    sky = polled(Sky(most=5), tasks=30, each=2)
    assert max(count for _, count in sky.shared) == 5
    assert statistics.mean(sky.delays) < 0.1


def test_only_who_has_news_is_woken() -> None:
    """Twenty come along with each question; a job's turn ends with its own schedule, or with something new."""
    sky = polled(Sky())
    told = sum(count for _, count in sky.shared)
    assert sky.turns < told / 2


def test_who_wakes_early_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nap ends before its time while a slow question is on its way that has nothing new to tell."""

    async def slow(self: Sky, tickets: Sequence[Ticket]) -> Mapping[str, TaskState]:
        await asyncio.sleep(5)
        return {ticket.id: self.state(ticket.id) for ticket in tickets}

    async def scene(latency: float) -> list[float]:
        sky = Sky(longest_nap=1.5)
        poller = sky.poller()
        await asyncio.wait_for(asyncio.gather(sky.follow(poller, "a", latency), sky.follow(poller, "b", 200)), 3600)
        return sky.delays

    monkeypatch.setattr(Sky, "look", slow)
    for latency in (5, 10, 15, 20):
        assert len(run(scene(latency))) == 2


def test_each_shelf_has_its_own_questions() -> None:
    """A question is about tasks that the gateway tells of together."""

    async def scene() -> Sky:
        sky = Sky()
        poller = sky.poller()
        await asyncio.gather(*(sky.follow(poller, f"{name}", 60.0, route=f"r{name % 2}") for name in range(10)))
        return sky

    sky = run(scene())
    assert len(sky.delays) == 10
    assert sky.routes
    assert all(len(routes) == 1 for routes in sky.routes)


def test_who_cannot_share_asks_alone() -> None:
    """Tickets that must be asked about alone are."""
    sky = polled(Sky(most=1), tasks=4, each=1)
    assert not sky.shared
    assert len(sky.single) > 8


def test_a_task_that_answers_leave_out_is_asked_about_alone() -> None:
    """It is found, and the others go on sharing."""
    sky = polled(Sky(hidden={"3-0", "7-2"}))
    assert {task for _, task in sky.single} >= {"3-0", "7-2"}
    assert len(sky.asked) / len(sky.delays) < 2.5


WRONG = [
    RejectedError("HTTP 400: too many ids."),
    AnswerError("Nobody can read it."),
    ValueError("a codec with a mistake"),
]


@pytest.mark.parametrize("error", WRONG, ids=lambda error: type(error).__name__)
def test_after_a_failed_question_each_asks_for_itself(error: Exception) -> None:
    """At once, and all of them; then there is a rest before it is tried again."""
    sky = polled(Sky(trouble=[error]), each=1)
    failed, count = sky.shared[0]
    alone = [task for at, task in sky.single if failed <= at < failed + 0.2]
    assert len(set(alone)) == len(alone) == count
    assert sky.shared[1][0] >= failed + 30
    assert not sky.heard


def test_a_gateway_that_never_answers_it_costs_little_more_than_asking_alone() -> None:
    """The rests grow, and every job is finished by its own questions."""
    sky, apart = polled(Sky(trouble=[WRONG[0]] * 10_000)), polled(Sky(), sharing=False)
    assert len(sky.shared) < 12
    assert len(sky.asked) < len(apart.asked) * 1.1
    assert statistics.mean(sky.delays) < statistics.mean(apart.delays) * 1.2


def test_answers_that_tell_of_nobody_are_a_failed_question() -> None:
    """An empty list says nothing of anyone."""
    sky = Sky()
    sky.hidden = {f"{name}-0" for name in range(20)}
    polled(sky, each=1)
    assert len(sky.shared) < 6


@pytest.mark.parametrize("error", [ThrottledError("Busy."), OutageError("Away.")], ids=lambda e: type(e).__name__)
def test_a_busy_gateway_is_not_asked_by_each(error: Exception) -> None:
    """Each job hears of it and waits as after its own question; nobody asks at that moment."""
    sky = polled(Sky(trouble=[error]), each=1)
    failed, count = sky.shared[0]
    assert len(sky.heard) == count
    assert not [at for at, _ in sky.single if failed <= at < failed + 1]


def test_whoever_is_stopped_takes_no_answer_along() -> None:
    """The first of a shared question is cancelled while it is on its way; the other is told."""

    async def scene() -> Sky:
        sky = Sky()
        poller = sky.poller()
        jobs = [asyncio.create_task(sky.follow(poller, name, 20.0)) for name in ("a", "b", "c")]
        await sky.asking.wait()
        jobs[0].cancel()
        await asyncio.wait(jobs)
        return sky

    sky = run(scene())
    assert len(sky.delays) == 2
    assert not sky.single or {task for _, task in sky.single} <= {"b", "c"}


def test_horizon() -> None:
    """Four alike are asked twice as often as one; where nothing can be ready, it is far."""
    task = (Latency(60, 0.4), 60.0)
    alone = horizon([task], DEFAULT_PATIENCE)
    assert 3 < alone < 9
    assert horizon([task] * 4, DEFAULT_PATIENCE) == pytest.approx(alone / 2)
    assert horizon([(Latency(60, 0.4), 0.0)], DEFAULT_PATIENCE) == math.inf
    assert horizon([], DEFAULT_PATIENCE) == math.inf
