"""The comparison in JupyterLab: alive while clips come in, durable afterwards, and no burden to the notebook.

One notebook is run once, saved, and left by its kernel; each test then looks at it in its own way.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import BrowserContext, Page, expect

from .coded import make_coded
from .jupyter import Jupyter, write_notebook
from .pages import IN_STEP, LabPage, play

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser

CELLS = (
    "%env KLING_NB_OUTPUT=compared_outputs\n%load_ext kling_nb\nimport kling_nb as kling",  # its gallery has its own
    "%%kling quick --model kling-v2-6 --duration 5 --wait\nA paper boat in the rain",
    """prompt, made = "A paper boat in the rain", {"model": "kling-v3", "duration": 5}
slow = kling.submit(prompt, **made, set={"sandbox": {"latency": 2}})
slower = kling.submit(prompt, **made, take=2, set={"sandbox": {"latency": 14}})
kling.compare(quick, slow, slower)""",
    "many = kling.compare(*[f'coded/{n}.mp4' for n in range(12)])\nmany",
    "kling.gallery()",
)
READY = 60_000
VIDEOS = ".kling-nb-player video"
FOCUS = "root => root.focus()"
FROM = 2.0
DURABLE = """() => new MutationObserver((_, watch) => {
  const root = document.querySelectorAll('.jp-CodeCell')[2].querySelector('.kling-nb-player.kling-nb-on:has(script)');
  if (!root) return;
  watch.disconnect();
  const bar = root.querySelector('[type=range]');
  const pressed = [...root.querySelectorAll('[aria-pressed=true]')].map(button => button.textContent);
  window.durable = {
    seconds: parseFloat(bar.ariaValueText), mode: root.dataset.mode, pressed, focus: root.matches(':focus-within'),
    plays: root.querySelector('.kling-nb-play').textContent === 'Pause',
  };
}).observe(document.body, {childList: true, subtree: true})"""
"""Notes how the durable form looks as soon as it stands in the page."""
NOTEBOOK = (
    """() => jupyterapp.shell.currentWidget.content.widgets.map(cell => [cell.model.id, cell.model.toJSON().source])"""
)
RUN = """async index => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = index;
  await jupyterapp.commands.execute('notebook:run-cell');
}"""


@dataclass(frozen=True, slots=True)
class Lived:
    """What was seen while the kernel ran.

    Attributes:
        at_first: Clips in the living comparison before the second was finished, and its text.
        kept: Whether the first clip's element was still the same, and further on, when the second had come.
        went_on: Of the durable form, right after it had replaced the living one that played a loop in the wipe: its
            position in seconds, its mode, the names of what is pressed, and whether it had the focus.
        before, after: The notebook's cells before and after everything was typed into the player.
        decoders: Video elements with a source in the whole page, after twelve clips had been shown ten times.
        violations: What axe-core found in Lab.
    """

    name: str
    at_first: tuple[int, str]
    kept: bool
    went_on: Any
    before: Any
    after: Any
    decoders: int
    violations: Sequence[str]


@pytest.fixture(scope="module")
def lived(browser: Browser, jupyter: Jupyter) -> Lived:
    """Run All, watch, type, run again and again, save, shut the kernel down."""
    name = "compared.ipynb"
    (jupyter.root / "coded").mkdir(exist_ok=True)  # the fixture may be tried again
    for number in range(12):
        make_coded(jupyter.root / "coded" / f"{number}.mp4", seconds=2, hue=8 * number)
    write_notebook(jupyter.root / name, *CELLS)
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        lab = LabPage(context, jupyter.lab(name))
        lab.run_all()
        pair = lab.page.locator(".jp-CodeCell").nth(2).locator(".kling-nb-player")
        expect(pair.locator("video")).to_have_count(1, timeout=READY)
        at_first = pair.locator("video").count(), pair.inner_text()
        pair.locator("video").evaluate("video => { window.first = video }")
        pair.evaluate(FOCUS)
        lab.page.keyboard.press(" ")
        expect(pair.locator("video")).to_have_count(2, timeout=READY)
        kept = bool(lab.page.evaluate("() => first.currentTime > 0.2"))
        lab.page.evaluate(DURABLE)
        if pair.get_by_role("button", name="Pause").is_visible():  # the first clip has not come to its end yet
            lab.page.keyboard.press(" ")
        for key in ("Home", "ArrowRight", "ArrowRight", "[", " ", "w"):  # from the third second on, again and again
            pair.evaluate(FOCUS)
            lab.page.keyboard.press(key)
        expect(pair.locator("script")).to_have_count(1, timeout=READY)  # the durable form
        went_on = lab.page.evaluate("() => durable")
        pair.evaluate(FOCUS)
        lab.page.keyboard.press("Escape")
        expect(pair.locator("video")).to_have_count(3)
        before, after = typed(lab.page, pair)
        found = Axe().run(lab.page, context=".kling-nb-player").response["violations"]
        for _ in range(10):
            lab.page.evaluate(RUN, 3)
            lab.page.locator(VIDEOS).nth(3 + 11).wait_for()
        decoders = sources(context, lab.page)
        lab.page.evaluate(RUN, 4)
        expect(lab.page.get_by_text("3 of 3 clips, 0 chosen")).to_be_visible()
        lab.save()
        lab.shut_kernel_down()
    told = [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]
    return Lived(name, at_first, kept, went_on, before, after, decoders, told)


@pytest.fixture
def reopened(browser: Browser, jupyter: Jupyter, lived: Lived) -> Iterator[Page]:
    """The saved notebook in a new page, with a kernel that knows nothing."""
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        yield LabPage(context, jupyter.lab(lived.name)).page


def typed(page: Page, pair: Locator) -> tuple[Any, Any]:
    """The notebook's cells before and after keys that mean something to a notebook."""
    before = page.evaluate(NOTEBOOK)
    pair.locator(".kling-nb-view").first.click()
    for key in ("a", "b", "x", "d", "d", "z", "m", "y", "Enter", "Shift+Enter", "Escape", "c", "v", "w", "ArrowDown"):
        pair.evaluate(FOCUS)
        page.keyboard.press(key)
    page.get_by_label("Speed").first.focus()
    for key in ("x", "d", "d", "b"):
        page.keyboard.press(key)
    return before, page.evaluate(NOTEBOOK)


def sources(context: BrowserContext, page: Page) -> int:
    """Video elements with a source anywhere in the page's memory, also those that are no longer in the document."""
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    prototype = session.send("Runtime.evaluate", {"expression": "HTMLVideoElement.prototype"})["result"]["objectId"]
    found = session.send("Runtime.queryObjects", {"prototypeObjectId": prototype})["objects"]["objectId"]
    count = "function() { return this.filter(video => video.getAttribute && video.getAttribute('src')).length }"
    asked = {"objectId": found, "functionDeclaration": count, "returnByValue": True}
    return int(session.send("Runtime.callFunctionOn", asked)["result"]["value"])


def in_step(page: Page, player: Locator) -> None:
    """Play by keyboard: all move, and come within half a frame of each other.

    They start one after the other, as the decoders of a busy machine let them; ``test_compare.py`` has the measure of
    how close they stay.
    """
    player.evaluate(FOCUS)
    page.keyboard.press(" ")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function(IN_STEP, arg=player.element_handle())


def test_alive_it_takes_clips_in_as_they_finish(lived: Lived) -> None:
    """The first clip plays while the second is still being made, and goes on when that one comes."""
    count, text = lived.at_first
    assert count == 1
    assert "Generating" in text or "Waiting" in text or "Sending" in text or "Planned" in text
    assert lived.kept


def test_the_durable_form_goes_on_where_the_living_one_was(lived: Lived) -> None:
    """At its place in the same loop, playing, in the same view, and with the keyboard still in it."""
    assert lived.went_on["seconds"] >= FROM
    assert lived.went_on == {**lived.went_on, "mode": "wipe", "pressed": ["wipe", "Loop", "Sound"], "focus": True}
    assert lived.went_on["plays"]


def test_nothing_typed_changes_the_notebook(lived: Lived) -> None:
    """Keys that make, delete and undo cells stay inside the player."""
    assert len(lived.before) == len(CELLS)
    assert lived.after == lived.before


def test_no_decoder_is_left_behind(lived: Lived) -> None:
    """Twelve clips, run ten times: twelve sources, three of the comparison above, and the first clip's own."""
    assert lived.decoders == 12 + 3 + 1


def test_axe_finds_nothing_in_lab(lived: Lived) -> None:
    """In Lab's own colours and type."""
    assert lived.violations == () or list(lived.violations) == []


def test_the_saved_notebook_has_no_widget(jupyter: Jupyter, lived: Lived) -> None:
    """No view and no state of one, and at most 25 kB and 12 kB for each clip."""
    text = (jupyter.root / lived.name).read_text()
    assert "widget-view" not in text
    node = json.loads(text)
    assert "widgets" not in node["metadata"]
    shown = [sum(len("".join(out["data"]["text/html"])) for out in cell["outputs"]) for cell in node["cells"][2:4]]
    for size, clips in zip(shown, (3, 12), strict=True):
        assert 25_000 < size <= 25_000 + 12_000 * clips


def test_reopened_it_plays_in_step(reopened: Page) -> None:
    """No kernel has run these cells; the player is all there."""
    expect(reopened.get_by_text("model not found")).to_have_count(0)
    in_step(reopened, reopened.locator(".kling-nb-player").first)


def test_the_gallery_filters_and_compares(reopened: Page) -> None:
    """Without a kernel: by prompt and model, then two clips in the player."""
    gallery = reopened.locator(".kling-nb-gallery")
    before = reopened.evaluate(NOTEBOOK)
    gallery.get_by_label("Prompt").press_sequentially("boat paper")
    assert reopened.evaluate(NOTEBOOK) == before
    expect(gallery.get_by_role("status").first).to_have_text("3 of 3 clips, 0 chosen")
    gallery.get_by_label("Model").select_option("kling-v3")
    expect(gallery.locator("tbody tr:visible")).to_have_count(2)
    gallery.get_by_label("Model").select_option("")
    for box in gallery.get_by_role("checkbox").all():
        box.check()
    gallery.get_by_role("button", name="Compare 3 clips").click()
    assert Axe().run(reopened, context=".kling-nb-gallery").response["violations"] == []
    player = gallery.locator(".kling-nb-player")
    assert min(play(player.locator("video"))) > 0.2
    expect(player.get_by_text("kling-v2-6").first).to_be_visible()


def test_untrusted_it_falls_back_to_native_players(browser: Browser, jupyter: Jupyter, lived: Lived) -> None:
    """As mail or a checkout brings it: no style, no script, the clips with their posters and captions."""
    node = json.loads((jupyter.root / lived.name).read_text())
    node["metadata"]["author"] = "somebody else"
    (jupyter.root / "strange-compared.ipynb").write_text(json.dumps(node))
    with browser.new_context() as context:
        page = LabPage(context, jupyter.lab("strange-compared.ipynb")).page
        videos = page.locator(".jp-CodeCell").nth(2).locator("video[controls][poster^='data:image/jpeg']")
        expect(videos).to_have_count(3)
        assert min(play(videos)) > 0.2
        expect(page.locator(".kling-nb-controls")).to_have_count(0)


def test_exported_it_plays_offline(browser: Browser, jupyter: Jupyter, lived: Lived) -> None:
    """``jupyter nbconvert --to html`` beside the clips, opened as a file with the network off."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", lived.name]
    subprocess.run(command, cwd=jupyter.root, env=dict(jupyter.env), check=True, capture_output=True)  # noqa: S603 - ours
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((jupyter.root / lived.name).with_suffix(".html").as_uri(), wait_until="domcontentloaded")
        in_step(page, page.locator(".kling-nb-player").first)
