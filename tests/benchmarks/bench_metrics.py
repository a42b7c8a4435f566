"""What metrics cost, and what a cluster brings: ``python tests/benchmarks/bench_metrics.py``.

First the standard set on clips of 5 s of 720p at 24 frames a second, one clip at a time: wall clock and processor
seconds (which say the same on a machine that is busy with other things), best and worst of three, and each metric's
share of the best. Then the same clips through threads and through Dask with one and with two workers: clips a
minute, and whether the scores are equal. ``--clips`` names other files, ``--no-dask`` leaves the second part out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

from kling_nb.metrics import measure, spread, verdict
from kling_nb.sandbox.film import Brief, render

PROMPTS = (
    "A red fox trots through fresh snow, slow dolly-in, golden hour",
    "Neon city street in the rain, a lone figure, handheld",
    "A sailboat on a calm sea at dusk, pan left",
)
ASKED = {"seconds": 5, "fps": 24, "width": 1280, "height": 720, "aspect": "16:9"}
ROUNDS = 3
MANY = 24


def say(text: str = "") -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def films(folder: Path) -> list[Path]:
    """The sandbox's films, which are clean and have about the bytes of a real clip."""
    paths = []
    for number, prompt in enumerate(PROMPTS):
        paths.append(folder / f"{number}.mp4")
        render(Brief(prompt, 1280, 720, 5.0, 24), paths[-1])
    return paths


def cost(path: Path, words: str) -> None:
    """One line: the clip, best and worst."""
    rounds: list[tuple[float, float, dict[str, Any]]] = []
    for _ in range(ROUNDS):
        clock, work = perf_counter(), process_time()
        answer = measure(str(path), asked=ASKED)
        rounds.append((perf_counter() - clock, process_time() - work, answer))
    walls, works = [one[0] for one in rounds], [one[1] for one in rounds]
    best = min(rounds, key=lambda one: one[0])[2]
    shares = sorted(best["took"].items(), key=lambda one: -one[1])
    told = "  ".join(f"{name} {seconds:.3f}" for name, seconds in shares if seconds >= 0.002)
    say(f"{min(walls):5.2f} / {max(walls):4.2f}  {min(works):5.2f} / {max(works):4.2f}  {words}")
    say(f"{'':28}{told}")
    if defects := verdict(best["scores"]):
        say(f"{'':28}defects: {'; '.join(defects)}")


def race(name: str, executor: Executor | None, paths: list[Path], wanted: dict[int, Any] | None) -> dict[int, Any]:
    """One line: how many clips a minute, and whether the scores are those of the first line."""
    list(spread(executor, [{"path": str(paths[0])}] * 4))  # imports and threads are there
    jobs = [{"path": str(paths[n % len(paths)]), "asked": ASKED} for n in range(MANY)]
    clock = perf_counter()
    found = {answer["number"]: answer["scores"] for answer in spread(executor, jobs)}
    rate = MANY / (perf_counter() - clock) * 60
    same = "" if wanted is None else f"  scores {'equal' if found == wanted else 'DIFFER'}"
    say(f"{rate:7.0f}  {name}{same}")
    return found


@contextmanager
def cluster(workers: int) -> Iterator[Executor]:
    """Dask on this machine."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - only for the second part

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as local,
            Client(local) as client,
        ):
            yield client.get_executor()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", nargs="*", type=Path, default=[])
    parser.add_argument("--no-dask", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = chosen.clips or films(Path(folder))
        say("wall s, best / worst   processor s   clip")
        for path in paths:
            cost(path, path.name)
        with patch.dict(sys.modules, {"cv2": None}):
            cost(paths[0], f"{paths[0].name}, without OpenCV (no dynamic, no smoothness)")
        say("\nclips a minute")
        with ThreadPoolExecutor(1) as one:
            wanted = race("one thread", one, paths, None)
        race("our own threads", None, paths, wanted)
        for workers in () if chosen.no_dask else (1, 2, 1, 2):  # twice, as other work may come and go
            with cluster(workers) as executor:
                race(f"Dask, {workers} worker{'s' * (workers > 1)} of one thread", executor, paths, wanted)


if __name__ == "__main__":
    main()
