"""Of very many jobs, those that one output shows: a page of a thousand players would help nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.show.view import LIVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.show.view import JobView, Status

MOST = 48
"""Rows of one card, or clips of one grid: a number that fills two, three, four, six and eight columns."""

NEEDS_SOMEBODY = ("failed", "unknown", "cancelled")


def chosen(statuses: Sequence[Status]) -> list[int]:
    """Which jobs are shown, in their own order; those that need somebody and those under way go before the rest."""

    def weight(index: int) -> int:
        status = statuses[index]
        return 0 if status in NEEDS_SOMEBODY else 1 if status in LIVE else 2

    return sorted(sorted(range(len(statuses)), key=weight)[:MOST])


def shown(views: Sequence[JobView]) -> list[JobView]:
    """Those that :func:`chosen` picks."""
    return [views[index] for index in chosen([view.status for view in views])]


def more(views: Sequence[JobView], command: str) -> str:
    """What to type for those that are not shown, the command in `backticks`; empty where all are."""
    rest = len(views) - MOST
    return f"{rest} more: type `{command}`." if rest > 0 else ""
