"""What requests become on the wire beyond the pages' examples: further fields, frames, raw fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_nb.errors import InputError, KlingError, RejectedError, RequestError
from kling_nb.gateways import codec, gateway
from kling_nb.request import Camera, Frame, VideoRequest
from kling_nb.wire import Answer, Ask, Inline, Order, Part, run_flow

LOCAL = Frame(sha256="ab" * 32, media_type="image/png", size=1234, name="fox.png")
URL = Frame(url="https://img.example/fox.png")
LAST = Frame(url="https://img.example/last.png")
INLINE = Inline("ab" * 32, 1234, "fox.png")


def asked(name: str, **fields: Any) -> Ask:
    """The first ask of a submit."""
    speaker = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"})
    return next(speaker.submit(Order(VideoRequest(**{"prompt": "p", "model": "kling-v2-6"} | fields), "kn-key")))


KLING: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("nothing set", {"prompt": ""}, "text2video", {}),
    (
        "all simple fields",
        {"negative": "blur", "cfg": 0.5, "mode": "pro", "sound": True, "duration": 10, "aspect": "9:16"},
        "text2video",
        {
            "prompt": "p",
            "negative_prompt": "blur",
            "cfg_scale": 0.5,
            "mode": "pro",
            "sound": "on",
            "duration": "10",
            "aspect_ratio": "9:16",
        },
    ),
    (
        "camera with one axis",
        {"camera": Camera(type="simple", config={"zoom": 5.0, "pan": -1.5})},
        "text2video",
        {"prompt": "p", "camera_control": {"type": "simple", "config": {"zoom": 5, "pan": -1.5}}},
    ),
    (
        "camera preset",
        {"camera": Camera(type="down_back")},
        "text2video",
        {"prompt": "p", "camera_control": {"type": "down_back"}},
    ),
    ("local first frame", {"image": LOCAL}, "image2video", {"prompt": "p", "image": INLINE}),
    (
        "the ratio of a picture is the picture's",
        {"image": URL, "aspect": "1:1"},
        "image2video",
        {"prompt": "p", "image": URL.url},
    ),
    ("last frame alone", {"tail": LAST}, "image2video", {"prompt": "p", "image_tail": LAST.url}),
    (
        "raw fields are laid over",
        {"extra": {"callback_url": "https://me.example", "watermark_info": {"enabled": True}}},
        "text2video",
        {"prompt": "p", "callback_url": "https://me.example", "watermark_info": {"enabled": True}},
    ),
    (
        "raw fields merge into objects and win",
        {"camera": Camera(type="simple", config={"zoom": 5}), "extra": {"camera_control": {"config": {"pan": 1}}}},
        "text2video",
        {"prompt": "p", "camera_control": {"type": "simple", "config": {"zoom": 5, "pan": 1}}},
    ),
    (
        "our key stays ours",
        {"extra": {"external_task_id": "mine"}},
        "text2video",
        {"prompt": "p"},
    ),
]


@pytest.mark.parametrize(("fields", "route", "body"), [case[1:] for case in KLING], ids=[c[0] for c in KLING])
def test_kling_body(fields: dict[str, Any], route: str, body: dict[str, Any]) -> None:
    """On Kling: the right route, only what was set, strings for durations, our key always."""
    ask = asked("kling", **fields)
    assert ask.path == f"/v1/videos/{route}"
    assert ask.body == body | {"model_name": "kling-v2-6", "external_task_id": "kn-key"}


@pytest.mark.parametrize("model", ["kling-video-o1", "kling-v3-omni"])
@pytest.mark.parametrize(
    ("fields", "images"),
    [
        ({}, None),
        ({"image": LOCAL}, [{"image_url": INLINE, "type": "first_frame"}]),
        (
            {"image": URL, "tail": LAST},
            [{"image_url": URL.url, "type": "first_frame"}, {"image_url": LAST.url, "type": "end_frame"}],
        ),
    ],
    ids=["text", "first frame", "first and last frame"],
)
def test_omni_models_have_one_route(model: str, fields: dict[str, Any], images: Any) -> None:
    """Models that are only on omni-video get text and frames there, frames in a list with their part."""
    ask = asked("kling", model=model, aspect="16:9", duration=5, **fields)
    assert ask.path == "/v1/videos/omni-video"
    assert ask.body == {
        "model_name": model,
        "prompt": "p",
        "duration": "5",
        "aspect_ratio": "16:9",
        "external_task_id": "kn-key",
    } | ({"image_list": images} if images else {})


IMAROUTER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing set", {"prompt": ""}, {"model": "kling-v2-6"}),
    ("last frame alone", {"tail": LAST}, {"model": "kling-v2-6", "prompt": "p", "metadata": {"image_tail": LAST.url}}),
    (
        "undocumented fields travel in metadata",
        {"negative": "blur", "cfg": 0.3, "sound": False, "camera": Camera(type="down_back")},
        {
            "model": "kling-v2-6",
            "prompt": "p",
            "metadata": {
                "negative_prompt": "blur",
                "cfg_scale": 0.3,
                "sound": "off",
                "camera_control": {"type": "down_back"},
            },
        },
    ),
    (
        "raw fields merge into metadata",
        {"mode": "std", "extra": {"metadata": {"x": 1}, "seed": 3}},
        {"model": "kling-v2-6", "prompt": "p", "metadata": {"mode": "std", "x": 1}, "seed": 3},
    ),
    (
        "closed schema: no metadata, no size, its own name",
        {"model": "kling-v3-omni", "mode": "pro", "sound": True, "aspect": "9:16", "duration": 7, "image": URL},
        {
            "model": "kling-v3-omni-video",
            "prompt": "p",
            "mode": "pro",
            "sound": "on",
            "aspect_ratio": "9:16",
            "duration": 7,
            "image": URL.url,
        },
    ),
    (
        "closed schema, asked for by the gateway's name, with both frames",
        {"model": "kling-v3-omni-video", "image": URL, "tail": LAST},
        {
            "model": "kling-v3-omni-video",
            "prompt": "p",
            "image_list": [
                {"image_url": URL.url, "type": "first_frame"},
                {"image_url": LAST.url, "type": "end_frame"},
            ],
        },
    ),
    ("a model nobody knows", {"model": "kling-v9"}, {"model": "kling-v9", "prompt": "p"}),
]


@pytest.mark.parametrize(("fields", "body"), [case[1:] for case in IMAROUTER], ids=[c[0] for c in IMAROUTER])
def test_openai_video_body(fields: dict[str, Any], body: dict[str, Any]) -> None:
    """On ImaRouter: one path, whole seconds, size is the ratio, the rest in metadata or in the closed schema."""
    ask = asked("imarouter", **fields)
    assert (ask.path, ask.body) == ("/v1/videos", body)


VERSIONS: list[tuple[dict[str, Any], str]] = [
    ({"model": "kling-v2-5-turbo"}, "2.5-pro"),
    ({"model": "kling-v2-5-turbo", "mode": "std"}, "2.5-standard"),
    ({"model": "kling-v2-6"}, "2.6-pro"),
    ({"model": "kling-v3", "mode": "pro"}, "3.0-pro"),
    ({"model": "kling-v3"}, "3.0-standard"),
    ({"model": "kling-v2-1-master"}, "2.1-master"),
    ({"model": "kling-video-o1", "mode": "pro"}, "o1"),
    ({"model": "4.0-pro"}, "4.0-pro"),
    ({"model": "kling-v1-6", "extra": {"model_version": "1.6"}}, "1.6"),
]


@pytest.mark.parametrize(("fields", "version"), VERSIONS)
def test_wireflow_model_version(fields: dict[str, Any], version: str) -> None:
    """Model and mode become the node's word, a raw field wins, an unknown name travels as typed."""
    (kling,) = [node for node in asked("wireflow", **fields).body["nodes"] if node["id"] == "n_kling"]
    assert kling["data"]["config"] == kling["data"]["params"] == {"model_version": version}


def test_wireflow_from_text_alone() -> None:
    """Without a picture the picture's node, edge and port are left out; raw fields find their place."""
    body = asked("wireflow", cfg=0.4, negative="blur", extra={"force": True, "seed": 3}).body
    assert [node["id"] for node in body["nodes"]] == ["n_txt", "n_kling"]
    assert [edge["id"] for edge in body["edges"]] == ["e1"]
    assert [port["id"] for port in body["nodes"][1]["data"]["inputs"]] == ["prompt"]
    assert body["nodes"][1]["data"]["config"] == {
        "model_version": "2.6-pro",
        "cfg_scale": 0.4,
        "negative_prompt": "blur",
        "seed": 3,
    }
    assert body["force"] is True


def test_wireflow_uploads_a_local_picture_first() -> None:
    """The file goes up under a name of ours, free of charge, and its URL goes into the graph."""
    asks: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        told = {"data": {"url": "https://cdn.wireflow.ai/uploads/1.png"}} if ask.part else {"executionId": "exec_1"}
        return Answer(200, {}, json.dumps(told).encode())

    speaker = codec(gateway("wireflow"), {"WIREFLOW_WORKFLOW_ID": "wf"})
    order = Order(VideoRequest(prompt="p", model="kling-v2-6", image=LOCAL), "kn-key")
    assert run_flow(speaker.submit(order), send).id == "exec_1"
    upload, execute = asks
    assert (upload.path, upload.paid, upload.body) == ("/media/upload", False, None)
    assert upload.part == Part("ab" * 32, "file", "first-frame.png", "image/png")
    assert execute.paid
    assert execute.body["nodes"][0]["data"]["config"] == {"imageUrl": "https://cdn.wireflow.ai/uploads/1.png"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(413, {}, b'{"error":"too large"}'), "RejectedError"),
        (Answer(200, {}, b'{"data":{"url":"javascript:x"}}'), "AnswerError"),
        (Answer(502, {}, b"<html>"), "OutageError"),
    ],
)
def test_a_failed_upload_costs_nothing(answer: Answer, error: str) -> None:
    """An upload that fails is never an unknown outcome: the paid ask was not reached."""
    speaker = codec(gateway("wireflow"), {"WIREFLOW_WORKFLOW_ID": "wf"})
    order = Order(VideoRequest(prompt="p", model="kling-v2-6", image=LOCAL), "kn-key")
    with pytest.raises(KlingError) as caught:
        run_flow(speaker.submit(order), lambda _: answer)
    assert (type(caught.value).__name__, caught.value.charged) == (error, False)


IMPOSSIBLE: list[tuple[str, dict[str, Any], type[KlingError], str]] = [
    ("kling", {"kind": "text2video", "image": URL}, InputError, "leave out --image or --kind"),
    ("imarouter", {"image": LOCAL}, InputError, "type --image https://…"),
    ("imarouter", {"tail": LOCAL}, InputError, "type --tail https://…"),
    ("wireflow", {"image": URL, "tail": LAST}, InputError, "leave --tail out"),
    ("wireflow", {"sound": True}, RequestError, "leave --sound out"),
    ("wireflow", {"camera": Camera(type="down_back")}, RequestError, "describe the move in the prompt"),
    ("wireflow", {"mode": "std"}, RequestError, "Wireflow has kling-v2-6 only with --mode pro."),
    ("wireflow", {"model": "kling-v1-6"}, RequestError, "does not have kling-v1-6"),
]


@pytest.mark.parametrize(("name", "fields", "error", "says"), IMPOSSIBLE)
def test_what_cannot_be_carried_is_refused_before_anything_is_sent(
    name: str, fields: dict[str, Any], error: type[KlingError], says: str
) -> None:
    """A request that a dialect cannot carry is one sentence, known beforehand as an error-level note."""
    with pytest.raises(error) as caught:
        asked(name, **fields)
    assert says in caught.value.sentence
    request = VideoRequest(**{"prompt": "p", "model": "kling-v2-6"} | fields)
    notes = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"}).notes(request)
    assert caught.value.sentence in [note.sentence for note in notes if note.level == "error"]
    assert not isinstance(caught.value, RejectedError)


WARNED: list[tuple[str, dict[str, Any], set[str]]] = [
    ("kling", {}, set()),
    ("kling", {"extra": {"external_task_id": "mine"}}, {"extra"}),
    ("imarouter", {"mode": "pro", "aspect": "16:9", "image": URL, "tail": LAST}, set()),
    (
        "imarouter",
        {"negative": "x", "cfg": 0.5, "sound": False, "camera": Camera(type="simple")},
        {"negative", "cfg", "sound", "camera"},
    ),
    ("imarouter", {"model": "kling-v3-omni", "sound": True}, set()),
    ("imarouter", {"model": "kling-v3-omni", "image": URL, "tail": LAST}, {"tail"}),
    ("wireflow", {"image": URL}, set()),
    ("wireflow", {"image": URL, "model": "4.0-pro", "mode": "pro"}, {"mode"}),
    ("wireflow", {"negative": "x", "cfg": 0.5, "sound": False}, {"negative", "cfg", "sound", "image"}),
]


@pytest.mark.parametrize(("name", "fields", "warned"), WARNED)
def test_doubts_are_visible(name: str, fields: dict[str, Any], warned: set[str]) -> None:
    """What is sent on a guess is a warning on its field, and nothing else is."""
    request = VideoRequest(**{"prompt": "p", "model": "kling-v2-6"} | fields)
    notes = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"}).notes(request)
    assert {(note.field, note.level) for note in notes} == {(field, "warning") for field in warned}
