"""What was looked at and how it stands, in groups: a dot and a word each, one sentence, and the cure where one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from kling_nb.show import markup
from kling_nb.show.markup import esc, prose
from kling_nb.show.style import FOOT, STATE
from kling_nb.show.words import clip, line

if TYPE_CHECKING:
    from kling_nb.show.words import Tone

Health = Literal["ok", "note", "warn", "bad"]

_WORDS: dict[Health, tuple[str, Tone]] = {
    "ok": ("Fine", "good"),
    "note": ("Optional", "quiet"),
    "warn": ("Look at it", "doubt"),
    "bad": ("Mend it", "bad"),
}
_SAID = 600

CHECKS = """
.kling-nb-checks{display:grid;gap:0 16px;margin:0;padding:0 16px 10px;
  grid-template-columns:7em 8em minmax(0,1fr)}
.kling-nb-checks>*{margin:0;padding:5px 0;overflow-wrap:anywhere}
.kling-nb-checks code{white-space:normal}
.kling-nb-group{padding:10px 16px 4px;border-top:1px solid var(--line)}
@container(width<560px){.kling-nb-checks{grid-template-columns:7em minmax(0,1fr)}
  .kling-nb-checks>p{grid-column:1/-1;padding:0 0 7px}}
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        group: Under which heading it stands.
        what: What was looked at, a few words.
        health: How it stands; ``note`` is for what is missing and not needed.
        said: One sentence; `backticks` become code.
        cure: What to do, a sentence; "" where there is nothing to do.
    """

    group: str
    what: str
    health: Health
    said: str
    cure: str = ""


def checks(found: Sequence[Check], *, title: str, note: str = "") -> str:
    """The checks as HTML, about 200 bytes each."""
    groups = "".join(
        f'<div class="kling-nb-group"><b>{esc(line(group, 80))}</b></div>'
        f'<div class="kling-nb-checks">{"".join(map(_row, rows))}</div>'
        for group, rows in groupby(found, key=lambda check: check.group)
    )
    head = f'<div class="kling-nb-say"><b>{esc(line(title, 120))}</b><p>{esc(tally(found))}</p></div>'
    foot = markup.foot(prose(clip(note, 400))) if note else ""
    return markup.root("doctor", (head, groups, foot), FOOT, STATE, CHECKS)


def checks_text(found: Sequence[Check], *, title: str, note: str = "") -> str:
    """The same for a terminal: a line each, the cure below it."""
    lines = [line(title, 120), tally(found)]
    wide = max((len(line(check.what, 40)) for check in found), default=0)
    for group, rows in groupby(found, key=lambda check: check.group):
        lines += ["", line(group, 80)]
        for check in rows:
            word = _WORDS[check.health][0]
            lines.append(f"  {word:<10}  {line(check.what, 40):<{wide}}  {line(check.said, _SAID)}")
            if check.cure:
                lines.append(f"  {'':<10}  {'':<{wide}}  → {line(check.cure, _SAID)}")
    return "\n".join([*lines, *(["", clip(note, 400)] if note else [])])


def tally(found: Sequence[Check]) -> str:
    """``2 to mend, 1 to look at, 14 fine``; what is not needed is not counted."""
    counts = {health: sum(check.health == health for check in found) for health in _WORDS}
    told = [(counts["bad"], "to mend"), (counts["warn"], "to look at"), (counts["ok"], "fine")]
    return ", ".join(f"{count} {words}" for count, words in told if count) or "Nothing was looked at."


def _row(check: Check) -> str:
    word, tone = _WORDS[check.health]
    cure = f"<br><b>To do:</b> {prose(clip(check.cure, _SAID))}" if check.cure else ""
    return (
        f'<b class="kling-nb-st kling-nb-{tone}">{word}</b><span>{esc(line(check.what, 40))}</span>'
        f"<p>{prose(clip(check.said, _SAID))}{cure}</p>"
    )
