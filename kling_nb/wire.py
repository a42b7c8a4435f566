"""The alphabet of the wire, without any wire: what codecs and the engine say to each other.

A codec's verb is a *flow*: a generator that yields an :class:`Ask`, is sent the
:class:`Answer`, and returns a :class:`Ticket` or a :class:`TaskState`. It reads top to
bottom, does no input or output, and any driver can run it (:func:`run_flow` is the
smallest one, used by the tests).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Finding
    from kling_nb.request import VideoRequest

T = TypeVar("T")

Phase = Literal["queued", "running", "done", "failed"]
"""The four phases that every gateway's status words come down to."""


@dataclass(frozen=True, slots=True)
class Inline:
    """A place in a JSON body that the engine fills with the base64 of a stored input.

    Attributes:
        prefix: Stands before it, where a gateway wants a data URI: ``data:image/png;base64,``.
    """

    sha256: str
    size: int = 0
    name: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A stored input sent as one multipart file."""

    sha256: str
    field: str = "file"
    filename: str = "input"
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request of a flow.

    Attributes:
        path: Below the gateway's base URL, beginning with ``/``; or an absolute URL.
        body: JSON value, may hold :class:`Inline` places; None sends no body.
        paid: Money moves when this is accepted: journalled first, sent once.
        auth: Sign it. The engine does so only for the gateway's own origin.
    """

    method: str
    path: str
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    part: Part | None = None
    paid: bool = False
    auth: bool = True

    def to_json(self) -> dict[str, Any]:
        """As a JSON object for the journal; inputs stay references, and there is no key in it."""
        return {
            "method": self.method,
            "path": self.path,
            "body": _plain(self.body),
            "params": dict(self.params),
            "headers": dict(self.headers),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ask:
        """The paid ask that :meth:`to_json` wrote down, to be repeated byte for byte."""
        return cls(data["method"], data["path"], _filled(data["body"]), data["params"], data["headers"], paid=True)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the definition of 2xx

    def json(self) -> Any:
        """The body as JSON, or None when it is none (HTML, broken, not UTF-8, too deep). Not to be changed."""
        return self._said

    @functools.cached_property
    def _said(self) -> Any:
        """Every reader of an answer asks for it, a handful in each poll."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


Flow = Generator[Ask, Answer, T]


@dataclass(frozen=True, slots=True)
class Order:
    """A request on its way to one gateway.

    Attributes:
        key: Minted once for the job; travels as ``external_task_id`` or ``Idempotency-Key``.
    """

    request: VideoRequest
    key: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the gateway handed out: plain JSON, enough for any later kernel to poll."""

    id: str
    route: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"id": self.id, "route": self.route, "extra": dict(self.extra)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ticket:
        """From what :meth:`to_json` gave."""
        return cls(str(data["id"]), str(data.get("route", "")), dict(data.get("extra") or {}))


@dataclass(frozen=True, slots=True)
class Output:
    """One result file at the gateway."""

    url: str
    seconds: float | None = None
    media_type: str = "video/mp4"


@dataclass(frozen=True, slots=True)
class Charge:
    """What the gateway says it took. Any of the three may be unknown."""

    usd: float | None = None
    units: float | None = None
    credits: float | None = None


@dataclass(frozen=True, slots=True)
class NodeState:
    """One step of a task that has several (a pipeline).

    Attributes:
        phase: As for the whole task.
        seconds: How long it ran, where the gateway tells.
        outputs: Its own result files, pictures included.
    """

    id: str
    label: str = ""
    phase: Phase = "running"
    seconds: float | None = None
    credits: float | None = None
    progress: float | None = None
    outputs: tuple[Output, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has left. Any of the three may be unknown; ``lines`` says the rest in words."""

    usd: float | None = None
    units: float | None = None
    credits: float | None = None
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a gateway itself expects a request to cost, asked before it is sent.

    Attributes:
        sufficient: Whether the account can pay for it, where the gateway tells.
    """

    usd: float | None = None
    credits: float | None = None
    sufficient: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskState:
    """One look at a task.

    Attributes:
        phase: One of four; an unknown status word is ``running``.
        word: The gateway's own word.
        progress: 0 to 1 where the gateway tells.
        reason: Why it failed, in the gateway's words; not escaped.
        moderated: The reason is the gateway's content rules.
        note: Something worth a line in the log, such as an unknown status word.
        nodes: The steps of a pipeline, in its order.
    """

    phase: Phase
    word: str = ""
    progress: float | None = None
    position: int | None = None
    outputs: tuple[Output, ...] = ()
    reason: str = ""
    moderated: bool = False
    charge: Charge | None = None
    note: str = ""
    nodes: tuple[NodeState, ...] = ()


class Codec(Protocol):
    """One dialect. Pure: flows out, answers in, typed errors for what cannot be."""

    dialect: str

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """What this dialect cannot carry, or carries differently."""
        ...

    def submit(self, order: Order) -> Flow[Ticket]:
        """Ask for the clip. The one ask with ``paid=True`` is in here."""
        ...

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """Look at the task once."""
        ...

    def find(self, order: Order) -> Flow[Ticket | None] | None:
        """Look for a job by its key after a lost answer; None where the gateway has no way."""
        ...

    def cancel(self, ticket: Ticket) -> Flow[bool] | None:
        """Stop a task: True if it will not be made. None where the gateway cannot."""
        ...

    def balance(self, now: float) -> Flow[Balance] | None:
        """What the account has left at ``now`` (Unix time); None where the gateway does not tell."""
        ...

    def estimate(self, order: Order) -> Flow[Estimate] | None:
        """Ask the gateway for the price, for free; None where it cannot be asked."""
        ...

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds to wait before the same ask may be repeated; None if waiting does not help.

        Only answers that prove that the ask was *not* accepted may give a number.
        ``now`` is Unix time, because some gateways name an absolute moment.
        """
        ...


class Batching(Protocol):
    """What a codec may have besides: one look at several tasks."""

    def at_once(self, ticket: Ticket) -> int:
        """Tasks that one look may be about if this is among them; 1 for one that must be asked about alone."""
        ...

    def beside(self, ticket: Ticket) -> str:
        """Only tasks of which this says the same can share a look."""
        ...

    def poll_many(self, tickets: Sequence[Ticket]) -> Flow[dict[str, TaskState]]:
        """Look once at tasks for which :meth:`at_once` is above 1, at most as many as it says.

        A single ask, unless the gateway can only be asked page by page.

        Returns:
            States by the tickets' ids. A task that the answer leaves out, or that cannot be read, is not in it.

        Raises:
            GatewayError: The gateway refused to tell.
        """
        ...


def batching(codec: Codec) -> Batching | None:
    """A codec's way to ask about several tasks at once; None where it has none."""
    verbs = ("at_once", "beside", "poll_many")
    return cast("Batching", codec) if all(callable(getattr(codec, verb, None)) for verb in verbs) else None


_INLINE = "$inline"


def _plain(body: Any) -> Any:
    if isinstance(body, Inline):
        return {_INLINE: [body.sha256, body.size, body.name, body.prefix]}
    if isinstance(body, Mapping):
        return {key: _plain(value) for key, value in body.items()}
    return [_plain(value) for value in body] if isinstance(body, list | tuple) else body


def _filled(body: Any) -> Any:
    if isinstance(body, dict):
        return Inline(*body[_INLINE]) if body.keys() == {_INLINE} else {k: _filled(v) for k, v in body.items()}
    return [_filled(value) for value in body] if isinstance(body, list) else body


def run_flow(flow: Flow[T], send: Callable[[Ask], Answer]) -> T:
    """Drive a flow with a plain function; the engine has the asynchronous twin."""
    try:
        ask = next(flow)
        while True:
            ask = flow.send(send(ask))
    except StopIteration as end:
        result: T = end.value
        return result
