"""How many tasks an account may have open at once: learned from the gateway's refusals, waited for in a queue.

Kling allows so many parallel tasks per account, model and pack and says how many only by refusing one more
(code 1303). A submit that was refused waits until a task ends instead of knocking again and again. Where a gateway's
pages tell the number, that is where the learning starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_PROBE_SECONDS = 60.0
"""A place may also come free by what is done elsewhere with the same account: try again after this long."""


_AT_ONCE = 32
"""Submits on their way at once: all of a thousand in one breath would hold up the loop and the journal."""


class Slots:
    """Open tasks of one gateway and key, as this kernel knows them.

    Args:
        sleep: Waits; replaced by a virtual clock in tests.
        limit: How many the gateway says that there may be; None if it does not say.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, limit: int | None = None) -> None:
        self._sleep = sleep
        self.limit = limit
        self._open: set[str] = set()
        self._coming: set[str] = set()
        self._most = 0
        self._waiting = 0
        self._freed = asyncio.Event()
        self.door = asyncio.Semaphore(_AT_ONCE)

    @property
    def waiting(self) -> int:
        """Submits in the queue."""
        return self._waiting

    @property
    def remaining(self) -> float:
        """Open tasks as a share of the most that were open since there was none; 1 where there is none."""
        return len(self._open) / self._most if self._open else 1.0

    def opened(self, job: str) -> None:
        """The gateway works on a task."""
        self._coming.discard(job)
        self._open.add(job)
        self._most = max(self._most, len(self._open))
        if self.limit is not None and len(self._open) > self.limit:
            self.limit = len(self._open)

    def ended(self, job: str) -> None:
        """It does so no longer, or never will."""
        if job in self._open or job in self._coming:
            self._open.discard(job)
            self._coming.discard(job)
            self._freed.set()
        if not self._open:
            self._most = 0

    def refused(self) -> None:
        """One more was too many."""
        if self._open:
            self.limit = len(self._open)

    async def room(self, job: str) -> None:
        """Until another task may be submitted; the place is then kept for this one."""
        self._coming.discard(job)
        while self.limit is not None and len(self._open) + len(self._coming) >= self.limit:
            self._waiting += 1
            self._freed.clear()
            try:
                if not await self._freed_in_time():
                    break
            finally:
                self._waiting -= 1
        self._coming.add(job)

    async def _freed_in_time(self) -> bool:
        freed = asyncio.ensure_future(self._freed.wait())
        over = asyncio.ensure_future(self._sleep(_PROBE_SECONDS))
        try:
            await asyncio.wait({freed, over}, return_when=asyncio.FIRST_COMPLETED)
            return freed.done()
        finally:
            freed.cancel()
            over.cancel()
