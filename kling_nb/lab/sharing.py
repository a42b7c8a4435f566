"""One question about several jobs, where the gateway tells of several tasks in one answer.

Nothing is lost by sharing: a job that the answer leaves out is asked about alone the next time, and when a shared
question fails, each of its jobs asks for itself.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from kling_nb.errors import AnswerError, OutageError, ThrottledError
from kling_nb.lab.polling import AGAIN, Watched
from kling_nb.pace import Candidate, company, horizon, worth
from kling_nb.wire import TaskState

if TYPE_CHECKING:
    from kling_nb.wire import Ticket

_LOOKED_AT = 4
"""Of many waiting jobs, so many times those that fit into a question are looked at: the ones that are due next."""

_REST, _LONGEST_REST = 30.0, 600.0
"""Seconds without shared questions after one that failed, doubled each time."""


class Sharing:
    """The jobs of one gateway that can be asked about together.

    Args:
        look: Asks the gateway about tasks, with one request; their states by the tickets' ids.
        at_once: Tasks that one request may name, if a ticket is among them; see :class:`kling_nb.wire.Batching`.
        now: Replaced by a virtual clock in tests.
    """

    def __init__(
        self,
        look: Callable[[Sequence[Ticket]], Awaitable[Mapping[str, TaskState]]],
        at_once: Callable[[Ticket], int],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._look = look
        self._at_once = at_once
        self._now = now
        self._waiting: dict[Watched, None] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._rest = _REST
        self._rests_until = 0.0

    def join(self, job: Watched) -> bool:
        """Let a job come along with others' questions from now on; False if it cannot."""
        if job.ticket is None or job.alone or self._at_once(job.ticket) <= 1:
            return False
        self._waiting[job] = None
        return True

    def has_taken(self, job: Watched) -> bool:
        """Whether a question has taken it along since it joined."""
        return job not in self._waiting

    def leave(self, job: Watched) -> None:
        """It comes along no more."""
        self._waiting.pop(job, None)

    def crowd(self, first: Watched, now: float, patience: float, shortest: float) -> list[Watched]:
        """A job whose turn it is, and who is asked about with it."""
        if first.ticket is None or first not in self._waiting or now < self._rests_until:
            return [first]
        most = self._at_once(first.ticket)
        near = heapq.nsmallest(_LOOKED_AT * most, self._waiting, key=lambda job: job.due)
        # Where hardly any of them can be ready, the horizon is far away, and what is far away is not soon.
        best = min(horizon(((job.latency, now - job.started) for job in near), patience), (now - first.started) / 4)
        soon = max(best, shortest)
        able = [
            job
            for job in near
            if job is not first and (job.due - now <= soon or now - job.started - job.last >= shortest)
        ]
        candidates = [Candidate(job.due - now, worth(job.latency, now - job.started, job.last)) for job in able]
        crowd = [first, *(able[index] for index in company(candidates, soon, most - 1))]
        for job in crowd:
            if job.due - now <= soon:  # this is the poll that its schedule was about to ask for
                job.covered = max(job.covered, job.due - job.started)
        return crowd

    def ask(self, crowd: Sequence[Watched], call: Callable[[Watched], None]) -> None:
        """Ask about all of them in a task of its own, for whoever is first may be stopped meanwhile.

        Args:
            crowd: From :meth:`crowd`.
            call: For each job that has to ask for itself.
        """
        task = asyncio.get_running_loop().create_task(self._ask(crowd, call))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, crowd: Sequence[Watched], call: Callable[[Watched], None]) -> None:
        try:
            told = await self._told(crowd)
        except asyncio.CancelledError:
            for job in crowd:
                job.tell(None)
            raise
        except (OutageError, ThrottledError) as error:
            if isinstance(error, OutageError):
                self._fails()
            for job in crowd:  # asking one by one would make it worse: each waits a while, as after its own question
                job.covered = 0.0
                job.tell(error)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, each job can still ask for itself
            self._fails()
            for job in filter(Watched.waits_for_news, crowd):
                job.covered, job.alone = 0.0, True
                call(job)
        else:
            self._rest = _REST
            for job in crowd:
                self._pass_on(job, told)

    def _pass_on(self, job: Watched, told: Mapping[str, TaskState]) -> None:
        state = told.get(job.ticket.id) if job.ticket else None
        if state is None:
            job.covered, job.alone = 0.0, True
        job.tell(AGAIN if state is None else state)

    async def _told(self, crowd: Sequence[Watched]) -> dict[str, TaskState]:
        tickets = {job.ticket.id: job.ticket for job in crowd if job.ticket}
        told = await self._look(list(tickets.values()))
        found = {name: state for name, state in told.items() if isinstance(state, TaskState)}
        if tickets.keys().isdisjoint(found):
            raise AnswerError("The gateway told of none of the tasks that it was asked about.", charged=None)
        return found

    def _fails(self) -> None:
        self._rests_until = self._now() + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)
