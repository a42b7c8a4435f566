"""One task's polls: against the best possible trade, with little and much history."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from kling_nb.pace import DEFAULT_PATIENCE, Latency, learned, next_poll, patience_for, prior

SIGMA = 0.4
MEDIAN = 60.0
# The least possible E[delay / latency] + patience x E[polls] at sigma 0.4 and this patience: computed apart
# from the package by dynamic programming on 1,500 ages (5.33 % mean delay and 7.8 polls).
ORACLE = 0.0533 + DEFAULT_PATIENCE * 7.83


def _draws(count: int, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [MEDIAN * math.exp(SIGMA * rng.gauss(0, 1)) for _ in range(count)]


def _watch(belief: Latency, latency: float, patience: float = DEFAULT_PATIENCE) -> tuple[int, float]:
    """Polls of one task and its delay in shares of its latency."""
    age, polls = 0.0, 0
    while age < latency:
        age = next_poll(belief, age, patience=patience, shortest=0.01)
        polls += 1
    return polls, (age - latency) / latency


def _score(belief: Latency, tasks: list[float]) -> tuple[float, float, float, float]:
    """Mean polls, mean, median and 95th percentile of the delay."""
    seen = [_watch(belief, latency) for latency in tasks]
    delays = sorted(delay for _, delay in seen)
    polls = statistics.mean(polls for polls, _ in seen)
    return polls, statistics.mean(delays), statistics.median(delays), delays[int(0.95 * len(delays))]


def test_warm_schedule_meets_its_promise() -> None:
    """After 20 tasks of history: at most 8 polls, 4.5 % median and 14 % p95 delay, on average over histories."""
    rows = [_score(learned(Latency(80, 0.5), _draws(20, seed)), _draws(3000, 1000 + seed)) for seed in range(12)]
    polls, _, median, late = (statistics.mean(column) for column in zip(*rows, strict=True))
    assert polls <= 8.3  # the histories differ; the exact distribution gives 7.8
    assert median <= 0.045
    assert late <= 0.14


def test_known_distribution_is_on_the_frontier() -> None:
    """With the true distribution the cost is the least possible, within sampling error."""
    polls, mean, *_ = _score(Latency(MEDIAN, SIGMA), _draws(20_000, 7))
    assert mean + DEFAULT_PATIENCE * polls == pytest.approx(ORACLE, rel=0.02)


@pytest.mark.parametrize(("history", "allowed"), [(0, 1.40), (10, 1.15), (20, 1.10)])
def test_cost_over_the_oracle_while_learning(history: int, allowed: float) -> None:
    """Cold within 40 % of the frontier, after ten tasks within 15 %."""
    costs = []
    for seed in range(16):
        polls, mean, *_ = _score(learned(prior("kling"), _draws(history, seed)), _draws(600, 500 + seed))
        costs.append((mean + DEFAULT_PATIENCE * polls) / ORACLE)
    assert statistics.mean(costs) <= allowed


def test_patience_trades_polls_for_delay() -> None:
    """A larger patience asks less often and sees later."""
    tasks = _draws(800, 3)
    seen = [
        [statistics.mean(column) for column in zip(*(_watch(Latency(60, 0.4), t, p) for t in tasks), strict=True)]
        for p in (0.002, 0.007, 0.03)
    ]
    polls, delays = zip(*seen, strict=True)
    assert polls[0] > polls[1] > polls[2]
    assert delays[0] < delays[1] < delays[2]


def test_a_task_far_too_late_is_still_asked() -> None:
    """Past the model's tail the polls go on, at least once in a while, and never stop."""
    age = 0.0
    for _ in range(400):
        later = next_poll(Latency(60, 0.3), age)
        assert age + 1 <= later <= max(age * 1.5, 60)
        age = later
    assert age > 100_000


def test_progress_sharpens_the_guess() -> None:
    """A gateway that says 50 % at 100 s is asked again near 200 s, not after the prior's 60 s."""
    plain = next_poll(Latency(60, 0.4), 100)
    told = next_poll(Latency(60, 0.4), 100, progress=0.5)
    assert told > plain


@pytest.mark.parametrize("age", [0.0, 1e-9, 1.0, 59.9, 60.0, 1e4, 1e7])
@pytest.mark.parametrize("sigma", [0.08, 0.4, 1.0])
def test_any_age_has_a_next_poll(age: float, sigma: float) -> None:
    """Later than now by the gateway's floor, and finite."""
    due = next_poll(Latency(60, sigma), age, shortest=2.0)
    assert age + 2.0 <= due < math.inf


@pytest.mark.parametrize("patience", [4e-4, 1e-4, 1e-5])
def test_many_polls_are_on_the_frontier_too(patience: float) -> None:
    """Where polls are many, polls x mean delay of the best schedule is 0.415 at sigma 0.4, in closed form."""
    polls, mean = (
        statistics.mean(column)
        for column in zip(*(_watch(Latency(MEDIAN, SIGMA), t, patience) for t in _draws(1500, 11)), strict=True)
    )
    assert polls * mean == pytest.approx(0.415, rel=0.06)


@pytest.mark.parametrize(("patience", "gap"), [(0.007, 2.0), (2.5e-4, 2.0), (2.5e-6, 0.2)])
def test_only_a_tiny_patience_asks_faster_than_the_floor(patience: float, gap: float) -> None:
    """The floor of two seconds holds, until somebody says that looking costs nearly nothing."""
    assert next_poll(Latency(60, 0.4), 100.0, patience=patience, shortest=2.0) >= 100 + gap
    assert next_poll(Latency(0.5, 0.4), 100.0, patience=patience, shortest=2.0) >= 100 + gap


def test_the_last_of_many_are_asked_more_often() -> None:
    """Not one alone, not a handful, not nine tenths of a thousand; the steps are few, for each is searched once."""
    whole = [patience_for(DEFAULT_PATIENCE, share) for share in (1.0, 1 / 9, 0.1)]
    assert whole == [DEFAULT_PATIENCE] * 3
    last = {patience_for(DEFAULT_PATIENCE, open_ / 1000) for open_ in range(1, 100)}
    assert DEFAULT_PATIENCE / 16 < min(last) < DEFAULT_PATIENCE / 6
    assert len(last) < 6
