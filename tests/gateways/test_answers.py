"""Every recorded answer through its codec: what it gives, or which error with which words."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from kling_nb import errors
from kling_nb.gateways import codec, gateway
from kling_nb.request import VideoRequest
from kling_nb.wire import Answer, Ask, Codec, Flow, Order, TaskState, Ticket, run_flow

CASES = [
    case
    for file in sorted(Path(__file__).with_name("cases").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]
MODEL = "kling-v2-5-turbo"
EXTRA = {"target": "n_kling"}
UNSET = asdict(TaskState("queued", ""))


def flow_of(speaker: Codec, case: dict[str, Any]) -> Flow[Any]:
    """The flow of a case's verb."""
    if case["verb"] == "poll":
        return speaker.poll(Ticket("867", "text2video", case.get("extra", EXTRA)))
    order = Order(VideoRequest(prompt="a fox", model=case.get("model", MODEL)), "kn-key")
    flow = speaker.submit(order) if case["verb"] == "submit" else speaker.find(order)
    assert flow is not None
    return flow


def plain(result: Ticket | TaskState | None) -> dict[str, Any] | None:
    """A result as JSON without what was left at its default."""
    if isinstance(result, Ticket):
        return {name: value for name, value in result.to_json().items() if value}
    if result is None:
        return None
    told = {name: value for name, value in asdict(result).items() if name == "phase" or value != UNSET[name]}
    told.pop("nodes", None)  # tests/pipeline looks at the steps
    if result.charge:
        told["charge"] = {name: value for name, value in told["charge"].items() if value is not None}
    if result.outputs:
        assert {output.media_type for output in result.outputs} == {"video/mp4"}
        told["outputs"] = [
            {"url": output.url} | ({} if output.seconds is None else {"seconds": output.seconds})
            for output in result.outputs
        ]
    return told


@pytest.mark.parametrize("case", CASES, ids=[f"{c['gateway']} {c['verb']}: {c['it']}" for c in CASES])
def test_recorded_answer(case: dict[str, Any]) -> None:
    """One recorded answer gives exactly its result, or its error with its words and its money."""
    body = case["text"] if "text" in case else json.dumps(case["json"])
    answer = Answer(case.get("status", 200), case.get("headers", {}), body.encode())
    speaker = codec(gateway(case["gateway"]), {"WIREFLOW_WORKFLOW_ID": "wf_demo01"})
    asks: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        return answer

    flow = flow_of(speaker, case)
    if "raises" in case:
        with pytest.raises(errors.GatewayError) as caught:
            run_flow(flow, send)
        assert type(caught.value) is getattr(errors, case["raises"]), caught.value.sentence
        assert caught.value.charged is case["charged"]
        assert case.get("says", "") in caught.value.sentence
        assert caught.value.sentence.endswith(".")
    else:
        assert plain(run_flow(flow, send)) == case["gives"]
    assert [ask.paid for ask in asks] == [case["verb"] == "submit"]
    assert all(ask.auth for ask in asks)
