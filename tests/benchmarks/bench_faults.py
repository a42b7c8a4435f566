"""Who loses paid clips, and who pays twice? Our client and others against a gateway with faults.

    pip install aiohttp openai fal-client replicate        # the others; who is missing is left out
    python tests/benchmarks/bench_faults.py                 # about two minutes a client

Prints a Markdown table. *lost* was billed and its client gave up on it; *billed twice* is every payment beyond the
first for the same request; *perhaps paid* is what our client itself calls unknown and keeps in its journal, billed
or not. Time is compressed ten-fold: 6 s stand for a minute, and ten seconds of outage are real ones.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import logging
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.peers.clients import CLIENTS
from tests.benchmarks.peers.gateway import Faults, Gateway, serve
from tests.loopback.clip import make_clip

_SHARES = {"error": 0.05, "drop": 0.02, "busy": 0.10, "lost": 0.02}
_OUTAGE = (5.0, 15.0)
VARIANTS = {
    "random": Faults(**_SHARES),  # type: ignore[arg-type]
    "outage": Faults(outage=_OUTAGE),
    "both": Faults(outage=_OUTAGE, **_SHARES),  # type: ignore[arg-type]
}
_SPAWN = multiprocessing.get_context("spawn")


def _client(name: str, base: str, scale: float, jobs: int, deadline: float, tell: Connection) -> None:
    """One client with all its jobs, in a process of its own: what became of each."""
    logging.disable(logging.CRITICAL)
    ends: list[str] = ["stuck"] * jobs

    async def work() -> None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            one = await CLIENTS[name][1](base, scale, Path(folder))

            async def guarded(number: int) -> None:
                try:
                    await one(number)
                except Exception as error:  # noqa: BLE001 - whatever it gives up with
                    ends[number] = type(error).__name__
                else:
                    ends[number] = "done"

            await asyncio.wait([asyncio.create_task(guarded(number)) for number in range(jobs)], timeout=deadline)
        tell.send(ends)
        os._exit(0)  # what is stuck must not be waited for

    asyncio.run(work())


async def _measure(name: str, faults: Faults, jobs: int, scale: float, deadline: float) -> dict[str, Any]:
    gateway = Gateway(faults, make_clip())
    async with await serve(gateway):
        here, there = _SPAWN.Pipe(duplex=False)
        process = _SPAWN.Process(target=_client, args=(name, gateway.url, scale, jobs, deadline, there), daemon=True)
        process.start()
        there.close()
        ends: list[str] = await asyncio.to_thread(here.recv)
        await asyncio.to_thread(process.join, 5)
        process.kill()
    billed = Counter(task.number for task in gateway.tasks.values())
    unknown = [number for number, end in enumerate(ends) if end == "UnknownOutcomeError"]
    given_up = [number for number, end in enumerate(ends) if end != "done" and number not in unknown]
    return {
        "done": ends.count("done"),
        "lost": sum(number in billed for number in given_up),
        "never sent": sum(number not in billed for number in given_up),
        "billed twice": sum(times - 1 for times in billed.values()),
        "perhaps paid": f"{len(unknown)} ({sum(number in billed for number in unknown)} billed)" if unknown else "0",
        "ends": dict(Counter(ends)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--clients", default="", help="comma-separated beginnings of names; default all")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="comma-separated")
    parser.add_argument("--scale", type=float, default=10.0, help="time factor")
    parser.add_argument("--deadline", type=float, default=90.0, help="seconds a run may take")
    given = parser.parse_args()
    wanted = tuple(given.clients.split(","))
    columns = ("done", "lost", "billed twice", "never sent", "perhaps paid")
    say = sys.stdout.write
    say(f"| faults | client | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 2)}\n")
    for variant in given.variants.split(","):
        for name, (package, _) in CLIENTS.items():
            if not name.startswith(wanted):
                continue
            if package and importlib.util.find_spec(package.replace("-", "_")) is None:
                say(f"| {variant} | {name} | not installed: pip install {package} |{' |' * (len(columns) - 1)}\n")
                continue
            row = asyncio.run(_measure(name, VARIANTS[variant], given.jobs, given.scale, given.deadline))
            say(f"| {variant} | {name} | {' | '.join(str(row[column]) for column in columns)} |\n")
            sys.stdout.flush()
            sys.stderr.write(f"{name}: {json.dumps(row['ends'])}\n")


if __name__ == "__main__":
    main()
