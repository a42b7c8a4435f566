"""What Python may hand in for masks, videos, shots and switches, and what becomes of it in the request."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kling_nb.errors import InputError, KlingError, OptionError
from kling_nb.frames import Opened, open_frame
from kling_nb.gateways import codec, gateway
from kling_nb.lab import Lab
from kling_nb.lab.plan import make_plan
from kling_nb.lab.views import settings_of
from kling_nb.request import Brush, Footage, Frame, Shot, VideoRequest
from kling_nb.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab.plan import Plan

URL = "https://img.example/fox.png"
FILM = "https://img.example/fox.mp4"
FRAME = Frame(url=URL, name="fox.png")
BRUSH = Brush(mask=FRAME, path=((1, 2), (3, 4)))


def planned(**keywords: Any) -> Plan:
    """A plan for Kling's own API."""
    known = gateway("kling")
    return make_plan({"prompt": "a fox"} | keywords, known, codec(known, {}), Settings())


def png() -> bytes:
    """A mask as a file's bytes."""
    file = io.BytesIO()
    Image.new("L", (320, 320)).save(file, "PNG")
    return file.getvalue()


MASKS = [{"mask": URL, "trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]
READ: dict[str, tuple[dict[str, Any], str, Any]] = {
    "masks as Kling writes them": ({"masks": MASKS}, "masks", (BRUSH,)),
    "masks as JSON": ({"masks": json.dumps(MASKS)}, "masks", (BRUSH,)),
    "masks as pairs": ({"masks": [(URL, [(1, 2), (3, 4)])]}, "masks", (BRUSH,)),
    "masks as they are": ({"masks": (BRUSH,)}, "masks", (BRUSH,)),
    "one mask that keeps still": ({"mask": URL}, "mask", FRAME),
    "a video": ({"video": FILM}, "video", Footage(url=FILM, name="fox.mp4")),
    "a list of one video": ({"video": [FILM]}, "video", Footage(url=FILM, name="fox.mp4")),
    "a video with its length": (
        {"video": {"url": FILM, "seconds": 12}},
        "video",
        Footage(url=FILM, name="fox.mp4", seconds=12),
    ),
    "an address with a comma": (
        {"video": FILM + "?a=1,2"},
        "video",
        Footage(url=FILM + "?a=1,2", name="fox.mp4?a=1,2"),
    ),
    "shots as pairs": (
        {"shots": [("a", 2), ("b", "3s")]},
        "shots",
        (Shot(prompt="a", seconds=2), Shot(prompt="b", seconds=3)),
    ),
    "elements as a number": ({"element": 7}, "element", ("7",)),
    "voices as a comma list": ({"voice": "1, 2"}, "voice", ("1", "2")),
    "a switch as a word": ({"keep_sound": "Off"}, "keep_sound", False),
    "a switch": ({"watermark": True}, "watermark", True),
    "a word in capitals": ({"refer": "BASE"}, "refer", "base"),
    "orientation": ({"orientation": "video"}, "orientation", "video"),
    "who cuts": ({"shot_type": "intelligence"}, "shot_type", "intelligence"),
    "where to report": ({"callback": "https://me.example/x"}, "callback", "https://me.example/x"),
    "an id": ({"external_id": "demo-1"}, "external_id", "demo-1"),
}


@pytest.mark.parametrize(("keywords", "field", "value"), READ.values(), ids=list(READ))
def test_read(keywords: dict[str, Any], field: str, value: Any) -> None:
    """The request holds what was meant."""
    assert getattr(planned(**keywords).request, field) == value


def test_masks_from_a_file(tmp_path: Path) -> None:
    """The file names pictures, whose bytes are kept for the job, each once."""
    picture = tmp_path / "mask.png"
    picture.write_bytes(png())
    file = tmp_path / "masks.json"
    file.write_text(json.dumps([{"mask": str(picture), "trajectories": [[1, 2], [3, 4]]}] * 2))
    plan = planned(masks=file, image=URL, model="kling-v1")
    (sha256,) = plan.inputs
    assert plan.inputs[sha256] == png()
    assert [brush.mask.sha256 for brush in plan.request.masks] == [sha256, sha256]
    assert [source.identity for source in plan.request.sources] == [URL, sha256, sha256]


WRONG: dict[str, tuple[dict[str, Any], type[KlingError], str]] = {
    "two videos": ({"video": [FILM, FILM]}, OptionError, "--video takes one reference video, not 2"),
    "no video": ({"video": []}, OptionError, "not 0"),
    "a length that cannot be": ({"video": {"url": FILM, "seconds": -1}}, OptionError, "-1 seconds cannot be"),
    "a file": ({"video": "/home/me/private/fox.mp4"}, InputError, "--video fox.mp4 is on this machine"),
    "a mapping without an address": ({"video": {"seconds": 3}}, InputError, "put it at a public https address"),
    "masks that are none": ({"masks": 5}, OptionError, "--masks takes a list"),
    "no masks": ({"masks": []}, OptionError, "--masks takes a list"),
    "a mask without a path": ({"masks": [{"mask": URL}]}, OptionError, "--masks, mask 1"),
    "a path that is none": ({"masks": [(URL, "ab")]}, OptionError, "--masks, mask 1"),
    "a path into nowhere": ({"masks": [(URL, [(1, float("inf"))])]}, OptionError, "--masks, mask 1"),
    "a mask that is not there": ({"masks": [("gone.png", [(1, 2), (3, 4)])]}, InputError, "--masks, mask 1"),
    "too deep": ({"masks": "[" * 99_999}, OptionError, "no JSON"),
    "an unknown word": ({"refer": "edit"}, OptionError, "--refer is one of feature, base"),
    "an unknown cutter": ({"shot_type": "me"}, OptionError, "--shot-type is one of customize, intelligence"),
    "no switch": ({"keep_sound": "loud"}, OptionError, "--keep-sound is on or off"),
    "a shot without length": ({"shots": [("a", 0)]}, OptionError, "at least one second"),
    "a script as address": ({"callback": "javascript:alert(1)"}, OptionError, "--callback"),
    "an id with a slash": ({"external_id": "a/../b"}, OptionError, "--external-id 'a/../b'"),
}


@pytest.mark.parametrize(("keywords", "error", "says"), WRONG.values(), ids=list(WRONG))
def test_wrong(keywords: dict[str, Any], error: type[KlingError], says: str) -> None:
    """One sentence that names the option."""
    with pytest.raises(error) as caught:
        planned(**keywords)
    assert says in caught.value.sentence
    assert "/home/me" not in caught.value.sentence


def test_what_was_typed_before_is_the_same_request_still() -> None:
    """The fingerprint of a request without new fields has not moved; each new field moves it."""
    plain = VideoRequest(prompt="a fox", model="kling-v2-6", duration=5)
    assert plain.fingerprint("kling") == "89322b64c7a852390b53043dc69e4ae5614a7715fb6bc21432f10e663f195a36"
    more: list[dict[str, Any]] = [
        *({name: value} for name, value in {"refer": "base", "voice": ("1",), "mask": FRAME, "callback": FILM}.items()),
        {"masks": (BRUSH,)},
        {"masks": (BRUSH, BRUSH)},
        {"external_id": "a"},
    ]
    marks = {plain.model_copy(update=fields).fingerprint("kling") for fields in more}
    assert len(marks | {plain.fingerprint("kling")}) == len(more) + 1
    named = Brush(mask=Frame(url=URL, name="another name"), path=BRUSH.path)
    assert plain.model_copy(update={"masks": (named,)}).fingerprint("kling") == plain.model_copy(
        update={"masks": (BRUSH,)}
    ).fingerprint("kling")


CAPTIONS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"image": FRAME, "video": Footage(url=FILM), "orientation": "image", "keep_sound": True},
     ("motion control", "its own sound", "facing as in the image")),
    ({"model": "kling-v3-omni", "video": Footage(url=FILM), "images": (FRAME,) * 2}, ("2 pictures", "edited video")),
    ({"model": "kling-v3-omni", "video": Footage(url=FILM), "refer": "feature"}, ("new from a video",)),
    ({"image": FRAME, "tail": FRAME, "voice": ("1",), "element": ("1", "2")},
     ("first and last frame", "2 elements", "1 voice")),
    ({"image": FRAME, "mask": FRAME, "masks": (BRUSH,)}, ("first frame", "2 masks")),
    ({"camera": {"type": "simple", "config": {"zoom": 5}}}, ("camera zoom +5",)),
    ({"camera": {"type": "down_back"}}, ("camera down back",)),
    ({"shots": (Shot(prompt="a", seconds=5),)}, ("1 shot",)),
    ({"shot_type": "intelligence"}, ("cut by the model",)),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "words"), CAPTIONS)
def test_captions_say_what_went_in(fields: dict[str, Any], words: tuple[str, ...]) -> None:
    """After the model's settings, in a fixed order."""
    request = VideoRequest(**{"prompt": "p", "model": "kling-v2-6"} | fields)
    told = settings_of(request, "kling")
    assert tuple(word for word in told if word in words) == words
    known = {word for _, said in CAPTIONS for word in said}
    assert set(told) & known == set(words)


def test_one_picture_of_many_requests_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix around one first frame decodes it once, and every request carries it."""
    path = tmp_path / "fox.png"
    Image.new("RGB", (400, 300), "teal").save(path)
    opened: list[object] = []

    def counting(value: object, option: str) -> Opened:
        opened.append(value)
        return open_frame(value, option)

    monkeypatch.setattr("kling_nb.lab.plan.open_frame", counting)
    asked = [{"prompt": f"fox {n}", "image": str(path), "model": "kling-v2-6"} for n in range(5)]
    lab = Lab(env={})
    plans = lab.plans(asked, lab.gateway("sandbox"))
    assert len(opened) == 1
    assert len({plan.request.image for plan in plans}) == 1
    assert all(plan.inputs for plan in plans)
