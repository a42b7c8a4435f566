"""How long a gateway keeps what it has made: a word on jobs that were left open for days."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kling_nb import gateways
from kling_nb.errors import OptionError

if TYPE_CHECKING:
    from kling_nb.life import JobState

_DAY = 86_400.0


def expiry(state: JobState, now: float) -> str:
    """What to know about the result link of an open job that is more than a day old; "" for all others."""
    if state.terminal or state.sent is None or now - state.sent < _DAY:
        return ""
    try:
        place = gateways.gateway(state.gateway)
    except OptionError:  # registered in an earlier kernel, or played by the sandbox
        return ""
    if place.scheme == "none":  # the sandbox paints a film again when it is asked for
        return ""
    if place.keeps_days is None:
        return f"{place.label} does not say how long it keeps results: fetch this one soon."
    left = math.floor(place.keeps_days - (now - state.sent) / _DAY)
    if left < 1:
        return f"{place.label} deletes results after {place.keeps_days} days: this one may be gone."
    days = "one day" if left == 1 else f"{left} days"
    return f"{place.label} deletes results after {place.keeps_days} days: this one is there for {days} more."
