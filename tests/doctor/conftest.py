"""The notebook in miniature, with a key for every gateway."""

from tests.lab.conftest import clock, home, nb, shell

__all__ = ["clock", "home", "nb", "shell"]
