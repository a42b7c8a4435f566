"""The architecture page names real things, and every room has its line."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import kling_nb

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / ".github" / "ARCHITECTURE.md").read_text()
NAMES = sorted(set(re.findall(r"`(kling_nb(?:\.\w+)+)`", PAGE)))


def _resolve(name: str) -> object:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        return found
    raise AssertionError(name)


@pytest.mark.parametrize("name", NAMES)
def test_named_things_exist(name: str) -> None:
    """A name that was moved or removed must be mended on the page."""
    assert _resolve(name) is not None


def test_every_room_is_on_the_page() -> None:
    """A new top-level room needs a line that says what it is for."""
    rooms = {f"kling_nb.{module.name}" for module in pkgutil.iter_modules(kling_nb.__path__)}
    assert rooms - set(NAMES) == set()
