"""Bring the pages that live elsewhere into the site, and point their links at each other.

A link of the README to a file of the repository is rewritten to its page where it has one, and to the repository
where it has none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/kling-nb/kling_nb/blob/main/"
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"} | {
    f".github/{path.name}": f"github/{path.name}" for path in sorted((ROOT / ".github").glob("*.md"))
}
_LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is written elsewhere."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=_linked(source, page)))
    for folder in ("notebooks", ".github/pictures"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".ipynb", ".webp", ".jpg", ".png"} and "kling_outputs" not in path.parts:
                inside = path.relative_to(ROOT).as_posix().removeprefix(".")
                files.append(File.generated(config, inside, abs_src_path=str(path)))
    return files


def _linked(source: str, page: str) -> str:
    """A page's text, its links seen from where it will stand."""
    up = "../" * page.count("/")

    def one(match: re.Match[str]) -> str:
        target = (ROOT / source).parent.joinpath(match[2]).resolve()
        inside = target.relative_to(ROOT).as_posix()
        if inside in PAGES:
            return f"{match[1]}{up}{PAGES[inside]}{match[3] or ''})"
        if inside.startswith(("notebooks/", ".github/pictures/")) and target.suffix:
            return f"{match[1]}{up}{inside.removeprefix('.')})"
        return f"{match[1]}{REPOSITORY}{inside})"

    return _LINK.sub(one, (ROOT / source).read_text(encoding="utf-8"))
