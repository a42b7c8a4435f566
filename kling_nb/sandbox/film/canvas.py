"""Painting: a sheet a little larger than the frame, painted once in the encoder's own colour space."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from kling_nb.sandbox.film.layers import Layer

if TYPE_CHECKING:
    from kling_nb.sandbox.film.noise import Floats

Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""


def yuv(colour: Colour) -> tuple[float, float, float]:
    """A colour as 8-bit BT.709 Y, U, V of limited range (ITU-R BT.709-6, items 3.2 to 3.5)."""
    red, green, blue = (c / 255 for c in colour)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748


def mix(a: Colour, b: Colour, amount: float) -> Colour:
    """The colour so far (0 to 1) on the way from ``a`` to ``b``."""
    return (a[0] + (b[0] - a[0]) * amount, a[1] + (b[1] - a[1]) * amount, a[2] + (b[2] - a[2]) * amount)


def lit(material: Colour, light: Colour) -> Colour:
    """What a material looks like in a light (both 0 to 255)."""
    return (material[0] * light[0] / 255, material[1] * light[1] / 255, material[2] * light[2] / 255)


class Canvas:
    """A sheet to paint on with washes of colour.

    Weights are arrays of the sheet's shape (or that broadcast to it), 0 to 1. ``x`` (1, w) and ``y`` (h, 1) are the
    places of its pixels in the resting frame.
    """

    def __init__(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        self.left, self.top = left // 2 * 2, top // 2 * 2
        width = max(4, (right - self.left + 1) // 2 * 2)
        height = max(4, (bottom - self.top + 1) // 2 * 2)
        self.shape = (height, width)
        self.x: Floats = np.arange(width, dtype=np.float32)[None, :] + self.left
        self.y: Floats = np.arange(height, dtype=np.float32)[:, None] + self.top
        luma, blue, red = yuv(colour)
        self._y: Floats = np.full(self.shape, luma, np.float32)
        self._u: Floats = np.full((height // 2, width // 2), blue, np.float32)
        self._v: Floats = np.full((height // 2, width // 2), red, np.float32)
        self.cover: Floats = np.ones(self.shape, np.float32)

    def wash(self, weight: Floats, colour: Colour) -> None:
        """Lay a colour over what is there."""
        luma, blue, red = yuv(colour)
        half = weight[:: min(2, weight.shape[0]), :: min(2, weight.shape[1])]
        for plane, tone, part in ((self._y, luma, weight), (self._u, blue, half), (self._v, red, half)):
            way = np.float32(tone) - plane
            way *= part
            np.add(plane, way, out=plane)

    def pour(self, y: Floats, u: Floats, v: Floats) -> None:
        """Begin with a ready picture of the sheet's shape."""
        self._y[:], self._u[:], self._v[:] = y, u, v

    def layer(self, near: float, focus: tuple[float, float] = (0.5, 0.5), *, soft: bool = False) -> Layer:
        """Dry the paint: 8-bit planes, dithered so that skies show no bands."""
        height, width = self.shape
        dither = np.tile(_dither(), (height // 512 + 1, width // 512 + 1))[:height, :width]
        opaque = bool(self.cover.min() >= 1)
        # Multiplied by coverage, so that laying over is one product and one sum.
        cover = np.clip(self.cover, 0, 1)
        half = (cover[::2, ::2] + cover[1::2, 1::2]) / 2
        box, solid = (0, 0, width, height), 0
        if not opaque:
            rows, columns = np.flatnonzero(cover.max(axis=1) > 0), np.flatnonzero(cover.max(axis=0) > 0)
            if rows.size:
                box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            holes = np.flatnonzero(cover.min(axis=1) < 1)
            solid = (int(holes[-1]) + 4) // 2 * 2 if holes.size else 0  # a whole row of colour after the last hole
        quarter = dither[::2, ::2]
        return Layer(
            y=(np.clip(self._y, 16, 235) * cover + dither).astype(np.uint8),
            u=(np.clip(self._u, 16, 240) * half + quarter).astype(np.uint8),
            v=(np.clip(self._v, 16, 240) * half + quarter).astype(np.uint8),
            through=None if opaque else (255.5 - 255 * cover).astype(np.uint8),
            through_half=None if opaque else (255.5 - 255 * half).astype(np.uint8),
            origin=(self.left, self.top),
            near=near,
            box=box,
            solid=solid,
            focus=focus,
            soft=soft,
        )


@cache
def _dither() -> Floats:
    return np.random.default_rng(7).random((512, 512), dtype=np.float32)
