"""What a person sees: a card that lives, clips that play, and a saved notebook that keeps playing.

One notebook is run once, saved, and left by its kernel; each test then looks at it in its own way.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from .jupyter import Jupyter, write_notebook
from .pages import LabPage, play

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

FOX = "A red fox trots through fresh snow, slow dolly-in, golden hour"
EVIL = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"
FAIL = json.dumps({"fail": EVIL})
CELLS = (
    "%load_ext kling_nb",
    f"%%kling fox --duration 5\n{FOX}",
    "%%kling pair --model kling-v2-6,kling-v3 --duration 5\nA paper boat in the rain",
    f"%%kling bad --set 'sandbox={FAIL}'\nA lighthouse at dusk",
)
CLIPS = 3
RENDERED = 60_000
"""Milliseconds for all clips, on a busy machine."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What was seen while the kernel ran, and the notebook that it left.

    Attributes:
        cards: Text of each live card, as it stood right after Run All.
        moved: Seconds that each clip played.
        text: All outputs at the end.
        pwned: Whether a script in the failure's reason ran.
    """

    name: str
    cards: Sequence[str]
    moved: Sequence[float]
    text: str
    pwned: bool


@pytest.fixture(scope="module")
def lived(browser: Browser, jupyter: Jupyter) -> Lived:
    """Run All, watch, play, save, shut the kernel down."""
    name = "lived.ipynb"
    write_notebook(jupyter.root / name, *CELLS)
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        lab = LabPage(context, jupyter.lab(name))
        lab.run_all()
        cards = lab.page.locator(".kling-nb-card").all_inner_texts()
        expect(lab.page.locator("video")).to_have_count(CLIPS, timeout=RENDERED)
        expect(lab.page.locator(".kling-nb-bad")).to_be_visible()
        moved = play(lab.page.locator("video"))
        text = "\n".join(lab.page.locator(".jp-OutputArea-output").all_inner_texts())
        pwned = is_pwned(lab.page)
        lab.save()
        lab.shut_kernel_down()
    return Lived(name, cards, moved, text, pwned)


@pytest.fixture
def reopened(browser: Browser, jupyter: Jupyter, lived: Lived) -> Iterator[Page]:
    """The saved notebook in a new page, with a kernel that knows nothing."""
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        yield LabPage(context, jupyter.lab(lived.name)).page


def is_pwned(page: Page) -> bool:
    """Whether the failure's reason ran as HTML."""
    return bool(page.evaluate("() => window.pwned !== undefined"))


def test_the_card_lives_and_becomes_the_result(lived: Lived) -> None:
    """Right after Run All three cards say how it goes; at the end none is left."""
    assert len(lived.cards) == 3
    for card in lived.cards:
        assert re.search(r"Planned|Sending|Waiting in queue|Generating", card), card
    assert "so far" not in lived.text
    assert "Generating" not in lived.text


def test_each_clip_plays(lived: Lived) -> None:
    """All three move on by themselves after play()."""
    assert len(lived.moved) == CLIPS
    assert min(lived.moved) > 0.2


def test_a_failure_says_its_reason_and_runs_no_script(lived: Lived) -> None:
    """The gateway's words stand there as words."""
    assert EVIL in lived.text
    assert not lived.pwned


def test_reopened_without_its_kernel_it_plays(reopened: Page) -> None:
    """Saved and opened again it is the same: clips, the failure's words, and no output that misses a widget."""
    expect(reopened.locator("video")).to_have_count(CLIPS)
    assert min(play(reopened.locator("video"))) > 0.2
    expect(reopened.get_by_text("model not found")).to_have_count(0)
    expect(reopened.locator(".kling-nb-why")).to_contain_text(EVIL)
    assert not is_pwned(reopened)


def test_the_pair_plays_in_step(reopened: Page) -> None:
    """The one button of the grid plays both from the same moment."""
    reopened.get_by_role("button", name="Play all in step").click()
    videos = reopened.locator(".kling-nb-grid video")
    both = "videos => videos.length === 2 && videos.every(v => v.currentTime > 0.3)"
    reopened.wait_for_function(f"() => ({both})([...document.querySelectorAll('.kling-nb-grid video')])")
    times = videos.evaluate_all("videos => videos.map(v => v.currentTime)")
    assert abs(times[0] - times[1]) < 0.1


def test_untrusted_it_still_shows_poster_and_player(browser: Browser, jupyter: Jupyter, lived: Lived) -> None:
    """As mail or a checkout brings it, without the signature of this machine: no style, no script, the clip."""
    node = json.loads((jupyter.root / lived.name).read_text())
    node["metadata"]["author"] = "somebody else"
    (jupyter.root / "strange.ipynb").write_text(json.dumps(node))
    with browser.new_context() as context:
        page = LabPage(context, jupyter.lab("strange.ipynb")).page
        videos = page.locator("video[controls][poster^='data:image/jpeg']")
        expect(videos).to_have_count(CLIPS)
        expect(page.locator(".kling-nb style")).to_have_count(0)
        assert min(play(videos)) > 0.2
        assert not is_pwned(page)


def test_notebook_7_plays_it(browser: Browser, jupyter: Jupyter, lived: Lived) -> None:
    """The relative links hold there too."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(jupyter.notebook7(lived.name))
        expect(page.locator("video")).to_have_count(CLIPS, timeout=30_000)
        assert min(play(page.locator("video"))) > 0.2


def test_exported_it_plays_offline(browser: Browser, jupyter: Jupyter, lived: Lived) -> None:
    """``jupyter nbconvert --to html`` beside the clips, opened as a file with the network off."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", lived.name]
    subprocess.run(command, cwd=jupyter.root, env=dict(jupyter.env), check=True, capture_output=True)  # noqa: S603 - ours
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((jupyter.root / lived.name).with_suffix(".html").as_uri(), wait_until="domcontentloaded")
        expect(page.locator("video")).to_have_count(CLIPS)
        assert min(play(page.locator("video"))) > 0.2
        assert not is_pwned(page)
