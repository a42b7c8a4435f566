"""Make the pictures of the comparison player: a moving one for the README, and still ones in three looks.

    python tests/browser/moving_pictures.py --out .github/pictures

Runs a comparison in JupyterLab and films the screen while somebody scrubs, wipes, magnifies and steps.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import expect, sync_playwright

# Run by hand this file is in no package; ours is found from the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.jupyter import Jupyter, Theme, serve, write_notebook
from browser.pages import LabPage, chromium_path, launch
from browser.screenshots import small

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

NAME = "compare.ipynb"
CELLS = (
    "%load_ext kling_nb",
    """%%kling --model kling-v2-6,kling-v3 --duration 5 --compare
A paper lantern drifts over a quiet harbour at blue hour, slow pan right
---
A paper lantern drifts over a quiet harbour at golden hour, slow pan right""",
)
LOOKS: dict[str, tuple[Theme, int]] = {
    "light": ("JupyterLab Light", 1200),
    "dark": ("JupyterLab Dark", 1200),
    "narrow": ("JupyterLab Light", 560),
}
"""Theme, and width of the browser in pixels."""

MOMENT = 3
"""Frames of the clips between two pictures: 8 pictures each second."""

SCRUB = "(bar, frame) => { bar.value = frame; bar.dispatchEvent(new Event('input')) }"
MOST_BYTES = 1_500_000
WIDTH = 840


def main() -> None:
    """Parse the command line and write the pictures."""
    parser = argparse.ArgumentParser(description="Film the comparison player in JupyterLab.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    asked = parser.parse_args()
    path = chromium_path()
    if path is None:
        parser.error("no Chromium on this machine: install one, or name it in KLING_NB_CHROMIUM")
    asked.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder) / "jupyter", sandbox="latency=0.5") as server,
        sync_playwright() as playwright,
        launch(playwright, path) as browser,
    ):
        write_notebook(server.root / NAME, *CELLS)
        made = {f"compare-{look}": photograph(browser, server, look) for look in LOOKS}
        made["side-by-side"] = film(browser, server)
        for name, picture in made.items():
            target = asked.out / f"{name}.webp"
            target.write_bytes(picture)
            print(f"{target}: {len(picture) / 1000:.0f} kB")  # noqa: T201 - a script says what it wrote


def opened(context: BrowserContext, server: Jupyter) -> tuple[Page, Locator]:
    """The notebook with its comparison finished, durable, and alone on the screen."""
    lab = LabPage(context, server.lab(NAME))
    lab.hide_sidebars()
    lab.run_all()
    player = lab.page.locator(".kling-nb-player:has(script)")
    expect(player.locator("video")).to_have_count(4, timeout=120_000)
    lab.save()
    lab.calm()
    player.evaluate("root => root.scrollIntoView({block: 'center'})")
    lab.page.wait_for_timeout(1000)
    return lab.page, player


def photograph(browser: Browser, server: Jupyter, look: str) -> bytes:
    """One look as WebP: the wipe, with the clips two seconds on."""
    theme, width = LOOKS[look]
    server.use_theme(theme)
    size: Any = {"width": width, "height": 2400 if look == "narrow" else 1400}
    with browser.new_context(viewport=size, device_scale_factor=2) as context:
        page, player = opened(context, server)
        player.evaluate("root => root.focus()")
        for key in ("ArrowRight", "ArrowRight", *([] if look == "narrow" else ["w"])):
            page.keyboard.press(key)
        if look != "narrow":
            player.get_by_label("Second clip").select_option(index=2)
        page.wait_for_timeout(800)
        return small(player.screenshot())


def film(browser: Browser, server: Jupyter) -> bytes:
    """About 20 s of the screen as an animated WebP of at most 1.5 MB."""
    server.use_theme("JupyterLab Light")
    size: Any = {"width": 1000, "height": 1240}
    with browser.new_context(viewport=size) as context:
        page, player = opened(context, server)
        box = player.bounding_box()
        assert box
        cut: Any = {**box, "y": max(0, box["y"]), "height": min(box["height"], 1240 - max(0, box["y"]))}
        return animated([screen(page, cut) for _ in scenes(page, player)])


def scenes(page: Page, player: Locator) -> Iterator[None]:
    """What somebody does with it, a moment at a time. Time passes by the scrubber, so that no picture is missed."""
    press = page.keyboard.press
    bar = player.get_by_label("Position")

    def on(key: str = "") -> None:
        """A moment later, and perhaps a key."""
        number = int(bar.input_value()) + MOMENT
        bar.evaluate(SCRUB, number if number < 5 * 24 else 0)
        if key:
            press(key)

    for _ in range(50):
        on()
        yield
    player.evaluate("root => root.focus()")
    press("w")
    player.get_by_label("Second clip").select_option(index=2)
    page.locator(".kling-nb-cut").focus()
    for key, steps in (("ArrowLeft", 16), ("ArrowRight", 30), ("ArrowLeft", 14)):
        for _ in range(steps):
            on()
            for _ in range(2):
                press(key)
            yield
    player.evaluate("root => root.focus()")
    press("g")
    press("z")
    press("z")
    for moment in range(18):
        on("Shift+ArrowUp" if moment < 6 else "")
        yield
    for _ in range(10):
        press(".")
        yield
    press("Escape")
    for _ in range(10):
        yield


def screen(page: Page, cut: Any) -> Image.Image:
    """The player as it is, once no clip is seeking."""
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(v => !v.seeking && v.readyState > 1)")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    caught = Image.open(io.BytesIO(page.screenshot(clip=cut))).convert("RGB")
    return caught.resize((WIDTH, round(WIDTH * caught.height / caught.width)), Image.Resampling.LANCZOS)


def animated(pictures: list[Image.Image]) -> bytes:
    """The screens as WebP, as good as 1.5 MB allow."""
    for quality in (60, 50, 40, 32, 25, 18):
        out = io.BytesIO()
        pictures[0].save(
            out, "WEBP", save_all=True, append_images=pictures[1:], duration=1000 * MOMENT // 24, loop=0,
            quality=quality, method=4, kmax=300,
        )  # fmt: skip
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise SystemExit(f"{len(pictures)} pictures do not fit into {MOST_BYTES} bytes.")


if __name__ == "__main__":
    main()
