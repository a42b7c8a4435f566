"""Pages that reach no file: clips come inside of the output, or through the kernel; and a notebook that is no Jupyter.

VS Code itself is not run here. A kernel in JupyterLab that is told to be in it shows that its outputs and widgets
work without any address.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from .jupyter import Jupyter, write_notebook
from .pages import LabPage, play

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

READY = 60_000
"""Milliseconds for a clip on a busy machine."""

VSCODE = "__vsc_ipynb_file__ = '/somewhere/fox.ipynb'"
MOVING = """video => new Promise(yes => {
  const look = () => video.currentTime > 0.2 ? yes() : setTimeout(look, 50);
  look();
})"""
MARIMO = """
import marimo

app = marimo.App()


@app.cell
async def _():
    import kling_nb as kling

    fox = kling.submit("A red fox", duration=5)
    await fox
    fox
    return (fox, kling)


@app.cell
async def _(fox, kling):
    pair = kling.submit("A heron", takes=2)
    await pair
    kling.compare(pair) if fox.done() else None
    return


@app.cell
def _(fox, kling):
    kling.panel("A bell rings") if fox.done() else None
    return
"""


def sources(videos: Locator) -> list[str]:
    """Where the clips come from: ``data``, ``blob``, or an address."""
    found: list[str] = videos.evaluate_all(
        "videos => videos.map(video => (video.currentSrc || video.src).split(':')[0])"
    )
    return found


def test_embedded(browser: Browser, jupyter: Jupyter) -> None:
    """Alone and side by side the clips play out of the output itself, and still do when the kernel is gone."""
    cells = (VSCODE, "%load_ext kling_nb", "%%kling fox\nA red fox", "%%kling --takes 2 --compare\nA heron")
    write_notebook(jupyter.root / "embedded.ipynb", "%env KLING_NB_OUTPUT=embedded_outputs", *cells)
    with browser.new_context(viewport={"width": 1200, "height": 1400}) as context:
        lab = LabPage(context, jupyter.lab("embedded.ipynb"))
        lab.run_all()
        videos = lab.page.locator("video[src^='data:video/mp4']")
        expect(videos).to_have_count(3, timeout=READY)
        lab.save()
        lab.shut_kernel_down()
    with browser.new_context(viewport={"width": 1200, "height": 1400}) as context:
        page = LabPage(context, jupyter.lab("embedded.ipynb")).page
        videos = page.locator("video")
        expect(videos).to_have_count(3, timeout=READY)
        assert set(sources(videos)) == {"data"}
        assert min(play(videos)) > 0.2


def test_through_the_kernel(browser: Browser, jupyter: Jupyter) -> None:
    """Clips that are too large to keep: a poster that plays once it is pressed, and a comparison of two."""
    cells = (
        f"{VSCODE}\n%load_ext kling_nb\n%config KlingMagics.embed_limit = 0",
        "%%kling fox\nA red fox",
        "%%kling --takes 2 --compare\nA heron",
    )
    write_notebook(jupyter.root / "large.ipynb", "%env KLING_NB_OUTPUT=large_outputs", *cells)
    with browser.new_context(viewport={"width": 1200, "height": 1400}) as context:
        lab = LabPage(context, jupyter.lab("large.ipynb"))
        lab.run_all()
        result = lab.page.locator(".kling-nb-result")
        expect(result.locator("img")).to_have_count(1, timeout=READY)
        expect(result).to_contain_text("This page cannot reach the file")
        result.get_by_role("button", name="Play: A red fox").click()
        expect(result.locator("video")).to_have_count(1, timeout=READY)
        pair = lab.page.locator(".kling-nb-player video[src^='blob:']")
        expect(pair).to_have_count(2, timeout=READY)
        videos = lab.page.locator("video")
        assert set(sources(videos)) == {"blob"}
        assert min(play(videos)) > 0.2


def test_voila(browser: Browser, jupyter: Jupyter) -> None:
    """It refuses to serve the file, and needs none."""
    cells = ("%env KLING_NB_OUTPUT=voila_outputs", "%load_ext kling_nb", "%%kling\nA red fox")
    write_notebook(jupyter.root / "page.ipynb", *cells)
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{jupyter.url}voila/render/page.ipynb?token={jupyter.token}")
        videos = page.locator("video")
        expect(videos).to_have_count(1, timeout=READY)
        assert sources(videos) == ["data"]
        assert min(play(videos)) > 0.2


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The marimo notebook as an application; its address."""
    (folder / "book.py").write_text(MARIMO, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ("-m", "marimo", "--yes", "run", "book.py", "--headless", "--no-token", "--port", str(port))
    env = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "KLING_NB_SANDBOX": "latency=0.2"}
    env.pop("KLING_NB_OUTPUT", None)
    process = subprocess.Popen([sys.executable, *words], cwd=folder, env=env, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        deadline = time.monotonic() + READY / 1000
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(15)


def test_marimo(browser: Browser, tmp_path: Path) -> None:
    """A result plays, two clips play in step, and the panel makes another one."""
    with served(tmp_path) as address, browser.new_context(viewport={"width": 1200, "height": 1400}) as context:
        page = context.new_page()
        page.goto(address)
        result = page.locator(".kling-nb-result video")
        expect(result).to_have_count(1, timeout=READY)
        assert sources(result) == ["data"]
        assert min(play(result)) > 0.2
        player = page.locator(".kling-nb-player")
        expect(player.locator("video")).to_have_count(2, timeout=READY)
        assert sources(player.locator("video")) == ["data", "data"]
        player.get_by_role("button", name="Play").click()
        for video in player.locator("video").all():
            video.evaluate(MOVING)
        panel = page.locator(".kling-nb-panel")
        panel.get_by_role("button", name="Generate").click(timeout=READY)
        panel.get_by_role("button", name="Play: A bell rings").click(timeout=READY)
        expect(panel.locator("video")).to_have_count(1, timeout=READY)
        assert min(play(panel.locator("video"))) > 0.2
