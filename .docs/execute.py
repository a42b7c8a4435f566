"""Run the notebooks and store their outputs, small and with the clips inside, so that they play wherever they are.

    python .docs/execute.py            # all of them
    python .docs/execute.py quickstart

They run in a copy with an empty output folder and no keys; where that copy stood is not stored.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SHOWN = "/home/you/kling_nb"
"""What stands in the outputs where the copy's path stood."""

_CELL_SECONDS = 300
_OURS = ("KLING", "AGENTSFLARE_", "IMAROUTER_", "WIREFLOW_", "FAL_", "REPLICATE_", "JPY_")


def execute(path: Path) -> None:
    """Run one notebook and write it back."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "kling_nb" / "notebooks"
        shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns("kling_outputs", ".ipynb_checkpoints"))
        notebook = nbformat.read(folder / path.name, as_version=4)
        env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        env |= {"HOME": home, "KLING_NB_EMBED": "always", "KLING_NB_SANDBOX": "latency=2 resolution=small"}
        client = NotebookClient(notebook, timeout=_CELL_SECONDS, resources={"metadata": {"path": str(folder)}})
        client.execute(env=env)
        notebook.metadata.pop("widgets", None)  # the models of a kernel that is gone
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        text = nbformat.writes(notebook).replace(str(folder.parent), SHOWN).replace(home, "/home/you")
        path.write_text(text + "\n", encoding="utf-8")
    print(f"{path.name}: {len(text) / 1e6:.2f} MB")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    asked = [NOTEBOOKS / f"{name}.ipynb" for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb"))
    for one in asked:
        execute(one)
