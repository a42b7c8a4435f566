"""What a clip costs by Kling's list, dated, with its source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_nb.catalog.case import case_of
from kling_nb.catalog.load import catalogue

if TYPE_CHECKING:
    from kling_nb.catalog.case import Case
    from kling_nb.catalog.data import Rate
    from kling_nb.request import VideoRequest


@dataclass(frozen=True, slots=True)
class Price:
    """The list price of one clip.

    Attributes:
        usd: US dollars on Kling's own list.
        units: Kling's units on the same list.
        checked: Date of the last look at the list, ``YYYY-MM-DD``.
        source: Where it was read.
        note: What makes it uncertain; empty where nothing does.
        free: The gateway charges nothing, the figures only say what Kling would.
    """

    usd: float
    units: float
    checked: str
    source: str
    note: str
    free: bool = False


def price(request: VideoRequest, gateway: str) -> Price | None:
    """The list price of a request.

    Returns:
        None where it is not known: an unknown model, no price row, no known length.
    """
    case = case_of(request, gateway)
    rate = _rate(case) if case else None
    units = _units(rate, case.seconds) if rate and case else None
    if units is None or rate is None or case is None:
        return None
    free = case.gateway is not None and case.gateway.free
    return Price(
        usd=round(units * catalogue().usd_per_unit, 6),
        units=round(units, 6),
        checked=catalogue().checked,
        source=catalogue().price_source,
        note=" ".join(_notes(case, rate)),
        free=free,
    )


def _rate(case: Case) -> Rate | None:
    rates = case.model.prices
    kind = case.kind if any(r.kind == case.kind for r in rates) else None
    if not case.model.of(case.kind):
        return None
    for rate in rates:
        same = rate.kind == kind and rate.mode == case.mode and rate.voices == ("voices" in case.uses)
        heard = rate.sound is None or rate.sound == bool(case.request.sound)
        if same and heard and (kind is not None or rate.video == ("video" in case.uses)):
            return rate
    return None


def _units(rate: Rate, seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if rate.per_second is None:
        return next((units for length, units in rate.clip.items() if length == seconds), None)
    units = rate.per_second * seconds
    return units if math.isfinite(units) else None


def _notes(case: Case, rate: Rate) -> list[str]:
    notes = [doubt.says for doubt in case.doubts if doubt.field == "price"]
    if rate.sound is None and case.request.sound:
        notes.append("The list has one price for this mode, silent or with sound.")
    if case.gateway and case.gateway.free:
        notes.append("Free here; this is what Kling would charge.")
    elif not (case.gateway and case.gateway.list_price):
        where = case.gateway.label if case.gateway else "This gateway"
        notes.append(f"{where} may charge another price: this is Kling's list price.")
    return notes
