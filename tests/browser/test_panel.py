"""The panel as a person meets it: by mouse, by keyboard, by paste, with a large picture, twice, and left behind.

One notebook with several panels is run once; each test takes a panel of its own. The last ones look at what
is left when it was saved and its kernel restarted.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from .jupyter import Jupyter, write_notebook
from .pages import LabPage, play

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

KEY = "sk-panel-0123456789-secret"
PANELS = 6
MOUSE, KEYBOARD, ILLEGAL, LARGE, PAIR, OTHER = range(PANELS)
SETUP = (
    "import os, pathlib\n"
    "os.environ['IMAROUTER_API_KEY'] = pathlib.Path('key.txt').read_text()\n"
    "%load_ext kling_nb\nimport kling_nb as kling"
)
READY = 60_000
"""Milliseconds for a clip on a busy machine."""

RED, BLUE = (True, False, False), (False, False, True)
UPLOAD_SECONDS = 5.0
DROP = """(zone, [name, type, text]) => {
  const data = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([data], name, {type}));
  for (const kind of ['dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));
}"""
TO_CLIPBOARD = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 400});
  canvas.getContext('2d').fillRect(0, 0, 320, 400);
  const blob = await new Promise(yes => canvas.toBlob(yes, 'image/png'));
  await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
}"""
CELLS = "() => jupyterapp.shell.currentWidget.content.widgets.map(cell => [cell.model.id, cell.model.toJSON().source])"
FOCUSED = """() => {
  const on = document.activeElement, label = on.labels?.[0]?.innerText ?? '';
  const group = on.closest('fieldset.kling-nb-field')?.querySelector('legend')?.innerText ?? '';
  const seen = on.type === 'radio' ? on.nextSibling : on;
  const own = on.tagName === 'BUTTON' ? on.innerText : '';
  return {name: [group, on.getAttribute('aria-label') ?? '', label, own].join(' '),
    outline: getComputedStyle(seen).outlineStyle};
}"""


def picture() -> bytes:
    """1280 by 720, left half red and right half blue; stored lying on its side, with a note on how to turn it."""
    upright = Image.new("RGB", (1280, 720), "blue")
    upright.paste("red", (0, 0, 640, 720))
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn by 90 degrees to the right
    exif[0x010E] = "a secret place"
    out = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Lived:
    """The page while its kernel runs."""

    lab: LabPage
    root: Path

    @property
    def page(self) -> Page:
        """The browser's page."""
        return self.lab.page

    def panel(self, number: int) -> Locator:
        """A panel by its place on the page."""
        return self.page.locator(".kling-nb-panel").nth(number)

    def asked(self, prompt: str) -> dict[str, Any]:
        """What was asked for in a clip, from its manifest."""
        for path in (self.root / "kling_outputs").glob("*.json"):
            manifest: dict[str, Any] = json.loads(path.read_text())
            if manifest["request"]["prompt"] == prompt:
                return manifest
        raise AssertionError(prompt)


@pytest.fixture
def lived(kept: Lived, request: pytest.FixtureRequest) -> Lived:
    """The notebook as the tests before left it; with new panels for a test that is tried again."""
    if getattr(request.node, "execution_count", 1) > 1:
        kept.lab.run_all()
        expect(kept.page.locator(".kling-nb-panel")).to_have_count(PANELS)
    return kept


@pytest.fixture(scope="module")
def kept(browser: Browser, jupyter: Jupyter) -> Iterator[Lived]:
    """The notebook of the panels, run in Lab."""
    (jupyter.root / "key.txt").write_text(KEY)
    (jupyter.root / "boat.jpg").write_bytes(picture())
    write_notebook(jupyter.root / "panels.ipynb", SETUP, *["kling.panel()"] * PANELS)
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        lab = LabPage(context, jupyter.lab("panels.ipynb"))
        lab.hide_sidebars()
        lab.run_all()
        expect(lab.page.locator(".kling-nb-panel")).to_have_count(PANELS)
        yield Lived(lab, jupyter.root)


def sent(width: int, height: int) -> str:
    """What a frame says once the kernel has it."""
    return f"Sent as {width} \N{MULTIPLICATION SIGN} {height}"


def generated(panel: Locator) -> Locator:
    """The panel's first clip, after it has played for a moment."""
    panel.get_by_role("button", name=re.compile("^Play:")).first.click(timeout=READY)
    film = panel.locator("video").first
    film.wait_for()
    assert min(play(film.locator("xpath=."))) > 0.2
    return film


def test_by_mouse_from_a_dropped_picture_to_the_clip(lived: Lived) -> None:
    """Drop a picture that lies on its side, crop it, see what will be sent: just that is sent, and the clip plays."""
    panel, prompt = lived.panel(MOUSE), "A sail turns into the wind"
    panel.get_by_label("Prompt", exact=True).fill(prompt)
    zone = panel.get_by_role("button", name="First frame: drop")
    zone.evaluate(DROP, ["boat.jpg", "image/jpeg", base64.b64encode(picture()).decode()])
    frame = panel.get_by_role("group", name="First frame", exact=True)
    expect(frame).to_contain_text(sent(1280, 720))
    expect(panel).to_contain_text("The clip follows the picture.")
    frame.get_by_label("1:1").check()
    expect(frame).to_contain_text(sent(720, 720))
    crop = frame.locator(".kling-nb-crop").bounding_box()
    assert crop is not None
    x, y = crop["x"] + crop["width"] / 2, crop["y"] + crop["height"] / 2
    lived.page.mouse.move(x, y)
    lived.page.mouse.down()
    lived.page.mouse.move(x - 40, y, steps=3)
    lived.page.mouse.move(x - 400, y, steps=3)
    lived.page.mouse.up()
    expect(frame).to_contain_text("Metadata removed.")
    panel.get_by_role("button", name="Generate").click()
    expect(panel.locator(".kling-nb-jobs .kling-nb-busy")).to_contain_text(re.compile("queue|Generating|Sending"))
    generated(panel)
    expect(panel.locator(".kling-nb-jobs")).to_contain_text("Sandbox: nothing charged.")
    sha = lived.asked(prompt)["request"]["image"]["sha256"]
    (stored,) = (lived.root / "kling_outputs" / "inputs").glob(f"{sha}.*")
    assert b"secret place" not in stored.read_bytes()
    with Image.open(stored) as image:
        kept = image.convert("RGB")
    assert kept.size == (720, 720)
    colours = [kept.getpixel((x, 360)) for x in (600, 700)]
    assert [tuple(part > 128 for part in colour) for colour in colours if isinstance(colour, tuple)] == [RED, BLUE]


def test_by_keyboard_alone(lived: Lived) -> None:
    """The same with no mouse: every stop has a visible focus, and the notebook's own keys stay asleep."""
    panel, page, before = lived.panel(KEYBOARD), lived.page, lived.page.evaluate(CELLS)

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            on = page.evaluate(FOCUSED)
            assert on["outline"] not in {"none", ""}, on
            if re.search(name, on["name"]):
                return
        raise AssertionError(name)

    # Listened for from the beginning: a key comes faster than a chooser can be announced.
    page.once("filechooser", lambda chooser: chooser.set_files(lived.root / "boat.jpg"))
    panel.evaluate("root => root.focus()")
    tab_to("^ *Prompt")
    page.keyboard.type("A paper boat crosses a puddle")
    tab_to("Model")
    page.keyboard.type("kling-v2-5")
    tab_to("^Mode")
    page.keyboard.press("ArrowRight")
    for key in ("a", "b", "x", "d", "d"):
        page.keyboard.press(key)
    expect(panel.get_by_label("pro", exact=True)).to_be_checked()
    tab_to("First frame: drop")
    page.keyboard.press("Enter")
    frame = panel.get_by_role("group", name="First frame", exact=True)
    expect(frame).to_contain_text(sent(1280, 720))
    panel.evaluate("root => root.focus()")
    tab_to("Shape|Original")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(frame).to_contain_text(sent(720, 720))
    panel.evaluate("root => root.focus()")
    tab_to("^ *Crop of the first frame")
    for key in ("Shift+ArrowLeft", "ArrowUp", "-", "-"):
        page.keyboard.press(key)
    expect(frame).to_contain_text(sent(653, 653))
    tab_to("Generate$")
    page.keyboard.press("Enter")
    start = panel.get_by_role("button", name=re.compile("^Play:"))
    start.wait_for(timeout=READY)
    tab_to("^ *Play:")
    page.keyboard.press("Enter")
    panel.locator("video").wait_for()
    expect(panel.locator("video")).to_be_focused()
    assert page.evaluate(CELLS) == before
    asked = lived.asked("A paper boat crosses a puddle")["request"]
    assert (asked["model"], asked["mode"]) == ("kling-v2-5-turbo", "pro")


def test_pasted(lived: Lived) -> None:
    """Ctrl+V of a picture fills the first frame, whether the zone or the prompt has the focus."""
    for number, target in ((ILLEGAL, "First frame: drop, paste or choose a picture"), (OTHER, "Prompt")):
        panel = lived.panel(number)
        lived.page.evaluate(TO_CLIPBOARD)
        panel.get_by_label(target, exact=True).focus()
        lived.page.keyboard.press("Control+v")
        frame = panel.get_by_role("group", name="First frame", exact=True)
        expect(frame).to_contain_text(re.compile(f"{sent(640, 400)}|{sent(640, 360)}"))
        frame.get_by_role("button", name="Remove").click()
        expect(frame.get_by_role("button", name="First frame: drop")).to_be_visible()


def test_sixty_megabytes(lived: Lived) -> None:
    """A PNG of 60 MB is scaled to what the model can use, as shown, and arrives within five seconds."""
    path = lived.root / "large.png"
    side = 4472
    noise = Image.frombytes("L", (side, side), (bytes(range(256)) * (side * side // 256 + 1))[: side * side])
    Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_90), noise)).save(path, compress_level=0)
    assert path.stat().st_size > 60_000_000
    panel = lived.panel(LARGE)
    panel.get_by_label("Prompt", exact=True).fill("A wall of noise")
    with lived.page.expect_file_chooser() as chooser:
        panel.get_by_role("button", name="First frame: drop").click()
    chooser.value.set_files(path)
    before = time.monotonic()
    frame = panel.get_by_role("group", name="First frame", exact=True)
    expect(frame).to_contain_text(sent(1920, 1080))
    assert time.monotonic() - before <= UPLOAD_SECONDS
    panel.get_by_role("button", name="Copy as cell").click()
    cell = panel.get_by_label("The same request as a cell")
    expect(cell).to_be_visible()
    stored = lived.root / re.findall(r"--image (\S+)", cell.input_value())[0]
    with Image.open(stored) as image:
        assert image.size == (1920, 1080)
    assert f"{stored.stat().st_size / 1e6:.1f} MB" in frame.inner_text()


def test_what_is_illegal_cannot_be_sent(lived: Lived) -> None:
    """A closed choice stays closed, even when the page is tampered with; too long a prompt cannot be submitted."""
    panel = lived.panel(ILLEGAL)
    panel.get_by_label("Model").select_option("kling-v2-5-turbo")
    panel.get_by_label("Prompt", exact=True).fill("A gate closes")
    for slot in ("First", "Last"):
        with lived.page.expect_file_chooser() as chooser:
            panel.get_by_role("button", name=f"{slot} frame: drop").click()
        chooser.value.set_files(lived.root / "boat.jpg")
        expect(panel.get_by_role("group", name=f"{slot} frame", exact=True)).to_contain_text("Sent as")
    std = panel.get_by_label("std", exact=True)
    expect(std).to_be_disabled()
    expect(panel).to_contain_text("A last frame needs mode pro on kling-v2-5-turbo.")
    std.evaluate("input => { input.disabled = false; input.click(); }")
    expect(panel.get_by_label("pro", exact=True)).to_be_checked()
    expect(panel.get_by_label("Gateway").locator("option", has_text="Wireflow")).to_be_disabled()
    panel.get_by_label("Prompt", exact=True).fill("long " * 600)
    expect(panel).to_contain_text("499 more than the 2,500 allowed")
    expect(panel.get_by_role("button", name="Generate")).to_be_disabled()
    panel.get_by_label("Prompt", exact=True).press("Control+Enter")
    expect(panel.locator(".kling-nb-jobs")).to_be_hidden()


def test_a_key_is_refused(lived: Lived) -> None:
    """A key that was typed into the prompt goes nowhere."""
    panel = lived.panel(ILLEGAL)
    panel.get_by_label("Prompt", exact=True).fill(f"A fox with {KEY}")
    expect(panel).to_contain_text("The key of IMAROUTER_API_KEY stands in this form")
    panel.get_by_label("Prompt", exact=True).fill("A fox")
    expect(panel.get_by_role("button", name="Generate")).to_be_enabled()


def test_two_panels_and_several_prompts(lived: Lived) -> None:
    """Two panels send at the same moment; each has its own clips, and each prompt is asked for once."""
    pair, other = lived.panel(PAIR), lived.panel(OTHER)
    pair.get_by_label("Prompt", exact=True).fill("A kite over dunes")
    pair.get_by_role("button", name="Add a prompt").click()
    lived.page.keyboard.type("A kite over the sea")
    pair.get_by_role("button", name="Generate 2 clips").click()
    other.get_by_label("Prompt", exact=True).fill("A lantern")
    expect(pair).to_contain_text("Generate 2 clips on Sandbox? Nothing is charged.")
    pair.get_by_role("button", name="Yes, generate").click()
    other.get_by_role("button", name="Generate").click()
    expect(pair.locator(".kling-nb-reel")).to_have_count(2, timeout=READY)
    expect(other.locator(".kling-nb-reel")).to_have_count(1, timeout=READY)
    expect(pair.locator(".kling-nb-jobs > li")).to_have_count(2)
    prompts = [manifest["request"]["prompt"] for manifest in manifests(lived)]
    assert sorted(p for p in prompts if "kite" in p) == ["A kite over dunes", "A kite over the sea"]
    other.get_by_role("button", name="Generate").click()
    expect(other).to_contain_text("This clip was here already: nothing was sent.")


def manifests(lived: Lived) -> list[dict[str, Any]]:
    """Those of all clips."""
    return [json.loads(path.read_text()) for path in (lived.root / "kling_outputs").glob("*.json")]


COLOURED = """dark => {
  const ink = getComputedStyle(document.querySelector('.kling-nb-panel')).color.match(/[\\d.]+/g).map(Number);
  return dark === (ink[0] > 128 || (ink[0] <= 1 && ink[0] > 0.5));
}"""
"""Asked until the theme's style sheet has come: is the ink light, as it is on a dark page?"""
LOOKS = {
    "light": ("JupyterLab Light", 1200),
    "dark": ("JupyterLab Dark", 1200),
    "narrow": ("JupyterLab Light", 444),
    "dark and narrow": ("JupyterLab Dark", 444),
}
"""Theme, and width of the browser in CSS pixels; the notebook's margins take 84 of it."""


@pytest.fixture(params=LOOKS)
def look(lived: Lived, request: pytest.FixtureRequest) -> Iterator[str]:
    """The page in one look, and afterwards as it was."""
    wear(lived.page, *LOOKS[request.param])
    yield request.param
    wear(lived.page, *LOOKS["light"])


def wear(page: Page, theme: str, width: int) -> None:
    """Change the theme and the width of the page."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("theme => { jupyterapp.commands.execute('apputils:change-theme', {theme}) }", theme)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    page.wait_for_function(COLOURED, arg="Dark" in theme)


def test_axe_finds_nothing(lived: Lived, look: str) -> None:
    """No violation in a form with pictures, closed choices, prompts in tabs and finished clips, in any look."""
    if "narrow" in look:
        assert lived.page.locator(".kling-nb-panel").first.evaluate("root => root.offsetWidth") <= 360
    found = Axe().run(lived.page, context=".kling-nb-panel")
    assert found.response["violations"] == [], found.generate_report()


@pytest.fixture(scope="module")
def left(kept: Lived) -> Lived:
    """The notebook saved, and its kernel restarted."""
    kept.lab.save()
    kept.page.evaluate("() => { jupyterapp.commands.execute('kernelmenu:restart') }")
    kept.page.get_by_role("button", name="Confirm Kernel Restart").click()
    kept.page.wait_for_timeout(4_500)  # the panel asks the kernel again only after a silence
    return kept


def test_after_a_restart_it_says_what_to_do(left: Lived) -> None:
    """Whoever comes back to the panel reads what happened, and still has the prompts and the clips."""
    panel = left.panel(MOUSE)
    panel.get_by_label("Prompt", exact=True).click()
    expect(panel.get_by_role("alert").first).to_contain_text("Run its cell again")
    expect(panel.get_by_role("button", name="Generate")).to_be_disabled()
    expect(panel.locator("details")).to_contain_text("A sail turns into the wind")


def test_the_saved_notebook_keeps_the_clips_and_no_key(browser: Browser, jupyter: Jupyter, left: Lived) -> None:
    """Reopened without widgets it plays what was made; neither it nor its HTML export has the key."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "panels.ipynb"]
    subprocess.run(command, cwd=left.root, env=dict(jupyter.env), check=True, capture_output=True)  # noqa: S603 - ours
    for name in ("panels.ipynb", "panels.html"):
        assert KEY not in (left.root / name).read_text()
    with browser.new_context() as context:
        page = LabPage(context, jupyter.lab("panels.ipynb")).page
        films = page.locator(".kling-nb-result video")
        expect(films).to_have_count(3)
        expect(page.get_by_text("This was a panel of kling_nb").first).to_be_visible()
        expect(page.get_by_text("model not found")).not_to_have_count(0)
        expect(page.get_by_text("model not found").filter(visible=True)).to_have_count(0)
        assert min(play(films)) > 0.2


def test_notebook_7(browser: Browser, jupyter: Jupyter) -> None:
    """The panel composes and generates there."""
    write_notebook(jupyter.root / "seven.ipynb", "import kling_nb as kling\nkling.panel('A moth at a window', takes=1)")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(jupyter.notebook7("seven.ipynb"))
        page.locator(".jp-Cell .cm-content").click(timeout=READY)
        page.keyboard.press("Shift+Enter")
        panel = page.locator(".kling-nb-panel")
        panel.get_by_role("button", name="Generate").click(timeout=READY)
        generated(panel)


def test_voila(browser: Browser, jupyter: Jupyter) -> None:
    """Voila shows the panel, and clips come through the kernel where no file is served."""
    write_notebook(jupyter.root / "app.ipynb", "import kling_nb as kling\nkling.panel('A bell rings')")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{jupyter.url}voila/render/app.ipynb?token={jupyter.token}")
        panel = page.locator(".kling-nb-panel")
        panel.get_by_role("button", name="Generate").click(timeout=READY)
        generated(panel)


BOARD = """
import asyncio, random, time
import kling_nb as kling
from kling_nb.lab import the_lab
from kling_nb.life import Event

JOBS, SECONDS = 200, 10
journal = the_lab().journal
put = lambda number, kind, **data: journal.record(f"job{number:03}", Event(kind, time.time(), data))
for number in range(JOBS):
    request = {"prompt": f"Scene {number:03}", "model": "kling-v2-6", "duration": 5}
    put(number, "planned", gateway="sandbox", request=request, fingerprint=f"{number:064}", key="k", notes=[])
    put(number, "sending", ask={})
    put(number, "ticket", ticket={"id": f"t{number}"}).result()

async def busy():
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for number in random.sample(range(JOBS), 60):
            put(number, "running", word="running", progress=random.random())
        await asyncio.sleep(0.2)
    for number in range(0, JOBS, 2):
        put(number, "failed", reason=f"reason {number}")
        put(number + 1, "stopped")

board = kling.board()
display(board)
task = asyncio.create_task(busy())
"""
FRAMES = """milliseconds => new Promise(yes => {
  let count = 0;
  const began = performance.now();
  const tick = now => {
    if (now - began > milliseconds) return yes(count / (now - began) * 1000);
    count++;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""
FEWEST_FRAMES = 50


def test_two_hundred_jobs(browser: Browser, jupyter: Jupyter) -> None:
    """The board follows 200 jobs for ten seconds: the page stays smooth, and every row ends right."""
    write_notebook(jupyter.root / "board.ipynb", "%env KLING_NB_OUTPUT=board_outputs", BOARD)
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        lab = LabPage(context, jupyter.lab("board.ipynb"))
        lab.hide_sidebars()
        lab.run_all()
        board = lab.page.locator(".kling-nb-panel")
        expect(board.locator("tbody tr")).to_have_count(200)
        expect(board).to_contain_text("200 jobs, 200 under way")
        assert lab.page.evaluate(FRAMES, 8_000) >= FEWEST_FRAMES
        expect(board).to_contain_text("by the gateway's count")
        expect(board.locator(".kling-nb-bad")).to_have_count(100)
        expect(board.locator(".kling-nb-quiet.kling-nb-st")).to_have_count(100)
        words = board.locator("tbody tr").evaluate_all("rows => rows.map(row => row.innerText)")
        for text in words:
            scene = int(re.findall(r"Scene (\d+)", text)[0])
            assert ("Stopped waiting" if scene % 2 else "Failed") in text
        assert "rate exceeded" not in lab.page.locator(".jp-Notebook").inner_text()
        board.get_by_label("Search the jobs").fill("scene 007")
        expect(board.locator("tbody tr")).to_have_count(1)
        board.get_by_role("button", name="Scene 007", exact=True).click()
        expect(board.locator(".kling-nb-detail")).to_contain_text("wait again")
        found = Axe().run(lab.page, context=".kling-nb-panel")
        assert found.response["violations"] == [], found.generate_report()
