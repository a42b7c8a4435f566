"""From plans to jobs: all are checked, priced and written down before one of them is sent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kling_nb.errors import OptionError
from kling_nb.lab.money import LIMIT, Bill
from kling_nb.lab.store import Store
from kling_nb.life import Event

if TYPE_CHECKING:
    from concurrent.futures import Future

    from kling_nb.journal import Journal
    from kling_nb.lab.plan import Plan
    from kling_nb.life import JobState
    from kling_nb.request import VideoRequest

_ID_DIGITS = 8


class Admission:
    """The clips of one cell, looked up in the journal: which are here or on their way, and which are to be sent.

    Args:
        journal: Of the output folder.
        plans: In the order of the requests.
        fresh: Send them anew, whatever is here.

    Attributes:
        limit: USD that a clip without a listed price may cost; None for no limit.
        requests: Those that were written down, by the id of their job.

    Raises:
        OptionError: An id of the user's own names another task already.
    """

    def __init__(self, journal: Journal, plans: Sequence[Plan], *, fresh: bool) -> None:
        self._journal = journal
        self._plans = plans
        self._fresh = fresh
        self.limit: float | None = None
        self.requests: dict[str, VideoRequest] = {}
        marks = list(dict.fromkeys(plan.fingerprint for plan in plans))
        self._known = {} if fresh else journal.currents(marks)
        self._to_send = {plan.fingerprint: plan for plan in plans if plan.fingerprint not in self._known}
        _refuse_used_names(journal, self._to_send)

    @property
    def to_send(self) -> Sequence[Plan]:
        """Each once, though it may have been asked for several times."""
        return list(self._to_send.values())

    @property
    def bill(self) -> Bill:
        """What all of it costs."""
        return Bill.of(list(self._known.values()), self.to_send)

    @property
    def has_inputs(self) -> bool:
        """Whether there are inputs to keep."""
        return any(plan.inputs for plan in self.to_send)

    def keep_inputs(self) -> None:
        """Write down the local inputs of what is to be sent. Blocks for the disk; may run on any thread."""
        store = Store(self._journal.path.parent)
        for plan in self.to_send:
            for frame in plan.request.sources:
                if frame.sha256 and frame.sha256 in plan.inputs:
                    store.keep_input(frame.sha256, plan.inputs[frame.sha256], frame.media_type)

    def journalled(self, now: float) -> list[JobState]:
        """Write down at ``now`` what is about to be sent, in one disk flush; the job of each plan."""
        written = {mark: self._write(plan, now) for mark, plan in self._to_send.items()}
        states = self._known | {mark: future.result() for mark, future in written.items()}
        return [states[plan.fingerprint] for plan in self._plans]

    def _write(self, plan: Plan, now: float) -> Future[JobState]:
        job_id = f"{plan.fingerprint[:_ID_DIGITS]}-t{plan.request.take}-{secrets.token_hex(3)}"
        self.requests[job_id] = plan.request  # where another kernel was faster, its job has another id
        price = plan.price
        unlisted = None if self.limit is None else {LIMIT: self.limit}
        event = Event(
            "planned",
            now,
            {
                "gateway": plan.gateway.name,
                "request": plan.request.model_dump(mode="json", exclude_defaults=True),
                "fingerprint": plan.fingerprint,
                "key": f"kn-{job_id}",
                "notes": [*plan.errors, *plan.notes],
                "price": {"usd": price.usd, "units": price.units, "note": price.note} if price else unlisted,
            },
        )
        return self._journal.record(job_id, event) if self._fresh else self._journal.plan(job_id, event)


def _refuse_used_names(journal: Journal, to_send: Mapping[str, Plan]) -> None:
    """A lost answer would be looked up by the user's own id, and an older task of that id be taken for the new one."""
    for plan in to_send.values():
        name = plan.request.external_id
        used = [job for job in journal.named(plan.gateway.name, name) if _reaches_there(job)] if name else []
        if used:
            raise OptionError(
                f"--external-id {name} names the task of {used[-1].id} on {plan.gateway.label}, and an id names one "
                "task only: choose another one, or leave it out."
            )


def _reaches_there(job: JobState) -> bool:
    """Whether the gateway knows a job, may know it, or is going to."""
    never_sent = job.status == "cancelled" and job.sent is None
    return not (never_sent or (job.status == "failed" and job.ticket is None))
