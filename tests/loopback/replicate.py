"""Replicate: a prediction is one object from its making to its end, and a file is uploaded beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .wire import Reply

if TYPE_CHECKING:
    from .server import Loopback
    from .tasks import Task
    from .wire import Seen

WORDS = {"queued": "starting", "running": "processing", "done": "succeeded", "failed": "failed"}


class Replicate:
    """The API below ``/v1`` that is not Kling's: models, predictions, files."""

    dialect = "replicate"
    make = re.compile(r"/v1/models/kwaivgi/(kling-[a-z0-9.-]+)/predictions")
    look = re.compile(r"/v1/predictions/([^/]+)(/cancel)?")

    def __init__(self, gateway: Loopback) -> None:
        self.gateway = gateway
        self.cancelled: set[str] = set()
        self.uploads: list[bytes] = []

    def paid(self, seen: Seen) -> bool:
        """Whether money moves when this is accepted."""
        return seen.method == "POST" and bool(self.make.fullmatch(seen.path))

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's."""
        made, looked = self.make.fullmatch(seen.path), self.look.fullmatch(seen.path)
        if not (made or looked or seen.path == "/v1/files"):
            return None
        if seen.bearer != self.gateway.key:
            return Reply(401, {"title": "Unauthenticated", "detail": "You did not pass a valid token", "status": 401})
        if made:
            return self._take(seen, made.group(1))
        if looked:
            return self._about(seen, *looked.groups(default=""))
        self.uploads.append(seen.body)
        link = f"{self.gateway.url}/v1/files/{len(self.uploads)}"
        return Reply(201, {"id": str(len(self.uploads)), "urls": {"get": link}})

    def _take(self, seen: Seen, model: str) -> Reply:
        body = seen.json if isinstance(seen.json, dict) else {}
        if not isinstance(body.get("input"), dict) or not body["input"].get("prompt"):
            detail = "- input: prompt is required\n"
            return Reply(422, {"title": "Input validation failed", "detail": detail, "status": 422})
        number = next(self.gateway.table.numbers)
        task = self.gateway.table.add(f"c0ffee{number:020d}", number, self.dialect, model, "", body)
        return Reply(201, self._told(task, "queued"))

    def _about(self, seen: Seen, key: str, cancel: str) -> Reply:
        task = self.gateway.table.find(self.dialect, key)
        if task is None:
            return Reply(404, {"title": "Not found", "detail": "No such prediction", "status": 404})
        if cancel and seen.method == "POST":
            if task.open:
                self.cancelled.add(task.id)
            return Reply(200, self._told(task, task.state))
        return Reply(200, self._told(task, task.step()))

    def _told(self, task: Task, state: str) -> dict[str, Any]:
        here = f"{self.gateway.url}/v1/predictions/{task.id}"
        told: dict[str, Any] = {
            "id": task.id,
            "model": f"kwaivgi/{task.route}",
            "input": task.body["input"],
            "status": "canceled" if task.id in self.cancelled else WORDS.get(state, state),
            "output": None,
            "error": None,
            "urls": {"get": here, "cancel": f"{here}/cancel"},
        }
        if told["status"] == "succeeded":
            told["output"] = self.gateway.result_url(task)
        if told["status"] == "failed":
            told["error"] = task.script.reason
        return told | (dict(task.script.fields) if task.polls else {})
