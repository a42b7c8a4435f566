"""The ``fal`` dialect: fal.ai's queue, where being done and having a result are two questions.

Source: fal.ai/docs (inference-api/queue, model-apis/errors and request-errors, queue/cancel) and the
fal-ai/fal client. A request is posted to its model's id; its state, its result and its end are asked for
below the first two segments of that id. Local frames travel as ``data:`` URIs (fal.ai/models/…/api, "Files"):
fal's file store lies on another origin, which never sees a key.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from kling_nb.errors import GatewayError
from kling_nb.gateways.digging import clip, dig, identifier, items, message, number, segment, text, web_url
from kling_nb.gateways.fields import stop_on_error
from kling_nb.gateways.origins import own_path
from kling_nb.gateways.refusals import complaint, is_fine, refusal
from kling_nb.gateways.shelves import Shelf, data_uri
from kling_nb.gateways.waits import pause
from kling_nb.gateways.words import phase, speaks_of_content_rules
from kling_nb.wire import Answer, Ask, Flow, Order, Output, TaskState, Ticket

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Finding
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import VideoRequest

_APP_SEGMENTS = 2  # queue page: an id's further path is used to ask, and not to look
_WORDS = {"in_queue": "queued"}
_RULES = "content_policy_violation"  # errors page, the type of an error object
_SECONDS_WHEN_THROTTLED = 2.0  # the old FAQ allows ten requests a second; the new one names none
_PLACES: tuple[tuple[str | int, ...], ...] = (("video", "url"), ("video",), ("videos", 0, "url"), ("url",))
_WAYS = {"status": "/status", "response": "", "cancel": "/cancel"}


class FalCodec:
    """Posts to the queue, follows the place in it, and fetches the result when the queue is done."""

    dialect = "fal"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._shelf = Shelf(gateway, "fal")

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """What the model's id there cannot carry, and an id that is a guess."""
        return tuple(self._shelf.notes(request))

    def submit(self, order: Order) -> Flow[Ticket]:
        """``POST /{model id}``.

        Raises:
            AskError: The request cannot be written in this dialect; nothing was sent.
            GatewayError: The gateway refused, or its answer was lost on the way.
        """
        request = order.request
        stop_on_error(self.notes(request))
        parts = self._shelf.model_id(request).strip("/").split("/")
        frames = {name: data_uri(frame) for name in ("image", "tail") if (frame := getattr(request, name))}
        body = self._shelf.fields(request, frames, str)
        answer = yield Ask("POST", f"{self._gateway.prefix}/{'/'.join(map(segment, parts))}", body=body, paid=True)
        said = answer.json()
        task = identifier(dig(said, "request_id"))
        if not is_fine(answer) or not task:
            raise refusal(self._gateway, answer, "paid")
        urls = {way: url for way in _WAYS if (url := web_url(dig(said, f"{way}_url")))}
        return Ticket(task, "/".join(parts[:_APP_SEGMENTS]), urls)

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """``GET …/requests/{id}/status`` and, once that says ``COMPLETED``, ``GET …/requests/{id}``.

        Raises:
            GatewayError: The gateway refused to tell, or told nothing that can be read.
        """
        answer = yield Ask("GET", self._path(ticket, "status"))
        said = answer.json()
        word = text(dig(said, "status"))
        state, note = phase(_WORDS.get(word.lower(), word))
        if not is_fine(answer) or not word:
            raise refusal(self._gateway, answer, "look")
        if state == "failed" or (state == "done" and dig(said, "error")):
            return _failed(answer, word)
        if state == "done":
            return (yield from self._result(ticket, word))
        place = number(dig(said, "queue_position")) if state == "queued" else None
        return TaskState(state, word, position=None if place is None else max(int(place), 0), note=note)

    def find(self, order: Order) -> None:
        """No way: the queue takes no key of ours and lists no requests."""

    def cancel(self, ticket: Ticket) -> Flow[bool]:
        """``PUT …/requests/{id}/cancel``: sure while it waits; a running model decides for itself.

        Raises:
            GatewayError: The gateway did not take the question.
        """
        answer = yield Ask("PUT", self._path(ticket, "cancel"))
        word = text(dig(answer.json(), "status")).upper()
        if word == "ALREADY_COMPLETED":
            return False
        if not is_fine(answer) or not word:
            raise refusal(self._gateway, answer, "look")
        if word == "OK":  # cancel page: removed from the queue
            return True
        try:
            state = yield from self.poll(ticket)
        except GatewayError:
            return False
        return state.phase == "failed"

    def balance(self, now: float) -> None:
        """Nothing: the queue's pages offer no balance."""

    def estimate(self, order: Order) -> None:
        """Nothing: the queue's pages offer no price before sending."""

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated."""
        return pause(answer, now, _SECONDS_WHEN_THROTTLED)

    def _result(self, ticket: Ticket, word: str) -> Flow[TaskState]:
        answer = yield Ask("GET", self._path(ticket, "response"))
        said = answer.json()
        url = next(filter(None, (web_url(dig(said, *place)) for place in _PLACES)), "")
        if is_fine(answer) and url:
            seconds = number(dig(said, "video", "duration"))
            return TaskState("done", word, outputs=(Output(url, seconds),))
        if _is_verdict(answer):
            return _failed(answer, word)
        raise refusal(self._gateway, answer, "look")

    def _path(self, ticket: Ticket, way: str) -> str:
        told = own_path(self._gateway, ticket.extra.get(way))
        app = "/".join(map(segment, ticket.route.split("/")))
        return told or f"{self._gateway.prefix}/{app}/requests/{segment(ticket.id)}{_WAYS[way]}"


def _is_verdict(answer: Answer) -> bool:
    """Whether an error in a result's place is the task's own end, not trouble on the way to it.

    The errors pages: a model's refusal is a list of typed objects, the platform's own has an ``error_type``.
    """
    said = answer.json()
    typed = any(text(dig(error, "type")) for error in items(dig(said, "detail")))
    platform = text(dig(said, "error_type")) or answer.headers.get("x-fal-error-type")
    return not answer.ok and bool(typed or platform or answer.status == HTTPStatus.UNPROCESSABLE_ENTITY)


def _failed(answer: Answer, word: str) -> TaskState:
    said = answer.json()
    error = dig(said, "error")
    types = [text(dig(thing, "type")) for thing in items(dig(said, "detail"))]
    kind = text(dig(said, "error_type"))
    reason = message(error) or (complaint(answer).words if not answer.ok else "") or kind
    moderated = _RULES in {*types, kind} or speaks_of_content_rules(reason)
    return TaskState("failed", word, reason=clip(reason), moderated=moderated)
