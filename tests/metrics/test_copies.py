"""Contact sheets and smaller copies."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from kling_nb.media import probe, read_tag, tag
from kling_nb.metrics import sheet, transcode


def test_sheet(clip: Path) -> None:
    """Frames from the first to the last, beside each other."""
    picture = Image.open(io.BytesIO(sheet(str(clip), frames=4)["jpeg"]))
    assert picture.size == (4 * 320 + 3 * 4, 180)
    tiles = [picture.crop((n * 324, 0, n * 324 + 320, 180)).tobytes() for n in range(4)]
    assert len(set(tiles)) == 4
    assert Image.open(io.BytesIO(sheet(str(clip), frames=99)["jpeg"])).width == 13 * 324 - 4


def test_transcode(clip: Path, tmp_path: Path) -> None:
    """Smaller, as long, with its sound and its manifest."""
    source, target = tmp_path / "source.mp4", tmp_path / "small.mp4"
    tag(clip, source, {"made_with": "kling_nb", "prompt": "a fox"})
    answer = transcode(str(source), str(target), height=90)
    assert answer == {"path": str(source), "target": str(target), "size": target.stat().st_size}
    before, after = probe(source), probe(target)
    assert (after.width, after.height, after.audio, after.codec) == (160, 90, True, "h264")
    assert after.seconds == pytest.approx(before.seconds, abs=0.05)
    assert after.fps == before.fps
    assert read_tag(target) == {"made_with": "kling_nb", "prompt": "a fox"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.mp4", "source.mp4"]


def test_not_enlarged(clip: Path, tmp_path: Path) -> None:
    """A clip that is lower already keeps its size."""
    transcode(str(clip), str(tmp_path / "same.mp4"), height=1080)
    assert (probe(tmp_path / "same.mp4").width, probe(tmp_path / "same.mp4").height) == (320, 180)


def test_errors_are_values(clip: Path, tmp_path: Path) -> None:
    """No file, no video, nowhere to write: a sentence, and nothing half written."""
    (tmp_path / "text.mp4").write_text("no video")
    target = str(tmp_path / "out.mp4")
    answers = [
        sheet(str(tmp_path / "none.mp4")),
        sheet(str(tmp_path / "text.mp4")),
        transcode(str(tmp_path / "text.mp4"), target),
        transcode(str(clip), str(tmp_path / "no folder" / "out.mp4")),
    ]
    assert all(answer["error"].endswith(".") for answer in answers)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]
