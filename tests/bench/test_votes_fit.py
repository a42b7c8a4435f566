"""Bradley-Terry: the same as a library that others wrote, honest about what is not known, and quick."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from kling_nb.bench.votes import Vote, Winner, fits
from kling_nb.bench.votes.fit import bootstrap, groups, per_unit, strengths, widening

NAMES = ("a", "b", "c", "d", "e")
TRUTH = dict(zip(NAMES, np.linspace(-0.7, 0.7, 5), strict=True))


def cast(
    seed: int, count: int, prompts: int, *, ties: float = 0.15, effect: float = 0.0, names: Sequence[str] = NAMES
) -> list[Vote]:
    """So many votes, evenly over the prompts and all pairs of variants."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, effect, (prompts, len(names)))
    pairs = [(one, other) for one in range(len(names)) for other in range(one)]
    votes = []
    for number in range(count):
        left, right = pairs[number % len(pairs)] if rng.random() < 0.5 else pairs[number % len(pairs)][::-1]
        prompt = int(rng.integers(prompts))
        ahead = TRUTH[names[left]] + own[prompt, left] - TRUTH[names[right]] - own[prompt, right]
        won: Winner = "left" if rng.random() < 1 / (1 + np.exp(-ahead)) else "right"
        winner: Winner = "tie" if rng.random() < ties else won
        votes.append(duel(names[left], names[right], winner, f"p{prompt}", number))
    return votes


def duel(left: str, right: str, winner: Winner, prompt: str = "p", number: int = 0) -> Vote:
    """One vote between two variants."""
    return Vote(f"{left}-{prompt}", f"{right}-{prompt}", left, right, prompt, winner, token=f"{prompt} {number}")


@pytest.mark.parametrize("seed", range(4))
def test_the_same_as_evalica(seed: int) -> None:
    """To a thousandth of log-odds, ties as halves."""
    import evalica  # noqa: PLC0415 - takes a second to import, with SciPy

    votes = cast(seed, 500, 24)
    (fit,) = fits(votes, replicates=2, prior=0)
    named = {"left": evalica.Winner.X, "right": evalica.Winner.Y, "tie": evalica.Winner.Draw}
    theirs = evalica.bradley_terry(
        [vote.left_variant for vote in votes],
        [vote.right_variant for vote in votes],
        [named[vote.winner] for vote in votes],
        tolerance=1e-9,
        limit=10_000,
    )
    scores = np.log(theirs.scores[list(fit.variants)].to_numpy())
    assert np.abs(fit.strengths - (scores - scores.mean())).max() < 1e-3


def test_a_thousand_draws_in_half_a_second() -> None:
    """500 votes, 5 variants, 24 prompts; the best of three, because others use the machine too."""
    units = per_unit(cast(1, 500, 24), NAMES)
    added = 0.1 * (1 - np.eye(5))
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        drawn = bootstrap(units, added, 1_000, np.random.default_rng(0))
        times.append(time.perf_counter() - begin)
    assert drawn.shape == (1_000, 5)
    assert min(times) <= 0.5


def test_two_bad_clips_tie() -> None:
    """For the strength, that is."""
    rest = cast(2, 60, 12)
    one, other = (fits([*rest, duel("a", "b", said)])[0].strengths for said in ("tie", "both bad"))
    assert np.array_equal(one, other)


def test_the_undefeated_is_finite() -> None:
    """And what has never won; both stay within what so few votes can say."""
    (fit,) = fits([duel("a", "b", "left", f"p{n}") for n in range(8)])
    best, worst = fit.strengths
    assert best == pytest.approx(-worst)
    assert 1 < best - worst < 6
    assert np.isfinite(fit.draws).all()


def test_what_nothing_connects_is_fitted_apart() -> None:
    """The largest group first, each around its own mean."""
    votes = [duel("a", "b", "left", f"p{n}") for n in range(4)] + cast(3, 40, 8, names=NAMES[2:])
    found = fits(votes)
    assert [fit.variants for fit in found] == [("c", "d", "e"), ("a", "b")]
    assert all(abs(fit.strengths.mean()) < 1e-9 for fit in found)
    assert groups(np.eye(3, dtype=bool)) == [[0], [1], [2]]


def test_the_same_votes_give_the_same_interval() -> None:
    """And another seed nearly the same."""
    votes = cast(4, 200, 24)
    first, again, other = (fits(votes, seed=seed)[0].interval(4) for seed in (0, 0, 1))
    assert first == again
    assert first == pytest.approx(other, abs=0.15)
    assert first != other


def test_few_prompts_widen_the_interval() -> None:
    """Student's t by the number of prompts, with the factor for a variance that was estimated."""
    assert widening(2) == pytest.approx(12.706 / 1.96 * 2**0.5, rel=1e-3)
    assert widening(12) == pytest.approx(2.201 / 1.96 * (12 / 11) ** 0.5, rel=1e-3)
    assert widening(60) == pytest.approx(2.001 / 1.96 * (60 / 59) ** 0.5, rel=1e-3)


def test_one_prompt_is_judged_by_its_votes() -> None:
    """There is nothing else to draw again."""
    (fit,) = fits([duel("a", "b", "left" if n % 3 else "right", number=n) for n in range(12)])
    low, high = fit.interval(0)
    assert low < fit.strengths[0] < high
    assert high - low > 0.5


@pytest.mark.parametrize(("prompts", "least"), [(12, 0.9), (60, 0.9)])
def test_the_clustered_interval_covers(prompts: int, least: float) -> None:
    """120 votes of two variants, prompts that differ by 0.8: near 95 of 100 intervals hold the truth.

    Drawing single votes again would cover 79 of 100 on 12 prompts (``tests/benchmarks/bench_votes.py``).
    """
    names = ("b", "d")
    rng = np.random.default_rng(0)
    ahead = TRUTH["d"] - TRUTH["b"] + rng.normal(0, 0.8 * 2**0.5, 100_000)
    chance = float((1 / (1 + np.exp(-ahead))).mean())
    truth = np.log(chance / (1 - chance))
    held = 0
    for seed in range(100):
        (fit,) = fits(cast(seed, 120, prompts, ties=0, effect=0.8, names=names), replicates=200)
        low, high = fit.interval(1, 0)
        held += low <= truth <= high
    assert held / 100 >= least


def test_a_stack_is_fitted_as_each_of_it() -> None:
    """Together or one by one."""
    units = per_unit(cast(5, 300, 6), NAMES) + 0.1 * (1 - np.eye(5))
    together = strengths(units)
    assert np.abs(together - np.array([strengths(one) for one in units])).max() < 1e-4
