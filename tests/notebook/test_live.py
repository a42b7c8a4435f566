"""A live notebook: a cell returns at once, its card lives on, and waiting can be stopped and taken up again."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .kernels import Kernel


def test_goes_on_between_cells(kernel: Kernel) -> None:
    """Without ``--wait`` the cell ends while the job is open; its one display becomes the result by itself."""
    assert kernel.run("%env KLING_NB_SANDBOX=latency=1 resolution=tiny").ok
    cell = kernel.run("%%kling fox\nA red fox trots through fresh snow")
    assert cell.ok
    assert "kling-nb-card" in kernel.final(cell)
    assert kernel.run("fox.status").result in {"'planned'", "'sending'", "'queued'", "'running'"}
    kernel.until(cell, lambda: "kling-nb-result" in kernel.final(cell))
    assert "<video" in kernel.final(cell)
    assert kernel.run("fox.done(), fox.video.path.is_file()").result == "(True, True)"


def test_awaited_later(kernel: Kernel) -> None:
    """``await fox`` in a later cell gives the clip, and publishes the first cell's display from there."""
    first, waiter = kernel.send("%%kling fox\nA fox in rain"), kernel.send("(await fox).path.suffix")
    kernel.until(waiter, lambda: waiter.ended)
    assert waiter.result == "'.mp4'"
    assert waiter.displays == []
    assert waiter.updates[-1] == kernel.screen[first.displays[0]]
    if version("ipykernel") >= "7":  # an older one gives what a background task shows to whichever cell runs
        assert len(waiter.updates) == 1
    assert "kling-nb-result" in kernel.final(first)


def test_wait_at_once(kernel: Kernel) -> None:
    """``%kling wait`` works in a loop, and counts a job of which nothing has been sent yet."""
    ask = "_ = get_ipython().run_cell_magic('kling', '--no-wait', 'A tern')\n"
    cell = kernel.run(ask + "for _ in range(2):\n    %kling wait")
    assert cell.ok
    assert cell.text.count("Nothing is open") == 1, "the second time"
    assert ["kling-nb-result" in kernel.screen[shown]["text/html"] for shown in cell.displays] == [True, True]


def test_interrupted(kernel: Kernel) -> None:
    """The stop button ends the waiting with a sentence, and no job."""
    assert kernel.run("%env KLING_NB_SANDBOX=latency=2 resolution=tiny").ok
    cell = kernel.send("%%kling crow --wait\nA crow over wheat")
    kernel.until(cell, lambda: cell.displays)
    kernel.interrupt()
    kernel.until(cell, lambda: cell.ended)
    assert cell.error is not None
    assert cell.error[2] == ["Stopped waiting; the jobs go on. %kling wait waits again."]
    assert kernel.run("crow.done()").result == "False"
    again = kernel.run("%kling wait")
    assert again.ok
    assert "kling-nb-result" in kernel.final(again)
    assert "kling-nb-result" in kernel.final(cell), "the first card ends as the result too"


def test_inside_other_magics(kernel: Kernel) -> None:
    """Timed and captured, the magic waits by blocking; asking once more attaches to the job, then to its clip."""
    asked = kernel.run("%%kling cat --no-wait\nA cat on a wall")
    captured = kernel.run("%%capture said\n%%time\n%%kling same --wait\nA cat on a wall")
    assert (captured.ok, captured.displays) == (True, [])
    assert kernel.run("same is cat, cat.status, 'Wall time' in said.stdout").result == "(True, 'done', True)"
    assert "kling-nb-result" in kernel.run("said.outputs[-1].data['text/html']").result
    assert "kling-nb-result" in kernel.final(asked)
    timed = kernel.run("%%time\n%%kling later --wait\nA cat on a wall")
    assert "Wall time" in timed.text
    assert "Shown from disk" in kernel.screen[timed.displays[0]]["text/plain"]
    assert kernel.run("later.id == cat.id").result == "True"


@pytest.mark.parametrize("wait", ["always", "never"])
def test_wait_setting(kernel: Kernel, wait: str) -> None:
    """``%config`` decides for cells that say neither ``--wait`` nor ``--no-wait``, headless or not."""
    kernel.run(f"%config KlingMagics.wait = '{wait}'")
    cell = kernel.run("%%kling gull\nA gull", live=wait == "always")
    assert ("kling-nb-result" in cell.shown["text/html"]) == (wait == "always")


def test_headless_waits(kernel: Kernel) -> None:
    """A front end that cannot ask questions gets finished clips without being told to wait, and not once per clip."""
    cell = kernel.run("%%kling flock --takes 6\nA flock of geese", live=False)
    assert len(cell.displays) == 1
    grids = [update for update in cell.updates if "kling-nb-grid" in update["text/html"]]
    assert grids[-1] == cell.shown
    assert len(grids) <= 3, "at most the card's own last word and one from who waited, with one tick between them"
