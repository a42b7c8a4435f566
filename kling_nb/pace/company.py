"""How soon the next question is worth it, where a gateway tells of several tasks in one answer.

The question costs the same for one as for many, so when one task's turn has come, all that can share it come along.
Those whose own turn would come shortly after have had it then: that is what makes the questions fewer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.pace.latency import Latency


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
