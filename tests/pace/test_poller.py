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
            await slots.room()
            told.append("third")

        task = asyncio.create_task(third())
        await asyncio.sleep(10)
        told.append("a ended")
        assert slots.waiting == 1
        slots.ended("a")
        await task
        return told

    assert run(scene()) == ["a ended", "third"]


def test_a_place_elsewhere_is_probed_for() -> None:
    """If nothing ends here, somebody else's task may have: after a minute it is tried again."""

    async def scene() -> float:
        slots = Slots()
        slots.opened("a")
        slots.refused()
        await slots.room()
        return asyncio.get_running_loop().time()

    assert 59 < run(scene()) < 61
