"""The table of places names tests that exist, and every place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kling_nb.places import PLACES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / ".github" / "PLACES.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| place", "| missing"))]
WORDS = {
    "jupyter": "JupyterLab", "vscode": "VS Code", "colab": "Colab", "databricks": "Databricks", "voila": "Voila",
    "marimo": "marimo", "headless": "nbclient", "terminal": "terminal", "script": "a script",
}  # fmt: skip


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_named_tests_exist(file: str, test: str) -> None:
    """A test that was moved or renamed must be mended on the page."""
    assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_each_row_says_how_it_was_seen() -> None:
    """By a test; a place that was not run on the real thing says that it was not."""
    assert len(ROWS) > len(PLACES)
    assert [row for row in ROWS if "::" not in row] == []


@pytest.mark.parametrize("name", PLACES)
def test_every_place_has_a_row(name: str) -> None:
    """What can be detected is described, and what serves no files says what is done about it."""
    rows = [row for row in ROWS if WORDS[name] in row.split("|")[1]]
    assert rows
    if PLACES[name].page:  # type: ignore[index]
        assert ("embedded" in rows[0].split("|")[3]) is not PLACES[name].serves  # type: ignore[index]
