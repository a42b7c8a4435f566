"""A job as a panel's row: short texts that are ready to be shown, so that every row says the same as a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.show.progress import bar, timing
from kling_nb.show.purse import cost, short
from kling_nb.show.view import LIVE
from kling_nb.show.words import asked, clip, line, next_step, tone, where, word

if TYPE_CHECKING:
    from kling_nb.show import JobView

_NEEDS_SOMEBODY = ("failed", "unknown", "cancelled")


def row(view: JobView) -> dict[str, Any]:
    """The row as JSON; about 600 bytes. All of it is text: the browser never reads it as HTML."""
    drawn = bar(view)
    places = {"f": drawn.fill, "s": drawn.soon, "l": drawn.low, "h": drawn.high} if drawn else {}
    video = view.video
    return {
        "id": view.id,
        "status": view.status,
        "word": word(view),
        "where": where(view),
        "tone": tone(view.status),
        "over": view.status not in LIVE,
        "prompt": clip(view.prompt, 240),
        "settings": asked(view),
        "gateway": line(view.gateway, 60),
        "timing": timing(view),
        "price": short(view),
        "money": cost(view),
        "reason": clip(view.reason, 400) if view.status in _NEEDS_SOMEBODY else "",
        "next": next_step(view).replace("`", "") if view.status in _NEEDS_SOMEBODY else "",
        "notes": [clip(note, 300) for note in view.notes],
        "bar": {
            "places": {name: f"{place * 100:.1f}%" for name, place in places.items()},
            "late": drawn.late,
        }
        if drawn
        else None,
        "video": {"width": video.width or 16, "height": video.height or 9, "path": video.path} if video else None,
    }
