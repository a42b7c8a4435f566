"""The site: built as CI builds it, complete, and made of nothing that lies elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import kling_nb
from kling_nb import errors, metrics
from kling_nb.cell import OPTIONS

ROOT = Path(__file__).parents[2]
SECRET = "sk-that-nobody-may-read"
LOADING = {"src", "srcset", "poster", "data"}
NAMES = {
    *(f"kling_nb.{name}" for name in kling_nb.__all__ if not hasattr(errors, name)),
    *(f"kling_nb.metrics.{name}" for name in metrics.__all__ if isinstance(getattr(metrics, name), type)),
    *(f"kling_nb.errors.{name}" for name, thing in vars(errors).items() if isinstance(thing, type)),
    "kling_nb.metrics.measure",
    "kling_nb.metrics.spread",
    "kling_nb.metrics.verdict",
    "kling_nb.wire.Codec",
    "kling_nb.gateways.conformance.broken_promises",
    "kling_nb.doctor.examine",
}

pytestmark = pytest.mark.browser  # it makes what a browser shows, and takes as long


@dataclass
class Page(HTMLParser):
    """What one page of the site has in it.

    Attributes:
        ids: Places that a link can lead to.
        links: Where its links lead.
        loads: What a browser fetches to show it.
        text: Its words.
    """

    path: Path
    ids: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """File its attributes."""
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        self.loads |= {value for name, value in given.items() if name in LOADING}
        if "href" in given:
            (self.links if tag == "a" else self.loads).add(given["href"])
        self.text += given.get("style", "")

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built where a key is set. The build itself ends at a warning."""
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, str(ROOT / ".docs" / "build.py"), str(folder)]
    keys = {"KLINGAI_API_KEY": SECRET, "SOME_TOKEN": SECRET}
    done = subprocess.run(  # noqa: S603 - the interpreter itself
        command, cwd=folder.parent, env=os.environ | keys, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, ""), done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """Every page by its path in the site."""
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_public_name_has_its_entry(pages: dict[str, Page]) -> None:
    """What can be imported is described, and so is each option of the cell."""
    entries = {name for path, page in pages.items() if path.startswith("pages/reference/") for name in page.ids}
    assert sorted(NAMES - entries) == []
    cell = pages["pages/reference/cell.html"].text
    assert [option.long for option in OPTIONS if option.long not in cell] == []


def test_every_notebook_is_there(pages: dict[str, Page]) -> None:
    """Each is a page with its cells, and the front page leads to it."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        place = f"notebooks/{path.stem}.html"
        assert place in pages["index.html"].links
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))
        assert first.strip() in pages[place].text


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    """No script, font, style or picture of a foreign host, neither in the pages nor in their style sheets."""
    foreign = {load for page in pages.values() for load in page.loads if urlsplit(load).netloc}
    assert foreign == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    styles += "".join(page.text for page in pages.values())
    assert re.findall(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^\s"')]+""", styles) == []


MADE = "kling_outputs/"
"""What a notebook has made beside itself; its clips are kept in its outputs."""


def test_links_lead_somewhere(site: Path, pages: dict[str, Page]) -> None:
    """Each link inside the site finds its page, and its place on it."""
    lost = []
    for place, page in pages.items():
        for link in page.links | page.loads:
            at = urlsplit(link)
            if at.scheme or at.netloc or at.path.startswith(MADE):
                continue
            target = (page.path.parent / unquote(at.path)).resolve() if at.path else page.path
            there = pages.get(target.relative_to(site.resolve()).as_posix())
            if not target.is_file() or (there and at.fragment and unquote(at.fragment) not in there.ids):
                lost.append(f"{place}: {link}")
    assert lost == []


def test_the_builders_environment_stays_at_home(site: Path) -> None:
    """A signature whose default is the environment does not print it."""
    told = [path for path in site.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert told == []
