"""A lab in virtual time whose every gateway is the loopback one, and benches on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.bench.bench import Bench
from kling_nb.lab import Lab
from kling_nb.settings import Settings
from tests.kernel import close
from tests.money.gateways import environment

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab.loops import Home
    from tests.engine.clock import Clock
    from tests.loopback import Loopback

Make = Callable[..., Bench]


@pytest.fixture
def lab(gw: Loopback, clock: Clock, home: Home, tmp_path: Path) -> Iterator[Lab]:
    """An empty folder, keys for every gateway, and time that costs nothing."""
    settings = Settings(output=str(tmp_path / "out"), gateway="kling", confirm_above=100.0)
    lab = Lab(settings, env=environment(gw), now=clock.now, sleep=clock.sleep)
    lab.home = home
    yield lab
    close(lab)


@pytest.fixture
def another(lab: Lab) -> Iterator[Callable[[], Lab]]:
    """Further kernels on the same folder."""
    made: list[Lab] = []

    def start() -> Lab:
        fresh = Lab(lab.settings, env=lab._env, now=lab._now, sleep=lab._desks._sleep)
        fresh.home = lab.home
        made.append(fresh)
        return fresh

    yield start
    for one in made:
        close(one)


@pytest.fixture
def make(lab: Lab) -> Make:
    """A bench of five-second clips on that lab."""

    def made(prompts: Any = ("task-1 a fox", "task-2 a hen"), **options: Any) -> Bench:
        given: dict[str, Any] = {"model": "kling-v2-6", "duration": 5, "lab": lab} | options
        return Bench(list(prompts) if isinstance(prompts, tuple) else prompts, **given)

    return made
