"""The gallery: finished clips as a table that can be filtered, and compared on the spot.

It is a plain table for whoever runs no script. The script filters it and mounts the comparison player with the
chosen clips; neither needs a kernel, so a gallery in a saved notebook goes on working.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_nb.player.assets import inline, style
from kling_nb.show import Code, markup, table_text
from kling_nb.show.markup import esc
from kling_nb.show.purse import short
from kling_nb.show.words import clip, line, plural

if TYPE_CHECKING:
    from kling_nb.show import Cell, JobView, VideoView

_NOTE = "`%kling compare ID ID` shows clips side by side."


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """One finished clip.

    Attributes:
        view: Its job; one without a clip is left out.
        day: When it was asked for: ``2026-03-09``.
        still: Its poster's address, relative to the notebook; "" for none. A link, because hundreds may be listed.
    """

    view: JobView
    day: str
    still: str = ""


def gallery(rows: Sequence[GalleryRow]) -> str:
    """The clips as HTML, about 1 kB each and 30 kB once."""
    listed = "".join(_row(row, row.view.video) for row in rows if row.view.video)
    count = plural(sum(row.view.video is not None for row in rows), "clip")
    heads = "".join(f"<th>{name}</th>" for name in ("clip", "prompt", "settings", "made", "on", "cost", "job"))
    body = (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{listed}</tbody></table>"
        if listed
        else '<div class="kling-nb-say">There is no finished clip in this folder yet.</div>'
    )
    head = f'<div class="kling-nb-say kling-nb-found"><p><b>{count}</b></p></div>'
    return (
        f'<div class="kling-nb kling-nb-gallery"><style>{style("gallery.css")}</style>{head}'
        f'<div class="kling-nb-wide">{body}</div>{markup.foot(markup.prose(_NOTE))}'
        f"{inline('kling-nb-gallery', 'browse', 'gallery.js')}</div>"
    )


def gallery_text(rows: Sequence[GalleryRow]) -> str:
    """The same for a terminal."""
    cells: list[list[Cell]] = [
        [Code(row.view.id), row.day, line(row.view.prompt, 60), ", ".join(row.view.settings), short(row.view)]
        for row in rows
        if row.view.video
    ]
    return table_text(("job", "made", "prompt", "settings", "cost"), cells, note=_NOTE)


def _row(row: GalleryRow, video: VideoView) -> str:
    view = row.view
    source, still = markup.href(video.src), markup.href(row.still) if row.still else None
    told = {
        "prompt": clip(view.prompt, 2500),
        "settings": [line(setting, 60) for setting in (*view.settings, view.gateway) if setting],
        "cost": 0.0 if view.sandbox else view.charged_usd if view.charged_usd is not None else view.price_usd,
        "fps": video.fps,
        "seconds": video.seconds,
        "sound": video.has_audio,
    }
    picture = f'<img src="{still}" alt="" width="96" loading="lazy"/>' if still else "open"
    link = f'<a href="{source}">{picture}</a>' if source else ""
    settings = ", ".join(view.settings)
    return (
        f'<tr data-clip="{esc(json.dumps(told, ensure_ascii=False))}"><td>{link}</td>'
        f'<td class="kling-nb-l" dir="auto">{esc(clip(view.prompt, 160))}</td><td>{esc(line(settings, 120))}</td>'
        f"<td>{esc(row.day)}</td><td>{esc(line(view.gateway, 40))}</td><td>{esc(short(view))}</td>"
        f"<td><code>{esc(line(view.id, 80))}</code></td></tr>"
    )
