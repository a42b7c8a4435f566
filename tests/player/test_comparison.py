"""Comparisons of the lab: what may be compared, what is refused, and what is written to disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from kling_nb.errors import InputError, KlingError, OptionError, StorageError
from kling_nb.lab import Lab, Video
from kling_nb.lab.export import Side, write
from kling_nb.media import frame_at, probe
from tests.loopback.clip import make_clip

if TYPE_CHECKING:
    from kling_nb.lab.comparison import Comparison


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Lab(env={})


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A wide clip of one second, a longer one at another rate, and a tall one."""
    made = {"wide": (64, 36, 12, 12), "long": (64, 36, 48, 24), "tall": (36, 64, 12, 12)}
    paths = []
    for name, sizes in made.items():
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(make_clip(*sizes))
        paths.append(path)
    return paths


def refused(lab: Lab, *clips: Any) -> KlingError:
    """The complaint about a comparison."""
    with pytest.raises(KlingError) as raised:
        lab.compare(*clips)
    return raised.value


def test_what_can_be_compared(lab: Lab, files: list[Path]) -> None:
    """Paths, words that are paths, videos, and any sequence of those."""
    video = Video.from_mp4(files[0])
    comparison = lab.compare(files[0], "long.mp4", [video, (files[2],)])
    assert [Path(clip.path).name for clip in comparison.clips if isinstance(clip, Video)] == [
        "wide.mp4", "long.mp4", "wide.mp4", "tall.mp4",
    ]  # fmt: skip
    assert comparison.done()
    assert comparison.jobs == []
    assert repr(comparison).startswith("Done")


@pytest.mark.parametrize(
    ("clips", "kind", "words"),
    [
        ([], OptionError, "there are none"),
        (["wide.mp4"], OptionError, "there is one"),
        (["wide.mp4"] * 13, OptionError, "at most 12 clips, and these are 13"),
        (["wide.mp4", "nowhere.mp4"], InputError, "no readable file nowhere.mp4"),
        (["wide.mp4", "text.mp4"], InputError, "text.mp4 is not a video"),
        (["wide.mp4", 7], OptionError, "7 is no clip"),
        (["wide.mp4", "3f9a"], OptionError, "no job '3f9a'"),
    ],
)
def test_refusals(lab: Lab, files: list[Path], clips: list[Any], kind: type[KlingError], words: str) -> None:
    """One sentence that says what is allowed."""
    files[0].with_name("text.mp4").write_text("not a video")
    error = refused(lab, *clips)
    assert isinstance(error, kind)
    assert words in error.sentence


def test_a_film(lab: Lab, files: list[Path], tmp_path: Path) -> None:
    """As long as the longest, at the highest rate, all clips beside each other; the shorter stays on its last frame."""
    target = lab.compare(*files[:2], title="Two clips").save("out/both.mp4")
    found = probe(tmp_path / target)
    assert (found.seconds, found.fps, found.codec) == (2.0, 24.0, "h264")
    assert (found.width, found.height) == (2 * 64 + 4, 36 + 36 + 36 + 4)
    first, last = (np.asarray(frame_at(target, share).convert("L"), int) for share in (0, 1))
    top = 36 + 4
    assert first[top + 10, 2] > 150, "the bar of the first clip begins on the left"
    assert first[top + 10, 64 + 4] > 150
    assert last[top + 10, 61] > 150, "the clip that ended stays on its last frame"
    assert first[top + 36 + 4 : top + 36 + 32, :60].max() > 150, "the label is burnt in"
    assert not list(tmp_path.glob("out/*part*"))


def test_frames_are_those_of_the_moment(files: list[Path], tmp_path: Path) -> None:
    """At each frame of the film both sides show what they show at that time."""
    target = tmp_path / "same.mp4"
    write([Side(files[0], "a"), Side(files[0], "b")], target)
    with av.open(str(target)) as film, av.open(str(files[0])) as source:
        pairs = list(zip(film.decode(video=0), source.decode(video=0), strict=True))
    for mine, theirs in pairs:
        wanted = theirs.to_ndarray(format="rgb24")[5:30, :, 0].astype(int)
        got = mine.to_ndarray(format="rgb24")[5:30, :, 0].astype(int)
        assert np.abs(got[:, :64] - wanted).mean() < 12
        assert np.abs(got[:, 68:132] - wanted).mean() < 12


def beep(path: Path, *, begins: float, ends: float, seconds: float, fps: int = 12) -> Path:
    """A clip that is silent but for a tone of 440 Hz between two moments; mono, at another rate than a film's."""
    rate = 32_000
    wave = np.zeros((1, round(seconds * rate)), np.float32)
    on = slice(round(begins * rate), round(ends * rate))
    wave[0, on] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(wave.shape[1])[on] / rate)
    with av.open(str(path), "w", format="mp4") as movie:
        picture = movie.add_stream("libx264", rate=fps)
        picture.width, picture.height, picture.pix_fmt = 64, 36, "yuv420p"
        sound = movie.add_stream("aac", rate=rate, layout="mono")
        for _ in range(round(seconds * fps)):
            movie.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((36, 64, 3), np.uint8), format="rgb24")))
        movie.mux(picture.encode())
        heard = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        heard.sample_rate, heard.pts = rate, 0
        movie.mux(sound.encode(heard))
        movie.mux(sound.encode())
    return path


def listened(path: Path) -> tuple[float, float, float] | None:
    """Seconds of a film's sound, and when its tone begins and ends; None if there is no sound."""
    with av.open(str(path)) as movie:
        if not movie.streams.audio:
            return None
        frames = list(movie.decode(audio=0))
    assert frames[0].pts == 0
    wave = np.abs(np.concatenate([frame.to_ndarray()[0] for frame in frames]))
    loud = np.flatnonzero(wave > 0.2)
    return len(wave) / frames[0].sample_rate, loud[0] / frames[0].sample_rate, loud[-1] / frames[0].sample_rate


BUFFER = 1024 / 48_000
"""Seconds of a block of AAC: a film's sound ends with a whole one."""


def test_a_film_has_the_sound_of_one_clip(lab: Lab, files: list[Path], tmp_path: Path) -> None:
    """The first clip that has any, where it is in the clip; silence goes on to the end of the film, and no further."""
    early = beep(tmp_path / "early.mp4", begins=0.25, ends=0.5, seconds=1)
    late = beep(tmp_path / "late.mp4", begins=1.5, ends=3, seconds=3)
    found = listened(lab.compare(files[0], early, late).save("three.mp4"))
    assert found == pytest.approx((3.0, 0.25, 0.5), abs=BUFFER)
    found = listened(lab.compare(files[0], early).save("two.mp4"))
    assert found == pytest.approx((1.0, 0.25, 0.5), abs=BUFFER)


@pytest.mark.parametrize("sound", [2, -1, "3: late.mp4", "late.mp4"])
def test_whose_sound(lab: Lab, files: list[Path], tmp_path: Path, sound: Any) -> None:
    """By index, or by the name that is burnt in."""
    early = beep(tmp_path / "early.mp4", begins=0.25, ends=0.5, seconds=1)
    late = beep(tmp_path / "late.mp4", begins=1.5, ends=1.75, seconds=2)
    found = listened(lab.compare(files[0], early, late).save("three.mp4", sound=sound))
    assert found == pytest.approx((2.0, 1.5, 1.75), abs=BUFFER)


def test_a_silent_film(lab: Lab, files: list[Path], tmp_path: Path) -> None:
    """Of clips that have no sound, and on demand."""
    assert listened(lab.compare(*files[:2]).save("silent.mp4")) is None
    loud = beep(tmp_path / "loud.mp4", begins=0, ends=1, seconds=1)
    for sound in (None, False):
        assert listened(lab.compare(loud, files[0]).save("silent.mp4", sound=sound)) is None


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (2, r"sound=2 names no clip: it is 0 to 1, one of '1: wide\.mp4', '2: loud\.mp4', or None"),
        ("third", "sound='third' names no clip"),
        (0, r"'1: wide\.mp4' has no sound: '2: loud\.mp4' has; sound=None makes a silent film"),
    ],
)
def test_no_such_sound(lab: Lab, files: list[Path], tmp_path: Path, sound: Any, words: str) -> None:
    """Refused before anything is written."""
    loud = beep(tmp_path / "loud.mp4", begins=0, ends=1, seconds=1)
    with pytest.raises(OptionError, match=words):
        lab.compare(files[0], loud).save("film.mp4", sound=sound)
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_sheet(lab: Lab, files: list[Path], suffix: str) -> None:
    """A row of five moments for each clip, tall ones in the middle of their place."""
    target = lab.compare(*files).save(f"sheet{suffix}")
    with Image.open(target) as sheet:
        assert sheet.size == (5 * 320 + 4 * 4, 3 * (180 + 36 + 4) - 4)


def test_files_that_cannot_be_written(lab: Lab, files: list[Path], tmp_path: Path) -> None:
    """Another kind of file, and a folder that is a file."""
    comparison: Comparison = lab.compare(*files[:2])
    with pytest.raises(OptionError, match=r"saved as \.mp4, \.png"):
        comparison.save("both.gif")
    with pytest.raises(StorageError, match="cannot be written"):
        comparison.save(tmp_path / "wide.mp4" / "both.mp4")


def test_a_mistake_of_our_own_is_not_hidden(lab: Lab, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told of a file that was not written."""

    def broken(*_: Any) -> None:
        raise ValueError("no film")

    monkeypatch.setattr("kling_nb.lab.comparison.write", broken)
    with pytest.raises(ValueError, match="no film"):
        lab.compare(*files[:2]).save("both.mp4")


def test_tags_that_are_no_utf8(files: list[Path], tmp_path: Path) -> None:
    """What another program wrote into a clip's tags does not keep its picture and its sound out of a film."""
    loud = beep(tmp_path / "loud.mp4", begins=0, ends=1, seconds=1)
    loud.write_bytes(loud.read_bytes().replace(b"Lavf", b"L\xe4vf"))
    write([Side(loud, "loud"), Side(files[0], "wide")], tmp_path / "film.mp4", sound=loud)
    assert listened(tmp_path / "film.mp4")


def test_a_long_label_is_shortened(files: list[Path], tmp_path: Path) -> None:
    """It ends before the next clip's begins."""
    target = tmp_path / "label.png"
    write([Side(files[0], "W" * 400), Side(files[1], "")], target)
    with Image.open(target) as sheet:
        strip = np.asarray(sheet.convert("L"))[180:216]
    assert strip[:, :1000].max() > 150
    assert strip[:, -6:].max() < 60
