"""What may leave the machine: no key, no signature in a link, no folder of whoever made the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_nb.lab import Lab

_LINK = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_LEFT_OUT = "?•••"
_SHORTEST = 3
"""A folder's path of fewer characters (``/``, ``C:\\``) stands in too many texts to be replaced in them."""


class Tidy:
    """Cleans texts and plain values. Call it with one of them.

    Args:
        folders: Of this machine, by what stands for them.
        scrubbed: Masks the keys of this machine in a text.
    """

    def __init__(self, folders: Mapping[str, str], scrubbed: Callable[[str], str]) -> None:
        known = {path.rstrip("/\\"): word for path, word in folders.items() if len(path.rstrip("/\\")) >= _SHORTEST}
        self._words = known
        # The longest first, so that the notebook's folder is not read as a part of the home folder.
        listed = sorted(known, key=len, reverse=True)
        self._folders = re.compile(rf"(?:{'|'.join(map(re.escape, listed))})(?=[/\\]|\b|$)[/\\]?") if listed else None
        self._scrubbed = scrubbed

    @classmethod
    def of(cls, lab: Lab, more: Iterable[str] = ()) -> Tidy:
        """For all folders that a lab knows, and more of them."""
        there = {str(Path.home()): "~/", str(Path.cwd()): "", str(lab.notebook): "", str(lab.folder): ""}
        there |= dict.fromkeys(more, "")
        return cls(there | {str(Path(path).resolve()): word for path, word in there.items()}, lab.desks.scrubbed)

    def __call__(self, value: Any) -> Any:
        """The value without any of it; mappings, lists and tuples are looked into."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(key): self(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self(item) for item in value]
        if isinstance(value, Path):
            return value.name
        return value

    def text(self, text: str) -> str:
        """A text without folders of this machine, and without what is behind the ``?`` of a link."""
        text = _LINK.sub(lambda found: _QUERY.sub(_LEFT_OUT, _USER.sub("", found[0])), text)
        if self._folders:
            text = self._folders.sub(lambda found: self._words[found[0].rstrip("/\\")], text)
        return text if not text.startswith(("/", "\\")) or not _is_file(text) else Path(text).name

    def page(self, text: str) -> str:
        """A finished file without keys: the last look at it before it is written."""
        return self._scrubbed(text)


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long, or with what no path has
        return False
