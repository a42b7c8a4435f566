"""What a film costs as a whole: held against its budget before the first clip, and kept back for the later ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kling_nb.lab.money import Bill
from kling_nb.storyboard.links import kept_frame
from kling_nb.wire import Order

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.life import JobState
    from kling_nb.request import VideoRequest
    from kling_nb.storyboard.layout import Layout, Step


def bill(lab: Lab, layout: Layout) -> tuple[Bill, bool]:
    """What a film has cost and reserved already and what is new, and whether its gateway tells unknown prices.

    A clip that was paid for is known by its request, and a later one's request by the frame kept of the clip before.
    """
    known: list[JobState] = []
    new: list[Step] = []
    state: JobState | None = None
    for step in layout.steps:
        request: VideoRequest | None = step.plan.request
        if step.continues:
            frame = kept_frame(lab, lab.video(state)) if state else None
            request = step.plan.request.model_copy(update={"image": frame}) if frame else None
        state = _current(lab, request.fingerprint(layout.place.name)) if request else None
        if state:
            known.append(state)
        else:
            new.append(step)
    codec = lab.desks.codec(layout.place)
    unknown = [step for step in new if step.plan.price is None]
    estimated = all(codec.estimate(Order(step.plan.request, "")) is not None for step in unknown)
    return Bill.of(known, [step.plan for step in new]), estimated


def _current(lab: Lab, fingerprint: str) -> JobState | None:
    state = lab.known([fingerprint]).get(fingerprint)
    return None if state is None or state.status == "failed" else state


def allowance(budget: float | None, layout: Layout, before: Sequence[JobState]) -> float | None:
    """USD that the next clip may cost: what the budget leaves, the price of all later ones kept back.

    Args:
        budget: For the whole film; None for no limit.
        layout: Of the film.
        before: The clips that were asked for already, in order.
    """
    if budget is None:
        return None
    step, *rest = layout.steps[len(before) :]
    later = [other.plan.price for other in rest]
    spent = sum(map(_taken, before))
    left = max(budget - spent - sum(price.usd for price in later if price), 0.0)
    return left / (later.count(None) + 1) if step.plan.price is None else left


def _taken(state: JobState) -> float:
    """USD that a clip has cost: the gateway's own figure, else the expected price."""
    charged = (state.charge or {}).get("usd")
    return float((state.price or {}).get("usd") or 0.0) if charged is None else float(charged)
