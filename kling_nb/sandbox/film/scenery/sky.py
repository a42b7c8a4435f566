"""Skies: a gradient, the sun or moon and its glow, clouds, stars, curtains of light, and banks of mist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kling_nb.sandbox.film.canvas import Canvas, mix
from kling_nb.sandbox.film.noise import Floats, clouds, curve, smooth
from kling_nb.sandbox.film.scenery.site import Site, finish

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer


def paint_sky(site: Site, horizon: float = 0.66, cloudy: float = 0.5) -> Layer:
    """The backdrop of every outdoor scene; ``horizon`` is where its gradient ends, as a fraction of the frame."""
    light = site.light
    canvas = site.sheet(light.zenith)
    down = np.clip(canvas.y / np.float32(horizon * site.height), 0, 1.2)
    canvas.wash(smooth(0.0, 0.62, down), light.middle)
    canvas.wash(smooth(0.42, 1.02, down), light.horizon)
    if light.stars or site.reading.has("stars"):
        _stars(site, canvas, down)
    distance = np.hypot(canvas.x - np.float32(site.sun[0]), canvas.y - np.float32(site.sun[1])) / np.float32(site.unit)
    halo = np.float32(light.strength) * (0.62 * np.exp(-distance / 0.13) + 0.38 * np.exp(-distance / 0.42))
    if cloudy:
        _clouds(site, canvas, down, cloudy)
    canvas.wash(np.clip(halo, 0, 1), light.glow)
    if light.disc:
        radius = light.disc * min(site.width, site.height) / site.unit
        edge = 2.0 / site.unit
        canvas.wash(
            np.exp(-np.maximum(0, distance - radius) / np.float32(0.4 * radius)) * 0.7, mix(light.sun, light.glow, 0.4)
        )
        canvas.wash(smooth(radius + edge, radius - edge, distance), light.sun)
    return finish(site, canvas, 0.0, soft=True)


def paint_mist(site: Site, height: float, thick: float, near: float) -> Layer:
    """A bank of mist round a height (fraction of the frame) that drifts slowly."""
    canvas = site.sheet(mix(site.light.haze, site.light.horizon, 0.5), height - 0.2, min(0.99, height + 0.2))
    rows, columns = canvas.shape
    veil = clouds(site.rng, (rows, columns), (3, 3 * columns / site.unit), 4)
    band = np.exp(-(((canvas.y / site.height - height) / 0.085) ** 2))
    canvas.wash(site.sunlight(canvas, 0.4) * np.float32(0.6 * site.light.strength), site.light.glow)
    sides = smooth(0, 0.1 * columns, np.arange(columns, dtype=np.float32))
    canvas.cover[:] = smooth(0.30, 0.72, veil) * band * np.float32(thick) * (sides * sides[::-1])[None, :]
    way = float(site.rng.choice((1, -1)))
    return finish(site, canvas, near, soft=True).moving(sway=(0.03 * site.width * way, 0.0, 18.0))


def _clouds(site: Site, canvas: Canvas, down: Floats, amount: float) -> None:
    light = site.light
    rows, columns = canvas.shape
    shape = clouds(site.rng, (rows, columns), (7 * rows / site.unit, 2.2 * columns / site.unit), 5)
    band = smooth(0.05, 0.35, down) * smooth(1.05, 0.7, down)
    body = smooth(0.5, 0.74, shape) * band * np.float32(amount)
    canvas.wash(body, mix(light.middle, light.horizon, 0.55))
    # Their lower edges catch a low sun.
    below = np.roll(shape, -max(1, rows // 60), axis=0)
    edge = np.clip((shape - below) * 9, 0, 1) * body
    canvas.wash(edge, mix(light.glow, light.sun, 0.4))


def _stars(site: Site, canvas: Canvas, down: Floats) -> None:
    rows, columns = canvas.shape
    count = round(260 * columns / site.unit)
    place = site.rng.random((count, 2))
    bright = (0.15 + 0.85 * site.rng.random(count) ** 4).astype(np.float32)
    field = np.zeros((rows, columns), np.float32)
    at_y, at_x = (place[:, 0] * (rows - 4)).astype(int) + 1, (place[:, 1] * (columns - 4)).astype(int) + 1
    radius = max(1, round(site.unit / 640))
    for dy in range(radius + 1):
        for dx in range(radius + 1):
            field[at_y + dy, at_x + dx] = np.maximum(
                field[at_y + dy, at_x + dx], bright * (1 if dx + dy < radius else 0.45)
            )
    lane = clouds(site.rng, (rows, columns), (3, 4), 4)
    slant = np.exp(-(((canvas.y / site.height - 0.25 - 0.3 * (canvas.x / site.width - 0.5)) / 0.2) ** 2))
    canvas.wash(smooth(0.42, 0.8, lane) * slant * np.float32(0.22), mix(site.light.sun, site.light.glow, 0.5))
    canvas.wash(field * smooth(1.0, 0.35, down), (250, 250, 255))


def paint_aurora(site: Site, colour: tuple[float, float, float] = (70, 230, 160)) -> Layer:
    """Curtains of northern light."""
    canvas = site.sheet(colour, 0, 0.62)
    rows, columns = canvas.shape
    cover = np.zeros((rows, columns), np.float32)
    for fold in range(3):
        foot = (0.22 + 0.13 * fold) * site.height + curve(
            site.rng, canvas.x / np.float32(0.7 * site.unit), 3
        ) * np.float32(0.14 * site.height)
        rays = 0.45 + 0.55 * curve(site.rng, canvas.x / np.float32(0.05 * site.unit), 3)
        height = np.float32(0.30 * site.height) * (0.6 + 0.4 * rays)
        above = (foot - canvas.y) / height
        cover = np.maximum(
            cover, np.where(above > 0, np.exp(-3.2 * above), np.exp(14 * above)) * rays * (0.75 - 0.15 * fold)
        )
    canvas.wash(smooth(0.45 * site.height, 0.0, canvas.y), (120, 110, 220))
    canvas.cover[:] = np.clip(cover, 0, 0.85) * smooth(0.6 * site.height, 0.45 * site.height, canvas.y)
    return finish(site, canvas, 0.02, soft=True).moving(sway=(0.02 * site.width, 0.0, 11.0))
