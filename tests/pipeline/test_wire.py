"""What a run becomes on the wire: paths, bodies and headers, equal to the reference's examples."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_nb.errors import InputError, KlingError, NoCreditError, RejectedError, UnknownOutcomeError
from kling_nb.gateways import codec, gateway
from kling_nb.gateways.wireflow import WireflowCodec
from kling_nb.pipeline import Pipeline, Run, StoredRun, Trigger, picture, to_extra
from kling_nb.request import Frame, VideoRequest
from kling_nb.wire import Answer, Ask, Order, Part, Ticket, run_flow
from tests.lab.test_gateway_pages import FOX, WIREFLOW_GRAPH

LOCAL = Frame(sha256="ab" * 32, media_type="image/png", size=1234, name="fox.png")


def speaker() -> WireflowCodec:
    """Wireflow's codec."""
    found = codec(gateway("wireflow"), {"WIREFLOW_WORKFLOW_ID": "wf_demo01"})
    assert isinstance(found, WireflowCodec)
    return found


def order(run: Run, **more: Any) -> Order:
    """An order for a run."""
    extra = to_extra(run) | more.pop("extra", {})
    return Order(VideoRequest(prompt=run.words, model=run.summary, extra=extra, **more), "kn-key")


def answered(run: Run, answer: Answer, **more: Any) -> tuple[Ticket, list[Ask]]:
    """The ticket and all asks of a submit whose uploads succeed."""
    asks: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        if ask.part:
            return Answer(200, {}, json.dumps({"data": {"url": f"https://cdn.example/{ask.part.filename}"}}).encode())
        return answer

    return run_flow(speaker().submit(order(run, **more)), send), asks


def reference() -> Pipeline:
    """The documented example, typed as a pipeline."""
    pipe = Pipeline()
    still = pipe.node("input:image", node_id="n_img", label="First frame", imageUrl=FOX)
    words = pipe.node("input:text", node_id="n_txt", label="Prompt", prompt="the fox turns its head")
    settings = {"model_version": "2.5-pro", "duration": "5", "aspect_ratio": "16:9"}
    clip = pipe.node("video:kling_video_2_5_i2v", node_id="n_kling", label="Kling", settings=settings)
    pipe.connect(still, "image", clip, "image_url")
    pipe.connect(words, "prompt", clip, "prompt")
    return pipe


STORED = StoredRun("wf/1", {"nodeId": "a fox"})
RUNS: dict[str, tuple[Run, str, Any, dict[str, str], bool]] = {
    "pipeline": (
        reference().graph,
        "/workflows/wf_demo01/execute",
        WIREFLOW_GRAPH,
        {"Idempotency-Key": "kn-key"},
        True,
    ),
    "stored": (STORED, "/workflows/wf%2F1/run", {"inputs": {"nodeId": "a fox"}}, {"Idempotency-Key": "kn-key"}, True),
    "webhook": (Trigger("wh_1", {"text": "hi"}), "/workflow/wh_1/trigger", {"text": "hi"}, {}, False),
    "webhook, any JSON": (Trigger("wh_1", [1]), "/workflow/wh_1/trigger", [1], {}, False),
    "webhook without data": (Trigger("wh_1"), "/workflow/wh_1/trigger", {}, {}, False),
}


@pytest.mark.parametrize(("run", "path", "body", "headers", "auth"), RUNS.values(), ids=list(RUNS))
def test_a_run_is_one_paid_ask(run: Run, path: str, body: Any, headers: dict[str, str], *, auth: bool) -> None:
    """Method, path, body, key header and signature are the reference's; only a webhook goes unsigned."""
    (ask,) = answered(run, Answer(202, {}, b'{"executionId": "exec_1"}'))[1]
    assert (ask.method, ask.path, dict(ask.headers), ask.paid, ask.auth) == ("POST", path, headers, True, auth)
    assert ask.body == body


def test_the_ticket_remembers() -> None:
    """Target, steps and the answer's number are in the ticket, so that any later kernel can read a poll."""
    answer = Answer(201, {"x-request-id": "req_9"}, b'{"data": {"executionId": "exec_1"}}')
    ticket, _ = answered(reference().graph, answer)
    assert ticket.to_json() == {
        "id": "exec_1",
        "route": "",
        "extra": {
            "target": "n_kling",
            "labels": {"n_img": "First frame", "n_txt": "Prompt", "n_kling": "Kling"},
            "request_id": "req_9",
        },
    }
    assert answered(STORED, Answer(202, {}, b'{"executionId": "e"}'))[0].extra == {}


def test_raw_fields_and_takes() -> None:
    """``--set`` goes over the body; another take asks for a new result instead of the cached one."""
    answer = Answer(201, {}, b'{"executionId": "e"}')
    (ask,) = answered(reference().graph, answer, take=2, extra={"triggerData": {"a": 1}})[1]
    assert ask.body == WIREFLOW_GRAPH | {"force": True, "triggerData": {"a": 1}}


def test_local_pictures_go_up_first() -> None:
    """Each picture of this machine is uploaded under a name of ours; its address stands in the body."""
    pipe = Pipeline()
    pipe.node("input:image", imageUrl=picture(1))
    pipe.node("do:it", still=picture(0))
    second = Frame(sha256="cd" * 32, media_type="image/jpeg", size=10, name="b.jpg")
    asks = answered(pipe.graph, Answer(201, {}, b'{"executionId": "e"}'), images=(LOCAL, second))[1]
    assert [ask.part for ask in asks[:-1]] == [
        Part("ab" * 32, "file", "picture-1.png", "image/png"),
        Part("cd" * 32, "file", "picture-2.jpg", "image/jpeg"),
    ]
    assert [ask.paid for ask in asks] == [False, False, True]
    assert [node["data"]["params"] for node in asks[-1].body["nodes"]] == [
        {"imageUrl": "https://cdn.example/picture-2.jpg"},
        {"still": "https://cdn.example/picture-1.png"},
    ]
    stored = StoredRun("wf", {"n": picture(0)})
    asks = answered(stored, Answer(202, {}, b'{"executionId": "e"}'), images=(LOCAL,))[1]
    assert asks[-1].body == {"inputs": {"n": "https://cdn.example/picture-1.png"}}


@pytest.mark.parametrize("plain", [True, False], ids=["clip", "pipeline"])
def test_too_large_for_an_upload(*, plain: bool) -> None:
    """26 MB are refused before anything is sent, 25 MB are not."""
    for size, fits in ((25 << 20, True), ((25 << 20) + 1, False)):
        frame = Frame(sha256="ab" * 32, media_type="image/png", size=size, name="huge.png")
        request = VideoRequest(prompt="p", model="kling-v2-6", image=frame)
        if not plain:
            request = order(STORED, images=(frame,)).request
        errors = [note for note in speaker().notes(request) if note.level == "error"]
        assert bool(errors) is not fits
        if errors:
            assert errors[0].sentence.startswith("Wireflow takes uploads of up to 25 MB and huge.png has 25.0 MB")
            with pytest.raises(InputError):
                next(speaker().submit(Order(request, "kn-key")))


def test_a_step_that_leads_nowhere() -> None:
    """It is visible beforehand that nothing of it reaches the clip."""
    pipe = reference()
    pipe.node("utility:grade", label="Grade")
    pipe.end_at("n_kling")
    (note,) = speaker().notes(order(pipe.graph).request)
    sentence = "Grade (grade) leads nowhere: nothing of it reaches Kling (n_kling)."
    assert (note.level, note.sentence) == ("warning", sentence)
    assert speaker().notes(order(STORED).request) == speaker().notes(order(Trigger("wh")).request) == ()


def test_estimates_ask_for_what_would_be_sent() -> None:
    """The same body goes to ``/estimate``, without uploading anything; a webhook's graph is not known."""
    ask = next(speaker().estimate(order(reference().graph)) or iter(()))
    assert (ask.method, ask.path, ask.paid) == ("POST", "/workflows/wf_demo01/estimate", False)
    assert ask.body == WIREFLOW_GRAPH
    stored = next(speaker().estimate(order(StoredRun("wf", {"n": picture(0)}), images=(LOCAL,))) or iter(()))
    assert (stored.path, stored.body) == (
        "/workflows/wf/estimate",
        {"inputs": {"n": "https://uploaded.invalid/picture.png"}},
    )
    assert speaker().estimate(order(Trigger("wh"))) is None


def told(**body: Any) -> bytes:
    """A JSON body."""
    return json.dumps(body).encode()


REFUSED: list[tuple[Run, Answer, type[KlingError], str]] = [
    (Trigger("wh"), Answer(400, {}, told(error="Workflow is not active")), RejectedError, "Workflow is not active."),
    (STORED, Answer(402, {}, told(error="Insufficient credits. Required: 10, Available: 3")), NoCreditError, "10"),
    (STORED, Answer(500, {"x-request-id": "req_7"}, b""), UnknownOutcomeError, "Its support finds this as req_7."),
    (Trigger("wh"), Answer(202, {}, told(status="queued")), UnknownOutcomeError, "did not say whether it took"),
]


@pytest.mark.parametrize(("run", "answer", "error", "says"), REFUSED)
def test_refusals(run: Run, answer: Answer, error: type[KlingError], says: str) -> None:
    """The documented errors keep their types, and name the number that Wireflow's support asks for."""
    with pytest.raises(error) as raised:
        answered(run, answer)
    assert says in raised.value.sentence
    assert raised.value.sentence.endswith(".")
