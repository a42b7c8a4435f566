"""One sleep for all who wait for their moment: a task for each would cost more than what it is woken for."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Alarm:
    when: float
    number: int
    call: Callable[[], None] = field(compare=False)
    over: Callable[[], bool] = field(compare=False)


class Alarms:
    """Calls back at moments of a clock, on the running event loop.

    Args:
        now, sleep: Replaced by a virtual clock in tests.
    """

    def __init__(self, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._now = now
        self._sleep = sleep
        self._alarms: list[_Alarm] = []
        self._numbers = itertools.count()
        self._nap: asyncio.Future[None] | None = None
        self._ringing: asyncio.Task[None] | None = None

    def at(self, when: float, call: Callable[[], None], over: Callable[[], bool]) -> None:
        """Call at a moment, unless it is ``over`` by then: nobody waits for it any more."""
        alarm = _Alarm(when, next(self._numbers), call, over)
        heapq.heappush(self._alarms, alarm)
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._ring())
        elif self._nap is not None and self._alarms[0] is alarm:
            self._nap.cancel()

    async def _ring(self) -> None:
        while self._alarms:
            first = self._alarms[0]
            wait = first.when - self._now()
            # A sleep that has ended is believed, whatever the clock says: it may have been set back meanwhile.
            awake = first.over() or wait <= 0 or await self._sleeps(wait)
            if awake and self._alarms[0] is first:  # else somebody has come in the very moment
                heapq.heappop(self._alarms)
                if not first.over():
                    first.call()

    async def _sleeps(self, seconds: float) -> bool:
        """Whether nobody has come meanwhile whose moment is sooner."""
        self._nap = nap = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait([nap])
        finally:
            nap.cancel()
            self._nap = None
        return not nap.cancelled()
