"""Clips that are ticked on the jobs board, side by side below it: by mouse and by keyboard, in step, and given back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Locator, Page, expect

from .jupyter import Jupyter, write_notebook
from .pages import IN_STEP, LabPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

CELLS = (
    "%env KLING_NB_OUTPUT=chosen_outputs\n%load_ext kling_nb\nimport kling_nb as kling",
    """jobs = kling.submit(["A paper boat", "A paper kite"], model="kling-v2-6", mode="pro", duration=5, sound=True)
failed = kling.submit("A paper moon", set={"sandbox": {"fail": "out of paint"}})
%kling wait""",
    "%kling jobs --live",
)
READY = 60_000
CELLS_NOW = "() => jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.id)"


@pytest.fixture(scope="module")
def page(browser: Browser, jupyter: Jupyter) -> Iterator[Page]:
    """A board of two finished clips and a job that failed, in Lab."""
    write_notebook(jupyter.root / "chosen.ipynb", *CELLS)
    with browser.new_context(viewport={"width": 1200, "height": 1400}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        lab = LabPage(context, jupyter.lab("chosen.ipynb"))
        lab.hide_sidebars()
        lab.run_all()
        lab.page.locator(".kling-nb-panel tbody tr").nth(2).wait_for(timeout=READY)
        yield lab.page


@pytest.fixture
def board(page: Page) -> Locator:
    """The board with nothing ticked."""
    board = page.locator(".kling-nb-panel")
    for box in board.get_by_role("checkbox").all():
        box.uncheck()
    return board


def axe(page: Page, context: str) -> None:
    """No violation."""
    found = Axe().run(page, context=context)
    assert found.response["violations"] == [], found.generate_report()


def test_two_clips_are_compared(page: Page, board: Locator) -> None:
    """Only finished clips can be ticked; two of them play in step below, in the order in which they were ticked."""
    expect(board.get_by_role("checkbox")).to_have_count(2)
    board.get_by_role("checkbox", name=re.compile("^Choose: A paper boat, kling-v2-6")).check()
    expect(board.get_by_role("button", name="Choose one more to compare")).to_be_disabled()
    board.get_by_role("checkbox", name=re.compile("paper kite")).check()
    axe(page, ".kling-nb-panel")
    board.get_by_role("button", name="Compare 2 clips").click()
    player = page.locator(".kling-nb-player")
    expect(player.locator("video")).to_have_count(2, timeout=READY)
    expect(player).to_be_focused()
    expect(player.locator(".kling-nb-clip").first).to_have_attribute("data-name", re.compile("^1: boat"))
    page.keyboard.press(" ")
    page.wait_for_function(IN_STEP, arg=player.element_handle())
    axe(page, ".kling-nb-player")
    page.keyboard.press(" ")


def test_by_keyboard_alone(page: Page, board: Locator) -> None:
    """Space ticks, Enter compares, and nothing typed reaches the notebook."""
    before = page.evaluate(CELLS_NOW)
    for box in board.get_by_role("checkbox").all():
        box.focus()
        page.keyboard.press("Space")
        for key in ("d", "d", "a"):
            page.keyboard.press(key)
    board.get_by_role("button", name="Compare 2 clips").focus()
    page.keyboard.press("Enter")
    player = page.locator(".kling-nb-player")
    expect(player).to_be_focused(timeout=READY)
    expect(player.locator("video")).to_have_count(2)
    page.keyboard.press("w")
    expect(player).to_have_attribute("data-mode", "wipe")
    assert page.evaluate(CELLS_NOW) == before


def test_the_same_as_a_cell(page: Page, board: Locator) -> None:
    """The line to type for it, with the ids in their order, is shown and copied."""
    for box in board.get_by_role("checkbox").all():
        box.check()
    board.get_by_role("button", name="Copy as cell").click()
    expect(board.get_by_text("Copied: paste it into a cell.")).to_be_visible()
    copied = str(page.evaluate("() => navigator.clipboard.readText()"))
    assert re.fullmatch(r"%kling compare \S+ \S+", copied)
    expect(board.get_by_text(copied)).to_be_visible()


def test_a_choice_outlives_a_search(board: Locator) -> None:
    """What was ticked stays chosen while its row is out of sight, and its row comes back ticked."""
    board.get_by_role("checkbox", name=re.compile("paper kite")).check()
    search = board.get_by_label("Search the jobs")
    search.fill("boat")
    expect(board.locator("tbody tr")).to_have_count(1)
    board.get_by_role("checkbox").check()
    expect(board.get_by_role("button", name="Compare 2 clips")).to_be_enabled()
    search.fill("")
    expect(board.get_by_role("checkbox", checked=True)).to_have_count(2)
    board.get_by_role("button", name="Choose none").click()
    expect(board.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_closed_it_decodes_nothing(page: Page, board: Locator) -> None:
    """When its cell is run again, the videos of the comparison give their files back."""
    for box in board.get_by_role("checkbox").all():
        box.check()
    board.get_by_role("button", name="Compare 2 clips").click()
    expect(page.locator(".kling-nb-player video")).to_have_count(2, timeout=READY)
    page.evaluate("() => { window.old = [...document.querySelectorAll('.kling-nb-player video')] }")
    clear: Any = "async () => { await jupyterapp.commands.execute('notebook:clear-all-cell-outputs') }"
    page.evaluate(clear)
    page.wait_for_function("() => old.every(video => !video.isConnected && !video.hasAttribute('src'))")
