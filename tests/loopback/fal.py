"""fal.ai's queue: a request, its state and its result are three addresses, and it can be taken back while it waits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .wire import Reply

if TYPE_CHECKING:
    from .server import Loopback
    from .tasks import Task
    from .wire import Seen

WORDS = {"queued": "IN_QUEUE", "running": "IN_PROGRESS", "done": "COMPLETED", "failed": "COMPLETED"}


@dataclass(slots=True)
class FalManners:
    """Switches between what sources describe.

    Attributes:
        cancel: What a running task's end is answered with: a promise that is kept, or none.
        links: Where the links of the answers point: here, or to an origin that must never see a key.
    """

    cancel: Literal["stops", "goes on"] = "goes on"
    links: Literal["own", "foreign"] = "own"


class Fal:
    """The queue, at the ids of its models."""

    dialect = "fal"
    submit = re.compile(r"/(fal-ai/[a-z0-9-]+)((?:/[a-z0-9.-]+)*)")
    request = re.compile(r"/(fal-ai/[a-z0-9-]+)/requests/([^/]+)(/status|/cancel)?")

    def __init__(self, gateway: Loopback) -> None:
        self.gateway = gateway
        self.manners = FalManners()
        self.cancelled: set[str] = set()

    def paid(self, seen: Seen) -> bool:
        """Whether money moves when this is accepted."""
        return seen.method == "POST" and bool(self.submit.fullmatch(seen.path))

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's."""
        if not seen.path.startswith("/fal-ai/"):
            return None
        if seen.headers.get("authorization") != f"Key {self.gateway.key}":
            return Reply(401, {"detail": "Cannot access application. Authentication is required."})
        asked, made = self.request.fullmatch(seen.path), self.submit.fullmatch(seen.path)
        if asked:
            return self._about(seen, *asked.groups(default=""))
        return self._take(seen, made.group(1)) if made and seen.method == "POST" else Reply(405, {"detail": "no"})

    def _take(self, seen: Seen, app: str) -> Reply:
        body = seen.json if isinstance(seen.json, dict) else {}
        number = next(self.gateway.table.numbers)
        task = self.gateway.table.add(f"0c0ffee0-{number:04d}", number, self.dialect, app, "", body)
        return Reply(200, {"status": "IN_QUEUE", "queue_position": 3, **self._links(task)})

    def _about(self, seen: Seen, app: str, key: str, what: str) -> Reply:
        task = self.gateway.table.find(self.dialect, key, app)
        if task is None:
            return Reply(404, {"detail": "Request not found", "status": "NOT_FOUND"})
        if what == "/cancel":
            return self._cancel(task) if seen.method == "PUT" else Reply(405, {"detail": "Method Not Allowed"})
        if task.id in self.cancelled:
            gone = {"detail": "Request was cancelled", "error_type": "client_cancelled"}
            return Reply(200, {"status": "COMPLETED"}) if what else Reply(499, gone)
        return self._status(task) if what else self._result(task)

    def _status(self, task: Task) -> Reply:
        state = task.step()
        place = {"queue_position": 2} if state == "queued" else {}
        told = {"status": WORDS.get(state, state), **place, **self._links(task), **task.script.fields}
        return Reply(200 if WORDS.get(state) == "COMPLETED" else 202, told)

    def _result(self, task: Task) -> Reply:
        if task.state == "failed":
            error = {"loc": ["body", "prompt"], "msg": task.script.reason, "type": "content_policy_violation"}
            return Reply(422, {"detail": [error]})
        if task.state != "done":
            return Reply(400, {"detail": "Request is still in progress"})
        return Reply(200, {"video": {"url": self.gateway.result_url(task), "content_type": "video/mp4"}})

    def _cancel(self, task: Task) -> Reply:
        if task.state in {"done", "failed"}:
            return Reply(400, {"status": "ALREADY_COMPLETED"})
        if task.polls == 0 or task.state == "queued":
            self.cancelled.add(task.id)
            return Reply(200, {"status": "OK"})
        if self.manners.cancel == "stops":
            self.cancelled.add(task.id)
        return Reply(202, {"status": "CANCELLATION_REQUESTED"})

    def _links(self, task: Task) -> dict[str, Any]:
        base = self.gateway.url if self.manners.links == "own" else self.gateway.cdn_url
        here = f"{base}/{task.route}/requests/{task.id}"
        links = {"response_url": here, "status_url": f"{here}/status", "cancel_url": f"{here}/cancel"}
        return {"request_id": task.id, **links}
