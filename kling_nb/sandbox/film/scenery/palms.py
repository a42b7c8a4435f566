"""Where palms grow: a beach, and a jungle with a waterfall, a pool and broad leaves before the lens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kling_nb.sandbox.film.canvas import Colour, mix
from kling_nb.sandbox.film.noise import clouds, curve, smooth
from kling_nb.sandbox.film.scenery.site import Ridge, Site, finish, paint_ridge
from kling_nb.sandbox.film.scenery.sky import paint_mist, paint_sky
from kling_nb.sandbox.film.scenery.water import FOAM, paint_sand, paint_water, sea

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer

POOL = 0.74
"""Where the far bank meets the pool, as a fraction of the frame from above."""
LEAF: Colour = (72, 138, 66)
MOSS: Colour = (74, 104, 66)


def beach(site: Site) -> list[Layer]:
    """The sea, a strip of foam, sand to stand on and a few palms at one side."""
    layers = sea(site)
    if not site.grounded:
        layers.append(paint_sand(site))
    return [*layers, _near_palms(site)]


def _near_palms(site: Site) -> Layer:
    """Two or three tall palms on the side away from the sun."""
    side = -1.0 if site.sun[0] > site.width / 2 else 1.0
    canvas = site.sheet(mix(site.shady(LEAF, 1.0), (6, 16, 14), 0.3), top=0.0)
    rows, columns = canvas.shape
    scale = 2
    picture = Image.new("L", (columns * scale, rows * scale))
    draw = ImageDraw.Draw(picture)
    for out, tall in ((0.35, 0.70), (0.42, 0.84), (0.49, 0.62)):
        x = ((0.5 + side * out) * site.width - canvas.left) * scale
        _palm(draw, site.rng, (x, (1.08 * site.height - canvas.top) * scale), tall * site.height * scale)
    canvas.cover[:] = np.asarray(picture.reduce(scale), np.float32) / 255
    toward = np.exp(-(((canvas.x - site.sun[0]) / np.float32(0.9 * site.unit)) ** 2))
    up = smooth(0.9 * site.height, 0.3 * site.height, canvas.y)
    canvas.wash(up * (0.25 + 0.5 * toward), site.sunny(mix(LEAF, (190, 200, 90), 0.3), 1.0))
    return finish(site, canvas, 1.1).moving(sway=(0.002 * site.unit, 0.0, 5.1))


def jungle(site: Site) -> list[Layer]:
    """Far to near: cliffs with the fall in a gap of them, palms on the bank, a pool, leaves."""
    layers = [paint_sky(site, 0.7, 0.6)]
    canvas, _ = paint_ridge(site, Ridge(0.50, 0.08, 0.5, 0.25, 5, 0.5, floor=0.7), mix(MOSS, LEAF, 0.4))
    layers.append(finish(site, canvas, 0.25))
    layers.append(_cliffs(site))
    layers.append(paint_mist(site, 0.71, 0.8 if site.reading.has("mist") else 0.55, 0.45))
    layers.append(_palms(site))
    deep = mix(site.shady((40, 130, 120), 0.9), (4, 24, 26), 0.4)
    layers.append(paint_water(site, layers, POOL, deep, 0.5, rough=0.9))
    if site.grounded:
        bank, _ = paint_ridge(site, Ridge(0.80, 0.02, 0.9, 1.0, 4, 0.4, floor=0), mix(LEAF, MOSS, 0.5))
        layers.append(finish(site, bank, 1.0))
    layers.append(_leaves(site))
    return layers


def _cliffs(site: Site) -> Layer:
    """A rock wall with the fall down its middle, wide where it lands."""
    canvas = site.sheet(site.shady(MOSS, 0.5), top=0.2, bottom=POOL + 0.01)
    rows, columns = canvas.shape
    middle = (0.5 - 0.13 * np.sign(site.sun[0] - site.width / 2)) * site.width
    away = np.abs(canvas.x - np.float32(middle)) / np.float32(site.unit)
    rough = curve(site.rng, canvas.x / np.float32(0.16 * site.unit), 5)
    crest = (0.40 - 0.055 * smooth(0.06, 0.34, away) - 0.05 * rough + 0.1 * smooth(0.5, 1.0, away)) * site.height
    depth = canvas.y - crest.astype(np.float32)
    canvas.cover[:] = np.clip(depth + 0.5, 0, 1)
    stone = clouds(site.rng, (rows, columns), (5 * rows / site.unit, 16 * columns / site.unit), 4)
    canvas.wash(smooth(0.42, 0.75, stone) * np.float32(0.55), site.sunny(mix(MOSS, (150, 140, 120), 0.35), 0.6))
    green = clouds(site.rng, (rows, columns), (20 * rows / site.unit, 20 * columns / site.unit), 3)
    canvas.wash(
        smooth(0.12 * site.height, 0.0, depth + (green - 0.5) * 0.14 * site.height) * np.float32(0.7),
        site.sunny(LEAF, 0.65),
    )
    canvas.wash(smooth(0.35, 0.62, 1 - green) * np.float32(0.4), site.shady((30, 64, 48), 0.7))
    # The fall: threads that run down, bright, over a dark wet wall.
    canvas.wash(np.exp(-((away / 0.13) ** 2)) * np.float32(0.5), site.shady((26, 44, 44), 0.8))
    wide = 0.040 + 0.028 * smooth(0.0, 0.36 * site.height, depth) + 0.006 * curve(
        site.rng, canvas.y / np.float32(0.05 * site.unit), 3
    )  # fmt: skip
    threads = 0.66 + 0.34 * curve(site.rng, canvas.x / np.float32(0.013 * site.unit), 3)
    fall = smooth(wide, 0.55 * wide, away) * smooth(-2, 6, depth)
    canvas.wash(fall * threads.astype(np.float32) * np.float32(0.92), mix(site.sunny(FOAM, 0.95), FOAM, 0.25))
    spray = np.exp(-((away / 0.12) ** 2)) * smooth(0.16 * site.height, 0.0, POOL * site.height - canvas.y)
    canvas.wash(spray * np.float32(0.85), mix(site.sunny(FOAM, 0.9), site.light.haze, 0.3))
    return finish(site, canvas, 0.4)


def _palms(site: Site) -> Layer:
    """Palms on both banks; the middle stays free."""
    canvas = site.sheet(site.shady(LEAF, 0.72), top=0.24, bottom=POOL + 0.012)
    rows, columns = canvas.shape
    scale = 2
    picture = Image.new("L", (columns * scale, rows * scale))
    draw = ImageDraw.Draw(picture)
    for place in np.linspace(0.0, 1.0, 22):
        inside = abs(place - 0.5) * 2
        if inside < 0.42:  # noqa: PLR2004 - the fall and the subject need this much room
            continue
        x = (float(place) + site.rng.uniform(-0.03, 0.03)) * columns * scale
        tall = site.rng.uniform(0.18, 0.34) * (0.75 + 0.5 * inside) * site.height * scale
        _palm(draw, site.rng, (x, rows * scale), tall)
    bush = (0.075 + 0.05 * curve(site.rng, canvas.x / np.float32(0.07 * site.unit), 5)) * site.height
    crest = bush * smooth(0.16, 0.5, np.abs(canvas.x / site.width - 0.5)) + 0.012 * site.height
    ground = np.clip(canvas.y - (POOL * site.height - crest.astype(np.float32)) + 0.5, 0, 1)
    canvas.cover[:] = np.maximum(np.asarray(picture.reduce(scale), np.float32) / 255, ground)
    toward = np.exp(-(((canvas.x - site.sun[0]) / np.float32(0.6 * site.unit)) ** 2))
    up = smooth(0, 0.34 * site.height, POOL * site.height - canvas.y)
    canvas.wash(up * (0.12 + 0.35 * toward), site.sunny(mix(LEAF, (190, 200, 90), 0.3), 0.85))
    return finish(site, canvas, 0.6)


def _palm(draw: ImageDraw.ImageDraw, rng: np.random.Generator, foot: tuple[float, float], tall: float) -> None:
    """A curved trunk and a crown of hanging fronds."""
    lean = float(rng.uniform(-0.22, 0.22)) * tall
    t = np.linspace(0, 1, 9)
    xs, ys = foot[0] + lean * t**2, foot[1] - tall * t
    thick = tall * (0.022 - 0.011 * t)
    edge = [*zip(xs - thick, ys, strict=True), *zip((xs + thick)[::-1], ys[::-1], strict=True)]
    draw.polygon([(float(x), float(y)) for x, y in edge], fill=255)
    for turn in np.linspace(-1.05, 1.05, 8):
        _frond(draw, (float(xs[-1]), float(ys[-1])), float(turn + rng.uniform(-0.1, 0.1)),
               tall * float(rng.uniform(0.30, 0.42)))  # fmt: skip


def _frond(draw: ImageDraw.ImageDraw, root: tuple[float, float], turn: float, long: float) -> None:
    """One feathered leaf; ``turn`` is its direction, 0 upright, 1 half a turn to the right."""
    t = np.linspace(0, 1, 12)
    angle = turn * 1.45
    xs = root[0] + np.sin(angle) * long * t
    ys = root[1] - np.cos(angle) * long * t * 0.75 + 0.62 * long * t * t * (0.35 + abs(turn))
    for x, y, at in zip(xs, ys, t, strict=True):
        reach = long * 0.34 * np.sin(np.pi * min(1.0, at + 0.12))
        draw.polygon([(x - 0.045 * long, y), (x + 0.045 * long, y), (x + 0.2 * reach * np.sign(angle or 1), y + reach)],
                     fill=255)  # fmt: skip
    points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    draw.line(points, fill=255, width=max(2, round(long * 0.035)))


def _leaves(site: Site) -> Layer:
    """Broad leaves in the corners, dark and out of focus."""
    canvas = site.sheet(mix(site.shady(LEAF, 1.0), (4, 12, 8), 0.62), 0.34)
    rows, columns = canvas.shape
    picture, veins = (Image.new("L", (columns, rows)) for _ in range(2))
    draw, vein = ImageDraw.Draw(picture), ImageDraw.Draw(veins)
    for side in (-1, 1):
        for turn in np.linspace(-0.35, 1.35, 8):
            x = (0.5 + side * site.rng.uniform(0.46, 0.54)) * site.width - canvas.left
            root = (float(x), (1.06 + site.rng.uniform(-0.04, 0.04)) * site.height - canvas.top)
            angle = -side * float(turn + site.rng.uniform(-0.12, 0.12))
            _broad(draw, vein, root, angle, float(site.rng.uniform(0.24, 0.42)) * site.unit)
    blur = ImageFilter.GaussianBlur(max(0.8, site.unit / 480))
    canvas.cover[:] = np.asarray(picture.filter(blur), np.float32) / 255
    light = np.asarray(veins.filter(blur), np.float32) / 255
    canvas.wash(light * np.float32(0.55), site.sunny(LEAF, 1.0))
    high = smooth(0.95 * site.height, 0.55 * site.height, canvas.y)
    canvas.wash(high * np.float32(0.35), site.sunny(LEAF, 1.0))
    return finish(site, canvas, 1.3, soft=True).moving(sway=(0.004 * site.unit, 0.002 * site.unit, 4.3))


def _broad(
    draw: ImageDraw.ImageDraw, vein: ImageDraw.ImageDraw, root: tuple[float, float], angle: float, long: float
) -> None:
    """One leaf, ``angle`` in radians from upright, with its midrib."""
    t = np.linspace(0, 1, 14)
    half = long * 0.17 * np.sin(np.pi * t**0.8)
    x, y = root[0] + np.sin(angle) * long * t, root[1] - np.cos(angle) * long * t + 0.22 * long * t * t
    across, down = np.cos(angle), np.sin(angle)
    left = zip(x - across * half, y - down * half, strict=True)
    right = zip((x + across * half)[::-1], (y + down * half)[::-1], strict=True)
    draw.polygon([(float(a), float(b)) for a, b in (*left, *right)], fill=255)
    vein.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], fill=200, width=max(1, round(long / 60)))
