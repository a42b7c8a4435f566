"""A notebook open in Chromium, driven by the commands behind Lab's own menus."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

IN_STEP = """player => {
  const times = [...player.querySelectorAll('video')].map(video => video.currentTime);
  const close = times.length > 1 && Math.min(...times) > 0.3 && Math.max(...times) - Math.min(...times) <= 0.5 / 24;
  player.inStep = close ? (player.inStep ?? 0) + 1 : 0;
  return player.inStep >= 12;
}"""
"""Asked at each animation frame: have all clips moved, and been within half a frame for a dozen of them?"""

_READY = "() => window.jupyterapp?.shell?.currentWidget?.context?.isReady"
_IDLE = "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"

_RAN = """() => {
  const lab = jupyterapp.shell.currentWidget;
  const cells = lab.content.widgets.map(cell => cell.model).filter(model => model.type === 'code');
  const meant = model => (model.getMetadata('tags') ?? []).includes('raises-exception');
  const stopped = model => Array.from({length: model.outputs.length}, (_, n) => model.outputs.get(n).type)
    .includes('error') && !meant(model);
  return lab.sessionContext.session?.kernel?.status === 'idle'
    && (cells.every(model => model.executionCount !== null) || cells.some(stopped));
}"""
"""Has every cell been run, or a cell stopped the others that was not meant to?"""

_CELLS = "() => jupyterapp.shell.currentWidget.content.model.toJSON().cells"

_OPENED = """path => {
  const lab = jupyterapp.shell.currentWidget;
  return lab?.context?.path === path && lab.context.isReady && lab.content.widgets.length > 0;
}"""

_CLOSE = """() => {
  const lab = jupyterapp.shell.currentWidget;
  lab.sessionContext.shutdown();
  lab.dispose();
}"""

_CALM = "() => { const book = jupyterapp.shell.currentWidget.content; book.activeCellIndex = book.widgets.length - 1 }"

_PLAY = """async video => {
  video.muted = true;
  const from = video.currentTime;
  const moved = new Promise(yes => video.ontimeupdate = () => video.currentTime > from + 0.2 && yes());
  const stuck = () => new Error(`stuck at ${video.currentTime} s, ready state ${video.readyState}: `
    + (video.error?.message ?? 'no error'));
  const late = new Promise((_, no) => setTimeout(() => no(stuck()), 15000));
  await Promise.race([Promise.all([video.play(), moved]), late]);
  video.pause();
  return video.currentTime - from;
}"""

_PLAY_AT_ONCE = f"videos => Promise.all(videos.map({_PLAY}))"

_ROLL = """async (video, share) => {
  video.muted = true;
  video.preload = 'auto';
  video.playbackRate = 0.1;
  if (video.readyState < 1) await new Promise(yes => video.onloadedmetadata = yes);
  const there = new Promise(yes => video.onseeked = yes);
  video.currentTime = share * video.duration;
  await there;
  await video.play();
}"""

_CONTROLS_FADE = 4_000
"""Milliseconds after which Chromium has taken the controls off a clip that plays under no mouse."""


def chromium_path() -> str | None:
    """The machine's Chromium: ``KLING_NB_CHROMIUM``, else the first of the usual names on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("KLING_NB_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """A headless Chromium that asks nobody for updates."""
    return playwright.chromium.launch(executable_path=path, headless=True, args=list(CHROMIUM_ARGUMENTS))


class LabPage:
    """One notebook in JupyterLab.

    Args:
        context: Made for this page and closed with it.
        address: From :meth:`Jupyter.lab`.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.goto(address)
        self.page.wait_for_function(_READY, timeout=60_000)

    def open(self, path: str) -> None:
        """Go on to another notebook in the same page, and wait for its kernel."""
        self.page.evaluate("async path => { await jupyterapp.commands.execute('docmanager:open', {path}) }", path)
        self.page.wait_for_function(_OPENED, arg=path, timeout=60_000)
        self._wait_idle()

    def run_all(self) -> None:
        """Run All Cells, up to the last cell's reply, or to the first that fails; jobs may go on."""
        self._wait_idle()
        self._command("notebook:run-all-cells")
        self._wait_idle()

    def run_through(self) -> Sequence[Mapping[str, Any]]:
        """Run All Cells, on past those that are meant to fail, after which Lab's command no longer waits.

        Returns:
            The cells as they would be saved. Some have not run if one failed that was not meant to.
        """
        self.run_all()
        self.page.wait_for_function(_RAN, timeout=60_000)
        cells: Sequence[Mapping[str, Any]] = self.page.evaluate(_CELLS)
        return cells

    def run_cell(self, number: int) -> None:
        """Run one cell, up to its reply."""
        self.page.evaluate("number => { jupyterapp.shell.currentWidget.content.activeCellIndex = number }", number)
        self._command("notebook:run-cell")

    def save(self) -> None:
        """Save the notebook."""
        self._command("docmanager:save")

    def shut_kernel_down(self) -> None:
        """Shut the kernel down, as from the running panel; the page stays as it is."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def close(self) -> None:
        """Close the notebook without saving it, and have its kernel shut down meanwhile; the page stays open."""
        self.page.evaluate(_CLOSE)

    def calm(self) -> None:
        """Make the last cell the active one, so that no other has a mark or a toolbar."""
        self.page.evaluate(_CALM)

    def hide_sidebars(self) -> None:
        """Give the notebook the whole width, as a person does who shows a clip."""
        for command in ("application:toggle-left-area", "application:toggle-right-area"):
            if self.page.evaluate("name => jupyterapp.commands.isToggled(name)", command):
                self._command(command)

    def _wait_idle(self) -> None:
        self.page.wait_for_function(_IDLE, timeout=60_000)

    def _command(self, name: str) -> None:
        self.page.evaluate("async name => { await jupyterapp.commands.execute(name) }", name)


def play(videos: Locator) -> Sequence[float]:
    """Play each one for a moment, muted; the seconds that each moved on.

    Raises:
        playwright.sync_api.Error: One does not play; the message says how far it came and why.
    """
    return [float(video.evaluate(_PLAY)) for video in videos.all()]


def play_at_once(videos: Locator) -> Sequence[float]:
    """As :func:`play`, all of them at the same time."""
    moved: Sequence[float] = videos.evaluate_all(_PLAY_AT_ONCE)
    return moved


def roll(page: Page, videos: Locator, share: float) -> None:
    """Let each clip play slowly, and leave it at about that share of its length with no controls over it."""
    for video in videos.all():
        video.evaluate(_ROLL, share)
    page.wait_for_timeout(_CONTROLS_FADE)
