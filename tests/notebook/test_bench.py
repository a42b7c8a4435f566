"""A bench in a live notebook: its card follows the run, an interrupt loses nothing, the table is what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .kernels import Kernel

MAKE = """
import kling_nb as kling
bench = kling.Bench(["a {red|blue} fox", "a hen"], name="foxes", model="kling-v2-6", mode=["std", "pro"], duration=5)
"""


def test_a_run_that_is_not_awaited(kernel: Kernel) -> None:
    """The cell ends at once; its one display counts along and says how it ended."""
    cell = kernel.run(MAKE + "run = bench.run()\nrun")
    assert cell.ok
    assert "0 of 6 done" in kernel.final(cell)
    kernel.until(cell, lambda: "6 of 6 done" in kernel.final(cell))
    assert "kling-nb-bar" in "".join(update.get("text/html", "") for update in [*cell.updates, cell.shown])
    assert kernel.run("bench.status()").result == "{'cells': 6, 'done': 6}"


def test_awaited(kernel: Kernel) -> None:
    """The waiting cell shows the card while it waits, and the bench's table as its value."""
    cell = kernel.run(MAKE + "await bench.run()")
    assert cell.ok
    assert "6 of 6 done" in kernel.final(cell)
    assert cell.result.startswith("foxes: 3 prompts x 2 variants, 6 cells")
    again = kernel.run(MAKE + "await bench.run()")
    assert "Nothing was sent." in kernel.final(again)


def test_interrupted(kernel: Kernel) -> None:
    """The stop button ends the waiting and no run."""
    assert kernel.run("%env KLING_NB_SANDBOX=latency=2 resolution=tiny").ok
    cell = kernel.send(MAKE + "await bench.run()")
    kernel.until(cell, lambda: cell.displays)
    kernel.interrupt()
    kernel.until(cell, lambda: cell.ended)
    assert not cell.ok
    assert kernel.run("bench.run().done()").result == "False"
    waited = kernel.run("bench.run().wait()")
    assert waited.result.startswith("foxes: 3 prompts")
    assert "6 of 6 done" in kernel.final(cell)
    assert kernel.run("len(bench.jobs)").result == "6"


def test_headless(kernel: Kernel) -> None:
    """Where nobody watches, the waiting cell keeps the last word and the table."""
    cell = kernel.run(MAKE + "await bench.run()", live=False)
    assert "6 of 6 done" in cell.shown["text/plain"]
    assert "kling-v2-6" not in cell.result
    assert "std" in cell.result
