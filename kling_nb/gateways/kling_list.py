"""Kling's list of a route's tasks: many of ours in one answer, between those that others made with the same account.

Source: kling.ai/document-api, legacy pages, "Query Task (List)". Nothing is said there of the order; newest first is
what is seen. A task that is not found where it is looked for is polled alone, so an order of another kind costs
requests and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.gateways.digging import dig
from kling_nb.gateways.kling import task_state, tasks_path
from kling_nb.gateways.refusals import is_fine, refusal
from kling_nb.wire import Ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.gateways.table import Gateway
    from kling_nb.wire import Flow, TaskState, Ticket

AT_ONCE = 500
"""Tasks that are looked for in one go."""

_SMALLEST, _LARGEST = 30, 500  # the same pages: pageSize is 30 unless told, and 500 at most
_STRANGERS = 4
"""The first page has room for so many times the tasks that are looked for: finished and others' stand between them."""

_PAGES = 3
_FEW = 4
"""So many that are missing are sooner asked about one by one than looked for on a further page."""


def listed(gateway: Gateway, tickets: Sequence[Ticket]) -> Flow[dict[str, TaskState]]:
    """``GET /v1/videos/{route}?pageNum={n}&pageSize={size}``, from the newest task on.

    Args:
        gateway: Kling's own.
        tickets: Of one route.

    Returns:
        States by the tickets' ids. A task that was not found, or that cannot be read, is not in it.

    Raises:
        GatewayError: The gateway refused to tell.
    """
    missing = {ticket.id for ticket in tickets}
    found: dict[str, TaskState] = {}
    if not missing:
        return found
    first = min(max(_STRANGERS * len(missing), _SMALLEST), _LARGEST)
    for page, size in (1, first), *((page, _LARGEST) for page in range(1 if first < _LARGEST else 2, _PAGES + 1)):
        params = {"pageNum": str(page), "pageSize": str(size)}
        answer = yield Ask("GET", tasks_path(gateway, tickets[0].route), params=params)
        data = dig(answer.json(), "data")
        told = [data] if isinstance(data, dict) else data
        if not is_fine(answer) or not isinstance(told, list):
            raise refusal(gateway, answer, "look")
        for task in told:
            name = task.get("task_id") if isinstance(task, dict) else None
            if isinstance(name, str) and name in missing and (state := task_state(task, answer)):
                found[name] = state
                missing.discard(name)
        if len(told) < size or (found and len(missing) <= _FEW):
            break
    return found
