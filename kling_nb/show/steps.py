"""The steps of a pipeline, quietly: what each is called, how it stands, how long and how dear it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.show.markup import esc, href
from kling_nb.show.view import StepView
from kling_nb.show.words import clip, lasting, line, plural

if TYPE_CHECKING:
    from kling_nb.show.view import JobView

_WORDS = {"queued": "waiting", "running": "running", "done": "done", "failed": "failed"}
_LONGEST_LINK = 1000


@dataclass(frozen=True, slots=True)
class Room:
    """How many steps fit, and how many characters of links."""

    steps: int
    links: int


CARD = Room(steps=12, links=8000)
RESULT = Room(steps=5, links=350)
"""A result stays below 16 kB, and signed links are long."""


def step_views(told: Iterable[Mapping[str, Any]]) -> tuple[StepView, ...]:
    """The journal's steps as the look wants them."""
    return tuple(
        StepView(
            label=str(step.get("label") or step.get("id", "")),
            phase=str(step.get("phase", "")),
            seconds=step.get("seconds"),
            credits=step.get("credits"),
            progress=step.get("progress"),
            reason=str(step.get("reason", "")),
            links=tuple(
                (str(output.get("media_type", "")).partition("/")[0], str(output.get("url", "")))
                for output in step.get("outputs", ())
            ),
        )
        for step in told
    )


def steps(view: JobView, room: Room = CARD) -> str:
    """The steps as a list; nothing for a job that has none. What they made is linked by words only."""
    shown, rest = _shown(view, room)
    left = room.links
    rows = []
    for step in shown:
        links = _links(step, left)
        left -= sum(map(len, links))
        said = ", ".join([*map(esc, _facts(step)), *links])
        rows.append(f'<li>{esc(line(step.label, 40))} <span class="kling-nb-dim">{said}</span></li>')
    if rest:
        rows.append(f'<li class="kling-nb-dim">{plural(rest, "further step")}</li>')
    return f'<ul class="kling-nb-steps">{"".join(rows)}</ul>' if rows else ""


def steps_text(view: JobView, room: Room = CARD) -> list[str]:
    """The steps for a terminal, a line each."""
    shown, rest = _shown(view, room)
    lines = [f"  {line(step.label, 40)}: {', '.join(_facts(step))}" for step in shown]
    return [*lines, f"  {plural(rest, 'further step')}"] if rest else lines


def _shown(view: JobView, room: Room) -> tuple[list[StepView], int]:
    """As many as fit, in their order; those under way or failed go before the rest."""
    every = view.steps
    if len(every) <= room.steps:
        return list(every), 0
    weight = {"failed": 0, "running": 1, "queued": 2}
    chosen = sorted(range(len(every)), key=lambda index: weight.get(every[index].phase, 3))[: room.steps]
    return [every[index] for index in sorted(chosen)], len(every) - room.steps


def _facts(step: StepView) -> list[str]:
    word = _WORDS.get(step.phase, "running")
    credits_ = "" if step.credits is None else f"{step.credits:g} credit{'' if step.credits == 1 else 's'}"
    said = (
        f"{word} {step.progress:.0%}" if step.phase == "running" and step.progress else word,
        lasting(step.seconds) if step.seconds is not None else "",
        credits_,
        clip(line(step.reason, 200), 200),
    )
    return [fact for fact in said if fact]


def _links(step: StepView, room: int) -> list[str]:
    """Links to what a step made, ``picture`` or ``video``: http and https only, opened elsewhere."""
    found = []
    for kind, url in step.links:
        room -= len(url)
        fits = room >= 0 and len(url) <= _LONGEST_LINK
        source = href(url) if fits and url.lower().startswith(("http://", "https://")) else None
        if source:
            word = {"image": "picture", "video": "video"}.get(kind, "file")
            found.append(f'<a href="{source}" target="_blank" rel="noopener noreferrer">{word}</a>')
    return found
