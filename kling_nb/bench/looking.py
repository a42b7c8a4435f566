"""Choosing clips of a bench to look at: side by side, or blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kling_nb.bench.files import named
from kling_nb.bench.measuring import scores_of
from kling_nb.bench.purse import charged
from kling_nb.errors import OptionError
from kling_nb.lab.comparison import Comparison
from kling_nb.player import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.bench.arena import Arena
    from kling_nb.bench.bench import Bench
    from kling_nb.bench.prompts import Entry
    from kling_nb.lab import Job, Lab
    from kling_nb.life import JobState
    from kling_nb.player import Clip


class Judged(Comparison):
    """A comparison whose clips wear what was measured of them.

    Args:
        badges: Labels by job.
    """

    def __init__(self, lab: Lab, clips: Sequence[Job], title: str, badges: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(lab, clips, title)
        self._badges = badges

    def views(self) -> list[Clip]:
        """The clips as the player wants them, as they are now."""
        return [replace(clip, badges=self._badges.get(clip.view.id, ())) for clip in super().views()]


def finished(bench: Bench, prompt: str | int | None, variants: str | Sequence[str] | None) -> list[JobState]:
    """The jobs of finished cells, chosen by prompt and variant.

    Raises:
        OptionError: There is no such prompt or variant.
    """
    entry = None if prompt is None else chosen(bench.prompts, prompt)
    labels = None if variants is None else labelled(bench, [variants] if isinstance(variants, str) else variants)
    return [
        found.state
        for found in bench.standings()
        if found.state
        and found.status == "done"
        and (entry is None or found.cell.entry.id == entry.id)
        and (labels is None or found.cell.variant.label in labels)
    ]


def chosen(prompts: Sequence[Entry], prompt: str | int) -> Entry:
    """The prompt of that number, id, beginning of an id, or words.

    Raises:
        OptionError: There is none, or there are several.
    """
    if isinstance(prompt, int):
        if not -len(prompts) <= prompt < len(prompts):
            raise OptionError(f"There is no prompt {prompt}: they are numbered from 0 to {len(prompts) - 1}.")
        return prompts[prompt]
    exact = [entry for entry in prompts if prompt in {entry.id, entry.text}]
    begins = exact or [entry for entry in prompts if entry.id.startswith(prompt)]
    found = begins or [entry for entry in prompts if prompt.casefold() in entry.text.casefold()]
    if len(found) != 1:
        which = "No prompt is" if not found else f"{len(found)} prompts are"
        near = ", ".join(entry.id for entry in (found or prompts)[:3])
        raise OptionError(f"{which} called {prompt[:80]!r}: name one by its id, such as {near}.")
    return found[0]


def labelled(bench: Bench, names: Sequence[str]) -> set[str]:
    """The labels that are meant: whole ones, or all that contain every word of a name.

    Raises:
        OptionError: There is none.
    """
    found: set[str] = set()
    for name in names:
        meant = {label for label in bench.variants if label == name}
        parts = {part.strip() for part in name.split(",")}
        meant = meant or {label for label in bench.variants if parts <= set(label.split(", "))}
        if not meant:
            raise OptionError(f"There is no variant {name!r}: they are {'; '.join(bench.variants[:12])}.")
        found |= meant
    return found


def compare(
    bench: Bench, prompt: str | int | None, variants: str | Sequence[str] | None, title: str = ""
) -> Comparison:
    """Finished clips side by side.

    Raises:
        OptionError: There are too few of them, or too many.
    """
    states = finished(bench, prompt, variants)
    if prompt is None:
        states = _first_group(bench, states)
    if len(states) > LIMIT:
        raise OptionError(
            f"These are {len(states)} clips, and a comparison shows at most {LIMIT}: name variants=[…], such as "
            f"{bench.variants[0]!r}."
        )
    if not title and states:
        title = str(states[0].request.get("prompt", "")) if len({s.request.get("prompt") for s in states}) == 1 else ""
    scores = scores_of(bench.folder)
    badges = {state.id: scores[state.id]["badges"] for state in states if state.id in scores}
    return Judged(bench.lab, bench.lab.handles(states), title, badges)


def arena(bench: Bench, criterion: str, *, voter: str, seed: int) -> Arena:
    """Blind votes on finished clips; the ballots lie in the bench's folder."""
    from kling_nb.bench.arena import Arena, Candidate  # noqa: PLC0415 - its numbers need numpy

    candidates = []
    for found in bench.standings():
        if found.state and found.status == "done" and (video := bench.lab.video(found.state)):
            cell, price = found.cell, (found.state.price or {}).get("usd")
            known = price is not None or (found.state.charge or {}).get("usd") is not None
            cost = cell.usd if cell.free else charged(found.state, price or 0.0) if known else None
            candidates.append(
                Candidate(
                    id=found.state.id,
                    variant=cell.variant.label or cell.model,
                    prompt_id=cell.entry.id,
                    prompt=cell.entry.text,
                    path=video.path,
                    poster=video.poster,
                    cost_usd=cost,
                    free=cell.free,
                )
            )
    return Arena(candidates, ballots(bench, criterion), criterion=criterion, voter=voter, seed=seed, lab=bench.lab)


def ballots(bench: Bench, criterion: str) -> Path:
    """The file of the votes on a criterion."""
    return bench.folder / f"votes-{named(criterion)}.jsonl"


def _first_group(bench: Bench, states: Sequence[JobState]) -> list[JobState]:
    """The clips of the first prompt that has two of them."""
    entries = {cell.id: cell.entry.id for cell in bench.cells}
    groups: dict[str, list[JobState]] = {}
    for state in states:
        groups.setdefault(entries[state.fingerprint], []).append(state)
    several = (group for group in groups.values() if len(group) > 1)
    return next(several, list(states))
