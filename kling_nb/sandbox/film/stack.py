"""Filming: layers laid over one another where the camera sees them.

A frame is nothing but sampling textures at sub-pixel places, as 8-bit planes (4:2:0), which is
what the encoder takes. That is what makes 720p several times faster than real time in numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kling_nb.sandbox.film.lens import Grid, between, lay_over, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kling_nb.sandbox.film.layers import Frame, Layer, Pose

_NEAR = 0.9
"""From here on a layer's colours are sampled as finely as its brightness."""


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """A layer's planes with the bytes of one pixel side by side, so that one gathering fetches them all.

    Attributes:
        y, uv: Brightness, and both colours.
        ink: Brightness and transparency, down to the row where everything is opaque.
        tint: Both colours and twice the transparency, likewise.
    """

    layer: Layer
    y: NDArray[np.uint8]
    uv: NDArray[np.uint16]
    ink: NDArray[np.uint16] | None
    tint: NDArray[np.uint32] | None

    @classmethod
    def of(cls, layer: Layer) -> Self:
        uv = _beside(layer.u, layer.v).view("<u2")[..., 0]
        if layer.through is None or layer.through_half is None:
            return cls(layer, layer.y, uv, None, None)
        rows = min(layer.y.shape[0], layer.solid // 2 * 2 + 10)  # a few more: a row is mixed with the next one
        top, half = np.s_[:rows], np.s_[: rows // 2]
        hole = layer.through_half[half]
        ink = _beside(layer.y[top], layer.through[top]).view("<u2")[..., 0]
        tint = _beside(layer.u[half], layer.v[half], hole, hole).view("<u4")[..., 0]
        return cls(layer, layer.y, uv, ink, tint)


def _beside(*planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack(planes, axis=-1)


@dataclass(slots=True)
class _View:
    """A layer as the camera sees it now."""

    film: _Film
    start: tuple[float, float]
    step: float
    left: int
    right: int
    top: int
    bottom: int
    solid: int

    @classmethod
    def of(cls, film: _Film, pose: Pose, seconds: float, width: int, height: int) -> Self:
        layer = film.layer
        zoom = pose.zoom * (1 + (pose.dolly - 1) * layer.near)
        swing = np.sin(2 * np.pi * seconds / layer.sway[2])
        move_x = (pose.pan[0] + pose.truck[0] * layer.near) * width
        move_y = (pose.pan[1] + pose.truck[1] * layer.near) * height
        move_x -= layer.drift[0] * seconds + layer.sway[0] * swing
        move_y -= layer.drift[1] * seconds + layer.sway[1] * swing
        centre_x, centre_y = layer.focus[0] * width, layer.focus[1] * height
        step = 1 / zoom
        start_x = centre_x * (1 - step) + move_x - layer.origin[0]
        start_y = centre_y * (1 - step) + move_y - layer.origin[1]
        left, top, right, bottom = layer.box
        texture_height, texture_width = layer.y.shape
        # A sheet that was painted beyond the frame's edge goes on for ever; a sprite ends where it ends.
        left_open, top_open = layer.origin[0] < 0 and left == 0, layer.origin[1] < 0 and top == 0
        right_open = layer.origin[0] + texture_width > width and right == texture_width
        bottom_open = layer.origin[1] + texture_height > height and bottom == texture_height
        return cls(
            film,
            (start_x, start_y),
            step,
            0 if left_open else _even((left - 1 - start_x) / step, width),
            width if right_open else _even((right + 1 - start_x) / step + 2, width),
            0 if top_open else _even((top - 1 - start_y) / step, height),
            height if bottom_open else _even((bottom + 1 - start_y) / step + 2, height),
            height if layer.solid >= texture_height else _even((layer.solid - start_y) / step + 2, height),
        )

    def draw(self, frame: Frame, bottom: int) -> None:
        """Lay it over the frame down to the row ``bottom``, below which nearer layers hide it."""
        end = min(self.bottom, bottom)
        if self.left >= self.right or self.top >= end:
            return
        solid = self.top if self.film.ink is None else min(max(self.solid, self.top), end)
        self._brightness(frame.y[self.top : end, self.left : self.right], solid - self.top)
        self._colour(frame.uv[self.top // 2 : end // 2, self.left : self.right], (solid - self.top) // 2)

    def _brightness(self, below: NDArray[np.uint8], holes: int) -> None:
        """Draw into the frame's Y; the upper so many rows may have holes."""
        film = self.film
        height, width = film.y.shape
        rows = Grid.of(self.top, below.shape[0], self.start[1], self.step, height)
        columns = Grid.of(self.left, below.shape[1], self.start[0], self.step, width)
        look = nearest if film.layer.soft else between
        if film.ink is not None and holes:
            ink = look(film.ink, rows.part(0, holes), columns)
            lay_over(below[:holes], ink.astype(np.uint8), ink >> np.uint16(8))
        if holes < below.shape[0]:
            below[holes:] = look(film.y, rows.part(holes, below.shape[0]), columns)

    def _colour(self, below: NDArray[np.uint8], holes: int) -> None:
        """Draw into the frame's U and V, which hold every second pixel: the same step from half the start."""
        film = self.film
        height, width = film.uv.shape
        x, y = (place / 2 + (self.step - 1) / 4 for place in self.start)
        rows = Grid.of(self.top // 2, below.shape[0], y, self.step, height)
        columns = Grid.of(self.left // 2, below.shape[1] // 2, x, self.step, width)
        # Nobody sees where colour ends to a fraction of a pixel; brightness draws the edges.
        look = nearest if film.layer.soft or film.layer.near < _NEAR else between
        if film.tint is not None and holes:
            tint = look(film.tint, rows.part(0, holes), columns)
            lay_over(below[:holes], _bytes(tint), _bytes(tint >> np.uint32(16)))
        if holes < below.shape[0]:
            below[holes:] = _bytes(look(film.uv, rows.part(holes, below.shape[0]), columns))


def _bytes(pairs: NDArray[Any]) -> NDArray[np.uint8]:
    """The two lowest bytes of each number, side by side."""
    return pairs.astype(np.uint16, copy=False).view(np.uint8)


def _even(place: float, limit: int) -> int:
    return min(max(int(place) // 2 * 2, 0), limit)


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Layers from far to near; the first one is opaque."""

    films: tuple[_Film, ...]

    @classmethod
    def of(cls, layers: Iterable[Layer]) -> Self:
        """Layers as they were painted, made ready for the lens."""
        return cls(tuple(_Film.of(layer) for layer in layers))

    def draw(self, frame: Frame, pose: Pose, seconds: float) -> None:
        """Compose one frame."""
        height, width = frame.y.shape
        views = [_View.of(film, pose, seconds, width, height) for film in self.films]
        bottoms, hidden = [], height
        for view in reversed(views):
            bottoms.append(hidden)
            if view.left == 0 and view.right == width and view.bottom == height:
                hidden = min(hidden, max(view.solid, view.top))
        for view, bottom in zip(views, reversed(bottoms), strict=True):
            view.draw(frame, bottom)
