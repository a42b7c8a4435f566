"""The harbour: gabled houses with lit windows along the quay, moored boats, and a jetty with a lamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from kling_nb.sandbox.film.canvas import Colour, mix
from kling_nb.sandbox.film.noise import smooth
from kling_nb.sandbox.film.scenery.land import ROCK
from kling_nb.sandbox.film.scenery.site import Ridge, Site, finish, paint_ridge
from kling_nb.sandbox.film.scenery.sky import paint_sky
from kling_nb.sandbox.film.scenery.water import paint_water

if TYPE_CHECKING:
    from kling_nb.sandbox.film.canvas import Canvas
    from kling_nb.sandbox.film.layers import Layer
    from kling_nb.sandbox.film.noise import Floats

QUAY = 0.60
"""Where the houses meet the water, as a fraction of the frame from above."""
PLASTER: Colour = (164, 138, 128)
TIMBER: Colour = (96, 70, 56)
LAMP: Colour = (255, 198, 116)


def harbour(site: Site) -> list[Layer]:
    """A small town on still water."""
    layers = [paint_sky(site, QUAY + 0.02, 0.6)]
    hill, _ = paint_ridge(site, Ridge(QUAY - 0.05, 0.07, 0.6, 0.12, 4, 0.45, floor=0.9), ROCK)
    layers.append(finish(site, hill, 0.12))
    layers.append(_town(site))
    boats = _boats(site)
    deep = mix(site.shady((58, 112, 140), 0.9), (6, 18, 34), 0.4)
    water = paint_water(site, [*layers, boats], QUAY, deep, 0.62, rough=0.6)
    if site.grounded:
        quay, _ = paint_ridge(site, Ridge(0.795, 0.0, 1.0, 1.0, floor=0), mix(ROCK, PLASTER, 0.4))
        return [*layers, water, boats, finish(site, quay, 1.0)]
    return [*layers, water, boats, _jetty(site)]


def _town(site: Site) -> Layer:
    canvas = site.sheet(site.shady(PLASTER, 0.55), top=QUAY - 0.24, bottom=QUAY + 0.008)
    rows, columns = canvas.shape
    scale = 2
    walls, roofs, lamps = (Image.new("L", (columns * scale, rows * scale)) for _ in range(3))
    wall, roof, lamp = (ImageDraw.Draw(sheet) for sheet in (walls, roofs, lamps))
    foot, x = float(rows * scale), -0.02 * site.unit * scale
    while x < columns * scale:
        wide, tall = (site.rng.uniform(*span) * site.unit * scale for span in ((0.036, 0.066), (0.034, 0.088)))
        gable = wide * site.rng.uniform(0.3, 0.62)
        eaves = foot - tall
        wall.rectangle((x, eaves, x + wide, foot), fill=255)
        roof.polygon([(x - 0.05 * wide, eaves), (x + wide / 2, eaves - gable), (x + 1.05 * wide, eaves)], fill=255)
        pitch = 0.0135 * site.unit * scale
        for y in np.arange(eaves + 0.6 * pitch, foot - 0.9 * pitch, 1.25 * pitch):
            for at in np.arange(x + 0.5 * pitch, x + wide - 0.7 * pitch, pitch):
                if site.rng.random() < 0.46:  # noqa: PLR2004 - somewhat less than half the town is at home
                    lamp.rectangle((at, y, at + 0.42 * pitch, y + 0.62 * pitch), fill=int(site.rng.uniform(120, 255)))
        x += wide * float(site.rng.choice([1.0, 1.0, 1.02, 1.5]))
    body, cap, lit_up = (_field(sheet, scale) for sheet in (walls, roofs, lamps))
    canvas.cover[:] = np.maximum(body, cap)
    toward = np.exp(-(((canvas.x - site.sun[0]) / np.float32(0.6 * site.unit)) ** 2))
    canvas.wash(body * toward * np.float32(0.35), site.sunny(PLASTER, 0.6))
    canvas.wash(cap, mix(site.shady((92, 62, 66), 0.6), site.light.haze, 0.12))
    canvas.wash(smooth(0.05 * site.height, 0, QUAY * site.height - canvas.y) * np.float32(0.3), site.light.haze)
    bright = np.float32(1.0 if site.light.dark else 0.4)
    canvas.wash(lit_up * bright, LAMP)
    return finish(site, canvas, 0.34)


def _boats(site: Site) -> Layer:
    """Moored boats: hulls and bare masts, some with a lamp at the top."""
    foot = QUAY + 0.03
    canvas = site.sheet(site.shady(TIMBER, 0.7), top=QUAY - 0.2, bottom=foot + 0.012)
    rows, columns = canvas.shape
    scale = 2
    wood, lamps = (Image.new("L", (columns * scale, rows * scale)) for _ in range(2))
    draw, lamp = ImageDraw.Draw(wood), ImageDraw.Draw(lamps)
    thin = max(1.0, 0.0016 * site.unit * scale)
    line = foot * site.height - canvas.top
    for place in (0.06, 0.17, 0.30, 0.70, 0.83, 0.95):
        x = (place + site.rng.uniform(-0.03, 0.03)) * columns * scale
        long, y = site.rng.uniform(0.045, 0.075) * site.unit * scale, line * scale
        draw.polygon([(x - long, y - 0.28 * long), (x + 0.92 * long, y - 0.34 * long), (x + 0.62 * long, y),
                      (x - 0.8 * long, y)], fill=255)  # fmt: skip
        mast = site.rng.uniform(1.3, 2.0) * long
        draw.rectangle((x, y - mast, x + thin, y), fill=255)
        draw.line((x, y - mast, x + 0.86 * long, y - 0.3 * long), fill=110, width=1)
        draw.line((x, y - mast, x - 0.9 * long, y - 0.26 * long), fill=110, width=1)
        draw.rectangle((x - 0.6 * long, y - 0.5 * long, x - 0.05 * long, y - 0.2 * long), fill=255)
        lamp.ellipse((x - 2 * thin, y - mast - 2 * thin, x + 3 * thin, y - mast + 3 * thin), fill=255)
        lamp.rectangle((x - 0.48 * long, y - 0.43 * long, x - 0.2 * long, y - 0.31 * long), fill=220)
    lit_up = _field(lamps, scale)
    canvas.cover[:] = np.maximum(_field(wood, scale), lit_up)
    canvas.wash(smooth(0.1 * site.height, 0.0, line + canvas.top - canvas.y) * np.float32(0.25), (12, 14, 24))
    canvas.wash(lit_up * np.float32(1.0 if site.light.dark else 0.35), LAMP)
    return finish(site, canvas, 0.45).moving(sway=(0.0, 0.0012 * site.height, 4.6))


def _jetty(site: Site) -> Layer:
    """Planks that lead from the lens over the water, on the side away from the sun, with a lamp at their end."""
    side = -1.0 if site.sun[0] > site.width / 2 else 1.0
    canvas = site.sheet(mix(site.shady(TIMBER, 1.0), (6, 8, 14), 0.35), top=0.42)
    end_y, end_x = 0.73 * site.height, (0.5 + 0.27 * side) * site.width
    foot_y, foot_x = 1.12 * site.height, (0.5 + 0.56 * side) * site.width
    scale = 2
    deck, posts = (Image.new("L", (canvas.shape[1] * scale, canvas.shape[0] * scale)) for _ in range(2))

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - canvas.left) * scale, (y - canvas.top) * scale

    def along(depth: float, across: float) -> tuple[float, float]:
        """A place on the deck: ``depth`` 0 at the lens to 1 at its end, ``across`` -1 to 1."""
        # Equal steps shrink with distance, as seen from just above the planks.
        t = depth * 3.2 / (1 + depth * 2.2)
        half = (0.20 + (0.034 - 0.20) * t) * site.unit
        return foot_x + (end_x - foot_x) * t + across * half, foot_y + (end_y - foot_y) * t

    ImageDraw.Draw(deck).polygon([at(*along(d, a)) for d, a in ((0, -1), (1, -1), (1, 1), (0, 1))], fill=255)
    draw = ImageDraw.Draw(posts)
    for depth in np.linspace(0.06, 1.0, 6):
        for across in (-1.0, 1.0):
            x, y = along(float(depth), across)
            size = (along(float(depth), 1.0)[0] - x) if across < 0 else x - along(float(depth), -1.0)[0]
            draw.rectangle((*at(x - 0.035 * size, y - 0.24 * size), *at(x + 0.035 * size, y + 0.4 * size)), fill=255)
    x, y = along(0.97, side)
    tall, thin = 0.15 * site.height, 0.0022 * site.unit
    draw.rectangle((*at(x - thin, y - tall), *at(x + thin, y)), fill=255)
    wood, posted = _field(deck, scale), _field(posts, scale)
    canvas.cover[:] = np.maximum(wood, posted)
    _planks(site, canvas, wood * (1 - posted), end_y)
    bright = np.float32(1.0 if site.light.dark else 0.3)
    far = np.hypot(canvas.x - np.float32(x), canvas.y - np.float32(y - tall)) / np.float32(site.unit)
    bulb = smooth(0.0075, 0.0055, far)
    halo = 0.5 * np.exp(-far / 0.022) * smooth(0.12, 0.05, far) * bright
    canvas.cover[:] = np.maximum(canvas.cover, np.maximum(bulb, halo))
    canvas.wash(np.maximum(bulb * np.maximum(bright, 0.5), halo), LAMP)
    return finish(site, canvas, 1.15)


def _planks(site: Site, canvas: Canvas, deck: Floats, end: float) -> None:
    """The sky's light on the deck, and the gaps between its planks."""
    below = np.maximum(canvas.y - np.float32(end), 0) / np.float32(site.height)
    canvas.wash(deck * np.float32(0.42) * smooth(0.42, 0.0, below), site.sunny(TIMBER, 0.9))
    # Planks of one width: their edges lie at equal steps of the inverse of the height below the horizon.
    row = 1.6 / (below + 0.06)
    gap = smooth(0.82, 0.97, row - np.floor(row)) * smooth(0.0, 0.03, below)
    canvas.wash(deck * gap * np.float32(0.5), (6, 8, 14))


def _field(sheet: Image.Image, scale: int) -> Floats:
    return np.asarray(sheet.reduce(scale), np.float32) / 255
