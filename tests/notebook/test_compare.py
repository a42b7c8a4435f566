"""``--compare``, ``%kling compare`` and ``kling.compare``: alive while somebody looks, durable when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .kernels import Kernel

VIEW = "application/vnd.jupyter.widget-view+json"
PLAYER = "kling-nb-player"


def test_alive_then_durable(kernel: Kernel) -> None:
    """One display: a widget while the clips are being made, then HTML that needs none; the widget is gone."""
    cell = kernel.send("%%kling pair --takes 2 --compare\nA red fox trots through fresh snow")
    kernel.until(cell, lambda: cell.displays)
    (display,) = cell.displays
    assert VIEW in kernel.screen[display]
    kernel.until(cell, lambda: PLAYER in kernel.screen[display].get("text/html", ""))
    assert set(kernel.screen[display]) == {"text/html", "text/plain"}
    assert kernel.screen[display]["text/html"].count("<video") == 2
    counted = "import asyncio, ipywidgets\nawait asyncio.sleep(1.1)\nlen(ipywidgets.widgets.widget._instances)"
    assert kernel.run(counted).result == "0"


@pytest.mark.parametrize("code", ["%%kling --takes 2 --compare\nA fox", "%%kling a --takes 2 --compare --wait\nA fox"])
def test_run_by_programs_there_is_no_widget(kernel: Kernel, code: str) -> None:
    """Nothing of a widget is displayed on the way, so that nothing of it can be saved."""
    cell = kernel.run(code, live=False)
    assert cell.ok
    assert PLAYER in kernel.final(cell)
    assert not any(VIEW in bundle for bundle in (cell.shown, *cell.updates))


def test_by_ids_and_in_python(kernel: Kernel) -> None:
    """The line takes ids, also their beginnings; Python takes handles, and saves a film."""
    assert kernel.run("%%kling pair --takes 2 --wait\nA heron in the reeds").ok
    line = kernel.run("get_ipython().run_line_magic('kling', f'compare {pair[0].id} {pair[1].id}')")
    assert "2: take 2" in kernel.final(line)
    code = "import kling_nb as kling\nc = kling.compare(pair, title='Herons')\nc"
    shown = kernel.run(code)
    assert "<b>Herons</b>" in kernel.final(shown)
    assert kernel.run("c.save('herons.mp4').stat().st_size > 1000").result == "True"
    assert "2 clips" in kernel.run("%kling gallery").shown["text/html"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("%%kling --compare\nA lone wolf", "needs two to 12 clips, and there is one"),
        ("%%kling --compare --takes 13\nA lone wolf", "at most 12 clips, and these are 13"),
        ("%kling compare", "needs a job's id"),
    ],
)
def test_refused_before_anything_is_sent(kernel: Kernel, code: str, words: str) -> None:
    """A sentence; nothing was journalled."""
    cell = kernel.run(code)
    assert cell.error is not None
    assert words in cell.error[1]
    assert kernel.run("import kling_nb as kling; len(kling.jobs())").result == "0"
