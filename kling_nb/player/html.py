"""The comparison as HTML: all that is known stands in it, and the script only adds the controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from kling_nb.player.assets import inline, style
from kling_nb.player.clips import Board, Placed, board
from kling_nb.show import grid_text, markup
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.progress import timing
from kling_nb.show.purse import short, total
from kling_nb.show.words import clip, line, next_step, plural, word

if TYPE_CHECKING:
    from kling_nb.player.clips import Clip
    from kling_nb.show import JobView, VideoView

_ASIDE = 300
"""Width of a clip in pixels where the style sheet is dropped (untrusted notebooks)."""

_LEAST, _LEAST_TALL = 220, 140
"""Narrowest useful column in pixels."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The comparison in pieces, for a face that changes while clips come in.

    Attributes:
        id: The same for the same clips, so that the durable form can go on where the living one was.
        head: HTML above the clips.
        shape: CSS of the clips' container.
        cells: Key and HTML of each clip, and of each row's heading, in order. A clip's key changes with its state.
        keys: Of the clips, in the order in which they were given.
        foot: HTML below: money, and the sandbox's remark.
    """

    id: str
    head: str
    shape: str
    cells: tuple[tuple[str, str], ...]
    keys: tuple[str, ...]
    foot: str


def compare(clips: Sequence[Clip], *, title: str = "", script: bool = True) -> str:
    """The comparison as HTML that needs nothing else: about 25 kB, and at most 12 kB for each clip.

    Args:
        clips: In order; a full matrix (prompts or models by the rest) is shown as rows and columns.
        title: A line above; left out where it is the prompt, which stands there anyway.
        script: Whether it brings its own; a face that has the module mounts it itself.
    """
    found = parts(clips, title=title)
    cells = "".join(cell for _, cell in found.cells)
    sheet = style(state=any(one.view.video is None for one in clips))
    return (
        f'<div class="kling-nb kling-nb-player" data-mode="grid" data-id="{found.id}"><style>{sheet}</style>'
        f'{found.head}<div class="kling-nb-cells" style="{found.shape}">{cells}</div>{found.foot}'
        f"{inline() if script else ''}</div>"
    )


def films(clips: Sequence[Clip]) -> list[str]:
    """The ids of those that :func:`compare` has a film of, in the order in which they stand there."""
    views = [placed.clip.view for placed in board(clips).clips]
    return [view.id for view in views if view.video and markup.plays(view.video)]


def compare_text(clips: Sequence[Clip], *, title: str = "") -> str:
    """The same for a terminal: what they share, and a line each."""
    return grid_text([one.view for one in clips], title=title)


def parts(clips: Sequence[Clip], *, title: str = "") -> Parts:
    """The comparison in pieces; takes what :func:`compare` takes."""
    laid = board(clips)
    least = _LEAST_TALL if laid.ratio < 1 else _LEAST
    cells: list[tuple[str, str]] = []
    for row in laid.rows:
        if len(laid.rows) > 1:
            heading = _heading(row[0], laid)
            cells.append((heading, heading))
        cells += [(_key(placed), _cell(placed, laid)) for placed in row]
    views = [one.view for one in clips]
    return Parts(
        id="kling-nb-" + sha256("\n".join(view.id for view in views).encode()).hexdigest()[:12],
        head=_head(clips, laid, title),
        shape=f"--n:{laid.columns};--least:{least}px;--ratio:{laid.ratio:.4f}",
        cells=tuple(cells),
        keys=tuple(_key(placed) for placed in sorted(laid.clips, key=lambda placed: placed.index)),
        foot=_foot(views),
    )


def _key(placed: Placed) -> str:
    view = placed.clip.view
    return f"{placed.index} {view.id} {'clip' if view.video else view.status}"


def _head(clips: Sequence[Clip], laid: Board, title: str) -> str:
    common = laid.common
    count = plural(len(clips), "clip")
    settings = markup.asked((count, *common.settings, common.gateway), bold=1)
    named = " ".join(title.split()) != " ".join(laid.base.split())  # a title that is the prompt would stand there twice
    above = f"<b>{esc(line(title, 120))}</b>" if title and named else ""
    return f'<div class="kling-nb-say">{above}{markup.prompt(laid.base)}<p>{settings}</p></div>'


def _foot(views: Sequence[JobView]) -> str:
    """Money, and the sandbox's remark about real gateways, once. Nobody knows what mere files have cost."""
    known = [view for view in views if view.gateway]
    note = next((view.ready_note for view in views if view.ready_note), "")
    return markup.foot(sums(total(known)), prose(clip(note, 300)) if note else "") if known else ""


def _heading(first: Placed, laid: Board) -> str:
    """What a whole row has: its prompt, or its model."""
    said = _wording(first, laid) if laid.prompts else f"<b>{esc(line(first.clip.view.settings[0], 60))}</b>"
    return f'<div class="kling-nb-row">{said}</div>'


def _cell(placed: Placed, laid: Board) -> str:
    view = placed.clip.view
    video = view.video
    name = esc(placed.name)
    facts = ""
    if video and markup.plays(video):
        picture = f'<div class="kling-nb-view">{_film(video, placed.name)}</div>'
        facts = f' data-fps="{video.fps:.6g}" data-seconds="{video.seconds:.6g}"' + (
            ' data-sound="1"' if video.has_audio else ""
        )
    else:
        still = markup.film(video, _ASIDE) if video else ""
        picture = f'<div class="kling-nb-gap">{still or markup.state(view, word(view))}</div>'
    caption = _caption(placed, laid)
    # Without style sheet: still beside each other.
    aside = f"display:inline-block;vertical-align:top;width:{_ASIDE}px;margin:0 8px 8px 0"
    return (
        f'<div class="kling-nb-clip" data-name="{name}"{facts} style="{aside}">'
        f'{picture}<div class="kling-nb-say">{caption}</div></div>'
    )


def _film(video: VideoView, name: str) -> str:
    """The native player, with a name for those who do not see it."""
    return markup.film(video, _ASIDE).replace("<video ", f'<video aria-label="{esc(name)}" ', 1)


def _caption(placed: Placed, laid: Board) -> str:
    """Only what differs; then what it cost, how long it took, the metrics, and the file."""
    view = placed.clip.view
    rowed = len(laid.rows) > 1
    settings = [s for s in placed.settings if not (rowed and not laid.prompts and s == line(view.settings[0], 60))]
    wording = "" if laid.common.prompt or (rowed and laid.prompts) else _wording(placed, laid)
    said = ", ".join(part for part in (markup.asked(settings, bold=len(settings)), wording) if part)
    said = said or f"<b>Clip {placed.index + 1}</b>"
    known = ", ".join(esc(part) for part in (short(view) if view.gateway else "", timing(view)) if part)
    badges = "".join(f', <span class="kling-nb-badge">{esc(line(badge, 40))}</span>' for badge in placed.clip.badges)
    link = f"<br>{markup.link(view.video)}" if view.video else ""
    why = f"<p>{esc(clip(view.reason, 300))}</p>" if view.reason and not view.video else ""
    if view.video and view.video.film == b"":
        why = f"<p>{prose(clip(view.notes[-1], 300))}</p>" if view.notes else ""
    step = "" if view.video else f"<p>{prose(next_step(view))}</p>"
    return f'<p>{said}</p><p class="kling-nb-dim">{known}{badges}{link}</p>{why}{step}'


def _wording(placed: Placed, laid: Board) -> str:
    """What a prompt says otherwise than the one above; without one above, all of it."""
    if not laid.base:
        return esc(clip(placed.clip.view.prompt, 240))
    marked = [f"<mark>{esc(clip(words, 160))}</mark>" for words in placed.kept]
    return ", ".join([*map(markup.changed, placed.changed or ()), *marked]) or "the prompt above"
