"""Front ends that serve no file beside the notebook, by their traces; and kernels that can make no widget.

VS Code and Colab themselves are not run here: a kernel that is told to be in one shows what they would be given.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from .programs import Done, run_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kernels import Cell, Kernel

VIEW = "application/vnd.jupyter.widget-view+json"
TRACES = {
    "vscode": "__vsc_ipynb_file__ = '/somewhere/fox.ipynb'",
    "colab": "import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')",
}
FORGET = "import sys; globals().pop('__vsc_ipynb_file__', None); sys.modules.pop('google.colab', None)"
FRESH = "import sys\nfor _name in [n for n in sys.modules if n.startswith('kling_nb.panels')]: del sys.modules[_name]\n"
HIDE = FRESH + "_there, sys.modules['anywidget'] = sys.modules.get('anywidget'), None"
UNHIDE = FRESH + "sys.modules.pop('anywidget')\nif _there: sys.modules['anywidget'] = _there"


@pytest.fixture(params=TRACES)
def place(request: pytest.FixtureRequest, kernel: Kernel) -> Iterator[str]:
    """A kernel that takes itself for one in such a place; the next test's does not."""
    assert kernel.run(TRACES[request.param]).ok
    yield str(request.param)
    kernel.run(f"{FORGET}\nimport ipywidgets; ipywidgets.Widget.close_all()")


def films(cell: Cell) -> list[bytes]:
    """The clips that an output holds."""
    found = re.findall(r'<video[^>]* src="data:video/mp4;base64,([^"]+)"', cell.shown["text/html"])
    return [b64decode(film) for film in found]


def test_small_clips_are_embedded(kernel: Kernel, place: str) -> None:
    """The output holds the very file, alone and side by side; it stays an output without a widget."""
    cell = kernel.run("%%kling fox --wait\nA red fox")
    assert cell.ok, cell.error
    assert kernel.run("fox.video.path.read_bytes()[:12]").result == repr(films(cell)[0][:12])
    assert set(cell.shown) == {"text/html", "text/plain"}
    pair = kernel.run("%%kling pair --takes 2 --compare --wait\nA heron")
    assert len(films(pair)) == 2
    assert set(pair.shown) == {"text/html", "text/plain"}
    assert {"vscode": "VS Code", "colab": "Colab"}[place] in kernel.run("%kling doctor --offline").shown["text/plain"]


def test_large_clips_play_through_the_kernel(kernel: Kernel, place: str) -> None:
    """Above the limit: a widget while the kernel lives, and beside it HTML with poster, path and what to type."""
    assert place
    kernel.run("%config KlingMagics.embed_limit = 0")
    for code in ("%%kling fox --wait\nA red fox", "%%kling pair --takes 2 --compare --wait\nA heron"):
        cell = kernel.run(code)
        assert cell.ok, cell.error
        assert VIEW in cell.shown
        page = cell.shown["text/html"]
        assert "<video" not in page
        assert '<img class="kling-nb-film"' in page
        assert "kling.board()" in page


def test_never(kernel: Kernel, place: str) -> None:
    """The setting and the variable: links as everywhere else."""
    assert place
    for setting, undo in (
        ("%config KlingMagics.embed = 'never'", "%config KlingMagics.embed = 'auto'"),
        ("%env KLING_NB_EMBED=never", "import os; del os.environ['KLING_NB_EMBED']"),
    ):
        kernel.run(setting)
        cell = kernel.run("%%kling fox --wait\nA red fox")
        assert films(cell) == []
        assert re.search(r'<video[^>]* src="[^"]+\.mp4"', cell.shown["text/html"])
        kernel.run(undo)
    assert len(films(kernel.run("%%kling fox --wait\nA red fox"))) == 1


def test_a_hidden_folder(kernel: Kernel) -> None:
    """Jupyter does not serve it: the clip is embedded; a large one is a poster, and no widget that could be saved."""
    kernel.run("%env KLING_NB_OUTPUT=.hidden")
    assert len(films(kernel.run("%%kling fox --wait\nA red fox"))) == 1
    kernel.run("%config KlingMagics.embed_limit = 0")
    for code in ("%%kling fox --wait\nA red fox", "%%kling --takes 2 --compare --wait\nA heron"):
        cell = kernel.run(code)
        assert set(cell.shown) == {"text/html", "text/plain"}
        assert "kling.board()" in cell.shown["text/html"]
    assert ".hidden is one" in kernel.run("%kling doctor --offline").shown["text/plain"]


def test_without_widgets(kernel: Kernel) -> None:
    """A broken installation: a sentence for the panel, and everything else goes on as HTML."""
    kernel.run("import kling_nb as kling")
    kernel.run(HIDE)
    try:
        for code in ("kling.panel()", "%kling panel", "kling.board()", "%kling jobs --live"):
            cell = kernel.run(code)
            assert cell.error is not None, code
            assert "pip install anywidget ipywidgets" in cell.error[1]
            assert "A %%kling cell makes the same clips" in cell.error[1]
        pair = kernel.run("%%kling pair --takes 2 --compare --wait\nA heron")
        assert pair.ok, pair.error
        assert set(pair.shown) == {"text/html", "text/plain"}
        assert pair.shown["text/html"].count("<video") == 2
        kernel.run("__vsc_ipynb_file__ = '/x.ipynb'\n%config KlingMagics.embed_limit = 0")
        large = kernel.run("%%kling fox --wait\nA red fox")
        assert large.ok, large.error
        assert "kling.board()" in large.shown["text/html"]
    finally:
        kernel.run(UNHIDE)
        kernel.run(FORGET)


MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    import kling_nb as kling
    return (kling,)


@app.cell
def _(kling):
    job = kling.submit("A heron at dawn", duration=5)
    job.wait(timeout=60)
    job
    return (job,)


@app.cell
async def _(kling):
    pair = kling.submit("An otter", takes=2)
    await pair
    pair
    return (pair,)


@app.cell
def _(kling, pair):
    kling.compare(pair)
    return


@app.cell
def _(kling):
    kling.panel("A bell")
    return


@app.cell
def _(kling, pair):
    assert len(pair) == 2
    kling.board()
    return


@app.cell
def _(job, kling, pair):
    assert len(pair) == 2
    from kling_nb.lab import the_lab

    the_lab().settings.embed_limit = 0.0
    large = kling.submit("A heron at dawn", duration=5)
    large
    return


if __name__ == "__main__":
    app.run()
    print("ran as a script")
"""
PROGRAMS = {
    "exported": ("-m", "marimo", "--yes", "export", "html", "book.py", "-o", "book.html"),
    "script": ("book.py",),
}


@pytest.fixture(scope="module")
def marimo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """One marimo notebook, exported and run as a script at once."""
    return run_all(tmp_path_factory.mktemp("marimo"), PROGRAMS, {"book.py": MARIMO})


def test_marimo(marimo: dict[str, Done]) -> None:
    """Blocking and awaited, one clip and several, side by side, panel, board, and a clip too large to keep."""
    done = marimo["exported"]
    assert done.code == 0, done.said
    page = (done.folder / "book.html").read_text(encoding="utf-8")
    assert "Traceback" not in page
    assert page.count("data:video/mp4") == 1 + 2 + 2
    assert "kling-nb-result" in page
    assert "kling-nb-player" in page
    assert page.count("marimo-anywidget data-") == 4, "comparison, panel, board, and the large clip"


def test_marimo_as_a_script(marimo: dict[str, Done]) -> None:
    """``python book.py``: the same cells without a page."""
    done = marimo["script"]
    assert (done.code, "ran as a script" in done.said) == (0, True), done.said
