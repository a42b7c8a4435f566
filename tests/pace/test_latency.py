"""What is believed of a task's length, before and after some were seen."""

from __future__ import annotations

import pytest

from kling_nb.pace import Latency, learned, prior


def test_history_moves_the_median() -> None:
    """Twenty tasks of 200 s outweigh a prior of 80 s, and the spread narrows."""
    belief = learned(Latency(80, 0.5), [190.0, 200.0, 210.0] * 7)
    assert belief.median == pytest.approx(200, rel=0.08)
    assert belief.sigma < 0.3


def test_one_task_is_not_believed_blindly() -> None:
    """A single odd task moves the belief part of the way."""
    assert 80 < learned(Latency(80, 0.5), [400.0]).median < 400


def test_only_recent_tasks_count() -> None:
    """A gateway that became faster is believed after forty tasks."""
    assert learned(Latency(80, 0.5), [600.0] * 200 + [30.0] * 40).median < 40


def test_nothing_learned_from_nothing() -> None:
    """No history, no change; times that cannot be are ignored."""
    assert learned(Latency(80, 0.5), []) == Latency(80, 0.5)
    assert learned(Latency(80, 0.5), [0.0, -5.0]) == Latency(80, 0.5)


def test_range_and_survival_agree() -> None:
    """Ten per cent are ready before the range and ten after it."""
    low, high = Latency(60, 0.4).expected_range()
    assert Latency(60, 0.4).alive(low) == pytest.approx(0.9)
    assert Latency(60, 0.4).alive(high) == pytest.approx(0.1)


def test_prior_knows_what_takes_longer() -> None:
    """Longer and dearer clips are expected later; the sandbox soon."""
    assert prior("kling", 10).median > prior("kling", 5).median
    assert prior("kling", 5, "pro").median > prior("kling", 5, "std").median
    assert prior("sandbox").median < 10
