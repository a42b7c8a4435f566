"""A job's life as one table: ``step(state, event) -> state``.

Everything that can happen to a job is an event in the journal; what the job *is* follows
from folding its events. A late, repeated or backward answer is simply not in the table and
changes nothing, and nothing follows a terminal status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

Status = Literal["planned", "sending", "queued", "running", "downloading", "done", "failed", "cancelled", "unknown"]
EventKind = Literal[
    "planned", "sending", "unsent", "lost", "ticket", "queued", "running", "ready", "done", "failed",
    "stopped", "resumed",
]  # fmt: skip

STATUSES: tuple[Status, ...] = get_args(Status)
EVENTS: tuple[EventKind, ...] = get_args(EventKind)
TERMINAL: frozenset[Status] = frozenset({"done", "failed"})
OPEN: frozenset[Status] = frozenset({"sending", "queued", "running", "downloading", "unknown"})
"""Statuses in which money may have moved and a clip may still come."""

TABLE: dict[Status, dict[EventKind, Status]] = {
    # nothing was spent yet
    "planned": {"sending": "sending", "failed": "failed", "stopped": "cancelled"},
    # the paid request is on its way; "unsent" is the proof that it was not accepted
    "sending": {"ticket": "queued", "unsent": "planned", "lost": "unknown", "failed": "failed",
                "stopped": "unknown"},
    # the gateway has it
    "queued": {"queued": "queued", "running": "running", "ready": "downloading", "failed": "failed",
               "stopped": "cancelled"},
    "running": {"running": "running", "ready": "downloading", "failed": "failed", "stopped": "cancelled"},
    # it is paid and lies there
    "downloading": {"ready": "downloading", "done": "done", "failed": "failed", "stopped": "cancelled"},
    # perhaps paid: settled by a look-up that finds it, or proves that it is not there, or by sending again
    # under an idempotency key
    "unknown": {"ticket": "queued", "unsent": "planned", "sending": "sending", "failed": "failed"},
    # only the waiting was stopped; "resumed" goes back to where the ticket says it is
    "cancelled": {"resumed": "queued", "ready": "downloading", "done": "done"},
    "done": {},
    "failed": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job, at a Unix time in seconds."""

    kind: EventKind
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobState:
    """What a job's events add up to. All values are plain JSON.

    Attributes:
        request: The :class:`~kling_nb.request.VideoRequest` as JSON.
        key: Sent as ``external_task_id`` or ``Idempotency-Key``.
        price: Expected price before sending: ``{"usd": …, "units": …, "note": …}``.
        ask: The paid HTTP request as it was sent last, without credentials.
        ticket: What the gateway handed out.
        outputs: Result links, ``{"url": …}``; they expire.
        nodes: The steps of a pipeline: ``{"id", "label", "phase", "seconds", "credits", …}``.
        charge: What the gateway says it took.
        video: The stored clip: path, poster, size, seconds, width, height, fps.
        reason: Why it failed, or what went wrong last.
        sent, ready: Unix times of the first paid send and of the finished task.
    """

    id: str
    status: Status = "planned"
    gateway: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    key: str = ""
    notes: tuple[str, ...] = ()
    price: Mapping[str, Any] | None = None
    ask: Mapping[str, Any] | None = None
    ticket: Mapping[str, Any] | None = None
    word: str = ""
    progress: float | None = None
    position: int | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()
    nodes: tuple[Mapping[str, Any], ...] = ()
    charge: Mapping[str, Any] | None = None
    video: Mapping[str, Any] | None = None
    reason: str = ""
    error: str = ""
    charged: bool | None = False
    created: float = 0.0
    updated: float = 0.0
    sent: float | None = None
    ready: float | None = None

    @property
    def terminal(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in TERMINAL

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; what is as by default is left out."""
        return {name: told for name in _BLANK if (told := getattr(self, name)) != _BLANK[name]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobState:
        """From what :meth:`to_json` gave; fields of a newer version are ignored."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        return cls(**values)


_BLANK: Mapping[str, Any] = asdict(JobState(""))

_CARRIED: dict[EventKind, tuple[str, ...]] = {
    "planned": ("gateway", "request", "fingerprint", "key", "notes", "price"),
    "sending": ("ask", "price", "notes"),
    "ticket": ("ticket",),
    "queued": ("word", "progress", "position", "nodes"),
    "running": ("word", "progress", "position", "nodes"),
    "ready": ("outputs", "charge", "word", "nodes"),
    "done": ("video",),
    "failed": ("reason", "error", "charged", "word", "charge", "nodes", "price", "notes"),
    "unsent": ("reason",),
    "lost": ("reason", "error"),
}
"""Which fields of the state an event may set."""

_CHARGED: dict[EventKind, bool | None] = {
    "sending": None, "unsent": False, "ticket": True, "lost": None, "ready": True,
}  # fmt: skip
"""What an event says about the money, until the gateway says more."""


_STAMPED: dict[EventKind, str] = {"planned": "created", "sending": "sent", "ready": "ready"}
"""Which moment an event marks; the first one counts."""


def _target(state: JobState, kind: EventKind) -> Status | None:
    if kind == "planned":
        return None if state.updated else "planned"
    if state.status == "cancelled" and state.ticket is None:  # nobody can have made what nobody has accepted
        again: Status = "planned" if state.sent is None else "unknown"
        return again if kind == "resumed" else None
    return TABLE[state.status].get(kind)


def step(state: JobState, event: Event) -> JobState:
    """The state after the event; the same object if the event changes nothing."""
    target = _target(state, event.kind)
    if target is None:
        return state
    changes = {name: event.data[name] for name in _CARRIED.get(event.kind, ()) if name in event.data}
    changes |= {name: tuple(changes[name]) for name in ("notes", "outputs", "nodes") if name in changes}
    if event.kind in _CHARGED:
        changes.setdefault("charged", _CHARGED[event.kind])
    moment = _STAMPED.get(event.kind)
    if moment and not getattr(state, moment):
        changes[moment] = event.at
    if event.kind == "unsent":
        changes["sent"] = None
    if event.kind in {"ticket", "ready", "done"}:
        changes |= {"reason": "", "error": ""}
    return replace(state, status=target, updated=event.at, **changes)


def fold(job: str, events: Iterable[Event]) -> JobState:
    """The state that a job's events add up to."""
    state = JobState(job)
    for event in events:
        state = step(state, event)
    return state
