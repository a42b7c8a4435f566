"""How a subject is written down: a few outlines in its own units, and where it stands.

In a shape's own units x goes to the right, y goes down, the ground is at 0 and the head near -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from kling_nb.sandbox.film.canvas import Colour

Points: TypeAlias = Sequence[tuple[float, float]]
Tone: TypeAlias = Literal["main", "light", "dark", "glow"]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece: ``blob`` runs smoothly through its points (twice the same point is a corner), ``poly`` straight."""

    kind: Literal["blob", "poly", "disc"]
    points: Points
    tone: Tone = "main"


@dataclass(frozen=True, slots=True)
class Shape:
    """A subject.

    Attributes:
        size: Height of one unit as a fraction of the frame's unit.
        foot: Where it stands, as a fraction of the frame from above.
        tones: Materials of its parts.
        sway: How it moves by itself, as fractions of its height (x, y) and the period in seconds.
        column: Where it stands across the frame.
        near: Its parallax.
        lamp: The colour of the light inside it, which its glowing parts and a halo round it have.
    """

    parts: tuple[Part, ...]
    main: Colour
    light: Colour = (236, 228, 216)
    dark: Colour = (34, 30, 34)
    size: float = 0.26
    foot: float = 0.885
    column: float = 0.5
    sway: tuple[float, float, float] = (0.0, 0.0, 1.0)
    near: float = 1.0
    lamp: Colour | None = None


def blob(path: str, tone: Tone = "main") -> Part:
    """A smooth outline through "x,y x,y ..."."""
    return Part("blob", _points(path), tone)


def poly(path: str, tone: Tone = "main") -> Part:
    """A straight outline through "x,y x,y ..."."""
    return Part("poly", _points(path), tone)


def disc(x: float, y: float, across: float, down: float, tone: Tone = "main") -> Part:
    """An ellipse by its middle and its two radii."""
    return Part("disc", ((x, y), (across, down)), tone)


def _points(path: str) -> Points:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in path.split())]


def extent(part: Part) -> Points:
    """Points between which all of a part lies, but for the swing of its curves."""
    if part.kind != "disc":
        return part.points
    (x, y), (rx, ry) = part.points
    return [(x - rx, y - ry), (x + rx, y + ry)]


def outline(part: Part) -> Points:
    """A part as a polygon."""
    if part.kind == "poly":
        return part.points
    if part.kind == "disc":
        (x, y), (rx, ry) = part.points
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        return list(zip((x + rx * np.cos(angles)).tolist(), (y + ry * np.sin(angles)).tolist(), strict=True))
    points = np.array(part.points)
    before, after, beyond = np.roll(points, 1, 0), np.roll(points, -1, 0), np.roll(points, -2, 0)
    runs = (points != after).any(axis=1)  # a doubled point is a corner, not a curve of its own
    # A Catmull-Rom spline: it runs through every point, so that drawing is listing points.
    speed, bend = after - before, 2 * before - 5 * points + 4 * after - beyond
    turn = 3 * points - before - 3 * after + beyond
    out = [0.5 * (2 * points + t * (speed + t * (bend + t * turn))) for t in np.linspace(0, 1, 8, endpoint=False)]
    path = np.stack(out, 1)[runs].reshape(-1, 2)
    return [(float(x), float(y)) for x, y in path]
