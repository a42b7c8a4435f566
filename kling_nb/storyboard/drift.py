"""Whether one clip goes on where another ends, and how far the colours have moved on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kling_nb.metrics.colour import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.storyboard.reels import Pixels

_SMALL = (64, 36)
_FLAT = 4.0
"""Standard deviation below which a channel has no contrast that could be matched."""

_APART = 24.0
_MOST_APART = 0.01
"""Two pictures show the same if, colours aside, at most this share of their points is more than that apart."""

_WORDS = ((1.0, "no colour drift"), (2.3, "hardly any colour drift"), (5.0, "a slight colour drift"))
"""By the largest delta E that each is said of; 2.3 is the least that an eye can just tell (CIE 1976)."""

_GAINS = (0.8, 1.25)
_OFFSETS = (-40.0, 40.0)
"""More than this is no drift of colours, and is not taken back."""


@dataclass(frozen=True, slots=True)
class Join:
    """What lies between one clip and the next.

    Attributes:
        delta: Distance of the mean colours of the last and the next frame (delta E, CIE 1976).
        continues: The next clip goes on where the one before ends; otherwise it is a cut.
    """

    delta: float
    continues: bool

    def __str__(self) -> str:
        figure = f"delta E {self.delta:.1f}"
        return f"{words(self.delta)} ({figure})" if self.continues else f"a cut ({figure})"


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the colours of a film move.

    Attributes:
        joins: One between each clip and the next.
        whole: Delta E between the film's first and last frame.
    """

    joins: tuple[Join, ...]
    whole: float

    @property
    def worst(self) -> float:
        """The largest delta E of a join that is no cut; 0 without one."""
        return max((join.delta for join in self.joins if join.continues), default=0.0)


@dataclass(frozen=True, slots=True)
class Tint:
    """What is done to a clip's colours: ``value * gain + offset`` for red, green and blue."""

    gains: tuple[float, ...]
    offsets: tuple[float, ...]

    @property
    def filter(self) -> str:
        """The same as FFmpeg's ``lutrgb`` takes it."""
        three = zip("rgb", self.gains, self.offsets, strict=True)
        return ":".join(f"{name}=clip(val*{gain:.5f}+{offset:.3f}\\,0\\,255)" for name, gain, offset in three)

    def of(self, picture: Pixels) -> Pixels:
        """The picture in these colours."""
        changed = np.clip(picture * np.array(self.gains) + np.array(self.offsets), 0, 255)
        return np.asarray(changed.round(), np.uint8)


def words(delta: float) -> str:
    """A drift for people: ``a slight colour drift``."""
    return next((said for most, said in _WORDS if delta < most), "a visible colour drift")


def same(first: Pixels, second: Pixels) -> bool:
    """Whether two pictures show the same, compression and a drift of the colours aside."""
    one, other = _small(first), _small(second)
    apart = np.abs(matched(other, one).of(other).astype(np.int16) - one).max(axis=-1) > _APART
    return float(apart.mean()) <= _MOST_APART


def measured(pairs: Sequence[tuple[Pixels, Pixels]], continues: Sequence[bool], whole: tuple[Pixels, Pixels]) -> Drift:
    """The drift of a film.

    Args:
        pairs: The last frame before and the first frame behind each join.
        continues: Whether each of them is no cut.
        whole: The first and the last frame of the film.
    """
    joins = (Join(difference(*pair), going) for pair, going in zip(pairs, continues, strict=True))
    return Drift(tuple(joins), difference(*whole))


def matched(picture: Pixels, wanted: Pixels) -> Tint:
    """What gives a picture the mean and the contrast of another one, channel by channel."""
    mean, spread = (_each(picture, what) for what in ("mean", "std"))
    goal, breadth = (_each(wanted, what) for what in ("mean", "std"))
    gains = np.where(spread > _FLAT, np.clip(breadth / np.maximum(spread, 1e-6), *_GAINS), 1.0)
    offsets = np.clip(goal - gains * mean, *_OFFSETS)
    return Tint(tuple(map(float, gains)), tuple(map(float, offsets)))


def _each(picture: Pixels, what: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    channels = picture.reshape(-1, 3).astype(np.float64)
    return np.asarray(getattr(channels, what)(axis=0))


def _small(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).resize(_SMALL, Image.Resampling.BOX))
