"""How alike two pictures are: SSIM and PSNR."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.floating[Any]]

_WINDOW = 7
_STEADY = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""The two constants that keep the quotient steady in flat places (Wang and others, 2004, with K 0.01 and 0.03)."""

_SAME = 100.0
"""Decibels that are told of two pictures that are equal, whose PSNR would be infinite."""


def ssim(first: Bytes, second: Bytes) -> float:
    """Structural similarity of two pictures of one channel: 1 is the same, 0 has nothing in common.

    Windows of 7 x 7 pixels, all alike, with the sample's variance: scikit-image's defaults.

    Args:
        first: 8 bits, height x width, at least 7 x 7.
        second: The same of the other.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _boxes(a), _boxes(b)
    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    spread_a = sample * (_boxes(a * a) - mean_a * mean_a)
    spread_b = sample * (_boxes(b * b) - mean_b * mean_b)
    shared = sample * (_boxes(a * b) - mean_a * mean_b)
    light, contrast = _STEADY
    top = (2 * mean_a * mean_b + light) * (2 * shared + contrast)
    bottom = (mean_a**2 + mean_b**2 + light) * (spread_a + spread_b + contrast)
    return float((top / bottom).mean())


def psnr(first: Bytes, second: Bytes) -> float:
    """Peak signal to noise ratio in decibels, 100 at most."""
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return min(_SAME, 10 * math.log10(255**2 / error)) if error else _SAME


def _boxes(picture: Floats) -> Floats:
    """The mean of every window that lies within the picture."""
    sums = np.zeros((picture.shape[0] + 1, picture.shape[1] + 1))
    np.cumsum(picture, axis=0, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    n = _WINDOW
    return (sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]) / (n * n)
