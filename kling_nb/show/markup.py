"""The one door from text to HTML: everything that somebody else wrote passes through here."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kling_nb.show.style import BASE, pack
from kling_nb.show.words import clean, clip, line, tone, where

if TYPE_CHECKING:
    from kling_nb.show.differ import Change
    from kling_nb.show.view import JobView, VideoView

_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:", re.IGNORECASE)
_AMOUNT = re.compile(r"USD [\d.]*\d")
_TYPED = re.compile(r"`([^`\n]+)`")

PROMPT_LIMIT = 480
"""Characters of a prompt that a card shows; the manifest has all of it."""


_NAME_START, _NAME_END = 64, 14
"""Characters of a file's name that are shown: so many at most before its middle, and these at its end."""


def esc(text: str) -> str:
    """Cleaned and escaped, for element content and for quoted attributes alike."""
    return html.escape(clean(text), quote=True)


def prose(sentence: str) -> str:
    """An escaped sentence in which `backticks` become ``<code>``."""
    return _TYPED.sub(r"<code>\1</code>", esc(sentence))


def sums(sentence: str) -> str:
    """An escaped sentence about money; no amount is torn from its currency at the end of a line."""
    return _AMOUNT.sub(r'<span class="kling-nb-sum">\g<0></span>', esc(sentence))


def href(url: str) -> str | None:
    """The escaped address if it is http, https or relative to the notebook; else None."""
    address = "".join(clean(url).split())  # first: browsers skip line breaks inside a scheme
    if not address or "\\" in address or address.startswith("//"):
        return None
    if _SCHEME.match(address) and not address.lower().startswith(("http://", "https://")):
        return None
    return esc(address)


def root(kind: str, body: Iterable[str], *sheets: str, style: str = "") -> str:
    """One output: its style sheet and its parts. The style is repeated in each, so that each stands alone."""
    css = pack(BASE, *sheets)
    own = f' style="{style}"' if style else ""
    return f'<div class="kling-nb kling-nb-{kind}"{own}><style>{css}</style>{"".join(body)}</div>'


def prompt(text: str, limit: int = PROMPT_LIMIT) -> str:
    """The prompt as a paragraph; without any it is left out."""
    said = clip(text, limit)
    return f'<p class="kling-nb-prompt" dir="auto">{esc(said)}</p>' if said else ""


def state(view: JobView, words: str = "") -> str:
    """The status: a dot, a word, a colour."""
    return f'<b class="kling-nb-st kling-nb-{tone(view.status)}">{esc(words or where(view))}</b>'


def asked(settings: Iterable[str], *, bold: int = 1) -> str:
    """Settings in one line, the first ``bold`` of them (the model, or what differs) in bold, the rest dim."""
    said = [esc(clip(setting, 60)) for setting in settings if setting]
    loud, quiet = ", ".join(said[:bold]), ", ".join(said[bold:])
    comma = ", " if loud and quiet else ""
    return (f"<b>{loud}</b>" if loud else "") + (f'<span class="kling-nb-dim">{comma}{quiet}</span>' if quiet else "")


def notes(view: JobView) -> str:
    """The job's warnings and remarks, a line each."""
    return "".join(f'<p class="kling-nb-note">{prose(clip(note, 400))}</p>' for note in view.notes)


def foot(*parts: str) -> str:
    """The last line of every card: money on the left, what to do next on the right."""
    return f'<div class="kling-nb-foot">{" ".join(f"<span>{part}</span>" for part in parts if part)}</div>'


def plays(video: VideoView) -> bool:
    """Whether a page can play the clip: from inside itself, or from an address that may be linked."""
    return bool(video.film) or (video.film is None and href(video.src) is not None)


def film(video: VideoView, width: int, shape: str = "") -> str:
    """The player; the poster where the clip is out of reach; nothing where the address may not be linked.

    ``width`` in pixels is for viewers that drop the style sheet (untrusted notebooks);
    ``shape`` is a CSS aspect ratio other than the clip's own.
    """
    still = f"data:image/jpeg;base64,{b64encode(video.poster).decode()}" if video.poster else ""
    shape = shape or (f"{video.width}/{video.height}" if video.width and video.height else "16/9")
    drawn = f'width="{width}" style="max-width:100%;aspect-ratio:{shape}"'
    if not plays(video):
        return f'<img class="kling-nb-film" src="{still}" alt="Poster" {drawn}/>' if still and video.film == b"" else ""
    source = f"data:video/mp4;base64,{b64encode(video.film).decode()}" if video.film else href(video.src)
    poster = f' poster="{still}"' if still else ""
    return (
        f'<video class="kling-nb-film" controls playsinline preload="metadata" src="{source}"{poster} {drawn}></video>'
    )


def link(video: VideoView) -> str:
    """The file's name as a link on a line of its own; just the path where it may not be linked.

    Names are longer than cards are wide. Their end, with the job's id and the suffix, always stays.
    """
    source = href(video.src)
    path = esc(clip(video.path, 200))
    if not source:
        return path
    name = line(video.path.replace("\\", "/").rsplit("/", 1)[-1], 300)
    start = clip(name[:-_NAME_END], _NAME_START)
    return (
        f'<a class="kling-nb-name" href="{source}" title="{path}"><span>{esc(start)}</span>{esc(name[-_NAME_END:])}</a>'
    )


def changed(change: Change) -> str:
    """How one prompt differs from another in one place: the new words marked, the old ones struck out."""
    new, old = f"<mark>{esc(clip(change.new, 160))}</mark>", f"<s>{esc(clip(change.old, 160))}</s>"
    return {"replace": f"{new} for {old}", "insert": f"with {new}", "delete": f"without {old}"}[change.kind]
