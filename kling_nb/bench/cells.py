"""The matrix: prompts x settings x takes as cells, each with the fingerprint of the request that it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.cell.options import AXES
from kling_nb.errors import AskError, OptionError
from kling_nb.wire import Order

if TYPE_CHECKING:
    from kling_nb.bench.prompts import Entry
    from kling_nb.lab import Lab, Plan
    from kling_nb.request import VideoRequest

MOST_CELLS = 200_000
"""Cells of one bench."""

_CHUNK = 500
"""Requests that are planned at a time; of a picture that they share, the bytes are held no longer."""

_LISTS = ("images", "element", "voice", "shots", "masks")
"""Options whose one value is a list already; a list of lists is an axis."""

_PAIR = 2

Exclude = Callable[[Mapping[str, Any]], bool] | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""What leaves a combination out: a function of its options, or mappings of which one fits."""


@dataclass(frozen=True, eq=False)
class Variant:
    """One combination of settings.

    Attributes:
        label: Only what differs between the variants.
        settings: The same by axis, as plain values.
        options: Everything that is set for it, as ``submit`` takes it.
    """

    label: str
    settings: Mapping[str, Any]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One clip of the matrix.

    Attributes:
        id: The fingerprint of its request, take and gateway: the same in every kernel.
        gateway: Name of the gateway, as the journal has it.
        usd: Price by the list; None where nobody knows.
        free: The gateway charges nothing.
        told: The gateway can be asked for the price before it is paid.
        errors: Why the catalogue would refuse it, a sentence each.
        notes: What else there is to know.
    """

    id: str
    entry: Entry
    variant: Variant
    take: int
    gateway: str
    model: str
    usd: float | None = None
    free: bool = False
    told: bool = False
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def keywords(self) -> dict[str, Any]:
        """The request as keywords of ``submit``, without its gateway."""
        asked = _asked(self.entry, self.variant, self.take)
        asked.pop("gateway", None)
        return asked


@dataclass(slots=True)
class Matrix:
    """All cells, and one request of each variant.

    Attributes:
        refused: Cells that the catalogue rules out and that were left out for it.
        excluded: How many combinations were left out by rule.
    """

    cells: tuple[Cell, ...]
    examples: dict[Variant, VideoRequest] = field(default_factory=dict)
    refused: tuple[Cell, ...] = ()
    excluded: int = 0


def variants(axes: Mapping[str, Any]) -> tuple[Variant, ...]:
    """Every combination of the options that were given as lists; the others are the same in all.

    Raises:
        OptionError: A list is empty.
    """
    listed = {name: list(value) for name, value in axes.items() if _is_axis(name, value)}
    for name, values in listed.items():
        if not values:
            raise OptionError(f"{name}=[] leaves nothing to make: give it a value, or leave it out.")
    common = {name: value for name, value in axes.items() if name not in listed}
    differ = [name for name, values in listed.items() if len(values) > 1]
    made = []
    for chosen in itertools.product(*(enumerate(values, 1) for values in listed.values())):
        taken = dict(zip(listed, chosen, strict=True))
        settings = {name: plain(value, f"{name} {n}") for name, (n, value) in taken.items()}
        label = ", ".join(said(name, settings[name]) for name in differ)
        made.append(Variant(label, settings, common | {name: value for name, (_, value) in taken.items()}))
    return tuple(made)


def matrix(
    lab: Lab,
    pairs: Iterable[tuple[Entry, Variant]],
    *,
    takes: int,
    exclude: Exclude = (),
    skip_refused: bool = False,
) -> Matrix:
    """Plan every pair of prompt and variant, without network and key. Of equal cells the first one stays.

    Raises:
        AskError: One of them cannot be read; the sentence says which.
    """
    found = Matrix(())
    cells: dict[str, Cell] = {}
    refused: dict[str, Cell] = {}
    rest = iter(pairs)
    while chunk := list(itertools.islice(rest, _CHUNK)):
        kept = [pair for pair in chunk if not _excluded(pair, exclude)]
        found.excluded += (len(chunk) - len(kept)) * takes
        for (entry, variant), plan, told in _planned(lab, kept):
            found.examples.setdefault(variant, plan.request)
            keep = refused if skip_refused and plan.errors else cells
            for take in range(1, takes + 1):
                cell = _cell(plan, entry, variant, take, told=told)
                keep.setdefault(cell.id, cell)
        if len(cells) > MOST_CELLS:
            raise OptionError(f"This bench has more than {MOST_CELLS:,} cells: take a sample of the prompts.")
    found.cells, found.refused = tuple(cells.values()), tuple(refused.values())
    return found


def _planned(lab: Lab, pairs: Sequence[tuple[Entry, Variant]]) -> Iterator[tuple[tuple[Entry, Variant], Plan, bool]]:
    """The plans of pairs, in their order; each gateway is asked for all of its own at once."""
    groups: dict[tuple[str | None, bool], list[int]] = {}
    asked = [_asked(entry, variant, 1) for entry, variant in pairs]
    for index, keywords in enumerate(asked):
        where = (keywords.pop("gateway", None), bool(keywords.pop("sandboxed", False)))
        groups.setdefault(where, []).append(index)
    plans: dict[int, tuple[Plan, bool]] = {}
    for (name, sandboxed), members in groups.items():
        place = lab.gateway(name, sandboxed=sandboxed)
        codec = lab.desks.codec(place, rehearsal=True)
        try:
            made = lab.plans([asked[index] for index in members], place, rehearsal=True)
        except AskError as error:
            raise _named(lab, error, [(pairs[index], asked[index]) for index in members], place) from None
        for index, plan in zip(members, made, strict=True):
            plans[index] = plan, plan.price is None and codec.estimate(Order(plan.request, "")) is not None
    for index, pair in enumerate(pairs):
        yield (pair, *plans[index])


def _named(lab: Lab, error: AskError, members: Iterable[tuple[Any, dict[str, Any]]], place: Any) -> AskError:
    """The error with the id of the prompt that it is about, which is looked for only now."""
    for (entry, _), keywords in members:
        try:
            lab.plans([keywords], place, rehearsal=True)
        except AskError as found:
            return type(found)(f"Prompt {entry.id}: {found.sentence}")
    return error


def _cell(plan: Plan, entry: Entry, variant: Variant, take: int, *, told: bool) -> Cell:
    request = plan.request if take == 1 else plan.request.model_copy(update={"take": take})
    return Cell(
        id=request.fingerprint(plan.gateway.name),
        entry=entry,
        variant=variant,
        take=take,
        gateway=plan.gateway.name,
        model=request.model,
        usd=plan.price.usd if plan.price else None,
        free=plan.gateway.scheme == "none" or bool(plan.price and plan.price.free),
        told=told,
        errors=plan.errors,
        notes=plan.notes,
    )


def _asked(entry: Entry, variant: Variant, take: int) -> dict[str, Any]:
    return {**variant.options, **entry.options, "prompt": entry.text, "take": take}


def _excluded(pair: tuple[Entry, Variant], exclude: Exclude) -> bool:
    if not exclude:
        return False
    asked = _asked(*pair, 1)
    if callable(exclude):
        return bool(exclude(asked))
    rules = [exclude] if isinstance(exclude, Mapping) else exclude
    return any(all(_fits(asked.get(name), wanted) for name, wanted in rule.items()) for rule in rules)


def _fits(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list | tuple | set | frozenset) else bool(value == wanted)


def _is_axis(name: str, value: Any) -> bool:
    if not isinstance(value, list | tuple | range):
        return False
    if name not in _LISTS:
        return True
    return bool(value) and all(isinstance(item, list | tuple) and not _is_pair(item) for item in value)


def _is_pair(item: Sequence[Any]) -> bool:
    """A shot as text and seconds, which is one value."""
    return len(item) == _PAIR and isinstance(item[1], int | float)


def plain(value: Any, name: str = "set") -> Any:
    """A setting as a table and a JSON file can hold it; ``name`` stands for a picture in memory."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Path):
        return value.name
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float | Path) for item in value):
        return ", ".join(str(plain(item)) for item in value)
    return name


def said(name: str, value: Any) -> str:
    """A setting in a label."""
    if value is None:
        return f"no {name}" if name not in AXES else f"{name} as is"
    if isinstance(value, bool):
        return f"{name.replace('_', ' ')} {'on' if value else 'off'}"
    if name == "duration":
        return f"{value} s"
    return str(value) if name in {*AXES, "gateway"} else f"{name.replace('_', ' ')} {value}"
