"""Walks model x kind x mode x duration through ``check`` and compares with the rows of the file.

The rows are read from the JSON here, not through the package, so that both readings must agree.
"""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from typing import Any

import pytest

from kling_nb import catalog
from kling_nb.request import KINDS, Footage, Frame, Shot, VideoRequest

DATA = json.loads(files("kling_nb.catalog").joinpath("models.json").read_text(encoding="utf-8"))
MODELS = {m["name"]: m for m in DATA["models"]}
MODES = sorted({mode for m in DATA["models"] for mode in m["modes"]})
DURATIONS = range(1, 18)
FRAME = Frame(url="https://img.example/fox.png")
INPUTS: dict[str, dict[str, Any]] = {
    "text2video": {"aspect": "16:9"},
    "image2video": {"image": FRAME},
    "motion-control": {"image": FRAME, "video": Footage(url="https://img.example/fox.mp4")},
    "omni-video": {"video": Footage(url="https://img.example/fox.mp4"), "refer": "feature", "aspect": "16:9"},
    "multi-image2video": {"images": (FRAME, FRAME), "aspect": "16:9"},
}
BASE: dict[str, set[str]] = {key: {"generate"} for key in KINDS}
BASE["omni-video"] = {"video_reference_feature"}


def rows(model: str, kind: str, features: set[str]) -> list[dict[str, Any]]:
    """The file's rows for a kind and any of the features."""
    return [r for r in MODELS[model]["rows"] if r["kind"] == kind and r["feature"] in features]


def allowed(found: list[dict[str, Any]], mode: str | None, duration: int) -> bool:
    """Whether some row has the mode, and the length where the length can be chosen at all."""
    here = [r for r in found if r["mode"] == mode]
    if all(r.get("length") == "video" for r in here):
        return bool(here)
    spans = [r["seconds"] for r in here if r["seconds"] is not None]
    lists = [range(s["from"], s["to"] + 1) if isinstance(s, dict) else s for s in spans]
    return any(duration in seconds for seconds in lists)


def errors(model: str, kind: str, mode: str | None, duration: int, **more: Any) -> list[str]:
    """The sentences that refuse the request on Kling's own API."""
    asked = {"prompt": "a fox", "kind": kind, "mode": mode, "duration": duration, **INPUTS[kind], **more}
    request = VideoRequest(model=model, **asked)
    return [f.sentence for f in catalog.check(request, "kling") if f.level == "error"]


def assumed(model: str, mode: str | None) -> str | None:
    """The mode that holds where none is asked for."""
    return mode or MODELS[model]["mode_default"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_plain_requests_pass_exactly_where_a_row_allows_them(model: str, kind: str) -> None:
    """Every mode, asked for or not, and every length."""
    found = rows(model, kind, BASE[kind])
    for mode, duration in itertools.product([None, *MODES], DURATIONS):
        can = allowed(found, assumed(model, mode), duration)
        refused = errors(model, kind, mode, duration)
        assert can is not bool(refused), (model, kind, mode, duration, refused)


@pytest.mark.parametrize("refer", ["base", None])
@pytest.mark.parametrize("model", MODELS)
def test_edits_pass_exactly_where_a_row_allows_them(model: str, refer: str | None) -> None:
    """A video without ``--refer`` is edited, at its own length, in every mode that has a row."""
    found = rows(model, "omni-video", {"video_edit_base"})
    for mode, duration in itertools.product([None, *MODES], DURATIONS):
        can = allowed(found, assumed(model, mode), duration)
        refused = errors(model, "omni-video", mode, duration, refer=refer, aspect=None)
        assert can is not bool(refused), (model, mode, duration, refused)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("feature", "more"),
    [
        ("start_end_frame", {"tail": FRAME}),
        ("end_frame_only", {"image": None, "tail": FRAME}),
        ("elements", {"element": ("1",)}),
        ("voice_control", {"extra": {"voice_list": [{"voice_id": "1"}]}, "sound": True}),
    ],
)
def test_frames_elements_and_voices_pass_exactly_where_a_row_allows_them(
    model: str, feature: str, more: dict[str, Any]
) -> None:
    """The features of image2video in every mode and length."""
    found = rows(model, "image2video", {feature})
    for mode, duration in itertools.product([None, *MODES], DURATIONS):
        can = allowed(found, assumed(model, mode), duration)
        refused = errors(model, "image2video", mode, duration, **more)
        assert can is not bool(refused), (model, feature, mode, duration, refused)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["text2video", "image2video"])
def test_shots_pass_exactly_where_a_row_allows_them(model: str, kind: str) -> None:
    """Two shots that add up to the length."""
    found = rows(model, kind, {"multi_shot"})
    for mode, duration in itertools.product([None, *MODES], DURATIONS[1:]):
        shots = (Shot(prompt="a", seconds=1), Shot(prompt="b", seconds=duration - 1))
        can = allowed(found, assumed(model, mode), duration)
        refused = errors(model, kind, mode, duration, shots=shots)
        assert can is not bool(refused), (model, kind, mode, duration, refused)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["text2video", "image2video"])
@pytest.mark.parametrize("tail", [False, True])
def test_sound_passes_exactly_where_a_row_has_it(model: str, kind: str, *, tail: bool) -> None:
    """With and without a last frame, in every mode that the rest of the request allows."""
    if tail and kind == "text2video":
        kind = "image2video"
    found = rows(model, kind, {"start_end_frame"} if tail else {"generate"})
    for row in found:
        asked = {"tail": FRAME} if tail else {}
        refused = errors(model, kind, row["mode"], 5, sound=True, **asked)
        assert (row["audio"] in {"optional", "always"}) is not bool(refused), (model, kind, row["mode"], refused)


def test_what_no_source_confirms_is_a_warning() -> None:
    """The unconfirmed rows pass, visibly."""
    for model, m in MODELS.items():
        for row in m["rows"]:
            if row.get("confirmed", True) or row["feature"] != "start_end_frame":
                continue
            request = VideoRequest(model=model, prompt="a", image=FRAME, tail=FRAME, mode=row["mode"])
            levels = {(f.level, f.field) for f in catalog.check(request, "kling")}
            assert ("warning", "mode") in levels, (model, row)


@pytest.mark.parametrize("kind", ["text2video", "image2video"])
@pytest.mark.parametrize("model", MODELS)
def test_a_panel_offers_exactly_what_the_rows_allow(model: str, kind: Any) -> None:
    """``choices`` is the same table, read the other way round."""
    found = rows(model, kind, {"generate"})
    for mode in MODELS[model]["modes"] or [None]:
        offered = catalog.choices(model, kind, "kling", mode)
        assert (offered is None) == (not found)
        if offered:
            lengths = [d for d in DURATIONS if allowed(found, mode, d)]
            ends = [d for d in DURATIONS if allowed(rows(model, kind, {"start_end_frame"}), mode, d)]
            assert list(offered.durations) == lengths
            assert list(offered.tail_durations) == ends
            assert list(offered.modes) == MODELS[model]["modes"]
            heard = any(r["audio"] == "optional" for r in found if r["mode"] == mode)
            assert offered.sound == heard
