"""Which tasks one question asks about, where a gateway tells of several in one answer.

The question costs the same for one as for many, so when one task's turn has come, all that can share it come along.
Those whose own turn would come shortly after have had it then: that is what makes the questions fewer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.pace.latency import Latency


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task that could be asked about together with others.

    Attributes:
        due: Seconds until its own schedule asks; 0 or less: it does so now.
        worth: Of asking about it now; see :func:`kling_nb.pace.worth`.
    """

    due: float
    worth: float


def horizon(tasks: Iterable[tuple[Latency, float]], patience: float) -> float:
    """Seconds that lie between two questions at best, when each asks about all of these tasks.

    A task alone is best asked at gaps of sqrt(2 x patience x age / hazard), see :mod:`.schedule`. Together, what is
    gained by asking adds up and the price does not.

    Args:
        tasks: What is believed of each, and its age in seconds.
        patience: See :data:`kling_nb.pace.DEFAULT_PATIENCE`.

    Returns:
        Seconds; infinity where none of them can be ready yet.
    """
    gained = sum(latency.hazard(age) / age for latency, age in tasks if age > 0)
    return math.sqrt(2 * patience / gained) if gained > 0 else math.inf


def company(candidates: Sequence[Candidate], within: float, most: int) -> list[int]:
    """Who comes along: first those that are due soon, then the others, of each the most worth asking first.

    Args:
        candidates: Everybody who could.
        within: Seconds that count as soon.
        most: How many the question has room for.

    Returns:
        Their indices.
    """

    def rank(index: int) -> tuple[bool, float]:
        candidate = candidates[index]
        return candidate.due > within, -candidate.worth

    return sorted(range(len(candidates)), key=rank)[:most]
