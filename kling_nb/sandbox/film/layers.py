"""What a shot is made of: sheets of painted scenery, the camera's place, and the frames that come out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kling_nb.sandbox.film.lens import Bytes

CLEAR = 255
"""How transparent a place is where nothing was painted."""


class Frame:
    """One picture of the film, as the encoder works inside (NV12): Y above, and U and V in turn below it."""

    __slots__ = ("buffer", "uv", "y")

    def __init__(self, width: int, height: int) -> None:
        self.buffer: Bytes = np.empty((height * 3 // 2, width), np.uint8)
        self.y: Bytes = self.buffer[:height]
        self.uv: Bytes = self.buffer[height:]

    def blend(self, other: Frame, amount: float) -> None:
        """Fade into the other frame: 0 is this one, 1 the other, exactly."""
        weight = round(amount * 256)
        mixed = np.multiply(self.buffer, np.uint16(256 - weight), dtype=np.uint16)
        mixed += np.multiply(other.buffer, np.uint16(weight), dtype=np.uint16)
        mixed += np.uint16(128)
        mixed >>= np.uint16(8)
        self.buffer[:] = mixed


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the camera is, for a layer as near as the subject (``near`` 1).

    Attributes:
        zoom: Enlarges every layer alike (the lens).
        dolly: Enlarges near layers more than far ones (the camera's place).
        pan: (x, y) in frame widths and heights that every layer moves alike.
        truck: (x, y) that near layers move more than far ones.
    """

    zoom: float = 1.0
    dolly: float = 1.0
    pan: tuple[float, float] = (0.0, 0.0)
    truck: tuple[float, float] = (0.0, 0.0)

    def since(self, other: Pose) -> Pose:
        """This pose as seen from another one, which itself becomes the rest pose."""
        return Pose(
            self.zoom / other.zoom,
            self.dolly / other.dolly,
            (self.pan[0] - other.pan[0], self.pan[1] - other.pan[1]),
            (self.truck[0] - other.truck[0], self.truck[1] - other.truck[1]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One sheet of scenery: premultiplied planes and how much of what is behind shines through.

    Attributes:
        y, u, v: Premultiplied by the coverage; u and v have half the size.
        through: Transparency 0..255 at full size; None is opaque everywhere.
        through_half: The same at half size.
        origin: Place of the texture's left upper corner in the resting frame, pixels.
        near: 0 at infinity, 1 at the subject, more in front of it.
        box: First and last painted column and row (left, top, right, bottom).
        solid: The first row from which everything is opaque.
        focus: The point that a zoom leaves in place, as fractions of the frame.
        drift: Pixels per second that it moves by itself.
        sway: (x, y, seconds): it swings this far, pixels, in this period.
        soft: Nothing in it is sharp, so the nearest pixel will do.
    """

    y: Bytes
    u: Bytes
    v: Bytes
    through: Bytes | None
    through_half: Bytes | None
    origin: tuple[float, float]
    near: float
    box: tuple[int, int, int, int]
    solid: int
    focus: tuple[float, float] = (0.5, 0.5)
    drift: tuple[float, float] = (0.0, 0.0)
    sway: tuple[float, float, float] = (0.0, 0.0, 1.0)
    soft: bool = False

    def parts(self, gap: int) -> list[Layer]:
        """The layer cut at gaps wider than so many pixels: what is empty costs time too."""
        if self.through is None:
            return [self]
        painted = np.flatnonzero(self.through.min(axis=0) < CLEAR)
        breaks = np.flatnonzero(np.diff(painted) > gap)
        if not breaks.size:
            return [self]
        starts, ends = painted[np.r_[0, breaks + 1]], painted[np.r_[breaks, -1]] + 1
        return [self._piece(int(a) // 2 * 2, (int(b) + 1) // 2 * 2) for a, b in zip(starts, ends, strict=True)]

    def _piece(self, left: int, right: int) -> Layer:
        whole, half = np.s_[:, left:right], np.s_[:, left // 2 : right // 2]
        through, through_half = self.through, self.through_half
        if through is None or through_half is None:
            return self
        rows = np.flatnonzero(through[whole].min(axis=1) < CLEAR)
        return replace(
            self,
            y=self.y[whole],
            u=self.u[half],
            v=self.v[half],
            through=through[whole],
            through_half=through_half[half],
            origin=(self.origin[0] + left, self.origin[1]),
            box=(0, int(rows[0]), right - left, int(rows[-1]) + 1),
            solid=self.y.shape[0],
        )

    def moving(self, drift: tuple[float, float] = (0.0, 0.0), sway: tuple[float, float, float] = (0, 0, 1)) -> Layer:
        """The same layer with a motion of its own."""
        return replace(self, drift=drift, sway=sway)
