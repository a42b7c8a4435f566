"""The words and numbers of the look, so that a card, a table and a log line say the same thing.

Numbers carry their unit; nothing here is escaped, because nothing here is HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kling_nb.show.view import JobView, Status

Tone = Literal["quiet", "busy", "good", "doubt", "bad"]
"""What a status's colour means. The word always stands beside it."""

WORDS: dict[Status, tuple[str, Tone]] = {
    "planned": ("Planned", "quiet"),
    "sending": ("Sending", "busy"),
    "queued": ("Waiting in queue", "busy"),
    "running": ("Generating", "busy"),
    "downloading": ("Downloading", "busy"),
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Stopped waiting", "quiet"),
    "unknown": ("Perhaps paid", "doubt"),
}

_NEXT: dict[Status, str] = {
    "planned": "Not sent yet. To drop it, type `%kling cancel {id}`.",
    "sending": "Should the kernel stop now, type `%kling resume` in the next one.",
    "queued": "To stop waiting, type `%kling cancel {id}`.",
    "running": "To stop waiting, type `%kling cancel {id}`.",
    "downloading": "Should it stop halfway, type `%kling resume`.",
    "done": "To see it again, type `%kling show {id}`.",
    "failed": "Change the cell and run it again; a failed clip is sent anew.",
    "cancelled": "The gateway may still finish it. To wait again, type `%kling wait {id}`.",
    "unknown": "Do not send it again yet. Type `%kling resume` where the gateway can be asked, else see your account.",
}

_MINUTE = 60
_HOUR = 60 * _MINUTE
_SAID_IN_SECONDS = 100
_COARSE_FROM = 20

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without control characters, terminal escapes, direction overrides and broken surrogates."""
    text = str(text).replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", text))


def clip(text: str, limit: int) -> str:
    """The cleaned text, at most ``limit`` characters long; an ellipsis shows that some is missing."""
    text = clean(text).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(text: str, limit: int) -> str:
    """As :func:`clip`, on a single line."""
    return clip(" ".join(clean(text).split()), limit)


def money(usd: float) -> str:
    """``USD 0.35``; below one dollar as many as four decimals, where they say something."""
    if abs(usd) >= 1:
        return f"USD {usd:.2f}"
    whole, _, decimals = f"{usd:.4f}".partition(".")
    return f"USD {whole}.{decimals.rstrip('0'):0<2}"


def clock(seconds: float) -> str:
    """``0:41``, ``1:32`` or ``1:02:03``, rounded to the second."""
    total = max(0, round(seconds))
    minutes, rest = divmod(total, _MINUTE)
    if total < _HOUR:
        return f"{minutes}:{rest:02}"
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02}:{rest:02}"


def lasting(seconds: float) -> str:
    """A length of time with its unit: ``5 s``, ``2.5 s``, from 100 s on ``1:40``."""
    return f"{round(seconds, 1):g} s" if seconds < _SAID_IN_SECONDS else clock(seconds)


def span(low: float, high: float) -> str:
    """``40 to 70 s``, from 100 s on ``1:10 to 2:30``; steps of 5 s from 20 s on, so that it does not flicker."""
    low, high = sorted((_coarse(low), _coarse(high)))
    if low == high:
        return lasting(high)
    return f"{low} to {high} s" if high < _SAID_IN_SECONDS else f"{clock(low)} to {clock(high)}"


def size(count: float) -> str:
    """``940 B``, ``212 kB``, ``2.1 MB``: decimal units, as file managers count."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale * 0.9995:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1e3:.0f} kB" if count >= 999.5 else f"{count:.0f} B"  # noqa: PLR2004 - rounds to 1 kB


def plural(count: int, word: str) -> str:
    """``1 clip``, ``3 clips``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def tone(status: Status) -> Tone:
    """What the status's colour means."""
    return WORDS[status][1]


def word(view: JobView) -> str:
    """The job's status in words; a failure by content rules and a lost download say so."""
    if view.status == "failed" and view.moderated:
        return "Refused by moderation"
    return WORDS[view.status][0]


def where(view: JobView) -> str:
    """The status and the gateway: ``Generating on ImaRouter``."""
    place = line(view.gateway, 60)
    return f"{word(view)} on {place}" if place else word(view)


def next_step(view: JobView) -> str:
    """The one thing to do next; `backticks` mark what to type."""
    if view.next_step:
        return clip(view.next_step, 300)
    if view.status == "failed" and view.charged:
        return "It is paid for. To fetch it once more, type `%kling resume`."
    return _NEXT[view.status].format(id=line(view.id, 80))


def asked(view: JobView) -> str:
    """The settings in one line: ``kling-v2-6, pro, 16:9, 5 s``."""
    return ", ".join(line(setting, 60) for setting in view.settings)


def _coarse(seconds: float) -> int:
    step = 5 if seconds >= _COARSE_FROM else 1
    return max(1, step * round(seconds / step))
