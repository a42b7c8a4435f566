"""Several finished jobs side by side: what they share stands once above, captions say what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kling_nb.show import markup
from kling_nb.show.cards import counted, row_text, tally
from kling_nb.show.choice import more, shown
from kling_nb.show.differ import Shared, apart, base_of, changes, shared
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.progress import timing
from kling_nb.show.purse import short, total
from kling_nb.show.style import FOOT, GRID, NAME, STATE
from kling_nb.show.words import clip, line, next_step, word

if TYPE_CHECKING:
    from kling_nb.show.view import JobView

_STEP = (
    "<script>(()=>{const s=document.currentScript,r=s&&s.closest('.kling-nb'),v=r?[...r.querySelectorAll('video')]:[];"
    "if(v.length<2)return;const b=document.createElement('button');b.type='button';"
    "const on=()=>v.some(x=>!x.paused&&!x.ended),say=()=>{b.textContent=on()?'Pause all':'Play all in step'};"
    "const ready=x=>new Promise(d=>{x.preload='auto';if(x.readyState>2&&!x.seeking)return d();"
    "for(const e of['canplay','error'])x.addEventListener(e,d,{once:true});setTimeout(d,4000)});"
    "b.onclick=async()=>{if(on())return v.forEach(x=>x.pause());const t=v.some(x=>x.ended)?0:v[0].currentTime;"
    "v.forEach((x,i)=>{x.currentTime=t;x.muted=i>0});await Promise.all(v.map(ready));"
    "v.forEach(x=>x.play().catch(()=>{}))};b.onkeydown=e=>e.stopPropagation();"
    "v.forEach(x=>['play','pause','ended'].forEach(e=>x.addEventListener(e,say)));say();s.replaceWith(b)})()</script>"
)
"""Adds one button that plays all clips from the same moment; without script there are the players' own controls."""

_TALL, _WIDE = (170, 320), (220, 640)
"""Narrowest and widest useful column in pixels, for tall and for wide clips."""

_COLUMNS = {2: (2,), 3: (3, 2), 4: (2,), 5: (3, 2), 6: (3, 2), 7: (4, 2), 8: (4, 2), 9: (3,)}
"""By the number of clips, how many columns make even rows, the most first. More clips fill the width."""
_TALL_COLUMNS = {**_COLUMNS, 4: (4, 2)}

_ASIDE = 260
"""Width of a clip in pixels where the style sheet is dropped (untrusted notebooks)."""

_WIDEST = 1600


def grid(views: Sequence[JobView], *, title: str = "") -> str:
    """Several jobs as HTML. A job without a clip keeps its place and says why; of very many, :data:`MOST` are shown.

    Each poster adds a third more than its own size; the rest is about 4 kB and 0.7 kB per job.
    """
    common = shared(views)
    base = base_of(views)
    here = shown(views)
    shape, (narrow, wide) = _shape(here)
    cells = "".join(_cell(view, base, common, shape) for view in here)
    said = prose(_more(views)) or _ready(views)
    body = (
        f'<div class="kling-nb-say">{_head(views, base, common, title)}</div>',
        f'<div class="kling-nb-cells" style="--m:{_column(len(here), narrow)}">{cells}</div>',
        markup.foot(sums(total(views)), said, _STEP if sum(bool(view.video) for view in here) > 1 else ""),
    )
    return markup.root(
        "grid", body, FOOT, STATE, NAME, GRID, style=f"max-width:{min(_WIDEST, wide * max(2, len(here)))}px"
    )


def grid_text(views: Sequence[JobView], *, title: str = "") -> str:
    """Several jobs for a terminal: what they share, one line each, the total."""
    common = shared(views)
    head = line(title, 120) or line(common.prompt, 200)
    settings = ", ".join(part for part in (*common.settings, common.gateway) if part)
    return "\n".join(
        part
        for part in (
            head,
            line(settings, 200),
            *(row_text(view, common) for view in shown(views)),
            _more(views).replace("`", ""),
            total(views) if views else tally(views),
        )
        if part
    )


def _more(views: Sequence[JobView]) -> str:
    """Where those are that are not shown."""
    return more(views, f"kling.gallery({len(views)})")


def _head(views: Sequence[JobView], base: str, common: Shared, title: str) -> str:
    above = f"<b>{esc(line(title, 120))}</b>" if title else ""
    settings = markup.asked((*common.settings, common.gateway), bold=0)
    return "".join((above, markup.prompt(base), f"<p>{counted(views)}{f'<br>{settings}' if settings else ''}</p>"))


def _ready(views: Sequence[JobView]) -> str:
    """The sandbox's remark about real gateways, once."""
    said = next((view.ready_note for view in views if view.ready_note), "")
    return prose(clip(said, 300)) if said else ""


def _shape(views: Sequence[JobView]) -> tuple[str, tuple[int, int]]:
    """The one frame that all clips get, which is the widest of them, and its columns."""
    sizes = [(v.video.width, v.video.height) for v in views if v.video and v.video.width and v.video.height]
    width, height = max(sizes, key=lambda pair: pair[0] / pair[1], default=(16, 9))
    return f"{width}/{height}", _TALL if height > width else _WIDE


def _column(count: int, narrow: int) -> str:
    """The least width of a column as CSS, such that rows come out even wherever there is room for it."""
    counts = (_TALL_COLUMNS if narrow == _TALL[0] else _COLUMNS).get(count, ())
    width = "100%" if counts else f"{narrow}px"
    for columns in reversed(counts):
        # Room for so many: the middle is negative, so their share holds (a pixel less, for rounding); else the next.
        width = f"clamp(100%/{columns} - 1px,({columns * narrow}px - 100cqi)*999,{width})"
    return width


def _cell(view: JobView, base: str, common: Shared, shape: str) -> str:
    if view.video:
        picture = markup.film(view.video, _ASIDE, shape)
    else:
        picture = f'<div class="kling-nb-gap" style="aspect-ratio:{shape}">{markup.state(view, word(view))}</div>'
    settings = markup.asked(apart(view, common), bold=len(view.settings) + 1)
    wording = "" if common.prompt else _wording(view.prompt, base)
    known = ", ".join(esc(part) for part in (short(view), timing(view)) if part)
    link = f"<br>{markup.link(view.video)}" if view.video else ""
    why = [f"<p>{esc(clip(view.reason, 300))}</p>"] if view.reason and not view.video else []
    step = [] if view.video else [f"<p>{prose(next_step(view))}</p>"]
    said = [f"<p>{', '.join(part for part in (settings, wording) if part)}</p>"] if settings or wording else []
    caption = "".join([*said, f'<p class="kling-nb-dim">{known}{link}</p>', markup.notes(view), *why, *step])
    # Without style sheet: still beside each other.
    aside = f"display:inline-block;vertical-align:top;width:{_ASIDE}px;margin:0 8px 8px 0"
    return f'<div style="{aside}">{picture}<div class="kling-nb-say">{caption}</div></div>'


def _wording(prompt: str, base: str) -> str:
    """What a prompt says otherwise than the one above; without one above, all of it."""
    if not base:
        return esc(clip(prompt, 240))
    return ", ".join(markup.changed(change) for change in changes(base, prompt) or ())
