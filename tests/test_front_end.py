"""The browser's halves are checked like the Python ones: types from their comments, by the TypeScript compiler."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kling_nb"
PLAYER = ("player/deck.js", "player/stage.js", "player/player.js")
PANEL = ("crop", "upload", "frames", "choices", "prompts", "remarks", "results", "composer")
PROGRAMS = {
    "a saved comparison": (*PLAYER, "player/inline.js"),
    "a saved gallery": (*PLAYER, "player/gallery.js", "player/inline.js"),
    "a comparison that is alive": (*PLAYER, "panels/compare.js"),
    "a report": (*PLAYER, "bench/report/report.js"),
    "the panel": tuple(f"panels/{name}.js" for name in ("common", *PANEL)),
    "clips that no address leads to": ("panels/common.js", "panels/screen.js"),
    "the board": ("panels/common.js", "panels/chosen.js", "panels/board.js"),
    "the arena": ("panels/common.js", "panels/arena.js"),
}
"""Which files are joined into one module, and so see each other's names."""

OPTIONS = (
    "--noEmit --allowJs --checkJs --strict --noUncheckedIndexedAccess --target es2022 --lib es2023,dom,dom.iterable"
)


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """``tsc``, as node's own package runner brings it. Without node the tests are skipped, but not in CI."""
    npx = shutil.which("npx")
    if npx is None:
        said = "No node on this machine: install it, so that npx can run the TypeScript compiler."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(said)
        pytest.skip(said)
    return [npx, "--yes", "-p", "typescript@>=5.6", "tsc"]


@pytest.mark.browser
@pytest.mark.parametrize("program", PROGRAMS)
def test_types(compiler: list[str], program: str) -> None:
    """Strict, with every null and every index looked at."""
    command = [*compiler, *OPTIONS.split(), *PROGRAMS[program]]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False)  # noqa: S603 - node's own
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_script_is_checked() -> None:
    """A script that is added has to be named above."""
    checked = {name for program in PROGRAMS.values() for name in program}
    assert {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.js")} == checked
