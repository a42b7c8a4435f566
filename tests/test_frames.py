"""Images that go in: upright, opaque, without metadata, and never a surprise for the gateway."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from kling_nb.errors import InputError
from kling_nb.frames import Opened, open_frame

ORANGE, BLUE = (255, 140, 0), (0, 0, 255)
SECRET = b"52.3731 N 4.8922 E"
ORIENTATION = 0x0112  # EXIF 2.32, table 4


def halves(width: int = 320, height: int = 400, mode: str = "RGB") -> Image.Image:
    """Orange above, blue below."""
    image = Image.new("RGB", (width, height), ORANGE)
    image.paste(BLUE, (0, height // 2, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """As a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def seen(opened: Opened) -> Image.Image:
    """What the gateway gets to see; the frame must describe it."""
    assert opened.data is not None
    image = Image.open(io.BytesIO(opened.data))
    frame = opened.frame
    assert (frame.width, frame.height, frame.size) == (*image.size, len(opened.data))
    assert frame.sha256 == hashlib.sha256(opened.data).hexdigest()
    assert frame.media_type == {"PNG": "image/png", "JPEG": "image/jpeg"}[str(image.format)]
    assert image.mode in {"RGB", "L"}
    assert not image.getexif()
    return image.convert("RGB")


def near(pixel: Any, colour: tuple[int, int, int], by: int = 12) -> bool:
    """Whether a pixel has a colour, as far as JPEG keeps it."""
    return all(abs(int(a) - b) <= by for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_clean_file_travels_as_it_is(kind: str, mode: str) -> None:
    """Nothing to change, nothing changed: the very bytes."""
    data = encoded(halves(mode=mode), kind)
    opened = open_frame(data)
    assert opened.data == data
    seen(opened)


@pytest.mark.parametrize(
    ("orientation", "top_left", "size"),
    [
        (1, ORANGE, (320, 400)),
        (2, ORANGE, (320, 400)),
        (3, BLUE, (320, 400)),
        (4, BLUE, (320, 400)),
        (5, ORANGE, (400, 320)),
        (6, BLUE, (400, 320)),
        (7, BLUE, (400, 320)),
        (8, ORANGE, (400, 320)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_turned_upright(kind: str, orientation: int, top_left: tuple[int, int, int], size: tuple[int, int]) -> None:
    """All eight orientations of a camera end up as the person saw them, with their sides swapped if need be."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = seen(open_frame(encoded(halves(), kind, exif=exif)))
    assert image.size == size
    assert near(image.getpixel((2, 2)), top_left)


def _with_text(kind: str) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET.decode()}</x>")
    return encoded(halves(), "PNG", pnginfo=text) if kind == "PNG" else encoded(halves(), "JPEG", comment=SECRET)


def _with_exif(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    return encoded(halves(), kind, exif=exif)


def _with_profile(kind: str) -> bytes:
    return encoded(halves(), kind, icc_profile=SECRET * 10)


def _with_xmp(kind: str) -> bytes:
    if kind == "PNG":
        return _with_text(kind)
    segment = b"http://ns.adobe.com/xap/1.0/\x00<x>" + SECRET + b"</x>"
    jpeg = encoded(halves(), "JPEG")
    return jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("make", [_with_text, _with_exif, _with_profile, _with_xmp])
def test_metadata_is_left_out(kind: str, make: Any) -> None:
    """Where a picture was taken, and with what, is nobody's business."""
    data = make(kind)
    assert b"52.3731" in data or kind == "PNG"  # PNG packs its profile
    opened = open_frame(data)
    image = seen(opened)
    assert opened.data is not None
    assert SECRET not in opened.data
    assert not {"parameters", "comment", "icc_profile", "xmp", "XML:com.adobe.xmp"} & set(image.info)
    assert near(image.getpixel((2, 2)), ORANGE)


def _see_through(mode: str) -> Image.Image:
    image = halves().convert("RGBA")
    image.paste((0, 255, 0, 0), (0, 0, 160, 200))
    return image.convert(mode)


def _palette_with_hole() -> Image.Image:
    image = halves(mode="P")
    image.info["transparency"] = image.getpixel((2, 2))
    return image


@pytest.mark.parametrize(
    ("image", "kind", "top_left"),
    [
        (_see_through("RGBA"), "PNG", (255, 255, 255)),
        (_see_through("LA"), "PNG", (255, 255, 255)),
        (_see_through("RGBA"), "WEBP", (255, 255, 255)),
        (_palette_with_hole(), "PNG", (255, 255, 255)),
        (_palette_with_hole(), "GIF", (255, 255, 255)),
        (halves(mode="P"), "PNG", ORANGE),
        (halves(mode="P"), "GIF", ORANGE),
        (halves(mode="CMYK"), "JPEG", ORANGE),
        (halves(mode="CMYK"), "TIFF", ORANGE),
        (halves(), "BMP", ORANGE),
        (halves(), "WEBP", ORANGE),
        (Image.new("1", (320, 320), 1), "PNG", (255, 255, 255)),
        (Image.fromarray(np.full((320, 320), 0x8000, np.uint16)), "PNG", (128, 128, 128)),
        (Image.fromarray(np.full((320, 320), 0x8000, np.uint16)), "TIFF", (128, 128, 128)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_made_plain(image: Image.Image, kind: str, top_left: tuple[int, int, int]) -> None:
    """Holes are filled with white, palettes and inks become RGB, 16 bits are scaled down and not cut off."""
    assert near(seen(open_frame(encoded(image, kind))).getpixel((2, 2)), top_left, by=30)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1", "F", "I"])
def test_image_from_the_notebook(mode: str) -> None:
    """A PIL image needs no file; it travels without loss."""
    opened = open_frame(halves(mode=mode))
    assert opened.frame.media_type == "image/png"
    assert seen(opened).size == (320, 400)


def test_animation_is_its_first_picture() -> None:
    """A GIF of two pictures is a still."""
    second = Image.new("RGB", (320, 400), BLUE)
    data = encoded(halves(), "GIF", save_all=True, append_images=[second])
    assert near(seen(open_frame(data)).getpixel((2, 2)), ORANGE, by=30)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind(wrap: Any) -> None:
    """Bytes, bytearray and memoryview are the same picture."""
    data = encoded(halves())
    assert open_frame(wrap(data)).data == data


@pytest.mark.parametrize("as_text", [True, False])
def test_path(tmp_path: Path, as_text: bool) -> None:  # noqa: FBT001 - a table's column
    """A path is opened, as text or as Path; the file's name stays for captions, its folder does not."""
    path = tmp_path / "red fox.png"
    path.write_bytes(encoded(halves()))
    opened = open_frame(str(path) if as_text else path)
    assert opened.data == path.read_bytes()
    assert opened.frame.name == "red fox.png"


@pytest.mark.parametrize(
    "url", ["https://img.example/a/fox.png", " http://img.example/fox.png ", "HTTPS://x.example/f"]
)
def test_url_is_passed_on_unread(url: str) -> None:
    """A URL is the gateway's to fetch."""
    opened = open_frame(url)
    assert (opened.frame.url, opened.data, opened.frame.sha256) == (url.strip(), None, None)


BROKEN = {
    "text": b"I am no picture",
    "nothing": b"",
    "torn": encoded(halves())[:200],
    "torn JPEG": encoded(halves(), "JPEG")[:300],
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 320 320\n",
    "MP4": b"\x00\x00\x00\x20ftypisom" + bytes(64),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=list(BROKEN))
def test_not_an_image(tmp_path: Path, data: bytes) -> None:
    """What cannot be opened is told by its name and option, with what can."""
    path = tmp_path / "fox.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"--tail: fox\.png is not an image .* JPEG or PNG"):
        open_frame(path, "--tail")


def _png_head(width: int, height: int) -> bytes:
    """A small file that claims to be huge."""
    plain = encoded(Image.new("1", (1, 1)))
    chunk = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + plain[24:29]
    import zlib  # noqa: PLC0415 - for this one checksum

    return plain[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + plain[33:]


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_decompression_bomb(side: int) -> None:
    """Neither the warning's nor the error's size of Pillow is decoded."""
    with pytest.raises(InputError, match="too many pixels"):
        open_frame(_png_head(side, side))


@pytest.mark.parametrize("value", [None, 17, 1.5, ["a.png"], object()])
def test_neither_of_all_that(value: Any) -> None:
    """The sentence lists what an input can be."""
    with pytest.raises(InputError, match=f"--image takes a URL, a path, .* not {type(value).__name__}"):
        open_frame(value)


@pytest.mark.parametrize("path", ["missing.png", "", ".", "nul\x00byte.png", "x" * 5000])
def test_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """What is not there, no file or no name at all is one sentence."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no file|cannot be read"):
        open_frame(path)


def test_file_too_large_to_read(tmp_path: Path) -> None:
    """A file of gigabytes is refused by its size, unread."""
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    with pytest.raises(InputError, match=r"huge\.png is larger than 64 MB"):
        open_frame(path)
