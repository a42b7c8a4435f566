"""Repeatable roughness: the few kinds of noise that hills, clouds and grain are made of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
"""Fields to paint with; 32 bits wherever speed matters."""


def smooth(low: float | Floats, high: float | Floats, value: Floats) -> Floats:
    """The cubic step from 0 at ``low`` to 1 at ``high`` (which may be the smaller one)."""
    t: NDArray[np.float32] = ((value - low) / (high - low)).astype(np.float32, copy=False)
    np.clip(t, 0, 1, out=t)
    out = 3 - 2 * t
    out *= t
    out *= t
    return out


def curve(rng: np.random.Generator, at: Floats, octaves: int = 4, rough: float = 0.5) -> Floats:
    """A fractal curve in -1..1 at the places ``at``, one bump per unit in its coarsest octave."""
    out = np.zeros_like(at, dtype=np.float32)
    weight, total = 1.0, 0.0
    for octave in range(octaves):
        place = at * 2**octave + rng.uniform(0, 64)
        cell = np.floor(place).astype(np.intp)
        knots = rng.uniform(-1, 1, 257).astype(np.float32)
        t = (place - cell).astype(np.float32)
        t = t * t * (3 - 2 * t)
        out += weight * (knots[cell % 256] * (1 - t) + knots[(cell + 1) % 256] * t)
        total += weight
        weight *= rough
    return out / np.float32(total)


def stretch(grid: Floats, height: int, width: int) -> Floats:
    """A coarse grid enlarged smoothly to the given size."""
    rows = _spread(grid.shape[0], height)
    columns = _spread(grid.shape[1], width)
    tall = grid[rows[0]] * (1 - rows[1][:, None]) + grid[rows[0] + 1] * rows[1][:, None]
    # Taking whole rows is fast and taking columns is not: turn the picture instead.
    turned = np.ascontiguousarray(tall.T)
    wide = turned[columns[0]] * (1 - columns[1][:, None]) + turned[columns[0] + 1] * columns[1][:, None]
    return np.ascontiguousarray(wide.T)


def clouds(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float], octaves: int = 4) -> Floats:
    """A fractal field in 0..1 of the shape (rows, columns), with so many cells down and across."""
    height, width = shape
    coarse = max(1, min(height, width) // 160)  # nothing in a cloud is finer than this many pixels
    low = (max(2, height // coarse), max(2, width // coarse))
    out = np.zeros(low, np.float32)
    total = 0.0
    for octave in range(octaves):
        down, across = (max(2, round(c * 2**octave) + 2) for c in cells)
        weight = 0.5**octave
        out += weight * stretch(rng.random((down, across), dtype=np.float32), *low)
        total += weight
    out /= np.float32(total)
    return stretch(out, height, width) if coarse > 1 else out


def _spread(cells: int, length: int) -> tuple[NDArray[np.intp], Floats]:
    place = np.linspace(0, cells - 1.001, length, dtype=np.float32)
    cell = place.astype(np.intp)
    t = place - cell
    return cell, (t * t * (3 - 2 * t)).astype(np.float32)
