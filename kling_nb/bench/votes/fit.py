"""Bradley-Terry strengths from votes, and how sure they are.

A tie is half a win for each side; two bad clips tie. Each pair of variants that has met is given a tenth of a win
each way, which keeps an undefeated variant finite. Intervals come from drawing whole prompts again, because votes
on one prompt resemble each other; they are widened by Student's t, because a handful of prompts looks more alike
than prompts are. Variants that no chain of votes connects cannot be compared: each connected group is fitted by
itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kling_nb.bench.votes.ballot import Vote

    Floats = NDArray[np.float64]

PRIOR = 0.1
"""Wins that each side of a pair that has met is given."""

REPLICATES = 1_000

_SWEEPS = 200
_CLOSE = 1e-6
_Z = 1.959964
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t for 95 %, by degrees of freedom from 1."""

_HALVES = {"left": (1.0, 0.0), "right": (0.0, 1.0), "tie": (0.5, 0.5), "both bad": (0.5, 0.5)}


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One group of variants that votes connect.

    Attributes:
        variants: Their names.
        strengths: Log-odds; the field's mean is 0.
        draws: The strengths in each replicate: their spread is the uncertainty.
        wins: ``wins[i, j]`` is what i won from j, ties as halves.
        prompts: How many prompts the votes are on.
    """

    variants: tuple[str, ...]
    strengths: Floats
    draws: Floats
    wins: Floats
    prompts: int

    def interval(self, one: int, other: int | None = None) -> tuple[float, float]:
        """95 % interval of a strength, or of how far it is above another one."""
        drawn = self.draws[:, one] - (0.0 if other is None else self.draws[:, other])
        low, high = np.percentile(drawn, (2.5, 97.5))
        return float(low), float(high)


def fits(votes: Sequence[Vote], *, replicates: int = REPLICATES, prior: float = PRIOR, seed: int = 0) -> list[Fit]:
    """The groups of connected variants, the largest first; of one criterion, which the caller has chosen.

    Args:
        votes: At least one for each variant that shall appear.
        replicates: Draws of the bootstrap.
        prior: Wins that each side of a pair that has met is given.
        seed: Of the draws; the same votes give the same intervals.
    """
    names = sorted({name for vote in votes for name in (vote.left_variant, vote.right_variant)})
    place = {name: index for index, name in enumerate(names)}
    met = np.zeros((len(names), len(names)), dtype=bool)
    for vote in votes:
        met[place[vote.left_variant], place[vote.right_variant]] = True
    found = []
    for group in groups(met | met.T):
        members = [names[index] for index in group]
        its = [vote for vote in votes if vote.left_variant in members]
        found.append(_fit(its, members, replicates, prior, np.random.default_rng(seed)))
    return found


def _fit(votes: Sequence[Vote], names: Sequence[str], replicates: int, prior: float, rng: np.random.Generator) -> Fit:
    prompts = len({vote.prompt for vote in votes})
    units = per_unit(votes, names)
    wins = units.sum(axis=0)
    added = prior * ((wins + wins.T) > 0).astype(float)
    estimate = strengths(wins + added)
    drawn = bootstrap(units, added, replicates, rng)
    # Around the estimate, as a t interval stands around its mean.
    draws = estimate + (drawn - estimate) * widening(len(units))
    return Fit(tuple(names), estimate, draws, wins, prompts)


def per_unit(votes: Sequence[Vote], names: Sequence[str]) -> Floats:
    """The win matrix of each prompt: units x variants x variants. With a single prompt, of each vote."""
    place = {name: index for index, name in enumerate(names)}
    labels = [vote.prompt for vote in votes]
    known = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    unit = [known[label] for label in labels] if len(known) > 1 else list(range(len(votes)))
    left = [place[vote.left_variant] for vote in votes]
    right = [place[vote.right_variant] for vote in votes]
    won = np.array([_HALVES[vote.winner] for vote in votes], dtype=float).reshape(-1, 2)
    wins = np.zeros((max(unit, default=-1) + 1, len(names), len(names)))
    np.add.at(wins, (unit, left, right), won[:, 0])
    np.add.at(wins, (unit, right, left), won[:, 1])
    return wins


def strengths(wins: Floats) -> Floats:
    """Maximum likelihood log-odds with mean 0, of one win matrix or of a stack of them at once.

    Minorise and maximise, one variant after another, in the order of terms that Newman (2023) found to need far
    fewer sweeps than the classical one. Each variant needs a win and a loss, which :data:`PRIOR` gives.
    """
    wins = np.asarray(wins, dtype=float)
    lost = np.ascontiguousarray(np.swapaxes(wins, -1, -2))
    odds = np.ones(wins.shape[:-1])
    for _ in range(_SWEEPS):
        before = odds.copy()
        for one in range(wins.shape[-1]):
            share = 1.0 / (odds[..., one, None] + odds)
            odds[..., one] = (wins[..., one, :] * odds * share).sum(-1) / (lost[..., one, :] * share).sum(-1)
        odds /= np.exp(np.log(odds).mean(axis=-1, keepdims=True))
        if np.abs(np.log(odds / before)).max(initial=0.0) < _CLOSE:
            break
    found: Floats = np.log(odds)
    return found


def bootstrap(units: Floats, added: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Strengths of so many samples of the units with replacement: replicates x variants, all fitted at once.

    What is added to each pair is drawn, too, from a gamma distribution of that mean: otherwise a variant that has
    won every vote would look certain.
    """
    count, size = len(units), units.shape[-1]
    chosen = rng.multinomial(count, np.full(count, 1 / count), replicates).astype(float)
    wins = (chosen @ units.reshape(count, -1)).reshape(replicates, size, size)
    some = added > 0
    if some.any():
        wins[:, some] += np.maximum(rng.standard_gamma(added[some], (replicates, int(some.sum()))), 1e-6)
    return strengths(wins)


def widening(units: int) -> float:
    """By how much an interval from so many resampled units has to be wider than the percentiles say."""
    freedom = max(units - 1, 1)
    z = _Z
    if freedom <= len(_T):
        quantile = _T[freedom - 1]
    else:  # Cornish and Fisher's expansion, right to three decimals from here on
        quantile = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return quantile / z * float(np.sqrt((freedom + 1) / freedom))


def groups(met: NDArray[np.bool_]) -> list[list[int]]:
    """The connected groups, the largest first."""
    left = list(range(len(met)))
    found = []
    while left:
        group, edge = set[int](), {left[0]}
        while edge:
            group |= edge
            edge = {int(other) for one in edge for other in np.flatnonzero(met[one])} - group
        found.append(sorted(group))
        left = [index for index in left if index not in group]
    return sorted(found, key=len, reverse=True)
