"""Older kernels: one package laid over the installed ones, downloaded once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def overlay(cache: Path, requirement: str) -> Path:
    """A folder for ``PYTHONPATH`` that holds just this requirement, without what it depends on.

    Args:
        cache: Kept between test runs, so that only the first one needs a network.
        requirement: ``name==version``.

    Raises:
        pytest.skip.Exception: No installer could get it, on a person's machine.
        pytest.fail.Exception: The same where ``CI`` is ``true``: there it has to work.
    """
    folder = cache / requirement.replace("==", "-")
    if folder.is_dir():
        return folder
    said = "there is neither pip nor uv"
    with tempfile.TemporaryDirectory(dir=cache) as part:
        for installer in _installers():
            command = [*installer, "--quiet", "--no-deps", "--target", f"{part}/it", requirement]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own words
            if done.returncode == 0:
                Path(part, "it").replace(folder)
                return folder
            said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    complaint = f"{requirement} could not be downloaded: {said}"
    if os.environ.get("CI") == "true":
        pytest.fail(complaint)
    pytest.skip(complaint)


def _installers() -> Iterator[list[str]]:
    probe = [sys.executable, "-c", "import pip"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:  # noqa: S603 - our own words
        yield [sys.executable, "-m", "pip", "install", "--retries", "1", "--timeout", "15"]
    if uv := shutil.which("uv"):
        yield [uv, "pip", "install", "--python", sys.executable]
