"""ImaRouter: the video object of OpenAI's API, with answers that differ from page to page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .wire import Reply

if TYPE_CHECKING:
    from .server import Loopback
    from .tasks import Task
    from .wire import Seen

WORDS = {"queued": "queued", "running": "in_progress", "done": "completed", "failed": "failed"}

_CLOSED = {"kling-v3-omni-video"}
_CLOSED_FIELDS = {
    *("model", "prompt", "duration", "aspect_ratio", "mode", "sound"),
    *("image", "images", "image_list", "video_url", "video_list"),
}
_WGET = "wget download failed: fork/exec /usr/bin/wget: argument list too long"


@dataclass(slots=True)
class ImaManners:
    """Switches between the shapes that sources describe.

    Attributes:
        id: Which fields carry the id.
        place: Where the result's URL is.
        error: How a failed task says why.
        millis: Times in milliseconds, as the engine's poll path copies them, instead of seconds.
    """

    id: Literal["both", "id", "task_id"] = "both"
    place: Literal["metadata.url", "results", "video", "output"] = "metadata.url"
    error: Literal["string", "object", "none"] = "string"
    millis: bool = False


class ImaRouter:
    """The gateway at ``/v1/videos``."""

    dialect = "imarouter"
    pattern = re.compile(r"/v1/videos(?:/([^/]+))?")

    def __init__(self, gateway: Loopback) -> None:
        self.gateway = gateway
        self.manners = ImaManners()

    def paid(self, seen: Seen) -> bool:
        """Whether money moves when this is accepted."""
        return seen.method == "POST" and seen.path == "/v1/videos"

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's."""
        found = self.pattern.fullmatch(seen.path)
        if not found:
            return None
        if seen.bearer != self.gateway.key:
            error = {"message": "Invalid token", "type": "new_api_error", "code": "invalid_api_key"}
            return Reply(401, {"error": error})
        if seen.method == "POST":
            return self._submit(seen)
        task = self.gateway.table.find(self.dialect, found.group(1) or "")
        return Reply(200, self._told(task, task.step())) if task else _error(400, "task_not_exist", "task not exist")

    def _submit(self, seen: Seen) -> Reply:
        body = seen.json
        if not isinstance(body, dict) or not body.get("prompt"):
            return _error(400, "invalid_request", "prompt is required")
        if body.get("model") in _CLOSED and set(body) - _CLOSED_FIELDS:
            return _error(400, "invalid_request", f"unexpected fields {sorted(set(body) - _CLOSED_FIELDS)}")
        number = next(self.gateway.table.numbers)
        task = self.gateway.table.add(f"task_20261120050000{number:012d}", number, self.dialect, seen.path, "", body)
        return Reply(200, self._told(task, "queued"))

    def _told(self, task: Task, state: str) -> dict[str, Any]:
        body, reason = task.body, task.script.reason
        if state == "done" and not str(body.get("image", "https://")).startswith("http"):
            state, reason = "failed", _WGET  # base64 is accepted first, and fails when it is fetched
        moment = 1795150800 + task.polls
        told: dict[str, Any] = {
            "object": "video",
            "model": body.get("model"),
            "status": WORDS.get(state, state),
            "progress": {"queued": 0, "running": 30, "done": 100}.get(state, 0),
            "created_at": moment * 1000 if self.manners.millis else moment,
            "amount_usd": 0.35 if state == "done" else 0.0,
        }
        told |= {name: task.id for name in ("id", "task_id") if self.manners.id in ("both", name)}
        if state == "done":
            told |= self._result(self.gateway.result_url(task))
        if state == "failed" and self.manners.error != "none":
            told["error"] = reason if self.manners.error == "string" else {"message": reason, "code": "failed"}
        return told | (dict(task.script.fields) if task.polls else {})

    def _result(self, url: str) -> dict[str, Any]:
        places: dict[str, dict[str, Any]] = {
            "metadata.url": {"metadata": {"url": url}},
            "results": {"results": [{"url": url, "width": 64, "height": 36, "duration": 1, "content_type": "video"}]},
            "video": {"video": {"url": url}},
            "output": {"output": [{"url": url}]},
        }
        return places[self.manners.place]


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message, "data": None})
