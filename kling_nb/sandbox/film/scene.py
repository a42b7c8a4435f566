"""One shot: what stands in it, and any one of its frames."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from kling_nb.sandbox.film.camera import Camera
from kling_nb.sandbox.film.gallery import SHAPES
from kling_nb.sandbox.film.layers import Frame, Layer
from kling_nb.sandbox.film.lens import Bytes, lay_over
from kling_nb.sandbox.film.light import LIGHTS, choose
from kling_nb.sandbox.film.particles import Swarm
from kling_nb.sandbox.film.pictures import picture_layer
from kling_nb.sandbox.film.scenery import PAINTERS, Site
from kling_nb.sandbox.film.scenery.sky import paint_aurora
from kling_nb.sandbox.film.stack import Stack
from kling_nb.sandbox.film.subjects import paint_halo, paint_shadow, paint_streak, paint_subject, reflection
from kling_nb.sandbox.film.words import Reading, read

AIR = ("snow", "rain", "dust", "embers", "petals", "leaves", "bubbles", "fireflies")
"""Weather words that are particles; mist is a layer of the scenery and stars are in its sky."""
LEVEL = 0.66
"""Where the water begins to mirror a lamp in the air, as a fraction of the frame from above."""
AFLOAT = {"birds", "balloon", "boat", "lantern", "lighthouse", "house"}
"""Subjects that cast no shadow at their foot."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One shot, ready to be filmed.

    Attributes:
        stack: The painted scenery, or the first frame's picture.
        ending: The last frame's picture, into which the shot fades.
        light: The name of its light, for the sound.
        vignette: Black to lay over the scenery and what shines through it, both for Y; None leaves it alone.
        given: The stack is a picture that came with the request: no vignette, and it starts at rest.
    """

    size: tuple[int, int]
    seconds: float
    camera: Camera
    stack: Stack
    swarms: tuple[Swarm, ...]
    reading: Reading
    light: str
    vignette: tuple[Bytes, Bytes] | None
    ending: Stack | None = None
    given: bool = False

    def shoot(self, t: float) -> Frame:
        """The scenery at the fraction ``t`` of the shot: 0 is its first frame, 1 its last."""
        width, height = self.size
        pose = self.camera.pose(t, self.seconds)
        frame = Frame(width, height)
        blend = 0.0
        if self.ending:
            blend = min(max((t - 0.3) / 0.55, 0.0), 1.0)
            blend = blend * blend * (3 - 2 * blend)
        if blend < 1:
            self.stack.draw(
                frame, pose.since(self.camera.pose(0, self.seconds)) if self.given else pose, t * self.seconds
            )
            if self.vignette:
                lay_over(frame.y, *self.vignette)
        if self.ending and blend > 0:
            other = frame if blend >= 1 else Frame(width, height)
            self.ending.draw(other, pose.since(self.camera.pose(1, self.seconds)), 0.0)
            if other is not frame:
                frame.blend(other, blend)
        return frame

    def fill_air(self, frame: Frame, t: float) -> None:
        """Let it snow, rain or sparkle before the scenery of the fraction ``t``."""
        width, height = self.size
        pose = self.camera.pose(t, self.seconds)
        move = ((pose.pan[0] + pose.truck[0]) * width, (pose.pan[1] + pose.truck[1]) * height)
        for swarm in self.swarms:
            swarm.draw(frame, t * self.seconds, move, self._presence(t))

    def _presence(self, t: float) -> float:
        """How visible the air is: given pictures are left alone where they must be exact."""
        seen = min(1.0, t * 5) if self.given else 1.0
        return seen * min(1.0, (1 - t) * 5) if self.ending else seen


def stage_shot(
    prompt: str,
    negative: str,
    size: tuple[int, int],
    seconds: float,
    seed: int,
    *,
    first: bytes | None = None,
    last: bytes | None = None,
) -> Scene:
    """Read a prompt and build its shot.

    Raises:
        OSError: ``first`` or ``last`` is no image that Pillow can read.
    """
    width, height = size
    reading = read(prompt, negative)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(prompt.encode("utf-8", "replace"))])
    name = choose(reading.light, reading.place, int(rng.integers(1000)))
    light = LIGHTS[name].tinted(reading.tint) if reading.tint else LIGHTS[name]
    side = rng.choice((1, 1, 1, -1, -1))
    sun_x = 0.5 + side * rng.uniform(0.12, 0.22)
    site = Site(width, height, light, reading, rng, (sun_x * width, (1 - light.height) * height))
    if first is None:
        stack, vignette = Stack.of(_dress(site)), _vignette(width, height)
    else:
        stack, vignette = Stack.of([picture_layer(first, width, height)]), None
    air = [name for name in AIR if reading.has(name)]
    if first is None and reading.place in {"sea", "harbour"} and not site.grounded:
        air.append("glints")
    if first is None and reading.place in {"stage", "forest"} and not air:
        air.append("dust")
    return Scene(
        size=size,
        seconds=seconds,
        camera=Camera(reading.moves, float(rng.uniform(0, 40))),
        stack=stack,
        swarms=tuple(Swarm.of(name, size, light, rng, sun_x) for name in air),
        reading=reading,
        light=name,
        vignette=vignette,
        ending=Stack.of([picture_layer(last, width, height)]) if last is not None else None,
        given=first is not None,
    )


def _dress(site: Site) -> list[Layer]:
    """The place with its subject in it, far to near."""
    layers = PAINTERS[site.reading.place](site)
    if site.reading.light == "aurora":
        layers.insert(1, paint_aurora(site))
    name = site.reading.subject or ("orb" if site.reading.place == "stage" else "")
    if not name:
        return layers
    shape = SHAPES[name]
    figures = [paint_subject(site, shape)]
    if name == "boat" or (site.reading.place == "city" and name not in AFLOAT):
        figures.insert(0, reflection(figures[0], shape.foot * site.height, 0.34))
    elif shape.lamp and site.reading.place in {"sea", "harbour"}:
        figures.insert(0, paint_streak(site, shape, shape.lamp, LEVEL))
    elif name not in AFLOAT:
        figures.insert(0, paint_shadow(site, shape))
    if shape.lamp:
        figures.insert(0, paint_halo(site, shape, shape.lamp))
    before = next((i for i, layer in enumerate(layers) if layer.near > shape.near + 0.05), len(layers))
    return [*layers[:before], *figures, *layers[before:]]


def _vignette(width: int, height: int) -> tuple[Bytes, Bytes]:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    shade = 0.20 * np.clip((x * x + y * y) / 2, 0, 1) ** 1.4
    return (16 * shade + 0.5).astype(np.uint8), (255.5 - 255 * shade).astype(np.uint8)
