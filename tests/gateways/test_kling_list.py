"""Kling's list: many tasks in one answer, and no page more than finds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_nb.errors import KeyRefusedError
from kling_nb.gateways import gateway
from kling_nb.gateways.kling_list import AT_ONCE, listed
from kling_nb.wire import Answer, Ask, Output, TaskState, Ticket, run_flow

DONE = {"task_status": "succeed", "task_result": {"videos": [{"url": "https://cdn.example/a.mp4", "duration": "5.0"}]}}


class Account:
    """Tasks by their number, the newest first.

    Attributes:
        asks: The pages that were asked for.
    """

    def __init__(self, tasks: int, **odd: Any) -> None:
        told = [{"task_id": str(n), "task_status": "processing"} | odd.get(f"t{n}", {}) for n in range(tasks)]
        self.tasks: list[Any] = told[::-1]
        self.asks: list[Ask] = []

    def send(self, ask: Ask) -> Answer:
        """A page."""
        self.asks.append(ask)
        page, size = int(ask.params["pageNum"]), int(ask.params["pageSize"])
        told = self.tasks[(page - 1) * size : page * size]
        return Answer(200, {}, json.dumps({"code": 0, "data": told}).encode())

    def look(self, *names: int) -> dict[str, TaskState]:
        """Look for tasks."""
        return run_flow(listed(gateway("kling"), [Ticket(str(name), "text2video") for name in names]), self.send)

    @property
    def pages(self) -> list[tuple[str, str]]:
        """Number and size of each."""
        return [(ask.params["pageNum"], ask.params["pageSize"]) for ask in self.asks]


def test_one_page_tells_of_several() -> None:
    """Of those that were asked for and nobody else, in their own words; what cannot be read is left out."""
    failed = {"task_status": "failed", "task_status_msg": "Failure to pass the risk control system"}
    odd = {"t56": {"task_status": ""}, "t55": {"task_id": 55}, "t54": {"task_status": "succeed"}}
    account = Account(60, t58=DONE, t57=failed, **odd)
    account.tasks.insert(3, 17)
    found = account.look(59, 58, 57, 56, 55, 54)
    assert found.keys() == {"59", "58", "57"}
    assert found["58"].outputs == (Output("https://cdn.example/a.mp4", 5.0),)
    assert (found["57"].phase, found["57"].moderated, found["57"].reason) == ("failed", True, failed["task_status_msg"])
    assert {ask.path for ask in account.asks} == {"/v1/videos/text2video"}
    assert not any(ask.paid for ask in account.asks)


@pytest.mark.parametrize(
    ("tasks", "wanted", "pages"),
    [
        (1000, range(990, 1000), [("1", "40")]),
        (20, range(20), [("1", "80")]),  # the account has no more, whoever is missing
        (1000, [999, 998, 300, 200, 100], [("1", "30")]),  # three are sooner asked about alone
        (1000, [100], [("1", "30"), ("1", "500"), ("2", "500")]),  # but not one of them was found
        (1000, range(0, 1000, 2), [("1", "500"), ("2", "500")]),
        (9000, range(0, 9000, 18), [("1", "500"), ("2", "500"), ("3", "500")]),
    ],
)
def test_pages(tasks: int, wanted: Any, pages: list[tuple[str, str]]) -> None:
    """A small page first, then large ones; there is an end to it."""
    account = Account(tasks)
    found = account.look(*wanted)
    assert account.pages == pages
    seen = max(int(number) * int(size) for number, size in pages)
    assert set(found) == {str(name) for name in wanted if name >= tasks - seen}


def test_a_refusal_is_an_error() -> None:
    """Silence would leave every job waiting."""
    tickets = [Ticket("1", "text2video")]
    with pytest.raises(KeyRefusedError):
        run_flow(listed(gateway("kling"), tickets), lambda _: Answer(401, {}, b'{"code": 1002, "message": "no"}'))
    assert run_flow(listed(gateway("kling"), []), lambda _: Answer(500)) == {}
    assert AT_ONCE == 500
