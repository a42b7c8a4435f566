"""A lab on the loopback gateway, in virtual time, that can be left like a killed kernel and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.lab import Lab
from kling_nb.settings import Settings
from kling_nb.storyboard import Storyboard
from tests.kernel import close, leave

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab.loops import Home
    from kling_nb.storyboard import FilmRun
    from tests.engine.clock import Clock
    from tests.loopback import Loopback

SHOTS = ("[5s] a boat in the harbour", "[5s] it leaves", "[5s] night falls")


class Studio:
    """One output folder and the kernels that work on it, one after the other.

    Attributes:
        lab: The kernel of the moment.
    """

    def __init__(self, gw: Loopback, clock: Clock, home: Home, folder: Path) -> None:
        self.gw = gw
        self._clock, self._home, self._folder = clock, home, folder
        self._labs: list[Lab] = []
        self.restart()

    def restart(self) -> None:
        """A new kernel on the same folder; what the old one was doing is left as it is."""
        for lab in self._labs:
            leave(lab)
        env = {"KLINGAI_API_KEY": self.gw.key, "KLINGAI_BASE_URL": self.gw.url}
        settings = Settings(output=str(self._folder), gateway="kling")
        self.lab = Lab(settings, env=env, now=self._clock.now, sleep=self._clock.sleep)
        self.lab.home = self._home
        self._labs.append(self.lab)

    def board(self, shots: Any = SHOTS, **options: Any) -> Storyboard:
        """A storyboard whose model makes no several shots."""
        asked: dict[str, Any] = {"model": "kling-v2-6", "name": "The boat"} | options
        return Storyboard(shots, lab=self.lab, **asked)

    def make(self, shots: Any = SHOTS, **options: Any) -> FilmRun:
        """Make a film and wait for its end, whatever that is."""
        run = self.board(shots, **options).make()
        run._ended.result(30.0)
        return run

    def close(self) -> None:
        """End what a kernel would take with it when it ends."""
        self.restart()
        for lab in self._labs:
            close(lab)


@pytest.fixture
def studio(gw: Loopback, clock: Clock, home: Home, tmp_path: Path) -> Iterator[Studio]:
    """An empty folder, a key, and time that costs nothing."""
    studio = Studio(gw, clock, home, tmp_path / "out")
    yield studio
    studio.close()
