"""The measurement of the event loop."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from kling_nb.doctor import load
from kling_nb.doctor.load import Figures, Lag, Load
from kling_nb.errors import OptionError
from kling_nb.lab import Lab
from kling_nb.lab.loops import Home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second of idling, and clips at once."""
    monkeypatch.setattr(load, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(load, "_LATENCY", 0.02)


def test_a_loop_that_is_held_up_shows() -> None:
    """What blocks for 50 ms is seen as 50 ms."""

    async def scene() -> list[float]:
        async def block() -> None:
            await asyncio.sleep(0.02)
            time.sleep(0.05)  # noqa: ASYNC251 - this is the illness

        return await load._lags(block())

    assert 30 < Lag.of(asyncio.run(scene())).most < 1000


def test_verdict() -> None:
    """A hundredth of a second is nothing, a tenth is felt."""
    lag = Lag(1.0, 2.0, 3.0)
    assert "nobody feels" in Figures(50, 50, 2.0, 10.0, lag, lag).verdict
    assert "at times" in Figures(50, 50, 2.0, 10.0, lag, Lag(1.0, 250.0, 300.0)).verdict


def test_jobs_beside_a_timer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocking, as in a terminal: all jobs finish, figures are there, the notebook's folder is untouched."""
    monkeypatch.chdir(tmp_path)
    lab = Lab(env={})
    lab.home = Home(own_thread=True)
    told: list[Figures] = []
    try:
        Load(lab, 3, told.append).block()
    finally:
        lab.home.close()
    (figures,) = told
    assert (figures.jobs, figures.done) == (3, 3)
    assert figures.busy.p50 <= figures.busy.p99 <= figures.busy.most
    assert list(tmp_path.iterdir()) == []
    for said in figures.bundle().values():
        assert "3 of 3 clips" in said


@pytest.mark.parametrize("jobs", [0, 1001])
def test_too_few_or_many(jobs: int) -> None:
    """One sentence, also where it blocks."""
    lab = Lab(env={})
    lab.home = Home(own_thread=True)
    try:
        with pytest.raises(OptionError, match="1 to 1000 jobs"):
            Load(lab, jobs, lambda _: None).block()
    finally:
        lab.home.close()
