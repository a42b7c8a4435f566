"""Who the picture is about: a hand-drawn shape, lit by the scene it stands in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from kling_nb.sandbox.film.canvas import Canvas, lit, mix
from kling_nb.sandbox.film.noise import Floats, curve, smooth
from kling_nb.sandbox.film.shapes import Shape, extent, outline

if TYPE_CHECKING:
    from kling_nb.sandbox.film.canvas import Colour
    from kling_nb.sandbox.film.layers import Layer
    from kling_nb.sandbox.film.scenery.site import Site


def paint_subject(site: Site, shape: Shape) -> Layer:
    """The subject as a small layer: its materials, a lit side and a rim of light."""
    size = shape.size * min(site.unit, 1.25 * site.width)
    foot_x, foot_y = shape.column * site.width, shape.foot * site.height
    xs = [x for part in shape.parts for x, _ in extent(part)]
    ys = [y for part in shape.parts for _, y in extent(part)]
    pad = 0.12 * size + 4
    canvas = Canvas(
        int(foot_x + min(xs) * size - pad), int(foot_y + min(ys) * size - pad),
        int(foot_x + max(xs) * size + pad), int(foot_y + max(ys) * size + pad), lit(shape.main, site.light.fill),
    )  # fmt: skip
    masks: dict[str, Image.Image] = {}
    rows, columns = canvas.shape
    scale = 3
    whole = Image.new("L", (columns * scale, rows * scale))
    for part in shape.parts:
        sheet = masks.setdefault(part.tone, Image.new("L", whole.size))
        points = [
            ((foot_x + x * size - canvas.left) * scale, (foot_y + y * size - canvas.top) * scale)
            for x, y in outline(part)
        ]
        for target in (sheet, whole):
            ImageDraw.Draw(target).polygon(points, fill=255)
        for tone, other in masks.items():
            if tone != part.tone:  # what is drawn later lies on top
                ImageDraw.Draw(other).polygon(points, fill=0)
    canvas.cover[:] = _field(whole, scale)
    tones = {
        "main": shape.main,
        "light": shape.light,
        "dark": shape.dark,
        "glow": shape.lamp or mix(site.light.sun, site.light.glow, 0.3),
    }
    for tone, mask in masks.items():
        light = site.light.fill if tone != "glow" else (255.0, 255.0, 255.0)
        canvas.wash(_field(mask, scale), lit(tones[tone], mix(light, site.light.key, 0.22)))
    if shape.lamp:  # brightest where the flame is
        x, y = canvas.x - np.float32(foot_x), canvas.y - np.float32(foot_y - 0.4 * size)
        flame = np.exp(-((x / np.float32(0.27 * size)) ** 2)) * np.exp(-((y / np.float32(0.3 * size)) ** 2))
        canvas.wash(flame * _field(masks["glow"], scale) * np.float32(0.8), shape.light)
    solid = 1 - _field(masks["glow"], scale) if "glow" in masks else np.ones(canvas.shape, np.float32)
    way = 1.0 if site.sun[0] >= foot_x else -1.0
    soft = np.asarray(whole.reduce(scale).filter(ImageFilter.GaussianBlur(size * 0.035)), np.float32) / 255
    step = max(1, round(size * 0.045))
    form = np.clip(soft - np.roll(soft, (step, -round(step * way)), (0, 1)) + 0.18, 0, 1)
    for tone, mask in masks.items():
        if tone != "glow":
            canvas.wash(form * _field(mask, scale) * 0.85, lit(tones[tone], site.light.key))
    crisp = np.asarray(whole.reduce(scale).filter(ImageFilter.GaussianBlur(max(0.6, size * 0.008))), np.float32) / 255
    thin = max(1, round(size * 0.012))
    rim = np.clip(crisp - np.roll(crisp, (thin, -round(thin * way)), (0, 1)), 0, 1) * 1.6
    canvas.wash(
        np.clip(rim, 0, 1) * solid * np.float32(0.9 * site.light.strength), mix(site.light.sun, site.light.key, 0.4)
    )
    ground = smooth(-0.5 * size, 0.02 * size, canvas.y - foot_y) * np.float32(0.3)
    canvas.wash(ground * solid, lit(shape.dark, site.light.fill))
    layer = canvas.layer(shape.near, site.focus)
    sway_x, sway_y, period = shape.sway
    return layer.moving(sway=(sway_x * size, sway_y * size, period))


def paint_halo(site: Site, shape: Shape, lamp: Colour) -> Layer:
    """The light that a lamp throws into the air round it."""
    size = shape.size * min(site.unit, 1.25 * site.width)
    x, y, reach = shape.column * site.width, shape.foot * site.height - 0.5 * size, 2.6 * size
    canvas = Canvas(int(x - reach), int(y - reach), int(x + reach), int(y + reach), lamp)
    far = np.hypot(canvas.x - np.float32(x), canvas.y - np.float32(y)) / np.float32(reach)
    canvas.cover[:] = np.clip(0.9 * np.exp(-far / 0.2) - 0.01, 0, 1) * smooth(1.0, 0.5, far)
    sway_x, sway_y, period = shape.sway
    return canvas.layer(shape.near, site.focus, soft=True).moving(sway=(sway_x * size, sway_y * size, period))


def paint_streak(site: Site, shape: Shape, lamp: Colour, level: float) -> Layer:
    """A lamp's light on water from ``level`` (a fraction of the frame) downwards, broken by the waves."""
    size = shape.size * min(site.unit, 1.25 * site.width)
    x, top = shape.column * site.width, level * site.height
    canvas = Canvas(int(x - size), int(top), int(x + size), int(top + 1.9 * size), lamp)
    down = (canvas.y - np.float32(top)) / np.float32(1.9 * size)
    wave = curve(site.rng, (canvas.y / np.float32((0.012 + 0.02 * down) * site.unit)).ravel(), 3)[:, None]
    shift = curve(site.rng, (canvas.y / np.float32(0.02 * site.unit)).ravel(), 2)[:, None] * np.float32(0.1 * size)
    away = np.abs(canvas.x - np.float32(x) - shift) / (np.float32(0.24 * size) * (0.7 + 0.8 * down))
    canvas.cover[:] = np.exp(-(away**2)) * smooth(-0.35, 0.35, wave) * smooth(1.0, 0.1, down) * np.float32(0.8)
    return canvas.layer(shape.near, site.focus, soft=True).moving(sway=(shape.sway[0] * size, 0.0, shape.sway[2]))


def reflection(figure: Layer, foot: float, strength: float) -> Layer:
    """The figure upside down below its foot (a row of the resting frame), for water and wet ground."""
    below = figure.origin[1] + figure.y.shape[0] - foot
    through, half = figure.through, figure.through_half
    if through is None or half is None:
        return figure
    height = figure.y.shape[0]
    part = np.float32(strength)
    cut = round(below) // 2 * 2  # what stood below the foot would be mirrored above it
    left, top, right, _ = figure.box
    return replace(
        figure,
        y=(figure.y[::-1] * part).astype(np.uint8)[cut:],
        u=(figure.u[::-1] * part).astype(np.uint8)[cut // 2 :],
        v=(figure.v[::-1] * part).astype(np.uint8)[cut // 2 :],
        through=(255.5 - (255 - through[::-1].astype(np.float32)) * part).astype(np.uint8)[cut:],
        through_half=(255.5 - (255 - half[::-1].astype(np.float32)) * part).astype(np.uint8)[cut // 2 :],
        origin=(figure.origin[0], foot - below + cut),
        box=(left, 0, right, height - top - cut),
        solid=height,
        soft=True,
    )


def paint_shadow(site: Site, shape: Shape) -> Layer:
    """The soft shadow that keeps a subject on its ground."""
    size = shape.size * min(site.unit, 1.25 * site.width)
    foot_x, foot_y = shape.column * site.width, shape.foot * site.height
    xs = [x for part in shape.parts for x, _ in extent(part)]
    away = -0.25 if site.sun[0] >= foot_x else 0.25
    half = (max(xs) - min(xs)) / 2 * size * 1.15
    middle = foot_x + (max(xs) + min(xs)) / 2 * size + away * half
    canvas = Canvas(
        int(middle - 1.6 * half),
        int(foot_y - 0.12 * size),
        int(middle + 1.6 * half),
        int(foot_y + 0.16 * size),
        lit((40, 38, 60), site.light.fill),
    )
    spot = ((canvas.x - middle) / np.float32(half)) ** 2 + ((canvas.y - foot_y) / np.float32(0.07 * size)) ** 2
    canvas.cover[:] = np.exp(-1.6 * spot) * np.float32(0.62)
    canvas.cover[:] = np.clip(canvas.cover - np.float32(1 / 255), 0, 1)
    return canvas.layer(shape.near, site.focus, soft=True)


def _field(mask: Image.Image, scale: int) -> Floats:
    return np.asarray(mask.reduce(scale), np.float32) / 255
