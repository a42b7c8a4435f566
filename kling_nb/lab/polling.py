"""Whose turn it is to ask: every open job of one gateway and key shares one allowance.

A job becomes due by its own schedule. Where requests are limited, more jobs are due than may ask; then the poll
goes where it is most likely to find something. Where the gateway tells of several tasks in one answer, one request
asks about all that can share it, see :mod:`kling_nb.lab.sharing`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kling_nb.errors import KlingError
from kling_nb.lab.alarms import Alarms
from kling_nb.pace import DEFAULT_PATIENCE, Allowance, Latency, next_poll, patience_for, worth

if TYPE_CHECKING:
    from kling_nb.lab.sharing import Sharing
    from kling_nb.wire import TaskState, Ticket

    News = TaskState | KlingError | str | None
    """What has become of a turn: a state; an error; :data:`AGAIN`; None: it may ask."""

_IDLE_SECONDS = 0.05

AGAIN = "again"
"""Nothing new is known of a job: its schedule goes on."""


@dataclass(slots=True, eq=False)
class Watched:
    """One open job as the poller sees it.

    Attributes:
        latency: How long it is believed to take.
        started: Clock reading of its submit.
        ticket: Names its task; None keeps it out of shared questions.
        shelf: Which others it can share a question with, as :meth:`kling_nb.wire.Batching.beside` says.
        last: Its age when it was asked last.
        covered: Its age up to which its schedule has had its polls, some of them a little early.
        due: Clock reading at which its schedule asks.
        alone: So many questions are about this job only, because a shared one did not tell of it.
        missed: How many it was alone for the last time; twice as many the next.
        progress: 0 to 1 where the gateway tells.
        state: What a shared question told of it last.
        news: What becomes of its turn.
    """

    latency: Latency
    started: float
    ticket: Ticket | None = None
    shelf: str | None = None
    last: float = 0.0
    covered: float = 0.0
    due: float = 0.0
    alone: int = 0
    missed: int = 0
    progress: float | None = None
    state: TaskState | None = None
    news: asyncio.Future[News] | None = None

    def tell(self, news: News) -> None:
        """End its turn with this, unless it has ended already."""
        if self.news and self.waits_for_news():
            self.news.set_result(news)

    def waits_for_news(self) -> bool:
        """Whether its turn has not ended, and nobody has given it up."""
        return self.news is not None and not self.news.done()


class Poller:
    """Hands out turns to ask one gateway.

    Args:
        allowance: The gateway's request budget.
        sharing: Asks about several jobs at once; None where the gateway has no way.
        shortest: Seconds between two polls of one job at least.
        remaining: Tells which share of the jobs that were open together still is.
        patience: See :data:`kling_nb.pace.DEFAULT_PATIENCE`; may be changed at any time.
        now, sleep: Replaced by a virtual clock in tests.
    """

    def __init__(
        self,
        allowance: Allowance,
        sharing: Sharing | None = None,
        *,
        shortest: float = 1.0,
        remaining: Callable[[], float] = lambda: 1.0,
        patience: float = DEFAULT_PATIENCE,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.allowance = allowance
        self.patience = patience
        self._sharing = sharing
        self._shortest = shortest
        self._remaining = remaining
        self._now = now
        self._sleep = sleep
        self._alarms = Alarms(now, sleep)
        self._due: list[Watched] = []
        self._giver: asyncio.Task[None] | None = None

    async def turn(self, job: Watched) -> TaskState | None:
        """Until this job may be asked about, or a question that it shared has told of it.

        Returns:
            What was told; None if it is to be asked about now.

        Raises:
            OutageError, ThrottledError: The shared question met with it.
        """
        while True:
            news = await self._turn(job)
            if isinstance(news, KlingError):
                raise news
            if not isinstance(news, str):
                return news

    async def _turn(self, job: Watched) -> News:
        age = max(self._now() - job.started, 0.0)
        job.due = job.started + next_poll(
            job.latency,
            max(age, job.last, job.covered),
            patience=patience_for(self.patience, self._remaining()),
            shortest=self._shortest,
            progress=job.progress,
        )
        job.news = asyncio.get_running_loop().create_future()
        try:
            if self._sharing is not None and self._sharing.join(job):
                self._alarms.at(job.due, partial(self._wakes, job), job.news.done)
                return await job.news
            await self._sleep(max(job.due - self._now(), 0.0))
            self._call(job)
            return await job.news
        finally:
            self._leave(job)

    def _wakes(self, job: Watched) -> None:
        """Its own question is due, and no other has brought news before."""
        job.covered = max(job.covered, job.due - job.started)  # whatever is answered next wakes it, news or none
        if self._sharing is None or not self._sharing.has_taken(job):
            self._call(job)

    def _call(self, job: Watched) -> None:
        """A job is due: it goes at once if there is room and nobody else waits, else when its time comes."""
        if self.allowance.wait(self._now()) <= 0 and not self._due:
            self._go(job)
            return
        self._due.append(job)
        if self._giver is None or self._giver.done():
            self._giver = asyncio.get_running_loop().create_task(self._give())

    async def _give(self) -> None:
        """While jobs wait: when the allowance has room, the one most worth asking goes."""
        while self._due:
            wait = self.allowance.wait(self._now())
            if wait > 0:
                await self._sleep(max(wait, _IDLE_SECONDS))
                continue
            now = self._now()
            self._go(max(self._due, key=lambda job: worth(job.latency, now - job.started, job.last)))

    def _go(self, job: Watched) -> None:
        """One request of the allowance, for this job and for all that can share it."""
        now = self._now()
        self.allowance.spend(now)
        crowd = self._sharing.crowd(job, now, self.patience, self._shortest) if self._sharing else [job]
        for each in crowd:
            each.last = max(now - each.started, 0.0)
            self._leave(each)
        if self._sharing and len(crowd) > 1:
            self._sharing.ask(crowd, self._call)
        else:
            job.alone = max(job.alone - 1, 0)
            job.tell(None)

    def _leave(self, job: Watched) -> None:
        if job in self._due:
            self._due.remove(job)
        if self._sharing:
            self._sharing.leave(job)
