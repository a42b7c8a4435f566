"""From what a cell asks for to clips that may be sent: read, checked and priced, and nothing is written down yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_nb import show
from kling_nb.lab import sandboxed as sandbox
from kling_nb.lab.admission import Admission
from kling_nb.lab.plan import make_plan, refuse, refuse_twins
from kling_nb.lab.rehearse import plan_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kling_nb.frames import Opened
    from kling_nb.gateways import Gateway
    from kling_nb.lab.lab import Lab
    from kling_nb.lab.plan import Plan


def placed(
    lab: Lab, requests: Iterable[Mapping[str, Any]], gateway: str | None
) -> tuple[Gateway, list[dict[str, Any]]]:
    """Where requests go, and the requests without what said so."""
    requests, sandboxed = sandbox.split(requests)
    place = lab.gateway(gateway, sandboxed=sandboxed)
    if all(request.get("workflow") or request.get("webhook") for request in requests):
        place = replace(place, values=())  # they bring the workflow's id themselves
    return place, requests


def plans(lab: Lab, requests: Iterable[Mapping[str, Any]], gateway: Gateway, *, rehearsal: bool) -> list[Plan]:
    """Read and check requests; a picture that several of them name is opened once."""
    codec = lab.desks.codec(gateway, rehearsal=rehearsal)
    opens: dict[str | int, Opened] = {}
    return [
        sandbox.placed(make_plan(request, sandbox.played(gateway), codec, lab.settings, opens), gateway)
        for request in list(requests)
    ]


def rehearsal(lab: Lab, requests: Iterable[Mapping[str, Any]], gateway: str | None) -> dict[str, str]:
    """Every HTTP request, note and price, as a MIME bundle."""
    requests, sandboxed = sandbox.split(requests)
    place = lab.gateway(gateway, sandboxed=sandboxed)
    codec = lab.desks.codec(place, rehearsal=True)
    base_url = lab.desks.base_url(place)
    made = lab.plans(requests, place, rehearsal=True)
    views = [plan_view(replace(plan, gateway=sandbox.played(place)), codec, base_url) for plan in made]
    return show.bundle(show.dry_run(views), show.dry_run_text(views))


def admitted(
    lab: Lab, plans: Sequence[Plan], place: Gateway, budget: float | None, *, yes: bool, fresh: bool, force: bool
) -> Admission:
    """Everything that may stop plans from being sent.

    Raises:
        KlingError: It has stopped them; nothing was spent.
    """
    refuse_twins(plans)
    requests = [plan.request for plan in plans]
    place = lab.desks.opened(place, requests)
    if not force:
        for plan in plans:
            refuse(plan)
    admission = Admission(lab.journal, plans, fresh=fresh)
    bill = admission.bill
    estimated = lab.desks.tells_prices(place, admission.to_send)
    bill.hold_against(budget, lab.settings.confirm_above, place.label, yes=yes, estimated=estimated)
    admission.limit = bill.share(budget)
    lab.desks.check_keys(place, requests)
    lab.desk(place)  # a missing key stops here, before any journal entry
    return admission
