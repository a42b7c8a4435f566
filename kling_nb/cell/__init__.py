"""What a person types into a cell, as plain values."""

from kling_nb.cell.options import LINE_COMMANDS, OPTIONS, usage
from kling_nb.cell.parse import CellOrder, parse, words

__all__ = ["LINE_COMMANDS", "OPTIONS", "CellOrder", "parse", "usage", "words"]
