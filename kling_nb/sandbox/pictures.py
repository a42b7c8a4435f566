"""Images as they come over the wire: a public URL, or bare base64."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from kling_nb.sandbox.refusal import bad_value

# Limits of `image` and `image_tail`: kling.ai/document-api, image2video page.
_MAX_BYTES = 10 * 1024 * 1024
_MIN_SIDE = 300
_MAX_RATIO = 2.5

_MAX_PIXELS = 64_000_000  # ours: 10 MB can unpack to gigabytes


@dataclass(frozen=True, slots=True)
class Picture:
    """An input image.

    Attributes:
        data: The file, or None for an image by URL: the sandbox touches no network.
        width: Pixels; 0 where unknown.
        height: Pixels; 0 where unknown.
    """

    data: bytes | None = None
    width: int = 0
    height: int = 0


def read_picture(name: str, value: Any) -> Picture:
    """Read the field ``name``.

    Raises:
        RefusalError: 1201 when it is neither a URL nor the base64 of a JPEG or PNG within the limits.
    """
    if not isinstance(value, str):
        raise bad_value(f"{name} must be a string: a URL or base64")
    if value.lower().startswith(("http://", "https://")):
        return Picture()
    if value.startswith("data:"):
        raise bad_value(f"{name} must be bare base64, without the data: prefix")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise bad_value(f"{name} is neither a URL nor base64") from None
    if len(data) > _MAX_BYTES:
        raise bad_value(f"{name} has {len(data)} bytes; at most {_MAX_BYTES} are allowed")
    return _measured(name, data)


def _measured(name: str, data: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            _check_size(name, *image.size)
            width, height = ImageOps.exif_transpose(image).size  # decodes it, and turns a phone's picture upright
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise bad_value(f"{name} cannot be read; a JPEG or PNG image is needed") from None
    return Picture(data, width, height)


def _check_size(name: str, width: int, height: int) -> None:
    if min(width, height) < _MIN_SIDE:
        raise bad_value(f"{name} is {width}x{height}; each side needs at least {_MIN_SIDE} pixels")
    if not 1 / _MAX_RATIO <= width / height <= _MAX_RATIO:
        raise bad_value(f"{name} is {width}x{height}; its ratio must lie between 1:2.5 and 2.5:1")
    if width * height > _MAX_PIXELS:
        raise bad_value(f"{name} is {width}x{height}; the sandbox reads at most {_MAX_PIXELS // 10**6} megapixels")
