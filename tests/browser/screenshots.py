"""Make the README's pictures of the real thing.

    python tests/browser/screenshots.py --out .github/pictures

Runs a notebook in JupyterLab and takes the cell and output of its first clip and of its first
side-by-side grid, each in Lab's light and dark theme.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect, sync_playwright

# Run by hand this file is in no package; ours is found from the folder above.
sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.jupyter import Jupyter, Theme, serve
from browser.pages import LabPage, chromium_path, launch, roll

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
THEMES: dict[str, Theme] = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
PICTURES = {"first-clip": ".kling-nb-result", "side-by-side": ".kling-nb-grid"}
"""Name of a picture, and the output whose cell it shows."""

LIVE = ".kling-nb-card:not(:has(.kling-nb-bad))"
TROUBLE = ".kling-nb-bad, [data-mime-type='application/vnd.jupyter.error']"
MOST_BYTES = 300_000
RENDERED = 120_000
"""Milliseconds for all films of the notebook."""


def main() -> None:
    """Parse the command line and write the pictures."""
    parser = argparse.ArgumentParser(description="Make the README's pictures from a notebook run in JupyterLab.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--notebook", type=Path, default=QUICKSTART, help="default: the quickstart")
    parser.add_argument("--width", type=int, default=1200, help="of the browser, in CSS pixels; default 1200")
    parser.add_argument("--scale", type=float, default=2, help="device pixels per CSS pixel; default 2")
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
        shutil.copytree(asked.notebook.parent, server.root, dirs_exist_ok=True, ignore=_not_outputs)
        run(browser, server, asked.notebook.name)
        for theme in THEMES:
            size = {"width": asked.width, "height": 1400}
            with browser.new_context(viewport=size, device_scale_factor=asked.scale) as context:  # type: ignore[arg-type]
                for name, picture in photograph(context, server, asked.notebook.name, theme).items():
                    target = asked.out / f"{name}-{theme}.webp"
                    target.write_bytes(picture)
                    print(f"{target}: {len(picture) / 1000:.0f} kB")  # noqa: T201 - a script says what it wrote


def run(browser: Browser, server: Jupyter, name: str) -> None:
    """Run the notebook until no card is live, and save it."""
    with browser.new_context() as context:
        lab = LabPage(context, server.lab(name))
        lab.run_all()
        expect(lab.page.locator(LIVE)).to_have_count(0, timeout=RENDERED)
        expect(lab.page.locator(TROUBLE)).to_have_count(0)
        lab.save()
        lab.shut_kernel_down()


def photograph(context: BrowserContext, server: Jupyter, name: str, theme: str) -> dict[str, bytes]:
    """The pictures of one theme as WebP, by name."""
    server.use_theme(THEMES[theme])
    lab = LabPage(context, server.lab(name))
    lab.hide_sidebars()
    lab.calm()
    found = {}
    for picture, output in PICTURES.items():
        cell = lab.page.locator(".jp-CodeCell").filter(has=lab.page.locator(output)).first
        cell.evaluate("cell => cell.scrollIntoView({block: 'center'})")
        roll(lab.page, cell.locator("video"), 0.35)
        found[picture] = small(cell.screenshot())
    return found


def small(png: bytes) -> bytes:
    """The picture as WebP of at most 300 kB, as good as that allows."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (85, 75, 65, 55):
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise SystemExit(f"A picture of {image.width} x {image.height} does not fit into {MOST_BYTES} bytes.")


def _not_outputs(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "kling_outputs" or name.startswith(".")]


if __name__ == "__main__":
    main()
