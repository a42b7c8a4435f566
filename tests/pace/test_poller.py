"""Many jobs, one allowance: the poll goes where it finds most, and never over the budget."""

from __future__ import annotations

import asyncio
import bisect
import math
import random
import statistics

import pytest

from kling_nb.lab.polling import Poller, Watched
from kling_nb.lab.slots import Slots
from kling_nb.pace import Allowance, Latency
from tests.pace.virtual import run

HOURS = 0.7


async def _keep_busy(tasks: int, per_minute: int, seed: int) -> tuple[list[float], list[float]]:
    """So many tasks always in flight; their delays in shares of their latency, and when polls were sent."""
    now = asyncio.get_running_loop().time
    rng = random.Random(seed)
    poller = Poller(Allowance(per_minute, now()), now=now)
    delays: list[float] = []
    sent: list[float] = []

    async def one_after_another(first: float) -> None:
        await asyncio.sleep(first)
        while now() < HOURS * 3600:
            started, latency = now(), 60 * math.exp(0.4 * rng.gauss(0, 1))
            watched = Watched(Latency(60, 0.4), started)
            while now() - started < latency:
                await poller.turn(watched)
                sent.append(now())
            delays.append((now() - started - latency) / latency)

    await asyncio.gather(*(one_after_another(rng.uniform(0, 60)) for _ in range(tasks)))
    return delays, sent


@pytest.mark.parametrize(("tasks", "per_minute", "most"), [(20, 60, 0.13), (5, 20, 0.10), (1, 10, 0.08)])
def test_shared_allowance(tasks: int, per_minute: int, most: float) -> None:
    """The gateways' own documented loops see 27 to 31 % at 20 tasks and 60 requests a minute."""
    delays, sent = run(_keep_busy(tasks, per_minute, 3))
    assert statistics.median(delays) <= most
    busiest = max(index + 1 - bisect.bisect_left(sent, at - 60) for index, at in enumerate(sent))
    assert busiest <= per_minute


def test_a_submit_beyond_the_account_waits_for_a_place() -> None:
    """Two places: the third submit goes when one of the two has ended, not before."""

    async def scene() -> list[str]:
        slots, told = Slots(), []
        slots.opened("a")
        slots.opened("b")
        slots.refused()

        async def third() -> None:
            await slots.room("third")
            told.append("third")

        task = asyncio.create_task(third())
        await asyncio.sleep(10)
        told.append("a ended")
        assert slots.waiting == 1
        slots.ended("a")
        await task
        return told

    assert run(scene()) == ["a ended", "third"]


def test_what_remains_of_those_that_were_open() -> None:
    """A share of the most, until the last one has ended."""
    slots = Slots()
    seen = [slots.remaining]
    for name in "abcd":
        slots.opened(name)
        seen.append(slots.remaining)
    for name in "abcd":
        slots.ended(name)
        seen.append(slots.remaining)
    slots.opened("e")
    assert [*seen, slots.remaining] == [1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 1, 1]


def test_a_place_elsewhere_is_probed_for() -> None:
    """If nothing ends here, somebody else's task may have: after a minute it is tried again."""

    async def scene() -> float:
        slots = Slots()
        slots.opened("a")
        slots.refused()
        await slots.room("third")
        return asyncio.get_running_loop().time()

    assert 59 < run(scene()) < 61


def test_what_the_pages_tell_is_where_it_starts() -> None:
    """A gateway that works on two tasks at once gets two of five; each that ends lets just one more in."""

    async def scene() -> list[list[str]]:
        slots, sent, seen = Slots(limit=2), [], []

        async def submit(name: str) -> None:
            await slots.room(name)
            sent.append(name)
            await asyncio.sleep(1)  # its answer is on the way: the place is taken all the same
            slots.opened(name)

        jobs = [asyncio.create_task(submit(name)) for name in "abcde"]
        for ended in "ab":
            await asyncio.sleep(5)
            seen.append(list(sent))
            slots.ended(ended)
        await asyncio.sleep(5)
        seen.append(list(sent))
        slots.ended("c")
        slots.ended("d")
        await asyncio.gather(*jobs)
        return [*seen, sent]

    assert [len(sent) for sent in run(scene())] == [2, 3, 4, 5]


def test_a_submit_that_comes_to_nothing_gives_its_place_back() -> None:
    """What was refused for good never opens; whoever waits goes."""

    async def scene() -> float:
        slots = Slots(limit=1)
        await slots.room("a")
        waiting = asyncio.create_task(slots.room("b"))
        await asyncio.sleep(3)
        slots.ended("a")
        await waiting
        return asyncio.get_running_loop().time()

    assert 3 <= run(scene()) < 4


def test_more_than_the_pages_tell_is_learned() -> None:
    """After a minute one more is tried; if it is accepted, that is the new number."""

    async def scene() -> int | None:
        slots = Slots(limit=1)
        for name in "ab":
            await slots.room(name)
            slots.opened(name)
        return slots.limit

    assert run(scene()) == 2
