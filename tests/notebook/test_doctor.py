"""``%kling doctor`` in a real kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .kernels import Kernel


def test_report(kernel: Kernel) -> None:
    """HTML and text, the running loop and the front end named; nothing is patched by asking."""
    patched = "import sys; 'nest_asyncio2' in sys.modules"
    before = kernel.run(patched).result  # another test may have blocked inside of the loop
    cell = kernel.run("%kling doctor --offline")
    assert cell.ok, cell.error
    text, page = cell.shown["text/plain"], cell.shown["text/html"]
    for words in ("A loop is running", "JupyterLab or Notebook", "KLINGAI_API_KEY", "needs no key"):
        assert words in text
        assert words in page
    assert kernel.run(patched).result == before


def test_load(kernel: Kernel) -> None:
    """The kernel's own loop is measured, idle and beside jobs; the journal of this folder knows nothing of it."""
    cell = kernel.run("%kling doctor --load 3")
    assert cell.ok, cell.error
    assert "3 of 3 clips" in cell.shown["text/plain"]
    assert "idle" in cell.shown["text/html"]
    assert kernel.run("import kling_nb as kling; len(kling.jobs())").result == "0"


def test_a_strange_word(kernel: Kernel) -> None:
    """One sentence."""
    cell = kernel.run("%kling doctor --onlin")
    assert cell.error is not None
    assert "it takes --offline and --load [N]" in cell.error[1]
