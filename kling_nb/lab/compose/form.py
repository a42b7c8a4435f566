"""What stands in the panel's form, as plain values.

It comes from a browser: whatever is not of its type takes the default, and nothing here can raise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

MOST_PROMPTS = 100
"""Prompts of one form; each may be filled from a table besides."""

MOST_TAKES = 9
_SEPARATOR = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Form:
    """One form.

    Attributes:
        prompts: One text for each tab, as typed.
        gateway, model: Names; "" takes the default.
        mode, aspect, duration, sound: None where nothing can be chosen; duration in seconds.
        takes: Samples of each clip, 1 to 9.
        table: Where ``{name}`` in the prompts is filled from: a variable's name or a CSV file; "" for nowhere.
    """

    prompts: tuple[str, ...] = ("",)
    negative: str = ""
    gateway: str = ""
    model: str = ""
    mode: str | None = None
    aspect: str | None = None
    duration: int | None = None
    sound: bool | None = None
    takes: int = 1
    table: str = ""

    @classmethod
    def from_json(cls, data: Any) -> Form:
        """Read what a browser sent."""
        given = data if isinstance(data, Mapping) else {}
        prompts = given.get("prompts")
        listed = prompts if isinstance(prompts, list | tuple) else ()
        texts = tuple(text for text in listed if isinstance(text, str))[:MOST_PROMPTS]
        takes, duration, sound = given.get("takes"), given.get("duration"), given.get("sound")
        return cls(
            prompts=texts or ("",),
            negative=_text(given, "negative"),
            gateway=_text(given, "gateway"),
            model=_text(given, "model"),
            mode=_text(given, "mode") or None,
            aspect=_text(given, "aspect") or None,
            duration=duration if _whole(duration) and duration > 0 else None,
            sound=sound if isinstance(sound, bool) else None,
            takes=min(max(takes, 1), MOST_TAKES) if _whole(takes) else 1,
            table=_text(given, "table"),
        )

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"prompts": list(self.prompts)}

    @property
    def texts(self) -> tuple[str, ...]:
        """The prompts that are to be sent: a line ``---`` separates two, as in a cell; empty ones are left out."""
        parts = (part.strip() for prompt in self.prompts for part in _SEPARATOR.split(prompt))
        return tuple(part for part in parts if part)


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    return found if isinstance(found, str) else ""


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
