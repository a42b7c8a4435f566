"""Names, routes, captions and expectations; and the file itself, its sources and its loading."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import kling_nb.catalog
from kling_nb import catalog
from kling_nb.catalog.load import catalogue
from kling_nb.request import Footage, Frame, Shot, VideoRequest

DATA = json.loads(files("kling_nb.catalog").joinpath("models.json").read_text(encoding="utf-8"))
FRAME = Frame(url="https://img.example/fox.png")
WIDE = Frame(sha256="00", width=640, height=360)
VIDEO = Footage(url="https://img.example/fox.mp4", seconds=6)


def asked(model: str, **fields: Any) -> VideoRequest:
    """A request with a prompt."""
    return VideoRequest(model=model, prompt="a fox", **fields)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kling-v2.6", "kling-v2-6"),
        ("kling-2.6", "kling-v2-6"),
        ("Kling 3.0", "kling-v3"),
        ("klng-v3-omni", "kling-v3-omni"),
        ("v2-5-turbo", "kling-v2-5-turbo"),
        ("kling-o1", "kling-video-o1"),
    ],
)
def test_near_names(typed: str, meant: str) -> None:
    """Slips of the key, labels and the second generation's names lead to the model."""
    assert catalog.near(typed)[0] == meant


def test_the_default_model_is_one_that_every_gateway_lists() -> None:
    """None, every known gateway, and one that the user registered."""
    gateways = [None, *catalogue().gateways, "my-relay"]
    assert {catalog.default_model(g) for g in gateways} == {DATA["default_model"]}


@pytest.mark.parametrize(
    ("request_", "route"),
    [
        (asked("kling-v2-6"), "text2video"),
        (asked("kling-v2-6", tail=FRAME), "image2video"),
        (asked("kling-v2-6", image=FRAME, video=VIDEO), "motion-control"),
        (asked("kling-v1-6", images=(FRAME, FRAME)), "multi-image2video"),
        (asked("kling-v3-omni"), "omni-video"),
        (asked("kling-v3-omni", image=FRAME), "omni-video"),
        (asked("kling-video-o1", element=("1",)), "omni-video"),
        (asked("kling-v3-omni-video", video=VIDEO), "omni-video"),
        (asked("kling-v3", kind="omni-video"), "omni-video"),
        (asked("kling-v9", image=FRAME), "image2video"),
    ],
)
def test_routes(request_: VideoRequest, route: str) -> None:
    """The last part of the path on Kling's own API."""
    assert catalog.endpoint(request_) == route


@pytest.mark.parametrize(
    ("gateway", "request_", "word"),
    [
        ("kling", asked("kling-v3-omni"), "kling-v3-omni"),
        ("imarouter", asked("kling-v3-omni"), "kling-v3-omni-video"),
        ("imarouter", asked("kling-v2-6"), "kling-v2-6"),
        ("wireflow", asked("kling-v2-5-turbo"), "2.5-pro"),
        ("wireflow", asked("kling-v2-5-turbo", mode="std"), "2.5-standard"),
        ("wireflow", asked("kling-v3"), "3.0-standard"),
        ("wireflow", asked("kling-video-o1"), "o1"),
        ("wireflow", asked("kling-v9"), "kling-v9"),
    ],
)
def test_names_on_the_wire(gateway: str, request_: VideoRequest, word: str) -> None:
    """Kling's name, or the gateway's own by mode."""
    assert catalog.wire_name(request_, gateway) == word


@pytest.mark.parametrize(
    ("request_", "caption"),
    [
        (asked("kling-v2-6"), "kling-v2-6, std, 16:9, 5 s"),
        (asked("kling-v2-6", image=FRAME, mode="pro", sound=True), "kling-v2-6, pro, 5 s, sound"),
        (asked("kling-v2-master", aspect="1:1", duration=10), "kling-v2-master, 1:1, 10 s"),
        (asked("kling-v3", shots=(Shot(prompt="a", seconds=2),) * 3), "kling-v3, std, 16:9, 6 s"),
        (asked("kling-v2-6", image=FRAME, video=VIDEO), "kling-v2-6, std, 6 s"),
        (asked("kling-v9", duration=8), "kling-v9, 8 s"),
    ],
)
def test_captions_say_what_is_assumed(request_: VideoRequest, caption: str) -> None:
    """Mode, aspect ratio and length, asked for or not."""
    assert catalog.resolved(request_).caption == caption


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked("kling-v1"), (1280, 720, 30, 5, False)),
        (asked("kling-v2-6", mode="pro", aspect="9:16"), (1080, 1920, None, 5, False)),
        (asked("kling-v3", mode="4k", sound=True), (3840, 2160, None, 5, True)),
        (asked("kling-v2-1", image=WIDE), (1280, 720, 24, 5, False)),
        (asked("kling-v2-1", image=FRAME), (None, None, 24, 5, False)),
        (asked("kling-v1", aspect="1:1"), (None, None, 30, 5, False)),
        (asked("kling-v2-6", image=FRAME, video=VIDEO), (None, None, None, 6, None)),
        (asked("kling-v9"), (None, None, None, None, None)),
    ],
)
def test_expectations(request_: VideoRequest, expected: tuple[Any, ...]) -> None:
    """What is known of the clip beforehand, and None for the rest."""
    e = catalog.expected(request_)
    assert (e.width, e.height, e.fps, e.seconds, e.audio) == expected


def test_a_gateway_narrows_the_choices() -> None:
    """Modes and lengths are those that both the model and the gateway have."""
    wireflow = catalog.choices("kling-v2-6", "text2video", "wireflow")
    assert wireflow
    assert (wireflow.mode, wireflow.modes, wireflow.aspect) == ("pro", ("pro",), "16:9")
    ima = catalog.choices("kling-video-o1", "image2video", "imarouter", "pro")
    assert ima
    assert (ima.durations, ima.tail_durations, ima.aspects) == ((5, 10), (5, 10), ())
    motion = catalog.choices("kling-v3", "motion-control", "kling")
    assert motion
    assert (motion.modes, motion.durations, motion.aspects) == (("std", "pro"), (), ())
    filmed = catalog.choices("kling-v1-5", "image2video", "kling", "pro")
    assert filmed
    assert filmed.camera == ("simple",)


def test_image_limits() -> None:
    """As on Kling's image2video page."""
    limits = catalog.image_limits()
    assert (limits.max_bytes, limits.min_side, limits.max_ratio) == (10 * 1024 * 1024, 300, 2.5)
    assert limits.formats == ("image/jpeg", "image/png")


def _named_sources(value: Any) -> set[str]:
    if isinstance(value, list):
        return {s for v in value for s in _named_sources(v)}
    if not isinstance(value, dict):
        return set()
    named: set[str] = set()
    for key, inner in value.items():
        if key in {"source", "sources"} and not isinstance(inner, dict):
            named |= set([inner] if isinstance(inner, str) else inner)
        else:
            named |= _named_sources(inner)
    return named


def test_every_fact_names_a_listed_source() -> None:
    """Rows, prices' list, limits, doubts and gateways; and no source is listed for nothing."""
    assert _named_sources(DATA) == set(DATA["sources"])
    assert all(row["source"] for m in DATA["models"] for row in m["rows"])


def test_doubts_touch_something() -> None:
    """The conditions of a doubt name kinds, features, modes and gateways that exist."""
    for m in catalogue().models.values():
        for d in m.doubts:
            assert set(d.kinds) <= {r.kind for r in m.rows}
            assert set(d.features) <= {r.feature for r in m.rows}
            assert set(d.modes) <= set(m.modes)
            assert set(d.gateways) <= set(catalogue().gateways)


def test_no_model_mode_or_price_stands_in_python() -> None:
    """Only docstrings may name one as an example."""
    words = re.compile("|".join([*catalogue().models, *(rf"\b{m}\b" for m in ("std", "pro", "4k"))]))
    for path in Path(kling_nb.catalog.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        spoken = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        unspoken = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in spoken]
        assert [t for t in unspoken if isinstance(t, str) and words.search(t)] == [], path.name


def test_importing_reads_no_file() -> None:
    """The wire needs only the findings: the data waits until it is asked for."""
    code = (
        "import sys, kling_nb.wire, kling_nb.catalog as c;"
        "assert 'kling_nb.catalog.load' not in sys.modules;"
        "from kling_nb.catalog.load import catalogue;"
        "assert catalogue.cache_info().currsize == 0;"
        "c.models(); assert catalogue.cache_info().misses == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter, fixed code
    assert set(catalog.__all__) <= set(dir(catalog))
