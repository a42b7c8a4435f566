"""The composer without its face: pure functions from a form to choices, remarks, price and cell text."""

from kling_nb.lab.compose.cells import cell, keywords, stored_in
from kling_nb.lab.compose.compose import Composed, Place, Shop, compose
from kling_nb.lab.compose.form import Form
from kling_nb.lab.compose.tables import read_rows, tables

__all__ = ["Composed", "Form", "Place", "Shop", "cell", "compose", "keywords", "read_rows", "stored_in", "tables"]
