"""A lab in this process, with virtual time, that can be closed and opened again like a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.lab import Job, Jobs, Lab
from kling_nb.settings import Settings
from tests.kernel import close, leave
from tests.money.gateways import environment

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab.loops import Home
    from tests.engine.clock import Clock
    from tests.loopback import Loopback


class Studio:
    """One output folder and the kernels that work on it, one after the other.

    Attributes:
        lab: The kernel of the moment.
    """

    def __init__(self, gw: Loopback, clock: Clock, home: Home, folder: Path) -> None:
        self.gw = gw
        self.clock = clock
        self.folder = folder
        self._home = home
        self._labs: list[Lab] = []
        self.restart()

    def restart(self) -> None:
        """A new kernel on the same folder; what the old one was doing is left as it is."""
        for lab in self._labs:
            leave(lab)
        settings, clock = Settings(output=str(self.folder), gateway="kling"), self.clock
        self.lab = Lab(settings, env=environment(self.gw), now=clock.now, sleep=clock.sleep)
        self.lab.home = self._home
        self._labs.append(self.lab)

    def send(self, prompt: str = "a fox", **options: Any) -> Job:
        """Ask for one clip and do not wait."""
        asked: dict[str, Any] = {"model": "kling-v2-6", "duration": 5} | options
        job = self.lab.submit(prompt, **asked)
        assert isinstance(job, Job)
        return job

    def make(self, prompt: str = "a fox", **options: Any) -> Job:
        """Ask for one clip and wait for its end, whatever that is."""
        job = self.send(prompt, **options)
        self.wait(job)
        return job

    def wait(self, *jobs: Job) -> None:
        """Wait until jobs have ended."""
        Jobs(self.lab, jobs).block(30.0)

    def close(self) -> None:
        """End what a kernel would take with it when it ends."""
        self.restart()
        for lab in self._labs:
            close(lab)


@pytest.fixture
def studio(gw: Loopback, clock: Clock, home: Home, tmp_path: Path) -> Iterator[Studio]:
    """An empty folder, keys for every gateway, and time that costs nothing."""
    studio = Studio(gw, clock, home, tmp_path / "out")
    yield studio
    studio.close()
