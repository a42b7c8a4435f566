"""A bench's report in a real Chromium, opened from the disk with the network off: it plays, and asks for nothing.

The page's own policy would refuse requests to others; here nothing even tries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from kling_nb.bench.bench import Bench
from kling_nb.lab import Lab
from kling_nb.lab.loops import Home
from kling_nb.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

HALF_A_FRAME = 0.5 / 4
"""Of the sandbox's smallest films, which have four frames a second."""

SPREAD = """videos => {
  const times = videos.map(video => video.currentTime);
  return [Math.min(...times), Math.max(...times) - Math.min(...times)];
}"""
POSTERS = "pictures => pictures.every(picture => picture.complete && picture.naturalWidth > 0)"
PROMPTS = (
    "A red fox trots through fresh snow",
    "A paper lantern drifts over a harbour",
    "Neon rain on a window at night",
    "A lighthouse in a storm",
    {"prompt": "A glass sculpture", "set": {"sandbox": {"fail": "The paint was still wet."}}},
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bench on the sandbox with a failed prompt, defects and votes: its report as a folder, and as one page."""
    folder = tmp_path_factory.mktemp("bench")
    lab = Lab(Settings(output=str(folder / "out")), env={"KLING_NB_SANDBOX": "latency=0 resolution=tiny"})
    lab.home = Home(own_thread=True)
    bench = Bench(list(PROMPTS), name="foxes", model=["kling-v2-6", "kling-v3"], duration=5, lab=lab)
    bench.run().wait(120)
    bench.measure(metrics=["conformance", "freeze"]).wait(120)
    arena = bench.arena(voter="script")
    for _ in range(10):
        arena.vote("left" if "v3" in arena.clip(arena.pair.left).variant else "right", arena.pair.token)
    made = [bench.report(folder / name, question="Which model?").path for name in ("report", "report.html")]
    lab.home.close()
    return made[0], made[1]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Any]:
    """Opens pages with the network off; afterwards nothing has failed, and nothing but files was asked for."""
    seen: list[str] = []
    contexts = []

    def opened(path: Path, **options: Any) -> Page:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: seen.append(f"error: {error}"))
        page.on("console", lambda message: seen.append(f"console: {message.text}"))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [one[:200] for one in seen if not one.startswith(("file:", "data:"))] == []
    assert seen, "not even the page itself"


def play(page: Page, index: int) -> None:
    """Open the player of a prompt, and play."""
    article = page.locator("article").nth(index)
    article.get_by_text("Play side by side").click()
    root = article.locator(".kling-nb-player.kling-nb-on")
    expect(root).to_be_visible()
    root.focus()
    page.keyboard.press(" ")


@pytest.mark.parametrize("kind", ["folder", "single page"])
def test_it_plays_from_the_disk(opened: Any, reports: tuple[Path, Path], kind: str) -> None:
    """Posters are there at once; two clips play in step; stepping shows the same frame of both."""
    page = opened(reports[kind != "folder"], viewport={"width": 1100, "height": 900})
    expect(page.locator(".strip img")).to_have_count(8)
    page.wait_for_function(f"() => ({POSTERS})([...document.querySelectorAll('.strip img')])")
    assert page.locator("video").count() == 0, "nothing is decoded before somebody asks"
    play(page, 0)
    videos = page.locator("article").first.locator("video")
    expect(videos).to_have_count(2)
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(video => video.currentTime > 0.5)")
    at, spread = videos.evaluate_all(SPREAD)
    assert at > 0.5
    assert spread <= HALF_A_FRAME
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    page.keyboard.press("Home")
    page.keyboard.press(".")
    expect(page.get_by_role("slider", name="Position")).to_have_value("1")
    assert videos.evaluate_all("videos => videos.every(video => video.poster)")


def test_few_players_at_once(opened: Any, reports: tuple[Path, Path]) -> None:
    """The fourth one closes the first, which can be opened again; a closed one gives its decoders back."""
    page = opened(reports[0])
    for index in range(4):
        page.locator("article").nth(index).get_by_text("Play side by side").click()
    expect(page.locator(".kling-nb-player")).to_have_count(3)
    expect(page.locator("details.play").first).not_to_have_attribute("open", "")
    page.locator("article").first.get_by_text("Play side by side").click()
    expect(page.locator("article").first.locator("video")).to_have_count(2)
    expect(page.locator("article").nth(1).locator("video")).to_have_count(0)
    page.locator("article").first.get_by_text("Play side by side").click()
    expect(page.locator(".kling-nb-player")).to_have_count(2)


def test_the_keyboard_is_enough(opened: Any, reports: tuple[Path, Path]) -> None:
    """Tab reaches the sections, the tables, the players and the requests; Enter opens."""
    page = opened(reports[0])
    names = []
    for _ in range(30):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("() => document.activeElement.textContent.slice(0, 20) || document.activeElement.tagName")
        )
        if names[-1].startswith("Play side"):
            break
    assert names[:2] == ["Variants", "Votes"]
    page.keyboard.press("Enter")
    expect(page.locator(".kling-nb-player.kling-nb-on")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Any, reports: tuple[Path, Path], scheme: str) -> None:
    """axe-core on all of it, with a player and the exact requests open."""
    page = opened(reports[0], color_scheme=scheme, reduced_motion="reduce")
    page.locator("article").first.get_by_text("Play side by side").click()
    page.locator("article").first.get_by_text("Exact requests").click()
    expect(page.locator(".kling-nb-player.kling-nb-on")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
    assert found.response["violations"] == [], found.generate_report()


def test_a_narrow_screen(opened: Any, reports: tuple[Path, Path]) -> None:
    """400 pixels: the page does not scroll aside, only its tables do."""
    page = opened(reports[0], viewport={"width": 400, "height": 800})
    page.locator("article").first.get_by_text("Play side by side").click()
    page.locator("article").first.get_by_text("Exact requests").click()
    assert page.evaluate("() => document.documentElement.scrollWidth") == 400


def test_printed(opened: Any, reports: tuple[Path, Path]) -> None:
    """Posters, tables and reasons; no player, no controls."""
    page = opened(reports[0])
    play(page, 0)
    page.emulate_media(media="print")
    expect(page.locator(".kling-nb-player")).to_be_hidden()
    expect(page.locator("summary").first).to_be_hidden()
    expect(page.locator(".strip img").first).to_be_visible()
    expect(page.get_by_text("The paint was still wet.").first).to_be_visible()


def test_without_script(opened: Any, reports: tuple[Path, Path]) -> None:
    """The browser's own players, behind the same words."""
    page = opened(reports[0], java_script_enabled=False)
    page.locator("article").first.get_by_text("Play side by side").click()
    expect(page.locator("article").first.locator("video[controls]")).to_have_count(2)
    expect(page.locator("article").first.locator("video[controls]").first).to_be_visible()
