"""One job from wherever its journal says it is to its clip on disk.

A fresh job, a killed kernel's job and a resumed one pass through the same code: the status decides
what is done next, and every step is journalled before the next begins.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kling_nb.errors import (
    AnswerError,
    AskError,
    DownloadError,
    GatewayError,
    GenerationError,
    KlingError,
    ModerationError,
    NotFoundError,
    OutageError,
    PatienceError,
    StorageError,
    TakenOverError,
    ThrottledError,
    UnknownOutcomeError,
)
from kling_nb.lab.endings import failure
from kling_nb.lab.money import complaint, priced
from kling_nb.lab.polling import Watched
from kling_nb.lab.rehearse import repeated
from kling_nb.lab.settling import settled
from kling_nb.lab.store import manifest
from kling_nb.life import Event, EventKind, JobState
from kling_nb.wire import Ask, Order, TaskState, Ticket
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.engine import Unsent
    from kling_nb.lab.desks import Desk
    from kling_nb.lab.job import Job

_NOT_FOUND_TRIES = 5
_ODD_TRIES = 10
_WATCH_SECONDS = 2.0


async def run_job(job: Job, desk: Desk) -> None:
    """Bring a job as far as it can go. What stops it stands in ``job.trouble`` afterwards."""
    try:
        await _Run(job, desk).to_the_end()
    except KlingError as error:
        job.trouble = error
    except Exception as error:  # noqa: BLE001 - a task's exception would be seen by nobody
        job.trouble = KlingError(
            f"Something in kling_nb itself went wrong ({type(error).__name__}: {error}). The job is safe in the "
            "journal: %kling resume goes on with it. Please report this.",
            charged=job.state.charged,
        )
        job.trouble.__cause__ = error
    finally:
        job.waiting_for = ""
        try:
            await _let_go(job, desk)
        finally:
            if not job.ended.done():
                job.ended.set_result(None)
            job.changed()


async def _let_go(job: Job, desk: Desk) -> None:
    desk.slots.ended(job.id)
    if job.state.terminal:
        desk.leases.drop(job.id)  # the last event gave it back in the journal
    elif desk.leases.holds(job.id):
        await off_loop(desk.leases.give_back, job.id)


class _Run:
    def __init__(self, job: Job, desk: Desk) -> None:
        self.job = job
        self.desk = desk
        self._sends = 0
        self._in_doubt = False
        self._refused = False
        self._told: dict[str, Any] = {}

    @property
    def state(self) -> JobState:
        return self.job.state

    @property
    def order(self) -> Order:
        return Order(self.job.request, self.state.key)

    async def to_the_end(self) -> None:
        while True:
            while not await self._ours():
                pass
            try:
                await self._steps()
            except TakenOverError:
                self.desk.leases.drop(self.job.id)  # else it would be believed to be ours until the next renewal
            else:
                return

    async def _ours(self) -> bool:
        """Take the job, or look over the shoulder of the kernel that has it for a moment."""
        leases, journal, job = self.desk.leases, self.desk.journal, self.job
        if self.state.terminal or leases.holds(job.id):
            return True
        taken = await off_loop(leases.take, [job.id])
        job.waiting_for = (
            "" if taken else "Another kernel works on this job; this one watches, to take over should it die."
        )
        job.changed(await off_loop(journal.get, job.id))
        if not taken and not self.state.terminal:
            await self.desk.sleep(_WATCH_SECONDS)
        return bool(taken)

    async def _steps(self) -> None:
        steps = {
            "planned": self._submit,
            "sending": self._lost,
            "unknown": self._settle,
            "queued": self._watch,
            "running": self._watch,
            "downloading": self._fetch,
        }
        if self.state.status == "done" and self.job.video is None:  # its file was deleted
            await self._fetch()
        while (step := steps.get(self.state.status)) and not self.job.stopping:
            await step()
        if self.job.stopping and not self.state.terminal:  # asked while the request was on its way
            await self._record("stopped")
        if self.state.status == "failed":
            raise failure(self.state)

    async def _record(self, kind: EventKind, **data: Any) -> None:
        event = Event(kind, self.desk.now(), data)
        try:
            state = await self.desk.journal.written(self.state.id, event, self.desk.leases.owner)
        except StorageError as error:
            ticket = data.get("ticket")
            if ticket:  # the journal cannot keep it any more, so the person must
                raise StorageError(
                    f"{error.sentence} {self.desk.gateway.label} has accepted the job: its task id is {ticket['id']}.",
                    charged=True,
                ) from None
            raise
        self.job.changed(state)

    async def _submit(self) -> None:
        async with self.desk.slots.door:
            await self._send()

    async def _send(self) -> None:
        await self.desk.slots.room(self.job.id)
        self._sends += 1
        self._in_doubt = self.state.error == UnknownOutcomeError.__name__
        if self.state.status == "planned" and (stop := await self._too_dear()):
            await self._record("failed", reason=stop.sentence, error=type(stop).__name__, charged=False, **self._told)
            raise stop
        flow = self.desk.codec.submit(self.order)
        if self._in_doubt and self.state.ask:
            flow = repeated(flow, Ask.from_json(self.state.ask))
        try:
            ticket = await self.desk.engine.run(flow, sending=self._sending)
        except UnknownOutcomeError as error:
            await self._record("lost", reason=error.sentence, error=type(error).__name__)
        except (AskError, GatewayError) as error:
            if self._in_doubt and self.state.status == "sending":
                # A refused repeat clears nothing up: the lost request may be the very reason (its key is taken,
                # its price was the last credit). Only a look-up that finds it, or the person, can.
                self._refused = True
                await self._record("lost", reason=error.sentence, error=UnknownOutcomeError.__name__)
                return
            await self._record("failed", reason=error.sentence, error=type(error).__name__, charged=False)
            raise
        else:
            await self._record("ticket", ticket=ticket.to_json())

    async def _too_dear(self) -> KlingError | None:
        """Ask a gateway that tells prices for this one, free of charge; why not to send it, if so.

        An estimate that cannot be had stops nothing but a budget.
        """
        label, price = self.desk.gateway.label, self.state.price
        asked = self.desk.codec.estimate(self.order)
        estimate = None
        if asked is not None:
            try:
                estimate = await self.desk.engine.run(asked)
            except GatewayError as error:
                self._told = {"notes": [*self.state.notes, f"No estimate beforehand: {error.sentence}"]}
            else:
                price = priced(price, estimate, label)
                self._told = {"price": price, "notes": [*self.state.notes, *estimate.notes]}
        return complaint(price, estimate, label)

    async def _sending(self, ask: Ask | Unsent) -> None:
        if isinstance(ask, Ask):
            self.job.waiting_for = ""
            await self._record("sending", ask=ask.to_json(), **self._told)
        else:
            busy = ask == "busy"
            if busy:
                self.desk.slots.refused()
            why = "is busy: waiting for a free place." if busy else "cannot be reached: trying again."
            self.job.waiting_for = f"{self.desk.gateway.label} {why}"
            if self._in_doubt:  # this repeat was not accepted, which says nothing about the first one
                await self._record("lost", error=UnknownOutcomeError.__name__)
            else:
                await self._record("unsent")
            if self.job.stopping:  # asked while it was on its way: it must not be sent once more
                await self._record("stopped")
                sent = "Perhaps it was sent before." if self._in_doubt else "It was not sent."
                raise PatienceError(f"Stopped waiting for {self.state.id}. {sent}", charged=self.state.charged)
            await self.desk.slots.room(self.job.id)

    async def _lost(self) -> None:
        """The journal ends with a paid request on its way: another kernel died while sending it."""
        await self._record("lost", reason="The kernel stopped while the request was being sent.",
                           error=UnknownOutcomeError.__name__)  # fmt: skip

    async def _settle(self) -> None:
        found = await settled(self.job, self.desk, self._sends, refused=self._refused)
        if found == "repeat":
            await self._submit()  # under the same key: a job that was accepted is answered, not made twice
        elif found == "unsent":
            label = self.desk.gateway.label
            await self._record("unsent", reason=f"{label} does not know the job: it was not accepted.")
        else:
            await self._record("ticket", ticket=found.to_json())

    async def _watch(self) -> None:
        """Ask until it is ready. Trouble on the way never ends a job that is paid."""
        started = self.state.sent or self.desk.now()
        ticket = Ticket.from_json(self.state.ticket or {})
        watched = Watched(self.desk.history.latency(self.desk.gateway.name, self.order.request), started, ticket)
        trouble = missing = odd = 0
        self.desk.slots.opened(self.state.id)
        while self.state.status in {"queued", "running"}:
            watched.progress = self.state.progress
            if trouble:
                await self.desk.sleep(min(2.0**trouble, 60.0))
            try:
                task = await self.desk.poller.turn(watched)
                await self._unless_stopped()
                age = max(self.desk.now() - started, 0.0)
                if task is None:  # no question that it shared with others has told of it
                    task = await self.desk.engine.run(self.desk.codec.poll(ticket), counted=True)
                await self._unless_stopped()
            except NotFoundError:
                missing += 1
                if missing == _NOT_FOUND_TRIES:
                    raise
            except (OutageError, ThrottledError, AnswerError) as error:
                trouble = min(trouble + 1, 6)
                odd = odd + 1 if isinstance(error, AnswerError) else 0
                if odd == _ODD_TRIES:  # it will not begin to make sense; the job stays open
                    raise
                self.job.waiting_for = f"{error.sentence} Still trying."
                self.job.changed()
            else:
                trouble = missing = odd = 0
                overdue = self._overdue(age)
                if overdue != self.job.waiting_for:  # also when the task itself looks as it did before
                    self.job.waiting_for = overdue
                    self.job.changed()
                await self._seen(task)

    async def _unless_stopped(self) -> None:
        """Stand still once somebody stops the waiting, who then ends this task and has the last word."""
        if self.job.stopping:
            await asyncio.Event().wait()

    def _overdue(self, age: float) -> str:
        """Past its patience a wait says how to go on; it gives nothing up."""
        if age < self.desk.patience * 60:
            return ""
        return (
            f"Longer than {self.desk.patience:g} minutes. Nothing is given up: leave it running, or close the notebook "
            f"and run %kling resume {self.state.id} later."
        )

    async def _seen(self, task: TaskState) -> None:
        charge = {k: v for k, v in asdict(task.charge).items() if v is not None} if task.charge else None
        nodes = {"nodes": _steps(task)} if task.nodes else {}
        more: dict[str, Any] = nodes | ({"charge": charge} if charge else {})
        if task.phase == "done":
            outputs = [{"url": output.url, "seconds": output.seconds} for output in task.outputs]
            self.desk.slots.ended(self.state.id)
            await self._record("ready", outputs=outputs, word=task.word, **more)
        elif task.phase == "failed":
            error = ModerationError if task.moderated else GenerationError
            await self._record(
                "failed", reason=task.reason, error=error.__name__, charged=any((charge or {}).values()),
                word=task.word, **more,
            )  # fmt: skip
        elif (task.phase, task.progress, task.position, tuple(nodes.get("nodes", self.state.nodes))) != (
            self.state.status,
            self.state.progress,
            self.state.position,
            self.state.nodes,
        ):
            await self._record(task.phase, word=task.word, progress=task.progress, position=task.position, **nodes)

    async def _fetch(self) -> None:
        if not self.state.outputs:
            raise AnswerError(
                f"{self.desk.gateway.label} calls {self.state.id} finished but gives no link to a clip: "
                "run %kling resume later, or look into your account there.",
                charged=True,
            )
        url = str(self.state.outputs[0].get("url"))
        store = self.desk.store
        stem = store.stem(self.state)
        part = store.path(f"{stem}.mp4.part")
        try:
            await self.desk.engine.download(url, part)
        except DownloadError:
            url = await self._fresh_link(url)
            await self.desk.engine.download(url, part)
        record = manifest(self.state, self.desk.gateway.label) | _of_the_run(self.state)
        self.desk.history.add(self.state, self.order.request)
        try:
            video = await off_loop(store.put_away, part, stem, record)
        except (OSError, StorageError) as error:
            raise StorageError(
                f"The clip of {self.state.id} has arrived but cannot be stored in {store.folder} ({error}). Free some "
                "space or choose another folder, then run %kling resume: nothing is lost.",
                charged=True,
            ) from None
        await self._record("done", video=video)

    async def _fresh_link(self, stale: str) -> str:
        """The link once more: some gateways sign a new one at each look."""
        if self.state.ticket:
            task = await self.desk.engine.run(self.desk.codec.poll(Ticket.from_json(self.state.ticket)))
            if task.outputs and task.outputs[0].url != stale:
                await self._seen(task)
                return task.outputs[0].url
        return stale


def _steps(task: TaskState) -> list[dict[str, Any]]:
    """The steps of a pipeline as plain JSON; what is not known is left out."""
    steps = []
    for node in task.nodes:
        known = {name: value for name, value in asdict(node).items() if value not in (None, "", ())}
        if node.outputs:
            known["outputs"] = [{"url": output.url, "media_type": output.media_type} for output in node.outputs]
        steps.append(known)
    return steps


def _of_the_run(state: JobState) -> dict[str, Any]:
    """What a manifest keeps of the answers: the steps without their links, and the number that support asks for."""
    steps = [{name: value for name, value in step.items() if name != "outputs"} for step in state.nodes]
    number = ((state.ticket or {}).get("extra") or {}).get("request_id")
    return ({"steps": steps} if steps else {}) | ({"request_id": number} if number else {})
