"""The live card: shows jobs in a notebook while they run, then becomes their result.

The only room that displays. One display id per card: it is updated from the job's loop while the
jobs run, and published once more by whoever waits for them, because headless front ends keep only
what the waiting cell says.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast

from IPython import get_ipython
from IPython.display import display

from kling_nb.errors import SetupError
from kling_nb.places import Facts
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    from kling_nb.bench.arena import Arena
    from kling_nb.lab import Job, Lab
    from kling_nb.lab.comparison import Comparison
    from kling_nb.lab.job import Followed

_TICK_SECONDS = 1.0
_QUIET_SECONDS = 0.25
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
        watched: Whether somebody has seen what was said last, and may be playing it: it is not said twice.
    """

    def __init__(
        self,
        lab: Lab,
        jobs: Sequence[Job],
        publisher: DisplayPublisher,
        *,
        live: bool = True,
        draw: Callable[[], dict[str, Any]] | None = None,
        watched: Callable[[], bool] = lambda: False,
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
        self._watched = watched
        for job in self._jobs:
            job.faces.append(self.publish)

    def show(self) -> None:
        """Display it in the current cell and keep it up to date while there is a loop to do so."""
        self._say(self._draw(), update=False)
        if self._done():
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
        self._final = self._final or self._done()
        self._say(self._draw(), update=True, only_news=self._watched())

    def _say(self, data: dict[str, Any], *, update: bool, only_news: bool = False) -> None:
        if only_news and data == self._said:
            return  # a widget or a film that is shown again would begin anew
        self._said = data
        self._publisher.publish(data=data, metadata={}, transient={"display_id": self._id}, update=update)

    async def _follow(self) -> None:
        """At most four messages a second (of very many jobs one), and the last one says how it ended."""
        shortest = pause = _TICK_SECONDS if self._large else _QUIET_SECONDS
        while not self._done():
            await asyncio.sleep(pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._dirty.wait(), _TICK_SECONDS - _QUIET_SECONDS)
            self._dirty.clear()
            before = time.perf_counter()
            data = await off_loop(self._draw) if self._large else self._draw()
            if self._final:
                return  # a cell that waited has said the last word while this was being drawn
            self._say(data, update=True, only_news=True)
            # Nor more than a twentieth of the processor; but the end is not kept back for long.
            pause = min(max(_DRAWING_SHARE * (time.perf_counter() - before), shortest), 2 * _TICK_SECONDS)
        if not self._final:
            self._final = True
            self._say(self._draw(), update=True, only_news=True)

    def _done(self) -> bool:
        return all(job.done() for job in self._jobs)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    if not event.is_set():  # a thousand jobs wake it thousands of times
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
            if not self._comparison.served and self._comparison.beyond():
                return {**_filled(self._comparison, self._wanted()).view(), **bundle}
            if self._panel is not None:
                # After the display has been replaced: a view without its model would say so.
                _later(self._panel.close)
                self._panel = None
            return bundle
        statuses = [job.status for job in self._comparison.jobs]
        panel = self._wanted()
        if statuses != self._statuses:
            self._statuses = statuses
            _filled(self._comparison, panel)
        bundle = panel.view()
        return {**bundle, "text/plain": self._comparison.bundle()["text/plain"].splitlines()[0]}

    def _wanted(self) -> Any:
        if self._panel is None:
            self._panel = panels("compare").ComparePanel()
        return self._panel


class _Screening:
    """Jobs whose clips no page can reach: their card, then what is kept of them, and a widget that plays the rest."""

    def __init__(self, lab: Lab, jobs: Sequence[Job]) -> None:
        self._lab = lab
        self._jobs = jobs
        self._screen: Any = None

    def draw(self) -> dict[str, Any]:
        """What to display now."""
        bundle = self._lab.bundle(self._jobs)
        if self._screen is None and all(job.done() for job in self._jobs):
            self._screen = _screen(self._lab, self._jobs, bundle)
        return {**(self._screen.view() if self._screen else {}), **bundle}


def _screen(lab: Lab, jobs: Sequence[Job], bundle: dict[str, str]) -> Any:
    """The widget that plays what the bundle shows as posters; None if it plays all of them, or widgets are missing."""
    from kling_nb.lab.embedding import beyond  # noqa: PLC0415 - with the lab

    views = beyond(lab.playable(lab.views(jobs)))
    try:
        return panels("screen").Screen(lab, bundle["text/html"], views) if views else None
    except SetupError:
        return None


def _filled(comparison: Comparison, panel: Any, *, kept: bool = False) -> Any:
    """The panel with the clips as they are now; ``kept`` inside of it as far as that goes, for pages that are saved."""
    clips = comparison.views()
    if kept:
        inside = comparison.playable()
        clips = [
            one if one.view.video and one.view.video.film else other for one, other in zip(inside, clips, strict=True)
        ]
    panel.fill(clips, comparison.folder, comparison.title)
    return panel


def panels(name: str) -> Any:
    """A module of :mod:`kling_nb.panels`; widgets take 50 to 200 ms to import.

    Raises:
        SetupError: This Python cannot make widgets.
    """
    try:
        return importlib.import_module(f"kling_nb.panels.{name}")
    except ImportError as error:
        raise SetupError(
            f"Panels need anywidget and ipywidgets, which this Python cannot load ({error}): "
            "run %pip install anywidget ipywidgets and restart the kernel. A %%kling cell makes the same clips."
        ) from None


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

    def watched() -> bool:
        return has_kernel(shell) and not headless(shell)

    def show(jobs: Sequence[Job]) -> bool:
        # Where files are served there is an address to be had, and a widget that outlives its kernel says an error.
        out_of_reach = watched() and len(jobs) <= _LARGE and not lab.reach.place.serves
        draw = _Screening(lab, jobs).draw if out_of_reach else None
        Card(lab, jobs, shell.display_pub, live=has_kernel(shell), draw=draw, watched=watched).show()
        return True

    def show_comparison(comparison: Comparison) -> bool:
        live = has_kernel(shell)
        draw = _Stage(comparison).draw if watched() and _can_draw() else partial(_card_first, lab, comparison)
        Card(lab, comparison.jobs, shell.display_pub, live=live, draw=draw, watched=watched).show()
        return True

    def follow(work: Followed) -> bool:
        followed, live = [cast("Job", work)], has_kernel(shell)
        Card(lab, followed, shell.display_pub, live=live, draw=work.bundle, watched=watched).show()
        return True

    def show_arena(arena: Arena) -> bool:
        if not (lab.reach.place.widgets and _can_draw()):  # in Voila somebody looks, although nobody can be asked
            return False
        panels("arena").ArenaDisplay(lab, arena).show(shell.display_pub)
        return True

    lab.shower = show
    lab.comparison_shower = show_comparison
    lab.arena_shower = show_arena
    lab.follower = follow
    lab.namespace = lambda: shell.user_ns
    lab.shell = lambda: Facts(ipython=True, kernel=has_kernel(shell), headless=headless(shell))
    # The terminal's loop runs only while a cell does, so nothing may live on it.
    lab.home.own_thread = not has_kernel(shell)


def attach_if_interactive(lab: Lab) -> None:
    """The same, where Python code uses the package without loading the extension; nothing in a script."""
    shell = get_ipython()
    if shell is not None:
        attach(lab, shell)
    elif lab.reach.place.widgets:
        lab.drawer = partial(_drawn, lab)


def _drawn(lab: Lab, thing: Any) -> Any:
    """A widget for a handle where nobody asks for MIME bundles, and no script runs in a page's HTML (marimo)."""
    from kling_nb.lab import Jobs  # noqa: PLC0415 - with the lab
    from kling_nb.lab.comparison import Comparison  # noqa: PLC0415 - see above

    if hasattr(thing, "ballots"):  # a blind arena, whose numbers are too dear to import for a look at its class
        return panels("arena").ArenaPanel(lab, thing) if _can_draw() else None
    if not thing.done():
        return None
    if isinstance(thing, Comparison):
        return _filled(thing, panels("compare").ComparePanel(), kept=True) if _can_draw() else None
    return _screen(lab, thing if isinstance(thing, Jobs) else [thing], thing._repr_mimebundle_())


def _can_draw() -> bool:
    """Whether this Python can make widgets at all."""
    try:
        panels("link")
    except SetupError:
        return False
    return True


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
