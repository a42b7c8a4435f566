"""A paid request whose answer was lost: finding out whether the gateway has the job, in the one way that it offers.

Nothing is sent from here: what may be sent again is said to whoever keeps count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kling_nb.errors import OutageError, ThrottledError, UnknownOutcomeError
from kling_nb.wire import Order

if TYPE_CHECKING:
    from kling_nb.lab.desks import Desk
    from kling_nb.lab.job import Job
    from kling_nb.wire import Ticket

_TRIES = 4
_PAUSE = 3.0
_LONGEST_PAUSE = 60.0
_LOOK_UPS = 12  # in about eight minutes, while the gateway cannot answer
_KEY_SECONDS = 23 * 3600.0  # Wireflow's Kling 2.5 page: repeats within 24 h make no second video
_RESENDS = 3


async def settled(job: Job, desk: Desk, sends: int, *, refused: bool) -> Ticket | Literal["repeat", "unsent"]:
    """What is known of a job in doubt, or what may be done about it.

    Args:
        job: Its journal says ``unknown``.
        desk: The desk of its gateway.
        sends: How often this kernel has sent the request.
        refused: The gateway has refused a repeat of it.

    Returns:
        Its ticket; ``repeat`` where the same request under the same idempotency key is not paid twice; ``unsent``
        where the gateway does not know the job.

    Raises:
        UnknownOutcomeError: Nobody but the person can tell.
    """
    state, label, settles = job.state, desk.gateway.label, desk.gateway.settles
    order = Order(job.request, state.key)
    young = desk.now() - (state.sent or 0.0) < _KEY_SECONDS
    keyed = "Idempotency-Key" in (state.ask or {}).get("headers", {})
    repeatable = settles == "idempotency-key" and keyed and young
    if repeatable and sends < (_RESENDS if refused else _LOOK_UPS):
        if sends:
            await desk.sleep(min(_PAUSE * 2 ** (sends - 1), _LONGEST_PAUSE))
        return "repeat"
    for tries_left in range(_TRIES - 1, -1, -1):
        if desk.codec.find(order) is None:
            break
        ticket = await _look_up(job, desk, order)
        if ticket:
            return ticket
        if tries_left:  # what was accepted a moment ago may not be listed yet
            await desk.sleep(_PAUSE)
    else:
        if settles == "lookup" and sends < _RESENDS:
            return "unsent"
    if repeatable:
        raise UnknownOutcomeError(
            f"Perhaps paid: the answer to {state.id} was lost, and {label} did not take the same request "
            f"again. {job.state.reason} %kling resume {state.id} tries once more: it is not paid twice."
        )
    raise UnknownOutcomeError(
        f"Perhaps paid: the answer to {state.id} was lost and {label} offers no way to ask for it. Look at "
        f"your account there first; then --fresh generates anew, or %kling cancel {state.id} leaves it."
    )


async def _look_up(job: Job, desk: Desk, order: Order) -> Ticket | None:
    """Ask for the job by its key. A gateway that cannot answer now is asked again: it has said nothing yet."""
    for tries in range(_LOOK_UPS):
        flow = desk.codec.find(order)
        try:
            return await desk.engine.run(flow) if flow else None
        except (OutageError, ThrottledError) as error:
            job.waiting_for = f"{error.sentence} Still trying."
            job.changed()
        await desk.sleep(min(_PAUSE * 2**tries, _LONGEST_PAUSE))
    raise UnknownOutcomeError(
        f"Perhaps paid: the answer to {job.id} was lost, and {desk.gateway.label} cannot be asked for "
        f"it now. Run %kling resume {job.id} later: nothing is sent twice."
    )
