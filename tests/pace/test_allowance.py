"""A request budget: never over it, learned from headers, closed by a refusal."""

from __future__ import annotations

import bisect

import pytest

from kling_nb.pace import Allowance, Latency, worth


@pytest.mark.parametrize("per_minute", [1, 10, 20, 60, 200])
def test_no_minute_sees_more_than_is_allowed(per_minute: int) -> None:
    """Whenever the gateway's minute begins, what is sent in it is allowed."""
    budget, now, sent = Allowance(per_minute, 0.0), 0.0, []
    while now < 600:
        now += budget.wait(now) + 1e-6
        budget.spend(now)
        sent.append(now)
    most = max(index + 1 - bisect.bisect_left(sent, at - 60) for index, at in enumerate(sent))
    assert most <= per_minute
    assert len(sent) >= per_minute * 10 * 0.45


def test_without_limit_nobody_waits() -> None:
    """No limit is known: everything goes at once."""
    budget = Allowance(None, 0.0)
    for _ in range(1000):
        budget.spend(1.0)
    assert budget.wait(1.0) == 0


def test_headers_teach_the_limit() -> None:
    """A limit that a header names holds from then on."""
    budget = Allowance(None, 0.0)
    budget.heard({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0"}, 5.0)
    assert budget.per_minute == 10
    assert budget.wait(5.0) > 1


def test_refusal_closes_for_as_long_as_it_says() -> None:
    """Retry-After: 30 means nobody asks for 30 seconds."""
    budget = Allowance(60, 0.0)
    budget.refused(30.0, 100.0)
    assert budget.wait(100.0) >= 30
    assert budget.wait(120.0) >= 10
    assert budget.wait(200.0) == 0


@pytest.mark.parametrize("header", ["", "many", "-1", "inf", "nan"])
def test_odd_headers_change_nothing(header: str) -> None:
    """What is no number is no limit."""
    budget = Allowance(20, 0.0)
    budget.heard({"x-ratelimit-limit": header, "x-ratelimit-remaining": header}, 0.0)
    assert budget.per_minute == 20
    assert budget.wait(0.0) == 0


def test_worth_prefers_who_is_likely_ready() -> None:
    """A task near its median is worth more than a young one or one asked a moment ago."""
    latency = Latency(60, 0.4)
    assert worth(latency, 60, 40) > worth(latency, 15, 0)
    assert worth(latency, 60, 40) > worth(latency, 60, 59)
