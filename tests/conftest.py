"""What every test may use, and a machine without keys, old clips or slow films."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tests.kernel import clock, home
from tests.loopback.plugin import gw

for name in list(os.environ):
    if (
        name.startswith(("KLING_NB_", "KLINGAI_", "AGENTSFLARE_", "IMAROUTER_", "WIREFLOW_", "FAL_", "REPLICATE_"))
        and name != "KLING_NB_CHROMIUM"
    ):
        del os.environ[name]
# Where Python is told to keep no bytecode, each worker would rewrite the assertions of all tests anew, half its start.
sys.dont_write_bytecode = False


def _folder(beside: Path | str | None) -> str:
    """A new folder that is gone with this process."""
    folder = tempfile.mkdtemp(prefix="kling_nb-tests-", dir=beside)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


# Journals wait for the disk at each event. Where there is one in memory with room enough, the tests' folders go there;
# the workers find this choice, or a person's own, in their environment.
MEMORY, ROOM = Path("/dev/shm"), 2_000_000_000  # noqa: S108 - a fresh folder in it
if "PYTEST_DEBUG_TEMPROOT" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = _folder(MEMORY)
# The notebooks run in kernels that inherit this: postage-stamp films, and a folder that starts empty.
os.environ["KLING_NB_SANDBOX"] = "latency=0.2 resolution=tiny"
os.environ["KLING_NB_OUTPUT"] = _folder(os.environ.get("PYTEST_DEBUG_TEMPROOT"))

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

WAITING = ("tests/notebook/", "notebooks/", "tests/docs/", "tests/money/", "tests/bench/test_kill", "tests/doctor/")
"""Files whose tests spend their time waiting for kernels and other processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They come first: what is left over at the end of the run is then short, and leaves no core without work."""
    items.sort(key=lambda item: not item.nodeid.startswith(WAITING))


__all__ = ["clock", "gw", "home"]
