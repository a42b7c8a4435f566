"""A studio: backdrop, a pool of light, a glossy floor and a pedestal for whatever is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kling_nb.sandbox.film.canvas import Colour, lit, mix
from kling_nb.sandbox.film.noise import clouds, smooth
from kling_nb.sandbox.film.scenery.site import Site, finish
from kling_nb.sandbox.film.scenery.sky import paint_mist
from kling_nb.sandbox.film.scenery.water import paint_water

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer

FLOOR = 0.70
"""Where the backdrop meets the floor, as a fraction of the frame from above."""
MARBLE: Colour = (112, 106, 110)


def stage(site: Site) -> list[Layer]:
    """A dark set with one warm lamp."""
    layers = [_backdrop(site)]
    if site.reading.has("mist"):
        layers += [paint_mist(_smoky(site), 0.58, 0.8, 0.3), paint_mist(_smoky(site), 0.70, 0.8, 0.5)]
    smoke = [paint_mist(_smoky(site), 0.77, 0.6, 1.05)] if site.reading.has("mist") else []
    floor = mix(lit(MARBLE, site.light.fill), (8, 8, 10), 0.45)
    if site.reading.subject not in {"dancer", "person", "car", "horse", "dog", "cat"}:
        plinth = _plinth(site)
        mirrored = paint_water(site, [*layers, plinth], FLOOR, floor, 0.35, rough=0.10)
        return [*layers, mirrored, plinth, *smoke]
    return [*layers, paint_water(site, layers, FLOOR, floor, 0.35, rough=0.10), *smoke]


def _smoky(site: Site) -> Site:
    """The same set for smoke, which catches more of the lamp than the air does."""
    pale = mix(site.light.haze, site.light.key, 0.42)
    return replace(site, light=replace(site.light, haze=pale, horizon=pale))


def _backdrop(site: Site) -> Layer:
    light = site.light
    canvas = site.sheet(mix(light.zenith, (0, 0, 0), 0.25))
    x = (canvas.x - np.float32(0.5 * site.width)) / np.float32(site.unit)
    y = (canvas.y - np.float32(0.5 * site.height)) / np.float32(site.unit)
    canvas.wash(np.exp(-((x / 0.62) ** 2)) * np.exp(-((y / 0.48) ** 2)), mix(light.middle, light.horizon, 0.7))
    canvas.wash(np.exp(-((x / 0.26) ** 2)) * np.exp(-((y / 0.25) ** 2)) * np.float32(0.62), light.glow)
    # A cone of light from above, a little to one side.
    lean = np.float32((site.sun[0] / site.width - 0.5) * 0.9)
    down = y + np.float32(0.5 * site.height / site.unit + 0.12)
    wide = np.maximum(0.02, 0.30 * down)
    cone = np.exp(-(((x - lean * (0.9 - down)) / wide) ** 4)) * smooth(1.15, 0.0, down)
    canvas.wash(cone * np.float32(0.26), light.sun)
    dust = clouds(site.rng, canvas.shape, (4, 6), 4)
    canvas.wash(smooth(0.35, 0.75, dust) * np.float32(0.12), light.zenith)
    return finish(site, canvas, 0.12, soft=True)


def _plinth(site: Site) -> Layer:
    """A round pedestal of veined stone; its top is where the subject stands."""
    top, half = 0.735 * site.height, 0.19 * min(site.unit, site.width)
    squash = 0.17
    material = mix(MARBLE, (34, 32, 36), 0.35)
    canvas = site.sheet(site.shady(material, 1.0), top=0.735 - squash * half / site.height - 0.02)
    x = (canvas.x - np.float32(0.5 * site.width)) / np.float32(half)
    inside = np.clip((1 - np.abs(x)) * half, 0, 1)
    bow = np.sqrt(np.clip(1 - x * x, 0, 1)) * np.float32(half * squash)
    drum = inside * np.clip(canvas.y - top + 0.5, 0, 1)
    lid = np.clip((bow - np.abs(canvas.y - np.float32(top))) + 0.5, 0, 1) * inside
    canvas.cover[:] = np.maximum(drum, lid)
    rows, columns = canvas.shape
    side = np.sign(site.sun[0] - site.width / 2) or 1.0
    lamp = (
        np.exp(-(((x - np.float32(0.42 * side)) / 0.38) ** 2)) * 0.8
        + np.exp(-(((x + np.float32(0.94 * side)) / 0.08) ** 2)) * 0.5
    )
    canvas.wash(
        lamp * np.ones_like(canvas.cover) * smooth(0.32 * site.height, 0, canvas.y - top), lit(material, site.light.key)
    )
    vein = clouds(site.rng, (rows, columns), (4, 4 * columns / rows), 5)
    canvas.wash(smooth(0.035, 0.0, np.abs(vein - 0.5)) * np.float32(0.16), lit((214, 206, 200), site.light.key))
    canvas.wash(
        lid * np.float32(0.55) * (0.55 + 0.45 * np.exp(-((x / 0.7) ** 2))),
        lit(mix(material, (255, 255, 255), 0.25), site.light.key),
    )
    rim = (
        np.exp(-np.abs(np.abs(canvas.y - np.float32(top)) - bow) / np.float32(max(0.7, site.unit / 900)))
        * lid
        * (canvas.y > top)
    )
    canvas.wash(rim * np.float32(0.7), site.light.sun)
    canvas.wash(
        smooth(0.06 * site.height, 0.24 * site.height, canvas.y - top) * np.ones_like(canvas.cover) * np.float32(0.9),
        mix(site.shady(material, 1.0), (0, 0, 0), 0.6),
    )
    return finish(site, canvas, 0.92)
