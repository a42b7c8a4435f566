"""Time that passes only when somebody sleeps, so that no test waits."""

from __future__ import annotations

import asyncio


class Clock:
    """A clock for engine, jobs and the loopback gateway alike.

    Attributes:
        time: Unix time in seconds.
        sleeps: Every sleep that was asked for, in seconds and in order.
    """

    def __init__(self, time: float = 1_795_150_800.0) -> None:
        self.time = time
        self.sleeps: list[float] = []

    def now(self) -> float:
        """The time."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once; others get their turn."""
        self.sleeps.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)
