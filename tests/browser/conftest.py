"""One Chromium and one Jupyter for this folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from .jupyter import Jupyter, serve
from .pages import chromium_path, launch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_PATIENCE = 15_000
"""Milliseconds until a page that should look so is said not to; busy machines are slow."""

_TRIES_MORE = 2
"""These tests share two cores with a browser, a server and two other workers, and some of them measure real time."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Each test of this folder may be tried again; the summary counts how often one was."""
    item.add_marker(pytest.mark.flaky(reruns=_TRIES_MORE))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. Without one the tests are skipped, but not where all tests have to run (``CI=true``).

    Not for the whole session: while Playwright is open, its event loop counts as this thread's running
    loop, and ``asyncio.run`` in another folder's test would be refused.
    """
    path = chromium_path()
    if path is None:
        said = "No Chromium on this machine: install one, or name it in KLING_NB_CHROMIUM."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(said)
        pytest.skip(said)
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright, launch(playwright, path) as chromium:
        yield chromium


@pytest.fixture(scope="package")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A server whose sandbox takes a second and a half and paints films in full size."""
    with serve(tmp_path_factory.mktemp("jupyter"), sandbox="latency=1.5") as server:
        yield server
