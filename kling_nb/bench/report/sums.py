"""The tables of a report: variants, proxies, failures and prices, added up from the cells."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb import catalog
from kling_nb.bench.report.facts import Failure, Line, Proxy, Rate
from kling_nb.errors import OptionError
from kling_nb.lab import sandboxed

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench
    from kling_nb.bench.report.tidy import Tidy
    from kling_nb.bench.rows import Standing, Tally
    from kling_nb.bench.votes import Ranking

_EXAMPLES = 3


@dataclass(slots=True)
class _Seen:
    """What the tallies do not count."""

    estimate: float = 0.0
    blank: int = 0
    unlisted: int = 0
    free: bool = True
    measured: int = 0


def named(standing: Standing) -> str:
    """The variant's label, or the model where nothing differs; the arena calls it the same."""
    return standing.cell.variant.label or standing.cell.model


def lines(
    found: Sequence[Standing], rows: Sequence[Mapping[str, Any]], told: Sequence[Tally], ranking: Ranking | None
) -> tuple[Line, ...]:
    """The variants in their order."""
    seen: dict[str, _Seen] = {}
    labels: dict[str, str] = {}
    for standing, row in zip(found, rows, strict=True):
        cell = standing.cell
        labels[cell.variant.label] = named(standing)
        one = seen.setdefault(cell.variant.label, _Seen())
        one.estimate += cell.usd or 0.0
        one.blank += cell.usd is None
        one.unlisted += cell.usd is None and standing.status == "done"
        one.free &= cell.free
        one.measured += bool(row["scores"])
    votes = {row.variant: row.tally for row in ranking.rows} if ranking else {}
    made = []
    for tally in told:
        one, label = seen[tally.label], labels[tally.label]
        vote = votes.get(label)
        made.append(
            Line(
                label=label, cells=tally.cells, done=tally.done, failed=tally.failed, rest=tally.open + tally.missing,
                estimate=None if one.blank else round(one.estimate, 6), charged=tally.usd,
                listed=None if one.unlisted else tally.listed, free=one.free, wait=tally.wait,
                measured=one.measured, defective=tally.defects or 0,
                accepted=vote.accepted if vote else None, judged=vote.judged if vote else None,
            )
        )  # fmt: skip
    return tuple(made)


def proxies(rows: Sequence[Mapping[str, Any]]) -> tuple[Proxy, ...]:
    """The median of each metric for each variant."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    labels = dict.fromkeys(row["variant"] or row["model"] for row in rows)
    for row in rows:
        for name, value in row["scores"].items():
            kept = values[name][row["variant"] or row["model"]]
            if value is not None:
                kept.append(float(value))
    return tuple(
        Proxy(name, *_metric(name), {label: statistics.median(got) if (got := by[label]) else None for label in labels})
        for name, by in values.items()
        if any(by.values())
    )


def _metric(name: str) -> tuple[str, str]:
    """What it is about, and its unit with the good end."""
    from kling_nb.metrics.registry import find  # noqa: PLC0415 - nothing measured, nothing to import

    try:
        one = find(name)
    except OptionError:  # somebody's own, which this kernel does not know
        return "", ""
    better = "" if one.better == "neither" else f"{one.better} is better"
    return one.about.replace("``", "`"), ", ".join(filter(None, (one.unit, better)))


def failures(found: Iterable[Standing], tidy: Tidy) -> Iterator[Failure]:
    """What went wrong, the most frequent first."""
    words = {"failed": "Failed", "unknown": "Perhaps paid", "gone": "File deleted"}
    paid = {True: "charged", False: "not charged", None: "nobody knows"}
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for standing in found:
        if standing.status in words and (state := standing.state):
            reason = tidy.text(state.reason) if standing.status != "gone" else "Its file is no longer in the folder."
            key = words[standing.status], reason or "No reason was given.", paid[state.charged]
            groups[key].append(f"{standing.cell.entry.id} ({tidy.text(named(standing))})")
    for (word, reason, charged), where in sorted(groups.items(), key=lambda one: -len(one[1])):
        yield Failure(word, reason, charged, len(where), tuple(where[:_EXAMPLES]))


def rates(bench: Bench, found: Sequence[Standing]) -> Iterator[Rate]:
    """What each variant costs a clip, when that was read and where."""
    taken: dict[str, list[float]] = defaultdict(list)
    asked: dict[str, list[float | None]] = defaultdict(list)
    where: dict[str, Standing] = {}
    for standing in found:
        label = named(standing)
        where.setdefault(label, standing)
        asked[label].append(standing.cell.usd)
        charge = (standing.state.charge or {}).get("usd") if standing.state else None
        if charge is not None and standing.status == "done" and not standing.cell.free:
            taken[label].append(float(charge))
    for label, standing in where.items():
        gateway = standing.cell.gateway
        price = catalog.price(bench.matrix.examples[standing.cell.variant], gateway.partition("@")[0])
        listed = [usd for usd in asked[label] if usd is not None]
        yield Rate(
            label=label,
            gateway=sandboxed.label(gateway),
            usd=(min(listed), max(listed)) if listed else None,
            charged=(min(taken[label]), max(taken[label])) if taken[label] else None,
            checked=price.checked if price else "",
            source=price.source if price else "",
            note=price.note if price else "No list has a price for it.",
        )
