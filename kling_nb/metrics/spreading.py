"""Many clips through any executor of ``concurrent.futures``: threads, processes, a Dask or ipyparallel cluster.

Only for work that may be repeated; what is paid for never goes through here.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kling_nb.metrics.alone import alone
from kling_nb.metrics.measuring import STANDARD, measure
from kling_nb.metrics.registry import homes

AHEAD = 64
"""Jobs that an executor holds at once: enough for a cluster of that many, and flat in memory for any number."""

Job = Mapping[str, Any]
Do = Callable[..., dict[str, Any]]


def spread(
    executor: Executor | None, jobs: Iterable[Job], do: Do = measure, *, ahead: int = AHEAD
) -> Iterator[dict[str, Any]]:
    """Do many jobs and yield their answers as they are ready.

    A worker that dies loses nothing: its jobs are done once more, and after a second death the answer is an error.
    An executor that is broken for good is replaced by one process for each job, on this machine.

    Args:
        executor: Anything with ``submit`` of ``concurrent.futures``; None is a few threads of our own.
        jobs: Keyword arguments of ``do``, plain data; taken as they are needed, so they may be endless.
        do: An importable function: ``measure``, ``sheet``, ``transcode`` or one's own.
        ahead: Most jobs that the executor has at once.

    Yields:
        What ``do`` answered, and ``number``, the job's place in ``jobs``. A job that failed has an ``error``.
    """
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(_threads())
        desk = _Desk(executor, do, stack)
        numbered = enumerate(jobs)
        waiting: dict[Future[dict[str, Any]], _Try] = {}
        try:
            while True:
                for number, job in islice(numbered, max(1, ahead) - len(waiting)):
                    first = _Try(number, _with_homes(job) if do is measure else job)
                    waiting[desk.submit(first.job)] = first
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    tried = waiting.pop(future)
                    answer = _answer(future)
                    if not isinstance(answer, Exception):
                        yield {**answer, "number": tried.number}
                    elif tried.last:
                        yield {**_failed(tried, answer), "number": tried.number}
                    else:
                        again = _Try(tried.number, tried.job, last=True)
                        waiting[desk.submit(again.job)] = again
        finally:
            for future in waiting:
                future.cancel()


@dataclass(frozen=True, slots=True)
class _Try:
    """A job on its way."""

    number: int
    job: Job
    last: bool = False


class _Desk:
    """Hands jobs to the executor, and once that is broken, to processes of their own."""

    def __init__(self, executor: Executor, do: Do, stack: ExitStack) -> None:
        self._executor = executor
        self._do = do
        self._stack = stack
        self._broken = False

    def submit(self, job: Job) -> Future[dict[str, Any]]:
        """Start a job."""
        if not self._broken:
            try:
                return self._executor.submit(_call, self._do, dict(job), uuid.uuid4().hex)
            except (BrokenExecutor, RuntimeError):  # the second: somebody has shut it down
                self._broken = True
                self._executor = self._stack.enter_context(_threads())
        return self._executor.submit(alone, self._do, dict(job))


def _call(do: Do, job: dict[str, Any], _: str) -> dict[str, Any]:
    """Do a job in the executor. The last argument is never the same twice.

    Dask takes a call with equal arguments for the same call, and would answer a second try with the first one's error.
    """
    return do(**job)


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="kling_nb-metrics")


def _answer(future: Future[dict[str, Any]]) -> dict[str, Any] | Exception:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - executors raise errors of their own, cancelled ones among them
        return error


def _failed(tried: _Try, error: Exception) -> dict[str, Any]:
    told = f"{type(error).__name__}: {error}".rstrip(": ")[:300]
    return {"path": str(tried.job.get("path", "")), "error": f"Tried twice, and failed twice ({told})."}


def _with_homes(job: Job) -> Job:
    names = job.get("names", STANDARD)
    found = homes([names] if isinstance(names, str) else names)
    return {**job, "homes": {**found, **job.get("homes", {})}} if found else job
