"""What one cell may ask the sandbox to do: be late, fail, refuse, lose its answer, leave the type out.

It travels as a field named ``sandbox`` in the body (``--set sandbox={"fail":"no fox"}``), so a
lesson, a demonstration or a test of a client needs no other server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kling_nb.sandbox.options import MAX_LATENCY
from kling_nb.sandbox.refusal import bad_value

_ALLOWED = "latency (seconds), fail (a reason), moderation, throttle (a count), lose_answer, slate (false: no type)"


@dataclass(frozen=True, slots=True)
class Mischief:
    """What to do with one task.

    Attributes:
        latency: Seconds until it ends, instead of the sandbox's own draw.
        fail: It ends as failed, for this reason.
        moderation: It is refused as the content rules refuse (1301).
        throttle: So many submits of its external id are answered with 429 (1302) first.
        lose_answer: It is accepted, and the answer is the HTML page of a broken proxy.
        slate: The settings stand in the picture. Off, a film does not say what made it, as a blind vote needs.
    """

    latency: float | None = None
    fail: str | None = None
    moderation: bool = False
    throttle: int = 0
    lose_answer: bool = False
    slate: bool = True


NONE = Mischief()


def read_mischief(asked: Any) -> Mischief:
    """Read the body's ``sandbox`` field; raises a 1201 refusal for what it does not know."""
    if asked is None:
        return NONE
    if not isinstance(asked, dict):
        raise bad_value(f"sandbox must be an object with {_ALLOWED}")
    for name, value in asked.items():
        if name not in _FITS:
            raise bad_value(f"sandbox does not know {name!r}; it knows {_ALLOWED}")
        if not _FITS[name](value):
            raise bad_value(f"sandbox.{name} cannot be {value!r}; it knows {_ALLOWED}")
    return Mischief(**asked)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_FITS = {
    "latency": lambda value: _is_number(value) and 0 <= value <= MAX_LATENCY,
    "fail": lambda value: isinstance(value, str) and bool(value),
    "moderation": _is_flag,
    "throttle": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    "lose_answer": _is_flag,
    "slate": _is_flag,
}
