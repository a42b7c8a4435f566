"""Rules on what the chosen gateway's own pages list, and the doubts that sources leave.

A gateway that the user registered is judged like Kling's own API: nothing is known of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.catalog.case import OMNI
from kling_nb.catalog.findings import Finding
from kling_nb.catalog.lookup import named_by
from kling_nb.catalog.words import HARMLESS, flag, join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.catalog.case import Case


def route_of(case: Case) -> str:
    """The last part of the route on Kling's own API: omni models have just the one."""
    return OMNI if case.model.routes == (OMNI,) else case.kind


def listed(case: Case) -> Iterator[Finding]:
    """The gateway lists the model, under the name that was typed, for this kind."""
    there, offer, name, typed = case.gateway, case.offer, case.model.name, case.request.model
    if there and case.second_generation and not there.generation2:
        rather = f"use --model {name}" if name != typed else "use another --model, or --gateway kling"
        yield Finding("error", "model", f"{typed} is a name on Kling's second generation only: {rather}.")
        return
    owners = named_by(typed)
    if owners and there not in owners:
        theirs = join((owner.label for owner in owners), "and")
        says = f"{typed} is the name that {theirs} has for {name}: use --model {name}."
        yield Finding("error", "model", says)
    if there is None or there.others is None:
        return
    if offer is None:
        has = join(there.offers, "or")
        doubt = " and may refuse it" if there.others == "warning" else ""
        says = f"{there.label} does not list {name}{doubt}: use --model {has}."
        yield Finding(there.others, "model", says)
    elif offer.kinds and case.kind not in offer.kinds:
        says = f"{there.label} has {name} for {join(offer.kinds, 'and')} only, not for {case.kind}."
        yield Finding("error", "kind", says)
    elif offer.routes and route_of(case) not in offer.routes:
        route = route_of(case)
        able = [m for m, o in there.offers.items() if route in o.routes]
        says = f"{there.label} names {name} for {join(offer.routes, 'and')} only"
        rather = f"; for {route} it names {join(able, 'and')}" if able else ""
        yield Finding("warning", "model", f"{says}{rather}. The task may be refused there.")


def tier(case: Case) -> Iterator[Finding]:
    """The gateway has the model in the mode that was asked for."""
    there, offer, mode = case.gateway, case.offer, case.mode
    if there and offer and offer.modes and mode in case.model.modes and mode not in offer.modes:
        modes = join(offer.modes, "or")
        cure = f"use --mode {join(offer.modes, 'or --mode')}"
        says = f"{there.label} has {case.model.name} in mode {modes} only: {cure}."
        yield Finding("error", "mode", says)


def schema(case: Case) -> Iterator[Finding]:
    """A gateway with a closed schema takes no field besides its own; some want a prompt."""
    there, offer = case.gateway, case.offer
    if there is None:
        return
    if offer and offer.fields:
        for field in sorted(case.uses - set(offer.fields) - HARMLESS):
            says = f"{there.label} takes no {flag(field)} with {case.model.name}: leave it out."
            yield Finding("error", field, says)
    if case.kind in there.prompt_required and case.uses.isdisjoint({"prompt", "shots"}):
        says = f"{there.label} wants a prompt for {case.kind} too: say what the clip should show."
        yield Finding("error", "prompt", says)


def doubts(case: Case) -> Iterator[Finding]:
    """Where sources contradict each other on just this request."""
    for doubt in case.doubts:
        yield Finding("warning", doubt.field, doubt.says)


OFFERS = (listed, tier, schema, doubts)
"""The rules in the order in which a person reads their findings."""
