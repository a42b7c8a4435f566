"""How a bench looks: the price before, the progress, and a quiet table of what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kling_nb.show import bundle, markup, table, table_text
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.style import BAR, FOOT, STATE
from kling_nb.show.words import clip, clock, line, money, plural

if TYPE_CHECKING:
    from kling_nb.bench.cells import Cell, Matrix
    from kling_nb.bench.rows import Tally
    from kling_nb.bench.running import BenchRun
    from kling_nb.show import Cell as Shown

MOST_REASONS = 50
"""Different reasons that a run keeps."""

_SHOWN_REASONS = 3
_SHOWN_NOTES = 6
_MOST_VARIANTS = 60
_PLAN_HEADERS = ("variant", "cells", "finished", "to send", "USD a clip", "USD")
_HEADERS = ("variant", "cells", "done", "failed", "open", "missing", "median wait s")


def progress(run: BenchRun) -> dict[str, str]:
    """A run while it goes on, and how it ended."""
    head = f"{line(run.name, 80)}: {_counts(run)}"
    share = (run.before + run.finished + run.failed) / run.total if run.total else 1.0
    reasons = [f"{count} x {clip(why, 240)}" for why, count in run.reasons.most_common(_SHOWN_REASONS)]
    trouble = clip(run.trouble.sentence, 600) if run.trouble else ""
    timing = "" if run.left is None else f"about {_long(run.left)} to go"
    paid, what = _spent(run, free=all_free(run)), _next(run)
    bar = f'<div class="kling-nb-bar" style="--f:{share:.1%};--s:{share:.1%};--l:100%;--h:100%"><i></i></div>'
    said = (
        f'<div class="kling-nb-top"><b>{esc(head)}</b> <span class="kling-nb-dim">{esc(timing)}</span></div>',
        *(f'<p class="kling-nb-why">{esc(why)}</p>' for why in filter(None, (trouble, *reasons))),
    )
    body = (
        f'<div class="kling-nb-say">{"".join(said)}</div>',
        "" if run.done() else bar,
        markup.foot(sums(paid), prose(what)),
    )
    below = [f"  {why}" for why in filter(None, (trouble, *reasons))]
    text = "\n".join([", ".join(filter(None, (head, timing))), *below, " ".join(filter(None, (paid, what)))])
    return bundle(markup.root("card", body, FOOT, STATE, BAR), text)


def all_free(run: BenchRun) -> bool:
    """Whether nothing in this run is ever charged."""
    return all(cell.free for cell in run.outcome().cells)


def dry_run(
    name: str,
    found: Matrix,
    standing: Counter[tuple[str, str]],
    todo: Sequence[Cell],
    new: Sequence[Cell],
    seconds: float,
) -> dict[str, str]:
    """What a run would send and cost.

    Args:
        name: Of the bench.
        found: Its cells.
        standing: How many cells of each variant have which status.
        todo: Cells that a run would see to.
        new: Those of them that would be paid.
        seconds: What that is believed to take.
    """
    sends = Counter(cell.variant.label for cell in new)
    prices: dict[str, list[float | None]] = {}
    for cell in new:
        prices.setdefault(cell.variant.label, []).append(cell.usd)
    rows: list[list[Shown]] = []
    for label in dict.fromkeys(cell.variant.label for cell in found.cells):
        told = prices.get(label, [])
        known = [usd for usd in told if usd is not None]
        cells = sum(count for (variant, _), count in standing.items() if variant == label)
        each = known[0] if known and len(set(known)) == 1 and len(known) == len(told) else None
        total = sum(known) if len(known) == len(told) else None
        rows.append([label or _only(found), cells, standing[label, "done"], sends[label], each, total])
    around: dict[str, Any] = {
        "title": f"{name}: {_size(found)}",
        "remarks": [*_refusals(found), *_remarks(new)],
        "note": _bill(todo, new, seconds),
    }
    rows = rows[:_MOST_VARIANTS]
    return bundle(table(_PLAN_HEADERS, rows, **around), table_text(_PLAN_HEADERS, rows, **around))


def summary(name: str, found: Matrix, tallies: Sequence[Tally]) -> dict[str, str]:
    """What there is, a line for each variant."""
    free = all(cell.free for cell in found.cells)
    measured = any(tally.defects is not None for tally in tallies)
    headers = (*_HEADERS, "USD on Kling" if free else "USD", *(["with defects"] if measured else []))
    rows: list[list[Shown]] = [
        [tally.label or _only(found), tally.cells, tally.done, tally.failed or None, tally.open or None,
         tally.missing or None, tally.wait, tally.listed if free else tally.usd, *([tally.defects] if measured else [])]
        for tally in tallies[:_MOST_VARIANTS]
    ]  # fmt: skip
    missing = sum(tally.missing + tally.failed for tally in tallies)
    note = "`bench.run()` fills the gaps, `bench.dry_run()` says what that costs." if missing else ""
    title = f"{name}: {_size(found)}"
    used = [index for index in range(len(headers)) if any(row[index] is not None for row in rows)]
    headers, rows = tuple(headers[index] for index in used), [[row[index] for index in used] for row in rows]
    return bundle(table(headers, rows, title=title, note=note), table_text(headers, rows, title=title, note=note))


def _counts(run: BenchRun) -> str:
    done = run.before + run.finished
    told = [
        f"{run.failed:,} failed" if run.failed else "",
        f"{run.open:,} open" if run.open else "",
        f"{run.waiting:,} {'not sent' if run.done() or run.halted else 'to send'}" if run.waiting else "",
    ]
    return ", ".join([f"{done:,} of {run.total:,} done", *filter(None, told)])


def _spent(run: BenchRun, *, free: bool) -> str:
    if run.done() and not run.finished + run.failed:
        return "Nothing was sent."
    purse = run.purse
    held = f", {money(purse.reserved)} reserved" if purse.reserved else ""
    cap = "" if purse.budget is None else f", budget {money(purse.budget)}"
    if free:
        return f"Nothing charged. On Kling about {money(purse.listed)}{cap}."
    return f"About {money(purse.spent)} spent{held}{cap}."


def _next(run: BenchRun) -> str:
    if run.done():
        rest = run.waiting + run.failed
        return "`bench.run()` once more sends what is missing." if rest else ""
    if run.halted:
        return "Nothing more is sent; what is open is still fetched."
    return "`run.stop()` sends no more. After a restart run the cell again: nothing is paid twice."


def _bill(todo: Sequence[Cell], new: Sequence[Cell], seconds: float) -> str:
    known = sum(cell.usd for cell in new if cell.usd is not None)
    blank = sum(cell.usd is None for cell in new)
    free = bool(new) and all(cell.free for cell in new)
    paid = f"about {money(known)}" if known or not blank else ""
    prices = ", ".join(filter(None, (paid, f"{plural(blank, 'price')} not known" if blank else "")))
    fetched = len(todo) - len(new)
    said = [
        f"{plural(len(new), 'clip')} to send, {prices}{' on Kling, nothing charged here' if free else ''}."
        if new
        else "Nothing to send: every cell has its clip or is on its way.",
        f"{plural(fetched, 'clip')} more to fetch that earlier runs have sent." if fetched else "",
        f"About {_long(seconds)}." if todo else "",
        "Nothing was sent.",
    ]
    return " ".join(filter(None, said))


def _refusals(found: Matrix) -> list[str]:
    """Why the catalogue rules cells out, most frequent first."""
    said = [f"{found.excluded:,} left out by exclude."] if found.excluded else []
    said += [f"{plural(len(found.refused), 'cell')} left out that the catalogue refuses."] if found.refused else []
    ruled_out = [cell for cell in found.cells if cell.errors]
    if ruled_out:
        cells = plural(len(ruled_out), "cell")
        said.append(f"{cells} would be refused, so run() does not start: skip_refused=True leaves them out.")
    reasons = Counter(sentence for cell in (*found.refused, *ruled_out) for sentence in cell.errors)
    return [*said, *(f"{count} x {why}" for why, count in reasons.most_common(_SHOWN_NOTES))]


def _remarks(cells: Sequence[Cell]) -> list[str]:
    notes = Counter(note for cell in cells for note in cell.notes)
    more = len(notes) - _SHOWN_NOTES
    listed = [f"{count} x {note}" for note, count in notes.most_common(_SHOWN_NOTES)]
    return [*listed, f"{plural(more, 'other remark')}."] if more > 0 else listed


def _size(found: Matrix) -> str:
    prompts = len({cell.entry.id for cell in found.cells})
    variants = len({cell.variant.label for cell in found.cells})
    takes = max((cell.take for cell in found.cells), default=1)
    parts = [plural(prompts, "prompt"), plural(variants, "variant") if variants > 1 else ""]
    parts += [plural(takes, "take") if takes > 1 else ""]
    return f"{' x '.join(filter(None, parts))}, {plural(len(found.cells), 'cell')}"


def _only(found: Matrix) -> str:
    return found.cells[0].model if found.cells else ""


def _long(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3:20 h``."""
    if seconds < 90:  # noqa: PLR2004 - said in seconds
        return f"{max(round(seconds), 1)} s"
    if seconds < 5400:  # noqa: PLR2004 - said in minutes
        return f"{round(seconds / 60)} min"
    return f"{clock(seconds).rpartition(':')[0]} h"
