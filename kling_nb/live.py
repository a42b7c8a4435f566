"""The live card: shows jobs in a notebook while they run, then becomes their result.

The only room that displays. One display id per card: it is updated from the job's loop while the
jobs run, and published once more by whoever waits for them, because headless front ends keep only
what the waiting cell says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from IPython import get_ipython
from IPython.display import display

from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    from kling_nb.lab import Job, Lab
    from kling_nb.lab.comparison import Comparison

_TICK_SECONDS = 1.0
_DRAWING_SHARE = 20
_LARGE = 50


class Card:
    """One display of one or many jobs.

    Args:
        lab: Makes the bundles.
        jobs: Whose life it follows.
        publisher: Of the cell that shows it; a ``%%capture`` around a later cell does not swallow the result.
        live: Whether what is displayed can be replaced. A terminal cannot, so it gets only the first and the last word.
        draw: What to show now, if not the jobs' own bundle.
    """

    def __init__(
        self,
        lab: Lab,
        jobs: Sequence[Job],
        publisher: DisplayPublisher,
        *,
        live: bool = True,
        draw: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self._jobs = tuple(jobs)
        self._draw = draw or partial(lab.bundle, self._jobs)
        # A card of a thousand jobs takes 0.1 s to draw, in which the loop would stand still.
        self._large = draw is None and len(self._jobs) > _LARGE
        self._said: dict[str, Any] = {}
        self._id = token_hex(16)
        self._publisher = publisher
        self._dirty = asyncio.Event()
        self._final = False
        self._live = live
        for job in self._jobs:
            job.faces.append(self.publish)

    def show(self) -> None:
        """Display it in the current cell and keep it up to date while there is a loop to do so."""
        self._say(self._draw(), update=False)
        if all(job.done() for job in self._jobs):
            self._final = True
            return
        if not self._live:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # shown from a thread: whoever waits publishes the end
        self._task = loop.create_task(self._follow())
        for job in self._jobs:
            job.watch(partial(_wake, loop, self._dirty))

    def publish(self) -> None:
        """Show the jobs as they are now, from the cell that waited for them."""
        if self._final and not self._live:
            return
        self._final = self._final or all(job.done() for job in self._jobs)
        self._say(self._draw(), update=True)

    def _say(self, data: dict[str, Any], *, update: bool, only_news: bool = False) -> None:
        if only_news and data == self._said:
            return  # a widget that is shown again would begin anew
        self._said = data
        self._publisher.publish(data=data, metadata={}, transient={"display_id": self._id}, update=update)

    async def _follow(self) -> None:
        """At most one message a second, and the last one says how it ended."""
        tick = _TICK_SECONDS
        while not all(job.done() for job in self._jobs):
            try:
                await asyncio.wait_for(self._dirty.wait(), tick)
            except TimeoutError:
                pass
            else:
                self._dirty.clear()
                await asyncio.sleep(tick / 4)
            before = time.perf_counter()
            data = await off_loop(self._draw) if self._large else self._draw()
            if self._final:
                return  # a cell that waited has said the last word while this was being drawn
            self._say(data, update=True, only_news=True)
            # Nor more than a twentieth of the processor.
            tick = max(_TICK_SECONDS, _DRAWING_SHARE * (time.perf_counter() - before))
        if not self._final:
            self.publish()


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


class _Stage:
    """A comparison that somebody looks at: a widget until all clips are there, then the durable player."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._panel: Any = None
        self._statuses: Sequence[str] = ()

    def draw(self) -> dict[str, Any]:
        """What to display now. The widget is told only when a job's status has changed: each clip weighs 12 kB."""
        if self._comparison.done():
            bundle = self._comparison.bundle()
            if self._panel is not None:
                # After the display has been replaced: a view without its model would say so.
                _later(self._panel.close)
                self._panel = None
            return bundle
        statuses = [job.status for job in self._comparison.jobs]
        if self._panel is None:
            from kling_nb.panels.compare import ComparePanel  # noqa: PLC0415 - widgets take 200 ms

            self._panel = ComparePanel()
        if statuses != self._statuses:
            self._statuses = statuses
            self._panel.fill(self._comparison.views(), self._comparison.folder, self._comparison.title)
        bundle = self._panel.view()
        return {**bundle, "text/plain": self._comparison.bundle()["text/plain"].splitlines()[0]}


def _later(act: Callable[[], object]) -> None:
    try:
        asyncio.get_running_loop().call_later(_TICK_SECONDS, act)
    except RuntimeError:
        act()  # no loop, so nothing that would come later


def _card_first(lab: Lab, comparison: Comparison) -> dict[str, str]:
    """Where nobody sees a widget: the jobs' card, then the durable player."""
    return comparison.bundle() if comparison.done() else lab.bundle(comparison.jobs)


def attach(lab: Lab, shell: InteractiveShell) -> None:
    """Give a lab the notebook it runs in: its variables, and a place to show cards."""

    def show(jobs: Sequence[Job]) -> bool:
        Card(lab, jobs, shell.display_pub, live=has_kernel(shell)).show()
        return True

    def show_comparison(comparison: Comparison) -> bool:
        live = has_kernel(shell)
        draw = _Stage(comparison).draw if live and not headless(shell) else partial(_card_first, lab, comparison)
        Card(lab, comparison.jobs, shell.display_pub, live=live, draw=draw).show()
        return True

    lab.shower = show
    lab.comparison_shower = show_comparison
    lab.namespace = lambda: shell.user_ns
    # The terminal's loop runs only while a cell does, so nothing may live on it.
    lab.home.own_thread = not has_kernel(shell)


def attach_if_interactive(lab: Lab) -> None:
    """The same, where Python code uses the package without loading the extension; nothing in a script."""
    shell = get_ipython()
    if shell is not None:
        attach(lab, shell)


def has_kernel(shell: InteractiveShell) -> bool:
    """Whether this is a notebook's kernel and not a terminal."""
    return getattr(shell, "kernel", None) is not None


def headless(shell: InteractiveShell) -> bool:
    """Whether the front end cannot ask questions, as nbclient, nbconvert and papermill cannot."""
    try:
        parent = shell.kernel.get_parent("shell")  # type: ignore[attr-defined]
        return parent["content"].get("allow_stdin") is False
    except (AttributeError, KeyError, TypeError):
        return False


def show_bundle(bundle: dict[str, str]) -> None:
    """Display a MIME bundle."""
    display(bundle, raw=True)
