"""What ``bench.report()`` gives back: where the report is, and a link to it that is small enough for any notebook."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_nb.lab.store import relative_url
from kling_nb.show import Shown, bundle, markup
from kling_nb.show.markup import esc
from kling_nb.show.style import FOOT
from kling_nb.show.words import plural, size

INDEX = "index.html"
"""The page of a report that is a folder."""


@dataclass(frozen=True, slots=True)
class Report(os.PathLike[str]):
    """A report that was written. It opens in any browser, from the disk, with the network off.

    Attributes:
        path: The page to open.
        bytes: Of everything that was written, clips included.
        clips: Clips that travel with it.
        notebook: Folder from which links count.
    """

    path: Path
    bytes: int
    clips: int
    notebook: Path

    def __fspath__(self) -> str:
        return str(self.path)

    def bundle(self) -> dict[str, str]:
        """A link to it."""
        name = self.path.name if self.path.name != INDEX else f"{self.path.parent.name}/{INDEX}"
        said = f"{plural(self.clips, 'clip')}, {size(self.bytes)}. It opens from the disk, with the network off."
        link = f'<a href="{esc(relative_url(self.path, self.notebook))}" target="_blank" rel="noopener">{esc(name)}</a>'
        here = self.path.resolve()
        there = here.relative_to(self.notebook.resolve()) if here.is_relative_to(self.notebook.resolve()) else self.path
        return bundle(markup.root("report", (markup.foot(link, esc(said)),), FOOT), f"{there}: {said}")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Shown:
        return Shown(self.bundle())  # for front ends without IPython (marimo)

    def __repr__(self) -> str:
        return self.bundle()["text/plain"]
