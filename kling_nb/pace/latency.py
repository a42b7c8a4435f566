"""How long a task takes: a log-normal distribution, a prior that errs short, and what history teaches.

A median that is too long costs delay, one that is too short costs a few polls. So the prior is short, and
while few tasks are known the spread is wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()
_PRIOR_WEIGHT = 1.5
"""How many observed tasks the prior's median is worth."""
_SPREAD_WEIGHT = 6.0
"""The same for its sigma, which needs more data than a median does."""
RECENT = 40
"""Older tasks say little about today's queue at the gateway."""
_NARROWEST, _WIDEST = 0.08, 1.0


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a task takes, as a log-normal distribution.

    Attributes:
        median: Seconds.
        sigma: Standard deviation of the logarithm.
    """

    median: float
    sigma: float = 0.5

    def quantile(self, p: float) -> float:
        """Seconds within which a share ``p`` of all tasks is ready."""
        return self.median * math.exp(self.sigma * _NORMAL.inv_cdf(p))

    def expected_range(self) -> tuple[float, float]:
        """The middle 80 %: what a card shows as "ready in 40 to 70 s"."""
        return self.quantile(0.1), self.quantile(0.9)

    def alive(self, age: float) -> float:
        """Chance that a task is not ready at that age."""
        if age <= 0:
            return 1.0
        # erfc keeps its precision in the far tail, where 1 - cdf would be zero
        return 0.5 * math.erfc(math.log(age / self.median) / (self.sigma * math.sqrt(2)))

    def hazard(self, age: float) -> float:
        """Chance per second that a task still open at that age is ready now."""
        if age <= 0:
            return 0.0
        z = math.log(age / self.median) / self.sigma
        alive = self.alive(age)
        if alive < 1e-300:  # noqa: PLR2004 - the tail's limit, where erfc ends
            return z / (age * self.sigma)
        return _NORMAL.pdf(z) / (age * self.sigma * alive)


# The only latency that a gateway page prints is Wireflow's 60 to 160 s a clip (its Kling 2.5 page); half of
# a sandbox clip's time is spent painting it.
_PRIORS = {"sandbox": Latency(3.0, 0.6)}
_DEFAULT = Latency(80.0, 0.5)


def prior(gateway: str, duration: float | None = None, mode: str | None = None) -> Latency:
    """What to expect before anything was measured.

    Args:
        gateway: Name of the gateway.
        duration: Seconds of the clip.
        mode: Quality tier.
    """
    base = _PRIORS.get(gateway, _DEFAULT)
    longer = max(0.7, 1.0 + 0.06 * ((duration or 5) - 5))
    dearer = 1.25 if mode in {"pro", "4k"} else 1.0
    return Latency(base.median * longer * dearer, base.sigma)


def learned(before: Latency, seconds: Sequence[float]) -> Latency:
    """The distribution after seeing tasks of the same kind.

    Args:
        before: The prior, or what a coarser group of tasks taught.
        seconds: How long each took, oldest first.
    """
    logs = [math.log(s) for s in seconds[-RECENT:] if s > 0]
    if not logs:
        return before
    centre = math.log(before.median)
    weight = _PRIOR_WEIGHT + len(logs)
    mean = (_PRIOR_WEIGHT * centre + sum(logs)) / weight
    own = sum(logs) / len(logs)
    # The prior's median may be far off: its distance to the data is no spread of the tasks.
    squares = sum((x - own) ** 2 for x in logs)
    variance = (_SPREAD_WEIGHT * before.sigma**2 + squares) / (_SPREAD_WEIGHT + len(logs) - 1 + 1e-9)
    # A mean of few tasks is itself uncertain; that widens what is expected of the next one.
    sigma = math.sqrt(variance * (1 + 1 / weight))
    return Latency(math.exp(mean), min(max(sigma, _NARROWEST), _WIDEST))
