"""The grid: for each prompt its posters, the comparison player behind them, and the exact requests.

The player's HTML stands in a ``<noscript>``: without script it is there at once, with the browser's own players; with
script nothing of it is loaded before somebody opens it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from kling_nb import player
from kling_nb.player import Clip
from kling_nb.show import markup
from kling_nb.show.markup import esc
from kling_nb.show.words import clip, line, plural, word

if TYPE_CHECKING:
    from kling_nb.bench.report.facts import Facts, Film, Group

_TAGS = 8


def grid(facts: Facts, *, inside: Callable[[Group], bool] | None = None, rest: str = "") -> str:
    """All prompts.

    Args:
        facts: The report's.
        inside: Of a single page: whether the clips of a prompt are inside of it. None in a folder, where clips and
            posters are files.
        rest: Where what is not shown can be found.
    """
    if not facts.groups:
        return '<p class="dim">No clip was asked for yet.</p>'
    hidden = facts.prompts - len(facts.groups)
    note = ""
    if hidden:
        note = f"{plural(len(facts.groups), 'prompt')} of {facts.prompts:,}, those with the most defects and failures "
        note += f"and the closest votes{rest}."
    said = f'<p class="dim">{esc(note)}</p>' if note else ""
    return said + "".join(_group(group, inside) for group in facts.groups)


def _group(group: Group, inside: Callable[[Group], bool] | None) -> str:
    tags = f'<p class="dim">{esc(", ".join(group.tags[:_TAGS]))}</p>' if group.tags else ""
    cells = "".join(_still(film, inside) for film in group.films)
    more = f'<p class="dim">{plural(group.more, "further clip")} not shown.</p>' if group.more else ""
    plays = any(film.clip for film in group.films) and (inside is None or inside(group))
    watch = (
        f"<details class=play><summary>{_verb(group)}</summary><noscript>{_player(group, inside)}</noscript></details>"
    )
    lost = '<p class="dim">Posters only: the clips are not inside of this page.</p>'
    name = esc(line(group.id, 80))
    return (
        f'<article aria-label="Prompt {name}"><h3 dir="auto">{esc(clip(group.prompt, markup.PROMPT_LIMIT))}</h3>{tags}'
        f'<ul class="strip">{cells}</ul>{more}'
        f"{watch if plays else lost if any(film.clip for film in group.films) else ''}{_asked(group)}</article>"
    )


def _verb(group: Group) -> str:
    return "Play side by side" if sum(film.clip is not None for film in group.films) > 1 else "Play"


def _still(film: Film, inside: Callable[[Group], bool] | None) -> str:
    """One clip as a picture and a caption, which is also what is printed."""
    view = film.view
    if film.poster and view.video:
        source = f"clips/{film.name}.jpg"
        if inside is not None:
            source = f"data:image/jpeg;base64,{b64encode(film.poster.read_bytes()).decode()}"
        size = f' width="{view.video.width}" height="{view.video.height}"' if view.video.width else ""
        # Not loaded lazily: they are small, and a page that is printed would lack those nobody has scrolled to.
        picture = f'<img src="{source}" alt="{esc(line(film.label, 120))}" decoding="async"{size}>'
    else:
        picture = f'<div class="gap">{esc("No poster" if film.clip else word(view))}</div>'
    badges = "".join(f' <span class="badge">{esc(line(badge, 40))}</span>' for badge in film.badges)
    why = "" if film.clip else " ".join(filter(None, (_sentence(view.reason), view.next_step)))
    known = ", ".join(film.said)
    return (
        f"<li>{picture}<p><b>{esc(line(film.label, 120))}</b>{badges}</p>"
        + "".join(f'<p class="dim">{esc(text)}</p>' for text in (known, why) if text)
        + "</li>"
    )


def _sentence(text: str) -> str:
    return f"{clip(text, 200).rstrip('. ')}." if text else ""


def _player(group: Group, inside: Callable[[Group], bool] | None) -> str:
    """The comparison without style and script of its own: the page has them once."""
    clips = [Clip(replace(film.view, video=None), film.badges) for film in group.films]
    for index, film in enumerate(group.films):
        if film.clip and film.view.video:
            name = f"clips/{film.name}.mp4" if inside is None else f"{film.name}.mp4"
            told = replace(film.view.video, src="" if inside else name, path=name, poster=None)
            if inside is not None:
                told = replace(told, film=film.clip.read_bytes())
            clips[index] = replace(clips[index], view=replace(film.view, video=told))
    found = player.parts(clips)
    return (
        f'<div class="kling-nb kling-nb-player" data-mode="grid">{found.head}'
        f'<div class="kling-nb-cells" style="{found.shape}">{"".join(html for _, html in found.cells)}</div>'
        f"{found.foot}</div>"
    )


def _asked(group: Group) -> str:
    told = "".join(
        f'<h4>{esc(line(film.label, 120))}</h4><pre tabindex="0">{esc(film.asked)}</pre>'
        for film in group.films
        if film.asked
    )
    return f"<details><summary>Exact requests</summary>{told}</details>" if told else ""
