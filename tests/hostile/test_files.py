"""Files that are made to break whoever opens them: clips that come back, pictures that go in."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from kling_nb import media
from kling_nb.errors import InputError, NotAVideoError
from kling_nb.frames import open_frame
from tests.loopback.clip import make_clip

if TYPE_CHECKING:
    from tests.loopback import Loopback

CLIP = make_clip()
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{0}/files/1.ts\n#EXT-X-ENDLIST\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="x">'
    "<Period><AdaptationSet><Representation><BaseURL>{0}/files/1.mp4</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>"
)


def put_away(part: Path, data: bytes) -> bool:
    """All that is done with a downloaded file; False if it is no video."""
    part.write_bytes(data)
    try:
        media.probe(part)
    except NotAVideoError:
        return False
    assert len(media.poster(part)) <= media.POSTER_BYTES
    media.finish(part, part.with_suffix(".mp4"), {"job": "1"})
    assert media.read_tag(part.with_suffix(".mp4")) in (None, {"job": "1"})
    return True


@pytest.mark.parametrize(
    "text",
    [
        HLS, HLS.replace("{0}", "file://{1}"), DASH, "ffconcat version 1.0\nfile '{0}/files/1.mp4'\n",
        "ffconcat version 1.0\nfile 'other.mp4'\n", "<html><video src={0}/x.mp4>", "[playlist]\nFile1={0}/1.mp4",
        "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".mp4.part", ".m3u8"])
def test_playlists_open_nothing(gw: Loopback, tmp_path: Path, text: str, suffix: str) -> None:
    """A list of other places is no clip: none of them is asked, no file is opened."""
    (tmp_path / "other.mp4").write_bytes(CLIP)
    path = tmp_path / f"list{suffix}"
    path.write_text(text.format(gw.url, gw.clip))
    with pytest.raises(NotAVideoError):
        media.probe(path)
    assert media.read_tag(path) is None
    assert (gw.requests, gw.connections) == ([], 0)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00", CLIP[:32], b"\x00\x00\x00\x18ftypmp42" + random.Random(3).randbytes(5000),
        b"GIF89a" + bytes(500), b"\x1aE\xdf\xa3" + bytes(500), b"<html>" * 99, gzip.compress(CLIP, mtime=0),
        b"RIFF" + bytes(99),
        CLIP.replace(b"avc1", b"zzzz"), CLIP.replace(b"stbl", b"free"),
    ],
    ids=["empty", "a byte", "a head", "noise", "GIF", "EBML", "a page", "packed", "RIFF", "no codec", "no index"],
)  # fmt: skip
def test_what_is_no_video(tmp_path: Path, data: bytes) -> None:
    """One error, with a sentence that shows nothing unprintable."""
    part = tmp_path / "a.mp4.part"
    part.write_bytes(data)
    with pytest.raises(NotAVideoError) as raised:
        media.probe(part)
    assert raised.value.sentence.isprintable()


def test_damaged_clips(tmp_path: Path) -> None:
    """Cut off anywhere, or with some bytes changed: refused, or stored with a poster. It was paid for."""
    dice = random.Random(4)
    part = tmp_path / "a.mp4.part"
    kept = [put_away(part, CLIP[:cut]) for cut in range(1, len(CLIP), 31)]
    for _ in range(250):
        data = bytearray(CLIP)
        for _ in range(dice.choice([1, 2, 20])):
            data[dice.randrange(len(data))] = dice.choice([0, 255, 127, dice.randrange(256)])
        kept.append(put_away(part, bytes(data)))
    assert 50 < kept.count(True) < len(kept) - 50


@pytest.mark.parametrize("size", [(16384, 16384), (65535, 65535)])
def test_huge_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    """A small file that claims giant pictures does not get the memory for them."""
    told = CLIP.replace(struct.pack(">HH", 64, 36), struct.pack(">HH", *size))
    assert told != CLIP
    part = tmp_path / "a.mp4"
    part.write_bytes(told)
    try:
        found = media.probe(part)
    except NotAVideoError:
        return
    assert (found.width, found.height) == (64, 36)


@pytest.mark.parametrize(
    "comment",
    ["x" * 10_000_000, "[" * 200_000, '{"a":' * 90_000, "[1]", "9" * 5000, "\x1b[2J", "{", '"text"', "null"],
    ids=["10 MB", "deep list", "deep object", "list", "long number", "escape", "broken", "text", "null"],
)
def test_tags_of_others(tmp_path: Path, comment: str) -> None:
    """A comment that is not our manifest is no manifest, and never an error; the clip is a clip."""
    path = tmp_path / "a.mp4"
    with av.open(io.BytesIO(CLIP), "r") as inside, av.open(str(path), "w", format="mp4") as outside:
        outside.metadata["comment"] = comment
        copy = outside.add_stream_from_template(inside.streams.video[0])
        for packet in inside.demux(inside.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                outside.mux(packet)
    assert media.read_tag(path) is None
    assert media.probe(path).width == 64


def test_half_a_character_in_the_manifest(tmp_path: Path) -> None:
    """A prompt that is no text does not cost the clip its manifest."""
    path = tmp_path / "a.mp4"
    (tmp_path / "b.mp4").write_bytes(CLIP)
    media.tag(tmp_path / "b.mp4", path, {"prompt": "fox \ud800"})
    assert media.read_tag(path) == {"prompt": "fox ?"}


# --- pictures -----------------------------------------------------------------------------------


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


RED, BLUE = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG of that size, with next to nothing in it."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(99)))]
    packed = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png(30_000, 30_000), "too many pixels"),
        (png(2**31 - 1, 2**31 - 1), "too many pixels"),
        (png(100, 100), "not an image"),
        (encoded(RED, "PNG")[:60], "not an image"),
        (encoded(RED, "JPEG")[:300], "not an image"),
        (encoded(RED, "ICO"), "not an image"),
        (encoded(RED, "EPS"), "not an image"),
        (encoded(RED, "PDF"), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "not an image"),
        (b"", "not an image"),
        (b"\xff\xd8\xff" + bytes(99), "not an image"),
    ],
)
def test_pictures_that_are_refused(data: bytes, words: str) -> None:
    """Bombs, stumps, programs and what is no picture: one sentence."""
    with pytest.raises(InputError, match=words):
        open_frame(data)


def _chunky() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("comment", "x" * 900_000, zip=True)
    return encoded(RED, "PNG", pnginfo=notes)


EXIF = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08" + random.Random(6).randbytes(60_000)


@pytest.mark.parametrize(
    "data",
    [
        encoded(RED, "GIF", save_all=True, append_images=[BLUE]),
        encoded(RED, "WEBP", save_all=True, append_images=[BLUE], lossless=True),
        encoded(RED, "PNG", save_all=True, append_images=[BLUE]),
        encoded(RED, "TIFF", save_all=True, append_images=[BLUE]),
        encoded(RED, "MPO", save_all=True, append_images=[BLUE]),
        encoded(RED.convert("CMYK"), "JPEG"),
        encoded(RED, "JPEG", exif=EXIF),
        encoded(RED, "PNG", exif=EXIF),
        encoded(RED.convert("P"), "PNG"),
        _chunky(),
    ],
    ids=["gif", "webp", "apng", "tiff", "mpo", "cmyk", "exif", "png exif", "palette", "chunks"],
)
def test_odd_pictures(data: bytes) -> None:
    """The first picture, as a plain JPEG or PNG."""
    opened = open_frame(data)
    assert opened.data is not None
    with Image.open(io.BytesIO(opened.data)) as sent:
        assert (sent.format, sent.mode, sent.size) in {("JPEG", "RGB", (40, 30)), ("PNG", "RGB", (40, 30))}
        assert getattr(sent, "n_frames", 1) == 1
        assert not sent.getexif()
        red, green, blue = sent.getpixel((20, 15))  # type: ignore[misc]
    assert (red > 200, green < 60, blue < 60) == (True, True, True)


def test_sixteen_bits() -> None:
    """Deep greys are scaled down, not cut off at white."""
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16)[None].repeat(8, 0)
    opened = open_frame(encoded(Image.fromarray(ramp), "PNG"))
    with Image.open(io.BytesIO(opened.data or b"")) as sent:
        assert np.abs(np.asarray(sent)[0, :, 0] - np.linspace(0, 255, 64)).max() <= 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_damaged_pictures(kind: str) -> None:
    """Some bytes changed: a picture or one sentence."""
    dice = random.Random(kind)
    whole = encoded(Image.effect_noise((24, 16), 60).convert("RGB"), kind, **({"exif": EXIF} if kind == "JPEG" else {}))
    for number in range(60):
        data = bytearray(whole)
        for _ in range(dice.choice([1, 2, 5])):
            data[dice.randrange(min(200, len(data)) if number % 2 else len(data))] = dice.randrange(256)
        with contextlib.suppress(InputError):
            assert open_frame(bytes(data)).data
    assert open_frame(whole).frame.width == 24
