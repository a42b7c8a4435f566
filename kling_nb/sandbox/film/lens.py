"""The lens: textures seen at sub-pixel places, with as few passes over memory as numpy allows.

A texture is looked at in rows and then in columns. Both weights have four bits, so that a byte
times both of them fills sixteen bits exactly and nothing has to be rounded in between. Bytes that
belong to one pixel (brightness and what shines through; two colours) lie side by side and are
gathered as one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint16]
STEPS = 16
"""Places between two pixels that are told apart."""
_RUN = 26
"""Pixels: runs from this length on are faster copied than gathered (measured)."""
_WIDER: dict[int, type[np.unsignedinteger[Any]]] = {1: np.uint16, 2: np.uint32, 4: np.uint64}
"""By the bytes of a pixel: the number that holds them when each has grown to sixteen bits."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a run of the frame's pixels lies in a texture, along one axis.

    Attributes:
        at: The texture's pixel before each place, and one more at the end.
        weight: How much of the pixel after it is seen, in sixteenths.
        nearest: The texture's pixel that is nearest to each place.
        dense: No pixel of the texture is skipped.
    """

    at: NDArray[np.intp]
    weight: Words
    nearest: NDArray[np.intp]
    dense: bool

    @classmethod
    def of(cls, first: int, count: int, start: float, step: float, size: int) -> Self:
        """Frame pixel ``i`` lies at ``start + step * i``, held within a texture of this size."""
        place = start + step * np.arange(first, first + count + 1)
        fine = (np.clip(place, 0, size - 1 - 1 / STEPS) * STEPS + 0.5).astype(np.intp)
        np.minimum(fine, (size - 1) * STEPS - 1, out=fine)
        at = fine >> 4
        weight = (fine[:-1] & (STEPS - 1)).astype(np.uint16)
        at[-1] = max(at[-1], min(at[-2] + 1, size - 1))
        return cls(at, weight, (fine[:-1] + STEPS // 2) >> 4, step <= 1)

    def part(self, first: int, end: int) -> Grid:
        """The same for some of the run."""
        return Grid(self.at[first : end + 1], self.weight[first:end], self.nearest[first:end], self.dense)


def nearest(texture: NDArray[Any], rows: Grid, columns: Grid) -> NDArray[Any]:
    """A texture's pixels nearest to the grid's places."""
    left, right = int(columns.nearest[0]), int(columns.nearest[-1]) + 1
    return _across(texture[rows.nearest, left:right], columns.nearest - left)


def between(texture: NDArray[Any], rows: Grid, columns: Grid) -> NDArray[Any]:
    """A texture at the grid's places, mixed from its four pixels there, byte by byte."""
    left, right = int(columns.at[0]), int(columns.at[-2]) + 2
    size = texture.dtype.itemsize
    seen = texture.view(np.uint8)[:, left * size : right * size]
    tall = _mixed(*_neighbours(seen, rows), rows.weight[:, None])
    inside, pixels = columns.at - left, tall.view(_WIDER[size])
    if columns.dense:
        taken = _across(pixels, np.minimum(inside, right - left - 1)).view(np.uint16)
        pair = taken[:, :-size], taken[:, size:]
    else:
        before, after = inside[:-1], inside[:-1] + 1
        pair = pixels.take(before, axis=1).view(np.uint16), pixels.take(after, axis=1).view(np.uint16)
    mixed = _mixed(pair[0], pair[1], np.repeat(columns.weight, size)[None, :])
    mixed += np.uint16(128)
    mixed >>= np.uint16(8)
    return mixed.astype(np.uint8).view(texture.dtype)


def _neighbours(texture: Bytes, rows: Grid) -> tuple[Words, Words]:
    """The rows before and after each place.

    Where no row is skipped the row after is taken to be the next place's row before. They differ only where two
    places share a row, and there the row after weighs less than the two places are short of a whole step.
    """
    if not rows.dense:
        return texture[rows.at[:-1]].astype(np.uint16), texture[rows.at[:-1] + 1].astype(np.uint16)
    taken = texture[rows.at].astype(np.uint16)
    return taken[:-1], taken[1:]


def _across(pixels: NDArray[Any], at: NDArray[np.intp]) -> NDArray[Any]:
    """Columns of pixels; where a gentle zoom leaves long runs of neighbours, whole runs are copied at once."""
    cuts = np.flatnonzero(np.diff(at) != 1) + 1
    if cuts.size * _RUN > at.size:
        return pixels.take(at, axis=1)
    seen = np.empty((pixels.shape[0], at.size), pixels.dtype)
    edges = [0, *cuts.tolist(), at.size]
    for first, end, place in zip(edges, edges[1:], at[edges[:-1]].tolist(), strict=False):
        seen[:, first:end] = pixels[:, place : place + end - first]
    return seen


def _mixed(a: Words, b: Words, weight: Words) -> Words:
    mixed: Words = np.multiply(a, np.uint16(STEPS) - weight)
    mixed += np.multiply(b, weight)
    return mixed


def lay_over(below: Bytes, paint: Bytes, through: Bytes | Words) -> None:
    """Put premultiplied paint over a plane, in place; exact where nothing is painted (``through`` 255)."""
    seen = np.multiply(below, through, dtype=np.uint16)
    seen += np.uint16(255)
    seen >>= np.uint16(8)
    np.add(seen.astype(np.uint8), paint, out=below)
