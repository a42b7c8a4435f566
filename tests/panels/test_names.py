"""What our widgets call their own parts."""

from __future__ import annotations

import anywidget
import pytest

from kling_nb.panels.arena import ArenaPanel
from kling_nb.panels.board import Board
from kling_nb.panels.compare import ComparePanel
from kling_nb.panels.composer import Composer
from kling_nb.panels.screen import Screen

MEANT = {"close"}


@pytest.mark.parametrize("panel", [ArenaPanel, Board, ComparePanel, Composer, Screen], ids=lambda one: one.__name__)
def test_no_part_takes_the_place_of_one_of_the_library(panel: type[anywidget.AnyWidget]) -> None:
    """``_compare`` is how some versions of ipywidgets decide what to send."""
    known = {"_compare"} & vars(panel).keys()
    theirs = {name for name, part in vars(panel).items() if callable(part) and hasattr(anywidget.AnyWidget, name)}
    assert known | {name for name in theirs if not name.startswith("__")} <= MEANT
