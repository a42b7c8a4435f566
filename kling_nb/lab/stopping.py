"""Telling a gateway to stop a task, and writing down what became of that.

Only some gateways can be told. A task that was stopped in time is journalled as failed, so that the cell
makes it anew when it is run again; anything less leaves the job open, for it may still be made and billed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kling_nb.errors import KlingError, PatienceError
from kling_nb.life import Event
from kling_nb.wire import Ticket

if TYPE_CHECKING:
    from typing import Any

    from kling_nb.lab.desks import Desk
    from kling_nb.lab.job import Job
    from kling_nb.life import EventKind, JobState
    from kling_nb.wire import Codec

STOPPED_BY_USER = "StoppedByUser"
"""The error of a job that its owner had stopped at the gateway."""


def offers(codec: Codec) -> bool:
    """Whether this gateway can be told to stop a task at all."""
    return codec.cancel(Ticket("")) is not None


def can_stop(state: JobState, codec: Codec) -> bool:
    """Whether there is a task at the gateway that it can still be told to stop."""
    return state.ticket is not None and state.status in {"queued", "running", "cancelled"} and offers(codec)


def in_loop() -> bool:
    """Whether an event loop runs on this thread, which must not be blocked."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def stop_there(job: Job, desk: Desk, *, ours: bool) -> None:
    """Ask the gateway to stop a job's task. What it made of that stands in ``job.trouble`` afterwards.

    Args:
        job: Its state has passed :func:`can_stop`.
        desk: The desk of its gateway.
        ours: Nobody else waits for it, so that the waiting is over too if the task goes on.
    """
    label, waited = desk.gateway.label, job.state.status
    flow = desk.codec.cancel(Ticket.from_json(job.state.ticket or {}))
    told = f"{label} did not say that it stops: it may go on, and bill it."
    stopped = False
    try:
        stopped = await desk.engine.run(flow) if flow else False
    except KlingError as error:
        told = f"It could not be stopped: {error.sentence}"
    if job.state.terminal:
        return
    if not stopped:
        if ours and waited != "cancelled":
            await _record(job, desk, "stopped")
        again = f"%kling resume {job.id} tells what became of it."
        job.trouble = PatienceError(f"Stopped waiting for {job.id}. {told} {again}", charged=job.state.charged)
        return
    if waited == "cancelled":
        await _record(job, desk, "resumed")
    # What had not begun cannot have cost anything; of what had, the gateways do not say.
    begun = "before it had begun" if waited == "queued" else "while it was at work"
    reason = f"You stopped it at {label} {begun}: no clip is made."
    charged = False if waited == "queued" else None
    await _record(job, desk, "failed", reason=reason, error=STOPPED_BY_USER, charged=charged)
    job.trouble = stopped_by_user(job.state)


def stopped_by_user(state: JobState) -> PatienceError:
    """What became of a job that its owner had stopped, from its journal."""
    money = "Nothing was charged." if state.charged is False else "It does not say whether it charges what it had done."
    return PatienceError(f"{state.reason} {money}", charged=state.charged)


async def _record(job: Job, desk: Desk, kind: EventKind, **data: Any) -> None:
    state: JobState = await asyncio.wrap_future(desk.journal.record(job.id, Event(kind, desk.now(), data)))
    job.changed(state)
