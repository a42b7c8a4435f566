"""The ranking: each variant's strength with its interval, what can be told apart, and what a usable clip costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kling_nb.bench.votes.fit import REPLICATES, fits
from kling_nb.bench.votes.power import MANY, needed
from kling_nb.bench.votes.table import ranking_bundle
from kling_nb.bench.votes.tally import Purse, Tally, tally

if TYPE_CHECKING:
    from kling_nb.bench.votes.ballot import Vote
    from kling_nb.bench.votes.fit import Fit

PRELIMINARY = 100
"""Votes below which a ranking is called preliminary."""

FEW_PROMPTS = 20
"""Prompts below which even clustered intervals are somewhat short."""

ENOUGH = 6
"""Prompts on which a variant must have been judged before it is told apart: five that all agree may be luck."""


@dataclass(frozen=True, slots=True)
class Row:
    """One variant.

    Attributes:
        variant: Its name.
        tally: Its votes, its clips and their cost.
        strength: Log-odds above the mean of the field it is connected with; None without a vote.
        low, high: Its 95 % interval.
        ranks: Best and worst place that the votes allow, from 1, within its group.
        separable: The leader is told apart from the second, or this one from the leader.
        more: Votes between these two after which they probably will be; None where they are, or would take
            more than 2,000.
        verdict: The same in words.
        group: Number of the group of variants that votes connect, from 0.
    """

    variant: str
    tally: Tally
    strength: float | None = None
    low: float = 0.0
    high: float = 0.0
    ranks: tuple[int, int] = (0, 0)
    separable: bool = False
    more: int | None = None
    verdict: str = "no votes yet"
    group: int = 0

    @property
    def chance(self) -> float:
        """Chance to win against the mean of the field."""
        return _chance(self.strength or 0.0)

    @property
    def bounds(self) -> tuple[float, float]:
        """95 % interval of the chance."""
        return _chance(self.low), _chance(self.high)


@dataclass(frozen=True, slots=True)
class Ranking:
    """All variants, the best lower bound first; those that votes do not connect in groups, the largest first.

    Attributes:
        rows: One for each variant.
        criterion: What was asked.
        votes, prompts: How many.
        ties: Share of ties among the votes.
        notes: What has to be known to read it, a sentence each.
        progress: How far the two best are from being told apart; it names nobody.
    """

    rows: tuple[Row, ...]
    criterion: str
    votes: int
    prompts: int
    ties: float
    notes: tuple[str, ...]
    progress: str

    @property
    def preliminary(self) -> bool:
        """Whether there are fewer than a hundred votes."""
        return self.votes < PRELIMINARY

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return ranking_bundle(self)


def rank(
    votes: Sequence[Vote],
    purses: Mapping[str, Purse] | None = None,
    *,
    criterion: str = "overall",
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Ranking:
    """Rank variants by the votes on one criterion.

    Args:
        votes: Those on other criteria are left out.
        purses: Variants by name with their clips; one without a vote is listed, too.
        criterion: What was asked.
        replicates: Draws of the bootstrap.
        seed: Of the draws.
    """
    votes = [vote for vote in votes if vote.criterion == criterion]
    purses = purses or {}
    found = fits(votes, replicates=replicates, seed=seed)
    ties = sum(vote.winner in {"tie", "both bad"} for vote in votes) / max(len(votes), 1)
    names = {name for fit in found for name in fit.variants} | set(purses)
    counts = {name: tally(name, votes, purses.get(name)) for name in sorted(names)}
    rows = [row for group, fit in enumerate(found) for row in _rows(fit, group, counts, ties)]
    ranked = {row.variant for row in rows}
    rows += [Row(name, count, group=len(found)) for name, count in counts.items() if name not in ranked]
    prompts = len({vote.prompt for vote in votes})
    notes = _notes(len(votes), prompts, [fit.variants for fit in found])
    return Ranking(tuple(rows), criterion, len(votes), prompts, ties, notes, _progress(len(votes), rows))


def _rows(fit: Fit, group: int, counts: Mapping[str, Tally], ties: float) -> list[Row]:
    """The variants of one group, sorted by their lower bound."""
    bounds = [fit.interval(index) for index in range(len(fit.variants))]
    order = sorted(range(len(bounds)), key=lambda index: (-bounds[index][0], -fit.strengths[index]))
    tallies = [counts[name] for name in fit.variants]
    beats = _beats(fit, [count.prompts >= ENOUGH for count in tallies])
    rows = []
    for place, index in enumerate(order):
        rival = order[0] if place else order[1]
        apart = bool(beats[index, rival] or beats[rival, index])
        fewest = min(tallies[index].prompts, tallies[rival].prompts)
        more = None if apart else _more(fit, index, rival, ties, fewest)
        ranks = (1 + int(beats[:, index].sum()), len(order) - int(beats[index].sum()))
        rows.append(
            Row(
                fit.variants[index], tallies[index], float(fit.strengths[index]), *bounds[index], ranks, apart, more,
                _verdict(more, apart=apart, first=not place), group,
            )
        )  # fmt: skip
    return rows


def _beats(fit: Fit, enough: Sequence[bool]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """``beats[i, j]``: i is better than j, and the interval of how much better leaves out 0."""
    size = len(fit.variants)
    found = np.zeros((size, size), dtype=bool)
    for one in range(size):
        for other in range(one):
            if enough[one] and enough[other]:
                low, high = fit.interval(one, other)
                found[one, other], found[other, one] = low > 0, high < 0
    return found


def _more(fit: Fit, one: int, other: int, ties: float, fewest: int) -> int | None:
    """Votes between the two that a sign test would still need, if they go on to win as they have."""
    ahead = abs(float(fit.strengths[one] - fit.strengths[other]))
    half = _chance(ahead)
    decided = 1 - min(ties, 0.9)
    total = needed(min(0.98, max(0.5, (half - (1 - decided) / 2) / decided)))
    if total is None:
        return None
    low, high = fit.interval(one, other)
    error = max((high - low) / 3.92, 1e-3)
    # What is known by now, also through others and less what prompts have in common, as votes between the two:
    # so many would make this error, each of them varying by what a tie does not.
    vary = half * (1 - half)
    known = max(vary - (1 - decided) / 4, 0.05) / (error * vary) ** 2
    return max(1, ENOUGH - fewest, round(total / decided - known))


def _verdict(more: int | None, *, apart: bool, first: bool) -> str:
    rival = "the second" if first else "the best"
    if apart:
        return f"better than {rival}" if first else f"not as good as {rival}"
    if more is None:
        return f"as good as {rival} so far, more than {MANY:,} votes if it stays so"
    return f"not separable from {rival} yet, about {_about(more)} more votes"


def _progress(votes: int, rows: Sequence[Row]) -> str:
    said = f"{votes} vote" if votes == 1 else f"{votes:,} votes"
    leader = rows[0] if rows and rows[0].strength is not None else None
    if leader is None:
        return "No votes yet."
    if leader.separable:
        return f"{said}. The best one is told apart from the second."
    if leader.more is None:
        return f"{said}. The two best are equal so far: more than {MANY:,} votes to separate them if it stays so."
    return f"{said}, about {_about(leader.more)} more to separate the two best."


def _notes(votes: int, prompts: int, found: Sequence[Sequence[str]]) -> tuple[str, ...]:
    said = []
    if 0 < votes < PRELIMINARY:
        said.append(f"Preliminary: fewer than {PRELIMINARY} votes.")
    if prompts == 1:
        said.append("All votes are on one prompt: they say nothing about others.")
    elif 0 < prompts < FEW_PROMPTS:
        said.append(
            f"Votes on {prompts} prompts: below about {FEW_PROMPTS} the intervals are somewhat short, and more prompts "
            "help more than more votes on each."
        )
    if len(found) > 1:
        apart = "; ".join(", ".join(names) for names in found)
        said.append(f"No votes connect these groups, so compare only within each: {apart}.")
    return tuple(said)


def _about(count: int) -> str:
    """Rounded, because it is a guess: to tens from 50 on, to hundreds from 500 on."""
    step = 1 if count < 20 else 5 if count < 50 else 10 if count < 500 else 100  # noqa: PLR2004 - said above
    return f"{step * round(count / step):,}"


def _chance(strength: float) -> float:
    return float(1 / (1 + np.exp(-strength)))
