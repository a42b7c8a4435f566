"""Plain data in and out; metrics that people add; what is missing is said and breaks nothing."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kling_nb.errors import OptionError
from kling_nb.metrics import STANDARD, Reel, badges, measure, metric, metrics, reel, registry, verdict
from kling_nb.metrics.limits import GATES, LIMITS
from tests.metrics.clips import FPS, HEIGHT, WIDTH, glow, pan, texture, write


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Metrics of one test are none of the next."""
    before = dict(registry._METRICS)
    yield
    registry._METRICS.clear()
    registry._METRICS.update(before)


def mine(function: registry.Measuring, **options: Any) -> str:
    """Register somebody's function and give its name."""
    metric("mine", **options)(function)
    return "mine"


def test_answer_is_plain(clip: Path) -> None:
    """It goes through JSON unchanged, names the file by its content, and each score has its version."""
    answer = measure(str(clip))
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert answer["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert tuple(answer["scores"]) == STANDARD
    assert {score["version"] for score in answer["scores"].values()} == {1}
    assert set(STANDARD) < set(answer["took"])
    assert sum(answer["took"].values()) <= answer["seconds_taken"]


def test_same_clip_same_scores(clip: Path) -> None:
    """Decoding by several threads decides nothing."""
    assert measure(str(clip))["scores"] == measure(str(clip))["scores"]


def test_standard_is_listed() -> None:
    """Each standard metric says what it is, in which unit, and which end is the good one."""
    listed = {one.name: one for one in metrics()}
    assert set(STANDARD) <= set(listed)
    for name in STANDARD:
        assert listed[name].about
        assert listed[name].unit
        assert listed[name].better in {"lower", "higher", "neither"}
    assert {key.partition(".")[0] for key in (*LIMITS, *GATES)} <= set(listed)


@pytest.mark.parametrize("limit", [*LIMITS.values(), *GATES.values()])
def test_limits_lie_between(limit: Any) -> None:
    """A clean clip keeps each limit, a planted one breaks it, and None does neither."""
    assert [limit.broken(value) for value in (limit.clean, limit.planted, None)] == [False, True, False]


@pytest.mark.parametrize("kind", ["none", "empty", "text", "folder", "sound only", "playlist"])
def test_bad_files(kind: str, tmp_path: Path) -> None:
    """An error in a sentence, and no exception."""
    path = tmp_path / "clip.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "sound only":
        import av  # noqa: PLC0415 - only here

        with av.open(str(path), "w") as container:
            track = container.add_stream("aac", rate=44100, layout="mono")
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
            tone.sample_rate = 44100
            for packet in (*track.encode(tone), *track.encode()):
                container.mux(packet)
    elif kind != "none":
        path.write_text({"empty": "", "text": "no video", "playlist": "ffconcat version 1.0\nfile /etc/passwd\n"}[kind])
    answer = measure(str(path))
    assert answer["error"].endswith(".")
    assert (answer["scores"], verdict(answer["scores"])) == ({}, ())
    json.dumps(answer)


def test_damaged_file(tmp_path: Path) -> None:
    """What can be decoded is measured, and the rest is missed."""
    whole = write(tmp_path / "whole.mp4", pan())
    data = whole.read_bytes()
    (tmp_path / "half.mp4").write_bytes(data[: len(data) // 2])
    scores = measure(str(tmp_path / "half.mp4"), ("conformance", "freeze"))["scores"]
    (said,) = verdict(scores)
    assert said.startswith("damaged: ")
    assert said.endswith(" s of 2.0 s can be decoded")


@pytest.mark.parametrize(("count", "width", "height"), [(1, 64, 36), (2, 16, 16), (5, 90, 160), (3, 318, 178)])
def test_odd_clips(count: int, width: int, height: int, tmp_path: Path) -> None:
    """One frame, two, tall ones and tiny ones: no error, and no defect but softness."""
    frames = [texture(width, height)] * count
    answer = measure(str(write(tmp_path / "clip.mp4", frames)))
    assert answer["errors"] == {}
    assert "error" not in answer
    assert not [said for said in verdict(answer["scores"]) if not said.startswith("blurred")]


def test_long_clips_are_held_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a bound, whatever the length."""
    path = write(tmp_path / "clip.mp4", pan())
    assert reel.wind(path).frames.shape == (48, HEIGHT, WIDTH, 3)
    monkeypatch.setattr(reel, "_MOST", 48 * 80 * 45 * 3)
    assert reel.wind(path).frames.shape == (48, 45, 80, 3)
    monkeypatch.setattr(reel, "_MOST_FRAMES", 40)
    assert "more than 40 frames" in measure(str(path))["error"]


def test_reel(clip: Path) -> None:
    """What a metric is handed."""
    found = reel.wind(clip)
    assert (len(found), found.width, found.height, found.fps) == (13, WIDTH, HEIGHT, FPS)
    assert found.seconds == pytest.approx(13 / FPS, abs=0.001)
    assert found.sound is not None
    assert 0.3 < found.sound.peak < 0.9  # AAC overshoots at the first sample
    assert found.sound.seconds == pytest.approx(13 / FPS, abs=0.06)
    assert [still.shape for still in found.stills] == [(HEIGHT, WIDTH, 3)] * 5
    assert np.array_equal(found.stills[-1], found.frames[-1])
    assert found.changes[0] == 0
    assert found.stirring


def test_ones_own(clip: Path) -> None:
    """A number, a mapping, nothing, infinity; defining it again replaces it."""

    def warm(shown: Reel, asked: Mapping[str, Any]) -> Any:
        """Whatever was asked for."""
        assert len(shown) == 13
        return asked["answer"]

    name = mine(warm, version=3, unit="degrees", better="higher")
    assert mine(warm, version=4) == name
    answers = [measure(str(clip), (name,), {"answer": one})["scores"][name] for one in
               (np.float32(2.5), {"value": 1, "spread": np.inf}, None, float("nan"))]  # fmt: skip
    assert answers == [
        {"value": 2.5, "version": 4},
        {"value": 1.0, "version": 4, "parts": {"spread": None}},
        {"value": None, "version": 4, "why": "it does not apply to this clip"},
        {"value": None, "version": 4},
    ]
    errors = [measure(str(clip), (name, "black"), asked) for asked in ({}, {"answer": "hot"}, {"answer": {"no": 1}})]
    assert [found["errors"][name] for found in errors] == [
        "KeyError: 'answer'",
        "The metric mine answered 'hot', which is no number.",
        "The metric mine answered a mapping without a value: put its main number under value.",
    ]
    assert {found["scores"]["black"]["value"] for found in errors} == {0.0}  # the others are measured all the same


def test_gates_of_ones_own(tmp_path: Path) -> None:
    """A gate hides it; without a gate it is shown."""
    path = str(write(tmp_path / "still.mp4", [texture(WIDTH)] * 30))
    name = mine(glow, gate="freeze")
    assert measure(path, (name,))["scores"][name]["why"].startswith("hidden, because 97 % of the frames are frozen")
    mine(glow)
    assert measure(path, name)["scores"][name]["value"] > 0


def test_refused_names() -> None:
    """A name that is taken by another function, one that is no word, and a gate that does not exist."""
    with pytest.raises(OptionError, match=r"freeze is a metric already, of kling_nb\.metrics\.timeline:freeze"):
        metric("freeze")(glow)
    with pytest.raises(OptionError, match="is no name of a metric"):
        metric("My metric")
    with pytest.raises(OptionError, match="'sharpness' is no gate of a metric: choose from freeze, dynamic"):
        metric("mine", gate=("sharpness",))


def test_unknown_and_astray(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows, and homes that cannot be imported, are errors beside the scores; a good home works."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_metrics.py").write_text(
        "from kling_nb.metrics import metric\n@metric('tall')\ndef tall(reel, asked):\n    return reel.height\n"
    )
    (tmp_path / "my_broken.py").write_text("raise OSError('out of order')\n")
    homes = {"tall": "my_metrics:tall", "gone": "__main__:gone", "broken": "my_broken:broken", "far": "no_such:far"}
    answer = measure(str(clip), ("nobody", "black", *homes), homes=homes)
    assert answer["scores"]["tall"]["value"] == HEIGHT
    assert list(answer["scores"]) == ["black", "tall"]
    assert answer["errors"]["nobody"].startswith("There is no metric 'nobody': choose from conformance, ")
    for name in ("gone", "broken", "far"):
        assert answer["errors"][name].endswith("put it into a file beside the notebook and import it.")
    assert "out of order" in answer["errors"]["broken"]
    assert registry.homes(("tall", "freeze", "nobody")) == {"tall": "my_metrics:tall"}


def test_without_opencv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flow says what to install; all else is measured, flicker included, whose second gate has a stand-in."""
    clean = str(write(tmp_path / "clean.mp4", pan()))
    still = str(write(tmp_path / "still.mp4", [texture(WIDTH)] * 48))
    asked = {"seconds": 2}
    before = measure(clean, asked=asked)
    monkeypatch.setitem(sys.modules, "cv2", None)
    answer = measure(clean, asked=asked)
    assert answer["errors"] == {
        name: f"{name} needs OpenCV: pip install 'kling-nb[bench]'" for name in ("dynamic", "smoothness")
    }
    assert answer["scores"] == {k: v for k, v in before["scores"].items() if k not in answer["errors"]}
    assert measure(still)["scores"]["flicker"]["value"] is None


def test_words() -> None:
    """Sentences and labels of scores that come from a file."""
    scores: dict[str, dict[str, Any]] = {
        "freeze": {"value": 0.5, "version": 1, "parts": {"longest": 2.5, "at": 2.46, "repeats": 0.0}},
        "black": {"value": 0.01, "version": 1, "parts": {"count": 1.0, "at": 0.0}},
        "cuts": {"value": 1.0, "version": 1, "parts": {"at": 3.2, "asked": 0.0}},
        "first_frame": {"value": 0.79, "version": 1, "parts": {"psnr": 18.0}},
        "last_frame": {"value": None, "version": 1, "why": "no last frame was given"},
        "pulse": {"value": None, "version": 1},
        "somebodys": {"value": 3.0, "version": 1},
    }
    assert verdict(scores) == (
        "frozen for 2.5 s from 2.5 s on",
        "1 black frame, the first at 0.0 s",
        "a cut at 3.2 s",
        "first frame differs from the picture: SSIM 0.79",
    )
    assert badges(scores) == ("frozen 50 %", "1 black frame", "cut at 3.2 s", "first frame 0.79")
    assert (verdict({}), badges({})) == ((), ())
