"""Colours as the eye tells them apart: CIE L*a*b* of sRGB pictures, and how far two pictures are from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.floating[Any]]

_XYZ = np.array(  # IEC 61966-2-1: linear sRGB to XYZ, seen in daylight (D65)
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_TO_CONES = (_XYZ / _WHITE[:, None]).T.astype(np.float32)

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES > 0.04045, ((_CODES + 0.055) / 1.055) ** 2.4, _CODES / 12.92).astype(np.float32)  # noqa: PLR2004 - the standard's knee

_DARK = 0.008856
"""Below this share of white, CIE 1976 goes on in a straight line."""


def lab(rgb: Bytes) -> Floats:
    """The picture in CIE L*a*b* (D65, 2 degrees): L from 0 to 100, a and b from about -110 to 110.

    Args:
        rgb: sRGB pixels of 8 bits, red first; any shape whose last side is 3.

    Returns:
        float32 of the same shape.
    """
    light = _LINEAR[rgb] @ _TO_CONES
    cones = np.where(light > _DARK, np.cbrt(light), np.float32(7.787) * light + np.float32(16 / 116))
    x, y, z = cones[..., 0], cones[..., 1], cones[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def mean(rgb: Bytes) -> Floats:
    """The mean colour of a picture, as three numbers of L*a*b*."""
    found: Floats = lab(rgb).reshape(-1, 3).mean(axis=0, dtype=np.float64)
    return found


def difference(first: Bytes, second: Bytes) -> float:
    """How far the mean colours of two pictures are apart (delta E of CIE 1976; about 2.3 can just be noticed).

    Args:
        first: sRGB pixels of 8 bits.
        second: The same of the other picture; their sizes may differ.
    """
    return float(np.linalg.norm(mean(first) - mean(second)))
