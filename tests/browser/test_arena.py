"""The blind arena in JupyterLab: thirty votes by keyboard, nobody named before the table is asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from .coded import make_coded
from .jupyter import Jupyter, write_notebook
from .pages import LabPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser

VARIANTS = ("kestrel-alpha", "osprey-beta", "heron-gamma")
PROMPTS = 12
VOTES = 30
CELLS = (
    "%load_ext kling_nb",
    """import json, pathlib
from kling_nb.bench.arena import Arena, Candidate
rows = json.loads(pathlib.Path("arena.json").read_text())
arena = Arena([Candidate(**{**row, "path": pathlib.Path(row["path"])}) for row in rows], "ballots.jsonl")
arena""",
)
NOTEBOOK = (
    """() => jupyterapp.shell.currentWidget.content.widgets.map(cell => [cell.model.id, cell.model.toJSON().source])"""
)
KNOWN = """async () => {
  const manager = await jupyterapp.shell.currentWidget.context.sessionContext;
  const seen = [document.documentElement.outerHTML, ...performance.getEntriesByType('resource').map(one => one.name)];
  for (const node of document.querySelectorAll('*'))
    for (const {name, value} of node.attributes) seen.push(name, value);
  for (const video of document.querySelectorAll('video')) seen.push(video.currentSrc, video.title);
  const cells = jupyterapp.shell.currentWidget.content.model.toJSON();
  return [...seen, JSON.stringify(cells), Object.keys(manager).join()].join('\\n');
}"""
"""Everything that a page could give away: its DOM, what it has fetched, and the notebook as it would be saved."""
FOCUS = "root => root.focus()"
IN_STEP = """root => {
  const times = [...root.querySelectorAll('video')].map(video => video.currentTime);
  const close = times.length === 2 && Math.min(...times) > 0.2 && Math.abs(times[0] - times[1]) <= 0.5 / 24;
  root.inStep = close ? (root.inStep ?? 0) + 1 : 0;
  return root.inStep >= 6;
}"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen while somebody voted.

    Attributes:
        pages: All that the page knew, at some of the votes and after the last.
        frames: Messages of the kernel's socket, as text.
        counts: Votes on the disk before and after the two that were pressed twice and taken back.
        before, after: The notebook's cells, before and after everything was typed.
        table: The table's text, and what it looked like, by width.
        violations: What axe-core found, before and after the table.
        saved: The notebook, saved before the table was asked for, and after.
    """

    pages: tuple[str, ...]
    frames: str
    counts: tuple[int, int, int]
    before: Any
    after: Any
    table: str
    violations: tuple[tuple[str, ...], ...]
    saved: tuple[str, str]


def write_candidates(root: Path) -> None:
    """Clips whose names tell everything, as real ones do."""
    (root / "clips").mkdir(exist_ok=True)
    rows = []
    for number, variant in enumerate(VARIANTS):
        made = root / "clips" / f"{variant}.mp4"
        make_coded(made, seconds=2, hue=40 * number)
        for prompt in range(PROMPTS):
            path = f"clips/scene-{prompt}_{variant}_job.mp4"
            shutil.copy(made, root / path)
            rows.append(
                {
                    "id": f"job-{variant}-{prompt}",
                    "variant": variant,
                    "prompt_id": f"p{prompt}",
                    "prompt": f"Scene {prompt}: a paper boat in the rain",
                    "path": path,
                    "cost_usd": 0.2 + 0.1 * number,
                }
            )
    (root / "arena.json").write_text(json.dumps(rows))


def votes(root: Path) -> list[dict[str, Any]]:
    """The lines of the ballots' file."""
    path = root / "ballots.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def voted(panel: Locator, number: int) -> None:
    """Until the pair with this number can be voted on."""
    expect(panel.get_by_text(f"Pair {number}", exact=True)).to_be_visible()
    expect(panel.locator("[data-answer=left]")).to_have_attribute("aria-disabled", "false")


def vote_thirty(page: Page, panel: Locator, root: Path) -> tuple[tuple[str, ...], tuple[int, int, int]]:
    """Thirty votes with every key there is; two more that are pressed twice at once, one of them taken back."""
    pages = []
    panel.evaluate(FOCUS)
    for number in range(1, VOTES - 1):
        voted(panel, number)
        page.keyboard.press(("ArrowLeft", "2", "ArrowRight", "1", "t", "ArrowDown", "b", "0")[number % 8])
        if number % 9 == 0:
            pages.append(page.evaluate(KNOWN))
    voted(panel, VOTES - 1)
    before = len(votes(root))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    voted(panel, VOTES)
    between = len(votes(root))
    page.keyboard.press("u")
    voted(panel, VOTES - 1)
    for number in (VOTES - 1, VOTES):
        voted(panel, number)
        page.keyboard.press("ArrowRight")
    voted(panel, VOTES + 1)
    return (*pages, page.evaluate(KNOWN)), (before, between, len(votes(root)))


@pytest.fixture(scope="module")
def seen(browser: Browser, jupyter: Jupyter, request: pytest.FixtureRequest) -> Iterator[Seen]:
    """Run the notebook, vote, save, ask for the table, save again."""
    del request
    root = jupyter.root
    (root / "ballots.jsonl").unlink(missing_ok=True)
    write_candidates(root)
    write_notebook(root / "arena.ipynb", *CELLS)
    frames: list[str] = []
    with browser.new_context(viewport={"width": 1200, "height": 1000}) as context:
        context.on("page", lambda page: page.on("websocket", lambda socket: _listen(socket, frames)))
        lab = LabPage(context, jupyter.lab("arena.ipynb"))
        lab.hide_sidebars()
        lab.run_all()
        panel = lab.page.locator(".kling-nb-arena")
        voted(panel, 1)
        lab.page.wait_for_function(IN_STEP, arg=panel.element_handle())
        before = lab.page.evaluate(NOTEBOOK)
        pages, counts = vote_thirty(lab.page, panel, root)
        heard = "\n".join(frames)
        expect(panel).to_contain_text("30 votes")
        lab.save()
        blind = (root / "arena.ipynb").read_text()
        axe = [broken_rules(lab.page)]
        panel.get_by_role("button", name="Show table").click()
        table = panel.locator(".kling-nb-ranks")
        expect(table).to_contain_text(VARIANTS[0])
        axe.append(broken_rules(lab.page))
        text = table.inner_text()
        lab.page.wait_for_timeout(300)  # the record below is told after the page
        lab.save()
        after = lab.page.evaluate(NOTEBOOK)
        yield Seen(
            pages, heard, counts, before, after, text, tuple(axe), (blind, (root / "arena.ipynb").read_text())
        )  # fmt: skip


def broken_rules(page: Page) -> tuple[str, ...]:
    """What axe-core objects to in the panel."""
    return tuple(found["id"] for found in Axe().run(page, context=".kling-nb-arena").response["violations"])


def _listen(socket: Any, frames: list[str]) -> None:
    def heard(payload: str | bytes) -> None:
        frames.append(payload if isinstance(payload, str) else payload.decode("latin-1"))

    socket.on("framereceived", heard)


def test_nobody_is_named_before_the_table(seen: Seen) -> None:
    """Not in the DOM, an address, an attribute, the notebook or a message; the prompt's words are there."""
    assert len(seen.pages) >= 4
    for page in (*seen.pages, seen.saved[0]):
        assert [name for name in (*VARIANTS, "_job", "job-", "clips/") if name in page.replace("job-cell", "")] == []
    assert "a paper boat in the rain" in seen.pages[-1]
    assert "a paper boat in the rain" in seen.frames
    assert [name for name in VARIANTS if name in seen.frames] == []


def test_thirty_votes_are_written_down(seen: Seen, jupyter: Jupyter) -> None:
    """Each once, however often the key was pressed; the one taken back stays in the file and does not count."""
    lines = votes(jupyter.root)
    cast = [line for line in lines if "winner" in line]
    assert seen.counts == (VOTES - 2, VOTES - 1, VOTES + 2)
    assert (len(cast), len(lines)) == (VOTES + 1, VOTES + 2)
    assert {line["winner"] for line in cast} == {"left", "right", "tie", "both bad"}
    assert all(line["blind"] and 0 < line["ms"] < 60_000 and line["prompt"].startswith("p") for line in cast)
    assert len({line["token"] for line in cast}) == len(cast)
    sides = {line["left_variant"] for line in cast}
    assert sides == set(VARIANTS)


def test_the_table_afterwards(seen: Seen) -> None:
    """Every variant with its interval, its votes and its price; saved with the notebook from then on."""
    for name in VARIANTS:
        assert name in seen.table
        assert name in seen.saved[1]
    for words in ("30 votes on 12 prompts", "Preliminary", "%", "USD per accepted", "of 12"):
        assert words in seen.table, seen.table


def test_reopened_it_shows_the_table_alone(browser: Browser, jupyter: Jupyter, seen: Seen) -> None:
    """The saved notebook has no kernel: the table stands there, and no word of a widget that is gone."""
    (jupyter.root / "kept.ipynb").write_text(seen.saved[1])
    with browser.new_context() as context:
        page = LabPage(context, jupyter.lab("kept.ipynb")).page
        expect(page.locator(".kling-nb-ranks")).to_contain_text(VARIANTS[0])
        expect(page.get_by_text("model not found").filter(visible=True)).to_have_count(0)


def test_the_notebooks_own_keys_stay_asleep(seen: Seen) -> None:
    """B, 0, U and the arrows make, delete and move no cell."""
    assert seen.before == seen.after


def test_accessible(seen: Seen) -> None:
    """Nothing that axe-core objects to, before and after the table."""
    assert seen.violations == ((), ())
