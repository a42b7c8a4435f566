"""A kernel that can be killed: one real process that asks for clips and waits for them.

Its processes are forked from a server that has imported everything once, because starting Python takes longer
than what these tests ask of it. A deadline in the plan kills the process from inside, at one exact point.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.engine import http, lines
from kling_nb.lab import Lab, leases
from kling_nb.lab.loops import Home
from kling_nb.scribe import Entry, Scribe
from kling_nb.settings import Settings
from tests.engine.clock import Clock

if TYPE_CHECKING:
    from kling_nb.life import Event

UNSETTLED = 3
"""Exit code of a kernel that ended with a job that is not done."""

http._tls()  # once, before the forks
_FACTORY = multiprocessing.get_context("forkserver")
# The last three are what a child would else import for itself: pytest to be like its parent, the others with its
# first clip and its first connection.
_FACTORY.set_forkserver_preload(["tests.money.kernel", "pytest", "tests.money.warm", "anyio._backends._asyncio"])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a kernel does, the same each time it is started.

    Attributes:
        requests: Keywords of ``kling.submit``, one mapping a clip.
        die: Where it kills itself: ``before sending``, ``after ticket``, ... around the journal's writes, or
            ``download`` amid the first clip; empty for nowhere.
        name: Its user agent, by which the gateway's log tells kernels apart.
        machine: Pretend to be on another machine of that name.
        lease: Seconds of its leases.
        nap: Real seconds that its longest waits take; 0 for a virtual clock.
        file_limit: Bytes that no file of it may grow beyond; 0 for no limit.
    """

    folder: Path
    env: Mapping[str, str]
    gateway: str
    requests: tuple[Mapping[str, Any], ...]
    die: str = ""
    name: str = "kernel"
    machine: str = ""
    lease: float = leases.LEASE_SECONDS
    nap: float = 0.0
    file_limit: int = 0


@dataclass(frozen=True, slots=True)
class Kernel:
    """A running kernel."""

    process: BaseProcess
    plan: Plan = field(repr=False)

    @classmethod
    def start(cls, plan: Plan) -> Kernel:
        """Start it."""
        process = _FACTORY.Process(target=_live, args=(plan,), daemon=True)
        process.start()
        return cls(process, plan)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.end()

    def end(self) -> int:
        """Wait for its end; the exit code, ``-SIGKILL`` if it was killed."""
        self.process.join(timeout=60)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
            raise AssertionError(f"kernel {self.plan.name} hung with the plan {self.plan.die!r}")
        self.process.close()
        return code


def _live(plan: Plan) -> None:
    """The kernel's whole life, in its own process."""
    gc.freeze()  # what was imported before the fork is no garbage; looking at it would copy its pages
    sleep, now = _nap(plan.nap) if plan.nap else _virtual()
    _pretend(plan)
    if plan.file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (plan.file_limit, plan.file_limit))
    if plan.die:
        _arm(plan.die)
    lab = Lab(Settings(output=str(plan.folder), confirm_above=1e9), env=plan.env, now=now, sleep=sleep)
    lab.home = Home(own_thread=True)
    jobs = lab.order(plan.requests, gateway=plan.gateway)
    jobs.block(None)
    os._exit(0 if all(job.status == "done" for job in jobs) else UNSETTLED)


def _pretend(plan: Plan) -> None:
    """Another name, another machine, shorter leases."""
    http.USER_AGENT = lines.USER_AGENT = plan.name  # type: ignore[attr-defined]
    leases.LEASE_SECONDS = plan.lease
    leases._RENEW_SECONDS = plan.lease / 6
    if plan.machine:
        socket.gethostname = lambda: plan.machine


def _virtual() -> tuple[Callable[[float], Awaitable[None]], Callable[[], float]]:
    clock = Clock(time.time())
    return clock.sleep, clock.now


def _nap(longest: float) -> tuple[Callable[[float], Awaitable[None]], Callable[[], float]]:
    return lambda seconds: asyncio.sleep(min(seconds, longest)), time.time


def _arm(point: str) -> None:
    if point == "download":
        http.Stream.chunks = _torn  # type: ignore[assignment,method-assign]
        return
    moment, kind = point.split()
    put, tell = Scribe._put, Scribe._tell

    def deadly_put(scribe: Scribe, job: str, event: Event, *more: Any, **named: Any) -> None:
        if (moment, kind) == ("before", event.kind):
            _die()
        put(scribe, job, event, *more, **named)

    def deadly_tell(scribe: Scribe, batch: list[Entry], states: list[Any]) -> None:
        if moment == "after" and any(entry.event.kind == kind for entry in batch):  # on the disk, and nobody knows
            _die()
        tell(scribe, batch, states)

    Scribe._put, Scribe._tell = deadly_put, deadly_tell  # type: ignore[assignment,method-assign]


async def _torn(stream: http.Stream) -> AsyncIterator[bytes]:
    """The first piece of a clip, and then the end."""
    yield (await anext(stream._raw))[:65536]
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()  # the signal is on its way; nothing more must happen in this thread
