"""Every kind that the client can write is one that the sandbox can read, and make a film of."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb.catalog import endpoint
from kling_nb.gateways.kling_bodies import ROUTES, body
from kling_nb.request import Brush, Footage, Frame, Shot, VideoRequest
from kling_nb.sandbox.options import Options
from kling_nb.sandbox.order import ROUTES as TAKEN
from kling_nb.sandbox.order import read_order
from kling_nb.sandbox.plan import make_plan

A, B, C = (Frame(url=f"https://img.example/{name}.png") for name in "abc")
FILM = Footage(url="https://img.example/fox.mp4")
SHOTS = (Shot(prompt="a fox", seconds=2), Shot(prompt="a hare", seconds=4))

ASKED: dict[str, tuple[dict[str, Any], str, int, tuple[str, ...]]] = {
    "motion control": ({"model": "kling-v2-6", "image": A, "video": FILM}, "std", 5, ("image by URL", "with a video")),
    "omni, a new clip": (
        {"model": "kling-v3-omni", "video": FILM, "refer": "feature", "images": (A, B), "aspect": "1:1", "duration": 7},
        "pro",
        7,
        ("2 more images", "with a video"),
    ),
    "omni, an edit": (
        {"model": "kling-video-o1", "video": FILM, "refer": "base", "keep_sound": True},
        "pro",
        5,
        ("with a video",),
    ),
    "omni, shots": ({"model": "kling-v3-omni", "prompt": "", "shots": SHOTS, "aspect": "16:9"}, "pro", 6, ()),
    "shots": ({"model": "kling-v3", "prompt": "", "shots": SHOTS, "mode": "4k"}, "4k", 6, ()),
    "cut by the model": ({"model": "kling-v3", "shot_type": "intelligence", "duration": 9}, "std", 9, ()),
    "several pictures": ({"model": "kling-v1-6", "images": (A, B, C), "duration": 10}, "std", 10, ("1 more image",)),
    "masks": (
        {"model": "kling-v1", "image": A, "masks": (Brush(mask=B, path=((1, 1), (2, 2))),)},
        "std",
        5,
        ("image by URL",),
    ),
    "voices": (
        {"model": "kling-v2-6", "image": A, "voice": ("1",), "sound": True, "mode": "pro"},
        "pro",
        5,
        ("image by URL",),
    ),
}


@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize(("fields", "mode", "seconds", "remarks"), ASKED.values(), ids=list(ASKED))
def test_what_the_client_writes_the_sandbox_reads(
    fields: dict[str, Any], mode: str, seconds: int, remarks: tuple[str, ...], *, numbered: bool
) -> None:
    """Mode, length, shots and what went in; and the film is planned at that length with those cuts."""
    request = VideoRequest(**{"prompt": "a fox"} | fields)
    route = endpoint(request)
    order = read_order(route, body(route, request, numbered=numbered))
    assert (order.mode, order.seconds) == (mode, seconds)
    assert set(remarks) <= set(order.remarks)
    plan = make_plan(order, "0" * 32, 1, Options())
    assert plan.seconds == seconds
    assert plan.shots == tuple((shot.prompt, shot.seconds) for shot in request.shots)


def test_both_ends_know_the_same_routes() -> None:
    """A kind that only one of them knows would be found out by a user."""
    assert set(ROUTES) == set(TAKEN)
