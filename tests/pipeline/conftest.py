"""The notebook in miniature, for runs against the loopback gateway."""

from tests.lab.conftest import clock, home, nb, shell

__all__ = ["clock", "home", "nb", "shell"]
