"""A JSON body with pictures in it, encoded a little at a time.

Base64 and JSON both hold the interpreter while they work: ten megabytes in one go would stall the event loop for a
tenth of a second, from whatever thread. Here no step takes more than :data:`STEP` bytes, and the base64 is never
read as JSON: it is put where a mark of its own stood.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from kling_nb.wire import Inline

STEP = 96 * 1024
"""Bytes in one step; divisible by three, so that the steps' base64 can stand side by side."""


def encoded(body: Any, read_input: Callable[[str], bytes]) -> bytes:
    """The body as JSON in UTF-8, each :class:`kling_nb.wire.Inline` as the base64 of its input.

    Raises:
        TypeError: Something else in it is no JSON.
    """
    inputs: list[Inline] = []
    mark = secrets.token_hex(16)  # nobody can have written it into a prompt

    def inline(value: Any) -> str:
        if isinstance(value, Inline):
            inputs.append(value)
            return value.prefix + mark
        raise TypeError(f"{type(value).__name__} cannot be sent as JSON")

    text = json.dumps(body, default=inline, ensure_ascii=False, separators=(",", ":"))
    first, *others = text.encode("utf-8", "replace").split(mark.encode("ascii"))
    pieces = [first]
    for value, after in zip(inputs, others, strict=True):
        pieces += _base64(read_input(value.sha256))
        pieces.append(after)
    return b"".join(pieces)


def _base64(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    return (base64.b64encode(view[start : start + STEP]) for start in range(0, len(data), STEP))
