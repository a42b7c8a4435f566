"""The ``kling`` dialect: Kling's own legacy API, which AgentsFlare passes on and the sandbox speaks.

Source: kling.ai/document-api (legacy pages of the five kinds, "Error codes") and
docs.agentsflare.com/en/api-examples/kling. One route per kind, for asking as for polling; an envelope
``{"code", "message", "data"}`` in which the code decides and the message does not.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_nb.catalog import endpoint
from kling_nb.catalog.findings import Finding
from kling_nb.catalog.words import FOLLOWS_VIDEO, follows_picture
from kling_nb.errors import NotFoundError
from kling_nb.gateways.digging import dig, identifier, items, message, number, segment, text, web_url
from kling_nb.gateways.fields import only_links, overlay, stop_on_error, uncarried
from kling_nb.gateways.kling_bodies import ROUTES, body
from kling_nb.gateways.refusals import classify, complaint, is_fine, is_their_trouble, refusal
from kling_nb.gateways.waits import pause
from kling_nb.gateways.words import phase, speaks_of_content_rules
from kling_nb.wire import Answer, Ask, Charge, Flow, Order, Output, TaskState, Ticket

if TYPE_CHECKING:
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import VideoRequest

_MODERATED, _NO_SUCH_ROUTE, _NO_SUCH_TASK = "1301", "1202", "1203"  # "Error codes"
_SECONDS_WHEN_THROTTLED = 1.0  # "Error codes", 1302 and 1303: wait at least a second


class KlingCodec:
    """Asks for a clip on the route of its kind, polls it there, finds it by ``external_task_id``."""

    dialect = "kling"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """Fields that the kind's route has no place for, and local frames where URLs are wanted."""
        route = endpoint(request)
        if route not in ROUTES:
            return (Finding("error", "kind", f"Clips of the kind {route} cannot be made here: leave out --kind."),)
        carries = ROUTES[route].carries
        cure = " or --kind" if request.kind else ""
        found = [*uncarried(request, carries | {"aspect", "duration"}, route, cure)]
        if request.aspect and "aspect" not in carries:
            found.append(Finding("note", "aspect", follows_picture(request.aspect)))
        if request.duration and "duration" not in carries:
            found.append(Finding("note", "duration", FOLLOWS_VIDEO))
        if not self._gateway.inline_images:
            found += only_links(request, self._gateway.label)
        if "external_task_id" in request.extra:
            sentence = "A job is found again by its external_task_id: choose it with --external-id, not with --set."
            found.append(Finding("warning", "extra", sentence))
        return tuple(found)

    def submit(self, order: Order) -> Flow[Ticket]:
        """``POST /v1/videos/{route}``.

        Raises:
            AskError: The request cannot be written in this dialect; nothing was sent.
            GatewayError: The gateway refused, or its answer was lost on the way.
        """
        request = order.request
        stop_on_error(self.notes(request))
        route = endpoint(request)
        written = body(route, request, numbered=self._gateway.numbered_shots)
        sent = overlay(written, request.extra) | {"external_task_id": _key(order)}
        answer = yield Ask("POST", tasks_path(self._gateway, route), body=sent, paid=True)
        task = identifier(dig(answer.json(), "data", "task_id"))
        if not is_fine(answer) or not task:
            raise refusal(self._gateway, answer, "paid")
        return Ticket(task, route)

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """``GET /v1/videos/{route}/{task_id}``, on the route that the task was made on.

        Raises:
            GatewayError: The gateway refused to tell, or told nothing that can be read.
        """
        answer = yield Ask("GET", tasks_path(self._gateway, ticket.route, ticket.id))
        task = dig(answer.json(), "data")
        state = task_state(task, answer)
        # A failed task's own words say more than an error code around them.
        if state is None or not (is_fine(answer) or (answer.ok and state.phase == "failed")):
            raise refusal(self._gateway, answer, "look")
        return state

    def find(self, order: Order) -> Flow[Ticket | None]:
        """``GET /v1/videos/{route}/{external_task_id}``; None if the gateway says that there is none.

        Raises:
            GatewayError: It said anything else, which proves nothing.
        """
        route = endpoint(order.request)
        key = _key(order)
        answer = yield Ask("GET", tasks_path(self._gateway, route, key))
        if _says_none(answer):
            return None
        task = _task_of(dig(answer.json(), "data"), key)
        if not is_fine(answer) or not task:
            raise refusal(self._gateway, answer, "look")
        return Ticket(task, route)

    def cancel(self, ticket: Ticket) -> None:
        """Nothing: the gateway's pages offer no way to stop a task."""

    def balance(self, now: float) -> None:
        """Nothing: no relay's page tells it. Kling's own account is asked for in ``kling_account``."""

    def estimate(self, order: Order) -> None:
        """Nothing: the gateway's pages offer no price before sending."""

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated; at least a second where nobody tells."""
        return pause(answer, now, _SECONDS_WHEN_THROTTLED)


def tasks_path(gateway: Gateway, route: str, task: str = "") -> str:
    """Where the tasks of a route are, or one of them."""
    tail = f"/{segment(task)}" if task else ""
    return f"{gateway.prefix}/v1/videos/{segment(route)}{tail}"


def task_state(task: Any, answer: Answer) -> TaskState | None:
    """What an answer tells of one task; None where it has no state, or is done without a link."""
    word = text(dig(task, "task_status"))
    if not word:
        return None
    bare = _said_by(word)
    if bare.phase not in {"done", "failed"}:
        return bare
    outputs = _outputs(task)
    if bare.phase == "done" and not outputs:
        return None
    found = replace(bare, outputs=outputs, charge=_charge(task))
    return found if found.phase == "done" else replace(found, **_failure(task, answer))


@functools.lru_cache(maxsize=100)
def _said_by(word: str) -> TaskState:
    """What a word alone tells, which is all that most looks find."""
    state, note = phase(word)
    return TaskState(phase=state, word=word, note=note)


def _failure(task: Any, answer: Answer) -> dict[str, Any]:
    """Why a task failed, in its own words, else in those around it; and whether it is about the content."""
    said = complaint(answer)
    reason = message(dig(task, "task_status_msg")) or ("" if is_fine(answer) else said.words)
    return {"reason": reason, "moderated": said.code == _MODERATED or speaks_of_content_rules(reason)}


def _key(order: Order) -> str:
    """What the task is called there: the user's own id where one is given, else the job's."""
    return order.request.external_id or order.key


def _outputs(task: Any) -> tuple[Output, ...]:
    videos = items(dig(task, "task_result", "videos"))
    found = [(web_url(dig(video, "url")), number(dig(video, "duration"))) for video in videos]
    return tuple(Output(url, seconds) for url, seconds in found if url)


def _charge(task: Any) -> Charge | None:
    units = number(dig(task, "final_unit_deduction"))
    usd = number(dig(task, "final_balance_deduction", "quota"))
    return None if units is None and usd is None else Charge(usd=usd, units=units)


def _says_none(answer: Answer) -> bool:
    """Whether an answer proves that no task has our key, rather than that something is wrong."""
    body = answer.json()
    if is_fine(answer):
        return text(dig(body, "code")) == "0" and dig(body, "data") in (None, {}, [])
    said = complaint(answer)
    if said.code == _NO_SUCH_TASK:
        return not is_their_trouble(answer)
    # A wrong path is a 404 as well: AgentsFlare then says "Cannot GET /…", Kling says 1202.
    wrong_path = said.code == _NO_SUCH_ROUTE or said.words.startswith("Cannot ")
    return isinstance(body, dict) and classify(answer) is NotFoundError and not wrong_path


def _task_of(data: Any, key: str) -> str:
    """The id of the task that carries our key; a single task may leave the key out, a list may not."""
    for task in data if isinstance(data, list) else [data]:
        told = text(dig(task, "task_info", "external_task_id"))
        if told == key or (not told and task is data):
            return identifier(dig(task, "task_id"))
    return ""
