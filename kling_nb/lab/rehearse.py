"""The dry run: drive a codec's submit flow against nobody and keep what it would have sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kling_nb.errors import KlingError
from kling_nb.lab.views import settings_of
from kling_nb.show import JobView, PlanView, RequestView
from kling_nb.wire import Answer, Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.lab.plan import Plan
    from kling_nb.wire import Ask, Codec, Flow, Ticket

_UPLOADED = "https://uploaded.invalid/{name}"


def asks(flow: Flow[Ticket]) -> Iterator[Ask]:
    """Every ask of a submit flow up to the paid one. An upload before it is answered with a placeholder link."""
    ask = next(flow)
    while True:
        yield ask
        if ask.paid:
            return
        name = ask.part.filename if ask.part else "input"
        ask = flow.send(Answer(200, {}, json.dumps({"data": {"url": _UPLOADED.format(name=name)}}).encode()))


def repeated(flow: Flow[Ticket], recorded: Ask) -> Flow[Ticket]:
    """The flow with its paid ask sent once more exactly as it was recorded: same key, same bytes, no new upload."""
    for _ in asks(flow):
        pass
    try:
        ask = flow.send((yield recorded))
        while True:
            ask = flow.send((yield ask))
    except StopIteration as end:
        ticket: Ticket = end.value
        return ticket


def plan_view(plan: Plan, codec: Codec, base_url: str) -> PlanView:
    """What one clip would send, cost and be warned of."""
    requests: list[RequestView] = []
    trouble: list[str] = list(plan.errors)
    try:
        # The real key is minted when the job is journalled; this one has the same form.
        key = f"kn-{plan.fingerprint[:8]}-t{plan.request.take}-dryrun"
        for ask in asks(codec.submit(Order(plan.request, key))):
            headers = dict(ask.headers)
            if ask.auth and plan.gateway.scheme != "none":
                headers["Authorization"] = "Key •••" if plan.gateway.scheme == "key" else "Bearer •••"
            if ask.body is not None:
                headers.setdefault("Content-Type", "application/json")
            url = ask.path if "://" in ask.path else base_url + ask.path
            requests.append(RequestView(ask.method, url, headers, ask.body, ask.part))
    except KlingError as error:
        trouble.append(error.sentence)
    view = JobView(
        id="",
        status="planned",
        prompt=plan.request.prompt or " / ".join(shot.prompt for shot in plan.request.shots),
        settings=settings_of(plan.request, plan.gateway.name),
        gateway=plan.gateway.label,
        sandbox=plan.gateway.scheme == "none",
        price_usd=plan.price.usd if plan.price else None,
        price_note=plan.price.note if plan.price else "",
        notes=(*trouble, *plan.notes),
    )
    return PlanView(view, tuple(requests))
