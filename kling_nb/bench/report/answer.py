"""The answer of a report: one sentence that says no more than the votes do, and one about money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kling_nb.show.words import line, money, plural

if TYPE_CHECKING:
    from kling_nb.bench.report.facts import Line
    from kling_nb.bench.votes import Ranking, Row

_NAME = 80
_NAMED = 3
"""Rivals that are named; more are counted."""


def answer(lines: Sequence[Line], ranking: Ranking | None) -> str:
    """What came out.

    Args:
        lines: The variants.
        ranking: By the votes on what matters most; None where nobody has voted.
    """
    if not any(one.done for one in lines):
        return "No clip is finished yet, so there is nothing to compare."
    if len(lines) == 1:
        return f"There is one variant, {line(lines[0].label, _NAME)}, so there is nothing to compare."
    ranked = [row for row in ranking.rows if row.strength is not None and row.group == 0] if ranking else []
    if ranking is None or not ranked:
        return "Nobody has voted, so this says what was made, what it costs and what was measured; not what is better."
    return " ".join(filter(None, (_preferred(ranking, ranked), _worth(lines, ranked))))


def _preferred(ranking: Ranking, ranked: Sequence[Row]) -> str:
    leader, *others = ranked
    low, high = leader.bounds
    odds = f"chance to win {leader.chance:.2f}, 95 % {low:.2f} to {high:.2f}"
    equals = [row for row in others if not row.separable]
    name = line(leader.variant, _NAME)
    ahead = others[0].separable if others else False
    head = f"{name} is preferred ({odds})" if ahead else f"{name} is ahead ({odds})"
    rivals = f"not separable from {_names(equals)}" if equals else ""
    apart = any(row.group != 0 for row in ranking.rows if row.strength is not None)
    votes = f"{plural(ranking.votes, 'vote')} on {plural(ranking.prompts, 'prompt')}"
    count = f"{votes}: preliminary" if ranking.preliminary else votes
    said = "; ".join(filter(None, (", but ".join(filter(None, (head, rivals))), count)))
    return f"{said}. Votes do not connect all variants: this is the largest group." if apart else f"{said}."


def _worth(lines: Sequence[Line], ranked: Sequence[Row]) -> str:
    """What a clip that can be used costs with the leader, and with the cheapest of the others."""
    costs = {one.label: cost for one in lines if (cost := one.per_accepted) is not None}
    first = ranked[0].variant
    rivals = [(costs[row.variant], row.variant) for row in ranked[1:] if row.variant in costs]
    if first not in costs or not rivals:
        return ""
    cost, other = min(rivals)
    listed = " by Kling's list" if all(one.free for one in lines) else ""
    return (
        f"A clip that voters would use costs {money(costs[first])} with {line(first, _NAME)} and {money(cost)} with "
        f"{line(other, _NAME)}{listed}."
    )


def _names(rows: Sequence[Row]) -> str:
    named = [line(row.variant, _NAME) for row in rows[:_NAMED]]
    rest = len(rows) - len(named)
    named += [f"{rest} more"] if rest else []
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
