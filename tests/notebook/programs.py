"""Several programs at once: starting Python takes longer than what these tests ask of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .kernels import PATIENCE, environment

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Done:
    """A program that has ended.

    Attributes:
        folder: Where it ran, with nothing else in it.
        said: Its stdout and stderr together.
    """

    folder: Path
    code: int
    said: str


def run_all(root: Path, programs: Mapping[str, Sequence[str]], files: Mapping[str, str]) -> dict[str, Done]:
    """Run ``python ARGUMENTS`` for each program at the same time, each in a folder of its own.

    Args:
        root: Holds the folders.
        programs: Arguments by name.
        files: Text of the files that each folder has, by name.
    """
    running: dict[str, tuple[Path, subprocess.Popen[str]]] = {}
    for name, arguments in programs.items():
        folder = root / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        running[name] = folder, subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, *arguments], cwd=folder, env=environment(root / "home"), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return {name: _end(folder, process) for name, (folder, process) in running.items()}


def _end(folder: Path, process: subprocess.Popen[str]) -> Done:
    with process:
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            said = f"{process.communicate()[0]}\nkilled: it had not ended after {PATIENCE:g} s"
    return Done(folder, process.returncode, said)
