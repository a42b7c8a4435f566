"""One question about several jobs, where the gateway tells of several tasks in one answer.

Nothing is lost by sharing: a job that the answer leaves out is asked about alone the next time, then the next two, four
and eight times, and when a shared question fails, each of its jobs asks for itself.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from kling_nb.errors import AnswerError, OutageError, ThrottledError
from kling_nb.lab.polling import AGAIN, Watched
from kling_nb.pace import horizon
from kling_nb.wire import TaskState

if TYPE_CHECKING:
    from kling_nb.wire import Ticket

_ENOUGH = 50
"""So many jobs tell how soon another question is worth it; more would only say what the shortest gap says already."""

_SAME_TIME = 0.03
"""Polls that are due within such a share of the age are one: nobody sees the difference."""

_LONG = 250
"""An answer about so many jobs takes long enough to read to be asked for half as often."""

_REST, _LONGEST_REST = 30.0, 600.0
"""Seconds without shared questions after one that failed, doubled each time."""


class Sharing:
    """The jobs of one gateway that can be asked about together.

    Args:
        look: Asks the gateway about tasks, with one request; their states by the tickets' ids.
        at_once, beside: How many tasks share a request, and which; see :class:`kling_nb.wire.Batching`.
        now: Replaced by a virtual clock in tests.
    """

    def __init__(
        self,
        look: Callable[[Sequence[Ticket]], Awaitable[Mapping[str, TaskState]]],
        at_once: Callable[[Ticket], int],
        beside: Callable[[Ticket], str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._look = look
        self._at_once = at_once
        self._beside = beside
        self._now = now
        self._waiting: defaultdict[str, dict[Watched, None]] = defaultdict(dict)
        self._asking: set[asyncio.Task[None]] = set()
        self._rest = _REST
        self._rests_until = 0.0

    def join(self, job: Watched) -> bool:
        """Let a job come along with others' questions from now on; False if it cannot."""
        if job.ticket is None or job.alone or self._at_once(job.ticket) <= 1:
            return False
        self._beside_it(job)[job] = None
        return True

    def has_taken(self, job: Watched) -> bool:
        """Whether a question has taken it along since it joined."""
        return job not in self._beside_it(job)

    def leave(self, job: Watched) -> None:
        """It comes along no more."""
        self._beside_it(job).pop(job, None)

    def crowd(self, first: Watched, now: float, patience: float, shortest: float) -> list[Watched]:
        """A job whose turn it is, and who is asked about with it."""
        waiting = self._beside_it(first)
        if first.ticket is None or first not in waiting or now < self._rests_until:
            return [first]
        most = self._at_once(first.ticket)
        near = [job for job in heapq.nsmallest(most, waiting, key=lambda job: job.due) if job is not first]
        # Where hardly any of them can be ready, the horizon is far away, and what is far away is not soon.
        age = now - first.started
        ages = ((job.latency, now - job.started) for job in [first, *near[:_ENOUGH]])
        alike = _SAME_TIME * age * (1 + len(near) / _LONG)
        soon = max(min(horizon(ages, patience), age / 4), alike, shortest)
        able = [job for job in near if job.due - now <= soon or now - job.started - job.last >= shortest]
        crowd = [first, *able[: most - 1]]
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
                job.covered, job.alone = 0.0, max(job.alone, 1)
                call(job)
        else:
            self._rest = _REST
            for job in crowd:
                self._pass_on(job, told)

    def _pass_on(self, job: Watched, told: Mapping[str, TaskState]) -> None:
        state = told.get(job.ticket.id) if job.ticket else None
        if state is None:
            job.covered = 0.0
            job.alone = job.missed = max(2 * job.missed, 1)
            job.tell(AGAIN)
        elif state == job.state and job.due > max(self._now(), job.started + job.covered) and job.waits_for_news():
            self.join(job)  # nothing new, and not its turn: it need not be woken
        else:
            job.state = state
            job.tell(state)

    async def _told(self, crowd: Sequence[Watched]) -> dict[str, TaskState]:
        tickets = {job.ticket.id: job.ticket for job in crowd if job.ticket}
        told = await self._look(list(tickets.values()))
        found = {name: state for name, state in told.items() if isinstance(state, TaskState)}
        if tickets.keys().isdisjoint(found):
            raise AnswerError("The gateway told of none of the tasks that it was asked about.", charged=None)
        return found

    def _beside_it(self, job: Watched) -> dict[Watched, None]:
        """Those that wait and can share its question."""
        if job.shelf is None:
            job.shelf = "" if job.ticket is None else self._beside(job.ticket)
        return self._waiting[job.shelf]

    def _fails(self) -> None:
        self._rests_until = self._now() + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)
