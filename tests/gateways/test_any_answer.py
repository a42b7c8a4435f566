"""Whatever a gateway answers, a codec gives a result or one of our own errors, and loses no money."""

from __future__ import annotations

import functools
import json
import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kling_nb.errors import KlingError, UnknownOutcomeError
from kling_nb.gateways import codec, gateway, names
from kling_nb.request import VideoRequest
from kling_nb.wire import Answer, Flow, Order, TaskState, Ticket, run_flow

if TYPE_CHECKING:
    from kling_nb.wire import Codec

ANSWERS = 5100 if os.environ.get("CI") == "true" else 300
"""Answers that each dialect has to survive."""

WORDS = ["code", "message", "data", "task_id", "id", "task_status", "task_status_msg", "task_result", "videos"]
WORDS += ["url", "status", "error", "metadata", "results", "output", "nodeResults", "nodeRuns", "finalOutput"]
WORDS += ["nodeStates", "nodeId", "executionRuns", "executionId", "progress", "amount_usd", "duration", "type"]
WORDS += ["outputs", "billing", "charge_type", "amount", "currency", "external_id"]
WORDS += ["final_unit_deduction", "violations", "retryAfter", "task_info", "external_task_id", "credits"]
VALUES = ["succeed", "COMPLETED", "failed", "n_kling", "kn-key", "https://a.example/v.mp4", "http://[::1", "1301"]

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(VALUES)
values = st.recursive(
    leaves,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), below, max_size=5)
    ),
    max_leaves=20,
)
# json.dumps escapes lone surrogates and writes NaN and Infinity, as careless servers do.
texts = values.map(json.dumps)
objects = st.dictionaries(st.sampled_from(WORDS), values, min_size=1, max_size=5).map(json.dumps)
bodies = st.one_of(
    texts.map(str.encode),
    objects.map(str.encode),
    st.tuples(objects, objects).map(lambda both: f"{both[0][:-1]},{both[1][1:]}".encode()),  # a key may come twice
    st.tuples(texts, st.sampled_from(["utf-8-sig", "utf-16", "utf-32-le"])).map(lambda told: told[0].encode(told[1])),
    st.tuples(texts, st.binary(max_size=3)).map(lambda told: told[0].encode()[:-1] + told[1]),  # broken off, or worse
    st.binary(max_size=60),
)
headers = st.dictionaries(
    st.sampled_from(["location", "retry-after", "x-ratelimit-reset", "content-type"]), st.text(max_size=40)
)
# To draw a body takes longer than to read it, so each is answered as a success, as a refusal and as trouble.
statuses = st.tuples(
    st.sampled_from([200, 201, 204]),
    st.sampled_from([302, 400, 401, 403, 404, 422, 429]),
    st.sampled_from([500, 503, 599]),
)
DEEP = [b"[" * 50_000, b'{"data":' * 2_000 + b"1" + b"}" * 2_000, b"9" * 5_000, b'{"code":' + b"9" * 400 + b"}"]


ORDER = Order(VideoRequest(prompt="p", model="kling-v2-5-turbo"), "kn-key")
TICKET = Ticket("1", "text2video", {"target": "n_kling"})
SECOND = Order(VideoRequest(prompt="p", model="kling-3.0"), "kn-key")
SECOND_TICKET = Ticket("1", "text-to-video", {"generation": 2})


@functools.cache
def speaker(name: str) -> Codec:
    """A gateway's codec."""
    return codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"})


def flows(name: str) -> list[tuple[str, Flow[Any]]]:
    """Every flow of a gateway."""
    told: list[tuple[str, Flow[Any]]] = []
    for order, ticket in ((ORDER, TICKET), (SECOND, SECOND_TICKET))[: 2 if name == "kling" else 1]:
        found = speaker(name).find(order)
        told += [("submit", speaker(name).submit(order)), ("poll", speaker(name).poll(ticket))]
        told += [("find", found)] if found else []
    return told


def outcome(flow: Flow[Any], answer: Answer) -> Ticket | TaskState | KlingError | None:
    """What a flow comes to when every ask gets the same answer."""
    try:
        result: Ticket | TaskState | None = run_flow(flow, lambda _: answer)
    except KlingError as error:
        return error
    return result


def check(verb: str, answer: Answer, came: Ticket | TaskState | KlingError | None) -> None:
    """What must hold of any outcome."""
    if isinstance(came, KlingError):
        came.sentence.encode()
        assert len(came.sentence) < 1000
        lost = isinstance(came, UnknownOutcomeError)
        assert not lost or (verb == "submit" and not 300 <= answer.status < 500)
        assert lost or verb != "submit" or answer.status < 500
        assert came.charged is (None if lost or verb != "submit" else False)
        return
    assert answer.ok or (verb, came) == ("find", None)
    if isinstance(came, TaskState):
        assert verb == "poll"
        assert came.phase != "done" or came.outputs
        assert came.progress is None or 0 <= came.progress <= 1
    else:
        assert verb == "find" or (verb == "submit" and came)
        assert came is None or json.dumps(came.to_json(), ensure_ascii=False).encode()
        assert came is None or came.id


def survive(answer: Answer, *gateways: str) -> None:
    """Run every flow of some gateways on one answer and check what comes out."""
    for name in gateways:
        for verb, flow in flows(name):
            check(verb, answer, outcome(flow, answer))
        wait = speaker(name).pause(answer, 1_795_150_800.0)
        assert wait is None or 0 <= wait <= 300


@settings(deadline=None, max_examples=ANSWERS // 3, suppress_health_check=[HealthCheck.too_slow])
@given(statuses, headers, bodies)
def test_any_answer_gives_a_result_or_our_error(said: tuple[int, ...], head: dict[str, str], body: bytes) -> None:
    """Any status, headers, JSON or bytes: a result of the right type, or an error that can be printed."""
    for status in said:
        survive(Answer(status, head, body), "kling", "imarouter", "wireflow")  # one of each dialect


def test_deep_and_long_json() -> None:
    """JSON that is too deep or a number that is too long is an answer that cannot be read."""
    for body in DEEP:
        for status in (200, 400, 500):
            survive(Answer(status, {}, body), *names())
