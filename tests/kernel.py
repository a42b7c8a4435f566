"""What the tests of a lab share: its loop, its clock, and its end. The fixtures are everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from kling_nb.lab.loops import Home
from tests.engine.clock import Clock

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from tests.loopback import Loopback


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """The package's own loop thread, shared by all labs of these tests."""
    home = Home(own_thread=True)
    yield home
    home.close()


@pytest.fixture
def clock(gw: Loopback) -> Clock:
    """The one clock of both ends."""
    clock = Clock()
    gw.clock = clock.now
    return clock


def leave(lab: Lab) -> None:
    """What a lab is doing is left as it is, as by a kernel that is killed."""
    for job in list(lab._running.jobs.values()):
        job.abort()


def close(lab: Lab) -> None:
    """End what a kernel would take with it when it ends."""
    loop = lab.home.loop()
    for desk in lab._desks._desks.values():
        asyncio.run_coroutine_threadsafe(desk.engine.close(), loop).result()
    for journal in lab._desks._journals.values():
        journal.close()
