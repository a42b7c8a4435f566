"""Clips and posters for the browser, in pieces: works in every host, served files or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.errors import InputError
from kling_nb.panels.link import Answer
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.panels.link import Verb

PIECE = 1 << 20


class Films:
    """Reads the finished clips of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def verbs(self) -> Mapping[str, Verb]:
        """What a player asks."""
        return {"clip": self._clip, "poster": self._poster}

    async def _clip(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        video = self._lab.job(str(content.get("id"))).video
        index = content.get("index")
        if video is None or not isinstance(index, int) or index < 0:
            raise InputError("This clip is no longer on the disk.")
        count, data = await off_loop(piece_of, video.path, index, PIECE)
        return Answer({"count": count}, [data])

    async def _poster(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        video = self._lab.job(str(content.get("id"))).video
        if video is None or video.poster is None:
            return Answer()
        return Answer({}, [await off_loop(video.poster.read_bytes)])


def piece_of(path: Path, index: int, size: int) -> tuple[int, bytes]:
    """How many pieces of ``size`` bytes a file has, and one of them.

    Raises:
        InputError: It is gone.
    """
    try:
        with path.open("rb") as film:
            count = max(1, -(-path.stat().st_size // size))
            film.seek(index * size)
            return count, film.read(size)
    except OSError:
        raise InputError("This clip can no longer be read from the disk.") from None
