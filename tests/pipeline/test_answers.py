"""What Wireflow's answers give: the steps in all three shapes, prices, the account, its lists."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from kling_nb.errors import KeyRefusedError, KlingError, NotFoundError
from kling_nb.gateways import codec, gateway
from kling_nb.gateways.wireflow import WireflowCodec
from kling_nb.pipeline import NodeType, StoredRun, WorkflowInput, to_extra
from kling_nb.request import VideoRequest
from kling_nb.wire import Answer, Balance, Estimate, Flow, NodeState, Order, Output, Ticket, run_flow
from tests.gateways.test_any_answer import bodies, headers

LABELS = {"flux": "Flux 2", "kling": "Kling", "up": "Upscaler"}
TICKET = Ticket("exec_1", extra={"target": "up", "labels": LABELS})
CLIP, STILL = "https://cdn.example/v.mp4", "https://cdn.example/a.png?sig=1"
BEGAN, ENDED = "2026-11-20T05:00:00.000Z", "2026-11-20T05:00:02.500Z"
ORDER = Order(VideoRequest(model="m", extra=to_extra(StoredRun("wf"))), "kn-key")


def speaker() -> WireflowCodec:
    """Wireflow's codec."""
    found = codec(gateway("wireflow"), {"WIREFLOW_WORKFLOW_ID": "wf_demo01"})
    assert isinstance(found, WireflowCodec)
    return found


def said(flow: Flow[Any] | None, body: Any, status: int = 200, **head: str) -> Any:
    """What a flow comes to when it is answered so."""
    assert flow is not None
    head = {name.replace("_", "-"): value for name, value in head.items()}
    return run_flow(flow, lambda _: Answer(status, head, json.dumps(body).encode()))


WAITING = NodeState("up", "Upscaler", "queued")
DONE = NodeState("flux", "Flux 2", "done", 2.5, 4.0, None, (Output(STILL, media_type="image/png"),))
STEPS: dict[str, tuple[dict[str, Any], tuple[NodeState, ...]]] = {
    "a": (
        {
            "status": "RUNNING",
            "nodeResults": {
                "nodeRuns": [
                    {"nodeId": "kling", "status": "RUNNING", "progress": 40},
                    {
                        "nodeId": "flux",
                        "status": "COMPLETED",
                        "output": {"images": [{"url": STILL}]},
                        "startTime": BEGAN,
                        "endTime": ENDED,
                        "credits": 4,
                    },
                ]
            },
        },
        (DONE, NodeState("kling", "Kling", "running", progress=0.4), WAITING),
    ),
    "b": (
        {"data": {"status": "RUNNING", "nodeResults": {"nodeRuns": [{"nodeId": "flux", "status": "FAILED",
                                                                    "error": {"message": "no words"}}]}}},
        (NodeState("flux", "Flux 2", "failed", reason="no words"), NodeState("kling", "Kling", "queued"), WAITING),
    ),
    "c": (
        {
            "status": "RUNNING",
            "nodeStates": [
                {"nodeId": "flux", "label": "FLUX.2", "outputUrl": STILL, "durationMs": 2500, "creditsUsed": "4"},
                {"nodeId": "kling", "status": "PENDING"},
                {"nodeId": "new", "status": "DREAMING"},
                {"status": "RUNNING"},
            ],
        },
        (
            NodeState("flux", "FLUX.2", "done", 2.5, 4.0, None, DONE.outputs),
            NodeState("kling", "Kling", "queued"),
            WAITING,
            NodeState("new", "new", "running"),
        ),
    ),
    "nothing told": ({"status": "RUNNING"}, (NodeState("flux", "Flux 2", "queued"),
                                             NodeState("kling", "Kling", "queued"), WAITING)),
    "times that make no sense": (
        {"status": "RUNNING", "nodeStates": [{"nodeId": "up", "startTime": ENDED, "endTime": BEGAN, "credits": []}]},
        (NodeState("flux", "Flux 2", "queued"), NodeState("kling", "Kling", "queued"),
         NodeState("up", "Upscaler", "running")),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "steps"), STEPS.values(), ids=list(STEPS))
def test_steps_of_each_shape(body: dict[str, Any], steps: tuple[NodeState, ...]) -> None:
    """In the pipeline's order, with state, seconds, credits, outputs; what is not told yet waits."""
    assert said(speaker().poll(TICKET), body).nodes == steps


def test_the_clip_is_the_targets() -> None:
    """A finished still before the target is no clip, and its link is no clip's link."""
    runs = [
        {"nodeId": "flux", "status": "COMPLETED", "output": {"images": [{"url": STILL}]}, "credits": 1},
        {"nodeId": "kling", "status": "COMPLETED", "output": {"video": {"url": "https://cdn.example/small.mp4"}}},
        {"nodeId": "up", "status": "COMPLETED", "output": {"video": {"url": CLIP}}, "credits": 2.5},
    ]
    state = said(speaker().poll(TICKET), {"status": "COMPLETED", "nodeResults": {"nodeRuns": runs}})
    assert (state.outputs, state.charge.credits) == ((Output(CLIP),), 3.5)


def test_without_a_target_a_video_wins() -> None:
    """A stored workflow names no target: its last video is the clip, whatever picture comes after it."""
    runs = [{"nodeId": "v", "outputUrl": CLIP}, {"nodeId": "poster", "outputUrls": [STILL]}]
    assert said(speaker().poll(Ticket("e")), {"status": "COMPLETED", "nodeStates": runs}).outputs == (Output(CLIP),)


ESTIMATE = {
    "workflowId": "wf",
    "estimatedCredits": 34,
    "estimatedProviderCostUsd": 0.42,
    "availableCredits": 20,
    "creditSource": "plan",
    "sufficient": False,
    "estimateComplete": False,
    "breakdown": [{"nodeId": "n", "nodeLabel": "Kling", "credits": 34}],
    "warnings": [{"message": "fan-out is not known"}],
}
PARTLY = "The estimate leaves out steps whose price is only known once they run."
ESTIMATES: list[tuple[Any, Estimate]] = [
    (
        {"data": ESTIMATE},
        Estimate(0.42, 34.0, sufficient=False, notes=("fan-out is not known", PARTLY, "20 credits are left.")),
    ),
    ({"data": {"estimatedCredits": "3", "sufficient": True, "availableCredits": 9}}, Estimate(None, 3.0, True)),  # noqa: FBT003 - the field's own place
    ({"estimatedProviderCostUsd": 1, "sufficient": "yes"}, Estimate(1.0)),
]


@pytest.mark.parametrize(("body", "estimate"), ESTIMATES)
def test_estimate(body: Any, estimate: Estimate) -> None:
    """Credits, USD, whether they are there, and what makes it uncertain."""
    assert said(speaker().estimate(ORDER), body) == estimate


USAGE: list[tuple[Any, dict[str, str], Balance]] = [
    (
        {"data": {"plan": "Pro", "credits": {"availableCredits": 120.5, "used": 3}, "trial": False, "days": [1]}},
        {"x_ratelimit_limit": "60", "x_ratelimit_remaining": "58"},
        Balance(
            credits=120.5,
            lines=(
                ("plan", "Pro"),
                ("credits availableCredits", "120.5"),
                ("credits used", "3"),
                ("trial", "false"),
                ("requests allowed per minute", "60"),
                ("requests left this minute", "58"),
            ),
        ),
    ),
    ({"credits": 7}, {}, Balance(credits=7.0, lines=(("credits", "7"),))),
    ({"something": {"else": {"deep": 1}}}, {}, Balance()),
]


@pytest.mark.parametrize(("body", "head", "balance"), USAGE)
def test_usage(body: Any, head: dict[str, str], balance: Balance) -> None:
    """Whatever object comes, its plain values are told; credits are found by name; limits come from the headers."""
    assert said(speaker().balance(0.0), body, 200, **head) == balance


NODE = {"nodeType": "a:b", "name": "B", "inputs": [{"id": "x", "required": True}, "y"], "outputs": [{"name": "z"}]}


@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: {"data": n}, lambda n: {"nodes": n},
                                  lambda n: {"data": {"nodes": n}}])  # fmt: skip
def test_node_types(wrap: Any) -> None:
    """The list is found wherever it stands; entries without a type are none."""
    found = said(speaker().node_types(), wrap([NODE, {}, 7]))
    assert found == (NodeType("a:b", "B", ("x", "y"), ("x",), ("z",)),)


def test_workflow_inputs() -> None:
    """The documented description of a stored workflow."""
    entry = {"nodeId": "n", "label": "Words", "type": "text", "required": True, "default": "fox", "description": "d"}
    body = {"data": {"workflowId": "wf", "inputs": [entry, {"label": "no node"}], "method": "POST"}}
    assert said(speaker().workflow_inputs("wf"), body) == (WorkflowInput("n", "Words", "text", True, "fox", "d"),)  # noqa: FBT003 - as above
    assert next(speaker().workflow_inputs("a/b")).path == "/workflows/a%2Fb/run"


def test_refused_questions() -> None:
    """An unknown workflow, a wrong key, a list that is none: typed errors, and no guess."""
    with pytest.raises(NotFoundError):
        said(speaker().workflow_inputs("wf"), {"error": "Workflow not found"}, 404)
    with pytest.raises(KeyRefusedError):
        said(speaker().balance(0.0), {"error": "Invalid API key"}, 401)
    codec = speaker()
    for flow in (codec.node_types(), codec.balance(0.0), codec.workflow_inputs("w"), codec.poll(TICKET)):
        with pytest.raises(KlingError):
            said(flow, [])


@settings(deadline=None, max_examples=100)
@given(headers, bodies)
def test_any_answer(head: dict[str, str], body: bytes) -> None:
    """Whatever comes, a question ends in a result or in one of our own errors."""
    estimate = speaker().estimate(ORDER)
    assert estimate is not None
    asked: list[Flow[Any]] = [speaker().balance(0.0), speaker().node_types(), speaker().workflow_inputs("w"), estimate]
    for flow in [*asked, speaker().poll(TICKET)]:
        try:
            run_flow(flow, lambda _: Answer(200, head, body))
        except KlingError as error:
            error.sentence.encode()
