"""Every kind and field in the words of the wire: motion control, omni, multi-image, shots, masks, voices."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_nb.errors import AnswerError, InputError, KeyRefusedError, KlingError, NotFoundError, RequestError
from kling_nb.gateways import codec, gateway
from kling_nb.request import Brush, Footage, Frame, Shot, VideoRequest
from kling_nb.wire import Answer, Ask, Balance, Inline, Order, run_flow

A, B, C = (Frame(url=f"https://img.example/{name}.png") for name in "abc")
LOCAL = Frame(sha256="ab" * 32, media_type="image/png", size=1234, name="fox.png")
INLINE = Inline("ab" * 32, 1234, "fox.png")
FILM = Footage(url="https://img.example/fox.mp4")
SHOTS = (Shot(prompt="a fox", seconds=2), Shot(prompt="a hare", seconds=4))
BRUSH = Brush(mask=B, path=((279, 219), (417, 65)))


def asked(name: str, **fields: Any) -> Ask:
    """The paid ask of a submit."""
    speaker = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"})
    return next(speaker.submit(Order(VideoRequest(**{"prompt": "p"} | fields), "kn-key")))


KLING: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "motion control says the assumed mode": (
        {"model": "kling-v2-6", "image": A, "video": FILM},
        "motion-control",
        {"mode": "std", "image_url": A.url, "video_url": FILM.url},
    ),
    "motion control in full": (
        {
            "model": "kling-v3",
            "kind": "motion-control",
            "image": LOCAL,
            "video": FILM,
            "mode": "pro",
            "orientation": "video",
            "keep_sound": False,
            "element": ("861",),
            "watermark": True,
        },
        "motion-control",
        {
            "mode": "pro",
            "image_url": INLINE,
            "video_url": FILM.url,
            "character_orientation": "video",
            "keep_original_sound": "no",
            "element_list": [{"element_id": 861}],
            "watermark_info": {"enabled": True},
        },
    ),
    "omni: references before frames, so that image_1 is the first of --images": (
        {"model": "kling-v3-omni", "images": (A, LOCAL), "image": C, "aspect": "1:1", "sound": True, "duration": 7},
        "omni-video",
        {
            "image_list": [
                {"image_url": A.url},
                {"image_url": INLINE},
                {"image_url": C.url, "type": "first_frame"},
            ],
            "aspect_ratio": "1:1",
            "sound": "on",
            "duration": "7",
        },
    ),
    "omni edits a video": (
        {"model": "kling-video-o1", "video": FILM, "refer": "base", "keep_sound": True, "element": ("7", "u-8")},
        "omni-video",
        {
            "video_list": [{"video_url": FILM.url, "refer_type": "base", "keep_original_sound": "yes"}],
            "element_list": [{"element_id": 7}, {"element_id": "u-8"}],
        },
    ),
    "a video alone says no more than itself": (
        {"model": "kling-video-o1", "video": FILM},
        "omni-video",
        {"video_list": [{"video_url": FILM.url}]},
    ),
    "several pictures on an old model": (
        {"model": "kling-v1-6", "images": (A, B), "negative": "blur", "duration": 5, "aspect": "16:9"},
        "multi-image2video",
        {
            "image_list": [{"image": A.url}, {"image": B.url}],
            "negative_prompt": "blur",
            "duration": "5",
            "aspect_ratio": "16:9",
        },
    ),
    "shots: strings that add up to the length": (
        {"model": "kling-v3", "shots": SHOTS},
        "text2video",
        {
            "multi_shot": True,
            "shot_type": "customize",
            "multi_prompt": [
                {"index": 1, "prompt": "a fox", "duration": "2"},
                {"index": 2, "prompt": "a hare", "duration": "4"},
            ],
            "duration": "6",
        },
    ),
    "the model cuts by itself": (
        {"model": "kling-v3", "image": A, "shot_type": "intelligence", "duration": 8},
        "image2video",
        {"image": A.url, "multi_shot": True, "shot_type": "intelligence", "duration": "8"},
    ),
    "masks and their paths": (
        {"model": "kling-v1", "image": A, "mask": C, "masks": (BRUSH,)},
        "image2video",
        {
            "image": A.url,
            "static_mask": C.url,
            "dynamic_masks": [{"mask": B.url, "trajectories": [{"x": 279, "y": 219}, {"x": 417, "y": 65}]}],
        },
    ),
    "voices": (
        {"model": "kling-v2-6", "image": A, "mode": "pro", "sound": True, "voice": ("v1", "v2")},
        "image2video",
        {"image": A.url, "mode": "pro", "sound": "on", "voice_list": [{"voice_id": "v1"}, {"voice_id": "v2"}]},
    ),
    "elements": (
        {"model": "kling-v3", "image": A, "element": ("829836802793406551",)},
        "image2video",
        {"image": A.url, "element_list": [{"element_id": 829836802793406551}]},
    ),
    "callback and no watermark": (
        {"model": "kling-v3", "callback": "https://me.example/done", "watermark": False},
        "text2video",
        {"callback_url": "https://me.example/done", "watermark_info": {"enabled": False}},
    ),
    "moot fields are not sent": (
        {"model": "kling-v2-6", "image": A, "video": FILM, "mode": "pro", "aspect": "1:1", "duration": 5},
        "motion-control",
        {"mode": "pro", "image_url": A.url, "video_url": FILM.url},
    ),
}


@pytest.mark.parametrize(("fields", "route", "body"), KLING.values(), ids=list(KLING))
def test_kling_body(fields: dict[str, Any], route: str, body: dict[str, Any]) -> None:
    """The route of the kind, its own names, and nothing that was not asked for."""
    ask = asked("kling", **fields)
    assert ask.path == f"/v1/videos/{route}"
    assert ask.body == body | {"prompt": "p", "model_name": fields["model"], "external_task_id": "kn-key"}


@pytest.mark.parametrize(("seconds", "total"), [((2, 3), None), ((2, 4), "6"), ((1,), "1")])
def test_agentsflare_counts_in_numbers(seconds: tuple[int, ...], total: str | None) -> None:
    """As on its page; the total is left out where it is the length that holds without one."""
    body = asked("agentsflare", model="kling-v3", shots=tuple(Shot(prompt="x", seconds=s) for s in seconds)).body
    assert [shot["duration"] for shot in body["multi_prompt"]] == list(seconds)
    assert body.get("duration") == total
    told = asked("agentsflare", model="kling-v3", duration=5, shots=(Shot(prompt="x", seconds=5),)).body
    assert told["duration"] == "5"


def test_a_users_own_id_is_the_key_everywhere() -> None:
    """It is sent, it is looked for, and only a task that carries it is taken."""
    order = Order(VideoRequest(prompt="p", model="kling-v3", external_id="demo-1"), "kn-key")
    speaker = codec(gateway("kling"), {})
    assert next(speaker.submit(order)).body["external_task_id"] == "demo-1"
    asks: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        return Answer(200, {}, b'{"code":0,"data":{"task_id":"8","task_info":{"external_task_id":"demo-1"}}}')

    look = speaker.find(order)
    assert look is not None
    found = run_flow(look, send)
    assert found is not None
    assert (asks[0].path, found.id) == ("/v1/videos/text2video/demo-1", "8")


IMAROUTER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "references alone": ({"images": (A, B)}, {"images": [A.url, B.url]}),
    "references and frames": (
        {"images": (A,), "image": B, "tail": C},
        {
            "image_list": [
                {"image_url": A.url},
                {"image_url": B.url, "type": "first_frame"},
                {"image_url": C.url, "type": "end_frame"},
            ]
        },
    ),
    "a video": ({"video": FILM}, {"video_url": FILM.url}),
    "a video and what it is for": (
        {"video": FILM, "refer": "feature", "keep_sound": False},
        {"video_list": [{"video_url": FILM.url, "refer_type": "feature", "keep_original_sound": "no"}]},
    ),
}


@pytest.mark.parametrize(("fields", "body"), IMAROUTER.values(), ids=list(IMAROUTER))
def test_closed_schema(fields: dict[str, Any], body: dict[str, Any]) -> None:
    """ImaRouter's omni model: the plain form where it is enough, else Kling's lists; never two of one sort."""
    sent = asked("imarouter", model="kling-v3-omni", **fields).body
    assert sent == body | {"model": "kling-v3-omni-video", "prompt": "p"}


def test_masks_ride_in_metadata() -> None:
    """New-api's own Kling payload knows them; ImaRouter does not say so."""
    body = asked("imarouter", model="kling-v1", image=A, mask=C, masks=(BRUSH,)).body
    assert body["metadata"] == {
        "static_mask": C.url,
        "dynamic_masks": [{"mask": B.url, "trajectories": [{"x": 279, "y": 219}, {"x": 417, "y": 65}]}],
    }


BALANCES: list[tuple[int, dict[str, Any], Balance | type[KlingError]]] = [
    (
        200,
        {"success": True, "data": {"object": "user_balance", "balance_usd": 12.5, "used_amount_usd": 3}},
        Balance(usd=12.5, lines=(("used so far", "USD 3.00"),)),
    ),
    (200, {"success": True, "data": {"balance_usd": "0.75"}}, Balance(usd=0.75)),
    (200, {"success": False, "message": "no such user"}, AnswerError),
    (404, {"error": {"message": "Invalid URL"}}, NotFoundError),
    (401, {"error": {"message": "Invalid token"}}, KeyRefusedError),
]


@pytest.mark.parametrize(("status", "told", "gives"), BALANCES)
def test_imarouters_balance(status: int, told: dict[str, Any], gives: Balance | type[KlingError]) -> None:
    """Dollars, or an error of its own; nothing is paid for asking."""
    flow = codec(gateway("imarouter"), {}).balance(0.0)
    assert flow is not None
    asks: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        return Answer(status, {}, json.dumps(told).encode())

    if isinstance(gives, Balance):
        assert run_flow(flow, send) == gives
    else:
        with pytest.raises(gives):
            run_flow(flow, send)
    assert [(ask.method, ask.path, ask.paid) for ask in asks] == [("GET", "/api/usage/token/user-balance", False)]


REFUSED: list[tuple[str, dict[str, Any], type[KlingError], str]] = [
    (
        "imarouter",
        {"images": (LOCAL,), "model": "kling-v3-omni"},
        InputError,
        (
            "ImaRouter fetches pictures itself and fails on files: put the picture at a public https address and "
            "type --images https://…, or choose another --gateway."
        ),
    ),
    (
        "imarouter",
        {"voice": ("1",)},
        RequestError,
        "ImaRouter does not take --voice: leave out --voice, or choose another --gateway.",
    ),
    (
        "imarouter",
        {"model": "kling-v3-omni", "camera": {"type": "down_back"}},
        RequestError,
        "ImaRouter does not take --camera: leave out --camera, or choose another --gateway.",
    ),
    (
        "wireflow",
        {"image": A, "keep_sound": True},
        RequestError,
        "Wireflow does not take --keep-sound: leave out --keep-sound, or choose another --gateway.",
    ),
    (
        "kling",
        {"image": A, "video": FILM, "cfg": 0.5},
        RequestError,
        "Motion-control does not take --cfg: leave out --cfg.",
    ),
    (
        "kling",
        {"model": "kling-v9", "kind": "omni-video", "refer": "base"},
        RequestError,
        "--refer is about a reference video: add --video.",
    ),
]


@pytest.mark.parametrize(("name", "fields", "error", "sentence"), REFUSED)
def test_what_has_no_place_is_refused(
    name: str, fields: dict[str, Any], error: type[KlingError], sentence: str
) -> None:
    """One sentence, before anything is sent, even where the catalogue was overruled."""
    with pytest.raises(error) as caught:
        asked(name, **{"model": "kling-v2-6"} | fields)
    assert caught.value.sentence == sentence


def test_harmless_fields_are_left_out_with_a_word() -> None:
    """Without them the clip is the same."""
    request = VideoRequest(
        prompt="p", model="kling-v2-6", watermark=True, callback="https://me.example", external_id="x", sound=False
    )
    notes = codec(gateway("imarouter"), {}).notes(request)
    said = {note.field: (note.level, note.sentence) for note in notes}
    assert said["callback"] == ("warning", "ImaRouter does not take --callback: it is not sent.")
    assert said["external_id"] == ("warning", "ImaRouter does not take --external-id: it is not sent.")
    assert said["watermark"] == ("warning", "ImaRouter does not take --watermark: it is not sent.")
    assert asked("imarouter", **request.model_dump(exclude_defaults=True)).body == {
        "model": "kling-v2-6",
        "prompt": "p",
        "metadata": {"sound": "off"},
    }
