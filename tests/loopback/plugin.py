"""The fixture: a gateway for one test. A ``conftest.py`` imports it by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import Loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gw() -> Iterator[Loopback]:
    """A running loopback gateway; all dialects on ``gw.url``."""
    with Loopback() as gateway:
        yield gateway
