"""The promises of a codec, checked without any network: for codecs of one's own, and for every built-in one.

::

    from kling_nb.gateways.conformance import Sample, broken_promises

    sample = Sample(accepted=Answer(200, {}, b'{"id": "7"}'), looks=lambda word: Answer(200, {}, ...))
    assert broken_promises(MyCodec(gateway), sample, gateway) == ()

What is checked here is what the money depends on: that one request pays, that it is sent once, that an
answer which proves nothing is never taken for a refusal, and that a key goes to its own gateway only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kling_nb.errors import AskError, KlingError, UnknownOutcomeError
from kling_nb.request import Camera, Frame, VideoRequest
from kling_nb.wire import Answer, Ask, Flow, Order, TaskState, Ticket, batching

if TYPE_CHECKING:
    from kling_nb.gateways.table import Gateway
    from kling_nb.wire import Codec

_MOST_ASKS = 20
_NOW = 1_795_150_800.0
_ID = "a/../b?c#d"
_FOREIGN = "https://elsewhere.invalid"
_KEY_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"})
_UPLOADED = Answer(200, {}, b'{"data": {"url": "https://uploaded.invalid/1.png"}}')

_UNREADABLE = (
    b"",
    b"<html><body>hello</body></html>",
    b"\xff\xfe",
    b"[]",
    b"{}",
    b"null",
    b'"text"',
    b"17",
    b"[" * 9_000,
)
_STATUSES = (200, 201, 204, 302, 400, 401, 402, 403, 404, 409, 422, 429, 499, 500, 502, 503, 504, 599)
_OTHERS: tuple[Any, ...] = (None, [], {}, "", -1, True, 1e400, "\ud800")
_REFUSED = range(400, 500)
_SERVER = 500

_PICTURE = Frame(url="https://img.example/first.png", width=1280, height=720)
_OPTIONS: dict[str, tuple[Any, ...]] = {
    "negative": ("blur",),
    "cfg": (0.25,),
    "mode": ("std", "pro"),
    "aspect": ("16:9", "9:16"),
    "duration": (5, 10),
    "sound": (True, False),
    "camera": (Camera(type="forward_up"),),
    "image": (_PICTURE,),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the gateway's own pages say that it answers.

    Attributes:
        accepted: The answer to the paid request, naming a task.
        looks: The answer to a look at the task, with any status word in its place.
        request: A request that the gateway can make.
        uploaded: The answer to an upload before the paid request.
    """

    accepted: Answer
    looks: Callable[[str], Answer]
    request: VideoRequest = field(default_factory=lambda: VideoRequest(prompt="a fox", model="kling-v2-5-turbo"))
    uploaded: Answer = _UPLOADED


def broken_promises(codec: Codec, sample: Sample, gateway: Gateway) -> tuple[str, ...]:
    """What a codec does not keep, one sentence each; empty for a codec that keeps everything.

    Args:
        codec: The codec.
        sample: Answers from the gateway's pages.
        gateway: Whose origin may see the key.
    """
    return tuple(dict.fromkeys(_Check(codec, sample, gateway.base_url).all()))


class _EndlessFlowError(Exception):
    """A flow that never ends."""


class _Check:
    def __init__(self, codec: Codec, sample: Sample, base_url: str) -> None:
        self.codec = codec
        self.sample = sample
        self.base_url = base_url
        self.order = Order(sample.request, "kn-conformance")

    def all(self) -> Iterator[str]:
        asks, ticket = self.run(self.codec.submit(self.order), self.sample.accepted)
        if not isinstance(ticket, Ticket):
            yield f"submit gives {_name(ticket)} for the answer that its pages document, not a Ticket."
            return
        yield from self.sent(asks)
        yield from self.options()
        yield from self.kept(ticket)
        yield from self.paid_answers()
        yield from self.looks(ticket)
        yield from self.looks_at_many(ticket)
        yield from self.led_astray(ticket)
        yield from self.pauses()
        yield from self.other_verbs(ticket)

    def run(self, flow: Flow[Any], answer: Answer) -> tuple[list[Ask], Any]:
        """All asks of a flow, and its result or the error it ended in. Uploads get their own answer."""
        asks: list[Ask] = []
        try:
            ask = next(flow)
            while len(asks) < _MOST_ASKS:
                asks.append(ask)
                ask = flow.send(self.sample.uploaded if ask.part else answer)
        except StopIteration as end:
            return asks, end.value
        except Exception as error:  # noqa: BLE001 - which one it is, is what is checked
            return asks, error
        return asks, _EndlessFlowError()

    def sent(self, asks: list[Ask]) -> Iterator[str]:
        paid = [ask for ask in asks if ask.paid]
        if len(paid) != 1:
            yield f"submit has {len(paid)} paid asks: it must have exactly one."
        if paid and any(value in (None, "") for value in _leaves(paid[0].body)):
            yield "submit sends empty fields: what is not set is left out, so that the gateway's default holds."
        for ask in asks:
            yield from self.addressed(ask, "submit")

    def addressed(self, ask: Ask, verb: str) -> Iterator[str]:
        """Nothing but paths below the base URL may be signed, and no codec carries a key itself."""
        if _KEY_HEADERS & {name.lower() for name in ask.headers}:
            yield f"{verb} writes credentials into its headers: the engine signs."
        own = ask.path.startswith("/") or ask.path.startswith(f"{self.base_url}/")
        if ask.auth and not own:
            yield f"{verb} asks {ask.path[:80]} with the key: only the gateway's own origin may see it."

    def options(self) -> Iterator[str]:
        """An option is on the wire, or there is a note about it."""
        plain = self.wire(self.sample.request)
        for name, values in _OPTIONS.items():
            if getattr(self.sample.request, name) is not None:
                continue
            dropped = []
            for value in values:
                request = self.sample.request.model_copy(update={name: value})
                notes = self.codec.notes(request)
                said = self.wire(request)
                if said is None and not any(finding.level == "error" for finding in notes):
                    yield f"submit refuses --{name} without a note that says so beforehand."
                about = any(finding.field == name or f"--{name}" in finding.sentence for finding in notes)
                dropped.append(said == plain and not about)
            if all(dropped):  # one value alone may be the gateway's default
                yield f"--{name} is dropped without a word: send it, or let notes() say that it is not sent."

    def wire(self, request: VideoRequest) -> str | None:
        """The paid ask as text; None where the request is refused before anything is paid."""
        asks, came = self.run(self.codec.submit(Order(request, self.order.key)), self.sample.accepted)
        if isinstance(came, AskError):
            return None
        return next((json.dumps(ask.to_json(), sort_keys=True, default=str) for ask in asks if ask.paid), "")

    def kept(self, ticket: Ticket) -> Iterator[str]:
        """A ticket that went through the journal asks the same."""
        try:
            again = Ticket.from_json(json.loads(json.dumps(ticket.to_json())))
        except (TypeError, ValueError):
            yield "The ticket is no plain JSON, so no later kernel can poll it."
            return
        answer = self.sample.looks("processing")
        if self.run(self.codec.poll(ticket), answer)[0] != self.run(self.codec.poll(again), answer)[0]:
            yield "A ticket that was journalled asks something else than before."

    def paid_answers(self) -> Iterator[str]:
        """What each answer to the paid ask proves."""
        bodies = (*_UNREADABLE, b'{"error": "no", "message": "no"}')
        for status in _STATUSES:
            for body in bodies:
                came = self.run(self.codec.submit(self.order), Answer(status, {}, body))[1]
                lost = isinstance(came, UnknownOutcomeError)
                seen = f"{status} {body[:20].decode('latin-1')!r} to the paid ask"
                if isinstance(came, Ticket):
                    yield f"{seen} gives a ticket out of nothing."
                elif not isinstance(came, KlingError):
                    yield f"{seen} raises {_name(came)}, not a KlingError."
                elif status in _REFUSED and (lost or came.charged is not False):
                    yield f"{seen} is a refusal: nothing was charged, and it must say so."
                elif (status >= _SERVER or (status < 300 and body in _UNREADABLE)) and not lost:  # noqa: PLR2004 - 2xx
                    yield f"{seen} proves nothing: raise UnknownOutcomeError, or the clip may be paid twice."

    def looks(self, ticket: Ticket) -> Iterator[str]:
        state = self.run(self.codec.poll(ticket), self.sample.looks("a-word-nobody-knows"))[1]
        if not isinstance(state, TaskState) or state.phase != "running":
            came = state.phase if isinstance(state, TaskState) else _name(state)
            yield f"An unknown status word gives {came}: it is running, for a gateway may add a word at any time."
        documented = self.sample.looks("processing")
        garbage = [Answer(status, {}, body) for status in _STATUSES for body in _UNREADABLE]
        for answer in (*garbage, *(Answer(200, {}, body) for body in _spoiled(documented))):
            asks, came = self.run(self.codec.poll(ticket), answer)
            if not isinstance(came, TaskState | KlingError):
                yield f"poll raises {_name(came)} for {answer.status} {answer.body[:30].decode('latin-1')!r}."
            if isinstance(came, TaskState) and came.phase == "done" and not came.outputs:
                yield "poll calls a task done and gives no link."
            if any(ask.paid for ask in asks):
                yield "poll pays."
            for ask in asks:
                yield from self.addressed(ask, "poll")

    def looks_at_many(self, ticket: Ticket) -> Iterator[str]:
        """One question about several tasks, where the codec can ask it, tells the same as one about each."""
        many = batching(self.codec)
        most = many.at_once(ticket) if many else 1
        if many is None or most <= 1:
            return
        documented = self.sample.looks("processing")
        tickets = [ticket, *(Ticket(f"{ticket.id}{n}", ticket.route, ticket.extra) for n in range(1, min(most, 20)))]
        asks, came = self.run(many.poll_many(tickets), documented)
        alone = self.run(self.codec.poll(ticket), documented)[1]
        if len(asks) != 1:
            yield f"poll_many asks {len(asks)} times about {len(tickets)} tasks of the {most} that at_once allows."
        if came != {ticket.id: alone}:
            yield "poll_many tells something else than poll, or of tasks that its answer does not name."
        garbage = [Answer(status, {}, body) for status in _STATUSES for body in _UNREADABLE]
        for answer in (*garbage, *(Answer(200, {}, body) for body in _spoiled(documented))):
            asks, came = self.run(many.poll_many(tickets), answer)
            if not isinstance(came, dict | KlingError):
                yield f"poll_many gives {_name(came)} for {answer.status} {answer.body[:30].decode('latin-1')!r}."
            if any(ask.paid for ask in asks):
                yield "poll_many pays."
            for ask in asks:
                yield from self.addressed(ask, "poll_many")

    def led_astray(self, ticket: Ticket) -> Iterator[str]:
        """Ids and links of a stranger's answer lead nowhere else."""
        odd = Ticket(_ID, ticket.route, {})
        for ask in self.run(self.codec.poll(odd), self.sample.looks("processing"))[0]:
            if "/../" in ask.path or "?c" in ask.path or "#" in ask.path:
                yield "An id of odd characters leaves its place in the path: quote it."
        foreign = Answer(self.sample.accepted.status, self.sample.accepted.headers, _moved(self.sample.accepted.body))
        moved = self.run(self.codec.submit(self.order), foreign)[1]
        if isinstance(moved, Ticket):
            flows = [self.codec.poll(moved), self.codec.cancel(moved)]
            for flow in filter(None, flows):
                for ask in self.run(flow, self.sample.looks("processing"))[0]:
                    yield from self.addressed(ask, "A ticket with foreign links")

    def pauses(self) -> Iterator[str]:
        """A pause says that the ask was not accepted."""
        for answer in (self.sample.accepted, *(Answer(s, {"retry-after": "1"}, b"{}") for s in _STATUSES)):
            wait = self.codec.pause(answer, _NOW)
            if wait is not None and (answer.ok or answer.status >= _SERVER):
                yield f"pause() lets a paid ask be repeated after a {answer.status}, which proves no refusal."
            if wait is not None and not (math.isfinite(wait) and wait >= 0):
                yield f"pause() gives {wait} seconds."

    def other_verbs(self, ticket: Ticket) -> Iterator[str]:
        verbs: dict[str, Callable[[], Flow[Any] | None]] = {
            "find": lambda: self.codec.find(self.order),
            "cancel": lambda: self.codec.cancel(ticket),
            "balance": lambda: self.codec.balance(_NOW),
            "estimate": lambda: self.codec.estimate(self.order),
        }
        for verb, start in verbs.items():
            for status in (200, 404, 500):
                flow = start()
                if flow is None:
                    continue
                asks, came = self.run(flow, Answer(status, {}, b"{}"))
                if any(ask.paid for ask in asks):
                    yield f"{verb} pays."
                if isinstance(came, Exception) and not isinstance(came, KlingError):
                    yield f"{verb} raises {_name(came)}, not a KlingError."
                if verb == "cancel" and came is True:
                    yield f"cancel believes a {status} without a word."
                for ask in asks:
                    yield from self.addressed(ask, verb)


def _name(thing: object) -> str:
    return type(thing).__name__


def _leaves(body: Any) -> Iterator[Any]:
    if isinstance(body, dict):
        for value in body.values():
            yield from _leaves(value)
    elif isinstance(body, list | tuple):
        for value in body:
            yield from _leaves(value)
    else:
        yield body


def _spoiled(answer: Answer) -> Iterator[bytes]:
    """The documented answer with each of its values replaced by one of another type."""
    said = answer.json()
    for path in list(_paths(said)):
        for value in _OTHERS:
            copy = json.loads(answer.body)
            place = copy
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            yield json.dumps(copy).encode()


def _paths(value: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in pairs:
        yield (*above, step)
        yield from _paths(below, *above, step)


def _moved(body: bytes) -> bytes:
    """The answer with every link in it pointing to another host."""

    def move(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: move(below) for name, below in value.items()}
        if isinstance(value, list):
            return [move(below) for below in value]
        if isinstance(value, str) and "://" in value:
            return f"{_FOREIGN}/{value.partition('://')[2].partition('/')[2]}"
        return value

    return json.dumps(move(json.loads(body))).encode()
