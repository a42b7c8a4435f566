"""Honest progress: how long so far, how long it usually takes, and never stuck just before the end.

The bar's axis is time. Its filled part is the time that has passed, the lighter band is the usual
range. Once the range is over the axis grows with the clock, so the band drifts to the left and
the bar says "longer than usual" instead of pretending to be almost there.
"""

from __future__ import annotations

from dataclasses import dataclass

from kling_nb.show.view import LIVE, JobView
from kling_nb.show.words import clock, lasting, span

_ROOM = 1.08
"""The axis goes a little beyond the usual range, so that its end can be seen."""

_MOST = 0.96
"""The filled part never reaches the end before the clip does."""

_CREEP = 3.0
"""Seconds that the fill may move on by itself (CSS) between two updates; a dead kernel's card then stands still."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Positions along the bar, 0 to 1: the fill now and a moment later, and the usual range."""

    fill: float
    soon: float
    low: float
    high: float
    late: bool

    @property
    def style(self) -> str:
        """As CSS custom properties in percent."""
        places = {"f": self.fill, "s": self.soon, "l": self.low, "h": self.high}
        return ";".join(f"--{name}:{place * 100:.1f}%" for name, place in places.items())


def bar(view: JobView) -> Bar | None:
    """The bar of a job that is under way; None where nothing is known to draw."""
    if view.status not in LIVE or view.elapsed is None:
        return None
    if view.expected is None:
        if view.progress is None:
            return None
        told = min(max(view.progress, 0.0), 1.0) * _MOST
        return Bar(told, told, 1.0, 1.0, late=False)
    low, high = sorted(max(0.1, edge) for edge in view.expected)
    axis = max(high * _ROOM, view.elapsed / _MOST)
    moving = view.elapsed + (_CREEP if view.elapsed < high else 0.0)
    return Bar(
        fill=round(min(view.elapsed / axis, _MOST), 4),
        soon=round(min(moving / axis, _MOST), 4),
        low=low / axis,
        high=high / axis,
        late=view.elapsed > high,
    )


def timing(view: JobView) -> str:
    """How long so far and how much longer, in words: ``0:41 so far, ready in 40 to 70 s``; may be empty.

    The range that is said is what *remains* of :attr:`JobView.expected`.
    """
    if view.status == "done":
        return f"ready in {clock(view.elapsed)}" if view.elapsed is not None and not view.from_disk else ""
    if view.status not in LIVE:
        return f"after {clock(view.elapsed)}" if view.elapsed else ""
    ahead = f"{view.position} ahead" if view.position and view.status == "queued" else ""
    told = f"{view.progress:.0%} by the gateway's count" if view.progress and view.status == "running" else ""
    return ", ".join(part for part in (_so_far(view), ahead, told) if part)


def _so_far(view: JobView) -> str:
    low, high = sorted(view.expected) if view.expected else (0.0, 0.0)
    if not view.elapsed or view.elapsed < 1:
        return f"ready in {span(low, high)}" if high else ""
    passed = f"{clock(view.elapsed)} so far"
    if not high:
        return passed
    if view.elapsed > high:
        return f"longer than usual: {passed}, usually {span(low, high)}"
    if view.elapsed >= low or high - view.elapsed < 2:  # noqa: PLR2004 - a range of one second is no range
        return f"{passed}, ready within {lasting(max(1, round(high - view.elapsed)))}"
    return f"{passed}, ready in {span(low - view.elapsed, high - view.elapsed)}"
