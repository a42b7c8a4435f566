"""The notebook in miniature, for runs against the loopback gateway."""

from tests.lab.conftest import nb, shell

__all__ = ["nb", "shell"]
