"""What the hostile tests borrow: a notebook, an engine with a virtual clock, and a strict reader of HTML."""

from __future__ import annotations

from tests.engine.conftest import bench
from tests.lab.conftest import nb, shell
from tests.show.conftest import read

__all__ = ["bench", "nb", "read", "shell"]
