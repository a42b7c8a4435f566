"""The city: skylines with lit windows over a wet street that mirrors them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from kling_nb.sandbox.film.canvas import Canvas, Colour, lit, mix
from kling_nb.sandbox.film.noise import smooth
from kling_nb.sandbox.film.scenery.site import Site, finish
from kling_nb.sandbox.film.scenery.sky import paint_mist, paint_sky
from kling_nb.sandbox.film.scenery.water import paint_water

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer

STREET = 0.72
"""Where the houses meet the street, as a fraction of the frame from above."""
CONCRETE: Colour = (96, 98, 116)
LAMP: Colour = (255, 206, 132)
NEON: tuple[Colour, ...] = ((255, 60, 150), (60, 220, 255), (255, 170, 60), (150, 90, 255))


Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in a sheet's pixels."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of houses.

    Attributes:
        near: 0 far to 1 near.
        tall: Smallest and largest height, fractions of the frame's height.
        wide: Smallest and largest width, fractions of the site's unit.
        lamps: How many windows are lit, 0 to 1.
        gap: This much of the frame's middle stays free.
        spread: Distances vary by this factor, so that far houses overlap.
        signs: They carry neon signs.
    """

    near: float
    tall: tuple[float, float]
    wide: tuple[float, float]
    lamps: float
    gap: float = 0.0
    spread: tuple[float, float] = (1.0, 1.0)
    signs: bool = False


def city(site: Site) -> list[Layer]:
    """Three rows of houses, and houses on both sides that frame the street."""
    layers = [paint_sky(site, 0.74, 0.35)]
    layers.append(_row(site, Row(0.15, (0.10, 0.34), (0.05, 0.11), 0.10, spread=(0.8, 1.3))))
    layers.append(_row(site, Row(0.32, (0.12, 0.42), (0.06, 0.13), 0.40)))
    layers.append(paint_mist(site, 0.70, 0.8 if site.reading.has("mist") else 0.4, 0.36))
    layers += _row(site, Row(0.62, (0.10, 0.30), (0.08, 0.16), 0.75, gap=0.30)).parts(site.width // 6)
    layers += _row(site, Row(0.85, (0.55, 0.86), (0.14, 0.22), 0.9, gap=0.72, signs=True)).parts(site.width // 6)
    wet = site.reading.has("rain") or site.light.dark
    ground = mix(lit((70, 72, 84), site.light.fill), (10, 10, 18), 0.3)
    layers.append(paint_water(site, layers, STREET, ground, 0.62 if wet else 0.22, rough=0.7 if wet else 0.4))
    return layers


def _row(site: Site, row: Row) -> Layer:
    foot = STREET + 0.004
    away = 1 - row.near
    top = max(-0.05, foot - row.tall[1] - 0.08)
    canvas = site.sheet(site.shady(CONCRETE, row.near * 0.9), top=top, bottom=foot)
    rows, columns = canvas.shape
    body, windows = Image.new("L", (columns, rows)), Image.new("L", (columns, rows))
    tubes: list[tuple[Box, Colour]] = []
    x = -0.05 * site.unit
    while x < columns:
        across, up = site.rng.uniform(*row.wide) * site.unit, site.rng.uniform(*row.tall) * site.height
        middle = (x + across / 2 + canvas.left - site.width / 2) / (site.width / 2)
        if abs(middle) > row.gap:
            box = (x, rows - up, x + across, float(rows))
            _house(ImageDraw.Draw(body), site, box, row.near)
            _windows(ImageDraw.Draw(windows), site, box, row)
            if row.signs:
                tubes.append(_sign(site, box, inner=middle < 0))
        x += across * site.rng.uniform(*row.spread)
    canvas.cover[:] = np.asarray(body, np.float32) / 255
    height = smooth(STREET * site.height, (STREET - row.tall[1]) * site.height, canvas.y)
    canvas.wash(height * np.float32(0.45 * row.near), mix(site.shady(CONCRETE, row.near), (8, 8, 18), 0.5))
    toward = np.exp(-(((canvas.x - site.sun[0]) / np.float32(0.5 * site.unit)) ** 2))
    canvas.wash(toward * np.float32(0.55 * away), site.light.glow)
    low = smooth(0.5 * row.tall[1] * site.height, 0, foot * site.height - canvas.y)
    canvas.wash(low * np.float32(0.75 * away), mix(site.light.haze, site.light.horizon, 0.4))
    lamps = np.asarray(windows, np.float32) / 255 * np.float32(1.0 if site.light.dark else 0.45)
    canvas.wash(lamps, mix(LAMP, site.light.haze, 0.5 * away))
    for box, colour in tubes:
        _shine(site, canvas, box, colour)
    return finish(site, canvas, row.near)


def _house(draw: ImageDraw.ImageDraw, site: Site, box: Box, near: float) -> None:
    left, top, right, _ = box
    across = right - left
    draw.rectangle(box, fill=255)
    match int(site.rng.integers(4)):
        case 0:  # a set-back storey
            storey = 0.05 * site.height * near + 3
            draw.rectangle((left + 0.2 * across, top - storey, right - 0.2 * across, top), fill=255)
        case 1:  # a mast
            mast, thin = site.rng.uniform(0.02, 0.06) * site.height, max(1, site.unit / 700)
            draw.rectangle((left + 0.5 * across, top - mast, left + 0.5 * across + thin, top), fill=255)
        case 2:  # a slanting roof
            draw.polygon([(left, top), (left + across * 0.7, top - 0.03 * site.height), (right, top)], fill=255)
        case _:  # a flat one
            pass


def _windows(draw: ImageDraw.ImageDraw, site: Site, box: Box, row: Row) -> None:
    left, top, right, foot = box
    pitch = max(2.0, site.unit * (0.006 + 0.012 * row.near))
    across, down = pitch * 0.5, pitch * 0.55
    for y in np.arange(top + pitch, foot - pitch, pitch * 1.25):
        awake = site.rng.random() * row.lamps * 0.7
        for x in np.arange(left + pitch * 0.6, right - pitch * 0.8, pitch):
            if site.rng.random() < awake:
                draw.rectangle((x, y, x + across, y + down), fill=int(site.rng.uniform(60, 235)))


def _sign(site: Site, box: Box, *, inner: bool) -> tuple[Box, Colour]:
    """An upright neon sign at the street side of a house."""
    left, top, right, foot = box
    tall, wide = site.rng.uniform(0.10, 0.2) * site.height, 0.014 * site.unit
    y = max(top, 0) + site.rng.uniform(0.1, 0.3) * site.height
    x = right - 2.2 * wide if inner else left + 1.2 * wide
    return (x, y, x + wide, min(y + tall, foot - 4)), NEON[int(site.rng.integers(len(NEON)))]


def _shine(site: Site, canvas: Canvas, box: Box, colour: Colour) -> None:
    """A neon tube and the light that it throws on the wall."""
    x, y = canvas.x - np.float32(canvas.left), canvas.y - np.float32(canvas.top)
    out_x = np.maximum(0, np.maximum(box[0] - x, x - box[2]))
    out_y = np.maximum(0, np.maximum(box[1] - y, y - box[3]))
    reach = np.float32(0.03 * site.unit)
    power = np.float32(1.0 if site.light.dark else 0.5)
    canvas.wash(np.exp(-out_x / reach) * np.exp(-out_y / reach) * np.float32(0.4) * power, colour)
    tube = (out_x < 1) & (out_y < 1)
    canvas.wash(tube * np.float32(0.85) * power, mix(colour, (255, 255, 255), 0.45))
