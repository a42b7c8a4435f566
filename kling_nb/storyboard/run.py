"""A film on its way: its requests one after the other, each beginning where the last one ended, then one file.

Nothing here remembers what was paid: every request is asked for through the lab, which attaches to what is open or
finished. So a film that is made again, by another kernel too, goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

from kling_nb import show
from kling_nb.errors import KlingError, PatienceError
from kling_nb.lab import Job, Jobs
from kling_nb.lab.loops import wait_for
from kling_nb.lab.sandboxed import is_sandbox
from kling_nb.lab.views import settings_of
from kling_nb.show import JobView
from kling_nb.storyboard.assembly import Take, assemble, whole
from kling_nb.storyboard.film import Film, Scene
from kling_nb.storyboard.links import last_frame
from kling_nb.storyboard.money import allowance
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.storyboard.layout import Layout, Step


class FilmRun:
    """A film on its way. ``await run`` gives the :class:`Film`; so does :meth:`wait`.

    Args:
        lab: Makes the clips.
        layout: How.
        title: What the film is called.
        budget: USD that all of it may cost; None for no limit.
        force: Send what the catalogue would refuse.
        match_colour: See :func:`assemble`.

    Attributes:
        film: The film, or None while there is none.
        error: Why there will be none, or None.
        faces: Called when somebody has waited for it, to publish its card once more from that cell.
    """

    def __init__(
        self, lab: Lab, layout: Layout, title: str, *, budget: float | None, force: bool, match_colour: bool
    ) -> None:
        self.film: Film | None = None
        self.error: KlingError | None = None
        self.faces: list[Callable[[], None]] = []
        self._lab, self._layout, self._title = lab, layout, title
        self._budget, self._force, self._match_colour = budget, force, match_colour
        self._jobs: list[Job] = []
        self._ended: Future[None] = Future()
        self._watchers: list[Callable[[], None]] = []
        self._stopping = False

    def __repr__(self) -> str:
        done = sum(job.status == "done" for job in self._jobs)
        return f"<FilmRun {self._title}: {done} of {len(self._layout.steps)} clips>"

    @property
    def jobs(self) -> Jobs:
        """The jobs of the clips that were asked for so far, in order."""
        return Jobs(self._lab, self._jobs)

    def start(self) -> None:
        """Ask for the first clip, and have the others follow it.

        Raises:
            KlingError: Its type says whose fault it is; nothing was spent.
        """
        self._take(self._lab.order(**self._asked(0, None)))
        self._lab.home.start(self._work(), self._lab.home.loop())

    def done(self) -> bool:
        """Whether nothing more is being done for it in this kernel."""
        return self._ended.done()

    def watch(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` after every change."""
        self._watchers.append(tell)

    def result(self) -> Film:
        """The film.

        Raises:
            KlingError: There is none: a clip failed, or it takes longer.
        """
        if self.error:
            raise self.error
        if self.film is None:
            raise PatienceError(f"{self._title} is not ready yet: await it, or call its wait().")
        return self.film

    def __await__(self) -> Generator[Any, None, Film]:
        yield from asyncio.shield(asyncio.wrap_future(self._ended)).__await__()
        self._publish()
        return self.result()

    def wait(self, timeout: float | None = None) -> Film:
        """Block until it ends, in any cell or script.

        Args:
            timeout: Seconds; None waits as long as it takes.

        Raises:
            PatienceError: The time is over. The film goes on; wait again.
            KlingError: A clip failed.
        """
        try:
            wait_for(self._ended, timeout)
        except (TimeoutError, FutureTimeoutError):
            raise PatienceError(f"{self._title} is not ready after {timeout:g} s. It goes on: wait again.") from None
        self._publish()
        return self.result()

    def cancel(self) -> None:
        """Send no further clip, and stop the one that is under way where the gateway can be told to."""
        self._stopping = True
        for job in self._jobs:
            if not job.done():
                job.cancel()

    def bundle(self) -> dict[str, str]:
        """How it stands now: the clips on their way, or the film."""
        if self.film:
            return self.film.bundle()
        views = [*self._lab.views(self._jobs), *(self._later(n) for n in range(len(self._jobs), self._count))]
        if self.done() and len(views) > 1:
            return show.bundle(show.grid(views, title=self._title), show.grid_text(views, title=self._title))
        return show.bundle(show.card(views, title=self._title), show.card_text(views, title=self._title))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Any:
        return show.Shown(self.bundle())

    def _ipython_display_(self) -> None:
        if not self._lab.follow(self):
            raise NotImplementedError  # IPython then asks for the MIME bundle

    @property
    def _count(self) -> int:
        return len(self._layout.steps)

    async def _work(self) -> None:
        try:
            await self._clips()
            self.film = await off_loop(self._finish)
        except KlingError as error:
            self.error = self._told(error)
        except Exception as error:  # noqa: BLE001 - a task's exception would be seen by nobody
            self.error = KlingError(
                f"Something in kling_nb itself went wrong ({type(error).__name__}: {error}). The clips "
                f"of {self._title} are safe: make it again. Please report this.",
                charged=None,
            )
            self.error.__cause__ = error
        finally:
            if not self._ended.done():
                self._ended.set_result(None)
            self._changed()

    async def _clips(self) -> None:
        """Until the last clip is there: each is asked for once the frame that it begins with is known."""
        for number in range(self._count):
            await Jobs(self._lab, self._jobs[-1:]).ended()
            video = self._jobs[-1].result()
            if number + 1 == self._count:
                return
            going = self._layout.steps[number + 1].continues
            frame = await off_loop(last_frame, self._lab, video) if going else None
            if self._stopping:
                raise PatienceError("Its making was stopped: this clip was not sent.", charged=False)
            self._take(await self._lab.ordered(**self._asked(number + 1, frame)))

    def _asked(self, number: int, frame: bytes | None) -> dict[str, Any]:
        """What the lab is asked for one clip: it is sent, or attached to if it is there already."""
        step = self._layout.steps[number]
        return {
            "requests": [dict(step.options) if frame is None else {**step.options, "image": frame}],
            "gateway": self._layout.place.name,
            "budget": allowance(self._budget, self._layout, [job.state for job in self._jobs]),
            "yes": True,  # the price of the whole was accepted before the first
            "force": self._force,
        }

    def _take(self, jobs: Jobs) -> None:
        self._jobs.append(jobs[0])
        jobs[0].watch(self._changed)
        if self._stopping:  # while its picture was being opened: nothing of it was sent yet
            jobs[0].cancel()
        self._changed()

    def _finish(self) -> Film:
        free = is_sandbox(self._layout.place.name)
        takes = [
            Take(_caption(step), job.result(), step.continues, job.price, free)
            for step, job in zip(self._layout.steps, self._jobs, strict=True)
        ]
        if len(takes) > 1:
            return assemble(self._lab, takes, self._title, None, match_colour=self._match_colour)
        (step,) = self._layout.steps
        scenes = [Scene(row.prompt, length) for row, length in zip(step.rows, step.lengths, strict=True)]
        return whole(self._lab, takes[0], self._title, scenes)

    def _told(self, error: KlingError) -> KlingError:
        """The error with where it happened and how to go on; its type stays."""
        ready = [job for job in self._jobs if job.status == "done"]
        if self._count == 1 or len(ready) == self._count:
            return error
        kept = " What was made before it is kept: making the film again goes on from there." if ready else ""
        sentence = f"Shot {len(ready) + 1} of {self._count}: {error.sentence}{kept}"
        return type(error)(sentence, charged=error.charged)

    def _later(self, number: int) -> JobView:
        """A clip that was not asked for yet."""
        plan = self._layout.steps[number].plan
        name, free = plan.gateway.name, is_sandbox(plan.gateway.name)
        reason = f"Not sent: shot {len(self._jobs)} has no clip." if self.done() else ""
        return JobView(
            id=f"shot {number + 1}",
            status="failed" if self.done() else "planned",
            prompt=_caption(self._layout.steps[number]),
            settings=settings_of(plan.request, name.partition("@")[0]),
            gateway=plan.gateway.label,
            sandbox=free,
            price_usd=plan.price.usd if plan.price else None,
            charged=False,
            reason=reason,
            next_step="Make the film again: it goes on from the clips that are there." if self.done() else "",
        )

    def _changed(self) -> None:
        for tell in tuple(self._watchers):
            tell()

    def _publish(self) -> None:
        for publish in tuple(self.faces):
            publish()


def _caption(step: Step) -> str:
    return " / ".join(row.prompt for row in step.rows)
