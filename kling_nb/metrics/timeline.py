"""What goes wrong in time: frozen, black, cut, flickering. Everything from frames 320 pixels wide."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kling_nb.metrics.reel import Reel, apart, blocks
from kling_nb.metrics.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.floating[Any]]

_PATIENCE = 0.5
"""Seconds over which a picture that stands has not changed: noise stays what it is, the slowest motion adds up."""

_HELD = 2.4
"""Largest mean difference of any block of pixels, over that time, of a picture that stands.

Means of whole frames cannot tell: a candle in a dark room changes a frame less than a new key frame does. Stills with
grain and key frames came to 2.1, the slowest motion that was tried (a zoom by 2 % in 5 s) to 2.7 and up.
"""

_POP = 1.0
"""Mean difference across a new key frame of a picture that stands: the encoder draws the same thing anew."""

_STALLED = 0.2
"""Share of the change around it that a frame of a stutter shows at most."""

_STIR = 0.5
"""Change from frame to frame below which a stutter could not be seen."""

_BLACK = 0.98
_JUMP = 10.0
_ABOVE = 3.0
_LIVELY = 0.75
"""Which of its neighbours a jump is held against: in a stutter, every second one stands still."""

_NEAR = 6
_FLASH = 3
"""Frames after which the picture is back, if it was a flash and not a cut."""


@metric("freeze", unit="share of the frames", better="lower")
def freeze(reel: Reel, _: Mapping[str, Any]) -> dict[str, float]:
    """Where the picture stands still.

    Returns:
        ``value``, the share of frames in stretches in which nothing moves; ``longest``, the seconds of the longest,
        which begins ``at``; ``repeats``, the share of the other frames that repeat the one before (a stutter).
    """
    lit = ~blacks(reel)  # black frames are told for themselves
    steps = np.array([np.inf, *(_most(*pair) for pair in pairwise(reel.luma))])
    held = _held(reel, steps) & lit
    start, end = max(_runs(held), key=lambda run: run[1] - run[0], default=(0, 0))
    moving = np.flatnonzero(lit & ~held)[1:]
    return {
        "value": float(held.mean()),
        "longest": (end - start) / reel.fps,
        "at": float(reel.times[max(0, start - 1)]),
        "repeats": float(np.mean([_stalled(reel, index) for index in moving.tolist()])) if moving.size else 0.0,
    }


@metric("black", unit="share of the frames", better="lower")
def black(reel: Reel, _: Mapping[str, Any]) -> dict[str, float]:
    """Black frames: ``value`` is their share, ``count`` their number, the first stands ``at``."""
    found = blacks(reel)
    first = int(found.argmax())
    return {"value": float(found.mean()), "count": float(found.sum()), "at": float(reel.times[first])}


@metric("cuts", unit="cuts", better="neither")
def cuts(reel: Reel, asked: Mapping[str, Any]) -> dict[str, float]:
    """Hard cuts and jumps: ``value`` is their number, the first stands ``at``, ``asked`` is how many shots make."""
    found = cut_frames(reel)
    shots = asked.get("shots") or 1
    return {
        "value": float(len(found)),
        "at": float(reel.times[found[0]]) if found else 0.0,
        "asked": float(max(1, shots) - 1),
    }


@metric("flicker", unit="1 - mean difference of neighbours / 255", better="higher", gate=("freeze", "dynamic"))
def flicker(reel: Reel, _: Mapping[str, Any]) -> float | None:
    """How like each other neighbouring frames are, by VBench's formula for temporal flickering: (255 - MAE) / 255."""
    if len(reel) < 2:  # noqa: PLR2004 - a pair
        return None
    return float((255 - reel.changes[1:].mean()) / 255)


@metric("pulse", unit="levels of 255", better="lower")
def pulse(reel: Reel, _: Mapping[str, Any]) -> float | None:
    """How unsteady the brightness is: the mean second difference of the frames' brightness, which motion leaves small.

    Cuts and black frames, which are told for themselves, are left out.
    """
    steps = np.abs(np.diff(reel.brightness, 2))
    spoilt = blacks(reel)
    spoilt[cut_frames(reel)] = True
    # The second difference of frames n, n + 1, n + 2 feels a cut before either of the last two and black in any.
    lasting = ~(spoilt[:-2] | spoilt[1:-1] | spoilt[2:])
    return float(steps[lasting].mean()) if lasting.any() else None


def blacks(reel: Reel) -> Flags:
    """Which frames are black."""
    found: Flags = reel.dark >= _BLACK
    return found


def cut_frames(reel: Reel) -> list[int]:
    """The frames that begin a new shot: far from the one before, where their neighbours lie close together."""
    return [index for index in np.flatnonzero(reel.changes >= _JUMP).tolist() if _cuts(reel, index)]


def breaks(reel: Reel) -> list[int]:
    """The frames that do not follow from the one before: those after a cut, and the first black or lit ones."""
    return sorted({*cut_frames(reel), *(np.flatnonzero(np.diff(blacks(reel))) + 1).tolist()})


def _usual(jumps: Floats, index: int) -> float:
    """How much the frames around one change."""
    near = np.r_[jumps[max(1, index - _NEAR) : index], jumps[index + 1 : index + 1 + _NEAR]]
    return float(np.quantile(near, _LIVELY)) if near.size else 0.0


def _stalled(reel: Reel, index: int) -> bool:
    """Whether a frame repeats the one before in the midst of motion."""
    usual = _usual(reel.changes, index)
    return usual >= _STIR and float(reel.changes[index]) < _STALLED * usual


def _cuts(reel: Reel, index: int) -> bool:
    dark = blacks(reel)
    apart_enough = float(reel.changes[index]) >= _ABOVE * _usual(reel.changes, index)
    return apart_enough and not dark[index - 1] and not dark[index] and not _flash(reel, index)


def _flash(reel: Reel, index: int) -> bool:
    """Whether the picture before is back, or was itself one that only flashed up."""
    before, after = reel.frames[index - 1], reel.frames[index]
    ahead = reel.frames[index + 1 : index + 1 + _FLASH]
    behind = reel.frames[max(0, index - 1 - _FLASH) : index - 1]
    near = [apart(before, later) for later in ahead] + [apart(after, earlier) for earlier in behind]
    return min(near, default=255.0) < float(reel.changes[index]) / 2


def _held(reel: Reel, steps: Floats) -> Flags:
    """Which frames belong to a stretch, ``_PATIENCE`` seconds or longer, in which the picture stands."""
    luma, stride = reel.luma, max(2, round(reel.fps * _PATIENCE))
    held = np.zeros(len(luma), bool)
    for index in range(stride, len(luma)):
        part = slice(index - stride + 1, index + 1)
        if steps[part].max() < _HELD and _most(luma[index - stride], luma[index]) < _HELD:
            held[part] = True
    runs = _runs(held)
    for (_, end), (start, _) in pairwise(runs):
        # A new key frame in the middle of a frozen stretch takes one frame out of it.
        if start - end == 1 and apart(luma[end - 1], luma[start]) < _POP:
            held[end:start] = True
    return held


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """First index and the one after the last of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _most(first: Bytes, second: Bytes) -> float:
    """The mean difference of the block in which two brightnesses differ most."""
    return float(blocks(first, second).max())
