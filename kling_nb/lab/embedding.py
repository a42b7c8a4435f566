"""Clips inside of an output: where no address leads from a page to a file, the file has to come along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kling_nb.show.words import size

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab.reach import Reach
    from kling_nb.settings import Embed
    from kling_nb.show import JobView, VideoView

_MB = 1_000_000
_IN_ALL = 4
"""An output keeps so many times the largest clip: a notebook is read and written as a whole, again and again."""


def embedded(views: Sequence[JobView], reach: Reach, embed: Embed, limit: float) -> list[JobView]:
    """The views as a page can play them: by address, with their film inside, or as a poster that says why.

    Args:
        views: Finished and unfinished jobs.
        reach: The front end.
        embed: ``auto`` embeds what has no address, ``always`` all, ``never`` none.
        limit: MB of the largest clip that is embedded.
    """
    left = limit * _MB * _IN_ALL
    found: list[JobView] = []
    for view in views:
        shown = view if view.video is None or embed == "never" else _placed(view, view.video, reach, embed, limit, left)
        left -= len(shown.video.film or b"") if shown.video else 0
        found.append(shown)
    return found


def beyond(views: Sequence[JobView]) -> list[JobView]:
    """Those that a page shows as a poster only."""
    return [view for view in views if view.video is not None and view.video.film == b""]


def _placed(view: JobView, video: VideoView, reach: Reach, embed: Embed, limit: float, left: float) -> JobView:
    file = reach.notebook / video.path
    served = not reach.trouble(file.parent)
    if served and embed == "auto":
        return view
    src = video.src if served or reach.place.links else ""
    film = _film(file, min(limit * _MB, left))
    if film or not served:
        view = replace(view, video=replace(video, src=src, film=film))
    return view if film or served else replace(view, notes=(*view.notes, _note(video, limit)))


def _film(file: Path, limit: float) -> bytes:
    """The file, if it is not too large."""
    try:
        return file.read_bytes() if file.stat().st_size <= limit else b""
    except OSError:
        return b""


def _note(video: VideoView, limit: float) -> str:
    larger = max(-(-video.size // _MB), round(limit) + 1)
    return (
        f"This page cannot reach the file, and {size(video.size)} are more than is kept in a notebook: it plays from "
        "its path, and while the kernel lives here or in `kling.board()`. "
        f"`%config KlingMagics.embed_limit = {larger}` keeps it here."
    )
