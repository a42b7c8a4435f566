"""Stopping to wait for a job: what is journalled, what its gateway is told, and what becomes of it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from kling_nb.errors import KlingError, PatienceError
from kling_nb.lab import sandboxed as sandbox
from kling_nb.lab.loops import wait_for
from kling_nb.lab.stopping import can_stop, in_loop, offers, stop_there
from kling_nb.life import Event

if TYPE_CHECKING:
    from kling_nb.lab.desks import Desk
    from kling_nb.lab.job import Job
    from kling_nb.lab.lab import Lab
    from kling_nb.lab.running import Running
    from kling_nb.life import JobState


def stop(lab: Lab, running: Running, job: Job) -> None:
    """Stop waiting for a job; see :meth:`kling_nb.lab.Job.cancel`."""
    state = job.state
    if state.terminal:
        return
    job.stopping = True
    after = _aftermath(state)
    if state.sent is not None and (desk := _stopper(lab, job)):
        place = desk.gateway.label
        if can_stop(state, desk.codec):
            _stop_there(lab, running, job, desk)
            return
        if state.status in {"sending", "unknown"}:
            after = f"It may be there already: when it has a task id, %kling cancel {job.id} tells {place} to stop."
    job.trouble = PatienceError(f"Stopped waiting for {job.id}. {after}", charged=state.charged)
    if state.status == "sending" and job.id in running.jobs:
        return  # its answer is worth having: it stops once the ticket is written down
    if running.ours(job):
        job.changed(lab.journal.record(job.id, Event("stopped", lab.now())).result())
    running.leave(job)


def _stopper(lab: Lab, job: Job) -> Desk | None:
    """The desk of a gateway that can be told to stop a task, if this is one and its key is still here."""
    try:
        desk = lab.desk(sandbox.gateway(job.gateway))
    except KlingError:
        return None
    return desk if offers(desk.codec) else None


def _stop_there(lab: Lab, running: Running, job: Job, desk: Desk) -> None:
    """Have the gateway stop it. In a notebook the answer comes after the cell, elsewhere before this returns."""
    ours = running.ours(job)
    asking = f"{desk.gateway.label} is being told to stop {job.id}: %kling show {job.id} has its answer."
    job.trouble = PatienceError(asking, charged=job.state.charged)
    answered: Future[None] = Future()

    async def ask() -> None:
        try:
            await stop_there(job, desk, ours=ours)
        finally:
            running.leave(job)
            answered.set_result(None)

    lab.home.start(ask(), lab.home.loop())
    if not in_loop():
        wait_for(answered, None)


def _aftermath(state: JobState) -> str:
    """What becomes of a job that nobody waits for any more, at a gateway that cannot be told to stop."""
    place = sandbox.label(state.gateway)
    bills = "" if sandbox.is_sandbox(state.gateway) else " and bills it"
    fetch = f"%kling resume {state.id} fetches the clip."
    if state.sent is None:
        return "It was not sent."
    if state.status == "unknown":
        return f"Nobody knows whether {place} has accepted it: look at your account there before you ask for it anew."
    if state.status == "downloading":
        return f"{place} has finished it: {fetch}"
    return f"{place} cannot be told to stop: it goes on{bills}. {fetch}"
