"""A request written as a cell reads back as the same request, and as keywords makes the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kling_nb import gateways
from kling_nb.cell import parse
from kling_nb.lab.compose import cell, keywords, stored_in
from kling_nb.lab.compose.cells import literal, option
from kling_nb.lab.plan import make_plan
from kling_nb.lab.store import Store
from kling_nb.request import Brush, Camera, Footage, Frame, Shot, VideoRequest
from kling_nb.settings import Settings

URL = Frame(url="https://example.com/a.png", name="a.png")
FILM = Footage(url="https://example.com/film.mp4", name="film.mp4")
REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "plain": {"prompt": "A fox"},
    "dashes": {"prompt": "--model", "negative": "-m"},
    "braces": {"prompt": 'A sign says "{open}" and {{more}}, {"a": 1}'},
    "settings": {"prompt": "x", "mode": "pro", "aspect": "9:16", "duration": 10, "cfg": 0.4, "sound": True, "take": 2},
    "quotes": {"prompt": "x", "negative": "the word \"no\", it's {braces} = all"},
    "frames": {"prompt": "x", "image": URL, "tail": URL},
    "references": {"prompt": "x", "images": (URL, URL), "element": ("7", "8"), "voice": ("9",)},
    "video": {"prompt": "x", "video": FILM, "refer": "feature", "keep_sound": False},
    "camera": {"prompt": "x", "camera": Camera(type="simple", config={"zoom": -5})},
    "preset": {"prompt": "x", "camera": Camera(type="forward_up")},
    "shots": {"shots": (Shot(prompt="a fox {runs}", seconds=2), Shot(prompt="a hare", seconds=3))},
    "masks": {"prompt": "x", "image": URL, "mask": URL, "masks": (Brush(mask=URL, path=((1, 2), (3, 4))),)},
    "rest": {"prompt": "x", "kind": "image2video", "image": URL, "orientation": "video", "watermark": True,
             "callback": "https://example.com/done", "extra": {"sandbox": {"fail": "so {it} is"}, "n": 2}},
}  # fmt: skip


def again(given: Mapping[str, Any], gateway: str = "kling") -> VideoRequest:
    """The request that keywords make."""
    place = gateways.gateway(gateway)
    return make_plan(given, place, gateways.codec(place, {}), Settings()).request


@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS)
def test_a_cell_reads_back(fields: Mapping[str, Any]) -> None:
    """Every field survives the way through a cell's text, and through keywords."""
    request = VideoRequest(model="kling-v2-6", **fields)
    line, _, body = cell(request, lambda frame: frame.url or "", gateway="kling").partition("\n")
    order = parse(line.removeprefix("%%kling "), body, {})
    assert order.gateway == "kling"
    (asked,) = order.requests
    assert again(asked) == request
    assert again(keywords(request, lambda frame: frame.url or "")) == request


def test_a_stored_frame_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent as bytes is a path in the output folder: the same bytes, so the same request."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (400, 300), "teal").save("a.png")
    place = gateways.gateway("kling")
    plan = make_plan({"prompt": "x", "image": "a.png"}, place, gateways.codec(place, {}), Settings())
    ((sha, data),) = plan.inputs.items()
    Store(tmp_path / "out").keep_input(sha, data, "image/png")
    locate = stored_in(tmp_path / "out")
    assert locate(plan.request.image or URL) == f"out/inputs/{sha}.png"
    copy = again(keywords(plan.request, locate))
    assert copy.fingerprint("kling") == plan.request.fingerprint("kling")


@given(text=st.text(alphabet="ab \"'{}=\\-\n", max_size=24))
def test_any_word(text: str) -> None:
    """Whatever stands in an option comes back; line breaks, which a magic's line cannot have, become spaces."""
    (asked,) = parse(option("negative", literal(text)), "x", {}).requests
    assert str(asked["negative"]).split() == text.split()
