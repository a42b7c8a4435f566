"""Pictures that arrive in pieces, in any order, some of them twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kling_nb.errors import InputError

PIECE = 1 << 20
"""Bytes of a piece, but for the last; a Jupyter server closes the connection at a message of 10 MiB."""

MOST_PIECES = 64


@dataclass(slots=True)
class Arriving:
    """One picture on its way."""

    upload: str
    count: int
    pieces: dict[int, bytes] = field(default_factory=dict)

    @property
    def missing(self) -> list[int]:
        """Numbers of the pieces that are not there yet."""
        return [index for index in range(self.count) if index not in self.pieces]


class Arrivals:
    """At most one picture for each place; a newer upload takes the place of an older one."""

    def __init__(self) -> None:
        self._places: dict[str, Arriving] = {}

    def keep(self, place: str, head: Mapping[str, Any], data: bytes) -> None:
        """Keep one piece.

        Raises:
            InputError: It is none, or the picture would be too large.
        """
        arriving = self._arriving(place, head)
        index = head.get("index")
        if not isinstance(index, int) or not 0 <= index < arriving.count or not 0 < len(data) <= PIECE:
            raise InputError("A piece of the picture is damaged: send it again.")
        arriving.pieces[index] = data

    def missing(self, place: str, head: Mapping[str, Any]) -> list[int]:
        """What still has to come of an upload, after everything was sent once."""
        return self._arriving(place, head).missing

    def take(self, place: str) -> bytes:
        """The whole picture; its pieces are forgotten."""
        arriving = self._places.pop(place)
        return b"".join(arriving.pieces[index] for index in range(arriving.count))

    def forget(self, place: str) -> None:
        """Forget what was on its way to a place."""
        self._places.pop(place, None)

    def _arriving(self, place: str, head: Mapping[str, Any]) -> Arriving:
        upload, count = str(head.get("upload", "")), head.get("pieces")
        if not isinstance(count, int) or not 0 < count <= MOST_PIECES:
            raise InputError(f"A picture may have at most {MOST_PIECES} MB: make it smaller.")
        known = self._places.get(place)
        if known is None or known.upload != upload or known.count != count:
            known = self._places[place] = Arriving(upload, count)
        return known
