"""Every built-in codec keeps every promise, and a codec that breaks one is told which."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kling_nb.errors import NotFoundError, RejectedError, UnknownOutcomeError
from kling_nb.gateways import Gateway, codec, gateway
from kling_nb.gateways.conformance import Sample, broken_promises
from kling_nb.wire import Answer, Ask, TaskState, Ticket

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "your_own_gateway.ipynb"


def says(body: Any, status: int = 200) -> Answer:
    """An answer of JSON."""
    return Answer(status, {}, json.dumps(body).encode())


FAL = "https://queue.fal.run/fal-ai/kling-video/requests/7"
REPLICATE = "https://api.replicate.com/v1/predictions/7"
LINKS = {"request_id": "7", "status_url": f"{FAL}/status", "response_url": FAL, "cancel_url": f"{FAL}/cancel"}
URLS = {"get": REPLICATE, "cancel": f"{REPLICATE}/cancel"}


def kling(word: str) -> Answer:
    """Kling's task."""
    return says({"code": 0, "data": {"task_id": "7", "task_status": word}})


SAMPLES: Mapping[str, Sample] = {
    "kling": Sample(kling("submitted"), kling),
    "agentsflare": Sample(says({"code": 0, "message": "success", "data": {"task_id": "7"}}), kling),
    "imarouter": Sample(says({"id": "7", "status": "queued"}), lambda word: says({"id": "7", "status": word})),
    "wireflow": Sample(
        says({"executionRuns": [{"id": "7", "status": "RUNNING"}]}, 201),
        lambda word: says({"status": word, "nodeStates": [{"nodeId": "n_kling", "status": word}]}),
    ),
    "fal": Sample(says({"status": "IN_QUEUE", **LINKS}), lambda word: says({"status": word, **LINKS}, 202)),
    "replicate": Sample(
        says({"id": "7", "status": "starting", "urls": URLS}, 201),
        lambda word: says({"id": "7", "status": word, "output": None, "error": None, "urls": URLS}),
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_built_in_codec_keeps_every_promise(name: str) -> None:
    """Nothing is broken, with the answers that the gateway's pages document."""
    known = gateway(name)
    assert broken_promises(codec(known, dict.fromkeys(known.values, "wf")), SAMPLES[name], known) == ()


def worked_example() -> str:
    """The codec that the notebook writes."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return "".join(next(cell["source"] for cell in cells if cell["id"] == "codec"))


SOURCE = worked_example()
SCOPE: dict[str, Any] = {}
exec(SOURCE, SCOPE)  # noqa: S102 - our own notebook
Films: Any = SCOPE["FilmsCodec"]
FILMS = Gateway("films", "Example Films", "films", "https://api.films.example", codec=Films)
TICKET = Ticket("7")
SAMPLE = Sample(says({"job": "7"}, 201), lambda word: says({"state": word, "links": []}))


def test_worked_example_is_short_and_keeps_every_promise() -> None:
    """A gateway of one's own is at most a hundred lines, imports included."""
    assert len(SOURCE.splitlines()) <= 100
    assert broken_promises(Films(FILMS, {}), SAMPLE, FILMS) == ()


def paid(**change: Any) -> Ask:
    """A paid ask with one thing wrong."""
    fields: dict[str, Any] = {"path": "/jobs", "body": {"prompt": "a fox"}, "paid": True} | change
    return Ask("POST", **fields)


def asking(*asks: Ask, ticket: Any = TICKET) -> Callable[..., Any]:
    """A submit that asks just that."""

    def submit(self: Any, _: Any) -> Any:
        for ask in asks:
            answer = yield ask
        if not answer.ok or not answer.json():
            raise SCOPE["refusal"](self.gateway, answer, "paid")
        return ticket

    return submit


def failing(error: Exception) -> Callable[..., Any]:
    """A submit that takes every answer but the documented one for the same error."""

    def submit(_: Any, order: Any) -> Any:
        answer = yield paid(body=order.request.model_dump(mode="json", exclude_none=True))
        if answer.json() == {"job": "7"}:
            return Ticket("7")
        raise error

    return submit


def looking(path: str, *, paid: bool = False) -> Callable[..., Any]:
    """A poll of that path."""

    def poll(_: Any, ticket: Any) -> Any:
        yield Ask("GET", path.format(id=ticket.id), paid=paid)
        return TaskState("running")

    return poll


def raising(*_: Any) -> Any:
    """A flow that stumbles over its answer."""
    yield Ask("GET", "/jobs/7")
    raise KeyError("state")


def believing(*_: Any) -> Any:
    """A cancel that believes anything."""
    yield Ask("DELETE", "/jobs/7")
    return True


def endless(*_: Any) -> Any:
    """A flow without an end."""
    while True:
        yield Ask("GET", "/jobs/7")


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "pays twice": ({"submit": asking(paid(), paid())}, "2 paid asks"),
    "pays never": ({"submit": asking(paid(paid=False))}, "0 paid asks"),
    "sends nulls": ({"submit": asking(paid(body={"a": [{"b": None}]}))}, "sends empty fields"),
    "brings its own key": ({"submit": asking(paid(headers={"X-API-Key": "k"}))}, "credentials into its headers"),
    "takes the key elsewhere": ({"submit": asking(paid(path="https://other.example/jobs"))}, "with the key"),
    "a look-alike host": ({"submit": asking(paid(path="https://api.films.example.evil/x"))}, "with the key"),
    "drops an option": ({"submit": asking(paid())}, "--duration is dropped without a word"),
    "drops what it noted no more": ({"notes": lambda *_: ()}, "--negative is dropped without a word"),
    "a ticket that is no JSON": ({"submit": asking(paid(), ticket=Ticket("7", extra={"a": b"x"}))}, "no plain JSON"),
    "no ticket": ({"submit": asking(paid(), ticket={"id": "7"})}, "submit gives dict"),
    "a lost answer is no refusal": ({"submit": failing(RejectedError("no"))}, "proves nothing"),
    "a refusal is no lost answer": ({"submit": failing(UnknownOutcomeError("?"))}, "is a refusal"),
    "a refusal costs nothing": ({"submit": failing(NotFoundError("no", charged=None))}, "it must say so"),
    "a foreign error": ({"submit": failing(ValueError("no"))}, "raises ValueError"),
    "an id walks": ({"poll": looking("/jobs/{id}")}, "leaves its place"),
    "a look goes elsewhere": ({"poll": looking("https://other.example/{id}")}, "poll asks https://other.example/7"),
    "a look pays": ({"poll": looking("/jobs/7", paid=True)}, "poll pays."),
    "a look stumbles": ({"poll": raising}, "poll raises KeyError"),
    "a look without end": ({"poll": endless}, "poll raises _EndlessFlowError"),
    "a find stumbles": ({"find": raising}, "find raises KeyError"),
    "a cancel believes": ({"cancel": believing}, "cancel believes a 500"),
    "a pause after a 5xx": ({"pause": lambda *_: 1.0}, "after a 503"),
    "a pause for ever": ({"pause": lambda _, answer, __: float("inf") if answer.status == 429 else None}, "inf"),
}


@pytest.mark.parametrize(("change", "told"), BROKEN.values(), ids=list(BROKEN))
def test_broken_promise_is_named(change: dict[str, Any], told: str) -> None:
    """A codec with one thing wrong is told which."""
    careless = type("Careless", (Films,), change)
    broken = broken_promises(careless(FILMS, {}), SAMPLE, FILMS)
    assert any(told in sentence for sentence in broken), broken


def test_foreign_links_of_an_answer_are_not_followed_with_the_key() -> None:
    """A codec that polls the link it was given is caught when the link points elsewhere."""

    def submit(_: Any, order: Any) -> Any:
        answer = yield paid(body={"prompt": order.request.prompt})
        return Ticket("7", extra={"see": answer.json()["see"]})

    def poll(_: Any, ticket: Any) -> Any:
        yield Ask("GET", ticket.extra.get("see", "/jobs/7"))
        return TaskState("running")

    trusting = type("Trusting", (Films,), {"submit": submit, "poll": poll})
    sample = Sample(says({"see": "https://api.films.example/jobs/7"}), SAMPLE.looks)
    broken = broken_promises(trusting(FILMS, {}), sample, FILMS)
    assert any("A ticket with foreign links asks https://elsewhere.invalid" in sentence for sentence in broken), broken
