"""What the look takes: plain values, already decided by others.

The lab fills these from a job; :mod:`kling_nb.show` only says and draws them. Text may come
from users and gateways as it is: every function here cleans and escapes what it prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from kling_nb.wire import Part

Status = Literal["planned", "sending", "queued", "running", "downloading", "done", "failed", "cancelled", "unknown"]
"""Where a job stands, in the words of ``job.status``."""

LIVE: tuple[Status, ...] = ("planned", "sending", "queued", "running", "downloading")
"""The statuses in which something is still going on."""


@dataclass(frozen=True, slots=True)
class VideoView:
    """A finished clip on disk.

    Attributes:
        src: URL relative to the notebook's folder, percent-encoded; or http(s).
        path: The same place for people, as it would be typed.
        poster: JPEG bytes. Up to 7.5 kB keeps a whole result below 16 kB.
        width: Pixels; 0 where it is not known, likewise the others.
        height: Pixels.
        seconds: Length.
        fps: Frames per second.
        size: Bytes.
        has_audio: Whether there is a sound track.
        film: The MP4 itself, where no address leads to it; ``b""`` if it is not here either, so that only the poster
            can be shown; None where ``src`` plays.
    """

    src: str
    path: str
    poster: bytes | None = None
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    fps: float = 0.0
    size: int = 0
    has_audio: bool = False
    film: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a pipeline.

    Attributes:
        phase: queued, running, done or failed.
        seconds: How long it ran.
        progress: 0 to 1, where the gateway tells.
        reason: Why it failed, in the gateway's words.
        links: What it made: kind (image, video) and address.
    """

    label: str
    phase: str
    seconds: float | None = None
    credits: float | None = None
    progress: float | None = None
    reason: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class JobView:
    """One job at one moment.

    Attributes:
        id: What ``%kling show ID`` takes.
        status: One of :data:`Status`.
        gateway: The gateway's name for people.
        sandbox: Nothing is ever charged there.
        settings: What was asked for besides the prompt, the model first: ``("kling-v2-6", "pro", "5 s")``.
        elapsed: Seconds since it was sent; for a finished job, how long it took.
        expected: Shortest and longest usual time in seconds, counted from the sending.
        progress: 0 to 1, where the gateway tells.
        position: How many jobs the gateway has before this one.
        price_usd: What it should cost, by the price list.
        price_note: Where that price comes from, or why there is none.
        charged: Whether money was spent; None where nobody knows.
        charged_usd: What the gateway says it took, likewise units and credits.
        reason: Why it failed, in the gateway's words.
        moderated: The reason is the gateway's content rules.
        next_step: One sentence that says what to type; `backticks` become code. Empty takes the status's own.
        notes: Warnings and remarks, a sentence each.
        ready_note: In the sandbox: which real gateway is ready and how to choose it.
        ticket: The gateway's own id of the task; shown where somebody may have to ask there.
        video: The clip, once there is one.
        from_disk: The clip was there already; nothing was sent this time.
        steps: Those of a pipeline, in its order; empty for a plain clip.
    """

    id: str
    status: Status
    prompt: str
    settings: tuple[str, ...] = ()
    gateway: str = ""
    sandbox: bool = False
    elapsed: float | None = None
    expected: tuple[float, float] | None = None
    progress: float | None = None
    position: int | None = None
    price_usd: float | None = None
    price_note: str = ""
    charged: bool | None = None
    charged_usd: float | None = None
    charged_units: float | None = None
    charged_credits: float | None = None
    reason: str = ""
    moderated: bool = False
    next_step: str = ""
    notes: tuple[str, ...] = ()
    ready_note: str = ""
    ticket: str = ""
    video: VideoView | None = None
    from_disk: bool = False
    steps: tuple[StepView, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestView:
    """One HTTP request as it would be sent.

    Attributes:
        url: Absolute, with its query.
        headers: As sent. Credentials are masked here again, whatever they are called.
        body: JSON value, may hold :class:`kling_nb.wire.Inline` places; None shows no body.
        part: A stored input that is sent as a multipart file instead.
        note: A remark, such as which answer a placeholder in the body waits for.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    part: Part | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlanView:
    """What one job would do: its view (prompt, settings, price, notes) and its requests in order."""

    job: JobView
    requests: tuple[RequestView, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """A table cell with a coloured dot and a word; without a word it takes the status's own."""

    status: Status
    word: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A table cell with something to type or copy."""

    text: str


Cell = str | int | float | State | Code | None
"""What a table may hold. None is an empty cell; a column of numbers is set to the right."""
