"""The comparison player in a real Chromium: in step, frame by frame, by keyboard, and gone when it is gone.

The clips carry the number of each frame in their picture, so that what is compared is what is seen.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import Page, expect

from kling_nb.player import Clip, compare

from .coded import HEIGHT, READ, WIDTH, clip_view, served, write_page

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

FPS = 24
HALF_A_FRAME = 0.5 / FPS
COUNTS = (2, 4, 6)
STILL, AFTER = 0.08, 0.5
"""Seconds for which a page stands still when the machine is busy, and for which its clips are not judged then: nothing
can be corrected by a page that does not run, and where there is no sound card, sound loses what was due meanwhile."""

WATCH = """async ({seconds, kick}) => {
  const players = [...document.querySelectorAll('.kling-nb-player')].map(root => [...root.querySelectorAll('video')]);
  const spreads = players.map(() => []);
  const began = performance.now();
  let kicked = !kick;
  while (performance.now() - began < seconds * 1000) {
    await new Promise(requestAnimationFrame);
    if (!kicked) {
      for (const [index, seconds] of kick) players[0][index].currentTime += seconds;
      kicked = true;
    }
    const at = (performance.now() - began) / 1000;
    players.forEach((videos, index) => {
      const before = performance.now();
      const times = videos.map(video => video.currentTime);
      if (performance.now() - before > 2) return;
      spreads[index].push([at, Math.max(...times) - Math.min(...times), Math.min(...times)]);
    });
  }
  return spreads;
}"""
"""At each animation frame, for each player: seconds since the start, spread, and the earliest clip's time.

Times that were not read at one moment, because the page was put aside between two of them, say nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the coded clips are: six of 12 s, one of them with sound."""
    return tmp_path_factory.mktemp("coded")


@pytest.fixture(scope="module")
def clips(folder: Path) -> Sequence[Clip]:
    """Six clips of the same length."""
    return [clip_view(folder, f"clip{n}", n, seconds=12, sound=n == 1) for n in range(6)]


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A server that lets its pages read their clips' pixels."""
    with served(folder) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page, on which no script may fail."""
    with browser.new_context(viewport={"width": 1100, "height": 900}) as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        yield page
        assert failures == []


def frames(page: Page) -> list[int]:
    """The frame that each clip shows, once none of them is seeking."""
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(v => !v.seeking && v.readyState > 1)")
    return [int(number) for number in page.locator("video").evaluate_all(f"videos => videos.map({READ})")]


def press(page: Page, *keys: str) -> None:
    """Type into the player."""
    for key in keys:
        page.keyboard.press(key)


def start(page: Page, address: str) -> None:
    """Open a page and put the focus on its first player."""
    page.goto(address)
    page.locator(".kling-nb-player.kling-nb-on").first.focus()


def playing(page: Page) -> None:
    """Wait until every clip moves."""
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(v => v.currentTime > 0.2)")


def judged(samples: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Time and spread wherever the page got to run: a good part of the time, or the machine is too slow to measure."""
    stood = [late for (early, *_), (late, *_) in pairwise(samples) if late - early > STILL]
    kept = [(at, spread) for at, spread, _ in samples if not any(0 <= at - end < AFTER for end in stood)]
    assert len(kept) > len(samples) / 4, f"the page stood still {len(stood)} times"
    return kept


def test_clips_stay_in_step(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """Over 10 s, two, four and six clips that play at the same time are never more than half a frame apart."""
    more = [compare(clips[:count]) for count in COUNTS[1:]]
    write_page(folder, "step", clips[: COUNTS[0]], *more)
    page.set_viewport_size({"width": 700, "height": 2400})
    page.goto(f"{address}/step.html")
    for button in page.locator(".kling-nb-play").all():
        button.click()
    playing(page)
    found = page.evaluate(WATCH, {"seconds": 10, "kick": None})
    worst = [max(spread for _, spread in judged(samples)) for samples in found]
    assert max(worst) <= HALF_A_FRAME, dict(zip(COUNTS, worst, strict=True))
    assert all(samples[-1][2] - samples[0][2] > 8 for samples in found), "they do not play"


@pytest.mark.parametrize("kick", [[[1, 0.15]], [[2, -0.15], [3, 0.1]], [[1, 2.0]], [[0, -1.0]]])
def test_back_in_step(page: Page, folder: Path, clips: Sequence[Clip], address: str, kick: list[Any]) -> None:
    """Half a second after one of them was disturbed, whichever it is and however far, they are in step again."""
    write_page(folder, "kick", clips[:4])
    start(page, f"{address}/kick.html")
    page.get_by_role("slider", name="Position").fill("72")
    press(page, " ")
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(v => v.currentTime > 3.2)")
    (samples,) = page.evaluate(WATCH, {"seconds": 2, "kick": kick})
    late = [round(at, 3) for at, spread in judged(samples) if at > 0.5 and spread > HALF_A_FRAME]
    assert late == []


def test_24_steps_land_on_the_same_frame(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """Each press of the full stop shows the next frame in every clip, each comma the one before."""
    write_page(folder, "frames", clips[:4])
    start(page, f"{address}/frames.html")
    for number in range(1, 25):
        press(page, ".")
        assert frames(page) == [number] * 4
    press(page, ",", ",")
    assert frames(page) == [22] * 4
    expect(page.get_by_role("slider", name="Position")).to_have_attribute("aria-valuetext", "0.92 s, frame 22 of 288")


def test_paused_they_show_one_frame(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """Wherever it is paused, all clips stand on the frame that the transport says."""
    write_page(folder, "pause", clips)
    start(page, f"{address}/pause.html")
    for _ in range(3):
        press(page, " ")
        page.wait_for_timeout(350)
        press(page, " ")
        number = int(page.get_by_role("slider", name="Position").input_value())
        assert frames(page) == [number] * 6


def test_lengths_rates_and_offsets(page: Page, folder: Path, address: str) -> None:
    """A shorter clip stays on its last frame; one of another rate shows the same moment; an offset shifts one clip."""
    others = [
        clip_view(folder, "long", 0, seconds=2),
        clip_view(folder, "short", 1, seconds=1),
        clip_view(folder, "slow", 2, seconds=2, fps=12),
    ]
    write_page(folder, "mixed", others)
    start(page, f"{address}/mixed.html")
    press(page, *["ArrowRight"] * 1, ".", ".")
    assert frames(page) == [26, 23, 13]
    press(page, "End")
    assert frames(page) == [47, 23, 23]
    press(page, "o")
    later = page.get_by_label("starts later by").nth(0)
    later.fill("0.25")
    later.press("Enter")
    page.locator(".kling-nb-player").focus()
    press(page, "Home", "ArrowRight")
    assert frames(page) == [18, 23, 12]


def test_loop_of_a_section(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """From half a second to one and a half, again and again, all clips together."""
    write_page(folder, "loop", clips[:2])
    start(page, f"{address}/loop.html")
    press(page, "ArrowRight", "[", *["."] * 9, "]", "Home", " ")
    seen: set[int] = set()
    for _ in range(12):
        page.wait_for_timeout(90)
        seen |= {int(page.get_by_role("slider", name="Position").input_value())}
    assert min(seen) >= 24
    assert max(seen) <= 33
    press(page, " ", "Home")
    assert frames(page) == [24] * 2


def test_wipe(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """Two clips on top of each other; arrows and the mouse move the cut, and say so to who does not see it."""
    write_page(folder, "wipe", clips[:3])
    start(page, f"{address}/wipe.html")
    press(page, "w")
    cut = page.get_by_role("slider", name="Wipe")
    expect(cut).to_be_focused()
    press(page, "ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft")
    expect(cut).to_have_attribute("aria-valuenow", "61")
    press(page, "Home")
    expect(cut).to_have_attribute("aria-valuenow", "0")
    expect(page.locator("video:visible")).to_have_count(2)
    view = page.locator(".kling-nb-b .kling-nb-view")
    box = view.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 60, steps=3)
    page.mouse.up()
    expect(cut).to_have_attribute("aria-valuenow", "25")
    at = page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('.kling-nb-clip').dataset.name", [
        box["x"] + box["width"] * 0.1, box["y"] + 20,
    ])  # fmt: skip
    assert at.startswith("1:"), "left of the cut the second clip is clipped away"
    page.get_by_label("Second clip").select_option("3: kling-v3")
    expect(cut).to_have_attribute("aria-valuetext", "25 % 1: kling-v1, then 3: kling-v3")
    press(page, "x")


def test_every_key(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """Each key of the help card does what it says, and none of them gets out of the player."""
    write_page(folder, "keys", clips[:3])
    start(page, f"{address}/keys.html")
    page.evaluate("() => { window.out = []; document.addEventListener('keydown', event => out.push(event.key)) }")
    root = page.locator(".kling-nb-player")
    for key, mode in (("w", "wipe"), ("d", "difference"), ("f", "flicker"), ("g", "grid"), ("D", "difference")):
        press(page, key)
        expect(root).to_have_attribute("data-mode", mode)
    press(page, "Escape")
    expect(root).to_have_attribute("data-mode", "grid")
    for key, button in (("l", "Loop"), ("o", "Offsets"), ("z", "Zoom"), ("m", "Sound"), ("2", "Sound")):
        press(page, key)
        pressed = "false" if key == "m" else "true"
        expect(page.get_by_role("button", name=re.compile(f"^{button}"))).to_have_attribute("aria-pressed", pressed)
    press(page, "Shift+ArrowRight", "-", "-")
    assert page.locator(".kling-nb-cells").evaluate("cells => cells.style.getPropertyValue('--x')") == "54%"
    expect(page.get_by_label("Speed")).to_have_value("0.25")
    press(page, "?")
    expect(page.locator(".kling-nb-keys")).to_be_visible()
    press(page, "Escape", "Escape", "a", "b", "x", "d", "d", "Enter", "Shift+Enter", "Control+Enter")
    expect(page.locator(".kling-nb-keys")).to_be_hidden()
    expect(root).to_be_focused()
    press(page, "Escape", "Escape")
    assert page.evaluate("() => document.activeElement === document.body")
    assert page.evaluate("() => out") == []


def test_sound_is_one_clip_at_a_time(page: Page, folder: Path, address: str) -> None:
    """The first clip with sound is heard; another on demand; none when muted."""
    loud = [clip_view(folder, f"loud{n}", n, seconds=1, sound=n > 0) for n in range(3)]
    write_page(folder, "sound", loud)
    start(page, f"{address}/sound.html")
    muted = "videos => videos.map(video => video.muted)"
    videos = page.locator("video")
    assert videos.evaluate_all(muted) == [True, False, True]
    page.get_by_role("button", name="Hear 3: kling-v3").click()
    assert videos.evaluate_all(muted) == [True, True, False]
    page.get_by_role("button", name="Sound").click()
    assert videos.evaluate_all(muted) == [True] * 3


def test_saved_frames(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """One PNG with the frames as they are, in full size, with a line for the names."""
    write_page(folder, "save", clips[:4])
    start(page, f"{address}/save.html")
    press(page, *["."] * 5)
    with page.expect_download() as saved:
        press(page, "s")
    assert saved.value.suggested_filename == "frame-5.png"
    picture = Image.open(io.BytesIO(saved.value.path().read_bytes()))
    assert picture.size == (2 * WIDTH, 2 * (HEIGHT + 44))
    block = WIDTH // 9
    lit = [picture.convert("L").getpixel((bit * block + block // 2, HEIGHT - 10)) > 128 for bit in range(4)]  # type: ignore[operator]
    assert lit == [True, False, True, False]


def test_off_screen_and_gone(page: Page, folder: Path, clips: Sequence[Clip], address: str) -> None:
    """Scrolled away it stops, and later goes on; out of the page it gives up its sources, and back in takes them."""
    write_page(folder, "away", clips[:2], '<div style="height:3000px"></div>')
    start(page, f"{address}/away.html")
    press(page, " ")
    playing(page)
    page.mouse.wheel(0, 2500)
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(video => video.paused)")
    page.mouse.wheel(0, -2500)
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(video => !video.paused)")
    page.evaluate("() => { window.gone = document.querySelector('.kling-nb-player'); gone.remove() }")
    page.wait_for_function("() => [...gone.querySelectorAll('video')].every(video => !video.hasAttribute('src'))")
    page.evaluate("() => { document.querySelector('main').prepend(gone) }")
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(v => v.src && v.readyState > 2)")
    page.locator(".kling-nb-player").focus()
    press(page, " ")
    assert len(set(frames(page))) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, folder: Path, clips: Sequence[Clip], address: str, scheme: Any) -> None:
    """axe-core on the grid with everything open, and on the wipe."""
    path = write_page(folder, f"axe-{scheme}", clips[:3])
    path.write_text(
        path.read_text().replace("<main>", "<style>:root{color-scheme:light dark;background:Canvas}</style><main>")
    )
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    start(page, f"{address}/axe-{scheme}.html")
    press(page, "o", "l", "?")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    ignored = {"rules": {"page-has-heading-one": {"enabled": False}}}  # an output is a part of a page
    for key in ("g", "w"):
        press(page, key)
        found = Axe().run(page, options=rules | ignored)
        assert found.response["violations"] == [], found.generate_report()


def test_from_a_file_with_no_network(browser: Browser, folder: Path, clips: Sequence[Clip]) -> None:
    """Opened as a file it plays in step; pictures cannot be saved there, and it says so."""
    path = write_page(folder, "file", clips[:4])
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        start(page, path.as_uri())
        press(page, " ")
        playing(page)
        (samples,) = page.evaluate(WATCH, {"seconds": 1, "kick": None})
        assert max(spread for _, spread in judged(samples)) <= HALF_A_FRAME
        press(page, "s")
        expect(page.get_by_role("status")).to_have_text(
            "Pages opened from a file may not save pictures: open it in Jupyter."
        )


def test_without_script(browser: Browser, folder: Path, clips: Sequence[Clip]) -> None:
    """Native players with posters, captions and links."""
    path = write_page(folder, "plain", clips[:2])
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        expect(page.locator("video[controls][poster^='data:image/jpeg']")).to_have_count(2)
        expect(page.get_by_role("link", name="clip1.mp4")).to_be_visible()
        expect(page.get_by_text("kling-v2")).to_be_visible()
