"""Run by programs, nobody watching: the saved notebook holds the finished clips, not the cards of the way there."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from kling_nb.media import POSTER_BYTES

from .programs import Done, run_all

CELLS = ("%load_ext kling_nb", "%%kling fox -d 5\nA red fox", "%%kling pair --takes 2\nA pair of geese")
RUNNERS = {
    "execute": ("-m", "jupyter", "execute", "--output=done.ipynb", "asked.ipynb"),
    "nbconvert": ("-m", "nbconvert", "--execute", "--to", "notebook", "--output", "done.ipynb", "asked.ipynb"),
    "papermill": ("-m", "papermill", "--no-progress-bar", "asked.ipynb", "done.ipynb"),
}
ALLOWED = 16_000
"""Bytes that a clip may add to a notebook."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """One small notebook, run by all of them at once."""
    blank: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    notebook = {
        "cells": [{**blank, "id": f"cell-{number}", "source": text} for number, text in enumerate(CELLS)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return run_all(tmp_path_factory.mktemp("headless"), RUNNERS, {"asked.ipynb": json.dumps(notebook)})


@pytest.mark.parametrize("runner", RUNNERS)
def test_saved_notebook(runner: str, runs: dict[str, Done]) -> None:
    """Each cell saved one output: players with posters and relative files that exist, captions, text, no widget."""
    done = runs[runner]
    assert done.code == 0, done.said
    notebook = json.loads((done.folder / "done.ipynb").read_text(encoding="utf-8"))
    outputs = [_only(cell) for cell in notebook["cells"] if "%%kling" in "".join(cell["source"])]
    for data, prompt, clips in zip(outputs, ("A red fox", "A pair of geese"), (1, 2), strict=True):
        assert set(data) == {"text/html", "text/plain"}
        page = data["text/html"]
        assert "kling-nb-card" not in page, "a card of the way there was saved"
        sources = re.findall(r'<video[^>]* src="([^"]+)"', page)
        posters = re.findall(r'<video[^>]* poster="data:image/jpeg;base64,([^"]+)"', page)
        assert (len(set(sources)), len(posters)) == (clips, clips)
        for source in sources:
            assert source.startswith("kling_outputs/")
            assert (done.folder / unquote(source)).stat().st_size > 1000
        for said in data.values():
            assert prompt in said
            assert "kling-v2" in said
            assert "nothing charged" in said
        # The tests' films are tiny, so each poster counts as the largest one that is ever made.
        largest = len(json.dumps(data)) + sum(POSTER_BYTES * 4 / 3 - len(poster) for poster in posters)
        assert largest <= ALLOWED * clips


def _only(cell: dict[str, Any]) -> dict[str, str]:
    (output,) = cell["outputs"]
    assert output["output_type"] == "display_data"
    return {kind: "".join(text) for kind, text in output["data"].items()}
