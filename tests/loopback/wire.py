"""What goes over the wire: one request as it was seen, one reply as it will be sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Seen:
    """One request.

    Attributes:
        path: Without the query.
        query: The last value of each parameter.
        headers: Names in lower case.
        body: The raw bytes.
        json: The body as JSON, or None when it is none.
        origin: ``api`` or ``cdn``: which of the two ports was asked.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    json: Any
    origin: str

    @property
    def line(self) -> str:
        """Method and path, for patterns: ``POST /v1/videos``."""
        return f"{self.method} {self.path}"

    @property
    def bearer(self) -> str | None:
        """The token of ``Authorization: Bearer``, or None without that header."""
        value = self.headers.get("authorization")
        return None if value is None else value.removeprefix("Bearer ")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``body`` is bytes, text (sent as HTML) or a JSON value."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    @property
    def media_type(self) -> str:
        """What the body is by its Python type; a header of its own comes first."""
        if isinstance(self.body, dict | list):
            return "application/json"
        return "text/html; charset=utf-8" if isinstance(self.body, str) else "application/octet-stream"
