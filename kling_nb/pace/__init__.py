"""When to ask next: polls placed where the answer is likely to have changed. Pure: time is passed in.

:mod:`.latency` says how long a task takes, learned from the journal; :mod:`.schedule` places the polls of one
task; :mod:`.allowance` shares a gateway's request budget between many; :mod:`.company` says how soon
another question is worth it that is about many.
"""

from kling_nb.pace.allowance import Allowance, worth
from kling_nb.pace.company import horizon
from kling_nb.pace.latency import RECENT, Latency, learned, prior
from kling_nb.pace.schedule import DEFAULT_PATIENCE, next_poll, patience_for

__all__ = [
    "DEFAULT_PATIENCE",
    "RECENT",
    "Allowance",
    "Latency",
    "horizon",
    "learned",
    "next_poll",
    "patience_for",
    "prior",
    "worth",
]
