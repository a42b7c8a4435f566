"""What gateways list, what sources leave open and what is good to know, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb import catalog
from kling_nb.request import Camera, Footage, Frame, Shot, VideoRequest

FRAME = Frame(url="https://img.example/fox.png")
VIDEO = Footage(url="https://img.example/fox.mp4")
SHOTS = (Shot(prompt="a", seconds=2), Shot(prompt="b", seconds=3))


def findings(asked: dict[str, Any], gateway: str) -> list[tuple[str, str, str]]:
    """What ``check`` says, as tuples."""
    request = VideoRequest(**({"model": "kling-v2-6", "prompt": "a fox"} | asked))
    return [(f.level, f.field, f.sentence) for f in catalog.check(request, gateway)]


LISTS: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "imarouter",
        {"model": "kling-v3"},
        "error",
        "model",
        (
            "ImaRouter does not list kling-v3: use --model kling-v1, kling-v1-6, kling-v2-master, "
            "kling-v2-1-master, kling-v2-5-turbo, kling-v2-6, kling-video-o1 or kling-v3-omni."
        ),
    ),
    (
        "imarouter",
        {"image": FRAME, "video": VIDEO},
        "error",
        "kind",
        "ImaRouter has kling-v2-6 for text2video and image2video only, not for motion-control.",
    ),
    (
        "imarouter",
        {"model": "kling-v3-omni-video", "mode": "4k"},
        "error",
        "mode",
        "ImaRouter has kling-v3-omni in mode std or pro only: use --mode std or --mode pro.",
    ),
    (
        "imarouter",
        {"model": "kling-v3-omni", "shots": (Shot(prompt="a", seconds=5),)},
        "error",
        "shots",
        "ImaRouter takes no --shots with kling-v3-omni: leave it out.",
    ),
    (
        "imarouter",
        {"model": "kling-video-o1", "image": FRAME, "tail": FRAME, "duration": 7},
        "error",
        "duration",
        "ImaRouter makes clips of 5 or 10 seconds with kling-video-o1, not 7: use --duration 5 or --duration 10.",
    ),
    (
        "imarouter",
        {"model": "kling-v2-master", "mode": "pro"},
        "note",
        "mode",
        "ImaRouter makes no difference between the modes of kling-v2-master.",
    ),
    (
        "kling",
        {"model": "kling-v3-omni-video", "aspect": "1:1"},
        "error",
        "model",
        "kling-v3-omni-video is the name that ImaRouter has for kling-v3-omni: use --model kling-v3-omni.",
    ),
    (
        "wireflow",
        {"mode": "std", "image": FRAME},
        "error",
        "mode",
        "Wireflow has kling-v2-6 in mode pro only: use --mode pro.",
    ),
    (
        "wireflow",
        {"model": "kling-v1", "image": FRAME},
        "error",
        "model",
        (
            "Wireflow does not list kling-v1: use --model kling-v2-1-master, kling-v2-5-turbo, "
            "kling-v2-6, kling-v3 or kling-video-o1."
        ),
    ),
    (
        "wireflow",
        {},
        "warning",
        "image",
        (
            "Wireflow's pages say that its Kling node works from text alone, its node list says that a "
            "picture is required: a clip without --image may be refused there."
        ),
    ),
    (
        "wireflow",
        {"model": "kling-v2-5-turbo", "cfg": 0.5, "image": FRAME},
        "warning",
        "cfg",
        (
            "Kling's own pages say that kling-v2-5-turbo does not use CFG; Wireflow and other resellers "
            "advertise it. --cfg may have no effect."
        ),
    ),
    (
        "agentsflare",
        {},
        "warning",
        "model",
        (
            "AgentsFlare names kling-v2-6 for motion-control only; for text2video it names kling-v1-6, "
            "kling-v2-5-turbo and kling-v3. The task may be refused there."
        ),
    ),
    (
        "agentsflare",
        {"model": "kling-v1"},
        "warning",
        "model",
        (
            "AgentsFlare does not list kling-v1 and may refuse it: use --model kling-v1-6, "
            "kling-v2-5-turbo, kling-v2-6, kling-v3, kling-video-o1 or kling-v3-omni."
        ),
    ),
    (
        "agentsflare",
        {"model": "kling-v3", "prompt": "", "image": FRAME},
        "error",
        "prompt",
        "AgentsFlare wants a prompt for image2video too: say what the clip should show.",
    ),
    (
        "kling",
        {"image": FRAME, "aspect": "9:16"},
        "note",
        "aspect",
        "The clip follows the picture: --aspect 9:16 has no effect.",
    ),
    (
        "kling",
        {"image": FRAME, "video": VIDEO, "duration": 5},
        "note",
        "duration",
        "The clip will be as long as the reference video: --duration has no effect.",
    ),
    (
        "kling",
        {"model": "kling-v3", "camera": Camera(type="down_back")},
        "warning",
        "camera",
        "No source says whether kling-v3 works with camera control: --camera may have no effect.",
    ),
    (
        "kling",
        {"model": "kling-v3", "image": FRAME, "tail": FRAME, "mode": "4k"},
        "warning",
        "mode",
        "No source confirms a last frame in mode 4k on kling-v3: it may be refused.",
    ),
    (
        "kling",
        {"mode": "pro", "image": FRAME, "tail": FRAME},
        "warning",
        "tail",
        (
            "The sources disagree on the size of kling-v2-6 clips with a last frame: both capability "
            "maps say 1080p, one note on the second-generation API says 720p."
        ),
    ),
    (
        "kling",
        {"model": "kling-v2.6", "mode": "8k"},
        "note",
        "model",
        (
            "The catalogue of 2026-11-20 has no model kling-v2.6: it is sent unchecked, price unknown. "
            "Did you mean kling-v2-6?"
        ),
    ),
]


@pytest.mark.parametrize(("gateway", "asked", "level", "field", "sentence"), LISTS)
def test_gateways_doubts_and_notes(gateway: str, asked: dict[str, Any], level: str, field: str, sentence: str) -> None:
    """What one gateway lists, what sources leave open, what is good to know: nothing else weighs as much."""
    assert [f for f in findings(asked, gateway) if f[0] == level] == [(level, field, sentence)]


@pytest.mark.parametrize("gateway", ["kling", "sandbox", "imarouter", "my-relay"])
def test_a_plain_request_has_no_findings(gateway: str) -> None:
    """The default model with nothing but a prompt is fine."""
    assert findings({"model": catalog.default_model(gateway)}, gateway) == []


def test_errors_come_first() -> None:
    """Errors, warnings, notes."""
    asked = {"model": "kling-v3", "image": FRAME, "aspect": "1:1", "cfg": 0.5, "duration": 20}
    assert [level for level, _, _ in findings(asked, "kling")] == ["error", "warning", "note"]


PAGES: list[tuple[str, dict[str, Any]]] = [
    ("imarouter", {"duration": 10, "aspect": "16:9", "mode": "pro"}),
    ("agentsflare", {"model": "kling-v3", "duration": 5, "mode": "pro", "sound": False, "aspect": "1:1"}),
    ("agentsflare", {"model": "kling-v3", "duration": 5, "mode": "pro", "image": FRAME, "tail": FRAME}),
    ("agentsflare", {"kind": "motion-control", "mode": "pro", "image": FRAME, "video": VIDEO}),
    ("agentsflare", {"model": "kling-video-o1", "mode": "pro", "aspect": "16:9", "video": VIDEO}),
    ("agentsflare", {"model": "kling-v3-omni", "mode": "pro", "aspect": "16:9", "prompt": "", "shots": SHOTS}),
    ("agentsflare", {"model": "kling-v1-6", "duration": 5, "aspect": "16:9", "images": (FRAME, FRAME)}),
    ("wireflow", {"model": "kling-v2-5-turbo", "mode": "pro", "duration": 5, "aspect": "16:9", "image": FRAME}),
]


@pytest.mark.parametrize(("gateway", "asked"), PAGES)
def test_the_pages_own_examples_are_not_refused(gateway: str, asked: dict[str, Any]) -> None:
    """What a gateway prints as its example must pass here."""
    assert [f for f in findings(asked, gateway) if f[0] == "error"] == []
