"""What every set painter is handed: the frame, the light, the dice, and sheets to paint on."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from kling_nb.sandbox.film.canvas import Canvas, Colour, lit, mix
from kling_nb.sandbox.film.noise import Floats, curve, smooth

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Layer
    from kling_nb.sandbox.film.light import Light
    from kling_nb.sandbox.film.words import Reading

MARGIN = (0.11, 0.09)
"""How far sheets reach beyond the frame, as fractions of it: as far as a camera travels."""


@dataclass(frozen=True, slots=True)
class Site:
    """One place about to be painted.

    Attributes:
        width, height: Of the frame in pixels.
        sun: Its place in the resting frame in pixels.
        rng: The only source of chance.
    """

    width: int
    height: int
    light: Light
    reading: Reading
    rng: np.random.Generator
    sun: tuple[float, float]

    @property
    def unit(self) -> float:
        """A length that suits wide and tall frames alike: the side of a square of the frame's area."""
        return sqrt(self.width * self.height)

    @property
    def grounded(self) -> bool:
        """Whether there is a subject that needs something to stand on, where all else is water."""
        return self.reading.subject not in {"", "boat", "lighthouse", "birds", "balloon", "lantern"}

    @property
    def focus(self) -> tuple[float, float]:
        """What the camera moves towards, as fractions of the frame."""
        return (0.5, 0.62)

    def sheet(self, colour: Colour, top: float = 0.0, bottom: float = 1.0) -> Canvas:
        """A sheet between two heights (fractions of the frame; 0 and 1 go on beyond it)."""
        across, down = round(self.width * MARGIN[0]) + 4, round(self.height * MARGIN[1]) + 4
        first = -down if top <= 0 else max(-down, round(top * self.height))
        last = self.height + down if bottom >= 1 else round(bottom * self.height)
        return Canvas(-across, first, self.width + across, last, colour)

    def sunlight(self, canvas: Canvas, reach: float) -> Floats:
        """The sun's glow on a sheet, 1 at the sun, with this reach in units."""
        span = (reach * self.unit) ** 2
        across, down = (canvas.x - self.sun[0]) ** 2 / span, (canvas.y - self.sun[1]) ** 2 / span
        glow: Floats = np.exp(-across) * np.exp(-down)
        return glow

    def sunny(self, material: Colour, near: float) -> Colour:
        """A material in the light, seen through the air in between (``near`` 0 to 1)."""
        return mix(lit(material, self.light.key), self.light.haze, 0.8 * (1 - near))

    def shady(self, material: Colour, near: float) -> Colour:
        """A material in its own shadow, seen through the air in between."""
        return mix(lit(material, self.light.fill), self.light.haze, 0.74 * (1 - near))


@dataclass(frozen=True, slots=True)
class Ridge:
    """A silhouette of land.

    Attributes:
        base: Height of its middle line, as a fraction of the frame from above.
        rise: How far it swings about it, as a fraction of the frame's height.
        span: Length of its bumps in units of the site.
        near: 0 far to 1 near; decides haze and parallax.
        octaves, rough: Of its outline.
        sharp: Fold the outline into peaks.
        lean: How far a shadow line runs sideways while it falls by one pixel.
        relief: Contrast between its sides, 0 to 1.
        floor: Mist at its foot, 0 to 1.
    """

    base: float
    rise: float
    span: float
    near: float
    octaves: int = 5
    rough: float = 0.5
    lean: float = 0.8
    relief: float = 1.0
    floor: float = 0.6
    sharp: bool = False


def crest(site: Site, ridge: Ridge, at: Floats) -> Floats:
    """The ridge's outline: a height in pixels for each place ``at`` in pixels."""
    bumps = curve(site.rng, at / np.float32(ridge.span * site.unit), ridge.octaves, ridge.rough)
    if ridge.sharp:
        fine = curve(site.rng, at / np.float32(0.08 * site.unit), 4)
        bumps = 1.1 - 2.6 * np.abs(bumps) + 0.16 * fine
    return (ridge.base * site.height - bumps * ridge.rise * site.height).astype(np.float32)


def paint_ridge(site: Site, ridge: Ridge, material: Colour, outline: Floats | None = None) -> tuple[Canvas, Floats]:
    """Paint a ridge with a sunny and a shady side; gives the sheet and the depth below its crest in pixels."""
    probe = site.sheet((0, 0, 0), top=0.5, bottom=0.52)
    line = crest(site, ridge, probe.x[0]) if outline is None else outline
    canvas = site.sheet(site.shady(material, ridge.near), top=float(line.min() - 4) / site.height)
    depth = canvas.y - line[None, :]
    canvas.cover[:] = np.clip(depth + 0.5, 0, 1)
    facing = _facing(site, ridge, line)
    width = line.size
    wobble = curve(site.rng, depth[:, :1].ravel() / np.float32(0.06 * site.unit), 3) * np.float32(0.02 * site.unit)
    source = np.arange(width, dtype=np.float32)[None, :] - ridge.lean * depth + wobble[:, None]
    side = 0.28 + 0.72 * facing[np.clip(source, 0, width - 1).astype(np.intp)]
    fade = np.exp(np.minimum(0, -depth / np.float32(0.34 * site.height)))
    canvas.wash(side * (0.25 + 0.75 * fade) * np.float32(ridge.relief), site.sunny(material, ridge.near))
    # Backlight: the crest catches the sun, more so near it.
    across = np.exp(-(((canvas.x - site.sun[0]) / np.float32(0.5 * site.unit)) ** 2))
    rim = np.exp(np.minimum(0, -depth / np.float32(0.006 * site.height + 0.6))) * across
    canvas.wash(rim * np.float32(0.55 * site.light.strength), mix(site.light.glow, site.light.sun, 0.5))
    glow = site.sunlight(canvas, 0.36) * np.float32(0.75 * site.light.strength * (1 - 0.75 * ridge.near))
    canvas.wash(glow, site.light.glow)
    if ridge.floor:
        mist = smooth(0.04 * site.height, 0.26 * site.height, depth) * np.float32(ridge.floor * (1 - 0.7 * ridge.near))
        canvas.wash(mist, mix(site.light.haze, site.light.horizon, 0.35))
    return canvas, depth


def _facing(site: Site, ridge: Ridge, line: Floats) -> Floats:
    """How much each column of an outline faces the sun, 0 to 1."""
    reach = max(1, round(0.012 * site.unit * ridge.span))
    kernel = np.ones(2 * reach + 1, np.float32) / (2 * reach + 1)
    calm = np.convolve(np.pad(line, reach, mode="edge"), kernel, mode="valid")
    slope = np.gradient(calm).astype(np.float32)
    way = np.sign(np.float32(site.sun[0]) - np.linspace(0, site.width, line.size, dtype=np.float32))
    if abs(site.sun[0] - site.width / 2) > 0.12 * site.width:
        way = np.full_like(way, np.sign(site.sun[0] - site.width / 2))
    lit_up: Floats = (0.5 + 0.5 * np.tanh(-slope * way * 7)).astype(np.float32)
    return lit_up


def finish(site: Site, canvas: Canvas, near: float, *, soft: bool = False) -> Layer:
    """The sheet as a layer that the camera moves towards the site's focus."""
    return canvas.layer(near, site.focus, soft=soft)
