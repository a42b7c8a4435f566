"""Reading JSON from strangers: nothing here raises, whatever the value, its type or its depth.

A gateway's answer is a guess until it is read. Each reader takes any JSON value and gives
what was hoped for, or an empty value of the same type.
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import quote, urlsplit

# Control characters (also terminal escapes), lone surrogates, and marks that reorder text.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_WEB_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_WORDS = 300
_LONGEST_ID = 300
_LONGEST_URL = 8192


def dig(value: Any, *steps: str | int) -> Any:
    """What lies below ``value`` along keys and list positions, or None where the way ends."""
    for step in steps:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def items(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string or number as one clean line; anything else is empty."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(_UNSHOWABLE.sub(" ", str(value)).split())


def clip(words: str, limit: int = _WORDS) -> str:
    """At most ``limit`` characters (default 300), with an ellipsis where something was cut off."""
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def message(value: Any) -> str:
    """A complaint in words: a string, an object that has a ``message`` or ``msg``, or a list of these."""
    told = [text(v) or text(dig(v, "message")) or text(dig(v, "msg")) for v in items(value)[:5] or [value]]
    return clip("; ".join(filter(None, told)))


def identifier(value: Any) -> str:
    """An id as a string: never as a number, because Kling's are beyond 2**53."""
    found = text(value)
    return found if len(found) <= _LONGEST_ID else ""


def segment(value: str) -> str:
    """Any string as one segment of a URL's path: no slash, no dots that climb."""
    quoted = quote(value, safe="", errors="replace")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


def number(value: Any) -> float | None:
    """A finite number; strings such as ``"5.041"`` and ``"30%"`` count."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def share(percent: Any) -> float | None:
    """A percentage (0 to 100) as a share from 0 to 1."""
    found = number(percent)
    return None if found is None else min(max(found / 100, 0.0), 1.0)


def web_url(value: Any) -> str:
    """An absolute http or https URL that a client can open, else empty."""
    if not isinstance(value, str) or len(value) > _LONGEST_URL or _UNSHOWABLE.search(value):
        return ""
    if not _WEB_URL.fullmatch(value):
        return ""
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return value if usable else ""
