"""What an answer says about the piece of a file that it carries, and whether it fits to what is here.

Every header is a stranger's word: a piece is appended only if it says that it begins where ours ends, and
says nothing that shows the file to be another one by now (RFC 9110, 14.4 and 13.1.5).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from kling_nb.engine.bodies import is_plain

_RANGE = re.compile(r"bytes\s+(\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.IGNORECASE | re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')  # an ETag without W/: equal only for equal bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """The file at the other end, as far as it tells.

    Attributes:
        etag: Its strong ETag, or empty.
        total: Its bytes, or None.
    """

    etag: str = ""
    total: int | None = None

    def contradicts(self, other: Origin) -> bool:
        """Whether the two are certainly not the same file."""
        etags = bool(self.etag and other.etag) and self.etag != other.etag
        return etags or (None not in {self.total, other.total} and self.total != other.total)

    def completed(self, other: Origin) -> Origin:
        """With what only the other knows."""
        return Origin(self.etag or other.etag, other.total if self.total is None else self.total)


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes from ``begin`` on; None where a partial answer does not say which bytes it is."""

    begin: int | None
    origin: Origin

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str]) -> Piece:
        """Read the head of a 200 or 206; header names are lower case."""
        plain = is_plain(headers.get("content-encoding", ""))
        etag = headers.get("etag", "").strip()
        etag = etag if plain and _STRONG.fullmatch(etag) else ""
        if status != HTTPStatus.PARTIAL_CONTENT:
            length = _LENGTH.fullmatch(headers.get("content-length", "")) if plain else None
            return cls(0, Origin(etag, int(length[0]) if length else None))
        told = _RANGE.match(headers.get("content-range", "").strip()) if plain else None
        if told is None:  # also a piece of a packed file, which is no piece of ours
            return cls(None, Origin(etag))
        return cls(int(told[1]), Origin(etag, None if told[2] == "*" else int(told[2])))


class Label:
    """A note beside a growing file about where it comes from, for whoever goes on with it in another kernel."""

    def __init__(self, part: Path) -> None:
        self._path = part.with_name(f"{part.name}.from")

    def read(self) -> Origin:
        """What was written, or nothing known."""
        try:
            etag, _, total = self._path.read_text("ascii").partition("\n")
        except (OSError, ValueError):
            return Origin()
        return Origin(etag if _STRONG.fullmatch(etag) else "", int(total) if _LENGTH.fullmatch(total) else None)

    def write(self, origin: Origin) -> None:
        """Remember where the file comes from."""
        self._path.write_text(f"{origin.etag}\n{'' if origin.total is None else origin.total}", "ascii")

    def drop(self) -> None:
        """Forget it."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
