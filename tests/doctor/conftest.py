"""The notebook in miniature, with a key for every gateway."""

from tests.lab.conftest import nb, shell

__all__ = ["nb", "shell"]
