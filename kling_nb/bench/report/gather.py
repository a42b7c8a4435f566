"""From a bench to what its report says: everything is read here, once, and cleaned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kling_nb.bench import files
from kling_nb.bench.measuring import FILE as SCORES
from kling_nb.bench.measuring import scores_of
from kling_nb.bench.report import making, sums
from kling_nb.bench.report.answer import answer
from kling_nb.bench.report.asking import requests
from kling_nb.bench.report.choosing import groups
from kling_nb.bench.report.facts import Facts
from kling_nb.bench.report.tidy import Tidy
from kling_nb.bench.rows import tallies
from kling_nb.errors import OptionError
from kling_nb.show.words import money, plural

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench
    from kling_nb.bench.report.facts import Line
    from kling_nb.bench.votes import Ranking

_FIRST = "overall"
_VOTES = "votes-*.jsonl"


def gather(bench: Bench, *, question: str = "", notes: str = "") -> Facts:
    """Everything that a report of a bench says, as it is now.

    Args:
        bench: Finished or not.
        question: What it was made to find out.
        notes: Whatever else should stand above.
    """
    tidy = Tidy.of(bench.lab, making.folders(bench))
    found = list(bench.standings())
    rows = bench.rows()
    scores = scores_of(bench.folder)
    told = tallies((one, scores.get(one.state.id if one.state else "", {})) for one in found)
    ranked, voters, logs = _votes(bench)
    counted = sums.lines(found, rows, told, ranked[0] if ranked else None)
    lines = tuple(replace(one, label=tidy.text(one.label)) for one in counted)
    rankings = tuple(_tidied(one, tidy) for one in ranked)
    asked = [tidy(one) for one in requests(bench.lab, found)]
    shown = groups(bench, found, rows, asked, tidy)
    names = {film.cell: film.name for group in shown for film in group.films if film.clip}
    cells = tuple(_row(row, names, tidy) for row in rows)
    log = tuple(files.lines(bench.folder / SCORES))
    return Facts(
        title=bench.name,
        question=tidy.text(question.strip()),
        notes=tidy.text(notes.strip()),
        answer=answer(lines, rankings[0] if rankings else None),
        size=_size(bench, lines),
        money=_money(lines),
        made=datetime.fromtimestamp(bench.lab.now(), UTC).date().isoformat(),
        lines=lines,
        rankings=rankings,
        voters=voters,
        proxies=sums.proxies(cells),
        failures=tuple(sums.failures(found, tidy)),
        groups=shown,
        prompts=len({cell.entry.id for cell in bench.cells}),
        rates=tuple(replace(one, label=tidy.text(one.label)) for one in sums.rates(bench, found)),
        versions=making.versions(),
        made_of=tuple(making.made_of(bench, tidy)),
        code=tidy.text(making.code(bench)),
        rows=cells,
        logs={name: tuple(map(tidy, kept)) for name, kept in ({SCORES: log} | logs).items() if kept},
        requests=tuple(
            {"cell": row["cell"], "job": row["job"], "requests": told}
            for row, told in zip(rows, asked, strict=True)
        ),
    )  # fmt: skip


def _row(row: dict[str, Any], names: dict[str, str], tidy: Tidy) -> dict[str, Any]:
    """A row with its clip in this report instead of its path on this machine."""
    kept = {name: value for name, value in row.items() if name != "path"}
    clean: dict[str, Any] = tidy(kept)
    return clean | {"clip": f"clips/{names[row['cell']]}.mp4" if row["cell"] in names else None}


def _votes(bench: Bench) -> tuple[tuple[Ranking, ...], dict[str, int], dict[str, tuple[dict[str, Any], ...]]]:
    """A ranking for each criterion that was voted on, the most important one first; the voters; the ballots."""
    ranked: list[Ranking] = []
    voters: Counter[str] = Counter()
    logs: dict[str, tuple[dict[str, Any], ...]] = {}
    for path in sorted(bench.folder.glob(_VOTES)):
        logs[path.name] = tuple(files.lines(path))
        for criterion in dict.fromkeys(str(row["criterion"]) for row in logs[path.name] if row.get("criterion")):
            try:
                arena = bench.arena(criterion)
            except OptionError:  # of what was voted on, not two clips are left
                continue
            if votes := arena.votes:
                ranked.append(arena.ranking(votes))
                voters.update(vote.voter for vote in votes)
    ranked.sort(key=lambda one: (one.criterion != _FIRST, -one.votes))
    return tuple(ranked), dict(voters.most_common()), logs


def _tidied(ranking: Ranking, tidy: Tidy) -> Ranking:
    """The ranking with names that may be shown: a picture's path is part of a variant's name."""
    rows = tuple(replace(row, variant=tidy.text(row.variant)) for row in ranking.rows)
    return replace(ranking, rows=rows, notes=tuple(map(tidy.text, ranking.notes)))


def _size(bench: Bench, lines: tuple[Line, ...]) -> str:
    prompts = len({cell.entry.id for cell in bench.cells})
    takes = max(cell.take for cell in bench.cells)
    parts = [plural(prompts, "prompt"), plural(len(lines), "variant"), plural(takes, "take") if takes > 1 else ""]
    counts = {
        "done": sum(one.done for one in lines),
        "failed": sum(one.failed for one in lines),
        "not finished": sum(one.rest for one in lines),
    }
    said = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    return f"{' x '.join(filter(None, parts))}, {plural(len(bench), 'cell')}: {said}."


def _money(lines: tuple[Line, ...]) -> str:
    known = [one.listed for one in lines if one.listed is not None]
    listed = f"Kling's list: {money(sum(known))} for the finished clips" if len(known) == len(lines) else ""
    if all(one.free for one in lines):
        return f"Nothing was charged. {listed}." if listed else "Nothing was charged."
    charged = [one.charged for one in lines if one.charged is not None]
    more = "" if len(charged) == len(lines) else " that is known of; of some nobody knows the price"
    said = f"About {money(sum(charged))} spent{more}."
    return f"{said} {listed}." if listed else said
