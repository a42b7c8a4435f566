"""The ranking as a person reads it: a quiet table with its intervals drawn, and the same for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.show import bundle, markup, table_text
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.style import FOOT, TABLE
from kling_nb.show.words import line, money, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.bench.votes.ranking import Ranking, Row
    from kling_nb.bench.votes.tally import Tally
    from kling_nb.show import Cell

_NAME = 120
_NUMBER = ' class="kling-nb-n"'

_HEADS = ("Variant", "Wins against the field", "Place", "Accepted")
_COST = "USD per accepted"

_READ = (
    "Chance to win against the field's mean, with its 95 % interval from drawing whole prompts again; sorted by the "
    "lower bound. Accepted: has won or tied, and was never one of two bad ones."
)

_SHEET = """
.kling-nb-ranks .kling-nb-wide{overflow:visible}
.kling-nb.kling-nb-ranks td{vertical-align:top}
.kling-nb-ranks td:first-child{width:42%}
.kling-nb-ranks td b{overflow-wrap:anywhere;white-space:normal}
.kling-nb-ranks small{display:block;font-size:12px;color:var(--dim);white-space:normal;text-wrap:pretty}
.kling-nb-ranks .kling-nb-odds{width:31%}
.kling-nb-odds span{color:var(--dim)}
.kling-nb-iv{display:block;position:relative;height:7px;margin:5px 0 3px;border-radius:4px;background:
  linear-gradient(var(--dim),var(--dim)) 50%/1px 100% no-repeat,var(--wash)}
.kling-nb-iv i,.kling-nb-iv u{position:absolute;inset:0 auto 0 var(--l);width:calc(var(--h) - var(--l));
  border-radius:4px;background:var(--accent);opacity:.34}
.kling-nb-iv u{left:calc(var(--m) - 1.5px);width:3px;opacity:1;border-radius:1px;inset-block:-2px}
@media(forced-colors:active){.kling-nb-iv i,.kling-nb-iv u{forced-color-adjust:none}}
@container(width<620px){
.kling-nb-ranks thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.kling-nb-ranks :is(table,tbody){display:block}
.kling-nb-ranks tbody tr{display:flex;flex-wrap:wrap;gap:1px 18px;padding:9px 16px;border-top:1px solid var(--line)}
.kling-nb.kling-nb.kling-nb.kling-nb-ranks td{display:block;width:auto;padding:0;border:0;text-align:left}
.kling-nb.kling-nb-ranks :is(td:first-child,.kling-nb-odds){flex:1 0 100%}
.kling-nb-ranks [data-l]:before{content:attr(data-l) " ";color:var(--dim)}
}
"""


def ranking_bundle(ranking: Ranking) -> dict[str, str]:
    """The ranking as a MIME bundle that needs neither script nor kernel."""
    return bundle(ranking_html(ranking), ranking_text(ranking))


def ranking_html(ranking: Ranking) -> str:
    """The ranking as HTML."""
    priced, listed = _priced(ranking), _free(ranking)
    heads = (*_HEADS, _COST) if priced else _HEADS
    head = "".join(
        f'<th scope="col"{_NUMBER if column > 1 else ""}>{esc(name)}</th>' for column, name in enumerate(heads)
    )
    body = "".join(_tr(row, priced=priced, listed=listed) for row in ranking.rows)
    above = [f"<p><b>{esc(_title(ranking))}</b></p>", f'<p class="kling-nb-far">{esc(ranking.progress)}</p>']
    above += [f'<p class="kling-nb-note">{prose(note)}</p>' for note in ranking.notes]
    drawn = (
        f'<div class="kling-nb-wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        if ranking.rows
        else ""
    )
    parts = (f'<div class="kling-nb-say">{"".join(above)}</div>', drawn, markup.foot(sums(_money(ranking)), esc(_READ)))
    return markup.root("ranks", parts, FOOT, TABLE, _SHEET)


def ranking_text(ranking: Ranking) -> str:
    """The ranking for a terminal."""
    priced, listed = _priced(ranking), _free(ranking)
    heads = ("variant", "wins", "95 %", "place", "won", "lost", "tied", "both bad", "accepted", "verdict")
    rows: list[list[Cell]] = [
        [
            row.variant, *_odds(row), _place(row), row.tally.wins, row.tally.losses, row.tally.ties,
            row.tally.both_bad, _accepted(row.tally), row.verdict,
            *([_price(row.tally, listed=listed)] if priced else []),
        ]
        for row in ranking.rows
    ]  # fmt: skip
    below = "\n".join(filter(None, (ranking.progress, *ranking.notes, _money(ranking))))
    shown = table_text((*heads, _COST) if priced else heads, rows, title=_title(ranking))
    return f"{shown}\n{below}"


def _tr(row: Row, *, priced: bool, listed: bool) -> str:
    cells = [("Place", _place(row)), ("Accepted", _accepted(row.tally))]
    if priced:
        cells.append((_COST, _price(row.tally, listed=listed)))
    name = f"<td><b>{esc(line(row.variant, _NAME))}</b><small>{esc(row.verdict)}</small></td>"
    numbers = "".join(_td(label, text) for label, text in cells)
    return f"<tr>{name}{_bar(row)}{numbers}</tr>"


def _td(label: str, text: str) -> str:
    return f'<td class="kling-nb-n" data-l="{esc(label)}">{esc(text)}</td>'


def _bar(row: Row) -> str:
    """The chance in words, and its interval as a band with the estimate marked; the hairline is even odds."""
    if row.strength is None:
        return '<td class="kling-nb-odds"></td>'
    chance, interval = _odds(row)
    tally = row.tally
    counts = f"{tally.wins} won, {tally.losses} lost, {tally.ties} tied, {tally.both_bad} both bad"
    low, high = row.bounds
    place = f"--l:{100 * low:.1f}%;--h:{100 * high:.1f}%;--m:{100 * row.chance:.1f}%"
    return (
        f'<td class="kling-nb-odds"><b>{chance}</b> <span>{interval}</span>'
        f'<span class="kling-nb-iv" style="{place}"><i></i><u></u></span><small>{counts}</small></td>'
    )


def _odds(row: Row) -> tuple[str, str]:
    if row.strength is None:
        return "", ""
    low, high = row.bounds
    return f"{100 * row.chance:.0f} %", f"{100 * low:.0f} to {100 * high:.0f} %"


def _place(row: Row) -> str:
    best, worst = row.ranks
    return "" if row.strength is None else str(best) if best == worst else f"{best} to {worst}"


def _accepted(tally: Tally) -> str:
    return f"{tally.accepted} of {tally.clips}"


def _price(tally: Tally, *, listed: bool) -> str:
    if tally.free and not listed:
        return "free"
    cost = tally.cost_per_accepted
    return "not known" if tally.spent is None else "none yet" if cost is None else f"{cost:.3f}"


def _priced(ranking: Ranking) -> bool:
    return any(row.tally.spent is not None for row in ranking.rows)


def _free(ranking: Ranking) -> bool:
    """Whether nobody has charged anything: the amounts are then those of Kling's list."""
    return bool(ranking.rows) and all(row.tally.free for row in ranking.rows)


def _title(ranking: Ranking) -> str:
    said = f"{plural(ranking.votes, 'vote')} on {plural(ranking.prompts, 'prompt')}"
    ties = f", {100 * ranking.ties:.0f} % ties" if ranking.votes else ""
    return f"Blind votes, {line(ranking.criterion, 60)}: {said}{ties}"


def _money(ranking: Ranking) -> str:
    tallies: Sequence[Tally] = [row.tally for row in ranking.rows]
    free = _free(ranking)
    paid = [tally for tally in tallies if free or not tally.free]
    if not tallies or any(tally.spent is None for tally in paid):
        return "Nothing charged." if free else ""
    spent = money(sum(tally.spent or 0.0 for tally in paid))
    said = f"Nothing charged. On Kling about {spent}" if free else spent
    clips, accepted = sum(tally.clips for tally in tallies), sum(tally.accepted for tally in tallies)
    return f"{said} for {plural(clips, 'clip')}, {accepted} of them accepted."
