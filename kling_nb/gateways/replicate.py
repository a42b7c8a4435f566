"""The ``replicate`` dialect: predictions of Kling's models on replicate.com.

Source: replicate.com/docs/reference/http (models.predictions.create, predictions.get and cancel,
files.create) and the replicate/replicate-python client. A prediction is asked for and looked at as one and
the same object; a small local frame travels along, a large one is uploaded first. Result links live for an hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.catalog.findings import Finding
from kling_nb.errors import NotFoundError
from kling_nb.gateways.digging import dig, identifier, items, message, segment, text, web_url
from kling_nb.gateways.fields import stop_on_error
from kling_nb.gateways.origins import own_path
from kling_nb.gateways.refusals import is_fine, refusal
from kling_nb.gateways.shelves import Shelf, data_uri
from kling_nb.gateways.waits import pause
from kling_nb.gateways.words import phase, speaks_of_content_rules
from kling_nb.wire import Answer, Ask, Flow, Inline, Order, Output, Part, TaskState, Ticket

if TYPE_CHECKING:
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import Frame, VideoRequest

_OWNER = "kwaivgi"  # the account under which Kling's maker publishes its models there
_BODY_FIELDS = frozenset({"webhook", "webhook_events_filter"})  # beside the input, not in it
_SECONDS_WHEN_THROTTLED = 5.0
_INLINE_BYTES = 256 * 1024  # predictions.create: a data URI for what is small, else an upload
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}
_PLAIN_WORDS = {"starting": "queued", "aborted": "failed"}
# Where an upload's link stands: Replicate's own place, and where a dry run answers every upload.
_UPLOADED: tuple[tuple[str, ...], ...] = (("urls", "get"), ("data", "url"))


class ReplicateCodec:
    """Creates a prediction, looks at it until its output is there, cancels it on request."""

    dialect = "replicate"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._shelf = Shelf(gateway, "replicate")

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """What the model there cannot carry, an id that is a guess, and uploads that it may not open."""
        found = [*self._shelf.notes(request)]
        for name in ("image", "tail"):
            frame = getattr(request, name)
            if frame and not frame.url and not _is_small(frame):
                # Seen by two public clients: the link of an upload has no file ending.
                sentence = (
                    f"{self._gateway.label} gets this picture as an upload, which some of its models cannot open: "
                    f"should it be refused, use --{name} https://…"
                )
                found.append(Finding("warning", name, sentence))
        return tuple(found)

    def submit(self, order: Order) -> Flow[Ticket]:
        """``POST /v1/files`` for a local frame, then ``POST /v1/models/kwaivgi/{model}/predictions``.

        Raises:
            AskError: The request cannot be written in this dialect; nothing was sent.
            GatewayError: The gateway refused, or its answer was lost on the way.
        """
        request = order.request
        stop_on_error(self.notes(request))
        frames: dict[str, Any] = {}
        for name in ("image", "tail"):
            if frame := getattr(request, name):
                frames[name] = yield from self._public_url(frame, name)
        fields = self._shelf.fields(request, frames, int)
        beside = {name: value for name, value in fields.items() if name in _BODY_FIELDS}
        body = {"input": {name: value for name, value in fields.items() if name not in beside}} | beside
        answer = yield Ask("POST", self._models(request), body=body, paid=True)
        said = answer.json()
        task = identifier(dig(said, "id"))
        if not is_fine(answer) or not task:
            raise refusal(self._gateway, answer, "paid")
        urls = {way: url for way in ("get", "cancel") if (url := web_url(dig(said, "urls", way)))}
        return Ticket(task, extra=urls)

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """``GET /v1/predictions/{id}``.

        Raises:
            NotFoundError: The result was there and has been deleted since.
            GatewayError: The gateway refused to tell, or told nothing that can be read.
        """
        answer = yield Ask("GET", self._path(ticket, "get"))
        state = _state(answer)
        if state.phase == "done" and not state.outputs and dig(answer.json(), "data_removed") is True:
            raise NotFoundError(
                f"{self._gateway.label} deletes results after an hour, and this one is gone: --fresh makes it anew.",
                charged=True,
            )
        if not is_fine(answer) or not state.word or (state.phase == "done" and not state.outputs):
            raise refusal(self._gateway, answer, "look")
        return state

    def find(self, order: Order) -> None:
        """No way: a prediction carries no key of ours."""

    def cancel(self, ticket: Ticket) -> Flow[bool]:
        """``POST /v1/predictions/{id}/cancel``, which answers with the prediction.

        Raises:
            GatewayError: The gateway did not take the question.
        """
        answer = yield Ask("POST", self._path(ticket, "cancel"))
        state = _state(answer)
        if not is_fine(answer) or not state.word:
            raise refusal(self._gateway, answer, "look")
        return state.phase == "failed"

    def balance(self, now: float) -> None:
        """Nothing: the API tells no balance."""

    def estimate(self, order: Order) -> None:
        """Nothing: the API offers no price before sending."""

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated."""
        return pause(answer, now, _SECONDS_WHEN_THROTTLED)

    def _models(self, request: VideoRequest) -> str:
        owner, _, model = self._shelf.model_id(request).rpartition("/")
        return f"{self._gateway.prefix}/v1/models/{segment(owner or _OWNER)}/{segment(model)}/predictions"

    def _path(self, ticket: Ticket, way: str) -> str:
        end = "/cancel" if way == "cancel" else ""
        told = own_path(self._gateway, ticket.extra.get(way))
        return told or f"{self._gateway.prefix}/v1/predictions/{segment(ticket.id)}{end}"

    def _public_url(self, frame: Frame, name: str) -> Flow[str | Inline]:
        if frame.url or _is_small(frame):
            return data_uri(frame)
        media_type = frame.media_type or "application/octet-stream"
        filename = f"{name}.{_SUFFIXES.get(media_type, 'bin')}"  # never the user's own path
        part = Part(frame.sha256 or "", field="content", filename=filename, media_type=media_type)
        answer = yield Ask("POST", f"{self._gateway.prefix}/v1/files", part=part)
        said = answer.json()
        url = next(filter(None, (web_url(dig(said, *place)) for place in _UPLOADED)), "")
        if not is_fine(answer) or not url:
            raise refusal(self._gateway, answer, "prepare")
        return url


def _is_small(frame: Frame) -> bool:
    return frame.size is not None and frame.size <= _INLINE_BYTES


def _state(answer: Answer) -> TaskState:
    said = answer.json()
    word = text(dig(said, "status"))
    state, note = phase(_PLAIN_WORDS.get(word.lower(), word))
    output = dig(said, "output")
    found = [web_url(dig(value, "url") or value) for value in (items(output) or [output])]
    reason = message(dig(said, "error")) if state == "failed" else ""
    return TaskState(
        phase=state,
        word=word,
        outputs=tuple(Output(url) for url in found if url),
        reason=reason,
        moderated=state == "failed" and speaks_of_content_rules(reason),
        note=note,
    )
