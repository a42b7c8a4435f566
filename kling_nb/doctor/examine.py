"""All checks, each by itself: what one raises becomes its row, and one that hangs does not hold up the others."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kling_nb import gateways, show
from kling_nb.doctor import folders, machine, sites
from kling_nb.show.checks import Check, checks, checks_text

if TYPE_CHECKING:
    from kling_nb.lab import Lab

_TITLE = "kling_nb doctor"
_NOTE = (
    "Keys are never shown. `%kling doctor --offline` asks no gateway; `%kling doctor --load` measures the event loop."
)

Examination = tuple[str, str, Callable[[], Iterable[Check]]]
"""Its group and its name, should it fail, and what it does."""


class Report:
    """What was found. Shows itself as a table.

    Attributes:
        checks: In the order in which they are shown.
    """

    def __init__(self, found: Sequence[Check]) -> None:
        self.checks = tuple(found)

    @property
    def bad(self) -> bool:
        """Whether something has to be mended before clips can be made as asked."""
        return any(check.health == "bad" for check in self.checks)

    def __repr__(self) -> str:
        return checks_text(self.checks, title=_TITLE, note=_NOTE)

    def _repr_html_(self) -> str:
        return checks(self.checks, title=_TITLE, note=_NOTE)

    def bundle(self) -> dict[str, str]:
        """As HTML and as text."""
        return show.bundle(self._repr_html_(), repr(self))


class Visit:
    """An examination that a cell waits for. What the cell itself has to be asked is asked when this is made.

    Args:
        lab: Whose folder, settings and keys.
        offline: Ask no gateway.
        limit: Seconds that a check may take; all run at once.
        env: Where proxies are named.
        tell: Gets the report.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        offline: bool = False,
        limit: float = 5.0,
        env: Mapping[str, str] = os.environ,
        tell: Callable[[Report], object] = lambda _: None,
    ) -> None:
        loop = machine.event_loop(runs=_in_loop())
        self._examinations = tuple(_examinations(lab, loop, env, offline=offline))
        self._limit = limit
        # Should an error or an answer hold a key after all.
        self._clean = lab.desks.scrubbed
        self._tell = tell

    async def ended(self) -> None:
        """Examine while the loop goes on: jobs are polled, widgets answer."""
        self._tell(await asyncio.to_thread(self.report))

    def block(self) -> None:
        """Examine and tell."""
        self._tell(self.report())

    def report(self) -> Report:
        """Examine. Never raises; blocks for the limit at the longest, or a little more."""
        clean = self._clean
        found = _all(self._examinations, self._limit)
        return Report([replace(check, said=clean(check.said), cure=clean(check.cure)) for check in found])


def examine(lab: Lab, *, offline: bool = False, limit: float = 5.0, env: Mapping[str, str] = os.environ) -> Report:
    """Look at everything and block for it; takes what :class:`Visit` takes."""
    return Visit(lab, offline=offline, limit=limit, env=env).report()


def _examinations(lab: Lab, loop: machine.Loop, env: Mapping[str, str], *, offline: bool) -> Iterator[Examination]:
    python, output, remote = "This Python", "Output folder", "Gateways"
    reach = lab.reach  # of the cell that asks, and not of a thread
    yield python, "Python", partial(machine.pythons, loop)
    yield python, "packages", machine.packages
    yield python, "widgets", machine.pairs
    told = f"{reach.place.label}. {reach.place.remark}".strip()
    yield python, "front end", lambda: [Check(python, "front end", "ok", told)]
    yield python, "proxies", partial(machine.proxies, env)
    yield output, "folder", partial(folders.folder, lab)
    yield output, "served", partial(folders.served, lab, reach)
    yield output, "journal", partial(folders.journal, lab)
    yield remote, "chosen", partial(sites.chosen, lab)
    yield remote, "sandbox", sites.sandbox
    for name in sites.names():
        yield remote, gateways.label(name), partial(sites.site, lab, name, offline=offline)


def _all(examinations: Iterable[Examination], limit: float) -> list[Check]:
    """Every examination on a thread of its own: a disk or a network that hangs holds nobody up."""
    running = [_Running(*one) for one in examinations]
    deadline = time.monotonic() + limit
    for one in running:
        one.thread.start()
    return [check for one in running for check in one.ended(max(deadline - time.monotonic(), 0.0), limit)]


class _Running:
    def __init__(self, group: str, what: str, act: Callable[[], Iterable[Check]]) -> None:
        self._group = group
        self._what = what
        self._act = act
        self._found: list[Check] = []
        self.thread = threading.Thread(target=self._run, name="kling_nb-doctor", daemon=True)

    def ended(self, seconds: float, limit: float) -> Sequence[Check]:
        """What it has found; that it is still looking, if it is."""
        self.thread.join(seconds)
        if not self.thread.is_alive():
            return self._found
        late = Check(
            self._group, self._what, "warn", f"No answer within {limit:g} s.", "Run it again; then ask why it is slow."
        )
        return [*self._found, late]

    def _run(self) -> None:
        try:
            for check in self._act():
                self._found.append(check)
        except Exception as error:  # noqa: BLE001 - a doctor that falls ill at the sight of an illness is none
            said = f"Could not be looked at ({type(error).__name__}: {error})."
            self._found.append(Check(self._group, self._what, "warn", said))


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
