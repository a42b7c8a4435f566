"""The exact requests of cells, as they were or would be sent: credentials masked, pictures named instead of quoted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_nb.errors import KlingError
from kling_nb.lab import sandboxed
from kling_nb.lab.plan import Plan
from kling_nb.lab.rehearse import plan_view
from kling_nb.request import VideoRequest
from kling_nb.show.plans import masked, pretty

if TYPE_CHECKING:
    from kling_nb.bench.rows import Standing
    from kling_nb.gateways import Gateway
    from kling_nb.lab import Lab
    from kling_nb.show import RequestView


def requests(lab: Lab, found: Sequence[Standing]) -> Iterator[list[dict[str, Any]]]:
    """The requests of each cell, in order: method, URL, headers, body; a cell that cannot be asked for has none."""
    places: dict[str, tuple[Gateway, Any, str]] = {}
    for standing in found:
        name = standing.cell.gateway
        try:
            if name not in places:
                place = lab.gateway(name)
                places[name] = place, lab.desks.codec(place, rehearsal=True), lab.desks.base_url(place)
            place, codec, base = places[name]
            plan = replace(_plan(lab, standing, place), gateway=sandboxed.played(place))
            view = plan_view(plan, codec, base)
        except KlingError:
            yield []
            continue
        # The dry run makes up a key; the job has had one of its own.
        key = f"kn-{plan.fingerprint[:8]}-t{plan.request.take}-dryrun", standing.state.key if standing.state else ""
        yield [_plain(one, key) for one in view.requests]


def transcript(asked: Sequence[dict[str, Any]]) -> str:
    """Requests for reading, as HTTP says them."""
    told = []
    for one in asked:
        headers = [f"{name}: {value}" for name, value in one["headers"].items()]
        body = [] if one.get("body") is None else ["", json.dumps(one["body"], ensure_ascii=False, indent=2)]
        file = [] if "file" not in one else ["", one["file"]]
        told.append("\n".join([f"{one['method']} {one['url']}", *headers, *file, *body]))
    return "\n\n".join(told)


def _plan(lab: Lab, standing: Standing, place: Gateway) -> Plan:
    """What was asked for; a journal's request needs no picture that may be gone by now."""
    if standing.state is not None:
        return Plan(VideoRequest.model_validate(standing.state.request), place, (), None)
    (plan,) = lab.plans([standing.cell.keywords], place, rehearsal=True)
    return plan


def _plain(view: RequestView, key: tuple[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "method": view.method,
        "url": view.url,
        "headers": {name: masked(name, value) for name, value in view.headers.items()},
    }
    if view.part:
        told["file"] = f"{view.part.field}: <file {view.part.filename}, {view.part.media_type}>"
    if view.body is not None:
        told["body"] = json.loads(pretty(view.body))
    made_up, real = key
    if real:
        told = json.loads(json.dumps(told).replace(made_up, json.dumps(real)[1:-1]))
    return told
