"""Files that two kernels write at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kling_nb.bench.files import write
from kling_nb.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    """Each writes all of it, neither fails, and nothing else is left."""
    path = tmp_path / "bench.json"
    texts = [bytes([65 + number]) * 5000 for number in range(4)]
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda text: [write(path, text) for _ in range(50)], texts))
    assert path.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """The name is a folder's."""
    (tmp_path / "bench.json").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        write(tmp_path / "bench.json", b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
