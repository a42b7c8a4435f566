"""Programmed misbehaviour of the next requests that match a pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from .wire import Seen


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead of, or to, the true answer. The fields combine.

    Attributes:
        status: Answer this; None keeps the true answer's status and body.
        body: With a status: bytes, text (sent as HTML) or a JSON value.
        headers: Added to the answer, or put in place of its own; ``Content-Length`` may lie.
        accept: The gateway first does what was asked (a paid request is accepted), then the fault happens.
            Without it, a fault with a status or ``drop`` leaves no trace but the recorded request.
        drop: Cut the connection without any answer.
        cut: Send the whole answer's headers and only so many bytes of its body, then cut the connection.
        endless: Send the body again and again, chunked, until the client has enough (at most 1 GB).
        hold: Answer only once this event is set, or the gateway closes.
    """

    status: int | None = None
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: bool = False
    drop: bool = False
    cut: int | None = None
    endless: bool = False
    hold: threading.Event | None = None

    @classmethod
    def html(cls, status: int = 502, *, accept: bool = False) -> Fault:
        """The error page of a proxy."""
        return cls(status=status, body=f"<html><body><h1>{status}</h1></body></html>", accept=accept)

    @classmethod
    def redirect(cls, url: str, status: Literal[301, 302, 307, 308] = 302) -> Fault:
        """Elsewhere."""
        return cls(status=status, headers={"Location": url})

    @property
    def replaces(self) -> bool:
        """Whether the gateway's own work is left out."""
        return (self.drop or self.status is not None) and not self.accept


@dataclass(slots=True)
class Plan:
    """A fault, which requests it meets, and how often still."""

    match: str
    fault: Fault
    times: int | None
    after: int

    def meets(self, seen: Seen) -> bool:
        """Whether this request is met; counts down."""
        if self.times == 0 or not re.search(self.match, seen.line):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True
