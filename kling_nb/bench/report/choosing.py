"""Which clips stand in the grid, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_nb.bench import files
from kling_nb.bench.measuring import FILE as SCORES
from kling_nb.bench.report.asking import transcript
from kling_nb.bench.report.facts import Film, Group
from kling_nb.bench.report.sums import named
from kling_nb.player import LIMIT
from kling_nb.show.words import lasting, money

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kling_nb.bench.bench import Bench
    from kling_nb.bench.report.tidy import Tidy
    from kling_nb.bench.rows import Standing
    from kling_nb.lab import Job
    from kling_nb.show import JobView

MOST_PROMPTS = 50
"""Prompts in the grid; of more, those with the most defects and the closest votes."""

_EVEN = 0.5
_One = tuple["Standing", Mapping[str, Any], Sequence[dict[str, Any]]]


def groups(
    bench: Bench,
    found: Sequence[Standing],
    rows: Sequence[Mapping[str, Any]],
    asked: Sequence[Sequence[dict[str, Any]]],
    tidy: Tidy,
) -> tuple[Group, ...]:
    """The prompts of the grid in the order of the bench, each with at most twelve of its clips."""
    by: dict[str, list[_One]] = {}
    for one in zip(found, rows, asked, strict=True):
        if one[0].state is not None:
            by.setdefault(one[0].cell.entry.id, []).append(one)
    numbers = {name: index for index, name in enumerate(dict.fromkeys(cell.entry.id for cell in bench.cells), 1)}
    variants = {label: index for index, label in enumerate(bench.variants, 1)}
    chosen = sorted(by, key=lambda name: (_interest(by[name]), numbers[name]))[:MOST_PROMPTS]
    badges = badges_of(bench.folder)
    made = []
    for name in sorted(chosen, key=numbers.__getitem__):
        several = len({one.cell.take for one, _, _ in by[name]}) > 1
        # Every variant's first take before anybody's second one.
        kept = sorted(by[name], key=lambda one: (one[0].cell.take, variants[one[0].cell.variant.label]))[:LIMIT]
        kept.sort(key=lambda one: (variants[one[0].cell.variant.label], one[0].cell.take))
        jobs = bench.lab.handles([one.state for one, _, _ in kept if one.state])
        films = [
            _film(one, job, view, f"p{numbers[name]:03}-v{variants[one[0].cell.variant.label]:02}", badges, tidy)
            for one, job, view in zip(kept, jobs, bench.lab.views(jobs), strict=True)
        ]
        if several:
            films = [
                replace(film, label=f"{film.label}, take {one[0].cell.take}")
                for film, one in zip(films, kept, strict=True)
            ]
        entry = kept[0][0].cell.entry
        made.append(
            Group(
                entry.id,
                tidy.text(entry.text),
                tuple(map(tidy.text, entry.tags)),
                tuple(films),
                len(by[name]) - len(films),
            )
        )
    return tuple(made)


def badges_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """The defects of each job in few words."""
    full: dict[str, dict[str, Any]] = {}
    for row in files.lines(folder / SCORES):
        if isinstance(row.get("job"), str) and isinstance(row.get("scores"), dict):
            kept = full.setdefault(row["job"], {})
            kept |= {name: score for name, score in row["scores"].items() if isinstance(score, dict)}
    if not full:
        return {}
    from kling_nb.metrics import badges  # noqa: PLC0415 - nothing measured, nothing to import

    return {job: tuple(badges(scores)) for job, scores in full.items()}


def _interest(members: Iterable[_One]) -> tuple[int, float]:
    """Small for prompts that are worth a look: many defects and failures, then votes that are nearly even."""
    listed = list(members)
    bad = sum(bool(row["defects"]) or one.status in {"failed", "unknown"} for one, row, _ in listed)
    shares = [row["preferred"] for _, row, _ in listed if row.get("preferred") is not None]
    return -bad, min((abs(share - _EVEN) for share in shares), default=1.0)


def _film(one: _One, job: Job, view: JobView, place: str, badges: Mapping[str, tuple[str, ...]], tidy: Tidy) -> Film:
    standing, row, asked = one
    video = job.video if standing.status == "done" else None
    said = [
        money(row["usd_charged"]) if row["usd_charged"] is not None and not standing.cell.free else "",
        f"ready in {lasting(row['latency'])}" if row["latency"] else "",
        f"preferred {100 * row['preferred']:.0f}\N{NO-BREAK SPACE}%" if row.get("preferred") is not None else "",
    ]
    paid = {True: "It was charged.", False: "It was not charged.", None: "Nobody knows whether it was charged."}
    view = replace(
        view,
        prompt=tidy.text(view.prompt),
        reason=tidy.text(view.reason),
        next_step=paid[view.charged] if not video else "",
        notes=(),
        ready_note="",
        ticket="",
        video=view.video if video else None,
    )
    return Film(
        cell=standing.cell.id,
        name=f"{place}-t{standing.cell.take}",
        label=tidy.text(named(standing)),
        view=view,
        clip=video.path if video else None,
        poster=video.poster if video else None,
        badges=badges.get(job.id, ()),
        said=tuple(filter(None, said)),
        asked=transcript(asked),
    )
