"""How fast the sandbox makes films: ``python tests/benchmarks/bench_film.py``.

Prints the speed as a multiple of real time, beside the floor measured in the same run: the
same encoder with the same settings, fed with a bare moving gradient. The processor time (seconds
of one core per second of film) says the same on a machine that is busy with other things.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np

from kling_nb.sandbox.film import Brief, render
from kling_nb.sandbox.film.layers import Frame
from kling_nb.sandbox.film.mp4 import Mp4

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = ((1280, 720), (1920, 1080))
SECONDS, FPS = 5.0, 24
PROMPTS = (
    "A red fox trots through fresh snow, slow dolly-in, golden hour",
    "Neon city street in the rain, a lone figure, handheld",
    "A sailboat on a calm sea at dusk, pan left",
    "Misty pine forest at dawn, a deer looks up, crane shot",
)


def bare(size: tuple[int, int], path: Path) -> None:
    """Encode a bare moving gradient."""
    ramp = np.linspace(20, 190, size[1], dtype=np.float32)[:, None] + np.linspace(0, 30, size[0], dtype=np.float32)
    frames = round(SECONDS * FPS)
    with Mp4(path, size, FPS, None, frames) as film:
        for index in range(frames):
            frame = Frame(*size)
            frame.buffer[:] = 128
            frame.y[:] = ramp + 0.1 * index
            film.write(frame)


def row(name: str, words: str, path: Path, make: Callable[[], None]) -> None:
    """Make a film and print its row."""
    clock, work = perf_counter(), process_time()
    make()
    clock, work = perf_counter() - clock, process_time() - work
    size = path.stat().st_size / 1e6
    sys.stdout.write(f"{name:>10}  {SECONDS / clock:5.1f}x  {work / SECONDS:8.2f}  {size:4.1f} MB  {words}\n")


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{'size':>10}  {'speed':>6}  {'core s/s':>8}  {'file':>7}  prompt\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        for size in SIZES:
            name = f"{size[0]}x{size[1]}"
            row(name, "(the floor: a bare gradient)", path, partial(bare, size, path))
            for prompt in PROMPTS:
                brief = Brief(prompt, *size, SECONDS, FPS, slate=("kling-v2-6", "pro", "sandbox"))
                row(name, prompt, path, partial(render, brief, path))


if __name__ == "__main__":
    main()
