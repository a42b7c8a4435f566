"""What hangs in the air: snow, rain, sparks, leaves; every one on its own path.

All particles of a kind are drawn at once: their little ellipses are computed as one array
and written into the planes by index, at sub-pixel places, which costs well under a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from kling_nb.sandbox.film.canvas import Colour, mix, yuv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kling_nb.sandbox.film.layers import Frame
    from kling_nb.sandbox.film.light import Light
    from kling_nb.sandbox.film.noise import Floats


@dataclass(frozen=True, slots=True)
class Kind:
    """How one sort of particle looks and flies. Lengths are fractions of the frame's unit.

    Attributes:
        count: How many in a square frame.
        size: Radius, smallest and largest.
        long: Length over width of one.
        fall: Units per second downwards, for the nearest; far ones fall more slowly.
        wind: Units per second to the right.
        swing: How far it swings sideways.
        spin: Turns per second.
        twinkle: 0 steady to 1 blinking.
        strong: Opacity of the nearest, 0 to 1.
        colours: Its colours.
        glow: Part of the sun's colour mixed in.
        top, bottom: Where it lives, as fractions of the frame.
    """

    count: int
    size: tuple[float, float]
    long: float
    fall: float
    wind: float
    swing: float
    spin: float
    twinkle: float
    strong: float
    colours: tuple[Colour, ...]
    glow: float = 0.2
    top: float = 0.0
    bottom: float = 1.0


FAINT = 0.01
"""Opacity below which nobody sees a particle."""
_EDGE = 0.53
"""How far from the middle of the frame a particle may be seen, in frame widths."""
_MANY = 100
"""So many particles are worth being parted by size."""
_AWAY = 1e6
"""Pixels: so far away that no particle reaches there."""
WHITE: Colour = (255, 255, 255)
KINDS: dict[str, Kind] = {
    "snow": Kind(300, (0.0009, 0.0058), 1, 0.16, 0.03, 0.020, 0, 0, 0.92, (WHITE,), 0.12),
    "rain": Kind(210, (0.00055, 0.0010), 26, 1.7, -0.22, 0, 0, 0, 0.42, ((206, 218, 232),), 0.25),
    "dust": Kind(110, (0.0007, 0.0022), 1, -0.012, 0.025, 0.02, 0, 0.6, 0.5, ((255, 232, 196),), 0.7),
    "embers": Kind(
        120,
        (0.0008, 0.0024),
        1.6,
        -0.17,
        0.03,
        0.025,
        0.5,
        0.7,
        1.0,
        ((255, 150, 50), (255, 196, 90), (255, 100, 30)),
        0.0,
    ),
    "petals": Kind(
        64,
        (0.0030, 0.0075),
        2.1,
        0.09,
        0.07,
        0.03,
        0.35,
        0,
        0.92,
        ((250, 178, 200), (255, 214, 224), (240, 150, 180)),
        0.1,
    ),
    "leaves": Kind(
        46, (0.0036, 0.0085), 2.3, 0.10, 0.09, 0.035, 0.4, 0, 0.92, ((214, 116, 42), (236, 164, 60), (170, 70, 40)), 0.1
    ),
    "bubbles": Kind(90, (0.0012, 0.0050), 1, -0.10, 0.0, 0.012, 0, 0.2, 0.5, ((222, 240, 250),), 0.3),
    "fireflies": Kind(
        60, (0.0012, 0.0028), 1, -0.008, 0.01, 0.03, 0, 1.0, 1.0, ((255, 226, 120), (220, 255, 150)), 0.0, 0.45, 0.98
    ),
    "glints": Kind(90, (0.0008, 0.0018), 3.2, 0.0, 0.0, 0.004, 0, 1.0, 0.85, (WHITE,), 0.5, 0.70, 0.95),
}


@dataclass(frozen=True, slots=True, eq=False)
class Swarm:
    """All particles of one kind in one frame; positions are functions of the time alone."""

    kind: Kind
    width: int
    height: int
    place: Floats
    depth: Floats
    phase: Floats
    luma: Floats
    blue: Floats
    red: Floats
    middle: float

    @classmethod
    def of(cls, name: str, size: tuple[int, int], light: Light, rng: np.random.Generator, middle: float = 0.5) -> Self:
        """The swarm of a kind; ``middle`` is where glints gather, as a fraction of the width."""
        kind = KINDS[name]
        width, height = size
        shape = max(width / height, height / width) ** 0.5
        count = max(6, round(kind.count * min(1.6, shape)))
        depth = np.sort(rng.random(count).astype(np.float32) ** 1.7)
        tones = [yuv(mix(c, mix(light.sun, light.key, 0.5), kind.glow)) for c in kind.colours]
        pick = rng.integers(len(tones), size=count)
        luma, blue, red = (np.array([tone[i] for tone in tones], np.float32)[pick] for i in range(3))
        place = rng.random((count, 2), dtype=np.float32)
        return cls(kind, width, height, place, depth, rng.random(count, dtype=np.float32), luma, blue, red, middle)

    def draw(self, frame: Frame, seconds: float, move: tuple[float, float], presence: float = 1.0) -> None:
        """Draw all of them; ``move`` is how far the camera has carried the nearest, in pixels."""
        if presence <= 0:
            return
        kind, unit = self.kind, (self.width * self.height) ** 0.5
        speed = 0.35 + 0.65 * self.depth
        turn = 2 * np.pi * (self.phase + seconds * (0.12 + 0.2 * self.phase))
        pad = 0.06 * unit
        top, span = kind.top * self.height - pad, (kind.bottom - kind.top) * self.height + 2 * pad
        x = self.place[:, 0] * (self.width + 2 * pad) + (kind.wind * seconds * speed + kind.swing * np.sin(turn)) * unit
        y = self.place[:, 1] * span + (kind.fall * seconds * speed + 0.4 * kind.swing * np.cos(1.3 * turn)) * unit
        x = (x - move[0] * self.depth) % (self.width + 2 * pad) - pad
        y = (y - move[1] * self.depth) % span + top
        if kind is KINDS["glints"]:
            # They lie on the sun's path, which widens towards the lens.
            down = np.clip((y / self.height - kind.top) / (kind.bottom - kind.top), 0.02, 1)
            x = self.middle * self.width + (self.place[:, 0] - 0.5) * (0.10 + 0.5 * down) * unit
        radius = np.maximum((kind.size[0] + (kind.size[1] - kind.size[0]) * self.depth**2) * unit, 0.45)
        strength = presence * kind.strong * (0.35 + 0.65 * self.depth)
        if kind.twinkle:
            blink = np.sin(2 * np.pi * (self.phase * 7 + seconds * (0.5 + 0.9 * self.phase)))
            strength = strength * np.clip(1 - kind.twinkle * (0.5 - 0.5 * blink) * 1.1, 0, 1)
        if kind is KINDS["rain"]:
            angle = np.full_like(x, np.arctan2(kind.fall, kind.wind))
        elif kind is KINDS["glints"]:
            angle = np.zeros_like(x)
        else:
            angle = 2 * np.pi * (self.phase + kind.spin * seconds * (0.5 + self.phase))
        visible = np.flatnonzero((strength > FAINT) & (np.abs(x / self.width - 0.5) < _EDGE))
        # The nearest few are out of focus; drawing by size keeps every patch small, where there are many of them.
        order = visible[np.argsort(radius[visible], kind="stable")]
        sizes = (0.6, 0.9) if order.size > _MANY and kind.long == 1 else ()
        for some in np.split(order, [round(part * order.size) for part in sizes]):
            if some.size:
                self._splat(frame, some, _Spots(x[some], y[some], radius[some], angle[some], strength[some]))

    def _splat(self, frame: Frame, some: NDArray[np.intp], spots: _Spots) -> None:
        """Draw some particles; where two of them meet, the larger one lies on top."""
        slant = self.kind.wind / self.kind.fall if self.kind is KINDS["rain"] else None
        at, weight, owner = spots.touched(self.width, self.height, self.kind.long, slant)
        _tint(frame.y.reshape(-1), at, weight, self.luma[some[owner]])
        if self.kind is KINDS["rain"]:  # a streak is too thin for the coarse colour planes to show
            return
        at, weight, owner = spots.halved().touched(self.width // 2, self.height // 2, self.kind.long, None)
        pairs = frame.uv.reshape(-1)
        _tint(pairs, 2 * at, weight, self.blue[some[owner]])
        _tint(pairs, 2 * at + 1, weight, self.red[some[owner]])


@dataclass(frozen=True, slots=True, eq=False)
class _Spots:
    """Particles of about one size on a plane: places and radii in its pixels, one number each."""

    x: Floats
    y: Floats
    radius: Floats
    angle: Floats
    strength: Floats

    def halved(self) -> _Spots:
        """The same on a plane of half the size."""
        return replace(self, x=self.x / 2, y=self.y / 2, radius=self.radius / 2)

    def touched(
        self, width: int, height: int, long: float, slant: float | None
    ) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp]]:
        """The pixels of a plane that they touch: each one's index, how much of it is covered, and by which.

        ``slant`` is how far streaks run to the right while they fall by one pixel.
        """
        cos, sin = (f(self.angle).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
        right, down = self._reach(long, cos.ravel(), sin.ravel(), slant)
        x, y = (place.astype(np.float32)[:, None, None] for place in (self.x, self.y))
        iy = np.floor(y) + np.arange(-down, down + 2, dtype=np.float32)[None, :, None]
        ix = np.floor(x) + np.arange(-right, right + 2, dtype=np.float32)[None, None, :]
        if slant is not None:
            ix = ix + np.rint((iy - y) * np.float32(slant))
        # What is off the plane nothing reaches.
        dx = np.where((ix >= 0) & (ix < width), ix - x, np.float32(_AWAY))
        dy = np.where((iy >= 0) & (iy < height), iy - y, np.float32(_AWAY))
        if long == 1:
            far = dx * dx + dy * dy
        else:
            across, along = dx * sin - dy * cos, (dx * cos + dy * sin) * np.float32(1 / long)
            far = across * across + along * along
        radius = self.radius.astype(np.float32)
        hit = np.flatnonzero(far < ((radius + np.float32(0.5)) ** 2)[:, None, None])
        owner = hit // (far.shape[1] * far.shape[2])
        at = (iy * np.float32(width) + ix).reshape(-1)[hit].astype(np.intp)
        # Small ones are a pixel's worth of light; larger ones have the soft rim of what is out of focus.
        slope, full = 1 / np.maximum(1, np.float32(0.7) * radius), np.minimum(1, 2 * radius)
        weight = (radius + np.float32(0.5))[owner] - np.sqrt(far.reshape(-1)[hit])
        weight = np.minimum(weight * slope[owner], full[owner]) * self.strength.astype(np.float32)[owner]
        return at, weight, owner

    def _reach(self, long: float, cos: Floats, sin: Floats, slant: float | None) -> tuple[int, int]:
        """How many pixels the largest of them reaches to the side and down."""
        if long == 1:
            return (int(self.radius.max() + 0.5),) * 2
        down = int(np.max(self.radius * (np.abs(sin) * long + np.abs(cos))) + 1.5)
        if slant is not None:  # the patch leans with them
            return 1 + int(self.radius.max() + 0.5), down
        return int(np.max(self.radius * (np.abs(cos) * long + np.abs(sin))) + 1.5), down


def _tint(plane: NDArray[np.uint8], at: NDArray[np.intp], weight: Floats, tone: Floats) -> None:
    """Mix a tone into single pixels of a plane."""
    seen = plane[at].astype(np.float32)
    plane[at] = (seen + weight * (tone - seen) + np.float32(0.5)).astype(np.uint8)
