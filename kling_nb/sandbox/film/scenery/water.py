"""Water and wet ground: what stands above, upside down, broken by waves and lit by the sun's path."""

from __future__ import annotations

import numpy as np

from kling_nb.sandbox.film.canvas import Canvas, Colour, mix
from kling_nb.sandbox.film.layers import Frame, Layer, Pose
from kling_nb.sandbox.film.noise import clouds, curve, smooth
from kling_nb.sandbox.film.scenery.land import ROCK
from kling_nb.sandbox.film.scenery.site import Ridge, Site, finish, paint_ridge
from kling_nb.sandbox.film.scenery.sky import paint_sky
from kling_nb.sandbox.film.stack import Stack

SAND: Colour = (240, 214, 168)
FOAM: Colour = (236, 244, 246)
HORIZON = 0.60
"""The sea's horizon as a fraction of the frame from above."""


def sea(site: Site) -> list[Layer]:
    """Open water before a far coast."""
    layers = [paint_sky(site, HORIZON + 0.02, 0.75)]
    for ridge in (
        Ridge(HORIZON - 0.005, 0.055, 0.55, 0.10, 5, 0.48, floor=0.9),
        Ridge(HORIZON + 0.012, 0.035, 0.42, 0.24, 5, 0.5, floor=0.7),
    ):
        canvas, _ = paint_ridge(site, ridge, mix(ROCK, (70, 96, 110), 0.5))
        layers.append(finish(site, canvas, ridge.near))
    deep = mix(site.shady((58, 122, 140), 0.9), (6, 20, 34), 0.35)
    layers.append(paint_water(site, layers, HORIZON, deep, 0.55))
    if site.grounded:
        layers.append(paint_sand(site))
    return layers


def paint_sand(site: Site) -> Layer:
    """A strip of foam, wet sand, and dry sand to stand on."""
    ridge = Ridge(0.80, 0.012, 1.3, 1.0, 3, 0.35, floor=0)
    canvas, depth = paint_ridge(site, ridge, SAND)
    canvas.wash(np.full_like(depth, 0.4), site.sunny(SAND, 1.0))
    canvas.wash(smooth(0.05 * site.height, 0.0, depth) * np.float32(0.5), site.shady(mix(SAND, (70, 60, 60), 0.5), 0.9))
    lace = clouds(site.rng, canvas.shape, (10, 30 * canvas.shape[1] / site.unit), 3)
    edge = (0.010 + 0.016 * lace) * np.float32(site.height)
    canvas.wash(smooth(edge + 1.5, edge, depth) * np.float32(0.85), site.sunny(FOAM, 1.0))
    grain = clouds(site.rng, canvas.shape, (14, 5 * canvas.shape[1] / site.unit), 3)
    canvas.wash(smooth(0.5, 0.8, grain) * smooth(0.03, 0.1, depth / site.height) * 0.28, site.shady(SAND, 1.0))
    return finish(site, canvas, ridge.near)


def paint_water(
    site: Site, above: list[Layer], horizon: float, deep: Colour, clear: float, rough: float = 1.0
) -> Layer:
    """A level surface that mirrors the layers above it; ``clear`` (0 to 1) is how much of a mirror it is."""
    mirror = Frame(site.width, site.height)
    Stack.of(above).draw(mirror, Pose(), 0.0)
    canvas = site.sheet(deep, top=horizon)
    rows, columns = canvas.shape
    line = horizon * site.height
    below = np.maximum(canvas.y - np.float32(line), 0)
    # Perspective: the same waves are flat stripes far away and broad ones near the lens.
    near = below / np.float32((1.02 - horizon) * site.height)
    plan = clouds(site.rng, (rows, columns), (44, 9 * columns / site.unit), 3)
    sources = (rows - 1) * np.clip(1.25 * (1 - 1 / (1 + 4.0 * near.ravel())), 0, 1)
    waves = plan[sources.astype(np.intp)]
    stripes = curve(site.rng, sources.astype(np.float32) / np.float32(rows) * 40, 3)[:, None]
    bend = ((waves - 0.5) * 2.4 + stripes * 0.5) * np.float32(rough)
    source_y = np.clip(line - 1 - below * 0.86 - bend * (2 + 11 * near) * np.float32(site.height / 720), 0, line - 1)
    source_x = np.clip(canvas.x + bend * np.float32(0.02 * site.unit) * (0.3 + near), 0, site.width - 1)
    at_y, at_x = source_y.astype(np.intp), source_x.astype(np.intp)
    half_y, half_x = at_y[::2, ::2] // 2, at_x[::2, ::2] // 2
    canvas.pour(
        mirror.y[at_y, at_x].astype(np.float32),
        mirror.uv[half_y, 2 * half_x].astype(np.float32),
        mirror.uv[half_y, 2 * half_x + 1].astype(np.float32),
    )
    depth = np.float32(1 - clear) * (0.35 + 0.65 * smooth(0, 0.9, near)) + np.zeros_like(canvas.cover)
    canvas.wash(np.clip(depth + (0.5 - waves) * 0.5 * np.float32(rough), 0, 1), deep)
    _sun_path(site, canvas, waves, near)
    canvas.wash(smooth(0.05, 0.0, near) * np.float32(0.5), site.light.haze)
    canvas.wash(smooth(0.45, 1.1, near) * np.float32(0.35), mix(deep, (4, 6, 12), 0.6))
    canvas.cover[:] = np.clip(canvas.y - np.float32(line) + 0.5, 0, 1)
    return finish(site, canvas, 0.55)


def _sun_path(
    site: Site,
    canvas: Canvas,
    waves: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    near: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    wide = (0.035 + 0.16 * near) * np.float32(site.unit)
    path = np.exp(-(((canvas.x - np.float32(site.sun[0])) / wide) ** 2))
    sparkle = smooth(0.50, 0.60, waves) * 0.75 + 0.18
    canvas.wash(
        path * sparkle * np.float32(site.light.strength * (1 if site.light.disc else 0.35)),
        mix(site.light.sun, site.light.glow, 0.35),
    )
