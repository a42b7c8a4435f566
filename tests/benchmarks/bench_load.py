"""How long ``%load_ext kling_nb`` takes in a fresh kernel: ``python tests/benchmarks/bench_load.py``.

Prints each of five kernels and their median beside what the extension imported, and what the first
``%%kling`` cell takes to come back, which is when the heavy imports happen.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from typing import Any

from jupyter_client.manager import start_new_kernel

KERNELS = 5
TARGET = 25.0
"""Milliseconds, median."""

LOAD = """
import json as _json, sys as _sys, time as _time
_before, _began = len(_sys.modules), _time.perf_counter()
get_ipython().run_line_magic("load_ext", "kling_nb")
_spent = (_time.perf_counter() - _began) * 1000
print(_json.dumps([_spent, len(_sys.modules) - _before]))
"""
CELL = """
_began = _time.perf_counter()
get_ipython().run_cell_magic("kling", "--no-wait", "A red fox")
print(_json.dumps([(_time.perf_counter() - _began) * 1000]))
"""


def answer(client: Any, code: str) -> list[float]:
    """The last line that a cell printed, read as JSON."""
    printed: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    client.execute_interactive(code, timeout=60, output_hook=keep, allow_stdin=False)
    found: list[float] = json.loads("".join(printed).splitlines()[-1])
    return found


def fresh_kernel(folder: str) -> tuple[float, int, float]:
    """Milliseconds to load, modules imported by it, milliseconds of the first cell."""
    manager, client = start_new_kernel(cwd=folder)
    try:
        load, modules = answer(client, LOAD)
        (cell,) = answer(client, CELL)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return load, round(modules), cell


def main() -> None:
    """Print the table."""
    out = sys.stdout.write
    out(f"{'kernel':>8}  {'%load_ext':>10}  {'modules':>7}  {'first cell':>10}\n")
    rows = []
    for number in range(1, KERNELS + 1):
        with tempfile.TemporaryDirectory() as folder:
            load, modules, cell = fresh_kernel(folder)
        rows.append((load, cell))
        out(f"{number:>8}  {load:7.1f} ms  {modules:>7}  {cell:7.0f} ms\n")
    load, cell = (statistics.median(column) for column in zip(*rows, strict=True))
    verdict = "within" if load <= TARGET else "ABOVE"
    out(f"{'median':>8}  {load:7.1f} ms  {'':>7}  {cell:7.0f} ms   {verdict} the target of {TARGET:g} ms\n")


if __name__ == "__main__":
    main()
