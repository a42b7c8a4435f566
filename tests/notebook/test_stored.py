"""The notebooks of the repository as they lie there: run, small, playable, and of no particular machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LARGEST = 2_000_000
PLAYED = {"quickstart", "frames_and_references", "shots", "side_by_side", "benchmark_prompts", "money_and_recovery"}
"""Those that show clips outside of a widget."""

FOREIGN = re.compile(r"/root/|/tmp/|/Users/|/home/(?!you/)|[A-Z]:\\\\|\.example\.net")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs(path: Path) -> None:
    """``python .docs/execute.py`` makes them anew."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code), "a cell has not been run"
    assert len(text) < LARGEST
    assert "widgets" not in notebook["metadata"]
    meant = "raises-exception"  # a cell that shows what is refused
    loud = [cell for cell in code if meant in cell["metadata"].get("tags", ())]
    assert all("error" in [output["output_type"] for output in cell["outputs"]] for cell in loud)
    calm = [cell for cell in code if meant not in cell["metadata"].get("tags", ())]
    assert [output for cell in calm for output in cell["outputs"] if output["output_type"] == "error"] == []
    outputs = [output for cell in code for output in cell["outputs"]]
    assert FOREIGN.findall(json.dumps(outputs)) == []
    assert ("data:video/mp4;base64," in text) >= (path.stem in PLAYED)
