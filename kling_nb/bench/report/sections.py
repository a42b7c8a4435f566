"""The sections of a report above and below the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.bench.report.tables import table
from kling_nb.bench.votes.table import ranking_html
from kling_nb.show.markup import esc, href, prose
from kling_nb.show.words import clip, line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.bench.report.facts import Facts, Line
    from kling_nb.bench.report.tables import Value

_MOST_LINES = 60
_MOST_FAILURES = 40
_MOST_COLUMNS = 8
_WORDS = 4000
_HUNDRED = 100
_PROXIES = (
    "Proxies of defects, computed from the pictures on a CPU: medians over the measured clips. None of them says "
    "whether a clip is good, and a clip that is frozen or hardly moves is left out where it would score best."
)
_ACCEPTED = "Accepted: has won or tied a vote, and was never one of two bad ones."


def header(facts: Facts) -> str:
    """What was asked, what came out, how much there is."""
    question = f'<p class="question" dir="auto">{esc(clip(facts.question, _WORDS))}</p>' if facts.question else ""
    notes = f'<p class="notes" dir="auto">{esc(clip(facts.notes, _WORDS))}</p>' if facts.notes else ""
    return (
        f"<header><h1>{esc(line(facts.title, 120))}</h1>{question}"
        f'<p class="answer">{esc(facts.answer)}</p>{notes}'
        f'<p class="dim">{esc(facts.size)} {esc(facts.money)} Report of {facts.made}.</p></header>'
    )


def section(name: str, title: str, body: str) -> str:
    """A section with its heading, and a place to link to; nothing without a body."""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{esc(title)}</h2>{body}</section>' if body else ""


def variants(facts: Facts) -> str:
    """Counts, money and waiting of each variant."""
    free = all(one.free for one in facts.lines)
    heads = (
        "variant", "cells", "done", "failed", "not finished", "USD estimated",
        "USD of the list" if free else "USD charged", "USD per accepted", "accepted", "median wait, s", "defects in",
    )  # fmt: skip
    rows = [_line(one, free=free) for one in facts.lines[:_MOST_LINES]]
    notes = [_ACCEPTED if any(one.judged for one in facts.lines) else ""]
    notes.append("Nothing was charged: the amounts are what Kling's list asks for the finished clips." if free else "")
    if len(facts.lines) > _MOST_LINES:
        notes.append(f"The first {_MOST_LINES} of {plural(len(facts.lines), 'variant')}.")
    return table("Variants", heads, rows) + _dim(" ".join(filter(None, notes)))


def votes(facts: Facts) -> str:
    """A ranking for each criterion, with its intervals."""
    if not facts.rankings:
        return ""
    said = ", ".join(f"{line(name, 60)} ({count:,})" for name, count in list(facts.voters.items())[:12])
    return "".join(map(ranking_html, facts.rankings)) + _dim(f"Votes by {said}.")


def proxies(facts: Facts) -> str:
    """Metrics down, variants across."""
    if not facts.proxies:
        return ""
    labels = [one.label for one in facts.lines][:_MOST_COLUMNS]
    rows: list[list[Value]] = [
        [one.name, *(_short(one.medians.get(label)) for label in labels), one.unit, one.about] for one in facts.proxies
    ]
    more = len(facts.lines) - len(labels)
    note = _PROXIES + (f" {plural(more, 'further variant')} not shown." if more else "")
    return table("Proxies", ("metric", *labels, "unit", "what it is"), rows, right=range(1, len(labels) + 1)) + _dim(
        note
    )


def failures(facts: Facts) -> str:
    """What went wrong, why, and whether it was paid for."""
    if not facts.failures:
        return '<p class="dim">None.</p>'
    heads = ("what", "cells", "reason", "money", "where")
    rows: list[list[Value]] = [
        [one.word, one.count, one.reason, one.charged, ", ".join([*one.where, *["…"][: one.count - len(one.where)]])]
        for one in facts.failures[:_MOST_FAILURES]
    ]
    more = len(facts.failures) - _MOST_FAILURES
    return table("Failures", heads, rows) + _dim(f"{plural(more, 'further reason')} not shown." if more > 0 else "")


def prices(facts: Facts) -> str:
    """What a clip costs, and when and where that was read."""
    heads = ("variant", "gateway", "USD a clip, listed", "USD a clip, charged", "read on", "what to know")
    rows: list[list[Value]] = [
        [one.label, one.gateway, _span(one.usd), _span(one.charged), one.checked or None, one.note or None]
        for one in facts.rates[:_MOST_LINES]
    ]
    sources = dict.fromkeys(one.source for one in facts.rates if one.source)
    links = ", ".join(map(_source, sources))
    return table("Prices", heads, rows) + (f'<p class="dim">Source: {links}.</p>' if links else "")


def made(facts: Facts, files: list[tuple[str, str]]) -> str:
    """Versions, settings, the Python that makes it again, and what else lies in the folder.

    Args:
        facts: The report's.
        files: Names of further files, and what they are.
    """
    settings = "".join(f"<dt>{esc(name)}</dt><dd>{esc(clip(value, 600))}</dd>" for name, value in facts.made_of)
    versions = "".join(f"<dt>{esc(name)}</dt><dd>{esc(value)}</dd>" for name, value in facts.versions.items())
    listed = "".join(f'<li><a href="{esc(name)}">{esc(name)}</a>: {esc(what)}</li>' for name, what in files)
    return (
        f'<pre tabindex="0">{esc(facts.code)}</pre><div class="pairs"><dl>{settings}</dl><dl>{versions}</dl></div>'
        + (f"<ul>{listed}</ul>" if listed else "")
    )


def _line(one: Line, *, free: bool) -> list[Value]:
    return [
        one.label, one.cells, one.done, one.failed or None, one.rest or None, _float(one.estimate),
        _float(one.listed if free else one.charged), _float(one.per_accepted),
        f"{one.accepted} of {one.done}" if one.judged else None, _float(one.wait),
        f"{one.defective} of {one.measured}" if one.measured else None,
    ]  # fmt: skip


def _span(found: tuple[float, float] | None) -> str | None:
    if found is None:
        return None
    low, high = (f"{amount:.4f}".rstrip("0").rstrip(".") for amount in found)
    return low if low == high else f"{low} to {high}"


def _source(source: str) -> str:
    address = href(source) if source.startswith("https://") else None
    return f'<a href="{address}">{esc(source)}</a>' if address else esc(source)


def _short(value: float | None) -> str | None:
    """Three digits that count, written out."""
    return None if value is None else f"{value:,.0f}" if abs(value) >= _HUNDRED else f"{value:.3g}"


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _dim(text: str) -> str:
    return f'<p class="dim">{prose(text)}</p>' if text else ""


def parts(facts: Facts, grid: str, files: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Every section: its anchor, its title and its HTML, which may be empty."""
    yield "variants", "Variants", variants(facts)
    yield "votes", "Votes", votes(facts)
    yield "proxies", "Proxies", proxies(facts)
    yield "failures", "Failures", failures(facts)
    yield "prompts", "Prompts", grid
    yield "prices", "Prices", prices(facts)
    yield "made", "How this was made", made(facts, files)
