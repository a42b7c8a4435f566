"""Kling's second-generation API: the model in the path, one look at many tasks, an API key only.

Source: kling.ai/document-api/api/video (the page of each model, with "Query Task") and .../get-started
(authentication, error codes). The envelope and the codes are those of the first generation; ids, words and
places are not: ``data.id``, ``succeeded``, ``outputs``, ``billing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.catalog import endpoint
from kling_nb.catalog.findings import Finding
from kling_nb.errors import GatewayError, KeyRefusedError, NotFoundError
from kling_nb.gateways.digging import clip, dig, identifier, items, message, number, segment, text, web_url
from kling_nb.gateways.fields import only_links, overlay, stop_on_error
from kling_nb.gateways.kling2_bodies import ROUTES, body, notes
from kling_nb.gateways.kling_account import account
from kling_nb.gateways.refusals import closed, complaint, is_fine, is_their_trouble, refusal
from kling_nb.gateways.waits import pause
from kling_nb.gateways.words import phase, speaks_of_content_rules
from kling_nb.wire import Answer, Ask, Balance, Charge, Flow, Order, Output, TaskState, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kling_nb.gateways.cures import Stage
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import VideoRequest

GENERATION = {"generation": 2}
"""What a ticket of this API remembers."""

_NO_SUCH_TASK = "1203"  # "Error codes", as on the first generation
_NOT_WITH_TOKENS = "1002"  # answered with "does not support AK/SK" to a signed token
_SECONDS_WHEN_THROTTLED = 1.0  # "Error codes", 1302 and 1303: wait at least a second
_TASKS_A_LOOK = 50  # the pages name no limit; so many ids of 18 digits keep the address around 1 kB


class Kling2Codec:
    """Asks for a clip on its model's own path; polls and finds tasks on ``/tasks``."""

    dialect = "kling"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """Fields that the kind's route has no place for, and local frames where URLs are wanted."""
        found = [*notes(request, endpoint(request))]
        if not self._gateway.inline_images:
            found += only_links(request, self._gateway.label)
        options = request.extra.get("options")
        if isinstance(options, dict) and "external_task_id" in options:
            sentence = "A job is found again by its external_task_id: choose it with --external-id, not with --set."
            found.append(Finding("warning", "extra", sentence))
        return tuple(found)

    def submit(self, order: Order) -> Flow[Ticket]:
        """``POST /{route}/{model}``.

        Raises:
            AskError: The request cannot be written for this API; nothing was sent.
            GatewayError: The gateway refused, or its answer was lost on the way.
        """
        request = order.request
        stop_on_error(self.notes(request))
        route = ROUTES[endpoint(request)]
        path = f"{self._gateway.prefix}/{route.path}/{segment(request.model)}"
        sent = overlay(body(route, request), request.extra)
        ours = sent.get("options") if isinstance(sent.get("options"), dict) else {}
        sent["options"] = {**(ours or {}), "external_task_id": _key(order)}
        answer = yield Ask("POST", path, body=sent, paid=True)
        task = identifier(dig(answer.json(), "data", "id"))
        if not is_fine(answer) or not task:
            raise self._refused(answer, "paid")
        return Ticket(task, route.path, GENERATION)

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """``GET /tasks?task_ids={id}``.

        Raises:
            GatewayError: The gateway refused to tell, or told nothing that can be read.
        """
        answer = yield self._look([ticket.id])
        task = _task_of(answer, ticket.id)
        if is_fine(answer) and task is None and isinstance(dig(answer.json(), "data"), list):
            raise NotFoundError(
                f"{self._gateway.label} knows no task {clip(text(ticket.id), 40)} ({answer.status}). It may have "
                "expired there, or belong to another key's account.",
                charged=None,
            )
        state = _state(task) if is_fine(answer) else None
        if state is None:
            raise self._refused(answer, "look")
        return state

    def at_once(self, ticket: Ticket) -> int:
        """So many tasks in one ask; an id with a comma would read as two."""
        return 1 if "," in ticket.id else _TASKS_A_LOOK

    def beside(self, ticket: Ticket) -> str:  # noqa: ARG002 - the protocol's
        """All of them: a task is named by its id, whatever made it."""
        return ""

    def poll_many(self, tickets: Sequence[Ticket]) -> Flow[dict[str, TaskState]]:
        """``GET /tasks?task_ids={id},{id},…``: many tasks with one ask for each fifty.

        Args:
            tickets: Of this API only.

        Returns:
            States by the tickets' ids. A task that the answer leaves out, or that cannot be read, is not in it:
            :meth:`poll` says what is wrong with it.

        Raises:
            GatewayError: The gateway refused to tell.
        """
        ids = list(dict.fromkeys(ticket.id for ticket in tickets if "," not in ticket.id))
        found: dict[str, TaskState] = {}
        for some in _batches(ids, _TASKS_A_LOOK):
            answer = yield self._look(some)
            told = dig(answer.json(), "data")
            if not is_fine(answer) or not isinstance(told, list):
                raise self._refused(answer, "look")
            wanted = set(some)
            states = ((identifier(dig(task, "id")), _state(task)) for task in told)
            found |= {task: state for task, state in states if state and task in wanted}
        return found

    def find(self, order: Order) -> Flow[Ticket | None]:
        """``GET /tasks?external_task_ids={key}``; None if the gateway says that there is none.

        Raises:
            GatewayError: It said anything else, which proves nothing.
        """
        key = _key(order)
        answer = yield Ask("GET", f"{self._gateway.prefix}/tasks", params={"external_task_ids": key})
        if _says_none(answer):
            return None
        tasks = items(dig(answer.json(), "data"))
        mine = (task for task in tasks if text(dig(task, "external_id")) in ({key, ""} if len(tasks) == 1 else {key}))
        task = next(filter(None, (identifier(dig(found, "id")) for found in mine)), "")
        if not is_fine(answer) or not task:
            raise self._refused(answer, "look")
        return Ticket(task, ROUTES[endpoint(order.request)].path, GENERATION)

    def cancel(self, ticket: Ticket) -> None:
        """Nothing: the gateway's pages offer no way to stop a task."""

    def balance(self, now: float) -> Flow[Balance]:
        """Resource packs and the balance; see :func:`kling_nb.gateways.kling_account.account`."""
        return account(self._gateway, now)

    def estimate(self, order: Order) -> None:
        """Nothing: the gateway's pages offer no price before sending."""

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated; at least a second where nobody tells."""
        return pause(answer, now, _SECONDS_WHEN_THROTTLED)

    def _look(self, ids: Sequence[str]) -> Ask:
        return Ask("GET", f"{self._gateway.prefix}/tasks", params={"task_ids": ",".join(ids)})

    def _refused(self, answer: Answer, stage: Stage) -> GatewayError:
        """The error; where a signed token was refused, with what this API takes instead."""
        error = refusal(self._gateway, answer, stage)
        said = complaint(answer)
        if not isinstance(error, KeyRefusedError) or said.code != _NOT_WITH_TOKENS:
            return error
        wanted = " and ".join(self._gateway.second_generation)
        head = closed(f"{self._gateway.label} refused the key ({answer.status}, code {said.code}): {said.words}")
        cure = f"Its second generation takes an API key only: set {wanted} to a valid one."
        return KeyRefusedError(f"{head} {cure}", charged=error.charged)


def _key(order: Order) -> str:
    """What the task is called there: the user's own id where one is given, else the job's."""
    return order.request.external_id or order.key


def _batches(ids: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    return (ids[begin : begin + most] for begin in range(0, len(ids), most))


def _task_of(answer: Answer, task: str) -> Any:
    """The task of that id; a single one may leave its id out."""
    tasks = items(dig(answer.json(), "data"))
    ids = {task, ""} if len(tasks) == 1 else {task}
    return next((found for found in tasks if identifier(dig(found, "id")) in ids), None)


def _state(task: Any) -> TaskState | None:
    """One entry of ``/tasks``; None where it has no state, or is done without a link."""
    word = text(dig(task, "status"))
    state, note = phase(word)
    outputs = tuple(_outputs(items(dig(task, "outputs"))))
    if not word or (state == "done" and not outputs):
        return None
    reason = message(dig(task, "message")) if state == "failed" else ""
    return TaskState(
        phase=state,
        word=word,
        outputs=outputs,
        reason=reason,
        moderated=state == "failed" and speaks_of_content_rules(reason),
        charge=_charge(items(dig(task, "billing"))),
        note=note,
    )


def _outputs(told: Iterable[Any]) -> Iterator[Output]:
    """Videos; pictures, voices and elements come in the same list."""
    for output in told:
        url = web_url(dig(output, "url"))
        if url and text(dig(output, "type")) in {"video", ""}:
            yield Output(url, number(dig(output, "duration")))


def _charge(told: Sequence[Any]) -> Charge | None:
    """What was taken: units of a pack (``unit``) and money (``cash``), which counts where it is dollars."""
    units = [amount for entry in told if (amount := _amount(entry, "unit")) is not None]
    usd = [
        amount
        for entry in told
        if text(dig(entry, "currency")).upper() == "USD" and (amount := _amount(entry, "cash")) is not None
    ]
    return Charge(usd=_sum(usd), units=_sum(units)) if usd or units else None


def _sum(amounts: Sequence[float]) -> float | None:
    return round(sum(amounts), 6) if amounts else None


def _amount(entry: Any, charge_type: str) -> float | None:
    return number(dig(entry, "amount")) if text(dig(entry, "charge_type")).casefold() == charge_type else None


def _says_none(answer: Answer) -> bool:
    """Whether an answer proves that no task has our key, rather than that something is wrong."""
    told = answer.json()
    if is_fine(answer):
        return text(dig(told, "code")) == "0" and dig(told, "data") in (None, {}, [])
    return complaint(answer).code == _NO_SUCH_TASK and not is_their_trouble(answer)
