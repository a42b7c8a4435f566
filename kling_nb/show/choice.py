"""Of very many jobs, those that one output shows: a page of a thousand players would help nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.show.view import LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.show.view import JobView

MOST = 48
"""Rows of one card, or clips of one grid: a number that fills two, three, four, six and eight columns."""

NEEDS_SOMEBODY = ("failed", "unknown", "cancelled")


def chosen(views: Sequence[JobView]) -> list[int]:
    """Which of them are shown, in their own order; those that need somebody and those under way go before the rest."""

    def weight(index: int) -> int:
        status = views[index].status
        return 0 if status in NEEDS_SOMEBODY else 1 if status in LIVE else 2

    return sorted(sorted(range(len(views)), key=weight)[:MOST])
