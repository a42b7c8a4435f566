"""What the frames themselves tell: how sharp, how true to the pictures that were given, how steady their colours."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from kling_nb.errors import InputError
from kling_nb.metrics.colour import mean
from kling_nb.metrics.likeness import psnr, ssim
from kling_nb.metrics.reel import Reel, brightness
from kling_nb.metrics.registry import metric
from kling_nb.metrics.timeline import blacks, cut_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

_WIDE = 640
"""Pixels of the longer side where frames are compared with pictures: grain and compression weigh less there."""

_LOOKS = 25
_SPARSE = 4


@metric("sharpness", unit="variance of the Laplacian", better="higher")
def sharpness(reel: Reel, _: Mapping[str, Any]) -> dict[str, float]:
    """How much fine detail there is at full size: ``value`` is the median of a few frames, ``least`` the softest."""
    found = [_detail(brightness(still)) for still in reel.stills]
    return {"value": float(np.median(found)), "least": min(found)}


@metric("drift", unit="delta E (CIE 1976)", better="lower")
def drift(reel: Reel, _: Mapping[str, Any]) -> float | None:
    """How far the mean colour wanders from the first tenth to the last, within the longest shot.

    Medians of several frames, so that flicker is not taken for drift; black frames do not count.
    """
    edges = [0, *cut_frames(reel), len(reel)]
    start, end = max(pairwise(edges), key=lambda shot: shot[1] - shot[0])
    seen = np.flatnonzero(~blacks(reel)[start:end]) + start
    if not seen.size:
        return None
    tenth = max(1, len(seen) // 10)
    early, late = (
        np.median([mean(reel.frames[index, ::_SPARSE, ::_SPARSE]) for index in part], axis=0)
        for part in (_thinned(seen[:tenth]), _thinned(seen[-tenth:]))
    )
    return float(np.linalg.norm(early - late))


@metric("first_frame", unit="SSIM", better="higher", needs="first_frame")
def first_frame(reel: Reel, asked: Mapping[str, Any]) -> dict[str, float]:
    """How like its first frame is to the picture it should start from: ``value`` is SSIM, ``psnr`` in decibels."""
    return _against(reel.stills[0], asked["first_frame"])


@metric("last_frame", unit="SSIM", better="higher", needs="last_frame")
def last_frame(reel: Reel, asked: Mapping[str, Any]) -> dict[str, float]:
    """How like its last frame is to the picture it should end on: ``value`` is SSIM, ``psnr`` in decibels."""
    return _against(reel.stills[-1], asked["last_frame"])


def _against(frame: Bytes, picture: Any) -> dict[str, float]:
    """Both in grey and of one size; a picture of another shape loses its edges, as it does at the gateways."""
    height, width = frame.shape[:2]
    scale = min(1.0, _WIDE / max(width, height))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    try:
        with Image.open(Path(picture)) as opened:
            wanted = ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB"), size, Image.Resampling.BOX)
    except (OSError, ValueError, TypeError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"{picture} is no picture that can be opened to compare frames with.") from None
    made = Image.fromarray(frame).resize(size, Image.Resampling.BOX)
    first, second = brightness(np.asarray(made)), brightness(np.asarray(wanted))
    return {"value": ssim(first, second), "psnr": psnr(first, second)}


def _detail(luma: Bytes) -> float:
    """Variance of the Laplacian: of each pixel's difference from its four neighbours."""
    grey = luma.astype(np.int16)
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1]
    edges += grey[1:-1, :-2]
    edges += grey[1:-1, 2:]
    edges -= 4 * grey[1:-1, 1:-1]
    return float(edges.astype(np.float32).var(dtype=np.float64)) if edges.size else 0.0


def _thinned(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    return numbers[:: max(1, len(numbers) // _LOOKS)]
