"""Whose turn it is to ask: every open job of one gateway and key shares one allowance.

A job becomes due by its own schedule. Where requests are limited, more jobs are due than may ask; then the poll
goes where it is most likely to find something.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from kling_nb.pace import DEFAULT_PATIENCE, Allowance, Latency, next_poll, worth

_IDLE_SECONDS = 0.05


@dataclass(slots=True, eq=False)
class Watched:
    """One open job as the poller sees it.

    Attributes:
        latency: How long it is believed to take.
        started: Clock reading of its submit.
        last: Its age when it was asked last.
        progress: 0 to 1 where the gateway tells.
    """

    latency: Latency
    started: float
    last: float = 0.0
    progress: float | None = None
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Poller:
    """Hands out turns to ask one gateway.

    Args:
        allowance: The gateway's request budget.
        shortest: Seconds between two polls of one job at least.
        patience: See :data:`kling_nb.pace.DEFAULT_PATIENCE`; may be changed at any time.
        now, sleep: Replaced by a virtual clock in tests.
    """

    def __init__(
        self,
        allowance: Allowance,
        *,
        shortest: float = 1.0,
        patience: float = DEFAULT_PATIENCE,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.allowance = allowance
        self.patience = patience
        self._shortest = shortest
        self._now = now
        self._sleep = sleep
        self._due: list[Watched] = []
        self._giver: asyncio.Task[None] | None = None

    async def turn(self, job: Watched) -> None:
        """Until this job may be asked about."""
        age = max(self._now() - job.started, 0.0)
        due = next_poll(
            job.latency,
            max(age, job.last),
            patience=self.patience,
            shortest=self._shortest,
            progress=job.progress,
        )
        await self._sleep(max(due - age, 0.0))
        if self.allowance.wait(self._now()) > 0 or self._due:
            await self._queue(job)
        else:
            self.allowance.spend(self._now())
        job.last = max(self._now() - job.started, 0.0)

    async def _queue(self, job: Watched) -> None:
        job.turn.clear()
        self._due.append(job)
        if self._giver is None or self._giver.done():
            self._giver = asyncio.get_running_loop().create_task(self._give())
        try:
            await job.turn.wait()
        finally:
            if job in self._due:
                self._due.remove(job)

    async def _give(self) -> None:
        """While jobs wait: when the allowance has room, the one most worth asking goes."""
        while self._due:
            wait = self.allowance.wait(self._now())
            if wait > 0:
                await self._sleep(max(wait, _IDLE_SECONDS))
                continue
            now = self._now()
            best = max(self._due, key=lambda job: worth(job.latency, now - job.started, job.last))
            self._due.remove(best)
            self.allowance.spend(now)
            best.turn.set()
