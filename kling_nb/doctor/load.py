"""``%kling doctor --load``: how late the notebook's event loop gets while many jobs run in it.

Cells, widgets and cards share one loop with the jobs. A timer that should fire every 10 ms tells how long each of
them would have waited, first with nothing to do and then beside jobs on an instant sandbox in a temporary folder.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.errors import OptionError
from kling_nb.lab import Lab
from kling_nb.settings import Settings
from kling_nb.show import bundle, table, table_text

if TYPE_CHECKING:
    from kling_nb.show import Cell

MOST_JOBS = 1000
_TICK = 0.01
_IDLE_SECONDS = 1.0
_LATENCY = 1.0
_FELT = 100.0
"""Milliseconds from which a person feels that a click waits."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How late timers fired, in milliseconds."""

    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Lag:
        """Of at least two measurements in seconds."""
        ordered = [1000 * max(one, 0.0) for one in seconds]
        hundredths = statistics.quantiles(ordered, n=100, method="inclusive")
        return cls(hundredths[49], hundredths[98], max(ordered))


@dataclass(frozen=True, slots=True)
class Figures:
    """One measurement. Shows itself as a table.

    Attributes:
        jobs: How many ran.
        done: How many of them have their clip.
        seconds: How long all of them took.
        cpu: Milliseconds of this process for each job, the sandbox's painting included.
        idle, busy: The loop without and with them.
    """

    jobs: int
    done: int
    seconds: float
    cpu: float
    idle: Lag
    busy: Lag

    @property
    def verdict(self) -> str:
        """What it means, in a sentence."""
        felt = "nobody feels that" if self.busy.p99 < _FELT else "cells and widgets wait that long at times"
        return (
            f"{self.done} of {self.jobs} clips in {self.seconds:.1f} s, {self.cpu:.0f} ms of processor time each, the "
            f"sandbox's painting included. One timer in a hundred is {self.busy.p99:.1f} ms late: {felt}."
        )

    def bundle(self) -> dict[str, str]:
        """As HTML and as text."""
        headers = ("how late timers fire, ms", "p50", "p99", "most")
        rows: list[list[Cell]] = [
            [name, *(round(value, 1) for value in (lag.p50, lag.p99, lag.most))]
            for name, lag in (("idle", self.idle), (f"{self.jobs} jobs", self.busy))
        ]
        title = "The event loop under load"
        return bundle(
            table(headers, rows, title=title, note=self.verdict),
            table_text(headers, rows, title=title, note=self.verdict),
        )


async def measure(jobs: int = 50) -> Figures:
    """Measure the running loop; takes about four seconds for 50 jobs.

    Args:
        jobs: How many, 1 to 1,000.

    Raises:
        OptionError: Too few or too many.
    """
    if not 1 <= jobs <= MOST_JOBS:
        raise OptionError(f"--load takes 1 to {MOST_JOBS} jobs, not {jobs}: write for example --load 50.")
    with tempfile.TemporaryDirectory(prefix="kling-nb-load-", ignore_cleanup_errors=True) as folder:
        env = {"KLING_NB_SANDBOX": f"latency={_LATENCY:g} resolution=tiny"}
        lab = Lab(Settings(output=folder), env=env)
        await lab.order([{"prompt": "a first clip, so that imports do not count"}])
        idle = await _lags(asyncio.sleep(_IDLE_SECONDS))
        cpu, began = time.process_time(), time.perf_counter()
        made = lab.order([{"prompt": f"clip {number} of a load test"} for number in range(jobs)])
        busy = await _lags(made.ended())
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        done = sum(job.status == "done" for job in made)
        lab.journal.close()
    return Figures(jobs, done, seconds, 1000 * cpu / jobs, Lag.of(idle), Lag.of(busy))


async def _lags(work: Coroutine[Any, Any, None]) -> list[float]:
    """How late a timer of this loop fires while something else goes on, in seconds."""
    late: list[float] = []
    ended = asyncio.ensure_future(work)
    while not ended.done() or len(late) < 2:  # noqa: PLR2004 - a quantile needs two
        before = time.perf_counter()
        await asyncio.sleep(_TICK)
        late.append(time.perf_counter() - before - _TICK)
    ended.result()
    return late


class Load:
    """A measurement that a cell waits for: awaited in a notebook, blocking elsewhere.

    Args:
        lab: Whose loop is measured where no other runs.
        jobs: How many.
        tell: Gets the figures.
    """

    def __init__(self, lab: Lab, jobs: int, tell: Callable[[Figures], None]) -> None:
        self._lab = lab
        self._jobs = jobs
        self._tell = tell

    async def ended(self) -> None:
        """Measure the running loop."""
        self._tell(await measure(self._jobs))

    def block(self) -> None:
        """Measure the loop that jobs run on here."""
        self._tell(self._lab.home.answer(measure(self._jobs)))
