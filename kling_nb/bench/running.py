"""One run of a bench: a window of open jobs that moves over the cells, so that memory stays flat.

The run keeps no list of jobs: what became of a cell stands in the journal. That is why a killed kernel loses nothing
and why a second run sends only what is missing.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kling_nb.bench import faces
from kling_nb.bench.purse import Purse
from kling_nb.bench.work import Work
from kling_nb.errors import (
    AnswerError,
    AskError,
    DownloadError,
    KeyRefusedError,
    KlingError,
    NoCreditError,
    OutageError,
    SetupError,
    TakenOverError,
    ThrottledError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench
    from kling_nb.bench.cells import Cell
    from kling_nb.lab import Job

WINDOW = 64
"""Jobs that are open at once where nothing else is asked for."""

_CHUNK = 16
"""Cells that are asked for in one breath: they share the journal's disk flush, and hold the loop up for 10 ms."""

_OUTAGES = 10
"""So many in a row, and the gateway is down: the next thousand would fail too, or perhaps be paid for nothing."""

_DOWN = (AnswerError, DownloadError, OutageError, ThrottledError, UnknownOutcomeError)

_HALTING = (KeyRefusedError, NoCreditError, SetupError)
"""Trouble of the account or this machine, which every other cell would meet as well."""


class BenchRun(Work["Bench"]):
    """A run. ``await run`` gives the bench, which then shows what there is; a failed cell stops nothing.

    Attributes:
        total: Cells of the whole bench.
        before: Cells that were finished before this run.
        purse: What it has spent and reserved.
        finished: Cells that were made by it.
        failed: Cells that failed in it.
        reasons: Why, and how often.
    """

    resumes = "run it again: only what is missing is sent."

    def __init__(
        self,
        bench: Bench,
        todo: Sequence[Cell],
        *,
        paid: frozenset[str],
        budget: float | None,
        parallel: int,
    ) -> None:
        super().__init__(bench.lab)
        self.name = bench.name
        self.total = len(bench)
        self.before = self.total - len(todo)
        self.finished = 0
        self.failed = 0
        self.reasons: Counter[str] = Counter()
        self.purse = Purse([cell for cell in todo if cell.id not in paid], budget)
        self.started = bench.lab.now()
        self.expected = bench.lasting(todo, parallel)
        self.halted = False
        self._bench = bench
        self._now = bench.lab.now
        self._paid = paid
        self._todo = deque(todo)
        self._parallel = parallel
        self._open: dict[str, Cell] = {}
        self._settled: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._outages = 0
        self._begin(self._drive())

    @property
    def waiting(self) -> int:
        """Cells that are not sent yet."""
        return len(self._todo)

    @property
    def open(self) -> int:
        """Cells that are on their way."""
        return len(self._open)

    @property
    def left(self) -> float | None:
        """Seconds that the rest is believed to take; None once it is over."""
        rest = self.waiting + self.open
        if self.done() or not rest:
            return None
        through = self.finished + self.failed
        passed = self._now() - self.started
        known = through / (through + rest)
        return (passed / through * rest if through else 0.0) * known + max(self.expected - passed, 1.0) * (1 - known)

    def stop(self) -> None:
        """Send no more. What is open is paid for and still fetched; running again goes on."""
        self.halted = True
        self._tell()

    def outcome(self) -> Bench:
        """The bench."""
        return self._bench

    def bundle(self) -> dict[str, str]:
        """How far it is, what it has cost and why cells failed."""
        return faces.progress(self)

    async def _drive(self) -> None:
        self._loop = asyncio.get_running_loop()
        while (self._todo and not self.halted) or self._open:
            while self._settled:
                self._settle(self._settled.popleft())
            if self._send_some():
                await asyncio.sleep(0)
                continue
            if self._open:
                await self._wake.wait()
                self._wake.clear()

    def _send_some(self) -> bool:
        """Ask for the next few cells, if there is room and money; whether there may be more to do at once."""
        room = min(self._parallel - len(self._open), _CHUNK)
        if self.halted or not self._todo or room < min(_CHUNK, self._parallel, len(self._todo)):
            return False
        chunk: list[Cell] = []
        amount = 0.0
        while self._todo and len(chunk) < room and (not chunk or self._todo[0].gateway == chunk[0].gateway):
            price = self._price(self._todo[0])
            if not self.purse.fits(amount + price):
                break
            amount += price
            chunk.append(self._todo.popleft())
        if chunk:
            self._order(chunk)
        elif not self._open:  # else one that is open may turn out cheaper, or fail and cost nothing
            self._halt(self.purse.over())
        return bool(chunk)

    def _order(self, chunk: Sequence[Cell]) -> None:
        amounts = [self._price(cell) for cell in chunk]
        unlisted = self.purse.budget is not None and any(cell.usd is None and cell.told for cell in chunk)
        try:
            jobs = self._lab.order(
                [cell.keywords for cell in chunk],
                gateway=chunk[0].gateway,
                budget=sum(amounts) if unlisted else None,
                yes=True,  # the run as a whole was agreed to
            )
        except AskError as error:
            if len(chunk) == 1:
                self._failed(f"{chunk[0].entry.id}: {error.sentence}")
            for number, cell in enumerate(chunk if len(chunk) > 1 else ()):
                if self.halted:
                    self._todo.extendleft(reversed(chunk[number:]))
                    break
                self._order([cell])  # one of them was at fault, perhaps a picture that is gone: the others go on
        except KlingError as error:
            self._todo.extendleft(reversed(chunk))
            self._halt(error)
        else:
            for cell, job, amount in zip(chunk, jobs, amounts, strict=True):
                if job.id in self._open:
                    continue  # two cells that turned out to be one request
                self._open[job.id] = cell
                self.purse.reserved += amount
                job.ended.add_done_callback(self._noted(job))
        self._changed()

    def _noted(self, job: Job) -> Callable[[object], None]:
        def note(_: object) -> None:
            self._settled.append(job)
            self._tell()

        return note

    def _settle(self, job: Job) -> None:
        cell = self._open.pop(job.id)
        if cell.id not in self._paid:
            self.purse.settle(self._price(cell), job.state)
        if job.status == "done" and job.trouble is None:
            self.finished += 1
            self._outages = 0
        else:
            self._trouble(job, cell)
        self._changed()

    def _trouble(self, job: Job, cell: Cell) -> None:
        error = job.trouble
        self._failed(error.sentence if error else job.state.reason or f"it is {job.status}")
        if cell.id not in self._paid:  # what an earlier run has left in doubt says nothing about today
            self._outages = self._outages + 1 if isinstance(error, _DOWN) else 0
        shared = isinstance(error, _HALTING) and not isinstance(error, TakenOverError)
        if error and (shared or self._outages >= _OUTAGES):
            self._halt(error)

    def _failed(self, why: str) -> None:
        self.failed += 1
        if why in self.reasons or len(self.reasons) < faces.MOST_REASONS:
            self.reasons[why] += 1

    def _halt(self, error: KlingError) -> None:
        if self.trouble is None:
            self.trouble = error
        self.halted = True

    def _price(self, cell: Cell) -> float:
        """What a cell adds to this run: nothing where an earlier one has sent it."""
        return 0.0 if cell.id in self._paid else self.purse.expected(cell)

    def _tell(self) -> None:
        loop: asyncio.AbstractEventLoop | None = getattr(self, "_loop", None)
        if loop and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)
