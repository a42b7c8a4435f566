"""How long to wait before the same ask may be repeated, from whichever place a gateway says it in."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from kling_nb.errors import ThrottledError
from kling_nb.gateways.digging import dig, number
from kling_nb.gateways.refusals import classify, is_fine, is_their_trouble, names_task

if TYPE_CHECKING:
    from kling_nb.wire import Answer

LONGEST = 300.0
"""Seconds; a gateway that asks for more is asked again after this."""

_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e11


def pause(answer: Answer, now: float, default: float) -> float | None:
    """Seconds (0 to 300) to wait, or None where waiting does not help or nothing proves the refusal.

    Only throttling proves that an ask was not accepted; a 5xx never does, and the 429s that mean an
    empty account or a forbidden address are no throttling. ``Retry-After`` comes first, then
    ``X-RateLimit-Reset``, then the body's ``retryAfter`` (Wireflow: an absolute moment, and its live
    server is said to leave ``Retry-After`` out), then ``default`` seconds.
    """
    settled = is_their_trouble(answer) or is_fine(answer) or names_task(answer)
    if settled or classify(answer) is not ThrottledError:
        return None
    retry_after = answer.headers.get("retry-after", "")
    body = answer.json()
    told = (
        number(retry_after),
        _until_date(retry_after, now),
        _until(answer.headers.get("x-ratelimit-reset"), now),
        _until(dig(body, "retryAfter"), now),
        _until(dig(body, "error", "retryAfter"), now),
    )
    seconds = next((wait for wait in told if wait is not None), default)
    return min(max(seconds, 0.0), LONGEST)


def _until(moment: object, now: float) -> float | None:
    """From now to a Unix time in seconds or milliseconds; a small number is already a wait."""
    found = number(moment)
    if found is None or found < _EPOCH_SECONDS:
        return found
    return (found / 1000 if found > _EPOCH_MILLISECONDS else found) - now


def _until_date(date: str, now: float) -> float | None:
    """From now to an HTTP date (RFC 9110, 10.2.3)."""
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
