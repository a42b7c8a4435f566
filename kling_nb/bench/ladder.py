"""The draft ladder: cheap clips of everything, and the winners of each prompt once more, dearer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kling_nb.bench import files
from kling_nb.bench.cells import Variant, plain, said
from kling_nb.errors import OptionError
from kling_nb.show.words import plural

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.bench.bench import Bench
    from kling_nb.bench.cells import Cell
    from kling_nb.bench.prompts import Entry

By = str | Callable[[Mapping[str, Any]], float | None]
"""How winners are chosen; see :meth:`kling_nb.bench.bench.Bench.promote`."""

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Rung:
    """What a next rung is made of: prompts, each with the settings that won on it."""

    pairs: tuple[tuple[Entry, Variant], ...]


def promoted(bench: Bench, by: By, keep: int, fields: Mapping[str, Any]) -> Rung:
    """The prompts and settings of the next rung.

    Raises:
        OptionError: Nothing to choose by, nothing that was chosen, or nothing that would differ.
    """
    if not fields:
        raise OptionError('promote() makes the winners anew with something changed: say what, such as mode="pro".')
    if not isinstance(keep, int) or keep < 1:
        raise OptionError(f"keep is a whole number from 1 on, not {keep!r}.")
    cells = {cell.id: cell for cell in bench.cells}
    if by == "ranking":
        labels = _leaders(bench, keep)
        winners = [cells[row["cell"]] for row in _done(bench) if (row["variant"] or row["model"]) in labels]
    else:
        winners = [cells[row["cell"]] for row in _best(_scored(bench, by), keep)]
    if not winners:
        raise OptionError("No clip was chosen: vote on some, or choose by another rule.")
    made = {(cell.entry.id, cell.variant): cell for cell in winners}
    upgraded = {variant: _upgraded(variant, fields) for _, variant in made}
    return Rung(tuple((_free(cell, fields), upgraded[variant]) for (_, variant), cell in made.items()))


def _done(bench: Bench) -> list[dict[str, Any]]:
    rows = [row for row in bench.rows() if row["status"] == "done"]
    if not rows:
        raise OptionError(f"{bench.name} has no finished clip yet: run it first.")
    return rows


def _scored(bench: Bench, by: By) -> Iterable[tuple[float, dict[str, Any]]]:
    """Finished rows that may win, with what they are judged by; larger is better."""
    rows = _done(bench)
    if callable(by):
        judged = [(by(row), row) for row in rows]
        return [(float(score), row) for score, row in judged if score is not None]
    if by == "votes":
        shares = shares_of(bench.folder)
        if not shares:
            raise OptionError(f"Nobody has voted on {bench.name} yet: bench.arena() shows its clips blind.")
        return [(shares[row["job"]], row) for row in rows if shares.get(row["job"], 0.0) > 0]
    if not any(row["scores"] for row in rows):
        raise OptionError(f"No clip of {bench.name} is measured yet: bench.measure() does that.")
    sound = [row for row in rows if row["scores"] and not row["defects"]]
    if by == "rule":
        return [(0.0, row) for row in sound]
    from kling_nb.metrics.registry import find  # noqa: PLC0415 - who promotes by votes needs no metrics

    sign = -1.0 if find(str(by)).better == "lower" else 1.0
    return [(sign * value, row) for row in sound if (value := row["scores"].get(by)) is not None]


def _best(scored: Iterable[tuple[float, dict[str, Any]]], keep: int) -> list[dict[str, Any]]:
    """The best settings of each prompt, by their best clip, the prompts in their order; of equals the first."""
    groups: dict[str, dict[str, tuple[float, dict[str, Any]]]] = defaultdict(dict)
    for score, row in scored:
        there = groups[row["prompt_id"]].get(row["variant"])
        if there is None or score > there[0]:
            groups[row["prompt_id"]][row["variant"]] = score, row
    return [row for group in groups.values() for _, row in sorted(group.values(), key=lambda one: -one[0])[:keep]]


def shares_of(folder: Path, criterion: str = "overall") -> dict[str, float]:
    """How often each clip was preferred, a tie counting half and two bad ones nothing; only clips that were shown."""
    path = folder / f"votes-{files.named(criterion)}.jsonl"
    if not path.is_file():
        return {}
    from kling_nb.bench.votes import counted  # noqa: PLC0415 - its package needs numpy

    text = path.read_text("utf-8", "replace")
    won: dict[str, float] = defaultdict(float)
    seen: dict[str, int] = defaultdict(int)
    for vote in counted(text.split("\n")):
        for side, job in (("left", vote.left), ("right", vote.right)):
            seen[job] += 1
            won[job] += 1.0 if vote.winner == side else _HALF if vote.winner == "tie" else 0.0
    return {job: won[job] / count for job, count in seen.items()}


def _leaders(bench: Bench, keep: int) -> set[str]:
    """The variants that were preferred over all prompts, the best lower bound first."""
    ranking = bench.arena().ranking()
    ranked = [row.variant for row in ranking.rows if row.strength is not None]
    if not ranked:
        raise OptionError(f"Nobody has voted on {bench.name} yet: bench.arena() shows its clips blind.")
    if len(ranked) < keep:
        raise OptionError(f"keep={keep} is more than the {plural(len(ranked), 'variant')} that were voted on.")
    return set(ranked[:keep])


def _upgraded(variant: Variant, fields: Mapping[str, Any]) -> Variant:
    """The variant with what is different now; its label says that as well."""
    told = {name: plain(value, name) for name, value in fields.items()}
    words = set(variant.label.split(", "))
    named = [name for name, value in variant.settings.items() if name in told or said(name, value) in words]
    settings = {**variant.settings, **told}
    label = ", ".join(said(name, settings[name]) for name in dict.fromkeys((*named, *told)))
    return Variant(label, settings, {**variant.options, **fields})


def _free(cell: Cell, fields: Mapping[str, Any]) -> Entry:
    """The prompt without those options of its own that are changed."""
    options = {name: value for name, value in cell.entry.options.items() if name not in fields}
    return cell.entry if len(options) == len(cell.entry.options) else replace(cell.entry, options=options)
