"""Pictures that came with the request: cropped to the frame, as a layer that the camera can move over."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from kling_nb.sandbox.film.layers import Layer

if TYPE_CHECKING:
    from kling_nb.sandbox.film.lens import Bytes
    from kling_nb.sandbox.film.noise import Floats

BORDER = 0.12
"""How far a picture goes on beyond the frame, mirrored, so that a camera may pull out or pan."""


def picture_layer(encoded: bytes, width: int, height: int) -> Layer:
    """An encoded image as one opaque layer that fills the frame exactly at the resting pose.

    Raises:
        OSError: The bytes are no image that Pillow can read.
    """
    with Image.open(io.BytesIO(encoded)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    fitted = ImageOps.fit(upright, (width, height), Image.Resampling.LANCZOS)
    across, down = (round(side * BORDER) // 2 * 2 + 2 for side in (width, height))
    across, down = min(across, width // 2 * 2 - 2), min(down, height // 2 * 2 - 2)
    pixels = np.pad(np.asarray(fitted, np.float32), ((down, down), (across, across), (0, 0)), mode="reflect")
    red, green, blue = (pixels[..., i] / 255 for i in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # ITU-R BT.709-6, item 3.2
    u, v = 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748
    return Layer(
        y=(16.5 + 219 * luma).astype(np.uint8),
        u=_quarter(u),
        v=_quarter(v),
        through=None,
        through_half=None,
        origin=(-across, -down),
        near=1.0,
        box=(0, 0, pixels.shape[1], pixels.shape[0]),
        solid=0,
    )


def _quarter(plane: Floats) -> Bytes:
    """Colour at half size: the mean of each four pixels."""
    four = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    return (four / 4 + 0.5).astype(np.uint8)
