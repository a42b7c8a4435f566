"""The same jobs and the same strict reader of HTML as for all other outputs."""

from tests.show.conftest import make, read, video

__all__ = ["make", "read", "video"]
