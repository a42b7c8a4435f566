"""The jobs of this kernel: begun or joined, each only once, and let go of when nobody waits for them any more."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

from kling_nb.lab import sandboxed as sandbox
from kling_nb.lab.endings import ended
from kling_nb.lab.job import Job
from kling_nb.lab.run import run_job
from kling_nb.life import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kling_nb.gateways import Gateway
    from kling_nb.lab.desks import Desk
    from kling_nb.lab.lab import Lab
    from kling_nb.life import JobState
    from kling_nb.request import VideoRequest

_NONE: Mapping[str, VideoRequest] = MappingProxyType({})


class Running:
    """The jobs that a lab works on.

    Args:
        lab: Asked for its folder, its loop and its desks each time, for they change.

    Attributes:
        jobs: By their ids.
    """

    def __init__(self, lab: Lab) -> None:
        self.jobs: dict[str, Job] = {}
        self._lab = lab

    def attach(self, states: Sequence[JobState], requests: Mapping[str, VideoRequest] = _NONE) -> list[Job]:
        """Running jobs, or jobs that go on where their journal says they are; each only once.

        Args:
            states: Of these jobs.
            requests: Of those that have just been read, by their jobs' ids.
        """
        open_ones = [state.id for state in states if not state.terminal and state.id not in self.jobs]
        if open_ones:
            self._lab.desks.leases(self._lab.folder).take(open_ones)  # all in one disk flush
        desk = functools.cache(self._lab.desk)  # looked up once for all of them
        return [self._join(state, desk, requests.get(state.id)) for state in states]

    def handle(self, state: JobState) -> Job:
        """A handle for looking; a job that is not running here is not started by looking at it."""
        if running := self.jobs.get(state.id):
            return running
        return ended(Job(self._lab, state, from_disk=state.status == "done"))

    def ours(self, job: Job) -> bool:
        """Whether no other kernel works on it."""
        return job.id not in self.jobs or self._lab.desks.leases(self._lab.folder).holds(job.id)

    def leave(self, job: Job) -> None:
        """Nothing more is done for a job in this kernel."""
        self.jobs.pop(job.id, None)
        job.abort()
        if not job.ended.done():
            job.ended.set_result(None)
        job.changed()

    def _join(self, state: JobState, desk: Callable[[Gateway], Desk], request: VideoRequest | None) -> Job:
        if running := self.jobs.get(state.id):
            return running
        lab = self._lab
        if state.status == "cancelled":
            state = lab.journal.record(state.id, Event("resumed", lab.now())).result()
        job = Job(lab, state, from_disk=state.status == "done", request=request)
        if state.terminal and (state.status == "failed" or lab.video(state)):
            return ended(job)
        place = lab.desks.opened(sandbox.gateway(job.gateway), [job.request])
        return self._go(job, desk(place))

    def _go(self, job: Job, desk: Desk) -> Job:
        home = self._lab.home
        self.jobs[job.id] = job
        job.ended.add_done_callback(lambda _: self.jobs.pop(job.id, None))
        job.abort = home.start(run_job(job, desk), home.loop())
        return job
