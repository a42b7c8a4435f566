"""The wheel holds what the panels need: built, unpacked elsewhere, and asked there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PANELS = ROOT / "kling_nb" / "panels"
OPEN = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import kling_nb
assert kling_nb.__file__.startswith(sys.argv[1]), kling_nb.__file__
from kling_nb.lab import Lab
from kling_nb.lab.compose import Form
from kling_nb.panels.board import Board
from kling_nb.panels.composer import Composer

async def main():
    lab = Lab(env={"KLING_NB_OUTPUT": sys.argv[2]})
    for widget in (Composer(lab, Form()), Board(lab, "mark")):
        assert "render(" in widget._esm and ".kling-nb" in widget._css
        print(len(widget._esm))
    assert widget.get_state()["rows"] == []

asyncio.run(main())
"""


def test_the_panel_opens_from_the_wheel(tmp_path: Path) -> None:
    """Every module and style sheet is in it, and both panels are made from what is there."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own tools
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        there = set(packed.namelist())
        packed.extractall(tmp_path / "site")
    static = {path.relative_to(ROOT).as_posix() for path in PANELS.iterdir() if path.suffix in {".js", ".css"}}
    assert static <= there
    opened = subprocess.run(  # noqa: S603 - the interpreter itself
        [sys.executable, "-c", OPEN, str(tmp_path / "site"), str(tmp_path / "out")],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    assert max(map(int, opened.stdout.split())) < 60_000
