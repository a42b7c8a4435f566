"""Many moments, one sleep."""

from __future__ import annotations

import asyncio

from kling_nb.lab.alarms import Alarms
from tests.pace.virtual import run


class Bell:
    """Alarms in virtual time.

    Attributes:
        rung: What was called, and when.
        naps: How long each sleep should have been.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self.rung: list[tuple[float, str]] = []
        self.naps: list[float] = []
        self._pace = pace
        self.alarms = Alarms(self.now, self.sleep)

    def now(self) -> float:
        """The loop's own time."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """So much of it."""
        self.naps.append(seconds)
        await asyncio.sleep(self._pace * seconds)

    def at(self, when: float, name: str, over: set[str] | None = None) -> None:
        """Set one."""
        self.alarms.at(when, lambda: self.rung.append((round(self.now(), 3), name)), lambda: name in (over or set()))


def test_each_at_its_moment() -> None:
    """In their order, though set in another; what is set for the past comes at once."""

    async def scene() -> list[tuple[float, str]]:
        bell = Bell()
        for when, name in ((30, "c"), (10, "a"), (20, "b"), (10, "a too"), (-5, "past")):
            bell.at(when, name)
        await asyncio.sleep(15)
        bell.at(18, "sooner")
        await asyncio.sleep(100)
        bell.at(200, "later")
        await asyncio.sleep(100)
        return bell.rung

    assert run(scene()) == [
        (0, "past"), (10, "a"), (10, "a too"), (18, "sooner"), (20, "b"), (30, "c"), (200, "later"),
    ]  # fmt: skip


def test_nobody_is_called_who_waits_no_more() -> None:
    """Nor is there a sleep for him."""
    over: set[str] = set()

    async def scene() -> Bell:
        bell = Bell()
        bell.at(10, "a", over)
        bell.at(1000, "b", over)
        await asyncio.sleep(5)
        over.update("ab")
        await asyncio.sleep(100)
        return bell

    bell = run(scene())
    assert bell.rung == []
    assert bell.naps == [10]


def test_a_thousand_moments_cost_few_sleeps() -> None:
    """As many as there are moments, and not as many as there are callers."""

    async def scene() -> Bell:
        bell = Bell()
        for number in range(1000):
            bell.at(10 + number % 5, str(number))
        await asyncio.sleep(60)
        return bell

    bell = run(scene())
    assert len(bell.rung) == 1000
    assert len(bell.naps) <= 6


def test_a_clock_that_was_set_back() -> None:
    """Who has slept long enough is called; a sleep is not begun anew."""

    async def scene() -> Bell:
        bell = Bell(pace=0.5)  # the clock has moved half as far as was slept
        bell.at(10, "a")
        bell.at(40, "b")
        await asyncio.sleep(100)
        return bell

    assert run(scene()).rung == [(5, "a"), (22.5, "b")]


def test_somebody_comes_in_the_very_moment() -> None:
    """The sleep is over, and before its end is seen another moment is set that is sooner: nobody is forgotten."""

    async def scene() -> list[str]:
        rung: list[str] = []
        late: list[Alarms] = []

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds)
            if not rung and late:
                bell = late.pop()
                asyncio.get_running_loop().call_soon(lambda: bell.at(1, lambda: rung.append("sooner"), lambda: False))

        alarms = Alarms(asyncio.get_running_loop().time, sleep)
        late.append(alarms)
        alarms.at(10, lambda: rung.append("first"), lambda: False)
        await asyncio.sleep(100)
        return rung

    assert sorted(run(scene())) == ["first", "sooner"]
