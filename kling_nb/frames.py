"""Images that go in: opened, checked, turned upright, stripped of metadata.

Only what a person named as an input is ever opened; a text that merely looks like a path is not
(:func:`open_frame` is called with the value of ``--image`` and its kin, nothing else).
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from kling_nb.errors import InputError
from kling_nb.request import Frame

_READ_CAP = 64 * 1024 * 1024
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""Pictures only: Pillow would hand PostScript to Ghostscript, which runs it as a program."""

_JPEG_QUALITY = 95
_SENT_AS = {"JPEG": "image/jpeg", "PNG": "image/png"}
_TRANSPARENT = {"RGBA", "LA", "PA"}
_DEEP = {"I", "I;16"}
_SILENT = frozenset({
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "adobe", "adobe_transform", "progressive", "progression",
    "dpi", "gamma", "srgb", "interlace",
})  # fmt: skip
_PLAIN_SEGMENTS = frozenset({"APP0", "APP14"})
"""What a file may say besides its pixels and still travel as it is: comments, prompts and places it may not."""

_DAMAGED = (OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, struct.error)
"""What Pillow raises for files that are broken or were made to break it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An input that is ready to be sent: what the request says of it, and its bytes if it is local."""

    frame: Frame
    data: bytes | None = None


def open_frame(value: Any, option: str = "--image") -> Opened:
    """Open one image.

    Args:
        value: An http(s) URL (passed on unread), a path, encoded bytes, or a ``PIL.Image.Image``.
        option: Named in error sentences.

    Raises:
        InputError: It does not exist, cannot be read or is no image.
    """
    if isinstance(value, Image.Image):
        return _encoded(value, name="image from the notebook")
    if isinstance(value, bytes | bytearray | memoryview):
        return _decoded(bytes(value), "bytes from the notebook", option)
    if isinstance(value, str) and (url := value.strip()).lower().startswith(("http://", "https://")):
        return Opened(Frame(url=url, name=url.rsplit("/", 1)[-1][:80]))
    if isinstance(value, str | Path):
        return _from_path(Path(value).expanduser(), option)
    raise InputError(
        f"{option} takes a URL, a path, bytes, a PIL image or a finished clip, not {type(value).__name__}."
    )


def _from_path(path: Path, option: str) -> Opened:
    try:
        if not path.is_file():
            raise InputError(f"{option}: there is no file {path}. Give a path, an https URL or the name of a variable.")
        if path.stat().st_size > _READ_CAP:
            raise InputError(f"{option}: {path.name} is larger than {_READ_CAP >> 20} MB: make it smaller first.")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{option}: {path} cannot be read ({error}).") from None
    return _decoded(data, path.name, option)


def _decoded(data: bytes, name: str, option: str) -> Opened:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is left out anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            image.load()
            if _as_it_is(image):
                return _stored(data, _SENT_AS[str(image.format)], image.size, name)
            return _encoded(image, name=name)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"{option}: {name} has too many pixels to be opened safely: make it smaller.") from None
    except _DAMAGED:
        raise InputError(f"{option}: {name} is not an image that can be opened. Use a JPEG or PNG file.") from None


def _as_it_is(image: Image.Image) -> bool:
    """Whether the file can be sent byte for byte: one opaque picture, upright, without metadata."""
    if image.format not in _SENT_AS or image.mode not in {"RGB", "L"} or getattr(image, "n_frames", 1) > 1:
        return False
    try:
        segments = {marker for marker, _ in getattr(image, "applist", ())}
        return not image.getexif() and _SILENT.issuperset(image.info) and _PLAIN_SEGMENTS.issuperset(segments)
    except _DAMAGED:
        return False


def _encoded(image: Image.Image, *, name: str) -> Opened:
    """Encode anew: upright, without metadata; PNG where the picture was lossless or has few colours."""
    lossless = image.format not in {"JPEG", "MPO"}  # an MPO is a JPEG with a second view
    upright = _upright(image)
    if upright.mode in _TRANSPARENT or "transparency" in upright.info:
        # The gateways do not say what they do with transparency: show it on white, as a page would.
        rgba = upright.convert("RGBA")
        upright = Image.new("RGB", rgba.size, "white")
        upright.paste(rgba, mask=rgba.getchannel("A"))
    if upright.mode in _DEEP:
        # 16 bits a pixel, which Pillow would cut off at 255 instead of scaling them down.
        upright = upright.point(lambda value: value * (1 / 256)).convert("L")
    flat = upright.convert("RGB")
    flat.info.clear()  # Pillow writes comment and colour profile of the source into the new file
    out = io.BytesIO()
    if lossless:
        flat.save(out, "PNG", optimize=False)
        return _stored(out.getvalue(), "image/png", flat.size, name)
    flat.save(out, "JPEG", quality=_JPEG_QUALITY)
    return _stored(out.getvalue(), "image/jpeg", flat.size, name)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGED:
        return image  # a damaged note on how to turn it says nothing


def _stored(data: bytes, media_type: str, size: tuple[int, int], name: str) -> Opened:
    frame = Frame(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type,
        size=len(data),
        width=size[0],
        height=size[1],
        name=name,
    )
    return Opened(frame, data)
