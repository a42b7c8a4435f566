"""What a report says, as plain values: decided by others, cleaned of what is nobody's business, not yet HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_nb.bench.votes import Ranking
    from kling_nb.show import JobView


@dataclass(frozen=True, slots=True)
class Line:
    """One variant, added up.

    Attributes:
        label: What differs; the model where nothing does.
        estimate: USD by the list for all of its cells; None where a price is not known.
        charged: USD that it took; None where nobody knows.
        listed: USD by the list for its finished clips; None where a price is not known.
        free: Its gateways charge nothing.
        wait: Median seconds from the sending to the finished task.
        measured, defective: Clips that were measured, and those of them with a defect.
        accepted, judged: Clips that voters would use, and those that were voted on; None without votes.
    """

    label: str
    cells: int
    done: int
    failed: int
    rest: int
    estimate: float | None
    charged: float | None
    listed: float | None
    free: bool
    wait: float | None
    measured: int
    defective: int
    accepted: int | None = None
    judged: int | None = None

    @property
    def per_accepted(self) -> float | None:
        """USD for each clip that can be used, by the list where nothing is charged; None without such a clip."""
        spent = self.listed if self.free else self.charged
        return spent / self.accepted if self.accepted and spent is not None else None


@dataclass(frozen=True, slots=True)
class Proxy:
    """One metric over the variants.

    Attributes:
        unit: Of its value, and which end is the good one.
        medians: By variant; None where it has no value.
    """

    name: str
    about: str
    unit: str
    medians: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Failure:
    """Cells that ended in the same way.

    Attributes:
        charged: In words.
        where: Some of them: prompt id and variant.
    """

    word: str
    reason: str
    charged: str
    count: int
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a clip of a variant costs.

    Attributes:
        usd: Least and most by the list; None where nobody knows.
        charged: Least and most that was really charged; None where the gateway does not say.
        checked, source: When and where the list was read.
    """

    label: str
    gateway: str
    usd: tuple[float, float] | None
    charged: tuple[float, float] | None
    checked: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Film:
    """One cell in the grid.

    Attributes:
        name: Of its files, without suffix; says nothing about the machine.
        label: Variant, and take where there are several.
        view: Its job; ``view.video`` is about the clip, without an address yet.
        clip, poster: The files as they lie in the output folder; None where there is none.
        badges: Its defects in few words.
        said: What else is known of it, in words.
        asked: Its exact HTTP requests, as a transcript.
    """

    cell: str
    name: str
    label: str
    view: JobView
    clip: Path | None
    poster: Path | None
    badges: tuple[str, ...]
    said: tuple[str, ...]
    asked: str


@dataclass(frozen=True, slots=True)
class Group:
    """One prompt with its films; ``more`` of its cells are not shown."""

    id: str
    prompt: str
    tags: tuple[str, ...]
    films: tuple[Film, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """The whole report.

    Attributes:
        title: Name of the bench.
        question, notes: The user's own words.
        answer: What came out, a sentence or two.
        size: How many prompts, variants and cells, in words.
        money: What it took, in words.
        made: Day of the report, ``2026-11-20``.
        prompts: How many there are; ``groups`` may be fewer.
        voters: Who voted how often.
        code: How the bench is made again, as Python.
        rows: One plain mapping for each cell, as ``cells.jsonl`` has it.
        logs: Lines of further files by their names: scores and votes.
        requests: For each cell its exact requests.
    """

    title: str
    question: str
    notes: str
    answer: str
    size: str
    money: str
    made: str
    lines: tuple[Line, ...]
    rankings: tuple[Ranking, ...]
    voters: Mapping[str, int]
    proxies: tuple[Proxy, ...]
    failures: tuple[Failure, ...]
    groups: tuple[Group, ...]
    prompts: int
    rates: tuple[Rate, ...]
    versions: Mapping[str, str]
    made_of: tuple[tuple[str, str], ...]
    code: str
    rows: tuple[dict[str, Any], ...]
    logs: Mapping[str, tuple[dict[str, Any], ...]]
    requests: tuple[dict[str, Any], ...]
