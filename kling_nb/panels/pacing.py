"""How often a panel is drawn: a few times a second while something is under way, and once more when all is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

TICK = 0.33
"""Seconds between two updates of one widget. One message each: ten thousand rows a second arrive, ten thousand
messages do not."""

_IDLE = 1.0
_DRAWING_SHARE = 20


async def follow(draw: Callable[[], bool], finish: Callable[[], None], wake: asyncio.Event, *, asleep: bool) -> None:
    """Draw for ever, or until the task is cancelled.

    Args:
        draw: Draws what has changed; tells whether something is still under way.
        finish: Sends everything once more, when the last one is over: a lost message would never be repaired.
        wake: Set by whoever knows of a change.
        asleep: While nothing is under way, wait for ``wake`` alone instead of looking every second.
    """
    lively = False
    while True:
        wake.clear()
        before = time.perf_counter()
        was, lively = lively, draw()
        # Drawing a thousand rows takes a while: never more than a twentieth of the loop's time.
        tick = max(TICK, _DRAWING_SHARE * (time.perf_counter() - before))
        if was and not lively:
            finish()
        if lively:
            await asyncio.sleep(tick)
        elif asleep:
            await wake.wait()
        else:
            await asyncio.sleep(max(tick, _IDLE) if not wake.is_set() else tick)
