"""What can be said about a request before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.catalog.abilities import ABILITIES
from kling_nb.catalog.case import case_of
from kling_nb.catalog.findings import Finding
from kling_nb.catalog.inputs import INPUTS
from kling_nb.catalog.load import catalogue
from kling_nb.catalog.lookup import near
from kling_nb.catalog.offers import OFFERS
from kling_nb.catalog.references import REFERENCES
from kling_nb.catalog.words import join

if TYPE_CHECKING:
    from kling_nb.request import VideoRequest

_WEIGHT = {"error": 0, "warning": 1, "note": 2}


def check(request: VideoRequest, gateway: str) -> tuple[Finding, ...]:
    """Judge a request against its model and gateway.

    Args:
        request: Any request; nothing about it makes this raise.
        gateway: A gateway's name. One that the catalogue does not know adds no limits.

    Returns:
        Errors first, then warnings, then notes. Where the model itself refuses a field, the
        gateway's refusal of the same field is left out. For a model that the catalogue does
        not know, one note with near names.
    """
    case = case_of(request, gateway)
    if case is None:
        return (_unknown(request.model),)
    lifted = {doubt.field for doubt in case.doubts if doubt.lifts}
    found = [f for rule in ABILITIES for f in rule(case) if f.level != "error" or f.field not in lifted]
    found += [f for rule in (*INPUTS, *REFERENCES) for f in rule(case)]
    refused = {f.field for f in found if f.level == "error"}
    offered = [f for rule in OFFERS for f in rule(case)]
    found += [f for f in offered if f.level != "error" or f.field not in refused]
    return tuple(sorted(dict.fromkeys(found), key=lambda f: _WEIGHT[f.level]))


def _unknown(name: str) -> Finding:
    meant = near(name)
    hint = f" Did you mean {join(meant, 'or')}?" if meant else ""
    says = f"The catalogue of {catalogue().checked} has no model {name}: it is sent unchecked, price unknown."
    return Finding("note", "model", says + hint)
