"""One clean clip for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.metrics.clips import pan, write


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second, with sound."""
    return write(tmp_path_factory.mktemp("metrics") / "clean.mp4", pan(13), sound=0.4)
