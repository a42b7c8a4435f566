"""MP4s that come back: what they are, their poster, and the manifest inside."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from kling_nb.errors import NotAVideoError
from kling_nb.media import POSTER_BYTES, POSTER_WIDTH, examined, finish, frame_at, poster, probe, read_tag, tag

MANIFEST: dict[str, Any] = {
    "made_with": "kling_nb",
    "request": {"prompt": 'a fox, 狐, \N{FOX FACE} "quoted" \\ = ; # \n new line', "duration": 5},
    "charge": None,
    "notes": ["x" * 5000],
}


def film(path: Path, *, width: int = 96, height: int = 64, frames: int = 24, fps: int = 12, sound: bool = False,
         noise: bool = False) -> Path:  # fmt: skip
    """A clip that goes from black to white."""
    rng = np.random.default_rng(5)
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for n in range(frames):
            picture = np.full((height, width, 3), n * 255 // max(frames - 1, 1), np.uint8)
            if noise:
                picture = rng.integers(0, 255, (height, width, 3), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode())
        if audio:
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 44100 * frames // fps), np.float32), "fltp", "mono")
            tone.sample_rate = 44100
            for packet in (*audio.encode(tone), *audio.encode()):
                container.mux(packet)
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["silent", "sound"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, with and without sound."""
    return film(tmp_path_factory.mktemp("clips") / f"{request.param}.mp4", sound=request.param)


def streams(path: Path) -> list[tuple[str, list[bytes]]]:
    """Type and packets of each stream."""
    with av.open(str(path)) as container:
        return [
            (stream.type, [bytes(packet) for packet in container.demux(stream) if packet.size])
            for stream in container.streams
            if not container.seek(0)  # type: ignore[func-returns-value]
        ]


def packets(path: Path) -> list[tuple[str, bytes]]:
    """All of a file that has just been opened, and type of their streams."""
    with av.open(str(path)) as container:
        return sorted((packet.stream.type, bytes(packet)) for packet in container.demux() if packet.size)


def test_probe(clip: Path) -> None:
    """Length, size, rate, codec and whether there is sound."""
    found = probe(clip)
    assert (found.width, found.height, found.fps, found.codec) == (96, 64, 12.0, "h264")
    assert found.seconds == pytest.approx(2.0, abs=0.05)
    assert (found.audio, found.size) == (clip.stem == "True", clip.stat().st_size)


def test_tag_round_trip(clip: Path, tmp_path: Path) -> None:
    """The manifest comes back equal; picture and sound are the same bytes; the index comes first."""
    tagged = tmp_path / "tagged.mp4"
    tag(clip, tagged, MANIFEST)
    assert read_tag(tagged) == MANIFEST
    assert streams(tagged) == streams(clip)
    before, after = probe(clip), probe(tagged)
    assert (after.seconds, after.fps, after.audio) == (before.seconds, before.fps, before.audio)
    data = tagged.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_tag_is_replaced(clip: Path, tmp_path: Path) -> None:
    """A clip that is tagged again has the new manifest only."""
    tag(clip, tmp_path / "1.mp4", {"n": 1})
    tag(tmp_path / "1.mp4", tmp_path / "2.mp4", {"n": 2})
    assert read_tag(tmp_path / "2.mp4") == {"n": 2}


def test_no_tag(clip: Path, tmp_path: Path) -> None:
    """Clips of others, and what is no clip, have no manifest."""
    (tmp_path / "text.mp4").write_text("no clip")
    assert [read_tag(path) for path in (clip, tmp_path / "text.mp4", tmp_path / "missing.mp4")] == [None] * 3


@pytest.mark.parametrize("comment", ["hello", "[1, 2]", "{", "17", ""])
def test_tag_of_somebody_else(clip: Path, tmp_path: Path, comment: str) -> None:
    """A comment that is no manifest is none."""
    other = tmp_path / "other.mp4"
    with av.open(str(clip)) as source, av.open(str(other), "w", format="mp4") as target:
        target.metadata["comment"] = comment
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert read_tag(other) is None


@pytest.mark.parametrize(
    ("size", "noise"), [((96, 64), False), ((1280, 720), False), ((720, 1280), True), ((640, 640), True)]
)
def test_poster(tmp_path: Path, size: tuple[int, int], noise: bool) -> None:  # noqa: FBT001 - a table's column
    """A small JPEG of the right shape, also where no picture compresses well."""
    data = poster(film(tmp_path / "clip.mp4", width=size[0], height=size[1], frames=5, noise=noise))
    image = Image.open(io.BytesIO(data))
    assert (image.format, len(data) <= POSTER_BYTES, max(image.size) <= POSTER_WIDTH) == ("JPEG", True, True)
    assert image.width / image.height == pytest.approx(size[0] / size[1], rel=0.03)


def test_poster_is_from_two_fifths(tmp_path: Path) -> None:
    """The first picture is often black; the poster is from further on."""
    image = Image.open(io.BytesIO(poster(film(tmp_path / "clip.mp4", frames=26)))).convert("L")
    assert int(np.asarray(image).mean()) in range(80, 125)


@pytest.mark.parametrize(("share", "brightness"), [(0.0, 0), (0.5, 128), (1.0, 255)])
def test_frame_at(clip: Path, share: float, brightness: int) -> None:
    """The first, the middle and the very last picture."""
    assert abs(int(np.asarray(frame_at(clip, share).convert("L")).mean()) - brightness) <= 14


def test_one_picture_is_a_clip(tmp_path: Path) -> None:
    """A clip of a single frame has a length, a poster and a last picture."""
    path = film(tmp_path / "one.mp4", frames=1)
    assert (probe(path).width, frame_at(path, 1.0).size, len(poster(path)) > 0) == (96, (96, 64), True)


def _sound_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        audio = container.add_stream("aac", rate=44100, layout="mono")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), "fltp", "mono")
        tone.sample_rate = 44100
        for packet in (*audio.encode(tone), *audio.encode()):
            container.mux(packet)


def _torn(path: Path) -> None:
    film(path)
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_text("<html>expired</html>"), "begins with '<html>expired"),
        (lambda path: path.write_bytes(b"\x00\x01\x02\xff" * 50), "not a video"),
        (lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\n/etc/hostname\n"), "not a video"),
        (_torn, "not a video"),
        (_sound_only, "without a video in it"),
        (lambda _: None, "cannot be read|not a video"),
    ],
    ids=["empty", "page", "noise", "playlist", "torn", "sound only", "missing"],
)
def test_not_a_video(tmp_path: Path, make: Any, words: str) -> None:
    """The sentence says what was delivered instead, in printable characters."""
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(NotAVideoError, match=words) as raised:
        probe(path)
    assert raised.value.sentence.isprintable()
    assert raised.value.charged is True


def test_finish(clip: Path, tmp_path: Path) -> None:
    """The part becomes the clip, manifest inside, in one step; nothing else stays behind."""
    part = tmp_path / "fox.mp4.part"
    part.write_bytes(clip.read_bytes())
    finish(part, tmp_path / "fox.mp4", MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["fox.mp4"]
    assert read_tag(tmp_path / "fox.mp4") == MANIFEST


@pytest.mark.parametrize("form", ["mp4", "mov", "matroska", "webm"])
def test_a_look_into_a_download_leaves_nothing_out(form: str, tmp_path: Path) -> None:
    """After its poster has been found in the middle, all of it is copied, from the very first sound on."""
    whole = film(tmp_path / "whole.mp4", sound=True, frames=36)
    part = tmp_path / "fox.mp4.part"
    with av.open(str(whole)) as inside, av.open(str(part), "w", format=form) as outside:
        if form == "webm":
            picture = outside.add_stream("libvpx-vp9", rate=12)
            picture.width, picture.height, picture.pix_fmt = 96, 64, "yuv420p"
            sound = outside.add_stream("libopus", rate=48000)
            for n in range(150):
                tone = av.AudioFrame.from_ndarray(np.zeros((1, 960 * 2), np.int16), "s16", "stereo")
                tone.rate, tone.pts = 48000, 960 * n
                outside.mux(sound.encode(tone))
            for frame in inside.decode(video=0):
                outside.mux(picture.encode(frame))
            outside.mux([*sound.encode(), *picture.encode()])
        else:
            copies = {stream.index: outside.add_stream_from_template(stream) for stream in inside.streams}
            for packet in inside.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    outside.mux(packet)
    before, plain = packets(part), poster(part)
    with examined(part) as download:
        assert (download.found, download.picture) == (probe(part), plain)
        finish(part, tmp_path / "fox.mp4", MANIFEST, download.container)
    assert not part.exists()
    assert packets(tmp_path / "fox.mp4") == before
    assert read_tag(tmp_path / "fox.mp4") == MANIFEST


def test_finish_replaces_an_older_clip(clip: Path, tmp_path: Path) -> None:
    """A clip that is fetched again takes the place of the old one."""
    (tmp_path / "fox.mp4").write_text("old")
    (tmp_path / "fox.mp4.part").write_bytes(clip.read_bytes())
    finish(tmp_path / "fox.mp4.part", tmp_path / "fox.mp4", {"n": 1})
    assert probe(tmp_path / "fox.mp4").width == 96
