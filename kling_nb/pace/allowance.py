"""A gateway's request budget, shared by everything that asks it with one key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.pace.latency import Latency

_BURST_SECONDS = 1.0
_MINUTE = 60.0


class Allowance:
    """Requests per minute as a bucket that fills steadily.

    What is saved up and what flows in during a minute are together at most what is allowed, wherever the
    gateway's own minute begins.

    Args:
        per_minute: Requests allowed; None is without limit until a header says otherwise.
        now: The caller's clock, in seconds; each later call passes its own.
    """

    def __init__(self, per_minute: float | None, now: float) -> None:
        self.per_minute = per_minute
        self._tokens = self._burst
        self._at = now
        self._closed_until = 0.0

    @property
    def _burst(self) -> float:
        return max(1.0, (self.per_minute or 0) / _MINUTE * _BURST_SECONDS)

    @property
    def _per_second(self) -> float:
        return max((self.per_minute or 0) - self._burst, 0.5) / _MINUTE

    def wait(self, now: float) -> float:
        """Seconds until one request may go; 0 means now."""
        self._fill(now)
        closed = max(self._closed_until - now, 0.0)
        if self.per_minute is None or self._tokens >= 1:
            return closed
        return max(closed, (1 - self._tokens) / self._per_second)

    def spend(self, now: float) -> None:
        """Count a request that goes now. A submit may overdraw; polls then wait longer."""
        self._fill(now)
        self._tokens -= 1

    def heard(self, headers: Mapping[str, str], now: float) -> None:
        """Learn from ``X-RateLimit-Limit`` and ``-Remaining`` (wireflow.ai/docs/api/rate-limits)."""
        limit, remaining = _number(headers.get("x-ratelimit-limit")), _number(headers.get("x-ratelimit-remaining"))
        if limit and limit != self.per_minute:
            self._fill(now)
            self.per_minute = limit
            self._tokens = min(self._tokens, self._burst)
        if remaining is not None:
            self._tokens = min(self._tokens, remaining)

    def refused(self, seconds: float, now: float) -> None:
        """The gateway said to come back in so many seconds: nobody asks before that."""
        self._closed_until = max(self._closed_until, now + seconds)
        self._tokens = min(self._tokens, 0.0)

    def _fill(self, now: float) -> None:
        if self.per_minute is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now


def worth(latency: Latency, age: float, last: float) -> float:
    """How much a poll of a task is worth now, against polls of other tasks.

    The chance that it became ready since it was asked last, times how much of its life it has waited.

    Args:
        latency: What is believed of this kind of task.
        age: Seconds since its submit.
        last: Its age when it was asked last, 0 if never.
    """
    became = 1 - latency.alive(age) / max(latency.alive(last), 1e-300)
    return became * (age - last) / max(age, 1.0)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
