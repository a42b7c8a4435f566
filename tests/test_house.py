"""The checks of style, types and structure, so that one command runs everything."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHECKS = {
    "ruff": ("-m", "ruff", "check", "."),
    "format": ("-m", "ruff", "format", "--check", "."),
    "mypy": ("-m", "mypy"),
    "imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
}


@pytest.mark.parametrize("check", CHECKS)
def test_check(check: str) -> None:
    """It finds nothing."""
    done = subprocess.run([sys.executable, *CHECKS[check]], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tools
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("library", "room"), [("httpx", "http.py"), ("h11", "line.py")])
def test_http_has_one_room(library: str, room: str) -> None:
    """Each HTTP library is imported in one file, so that another can take its place."""
    rooms = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kling_nb").rglob("*.py")
        if any(
            line.strip().startswith((f"import {library}", f"from {library}")) for line in path.read_text().splitlines()
        )
    ]
    assert rooms == [f"kling_nb/engine/{room}"]
