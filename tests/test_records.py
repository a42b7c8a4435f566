"""A clip's own record: the request comes back from the file alone, whatever became of the file since."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest

from kling_nb.lab import Video
from kling_nb.lab.store import manifest
from kling_nb.life import JobState
from kling_nb.media import tag
from kling_nb.request import Camera, Frame, Shot, VideoRequest
from tests.loopback.clip import make_clip

REQUEST = VideoRequest(
    prompt='A fox, 狐, \N{FOX FACE} "quoted" \\ = ; # \n new line {braces}',
    model="kling-v3",
    mode="pro",
    duration=5,
    cfg=0.5,
    camera=Camera(type="simple", config={"zoom": 5}),
    image=Frame(sha256="a" * 64, media_type="image/png", width=640, height=360, name="fox.png"),
    shots=(Shot(prompt="first", seconds=2), Shot(prompt="then", seconds=3)),
    take=3,
    extra={"raw": [1, {"deep": None}]},
)
STATE = JobState(
    "3fa9c1d2-t3-x7k2ab",
    status="done",
    gateway="kling",
    request=REQUEST.model_dump(mode="json", exclude_defaults=True),
    fingerprint=REQUEST.fingerprint("kling"),
    charge={"usd": 0.35, "units": 3.5},
    sent=1_795_150_800.0,
    ready=1_795_150_860.0,
)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip as the lab stores it, without its sidecar."""
    (tmp_path / "raw.mp4").write_bytes(make_clip())
    tag(tmp_path / "raw.mp4", tmp_path / "fox.mp4", manifest(STATE, "Kling"))
    return tmp_path / "fox.mp4"


def encoded(source: Path, target: Path, **options: str) -> Path:
    """The clip encoded anew, its tags carried along as every tool does that keeps metadata."""
    with av.open(str(source)) as inside, av.open(str(target), "w", options=options) as outside:
        outside.metadata.update(inside.metadata)
        film = inside.streams.video[0]
        stream: Any = outside.add_stream("libx264", rate=round(float(film.average_rate or 12)))
        stream.width, stream.height, stream.pix_fmt = 32, 18, "yuv420p"
        for frame in inside.decode(film):
            outside.mux(stream.encode(frame.reformat(width=32, height=18)))
        outside.mux(stream.encode())
    return target


def test_after_a_copy(clip: Path, tmp_path: Path) -> None:
    """The same request to the last field, its fingerprint, what it cost; under another name and without sidecar."""
    copy = Path(shutil.copy(clip, tmp_path / "a copy.mp4"))
    video = Video.from_mp4(copy)
    assert video.request == REQUEST
    assert REQUEST.fingerprint("kling") == video.manifest["fingerprint"]
    assert (video.cost, video.manifest["gateway"], video.poster) == (0.35, "kling", None)


@pytest.mark.parametrize("name", ["again.mp4", "again.mov"])
def test_after_a_new_encoding(clip: Path, tmp_path: Path, name: str) -> None:
    """Smaller pictures, other bytes, another container: the request is the same."""
    video = Video.from_mp4(encoded(clip, tmp_path / name))
    assert (video.width, video.request) == (32, REQUEST)


def test_after_the_command_line(clip: Path, tmp_path: Path) -> None:
    """What people type: ffmpeg with no word about metadata, where it is installed; else its own library."""
    target = tmp_path / "typed.mp4"
    if ffmpeg := shutil.which("ffmpeg"):
        command = [ffmpeg, "-v", "error", "-i", str(clip), "-vf", "scale=32:18", "-movflags", "+faststart", str(target)]
        subprocess.run(command, check=True)  # noqa: S603 - found on this machine
    else:
        encoded(clip, target, movflags="+faststart")
    video = Video.from_mp4(target)
    assert (video.width, video.request, video.cost) == (32, REQUEST, 0.35)


@pytest.mark.parametrize(
    "told",
    [
        {"request": {"prompt": "a fox"}},
        {"request": {"model": 7, "duration": "long"}},
        {"request": ["a fox"]},
        {"request": "a fox", "charge": [0.35]},
        {"request": {"model": "kling-v9", "prompt": "a fox", "of_a_later_version": 1}},
        {"charge": "free"},
        {"charge": {"usd": "free"}, "sent_at": "yesterday", "gateway": 5, "expected_price": 3},
        {},
    ],
)
def test_a_tag_that_nobody_can_read(tmp_path: Path, told: dict[str, Any]) -> None:
    """A file is no reason to fall over: there is no request, and no cost, but the clip."""
    (tmp_path / "raw.mp4").write_bytes(make_clip())
    tag(tmp_path / "raw.mp4", tmp_path / "odd.mp4", told)
    video = Video.from_mp4(tmp_path / "odd.mp4")
    assert (video.request, video.cost) == (None, None)
    assert video.width > 0
    assert set(video.manifest) <= {"request"}
