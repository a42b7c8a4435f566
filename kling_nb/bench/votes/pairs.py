"""Which two clips to look at next: those whose comparison is expected to tell most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from kling_nb.bench.votes.fit import per_unit, strengths

if TYPE_CHECKING:
    from kling_nb.bench.votes.ballot import Vote
    from kling_nb.bench.votes.fit import Floats

_DOUBT = 0.5
"""Wins that each side of every pair is given here: more than in the table, so that one loss writes nobody off."""

_CERTAIN = 1.0
"""Weight of what is believed before any vote: that strengths differ by about one in log-odds."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip that can be shown."""

    id: str
    variant: str
    prompt: str


class Pairs:
    """All pairs of clips of one prompt and two variants, and the order in which they are worth a vote.

    A pair is worth the more, the less is known about which of its variants is better, the closer the two are, the
    likelier each of them could be the best, and the fewer votes its prompt has had.

    Args:
        clips: Of all prompts; two takes of one variant are never shown together.
    """

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.variants = sorted({clip.variant for clip in clips})
        place = {name: index for index, name in enumerate(self.variants)}
        by_prompt: defaultdict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            by_prompt[clip.prompt].append(clip)
        self._prompts = {prompt: index for index, prompt in enumerate(by_prompt)}
        self.pairs = [
            (one, other)
            for group in by_prompt.values()
            for one, other in combinations(group, 2)
            if one.variant != other.variant
        ]
        self._number = {frozenset((one.id, other.id)): index for index, (one, other) in enumerate(self.pairs)}
        self._one = np.array([place[one.variant] for one, _ in self.pairs], dtype=int)
        self._other = np.array([place[other.variant] for _, other in self.pairs], dtype=int)
        self._prompt = np.array([self._prompts[one.prompt] for one, _ in self.pairs], dtype=int)

    def __len__(self) -> int:
        return len(self.pairs)

    def next(self, votes: Sequence[Vote], rng: np.random.Generator) -> tuple[Clip, Clip]:
        """The next pair, on sides that are drawn by lot. No pair is shown again before all have been shown.

        Args:
            votes: So far, of the person who is asked, on one criterion.
            rng: Decides between equals, and on the sides.

        Raises:
            IndexError: There is no pair.
        """
        if not self.pairs:
            raise IndexError("There is no pair to show.")
        seen = np.zeros(len(self.pairs), dtype=int)
        for vote in votes:
            index = self._number.get(frozenset((vote.left, vote.right)))
            if index is not None:
                seen[index] += 1
        open_ones = np.flatnonzero(seen == seen.min())
        worth = self.worth(votes)[open_ones] * (1 + 1e-6 * rng.random(len(open_ones)))
        one, other = self.pairs[open_ones[int(np.argmax(worth))]]
        return (one, other) if rng.random() < 0.5 else (other, one)  # noqa: PLR2004 - heads or tails

    def worth(self, votes: Sequence[Vote]) -> Floats:
        """How much a vote on each pair is expected to tell; only the order means anything."""
        known = [vote for vote in votes if {vote.left_variant, vote.right_variant} <= set(self.variants)]
        size = len(self.variants)
        wins = per_unit(known, self.variants).sum(axis=0) if known else np.zeros((size, size))
        found, spread = belief(wins)
        one, other = self._one, self._other
        doubt = spread[one, one] + spread[other, other] - 2 * spread[one, other]
        chance = 1 / (1 + np.exp(found[other] - found[one]))
        best = likely_best(found, spread)
        each = np.zeros(len(self._prompts))
        for vote in known:
            index = self._prompts.get(vote.prompt)
            if index is not None:
                each[index] += 1
        worth: Floats = doubt * chance * (1 - chance) * best[one] * best[other] / (1 + each[self._prompt])
        return worth


def belief(wins: Floats) -> tuple[Floats, Floats]:
    """Strengths and their covariance, as far as the votes' curvature tells; always defined."""
    size = len(wins)
    found = strengths(wins + _DOUBT * (1 - np.eye(size)))
    met = wins + wins.T
    chance = 1 / (1 + np.exp(found[None, :] - found[:, None]))
    told = met * chance * (1 - chance)
    precision = np.diag(told.sum(axis=1)) - told + np.eye(size) / _CERTAIN**2
    return found, np.asarray(np.linalg.inv(precision), dtype=np.float64)


def likely_best(found: Floats, spread: Floats) -> Floats:
    """How likely each is to be the best, roughly: its chance against the one that leads."""
    leader = int(np.argmax(found))
    error = np.sqrt(np.maximum(np.diag(spread) + spread[leader, leader] - 2 * spread[:, leader], 1e-9))
    likely: Floats = 1 / (1 + np.exp(1.7 * (found[leader] - found) / error))  # the normal curve, nearly
    likely[leader] = 1.0
    return likely
