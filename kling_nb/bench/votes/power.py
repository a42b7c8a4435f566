"""How many votes it takes to tell two variants apart: an exact sign test on the votes that decide."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

LEVEL = 0.05
POWER = 0.8

MANY = 2_000
"""More than anybody casts: beyond it two variants count as equally good."""


@lru_cache(maxsize=512)
def needed(rate: float) -> int | None:
    """Decisive votes after which the test finds a difference in four of five cases, also with any more of them.

    Args:
        rate: How often the better one wins, 0 to 1; rounded to thousandths.

    Returns:
        The number, or None where it is more than :data:`MANY`.
    """
    rate = round(max(rate, 1 - rate), 3)
    if power(MANY, rate) < POWER:
        return None
    # Power rises with the votes, but in teeth: the last number that fails is what has to be passed.
    away = (0.98 + 0.842 * np.sqrt(rate * (1 - rate))) / (rate - 0.5)
    first = min(MANY, int(1.2 * away**2) + 20)
    return next((votes + 1 for votes in range(first, 0, -1) if power(votes, rate) < POWER), 1)


def power(votes: int, rate: float) -> float:
    """The chance that a two-sided sign test of so many decisive votes finds the difference."""
    ways = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, votes + 1)))))
    won = np.arange(votes + 1)
    choose = ways[votes] - ways[won] - ways[votes - won]
    by_luck = np.cumsum(np.exp(choose - votes * np.log(2)))
    few = int(np.searchsorted(by_luck, LEVEL / 2, side="right"))  # so few wins, or fewer, count as a loss
    if not few:
        return 0.0
    real = np.exp(choose + won * np.log(rate) + (votes - won) * np.log1p(-rate)) if rate < 1 else (won == votes) * 1.0
    return float(real[:few].sum() + real[votes + 1 - few :].sum())
