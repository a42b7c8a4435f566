"""What a journal of 100,000 finished jobs costs: ``python tests/benchmarks/bench_journal.py`` (a minute).

Beside it a journal of ten. Each figure is the median of five fresh processes: opening the journal, ``%kling jobs``
down to its HTML, the first submit (which also learns the gateway's latency from the history), a second one, and two
look-ups. Last, how SQLite answers the questions whose cost could grow.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kling_nb.journal import FILE, Journal
from kling_nb.life import Event, JobState, fold

JOBS, REPEATS = 100_000, 5
TARGET = 100.0
"""Milliseconds for ``%kling jobs``."""

_SPAWN = multiprocessing.get_context("spawn")


def _finished(number: int) -> tuple[list[Event], JobState]:
    """A job as the lab writes it, with all that a real one carries."""
    at, name = 1.7e9 + 20 * number, f"{number:08x}-t1-{number:06x}"
    request = {"prompt": f"A red fox trots through fresh snow, take {number}", "model": "kling-v2-6", "duration": 5}
    url = f"https://cdn.example.com/{name}.mp4?signature={'x' * 200}"
    body = {**request, "mode": "std", "external_task_id": f"kn-{name}"}
    video = {"path": f"{name}.mp4", "poster": f"{name}.jpg", "size": 2_000_000, "seconds": 5.04, "width": 1280,
             "height": 720, "fps": 24.0, "audio": False}  # fmt: skip
    events = [
        Event("planned", at, {"gateway": "kling", "request": request, "fingerprint": f"{number:064x}",
                              "key": f"kn-{name}", "notes": [], "price": {"usd": 0.21, "units": 1.5, "note": "list"}}),
        Event("sending", at + 1, {"ask": {"method": "POST", "path": "/v1/videos/text2video", "body": body,
                                          "params": {}, "headers": {}}}),
        Event("ticket", at + 2, {"ticket": {"id": str(number), "route": "/v1/videos/text2video", "extra": {}}}),
        Event("running", at + 20, {"word": "processing"}),
        Event("ready", at + 60 + number % 40, {"outputs": [{"url": url, "seconds": 5.1}], "charge": {"units": 1.5}}),
        Event("done", at + 100, {"video": video}),
    ]  # fmt: skip
    return events, fold(name, events)


def fill(folder: Path, jobs: int) -> None:
    """A journal with so many finished jobs, written in one transaction."""
    Journal(folder).close()
    with closing(sqlite3.connect(folder / FILE)) as db:
        for number in range(jobs):
            events, state = _finished(number)
            db.executemany(
                "INSERT INTO events(job, at, kind, data) VALUES (?, ?, ?, ?)",
                [(state.id, event.at, event.kind, json.dumps(dict(event.data))) for event in events],
            )
            db.execute(
                "INSERT INTO jobs(job, fingerprint, gateway, status, created, updated, state) VALUES (?,?,?,?,?,?,?)",
                (state.id, state.fingerprint, state.gateway, state.status, state.created, state.updated,
                 json.dumps(state.to_json())),
            )  # fmt: skip
        db.commit()


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def _child(folder: str, tell: Connection) -> None:
    """One fresh process: milliseconds of each step."""
    from kling_nb import show  # noqa: PLC0415, F401 - imports are not what is measured
    from kling_nb.engine import Engine  # noqa: PLC0415, F401 - see above
    from kling_nb.lab import Lab  # noqa: PLC0415 - see above
    from kling_nb.settings import Settings  # noqa: PLC0415 - see above

    env = {"KLINGAI_API_KEY": "fake-key", "KLINGAI_BASE_URL": "http://127.0.0.1:9"}  # nobody listens: it costs nothing
    lab = Lab(Settings(output=folder, gateway="kling", confirm_above=1e9), env=env)
    rows = {"open": _timed(lambda: lab.journal)}
    rows["%kling jobs"] = _timed(lambda: lab.jobs()._repr_mimebundle_())
    for which in ("first submit", "second submit"):
        rows[which] = _timed(lambda: lab.submit("A fox", model="kling-v2-6", fresh=True))
    rows["%kling show, by the beginning of an id"] = _timed(lambda: lab.journal.get("0000"))
    rows["%kling resume: what is open"] = _timed(lab.journal.open_jobs)
    tell.send(rows)
    os._exit(0)


def measure(folder: Path) -> dict[str, float]:
    """Medians over fresh processes."""
    runs: list[dict[str, float]] = []
    for _ in range(REPEATS):
        here, there = _SPAWN.Pipe(duplex=False)
        process = _SPAWN.Process(target=_child, args=(str(folder), there), daemon=True)
        process.start()
        there.close()
        runs.append(here.recv())
        process.join()
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def plans(folder: Path) -> dict[str, str]:
    """How SQLite answers the queries whose cost could grow."""
    asked: list[str] = []
    journal = Journal(folder)
    opened = journal._open

    def traced() -> sqlite3.Connection:
        db = opened()
        db.set_trace_callback(asked.append)
        return db

    journal._open = traced  # type: ignore[method-assign]
    told = {}
    calls: dict[str, Callable[[], Any]] = {
        "recent": journal.recent,
        "finished": lambda: journal.finished("kling"),
        "current": lambda: journal.currents(["0" * 64]),
        "get": lambda: journal.get("0000"),
        "open_jobs": journal.open_jobs,
    }
    for name, call in calls.items():
        asked.clear()
        call()
        with closing(opened()) as db:
            rows = db.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()
        told[name] = "; ".join(row[3] for row in rows)
    return told


def main() -> None:
    """Fill, measure and print."""
    say = sys.stdout.write
    with tempfile.TemporaryDirectory() as few, tempfile.TemporaryDirectory() as many:
        begin = time.perf_counter()
        fill(Path(few), 10)
        fill(Path(many), JOBS)
        size = (Path(many) / FILE).stat().st_size / 1e6
        say(f"{JOBS:,} jobs: {size:.0f} MB, filled in {time.perf_counter() - begin:.0f} s\n\n")
        small, large = measure(Path(few)), measure(Path(many))
        say(f"| ms | 10 jobs | {JOBS:,} jobs |\n|---|---|---|\n")
        for name, value in small.items():
            say(f"| {name} | {value:.1f} | {large[name]:.1f} |\n")
        verdict = "within" if large["%kling jobs"] <= TARGET else "ABOVE"
        say(f"\n`%kling jobs` is {verdict} the target of {TARGET:g} ms.\n\n")
        for name, plan in plans(Path(many)).items():
            say(f"{name}: {plan}\n")


if __name__ == "__main__":
    main()
