"""A thousand clips at once, in a script and in a notebook's kernel, beside other clients; and what one more costs.

    pip install aiohttp openai                              # the others; who is missing is left out
    python tests/benchmarks/bench_scale.py                                          # five minutes
    python tests/benchmarks/bench_scale.py --repeat 3                               # the best of three, a busy machine
    python tests/benchmarks/bench_scale.py --jobs 10,100,1000,5000 --clients script,"bare loop"     # the growth

The gateway answers over loopback; latencies are log-normal, and time is compressed ten-fold (6 s stand for a minute),
so every rate is ten times that of life. *lost* was billed and not delivered. *CPU* is the client's whole process:
*loop* is the thread that the notebook needs too, *storing* the worker that checks, tags and stores each clip with its
poster (others fetch no clip), *the rest* is mostly the journal. *Lag* is how late a timer of 20 ms fires. *Memory* is
the peak over what the imports and a first clip took. ``wall`` is a multiple of the longest latency. *Load* is what
else the machine did (``uptime``): with more than it has cores, CPU says a third too much, and lag and wall nothing.

What is stored stays until the end: ext4 looks past every file that was deleted in the last seconds when it makes one,
which after a run of somebody else costs a millisecond a file.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import logging
import math
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
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
print(_bench.MARK + _bench.json.dumps(await _bench.ours_in_a_kernel({base!r}, {jobs}, {folder!r})))
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


async def ours_in_a_kernel(base: str, jobs: int, folder: str) -> dict[str, Any]:
    """Called inside a kernel: jobs on its own loop, and the live card that shows them all."""
    from IPython import get_ipython  # noqa: PLC0415 - only there

    from kling_nb.live import attach  # noqa: PLC0415 - only there

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


def _script(name: str, base: str, jobs: int, folder: str, tell: Connection) -> None:
    """One client in a process of its own."""
    logging.disable(logging.CRITICAL)
    ours = _ours(base, jobs, Path(folder), lambda _: None) if name == "kling_nb" else None
    tell.send(asyncio.run(ours or _theirs(name, base, jobs, Path(folder))))
    os._exit(0)  # what is stuck must not be waited for


def _in_a_script(name: str, base: str, jobs: int, folder: str) -> dict[str, Any]:
    here, there = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_script, args=(name, base, jobs, folder, there), daemon=True)
    process.start()
    there.close()
    row: dict[str, Any] = here.recv()
    process.join(5)
    process.kill()
    return row


def _in_a_kernel(_name: str, base: str, jobs: int, folder: str) -> dict[str, Any]:
    from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 - only for this row

    manager, client = start_new_kernel()
    said: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        content = message["content"]
        said.append(content.get("text", "") + "\n".join(content.get("traceback", ())))

    try:
        code = _KERNEL.format(root=str(Path(__file__).resolve().parents[2]), base=base, jobs=jobs, folder=folder)
        client.execute_interactive(code, timeout=300, output_hook=keep, allow_stdin=False)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    text = "".join(said)
    if MARK not in text:
        raise RuntimeError(text)
    row: dict[str, Any] = json.loads(text.rpartition(MARK)[2].splitlines()[0])
    return row


async def measure(
    name: str, run: Callable[[str, str, int, str], dict[str, Any]], jobs: int, folder: str
) -> dict[str, Any]:
    """One row: the client's own figures, and the gateway's."""
    gateway = Gateway(Faults(), make_clip())
    async with await serve(gateway):
        row = await asyncio.to_thread(run, name, gateway.url, jobs, folder)
    tasks = [task for task in gateway.tasks.values() if task.number != FIRST]
    longest = max(task.latency for task in tasks)
    delays = [(task.seen - task.ready) / task.latency for task in tasks if task.seen]
    return row | {
        "lost": len(tasks) - row["ends"].get("done", 0),
        "polls": gateway.looks / jobs,
        "late": 100 * statistics.median(delays),
        "longest": row["wall"] / longest,
        "load": os.getloadavg()[0],
    }


def _best(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several runs of one client, or of several clients, each figure at its best."""
    best = {name: min(row[name] for row in rows) for name in rows[0] if name not in {"ends", "lag"}}
    return best | {"lag": [min(row["lag"][place] for row in rows) for place in (0, 1)]}


def _told(jobs: int, name: str, row: dict[str, Any]) -> str:
    lag, most = row["lag"]
    cells = [f"{jobs:,}", name, row["lost"], f"{row['longest']:.2f}", f"{row['polls']:.1f}, {row['late']:.1f}",
             f"{row['cpu']:.1f}", f"{row['loop']:.1f}, {row['storing']:.1f}, {row['rest']:.1f}",
             f"{lag:.1f}, {most:.0f}", f"{row['memory']:.0f}", f"{row['cell']:.2f}", f"{row['load']:.1f}"]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |\n"


def _growth(name: str, rows: dict[int, dict[str, Any]]) -> str:
    """One more job takes, from each size to the next, and the power of the number of jobs that a job's CPU is."""
    sizes = sorted(rows)
    steps = list(pairwise(sizes))
    cpu = [(rows[b]["cpu"] * b - rows[a]["cpu"] * a) / (b - a) for a, b in steps]
    memory = [1024 * (rows[b]["memory"] - rows[a]["memory"]) / (b - a) for a, b in steps]
    slope = statistics.linear_regression([math.log(n) for n in sizes], [math.log(rows[n]["cpu"]) for n in sizes]).slope
    told = (", ".join(f"{cost:.1f}" for cost in cpu), ", ".join(f"{cost:.0f}" for cost in memory), f"{slope:+.2f}")
    return f"| {name} | {' | '.join(told)} |\n"


def _rows(name: str, jobs: int, repeat: int, folder: str) -> dict[str, Any]:
    ours = "kling_nb" if name in {"script", "kernel"} else name
    run = _in_a_kernel if name == "kernel" else _in_a_script
    return _best([asyncio.run(measure(ours, run, jobs, tempfile.mkdtemp(dir=folder))) for _ in range(repeat)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", default="1000", help="comma-separated")
    parser.add_argument("--clients", default="script,kernel,ComfyUI-like loop,bare loop,openai", help="comma-separated")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each, of which each figure's best is told")
    given = parser.parse_args()
    head = ("jobs", "client", "lost", "wall", "polls, delay %", "CPU ms a job", "loop, storing, the rest",
            "lag p99, max ms", "memory MB", "the cell s", "load")  # fmt: skip
    say = sys.stdout.write
    say(f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n")
    grown: dict[str, dict[int, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for jobs in map(int, given.jobs.split(",")):
            others = []
            for name in given.clients.split(","):
                package = CLIENTS[name][0] if name in CLIENTS else ""
                if package and importlib.util.find_spec(package.replace("-", "_")) is None:
                    say(f"| {jobs:,} | {name} | not installed: pip install {package} |{' |' * (len(head) - 3)}\n")
                    continue
                row = _rows(name, jobs, given.repeat, folder)
                called = f"**kling_nb** in a {name}" if name in {"script", "kernel"} else name
                grown.setdefault(called, {})[jobs] = row
                others += [row] if name in CLIENTS and not row["lost"] else []
                say(_told(jobs, called, row))
                sys.stdout.flush()
            if len(others) > 1:
                say(_told(jobs, "the best of the others in each", _best(others)))
    if len(given.jobs.split(",")) > 1:
        say("\nWhat one more job takes from each size to the next, and the power of their number that its CPU is\n\n")
        say("| client | CPU ms | memory kB | power |\n|---|---|---|---|\n")
        for called, rows in grown.items():
            say(_growth(called, rows))


if __name__ == "__main__":
    main()
