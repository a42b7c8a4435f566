"""fal.ai and Replicate: ids and fields by model, mode and kind, results in two steps, cancelling, foreign links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from kling_nb.catalog import models
from kling_nb.catalog.listings import match
from kling_nb.errors import GatewayError, InputError, KlingError, OutageError, RequestError
from kling_nb.gateways import codec, gateway
from kling_nb.request import Camera, Frame, Shot, VideoRequest
from kling_nb.wire import Answer, Ask, Inline, Order, Part, Ticket, run_flow

URL = Frame(url="https://img.example/fox.png")
LAST = Frame(url="https://img.example/last.png")
LOCAL = Frame(sha256="ab" * 32, media_type="image/png", size=3_000_000, name="/home/me/fox.png")
SMALL = LOCAL.model_copy(update={"size": 2000})
DATA = Inline("ab" * 32, 3_000_000, "/home/me/fox.png", "data:image/png;base64,")
FAL = "https://queue.fal.run/fal-ai/kling-video/requests/7"


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of JSON."""
    return Answer(status, headers, json.dumps(body).encode())


def request(**fields: Any) -> VideoRequest:
    """A request for a fox."""
    return VideoRequest(**{"prompt": "a fox", "model": "kling-v2-5-turbo"} | fields)


def played(flow: Any, answers: Sequence[Answer]) -> tuple[list[Ask], Any]:
    """The asks of a flow and what it comes to, error included."""
    asks: list[Ask] = []
    left = iter(answers)

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        return next(left)

    try:
        return asks, run_flow(flow, send)
    except KlingError as error:
        return asks, error


BODIES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("fal", {}, "v2.5-turbo/pro/text-to-video", {}),
    (
        "fal",
        {"duration": 10, "aspect": "9:16", "negative": "blur", "cfg": 0.3},
        "v2.5-turbo/pro/text-to-video",
        {"duration": "10", "aspect_ratio": "9:16", "negative_prompt": "blur", "cfg_scale": 0.3},
    ),
    (
        "fal",
        {"image": URL, "tail": LAST},
        "v2.5-turbo/pro/image-to-video",
        {"image_url": URL.url, "tail_image_url": LAST.url},
    ),
    ("fal", {"image": URL, "mode": "std"}, "v2.5-turbo/standard/image-to-video", {"image_url": URL.url}),
    (
        "fal",
        {"model": "kling-v2-6", "image": URL, "sound": False},
        "v2.6/pro/image-to-video",
        {"start_image_url": URL.url, "generate_audio": False},
    ),
    ("fal", {"model": "kling-v2-1-master"}, "v2.1/master/text-to-video", {}),
    ("fal", {"model": "kling-v3", "mode": "pro", "sound": True}, "v3/pro/text-to-video", {"generate_audio": True}),
    ("fal", {"extra": {"model_id": "fal-ai/x/y z", "seed": 7}}, "fal-ai/x/y%20z", {"seed": 7}),
    ("fal", {"image": LOCAL}, "v2.5-turbo/pro/image-to-video", {"image_url": DATA}),
    ("replicate", {}, "kwaivgi/kling-v2.5-turbo-pro", {}),
    ("replicate", {"image": SMALL}, "kwaivgi/kling-v2.5-turbo-pro", {"start_image": replace(DATA, size=2000)}),
    (
        "replicate",
        {"model": "kling-v3", "mode": "std", "image": URL, "tail": LAST, "duration": 7, "sound": True},
        "kwaivgi/kling-v3-video",
        {
            "mode": "standard",
            "start_image": URL.url,
            "end_image": LAST.url,
            "duration": 7,
            "generate_audio": True,
        },
    ),
    ("replicate", {"model": "kling-video-o1", "mode": "std"}, "kwaivgi/kling-o1", {"mode": "std"}),
    ("replicate", {"extra": {"model_id": "me/mine"}}, "me/mine", {}),
]


@pytest.mark.parametrize(("name", "fields", "model", "body"), BODIES)
def test_body_and_id(name: str, fields: dict[str, Any], model: str, body: dict[str, Any]) -> None:
    """The id follows from model, mode and kind; only what was set is sent, under the id's own names."""
    ask = next(codec(gateway(name), {}).submit(Order(request(**fields), "kn-key")))
    expected = {"prompt": "a fox"} | body
    path = f"/{model}" if model.startswith("fal-ai/") else f"/fal-ai/kling-video/{model}"
    if name == "replicate":
        path, expected = f"/v1/models/{model}/predictions", {"input": expected}
    assert (ask.method, ask.path, ask.paid, dict(ask.headers)) == ("POST", path, True, {})
    assert ask.body == expected


NOTES: list[tuple[str, dict[str, Any], str, str]] = [
    ("fal", {"mode": "std"}, "error", "fal.ai has kling-v2-5-turbo for text2video with --mode pro only."),
    ("fal", {"model": "kling-v2-1"}, "error", "has kling-v2-1 for image2video only, not for text2video."),
    ("fal", {"model": "kling-v9", "mode": "4k"}, "warning", "fal-ai/kling-video/v9/4k/text-to-video is a guess"),
    ("fal", {"model": "fal-ai/new"}, "warning", "fal-ai/new is a guess"),
    ("replicate", {"model": "kling-v9-2-turbo"}, "warning", "kling-v9.2-turbo is a guess, and so are its fields."),
    ("fal", {"model": "kling-v3"}, "warning", "with sound, at its higher price, without --sound off."),
    ("fal", {"sound": True}, "error", "--sound"),
    ("fal", {"image": URL, "aspect": "1:1"}, "note", "The clip follows the picture"),
    ("fal", {"model": "kling-v2-6", "image": URL, "cfg": 0.5}, "error", "--cfg"),
    ("fal", {"camera": Camera(type="forward_up")}, "error", "--camera"),
    ("fal", {"shots": (Shot(prompt="a", seconds=5),)}, "error", "--shots"),
    ("fal", {"tail": LAST}, "warning", "may want a first frame too"),
    ("replicate", {"tail": LAST, "image": URL}, "error", "--tail"),
    ("replicate", {"image": LOCAL}, "warning", "as an upload, which some of its models cannot open"),
    ("replicate", {"kind": "motion-control"}, "error", "not for motion-control"),
    ("replicate", {"model": "kling-v9", "kind": "motion-control"}, "error", "not known to make motion-control clips"),
]


@pytest.mark.parametrize(("name", "fields", "level", "words"), NOTES)
def test_note(name: str, fields: dict[str, Any], level: str, words: str) -> None:
    """What the id cannot carry, what is a guess and what costs more is said; an error sends nothing."""
    speaker = codec(gateway(name), {})
    found = [(note.level, note.sentence) for note in speaker.notes(request(**fields))]
    assert any(known == level and words in sentence for known, sentence in found), found
    came = played(speaker.submit(Order(request(**fields), "k")), [says({"id": "7", "request_id": "7"})] * 2)[1]
    assert isinstance(came, RequestError | InputError) == any(known == "error" for known, _ in found)


@pytest.mark.parametrize("shelf", ["fal", "replicate"])
def test_listings_agree_with_the_catalogue(shelf: str) -> None:
    """Each listing is for a model of the catalogue, in modes and kinds that the catalogue has for it."""
    for known in models():
        for listing in match(request(model=known.name), shelf).others:
            assert set(listing.modes) <= set(known.modes)
            assert bool(listing.modes) == bool(known.modes), listing.id
            for kind in listing.kinds:
                assert known.of(kind), (listing.id, kind)
                found = match(request(model=known.name, kind=kind, mode=next(iter(listing.modes), None)), shelf)
                assert found.listing
                assert found.listing.id == listing.id


def test_a_local_frame_is_uploaded_first() -> None:
    """On Replicate: a free upload without the user's path, then the paid ask with its link."""
    flow = codec(gateway("replicate"), {}).submit(Order(request(image=LOCAL), "k"))
    link = "https://api.replicate.com/v1/files/9"
    asks, ticket = played(flow, [says({"urls": {"get": link}}, 201), says({"id": "7"}, 201)])
    assert asks[0].part == Part("ab" * 32, field="content", filename="image.png", media_type="image/png")
    assert [(ask.path, ask.paid) for ask in asks] == [
        ("/v1/files", False),
        ("/v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions", True),
    ]
    assert asks[1].body["input"]["start_image"] == link
    assert ticket == Ticket("7")


RESULTS: list[tuple[str, Answer, dict[str, Any] | type[GatewayError]]] = [
    ("the docs' example", says({"video": {"url": "https://v3.fal.media/a.mp4"}}), {"phase": "done"}),
    (
        "the model's refusal",
        says({"detail": [{"loc": ["body"], "msg": "flagged", "type": "content_policy_violation"}]}, 422),
        {"phase": "failed", "reason": "flagged", "moderated": True},
    ),
    (
        "the model's own trouble",
        says({"detail": [{"loc": ["body"], "msg": "Upstream failed", "type": "downstream_service_error"}]}, 500),
        {"phase": "failed", "reason": "Upstream failed", "moderated": False},
    ),
    (
        "the platform's trouble",
        says({"detail": "Request timed out", "error_type": "request_timeout"}, 504),
        {"phase": "failed", "reason": "Request timed out"},
    ),
    ("told by the header alone", says({}, 499, **{"x-fal-error-type": "client_cancelled"}), {"phase": "failed"}),
    ("a proxy between", Answer(502, {"content-type": "text/html"}, b"<html>"), OutageError),
    ("no video in it", says({"images": []}), GatewayError),
]


@pytest.mark.parametrize(("answer", "expected"), [r[1:] for r in RESULTS], ids=[r[0] for r in RESULTS])
def test_fal_result_is_a_second_question(answer: Answer, expected: Any) -> None:
    """COMPLETED is not the result: that is fetched, and says whether it failed; trouble on the way is no verdict."""
    ticket = Ticket("7", "fal-ai/kling-video", {})
    asks, came = played(codec(gateway("fal"), {}).poll(ticket), [says({"status": "COMPLETED"}), answer])
    base = "/fal-ai/kling-video/requests/7"
    assert [(ask.method, ask.path, ask.paid) for ask in asks] == [
        ("GET", f"{base}/status", False),
        ("GET", base, False),
    ]
    if isinstance(expected, dict):
        assert {name: getattr(came, name) for name in expected} == expected
    else:
        assert isinstance(came, expected)


CANCELS: list[tuple[str, list[Answer], object]] = [
    ("fal", [says({"status": "OK"})], True),
    ("fal", [says({"status": "ALREADY_COMPLETED"}, 400)], False),
    ("fal", [says({"status": "CANCELLATION_REQUESTED"}, 202), says({"status": "IN_PROGRESS"})], False),
    (
        "fal",
        [
            says({"status": "CANCELLATION_REQUESTED"}, 202),
            says({"status": "COMPLETED"}),
            says({"error_type": "client_cancelled"}, 499),
        ],
        True,
    ),
    ("fal", [says({"status": "CANCELLATION_REQUESTED"}, 202), says({}, 500)], False),
    ("fal", [says({"status": "NOT_FOUND"}, 404)], GatewayError),
    ("replicate", [says({"id": "7", "status": "canceled"})], True),
    ("replicate", [says({"id": "7", "status": "processing"})], False),
    ("replicate", [says({"id": "7", "status": "succeeded", "output": "https://a.example/v.mp4"})], False),
    ("replicate", [says({"detail": "no"}, 404)], GatewayError),
]


@pytest.mark.parametrize(("name", "answers", "expected"), CANCELS)
def test_cancel(name: str, answers: list[Answer], expected: Any) -> None:
    """Only the gateway's own word that no clip will be made counts as stopped."""
    speaker = codec(gateway(name), {})
    flow = speaker.cancel(Ticket("7", "fal-ai/kling-video"))
    asks, came = played(flow, answers)
    way = ("PUT", "/fal-ai/kling-video/requests/7/cancel") if name == "fal" else ("POST", "/v1/predictions/7/cancel")
    assert (asks[0].method, asks[0].path) == way
    assert came is expected if isinstance(expected, bool) else isinstance(came, expected)


LINKS: list[tuple[str, str]] = [
    (FAL + "/status?logs=1", "/fal-ai/kling-video/requests/7/status?logs=1"),
    ("https://queue.fal.run.evil.example/a", "derived"),
    ("https://queue.fal.run@evil.example/a", "derived"),
    ("http://queue.fal.run/a", "derived"),
    ("https://queue.fal.run/../a", "derived"),
    ("//evil.example/a", "derived"),
    ("", "derived"),
]


@pytest.mark.parametrize(("link", "path"), LINKS)
def test_links_of_a_ticket(link: str, path: str) -> None:
    """A link on the gateway's own origin is asked as a path; any other one is not asked at all."""
    ask = next(codec(gateway("fal"), {}).poll(Ticket("7", "fal-ai/kling-video", {"status": link})))
    assert ask.path == ("/fal-ai/kling-video/requests/7/status" if path == "derived" else path)
