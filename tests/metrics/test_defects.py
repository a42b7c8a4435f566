"""Every metric finds the defect that was planted for it, and nothing in clean clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from kling_nb.metrics import badges, measure, verdict
from kling_nb.sandbox.film import Brief, render
from tests.metrics.clips import COUNT, FPS, WIDTH, Bytes, pan, shifted, texture, write

HALF = COUNT // 2
HIDDEN = ("flicker", "smoothness")


def frozen(clean: list[Bytes]) -> list[Bytes]:
    """The second half stands."""
    return clean[:HALF] + [clean[HALF]] * (COUNT - HALF)


def frozen_in_noise(clean: list[Bytes]) -> list[Bytes]:
    """It stands, under the grain of a camera that is not there."""
    draws = np.random.default_rng(3)
    return [shifted(frame, draws.normal(0, 1, frame.shape)) for frame in frozen(clean)]


def judder(clean: list[Bytes]) -> list[Bytes]:
    """Each frame is taken from somewhere near its place."""
    draws = np.random.default_rng(7)
    return [clean[int(np.clip(n + draws.integers(-2, 3), 0, COUNT - 1))] for n in range(COUNT)]


def small_motion(_: list[Bytes]) -> list[Bytes]:
    """A tripod: one small thing moves, which changes less of a frame than an encoder does."""
    still = texture(WIDTH)
    frames = [still.copy() for _ in range(COUNT)]
    for n, frame in enumerate(frames):
        frame[80:90, 40 + 2 * n : 50 + 2 * n] = (250, 240, 60)
    return frames


def soft(clean: list[Bytes]) -> list[Bytes]:
    """Out of focus."""
    blur = ImageFilter.GaussianBlur(4)
    return [np.asarray(Image.fromarray(frame).filter(blur)) for frame in clean]


PLANTED: dict[str, tuple[Callable[[list[Bytes]], list[Bytes]], tuple[str, ...]]] = {
    "clean": (list, ()),
    "small motion": (small_motion, ()),
    "flicker": (lambda f: [shifted(x, 15 if n % 2 else -15) for n, x in enumerate(f)], ("flickers",)),
    "faint flicker": (lambda f: [shifted(x, 2 if n % 2 else -2) for n, x in enumerate(f)], ("flickers",)),
    "frozen": (frozen, ("frozen 48 %",)),
    "frozen in noise": (frozen_in_noise, ("frozen 48 %",)),
    "static": (lambda f: [f[0]] * COUNT, ("frozen 98 %",)),
    "stutter": (lambda f: [f[n // 2 * 2] for n in range(COUNT)], ("stutters 5", "jerky")),
    "24 frames in 30": (lambda f: [f[n * 4 // 5] for n in range(COUNT)], ("stutters 2", "jerky")),
    "judder": (judder, ("jerky",)),
    "black": (lambda f: [x * (not 10 <= n < 20) for n, x in enumerate(f)], ("10 black frames",)),
    "one black frame": (lambda f: [x * (n != 30) for n, x in enumerate(f)], ("1 black frame",)),
    "cut": (lambda f: f[:HALF] + pan(seed=9)[HALF:], ("cut at 1.0 s",)),
    "jump": (lambda f: f[:10] + f[30:], ("cut at 0.4 s",)),
    "two cuts": (lambda f: f[:12] + pan(seed=9)[12:30] + f[30:], ("2 cuts",)),
    "flash": (lambda f: [shifted(x, 90 * (n == 30)) for n, x in enumerate(f)], ("flickers",)),
    "drift": (lambda f: [shifted(x * (1 + 0.3 * n / COUNT, 1, 1 - 0.4 * n / COUNT), 0) for n, x in enumerate(f)],
              ("colours drift",)),
    "blurred": (soft, ("blurred",)),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted(name: str, tmp_path: Path) -> None:
    """The defect is found, and no other."""
    plant, wanted = PLANTED[name]
    answer = measure(str(write(tmp_path / "clip.mp4", plant(pan()))), asked={"aspect": "16:9", "width": WIDTH})
    scores = answer["scores"]
    found = badges(scores)
    assert [label.startswith(start) for label, start in zip(found, wanted, strict=True)] == [True] * len(wanted), found
    assert len(verdict(scores)) == len(found)
    assert answer["errors"] == {}
    standing = name.startswith(("frozen", "static"))
    assert [scores[one]["value"] is None for one in HIDDEN] == [standing] * 2
    assert ["frozen" in scores[one].get("why", "") for one in HIDDEN] == [standing] * 2


def test_frozen_would_have_scored_best(tmp_path: Path) -> None:
    """Why there are gates: without them, the formulas prefer a still to a clean clip."""
    from kling_nb.metrics import motion, timeline  # noqa: PLC0415 - the bare functions, for once
    from kling_nb.metrics.reel import wind  # noqa: PLC0415

    clean = wind(write(tmp_path / "clean.mp4", pan()))
    still = wind(write(tmp_path / "still.mp4", [pan()[0]] * COUNT))
    assert timeline.flicker(still, {}) == pytest.approx(1.0, abs=1e-3)
    assert (timeline.flicker(still, {}) or 0) > (timeline.flicker(clean, {}) or 1)
    assert (motion.smoothness(still, {}) or {})["value"] > (motion.smoothness(clean, {}) or {})["value"]


def test_hardly_moving(tmp_path: Path) -> None:
    """The second gate: not frozen, and next to no motion."""
    still = texture(WIDTH)
    frames = []
    for n in range(COUNT):
        frame = Image.fromarray(still).transform((WIDTH, 180), Image.Transform.AFFINE, (1, 0, n / 30, 0, 1, 0), 3)
        frames.append(np.asarray(frame))
    scores = measure(str(write(tmp_path / "clip.mp4", frames)))["scores"]
    assert scores["freeze"]["value"] == 0
    assert scores["flicker"] == {"value": None, "version": 1, "why": scores["smoothness"]["why"]}
    assert "hardly anything moves" in scores["flicker"]["why"]


def test_dynamic_degree(tmp_path: Path) -> None:
    """Pixels of a picture of 256 in an eighth of a second: 3 frames of 2 pixels at 180 are 8.5; above 6 is dynamic."""
    fast, slow = pan(), [texture()[:, n : n + WIDTH] for n in range(COUNT)]
    scores = [
        measure(str(write(tmp_path / f"{n}.mp4", frames)), ("dynamic",))["scores"]["dynamic"]
        for n, frames in enumerate((fast, slow))
    ]
    assert [score["value"] for score in scores] == pytest.approx([8.53, 4.27], rel=0.05)
    assert [score["parts"]["degree"] for score in scores] == [1.0, 0.0]


def test_asked_for_cuts(tmp_path: Path) -> None:
    """A clip of two shots has one cut, and that is no defect; a third shot is."""
    frames = pan()[:12] + pan(seed=9)[12:30] + pan()[30:]
    path = str(write(tmp_path / "clip.mp4", frames))
    assert verdict(measure(path, ("cuts",), {"shots": 3})["scores"]) == ()
    (found,) = verdict(measure(path, ("cuts",), {"shots": 2})["scores"])
    assert found == "2 cuts, the first at 0.5 s, where 1 was asked for"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"seconds": 2, "fps": 24, "width": 320, "height": 180, "aspect": "16:9", "sound": False}, ()),
        ({"seconds": 2.1, "aspect": "auto", "sound": None}, ()),
        ({"seconds": 5}, ("3.0 s shorter than asked",)),
        ({"seconds": 1}, ("1.0 s longer than asked",)),
        ({"fps": 30}, ("24 frames a second instead of 30",)),
        ({"width": 1280, "height": 720}, ("320 x 180 pixels instead of 1280 x 720",)),
        ({"aspect": "9:16"}, ("320 x 180 pixels (1.78 : 1), which is not the shape that was asked for (0.56 : 1)",)),
        ({"sound": True}, ("no sound in it",)),
    ],
)
def test_conformance(asked: dict[str, Any], wanted: tuple[str, ...], tmp_path: Path) -> None:
    """Length, rate, size, shape and sound as they were asked for, or a sentence each."""
    scores = measure(str(write(tmp_path / "clip.mp4", pan())), ("conformance",), asked)["scores"]
    assert verdict(scores) == wanted
    assert scores["conformance"]["value"] >= len(wanted)


@pytest.mark.parametrize(("loud", "asked", "wanted"), [(0.5, True, ()), (0.0, True, ("no sound in it",)),
                                                      (0.5, False, ("sound in it, though none was asked for",)),
                                                      (0.0, False, ())])  # fmt: skip
def test_sound(loud: float, asked: bool, wanted: tuple[str, ...], tmp_path: Path) -> None:  # noqa: FBT001 - a table
    """A track of silence is no sound."""
    path = write(tmp_path / "clip.mp4", pan(12), sound=loud)
    assert verdict(measure(str(path), ("conformance",), {"sound": asked})["scores"]) == wanted


def test_frames_against_pictures(tmp_path: Path) -> None:
    """The right pictures are recognised after encoding and in another size; wrong ones are not."""
    frames = pan()
    first, last, tall = (tmp_path / name for name in ("first.png", "last.jpg", "tall.png"))
    Image.fromarray(frames[0]).resize((640, 360)).save(first)
    Image.fromarray(frames[-1]).save(last)
    Image.fromarray(np.vstack([frames[0][:20] * 0, frames[0], frames[0][:20] * 0])).save(tall)
    path, names = str(write(tmp_path / "clip.mp4", frames)), ("first_frame", "last_frame")
    right = measure(path, names, {"first_frame": str(first), "last_frame": str(last)})["scores"]
    assert min(score["value"] for score in right.values()) > 0.9
    assert min(score["parts"]["psnr"] for score in right.values()) > 28
    assert verdict(right) == ()
    cropped = measure(path, names, {"first_frame": str(tall)})["scores"]
    assert cropped["first_frame"]["value"] > 0.9
    assert cropped["last_frame"] == {"value": None, "version": 1, "why": "no last frame was given"}
    wrong = measure(path, names, {"first_frame": str(last), "last_frame": str(first)})["scores"]
    assert [said.partition(":")[0] for said in verdict(wrong)] == [
        "first frame differs from the picture",
        "last frame differs from the picture",
    ]
    none = measure(path, names, {"first_frame": str(tmp_path / "none.png")})
    assert "is no picture that can be opened" in none["errors"]["first_frame"]


@pytest.mark.parametrize(
    "prompt", ["A red fox trots through fresh snow, slow dolly-in, golden hour", "A candle in a dark room, static"]
)
def test_sandbox_films_are_clean(prompt: str, tmp_path: Path) -> None:
    """Bright with a moving camera, and dark with hardly a thing that moves."""
    path = tmp_path / "film.mp4"
    render(Brief(prompt, WIDTH, 180, 1.0, FPS, sound=True), path)
    answer = measure(str(path), asked={"seconds": 1, "fps": 24, "aspect": "16:9", "sound": True})
    assert verdict(answer["scores"]) == ()
    assert answer["errors"] == {}
