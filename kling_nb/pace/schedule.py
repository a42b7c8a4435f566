"""The polls of one task: fewest questions for the earliest answer.

A schedule is a list of ages; polling stops at the first one at which the task is ready. The best one minimises
E[delay / latency] + patience x E[polls]. For a log-normal latency this is a shortest path over ages, solved
backwards: from each age, the next poll is where the polls' price, the expected lateness of tasks that end before
it, and the cost of going on from there add up to the least. In units of the median the result depends on sigma
and patience only, so it is computed once for each.

Where polls are many (a small patience), the ages of such a search would be too coarse. There the dense limit of the
same problem is as good: polls as close as the square root of the hazard rate, gap = sqrt(2 x patience x age / hazard).
"""

from __future__ import annotations

import bisect
import math
from functools import lru_cache
from itertools import count, pairwise, takewhile
from statistics import NormalDist

from kling_nb.pace.latency import Latency

DEFAULT_PATIENCE = 0.007
"""Price of one poll in shares of the task's own latency; larger asks less often. About 8 polls at sigma 0.4."""

_DENSE = 0.0005
"""Below this patience, some thirty polls a task, the dense limit is the better one."""

_FLOOR_BINDS = 0.00025
"""Patience at which a task of a minute is asked each second. Who sets less wants to ask more often than that."""

_POINTS = 320
_FROM, _TO = -3.6, 4.6
"""Span of ages looked at, in standard deviations of the logarithm."""
_NORMAL = NormalDist()


_LAST = 0.1
"""The last tenth of many tasks is what everybody waits for; asked more often, they cost hardly a poll a task more."""

_LEAST = 0.1
"""Share of the patience that is left for the very last ones: a third of the gaps."""


def patience_for(patience: float, remaining: float) -> float:
    """What a poll may cost when most of the tasks that were begun together have ended.

    Args:
        patience: See :data:`DEFAULT_PATIENCE`.
        remaining: Share of them that is still open, 0 to 1.
    """
    wanted = min(max(remaining / _LAST, _LEAST), 1.0)
    return patience * 2.0 ** round(math.log2(wanted))  # in steps: each patience has its own search, once


def next_poll(
    latency: Latency,
    age: float,
    *,
    patience: float = DEFAULT_PATIENCE,
    shortest: float = 1.0,
    progress: float | None = None,
) -> float:
    """The age at which to ask next.

    Args:
        latency: What is believed of this kind of task.
        age: Seconds since the submit; at this age it was not ready, or was not asked yet.
        patience: See :data:`DEFAULT_PATIENCE`.
        shortest: Seconds between two polls at least, unless an uncommonly small patience asks for more.
        progress: 0 to 1 where the gateway tells; it sharpens the guess.
    """
    believed = _sharpened(latency, age, progress)
    times = _times(round(believed.sigma * 50) / 50, float(f"{patience:.3g}"))
    relative = age / believed.median
    index = bisect.bisect_right(times, relative * (1 + 1e-9))
    if index < len(times):
        due = times[index] * believed.median
    else:  # past the far tail the model is wrong, not the task: go on with the last ratio
        due = age * max(times[-1] / times[-2] if len(times) > 1 else 1.1, 1.02)
    return max(due, age + shortest * min(1.0, math.sqrt(patience / _FLOOR_BINDS)))


def _sharpened(latency: Latency, age: float, progress: float | None) -> Latency:
    """A progress number says how long the whole will take, the better the further it is."""
    if progress is None or not 0.05 <= progress < 1 or age <= 0:  # noqa: PLR2004 - the first per cent say nothing
        return latency
    trust = math.sqrt(progress)
    centre = (1 - trust) * math.log(latency.median) + trust * math.log(age / progress)
    return Latency(math.exp(centre), max(latency.sigma * (1 - 0.7 * trust), 0.08))


@lru_cache(maxsize=128)
def _times(sigma: float, patience: float) -> tuple[float, ...]:
    """The best poll times in units of the median."""
    return _dense(sigma, patience) if patience < _DENSE else _searched(sigma, patience)


def _dense(sigma: float, patience: float) -> tuple[float, ...]:
    """A poll wherever the number of polls so far, the integral of 1 / gap, passes a whole number and a half."""
    latency = Latency(1.0, sigma)
    ages = [math.exp(sigma * (_FROM + i * (_TO - _FROM) / (_POINTS - 1))) for i in range(_POINTS)]
    density = [math.sqrt(latency.hazard(age) / (2 * patience * age)) for age in ages]
    passed = [0.0]
    for i, (early, late) in enumerate(pairwise(ages)):
        passed.append(passed[-1] + (density[i] + density[i + 1]) / 2 * (late - early))

    def age_at(polls: float) -> float:
        i = min(bisect.bisect_right(passed, polls), _POINTS - 1)
        return ages[i - 1] + (ages[i] - ages[i - 1]) * (polls - passed[i - 1]) / (passed[i] - passed[i - 1])

    return tuple(map(age_at, takewhile(lambda polls: polls < passed[-1], count(0.5))))


def _searched(sigma: float, patience: float) -> tuple[float, ...]:
    """A shortest path over ages, solved backwards."""
    zs = [_FROM + i * (_TO - _FROM) / (_POINTS - 1) for i in range(_POINTS)]
    ages = [math.exp(z * sigma) for z in zs]
    done = [_NORMAL.cdf(z) for z in zs]
    # E[1/L ; L <= t] of the log-normal, for the relative lateness of what ends before a poll
    inverse = [math.exp(sigma**2 / 2) * _NORMAL.cdf(z + sigma) for z in zs]
    value = [0.0] * _POINTS
    onward = [-1] * _POINTS
    # The lateness between j and s splits into terms of j and of s, so one list comparison does for each pair.
    for j in range(_POINTS - 2, -1, -1):
        ahead = range(j + 1, _POINTS)
        costs = [ages[s] * (inverse[s] - inverse[j]) - done[s] + value[s] for s in ahead]
        best = min(range(len(costs)), key=costs.__getitem__)
        value[j] = patience * (1 - done[j]) + done[j] + costs[best]
        onward[j] = j + 1 + best
    first = min(range(_POINTS), key=lambda s: ages[s] * inverse[s] - done[s] + value[s])
    times = [ages[first]]
    while onward[first] >= 0:
        first = onward[first]
        times.append(ages[first])
    return tuple(times)
