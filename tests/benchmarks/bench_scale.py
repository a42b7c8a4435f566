"""A thousand clips at once, in a script and in a notebook's kernel, beside other clients; and what one more costs.

    pip install aiohttp openai                              # the others; who is missing is left out
    python tests/benchmarks/bench_scale.py                  # five minutes; --jobs 10,100,1000,5000 for the growth

The gateway answers over loopback; latencies are log-normal, and time is compressed ten-fold (6 s stand for a minute),
so every rate is ten times that of life. *lost* was billed and not delivered. *CPU* is the client's whole process:
*loop* is the thread that the notebook needs too, *storing* the worker that checks, tags and stores each clip with its
poster (others fetch no clip), *the rest* is mostly the journal. *Lag* is how late a timer of 20 ms fires. *Memory* is
the peak over what the imports and a first clip took. ``wall`` is a multiple of the longest latency.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import logging
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.peers.clients import CLIENTS, lab_on
from tests.benchmarks.peers.gateway import Faults, Gateway, serve
from tests.loopback.clip import make_clip

SCALE = 10.0
FIRST = 99_999
"""The number of the task that is made before the clock starts."""
_TICK = 0.02
_SPAWN = multiprocessing.get_context("spawn")
_KERNEL = """
import sys
sys.path.insert(0, {root!r})
%load_ext kling_nb
from tests.benchmarks import bench_scale as _bench
print(_bench.MARK + _bench.json.dumps(await _bench.ours_in_a_kernel({base!r}, {jobs})))
"""
MARK = "measured: "


def _memory(name: str) -> float:
    """A line of /proc/self/status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


async def watched(begin: Callable[[], Awaitable[Sequence[str]]], jobs: int) -> dict[str, Any]:
    """Run the jobs; what it took of the process and of its loop."""
    from kling_nb.worker import off_loop  # noqa: PLC0415 - imported when the other clients are, before the clock

    lags: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK)
            lags.append(time.perf_counter() - before - _TICK)

    Path("/proc/self/clear_refs").write_text("5")  # noqa: ASYNC240 - no disk behind it; the peak so far is forgotten
    memory, ticking = _memory("VmRSS"), asyncio.create_task(tick())
    worker, loop = await off_loop(time.thread_time), time.thread_time()
    cpu, wall = time.process_time(), time.time()
    ends = await begin()
    wall, cpu, loop = time.time() - wall, time.process_time() - cpu, time.thread_time() - loop
    worker = await off_loop(time.thread_time) - worker
    ticking.cancel()
    share = 1000 / jobs
    return {
        "ends": dict(Counter(ends)),
        "wall": wall,
        "cpu": cpu * share,
        "loop": loop * share,
        "storing": worker * share,
        "rest": (cpu - loop - worker) * share,
        "lag": [1000 * statistics.quantiles(lags, n=100)[98], 1000 * max(lags)],
        "memory": _memory("VmHWM") - memory,
    }


async def _ours(base: str, jobs: int, folder: Path, prepare: Callable[[Any], None]) -> dict[str, Any]:
    lab = lab_on("kling", base, SCALE, folder)
    await lab.submit(f"task-{FIRST}", model="kling-v2-6", duration=5)
    prepare(lab)
    cell: list[float] = []

    async def begin() -> list[str]:
        before = time.perf_counter()
        made = lab.submit([f"task-{number}" for number in range(jobs)], model="kling-v2-6", duration=5)
        lab.show(made)
        cell.append(time.perf_counter() - before)
        await made.ended()
        return [job.status for job in made]

    return {**await watched(begin, jobs), "cell": cell[0]}


async def ours_in_a_kernel(base: str, jobs: int) -> dict[str, Any]:
    """Called inside a kernel: jobs on its own loop, and the live card that shows them all."""
    from IPython import get_ipython  # noqa: PLC0415 - only there

    from kling_nb.live import attach  # noqa: PLC0415 - only there

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return await _ours(base, jobs, Path(folder), lambda lab: attach(lab, get_ipython()))


async def _theirs(name: str, base: str, jobs: int, folder: Path) -> dict[str, Any]:
    one = await CLIENTS[name][1](base, SCALE, folder)
    await one(FIRST)

    async def guarded(number: int) -> str:
        try:
            await one(number)
        except Exception as error:  # noqa: BLE001 - whatever it gives up with
            return type(error).__name__
        return "done"

    async def begin() -> list[str]:
        return await asyncio.gather(*(guarded(number) for number in range(jobs)))

    return {**await watched(begin, jobs), "cell": 0.0}


def _script(name: str, base: str, jobs: int, tell: Connection) -> None:
    """One client in a process of its own."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        ours = _ours(base, jobs, Path(folder), lambda _: None) if name == "kling_nb" else None
        tell.send(asyncio.run(ours or _theirs(name, base, jobs, Path(folder))))
    os._exit(0)  # what is stuck must not be waited for


def _in_a_script(name: str, base: str, jobs: int) -> dict[str, Any]:
    here, there = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_script, args=(name, base, jobs, there), daemon=True)
    process.start()
    there.close()
    row: dict[str, Any] = here.recv()
    process.join(5)
    process.kill()
    return row


def _in_a_kernel(_name: str, base: str, jobs: int) -> dict[str, Any]:
    from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 - only for this row

    manager, client = start_new_kernel()
    said: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        content = message["content"]
        said.append(content.get("text", "") + "\n".join(content.get("traceback", ())))

    try:
        code = _KERNEL.format(root=str(Path(__file__).resolve().parents[2]), base=base, jobs=jobs)
        client.execute_interactive(code, timeout=300, output_hook=keep, allow_stdin=False)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    text = "".join(said)
    if MARK not in text:
        raise RuntimeError(text)
    row: dict[str, Any] = json.loads(text.rpartition(MARK)[2].splitlines()[0])
    return row


async def measure(name: str, run: Callable[[str, str, int], dict[str, Any]], jobs: int) -> dict[str, Any]:
    """One row: the client's own figures, and the gateway's."""
    gateway = Gateway(Faults(), make_clip())
    async with await serve(gateway):
        row = await asyncio.to_thread(run, name, gateway.url, jobs)
    tasks = [task for task in gateway.tasks.values() if task.number != FIRST]
    longest = max(task.latency for task in tasks)
    delays = [(task.seen - task.ready) / task.latency for task in tasks if task.seen]
    return row | {
        "lost": len(tasks) - row["ends"].get("done", 0),
        "polls": sum(task.polls for task in tasks) / jobs,
        "late": 100 * statistics.median(delays),
        "longest": row["wall"] / longest,
    }


def _told(jobs: int, name: str, row: dict[str, Any]) -> str:
    lag, most = row["lag"]
    cells = [f"{jobs:,}", name, row["lost"], f"{row['longest']:.2f}", f"{row['polls']:.1f}, {row['late']:.1f}",
             f"{row['cpu']:.1f}", f"{row['loop']:.1f}, {row['storing']:.1f}, {row['rest']:.1f}",
             f"{lag:.1f}, {most:.0f}", f"{row['memory']:.0f}", f"{row['cell']:.2f}"]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", default="1000", help="comma-separated")
    parser.add_argument("--clients", default="script,kernel,ComfyUI-like loop,bare loop,openai", help="comma-separated")
    given = parser.parse_args()
    head = ("jobs", "client", "lost", "wall", "polls, delay %", "CPU ms a job", "loop, storing, the rest",
            "lag p99, max ms", "memory MB", "the cell s")  # fmt: skip
    say = sys.stdout.write
    say(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    for jobs in map(int, given.jobs.split(",")):
        for name in given.clients.split(","):
            package = CLIENTS[name][0] if name in CLIENTS else ""
            if package and importlib.util.find_spec(package.replace("-", "_")) is None:
                say(f"| {jobs:,} | {name} | not installed: pip install {package} |{' |' * (len(head) - 3)}\n")
                continue
            ours = "kling_nb" if name in {"script", "kernel"} else name
            row = asyncio.run(measure(ours, _in_a_kernel if name == "kernel" else _in_a_script, jobs))
            say(_told(jobs, f"**kling_nb** in a {name}" if ours == "kling_nb" else name, row))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
