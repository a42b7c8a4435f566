"""What blind votes tell: ballots in, a ranking with honest intervals out, and which pair to look at next.

Numbers only: nothing here knows a file, a clock or a notebook, so that what a person has voted can be judged
again by anybody, to the last digit.
"""

from __future__ import annotations

from kling_nb.bench.votes.ballot import WINNERS, Vote, Winner, counted, from_line, retraction
from kling_nb.bench.votes.fit import Fit, fits
from kling_nb.bench.votes.pairs import Clip, Pairs
from kling_nb.bench.votes.ranking import Ranking, Row, rank
from kling_nb.bench.votes.tally import Purse, Tally

__all__ = [
    "WINNERS",
    "Clip",
    "Fit",
    "Pairs",
    "Purse",
    "Ranking",
    "Row",
    "Tally",
    "Vote",
    "Winner",
    "counted",
    "fits",
    "from_line",
    "rank",
    "retraction",
]
