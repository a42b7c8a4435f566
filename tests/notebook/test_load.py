"""``%load_ext kling_nb`` costs milliseconds, because nothing heavy is imported before the first cell needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .kernels import environment

if TYPE_CHECKING:
    from pathlib import Path

# Milliseconds each takes on top of IPython: httpx 107, pydantic 117, ipywidgets 50, av 43 …
HEAVY = (
    "httpx", "pydantic", "av", "PIL", "numpy", "starlette", "uvicorn", "jwt", "sqlite3", "ipywidgets", "anywidget",
    "nest_asyncio2", "kling_nb.lab", "kling_nb.live", "kling_nb.engine", "kling_nb.sandbox", "kling_nb.gateways",
    "kling_nb.catalog", "kling_nb.journal", "kling_nb.show", "kling_nb.request", "kling_nb.media", "kling_nb.frames",
)  # fmt: skip
# asyncio: every kernel has it already, a bare shell does not
SHELL = "import asyncio; from IPython.core.interactiveshell import InteractiveShell; ip = InteractiveShell.instance()"
STEPS = {
    "load": "ip.run_line_magic('load_ext', 'kling_nb')",
    "help": "ip.run_line_magic('load_ext', 'kling_nb'); ip.run_cell_magic('kling', '--help', chr(10))",
    "import": "import kling_nb; dir(kling_nb); kling_nb.__version__",
}
PROGRAM = """
import json, sys
{shell}
before = set(sys.modules)
{step}
print(); print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.parametrize("step", STEPS)
def test_imports_little(step: str, tmp_path: Path) -> None:
    """Loading, asking for help and importing the package bring in a handful of small modules of our own."""
    program = PROGRAM.format(shell=SHELL, step=STEPS[step])
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program],
        env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    new = json.loads(done.stdout.splitlines()[-1])
    assert "kling_nb" in new
    assert [name for name in new for heavy in HEAVY if name == heavy or name.startswith(f"{heavy}.")] == []
    assert len(new) <= 20, f"each module costs a fraction of a millisecond: {new}"
    assert list(tmp_path.glob("kling_outputs*")) == [], "nothing is written before the first clip"
