"""Make the pictures of the panel and the board.

    python tests/browser/panel_pictures.py --out .github/pictures

Fills a panel in JupyterLab as a director would, in the light and the dark theme and 360 pixels wide, and takes a
board of jobs on their way.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

# Run by hand this file is in no package; ours is found from the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.jupyter import Jupyter, Theme, serve, write_notebook
from browser.pages import LabPage, chromium_path, launch, roll
from browser.screenshots import small

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

BOATS = Path(__file__).parents[2] / "notebooks" / "pictures"
JOBS = """
kling.submit("A red fox trots through fresh snow, slow dolly-in, golden hour", duration=5)
kling.submit(["Crowd scene at night, handheld", "A lighthouse in a storm, tall waves"], duration=5)
kling.submit("Beverage can, splash transitions", set={"sandbox": {"fail": "The label is not legible"}})
late = {"sandbox": {"latency": 30}}
late = kling.submit(["Paper lanterns over a harbour", "Desert road at noon, drone"], set=late)
%kling jobs --live
"""
CELLS = ("%load_ext kling_nb\nimport kling_nb as kling", "%kling panel", JOBS)
LOOKS: dict[str, tuple[Theme, int]] = {
    "light": ("JupyterLab Light", 1200),
    "dark": ("JupyterLab Dark", 1200),
    "narrow": ("JupyterLab Light", 444),
}
"""Theme, and width of the browser in CSS pixels; the notebook's margins take 84 of it."""

READY = 120_000


def main() -> None:
    """Parse the command line and write the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the panel and the board.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    out: Path = parser.parse_args().out
    path = chromium_path()
    if path is None:
        parser.error("no Chromium on this machine: install one, or name it in KLING_NB_CHROMIUM")
    out.mkdir(parents=True, exist_ok=True)
    for look, (theme, width) in LOOKS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            serve(Path(folder) / "jupyter", sandbox="latency=1") as server,
            sync_playwright() as playwright,
            launch(playwright, path) as browser,
        ):
            shutil.copytree(BOATS, server.root / "pictures")
            server.use_theme(theme)
            for name, picture in photograph(browser, server, width).items():
                target = out / f"{name}-{look}.webp"
                target.write_bytes(picture)
                print(f"{target}: {len(picture) / 1000:.0f} kB")  # noqa: T201 - a script says what it wrote


def photograph(browser: Browser, server: Jupyter, width: int) -> dict[str, bytes]:
    """Panel and board at one width, by name."""
    write_notebook(server.root / "panel.ipynb", *CELLS)
    with browser.new_context(viewport={"width": width, "height": 1700}, device_scale_factor=2) as context:
        lab = LabPage(context, server.lab("panel.ipynb"))
        lab.hide_sidebars()
        lab.run_all()
        panel, board = lab.page.locator(".kling-nb-panel").first, lab.page.locator(".kling-nb-panel").last
        expect(board.locator(".kling-nb-good")).to_have_count(3, timeout=READY)
        board.get_by_role("button", name="A red fox").first.click()
        for prompt in ("A red fox", "A lighthouse"):
            board.get_by_role("checkbox", name=f"Choose: {prompt}").check()
        board.locator(".kling-nb-scroll").evaluate("area => { area.scrollTop = 0 }")
        lab.page.wait_for_timeout(1_500)
        found = {"board": small(board.screenshot())}
        fill(lab, panel, server.root / "pictures")
        found["panel"] = small(panel.screenshot())
        return found


def fill(lab: LabPage, panel: Locator, pictures: Path) -> None:
    """Compose a clip between two pictures, generate it, and change the prompt for the next one."""
    panel.get_by_label("Model").select_option("kling-v2-5-turbo")
    panel.get_by_label("Prompt", exact=True).fill("The boat rocks gently while dusk turns to night, slow push-in")
    for slot, name in (("First", "boat-dusk.jpg"), ("Last", "boat-night.jpg")):
        with lab.page.expect_file_chooser() as chooser:
            panel.get_by_role("button", name=f"{slot} frame: drop").click()
        chooser.value.set_files(pictures / name)
        frame = panel.get_by_role("group", name=f"{slot} frame", exact=True)
        expect(frame).to_contain_text("Sent as")
        frame.locator(".kling-nb-crop").press("-")
        for _ in range(4):
            frame.locator(".kling-nb-crop").press("-")
        expect(frame).to_contain_text("Metadata removed")
    panel.get_by_role("button", name="Generate").click()
    panel.get_by_role("button", name="Play:").click(timeout=READY)
    panel.locator("video").wait_for()
    roll(lab.page, panel.locator("video"), 0.35)
    panel.get_by_label("Takes").fill("2")
    panel.get_by_label("Prompt", exact=True).focus()
    expect(panel.get_by_role("button", name="Generate 2 clips")).to_be_enabled()


if __name__ == "__main__":
    main()
