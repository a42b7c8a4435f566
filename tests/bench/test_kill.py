"""A kernel that runs a bench is killed again and again: each cell is paid once, and the last one finds all of them."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kling_nb.bench.bench import Bench
from kling_nb.lab import Lab
from kling_nb.lab.loops import Home
from kling_nb.settings import Settings
from tests.engine.clock import Clock
from tests.money.books import assert_clips, billed, until
from tests.money.gateways import environment
from tests.money.kernel import _FACTORY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.process import BaseProcess

    from tests.loopback import Loopback

# A child imports nothing anew, if nobody has started the factory yet.
_FACTORY.set_forkserver_preload(
    ["tests.money.kernel", "tests.bench.test_kill", "pytest", "tests.money.warm", "anyio._backends._asyncio"]
)

PROMPTS = 15
EACH = 4
"""Cells of one prompt."""


def bench_on(folder: Path, env: Mapping[str, str], prompts: int = PROMPTS) -> Bench:
    """Sixty cells, or fewer: prompts x modes x takes."""
    clock = Clock(time.time())
    lab = Lab(Settings(output=str(folder), gateway="kling"), env=env, now=clock.now, sleep=clock.sleep)
    lab.home = Home(own_thread=True)
    return Bench(
        [f"task-{number} a fox" for number in range(prompts)],
        name="many",
        model="kling-v2-6",
        mode=["std", "pro"],
        duration=5,
        takes=2,
        lab=lab,
    )


def live(folder: Path, env: Mapping[str, str], prompts: int) -> None:
    """The kernel's whole life, in its own process."""
    bench = bench_on(folder, env, prompts)
    bench.run(budget=30, yes=True, parallel=12).wait()
    os._exit(0 if bench.status() == {"cells": len(bench), "done": len(bench)} else 3)


def start(folder: Path, env: Mapping[str, str], prompts: int = PROMPTS) -> BaseProcess:
    """A kernel."""
    process = _FACTORY.Process(target=live, args=(folder, env, prompts), daemon=True)
    process.start()
    return process


def enough(gw: Loopback, process: BaseProcess, requests: int) -> bool:
    """Whether the gateway has had so many requests, or the kernel is through."""
    return len(gw.requests) >= requests or not process.is_alive()


def test_killed_again_and_again(gw: Loopback, tmp_path: Path) -> None:
    """Killed twice at random, then left alone."""
    env, folder, dice = environment(gw), tmp_path / "out", random.Random(60)
    for _ in range(2):
        process = start(folder, env)
        until(partial(enough, gw, process, len(gw.requests) + dice.randint(10, 60)))
        process.kill()
        process.join(30)
    process = start(folder, env)
    process.join(60)
    assert process.exitcode == 0
    assert billed(gw) == {f"task-{number}": EACH for number in range(PROMPTS)}
    assert Counter(task.key for task in gw.charged).most_common(1)[0][1] == 1
    assert_clips(folder)
    assert len(list(folder.glob("*.mp4"))) == PROMPTS * EACH
    rows = bench_on(folder, env).rows()
    assert len({row["job"] for row in rows}) == PROMPTS * EACH
    assert {(row["status"], row["charged"]) for row in rows} == {("done", True)}


def test_two_kernels_at_once(gw: Loopback, tmp_path: Path) -> None:
    """The same bench in two notebooks at the same moment: both end with all clips, each of which was paid once."""
    env, folder = environment(gw), tmp_path / "out"
    kernels = [start(folder, env, 5) for _ in range(2)]
    for process in kernels:
        process.join(60)
    assert [process.exitcode for process in kernels] == [0, 0]
    assert billed(gw) == {f"task-{number}": EACH for number in range(5)}
    assert_clips(folder)
