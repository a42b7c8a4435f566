"""Space: stars, a nebula, a planet in sunlight and the rim of a small world to stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kling_nb.sandbox.film.canvas import Colour, mix
from kling_nb.sandbox.film.noise import clouds, smooth
from kling_nb.sandbox.film.scenery.site import Ridge, Site, finish, paint_ridge
from kling_nb.sandbox.film.scenery.sky import paint_sky

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer

NEBULA: tuple[tuple[Colour, Colour], ...] = (
    ((92, 44, 140), (226, 92, 120)),
    ((24, 84, 140), (92, 200, 196)),
    ((120, 52, 60), (240, 160, 96)),
)


def space(site: Site) -> list[Layer]:
    """A planet over the horizon of its moon."""
    layers = [paint_sky(site, 1.2, 0.0), _nebula(site), _planet(site)]
    for ridge in (
        Ridge(0.74, 0.05, 0.4, 0.5, 6, 0.55, floor=0.0),
        Ridge(0.815, 0.035, 0.7, 1.0, 5, 0.5, lean=1.2, floor=0.0),
    ):
        canvas, _ = paint_ridge(site, ridge, (116, 112, 124))
        layers.append(finish(site, canvas, ridge.near))
    return layers


def _nebula(site: Site) -> Layer:
    outer, inner = NEBULA[int(site.rng.integers(len(NEBULA)))]
    if site.reading.tint:
        outer = site.reading.tint
    canvas = site.sheet(outer)
    gas = clouds(site.rng, canvas.shape, (2.4, 3.4), 6)
    lane = np.exp(-(((canvas.y / site.height - 0.42 + 0.5 * (canvas.x / site.width - 0.5)) / 0.26) ** 2))
    canvas.cover[:] = smooth(0.3, 0.7, gas) * lane * np.float32(0.95)
    canvas.wash(smooth(0.46, 0.7, gas), inner)
    return finish(site, canvas, 0.04, soft=True)


def _planet(site: Site) -> Layer:
    radius = 0.27 * min(site.height, site.unit)
    middle = (0.32 * site.width, 0.40 * site.height)
    colour = site.reading.tint or ((214, 150, 104), (108, 150, 196), (196, 176, 150))[int(site.rng.integers(3))]
    reach = round(radius * 1.35)
    canvas = site.sheet(colour, (middle[1] - reach) / site.height, (middle[1] + reach) / site.height)
    x, y = (canvas.x - middle[0]) / np.float32(radius), (canvas.y - middle[1]) / np.float32(radius)
    far = np.sqrt(x * x + y * y)
    bulge = np.sqrt(np.clip(1 - far * far, 0, 1))
    bands = clouds(site.rng, canvas.shape, (12, 2), 4)
    canvas.wash(smooth(0.4, 0.65, bands) * np.float32(0.6), mix(colour, (250, 240, 226), 0.6))
    canvas.wash(smooth(0.55, 0.35, bands) * np.float32(0.4), mix(colour, (60, 30, 40), 0.6))
    sunward = np.array([0.72, -0.42, 0.30], np.float32)
    day = x * sunward[0] + y * sunward[1] + bulge * sunward[2]
    canvas.wash(smooth(0.42, -0.12, day) * np.float32(0.97), (6, 8, 20))
    body = smooth(1.0 + 1.5 / radius, 1.0 - 1.5 / radius, far)
    air = (
        np.exp(-np.maximum(far - 1, 0) / 0.05)
        * smooth(-0.2, 0.7, x * sunward[0] + y * sunward[1])
        * smooth(1.34, 1.1, far)
    )
    canvas.wash(
        (1 - body) + body * np.exp(np.minimum(far - 1, 0) / 0.05) * smooth(-0.1, 0.6, day) * 0.6, (150, 196, 250)
    )
    canvas.cover[:] = np.maximum(body, air * np.float32(0.55))
    return finish(site, canvas, 0.10)
