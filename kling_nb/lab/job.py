"""Handles: what a notebook's variable holds. They are shown, awaited and asked; the work is elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, overload

from kling_nb.errors import KlingError, PatienceError, StoppedWaiting
from kling_nb.lab.loops import wait_for
from kling_nb.request import VideoRequest

if TYPE_CHECKING:
    from kling_nb.lab.video import Video
    from kling_nb.life import Event, JobState, Status
    from kling_nb.show import JobView


class Followed(Protocol):
    """Work that a card can follow: a job, or something that goes on for longer and sends many.

    Attributes:
        faces: As :attr:`Job.faces`.
    """

    faces: list[Callable[[], None]]

    def done(self) -> bool:
        """Whether nothing more will happen."""
        ...

    def watch(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` after every change."""
        ...

    def bundle(self) -> dict[str, str]:
        """How it stands now, as a MIME bundle."""
        ...


class Keeper(Protocol):
    """What a handle needs of the lab."""

    def show(self, jobs: Sequence[Job]) -> bool:
        """Show a live card, if there is a notebook to show it in."""
        ...

    def bundle(self, jobs: Sequence[Job]) -> dict[str, str]:
        """The jobs as they are now, as a MIME bundle."""
        ...

    def drawn(self, thing: Any) -> Any:
        """What a front end draws that asks for an object and not for a MIME bundle (marimo)."""
        ...

    def video(self, state: JobState) -> Video | None:
        """The stored clip."""
        ...

    def stop(self, job: Job) -> None:
        """Stop waiting for a job."""
        ...

    def history(self, job_id: str) -> list[Event]:
        """The events of a job."""
        ...


class Job:
    """One request on its way. ``await job`` gives its :class:`Video`; so does :meth:`wait`.

    Attributes:
        state: The folded journal, see :class:`kling_nb.life.JobState`.
        trouble: Why the waiting ended early, if it did; the job itself may still be open.
        waiting_for: What it waits for besides the gateway, as a sentence; "" for nothing.
        stopping: Somebody asked to stop waiting.
        abort: Cancels the work on it in this kernel.
        faces: Called when somebody has waited for it, to publish its card once more from that cell.
        glance: A state, and how the job looked in it.
    """

    def __init__(
        self, keeper: Keeper, state: JobState, *, from_disk: bool = False, request: VideoRequest | None = None
    ) -> None:
        self.state = state
        if request is not None:
            self.request = request
        self.from_disk = from_disk
        self.trouble: KlingError | None = None
        self.waiting_for = ""
        self.ended: Future[None] = Future()
        self.stopping = False
        self.abort: Callable[[], None] = _nothing
        self.faces: list[Callable[[], None]] = []
        self.glance: tuple[JobState, JobView] | None = None
        self._keeper = keeper
        self._watchers: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<Job {self.id}: {self.status}>"

    @property
    def id(self) -> str:
        """What ``%kling show ID`` takes; its beginning is enough."""
        return self.state.id

    @property
    def status(self) -> Status:
        """One of planned sending queued running downloading done failed cancelled unknown."""
        return self.state.status

    @cached_property
    def request(self) -> VideoRequest:
        """What was asked for; the same through all its states."""
        return VideoRequest.model_validate(self.state.request)

    @property
    def gateway(self) -> str:
        """Name of the gateway."""
        return self.state.gateway

    @property
    def price(self) -> float | None:
        """Expected price in USD, or None where nobody knows."""
        return (self.state.price or {}).get("usd")

    @property
    def video(self) -> Video | None:
        """The finished clip, or None while there is none."""
        return self._keeper.video(self.state)

    @property
    def error(self) -> KlingError | None:
        """Why it failed or the waiting ended, or None."""
        return self.trouble

    @property
    def history(self) -> list[Event]:
        """Everything that happened to it, as the journal has it."""
        return self._keeper.history(self.id)

    def done(self) -> bool:
        """Whether nothing more is being done for it in this kernel."""
        return self.ended.done()

    def watch(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` after every change, on the thread of the job's loop."""
        self._watchers.append(tell)

    def changed(self, state: JobState | None = None) -> None:
        """Take a new state and tell the watchers."""
        if state is not None:
            self.state = state
        for tell in tuple(self._watchers):
            tell()

    def result(self) -> Video:
        """The clip of an ended job.

        Raises:
            KlingError: It failed, or the waiting ended.
        """
        if self.trouble:
            raise self.trouble
        video = self.video
        if video is None:
            raise PatienceError(f"{self.id} has no clip yet ({self.status}): await it, or run %kling wait {self.id}.")
        return video

    def __await__(self) -> Generator[Any, None, Video]:
        yield from _ends([self]).__await__()
        return self.result()

    def wait(self, timeout: float | None = None) -> Video:
        """Block until it ends, in any cell or script.

        Args:
            timeout: Seconds; None waits as long as it takes.

        Raises:
            PatienceError: The time is over. The job goes on; wait again, or run ``%kling resume``.
            KlingError: It failed.
        """
        _block([self], timeout)
        return self.result()

    def cancel(self) -> None:
        """Stop it at the gateway where that can be told to; elsewhere what was sent is still made and billed."""
        self._keeper.stop(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._keeper.bundle([self])

    def _display_(self) -> Any:
        return self._keeper.drawn(self)

    def _ipython_display_(self) -> None:
        if not self._keeper.show([self]):
            raise NotImplementedError  # IPython then asks for the MIME bundle


class Jobs(Sequence[Job]):
    """Several jobs in the order they were asked for. ``await jobs`` gives their videos."""

    def __init__(self, keeper: Keeper, jobs: Sequence[Job]) -> None:
        self._keeper = keeper
        self._jobs = tuple(jobs)

    def __repr__(self) -> str:
        states = [job.status for job in self]
        return f"<Jobs {', '.join(f'{states.count(s)} {s}' for s in dict.fromkeys(states)) or 'none'}>"

    def __len__(self) -> int:
        return len(self._jobs)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> Jobs: ...
    def __getitem__(self, index: int | slice) -> Job | Jobs:
        found = self._jobs[index]
        return found if isinstance(found, Job) else Jobs(self._keeper, found)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    @property
    def videos(self) -> list[Video]:
        """The clips that are there."""
        return [video for job in self if (video := job.video)]

    @property
    def price(self) -> float | None:
        """Expected price of all in USD, or None if one is not known."""
        prices = [job.price for job in self]
        return None if None in prices else sum(price for price in prices if price)

    def done(self) -> bool:
        """Whether nothing more is being done for any of them."""
        return all(job.done() for job in self)

    def __await__(self) -> Generator[Any, None, list[Video]]:
        yield from _ends(self).__await__()
        return [job.result() for job in self]

    async def ended(self) -> None:
        """Until nothing more is being done for any of them; how they ended is not raised."""
        await _ends(self)

    def wait(self, timeout: float | None = None) -> list[Video]:
        """Block until all have ended, ``timeout`` seconds together; see :meth:`Job.wait`."""
        self.block(timeout)
        return [job.result() for job in self]

    def block(self, timeout: float | None = None) -> None:
        """The blocking form of :meth:`ended`; only the end of the patience is raised."""
        _block(self, timeout)

    def cancel(self) -> None:
        """Stop waiting for all of them."""
        for job in self:
            job.cancel()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._keeper.bundle(self)

    def _display_(self) -> Any:
        return self._keeper.drawn(self)

    def _ipython_display_(self) -> None:
        if not self._jobs or not self._keeper.show(self):
            raise NotImplementedError


def _nothing() -> None:
    """Nobody works on it in this kernel."""


async def _ends(jobs: Sequence[Job]) -> None:
    """Until all have ended. A cancelled wait cancels no job."""
    try:
        for job in jobs:
            await asyncio.shield(asyncio.wrap_future(job.ended))
    except asyncio.CancelledError as error:
        # By the stop button, as a rule. Not an error of our own: `asyncio.timeout` takes no other for its own.
        vars(error)["_render_traceback_"] = StoppedWaiting()._render_traceback_
        raise
    _republish(jobs)


def _block(jobs: Sequence[Job], timeout: float | None) -> None:
    """Block until all have ended, then show them once more from the cell that waited."""
    deadline = None if timeout is None else time.monotonic() + timeout
    for job in jobs:
        try:
            wait_for(job.ended, None if deadline is None else max(deadline - time.monotonic(), 0.0))
        except (TimeoutError, FutureTimeoutError):
            raise PatienceError(
                f"{job.id} is still {job.status} after {timeout:g} s. It goes on: wait again, or run %kling resume."
            ) from None
        except KeyboardInterrupt:
            raise StoppedWaiting from None
    _republish(jobs)


def _republish(jobs: Sequence[Job]) -> None:
    for publish in dict.fromkeys(face for job in jobs for face in job.faces):
        publish()
