"""A bench of thousands of cells on the instant sandbox: planned, run, killed at half, resumed, and what was paid.

    python tests/benchmarks/bench_bench.py                    # 2,000 cells run, 10,000 planned
    python tests/benchmarks/bench_bench.py --cells 10000      # all of them; five minutes on two shared cores

*Plan* is making the bench and its dry run, against an empty journal. Memory is the resident set of the whole process,
sandbox included, when a tenth, half and all of the cells are there; freed pages are given back before it is read, and
glibc has two arenas: it would keep up to 60 MB more apart for the sandbox's forty threads. *Paid* counts the tasks that
the sandbox has accepted for each cell: one is right, none and two are not. The sandbox (one blank film for all, 64 x 36
pixels) runs in the same process, and its share of the processor is in these figures.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

_PLANNED = 10_000


def make(cells: int, folder: Path) -> Any:
    """The bench: prompts x 2 models x 2 modes x 2 takes."""
    from kling_nb.bench.bench import Bench  # noqa: PLC0415 - its import is not what is measured
    from kling_nb.lab import Lab  # noqa: PLC0415 - see above
    from kling_nb.settings import Settings  # noqa: PLC0415 - see above

    lab = Lab(Settings(output=str(folder)), env={"KLING_NB_SANDBOX": "latency=0 resolution=blank"})
    return Bench(
        [f"A {{red|blue}} fox number {number} trots through fresh snow" for number in range(cells // 16)],
        name="many",
        model=["kling-v2-6", "kling-v3"],
        mode=["std", "pro"],
        duration=5,
        takes=2,
        lab=lab,
    )


def memory() -> float:
    """Resident memory of this process in MB, without what is only kept for later."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def planned(cells: int) -> dict[str, float]:
    """Seconds of processor time and of the clock for a bench and its dry run."""
    with tempfile.TemporaryDirectory() as folder:
        make(16, Path(folder)).dry_run()  # imports, and what is made once
        before, began, cpu = memory(), time.perf_counter(), time.process_time()
        bench = make(cells, Path(folder))
        made = time.perf_counter() - began
        str(bench.dry_run())
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        return {"cells": len(bench), "made": made, "plan": took, "cpu": cpu, "memory": memory() - before}


def child(cells: int, folder: Path) -> None:
    """One kernel: runs what is missing and says how far it is, a line of JSON for each hundredth."""
    bench = make(cells, folder)
    before = memory()
    run = bench.run()
    told = -1
    while not run.done():
        time.sleep(0.2)
        through = (run.before + run.finished) * 100 // run.total
        if through != told:
            told = through
            _say({"percent": through, "rss": memory(), "base": before, "cpu": time.process_time()})
    _say({"percent": 100, "rss": memory(), "base": before, "cpu": time.process_time(), "status": bench.status()})
    run.wait()
    os._exit(0)


def _say(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def run(cells: int, folder: Path, kill_at: int | None) -> dict[str, Any]:
    """One kernel's life in a process of its own; if so asked, killed at a percentage."""
    began = time.perf_counter()
    marks: dict[int, float] = {}
    last: dict[str, Any] = {}
    command = [sys.executable, __file__, "--child", str(folder), "--cells", str(cells)]
    env = {**os.environ, "MALLOC_ARENA_MAX": "2"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:  # noqa: S603 - ourselves
        for line in process.stdout or ():
            last = json.loads(line)
            marks.setdefault(last["percent"], last["rss"])
            if kill_at is not None and last["percent"] >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
    return {"seconds": time.perf_counter() - began, "marks": marks, "last": last}


def paid(folder: Path) -> Counter[int]:
    """How many cells have how many accepted tasks."""
    with contextlib.closing(sqlite3.connect(folder / "sandbox" / "ledger.sqlite3")) as ledger:
        keys = [key for (key,) in ledger.execute("SELECT external_id FROM tasks")]
    with contextlib.closing(sqlite3.connect(folder / "kling_journal.sqlite")) as journal:
        jobs = {f"kn-{job}": mark for job, mark in journal.execute("SELECT job, fingerprint FROM jobs")}
    counted = Counter(jobs[key] for key in keys)
    return Counter(counted[mark] for mark in set(jobs.values()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.cells, Path(given.child))
    say = sys.stdout.write
    found = planned(_PLANNED)
    say(f"plan and dry run of {found['cells']:,} cells: {found['plan']:.2f} s ({found['made']:.2f} s of it the cells), "
        f"{found['cpu']:.2f} s of processor time, {found['memory']:.0f} MB\n")  # fmt: skip
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        first = run(given.cells, folder, 50)
        say(f"{given.cells:,} cells, killed at {first['last']['percent']} % after {first['seconds']:.0f} s\n")
        second = run(given.cells, folder, None)
        last = second["last"]
        say(f"resumed: {second['seconds']:.0f} s, {last['status']}\n")
        both = {**first["marks"], **second["marks"]}
        for mark in (10, 50, 100):
            near = min(both, key=lambda percent: abs(percent - mark))
            say(f"memory at {near} %: {both[near]:.0f} MB\n")
        say(f"memory before the first clip: {first['last']['base']:.0f} MB, second kernel {last['base']:.0f} MB\n")
        cpu = 1000 * (first["last"]["cpu"] + last["cpu"]) / given.cells
        rate = given.cells / (first["seconds"] + second["seconds"])
        say(f"{rate:.1f} cells a second, {cpu:.1f} ms of processor time a cell with its film\n")
        told = ", ".join(f"{cells:,} cells paid {times} x" for times, cells in sorted(paid(folder).items()))
        say(f"{told}\n")


if __name__ == "__main__":
    main()
