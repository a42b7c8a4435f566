"""Which lab to work in where none is named."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.lab import Lab


def notebooks_lab() -> Lab:
    """The lab of this process, with the notebook it runs in: what ``kling.submit`` uses."""
    found: Lab = import_module("kling_nb")._lab()  # noqa: SLF001 - the front door's own, which knows the notebook
    return found
