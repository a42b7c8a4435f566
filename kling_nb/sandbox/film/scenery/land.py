"""Open country: mountains, dunes, hills and forests, as ridges behind one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from kling_nb.sandbox.film.canvas import Colour, mix
from kling_nb.sandbox.film.noise import Floats, clouds, curve, smooth
from kling_nb.sandbox.film.scenery.site import Ridge, Site, crest, finish, paint_ridge
from kling_nb.sandbox.film.scenery.sky import paint_mist, paint_sky

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer

NEAR_MIST = 0.5
"""A ridge with less mist than this is near enough to show the grain of its ground."""
_Wash: TypeAlias = Callable[[Floats, Colour], None]

SNOW: Colour = (240, 244, 252)
ROCK: Colour = (118, 112, 124)
SAND: Colour = (240, 186, 122)
GRASS: Colour = (126, 150, 74)
PINE: Colour = (48, 92, 70)
AUTUMN: Colour = (206, 116, 48)
LAVENDER: Colour = (146, 112, 196)


def mountains(site: Site) -> list[Layer]:
    """Peaks with snow on them, foothills, and a near slope where the subject stands."""
    snowy = site.reading.has("snow")
    near_material = SNOW if snowy else mix(mix(GRASS, PINE, 0.4), ROCK, 0.3)
    layers = [paint_sky(site)]
    for ridge in (
        Ridge(0.58, 0.155, 0.46, 0.20, 3, 0.45, lean=0.5, floor=0.8, sharp=True),
        Ridge(0.64, 0.085, 0.34, 0.38, 3, 0.45, lean=0.6, floor=0.8, sharp=True),
    ):
        canvas, depth = paint_ridge(site, ridge, ROCK)
        line = (0.12 + 0.05 * curve(site.rng, canvas.x / np.float32(0.04 * site.unit), 3)) * site.height
        cap = smooth(line * (1.6 if snowy else 1.0), line * 0.35, depth) * np.float32(0.8 if snowy else 0.62)
        canvas.wash(cap * 0.75, mix(site.sunny(SNOW, ridge.near), site.light.haze, 0.25))
        layers.append(finish(site, canvas, ridge.near))
    layers.append(paint_mist(site, 0.66, 0.75 if site.reading.has("mist") else 0.4, 0.4))
    layers.append(_wood(site, Ridge(0.705, 0.05, 0.5, 0.55, 4), mix(PINE, SNOW, 0.25 if snowy else 0), 0.085))
    if snowy:
        layers += _drifts(site, near_material)
    else:
        layers.append(_wood(site, Ridge(0.775, 0.04, 0.6, 0.75, 4), PINE, 0.11))
        layers.append(_slope(site, near_material, Ridge(0.815, 0.03, 0.9, 1.0, 4, 0.4, floor=0)))
    return layers


def dunes(site: Site) -> list[Layer]:
    """Sand with sharp crests between light and shadow."""
    layers = [paint_sky(site, 0.62, 0.3)]
    for ridge in (
        Ridge(0.60, 0.06, 0.55, 0.22, 3, 0.32, lean=1.3, floor=0.7),
        Ridge(0.66, 0.09, 0.62, 0.42, 3, 0.28, lean=1.5, floor=0.6),
        Ridge(0.73, 0.10, 0.80, 0.68, 2, 0.25, lean=1.7, floor=0.4),
        Ridge(0.82, 0.06, 1.10, 1.0, 2, 0.2, lean=2.1, floor=0),
    ):
        probe = site.sheet(SAND, 0.5, 0.52)
        soft = crest(site, ridge, probe.x[0])
        # Folding a soft curve gives the knife edge that wind makes.
        middle = np.float32(ridge.base * site.height)
        line = middle + 0.5 * ridge.rise * site.height - np.abs(soft - middle) * 1.5
        canvas, depth = paint_ridge(site, ridge, SAND, line.astype(np.float32))
        if ridge.floor < NEAR_MIST:
            _ripples(site, canvas.y, canvas.x, depth, canvas.wash, ridge.near)
        layers.append(finish(site, canvas, ridge.near))
    return layers


def hills(site: Site) -> list[Layer]:
    """Rolling meadows with trees on them."""
    prompt_flowers = site.reading.tint
    grass = mix(GRASS, prompt_flowers, 0.8) if prompt_flowers else GRASS
    if site.reading.has("leaves"):
        grass = mix(GRASS, AUTUMN, 0.5)
    if site.reading.has("snow"):
        grass = SNOW
    layers = [paint_sky(site, 0.66, 0.6)]
    for ridge, trees in (
        (Ridge(0.60, 0.05, 0.7, 0.15, 4, 0.4, floor=0.8), 0.0),
        (Ridge(0.66, 0.06, 0.6, 0.34, 3, 0.32, lean=1.2, floor=0.7), 0.028),
        (Ridge(0.72, 0.06, 0.7, 0.58, 3, 0.3, lean=1.5, floor=0.5), 0.05),
    ):
        if trees:
            layers.append(_wood(site, ridge, grass, trees, sparse=True))
        else:
            canvas, _ = paint_ridge(site, ridge, grass)
            layers.append(finish(site, canvas, ridge.near))
    layers.append(_slope(site, grass, Ridge(0.815, 0.03, 0.9, 1.0, 3, 0.3, lean=1.6, floor=0)))
    layers.append(_blades(site, grass))
    return layers


def forest(site: Site) -> list[Layer]:
    """Rows of trees with light between them, and dark trunks in front."""
    autumn = site.reading.has("leaves")
    pine = mix(PINE, AUTUMN, 0.6) if autumn else PINE
    if site.reading.has("snow"):
        pine = mix(PINE, SNOW, 0.4)
    thick = 0.85 if site.reading.has("mist") else 0.55
    layers = [paint_sky(site, 0.8, 0.3)]
    layers.append(_wood(site, Ridge(0.66, 0.05, 0.5, 0.20, 4), pine, 0.20))
    layers.append(paint_mist(site, 0.66, thick, 0.25))
    layers.append(_wood(site, Ridge(0.73, 0.04, 0.5, 0.42, 4), pine, 0.26))
    layers.append(paint_mist(site, 0.76, thick, 0.5))
    layers.append(_wood(site, Ridge(0.765, 0.03, 0.6, 0.66, 4), pine, 0.36, gap=0.30))
    layers.append(_slope(site, mix(pine, GRASS, 0.25), Ridge(0.815, 0.025, 0.8, 1.0, 4, 0.4, floor=0)))
    layers += _wood(site, Ridge(1.13, 0.01, 0.6, 1.22, 3, floor=0), mix(pine, (10, 14, 16), 0.5), 0.95, gap=0.74).parts(
        site.width // 6
    )
    return layers


def _slope(site: Site, material: Colour, ridge: Ridge) -> Layer:
    canvas, depth = paint_ridge(site, ridge, material)
    _texture(site, canvas.wash, canvas.shape, depth, material)
    return finish(site, canvas, ridge.near)


def _drifts(site: Site, material: Colour) -> list[Layer]:
    layers = []
    for ridge in (
        Ridge(0.745, 0.035, 0.55, 0.76, 3, 0.3, lean=1.6, floor=0.3),
        Ridge(0.815, 0.035, 0.75, 1.0, 3, 0.28, lean=2.0, floor=0),
    ):
        canvas, depth = paint_ridge(site, ridge, material)
        # Snow is full of light even in its shadow.
        canvas.wash(np.full_like(depth, 0.38), site.sunny(material, ridge.near))
        _texture(site, canvas.wash, canvas.shape, depth, material)
        layers.append(finish(site, canvas, ridge.near))
    return layers


def _texture(site: Site, wash: _Wash, shape: tuple[int, int], depth: Floats, material: Colour) -> None:
    """Unevenness of near ground, and the dark towards the lens that frames a picture."""
    rows, columns = shape
    grain = clouds(site.rng, shape, (rows / site.unit * 22, columns / site.unit * 7), 3)
    wash(smooth(0.5, 0.8, grain) * 0.30, site.shady(material, 1.0))
    wash(smooth(0.06 * site.height, 0.24 * site.height, depth) * 0.4, mix(site.shady(material, 1.0), (8, 8, 16), 0.3))


def _ripples(site: Site, y: Floats, x: Floats, depth: Floats, wash: _Wash, near: float) -> None:
    pitch = np.float32(0.016 * site.height * near)
    bend = curve(site.rng, x / np.float32(0.22 * site.unit), 3) * np.float32(0.03 * site.height)
    wave = 0.5 + 0.5 * np.sin((y + bend + 0.12 * x) / pitch)
    wash(wave * smooth(0, 0.08 * site.height, depth) * 0.16, site.shady(SAND, near))


def _blades(site: Site, material: Colour) -> Layer:
    """Grass against the light, out of focus before the lens."""
    canvas = site.sheet(mix(site.shady(material, 1.0), (8, 10, 14), 0.35), 0.82)
    height, width = canvas.shape
    picture = Image.new("L", (width, height))
    draw = ImageDraw.Draw(picture)
    foot = site.height * 1.09 - canvas.top
    for _ in range(round(150 * width / site.unit)):
        x, long = site.rng.uniform(0, width), site.height * site.rng.uniform(0.07, 0.17)
        bend, thick = site.rng.normal(0, 0.025) * site.unit, max(1.0, site.unit * 0.0022)
        points = [(x - thick, foot), (x + bend * 0.3, foot - long * 0.6), (x + bend, foot - long)]
        draw.polygon([*points, (x + bend * 0.3 + thick, foot - long * 0.6), (x + thick, foot)], fill=235)
    canvas.cover[:] = np.asarray(picture.resize((width // 2, height // 2)).resize((width, height)), np.float32) / 255
    canvas.wash(smooth(0.97 * site.height, 0.86 * site.height, canvas.y) * 0.5, site.sunny(material, 1.0))
    return finish(site, canvas, 1.35, soft=True).moving(sway=(0.004 * site.unit, 0.0, 3.7))


def _wood(site: Site, ridge: Ridge, material: Colour, size: float, *, sparse: bool = False, gap: float = 0.0) -> Layer:
    """Trees along a ridge, so tall as a fraction of the frame; ``gap`` leaves the middle free."""
    probe = site.sheet(material, 0.5, 0.52)
    line = crest(site, ridge, probe.x[0])
    top = float(line.min()) / site.height - size * 1.25
    canvas = site.sheet(site.shady(material, ridge.near), top=max(-0.2, top))
    rows, columns = canvas.shape
    picture = Image.new("L", (columns * 2, rows * 2))
    draw = ImageDraw.Draw(picture)
    tall = size * site.height
    x = -tall
    while x < columns:
        x += tall * (site.rng.uniform(0.16, 0.42) if not sparse else float(site.rng.choice([0.5, 0.6, 2.5, 5.0])))
        inside = (x + probe.left - site.width / 2) / (site.width / 2)
        if abs(inside) < gap * site.rng.uniform(0.85, 1.15):
            continue
        foot = float(line[int(np.clip(x, 0, columns - 1))]) - canvas.top + 0.03 * tall
        long = tall * site.rng.uniform(0.55, 1.15)
        if sparse:
            _round_tree(draw, site.rng, 2 * x, 2 * foot, 2 * long)
        else:
            _pine(draw, site.rng, 2 * x, 2 * foot, 2 * long)
    trees = np.asarray(picture.reduce(2), np.float32) / 255
    depth = canvas.y - line[None, :]
    canvas.cover[:] = np.maximum(trees, np.clip(depth + 0.5, 0, 1))
    toward = np.exp(-(((canvas.x - site.sun[0]) / np.float32(0.55 * site.unit)) ** 2))
    height = smooth(0.03 * site.height, -1.1 * tall, depth)
    canvas.wash(height * (0.25 + 0.6 * toward) * np.float32(0.7), site.sunny(material, ridge.near))
    canvas.wash(
        site.sunlight(canvas, 0.3) * np.float32(0.8 * site.light.strength * max(0.0, 1 - ridge.near)), site.light.glow
    )
    if ridge.floor:
        mist = smooth(-0.35 * tall, 0.12 * site.height, depth) * np.float32(ridge.floor * max(0.0, 1 - ridge.near))
        canvas.wash(mist, mix(site.light.haze, site.light.horizon, 0.35))
    return finish(site, canvas, ridge.near)


def _pine(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, foot: float, tall: float) -> None:
    wide = tall * rng.uniform(0.15, 0.21)
    tiers = int(np.clip(tall / 14, 4, 13))
    left: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    for tier in range(tiers):
        down = (tier + 1) / tiers
        out = wide * down**0.9
        y = foot - tall * (1 - 0.93 * down)
        left += [
            (x - out * rng.uniform(0.75, 1.1), y + rng.uniform(0, 0.02) * tall),
            (x - out * 0.42, y - 0.012 * tall),
        ]
        right += [
            (x + out * rng.uniform(0.75, 1.1), y + rng.uniform(0, 0.02) * tall),
            (x + out * 0.42, y - 0.012 * tall),
        ]
    draw.polygon([(x, foot - tall), *right, *reversed(left)], fill=255)
    draw.rectangle((x - tall * 0.012, foot - 0.1 * tall, x + tall * 0.012, foot + 0.1 * tall), fill=255)


def _round_tree(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, foot: float, tall: float) -> None:
    for _ in range(9):
        dx, dy, r = rng.uniform(-0.3, 0.3) * tall, rng.uniform(0.4, 0.85) * tall, rng.uniform(0.12, 0.2) * tall
        draw.ellipse((x + dx - r, foot - dy - r * 0.8, x + dx + r, foot - dy + r * 0.8), fill=255)
    draw.rectangle((x - tall * 0.03, foot - 0.5 * tall, x + tall * 0.03, foot + 0.04 * tall), fill=255)
