"""Kling's legacy API, and AgentsFlare, which passes it on under ``/klingai`` with manners of its own."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .tokens import token_trouble
from .wire import Reply

if TYPE_CHECKING:
    from .server import Loopback
    from .tasks import Task
    from .wire import Seen

ROUTES = ("text2video", "image2video", "omni-video", "motion-control", "multi-image2video")
WORDS = {"queued": "submitted", "running": "processing", "done": "succeed", "failed": "failed"}
STATUS = {1000: 401, 1001: 401, 1002: 401, 1003: 401, 1004: 401, 1200: 400, 1201: 400, 1203: 404, 1303: 429}

_REQUEST = "c0de0001-0000-4000-8000-000000000001"


@dataclass(slots=True)
class KlingManners:
    """Switches of the official gateway.

    Attributes:
        parallel: Open tasks allowed at once; None is without limit. Over it: 1303.
        units: What a finished task says that it cost.
    """

    parallel: int | None = None
    units: str = "2.5"


class Kling:
    """The official gateway."""

    dialect = "kling"
    pattern = re.compile(rf"/v1/videos/({'|'.join(ROUTES)})(?:/([^/]+))?")

    def __init__(self, gateway: Loopback) -> None:
        self.gateway = gateway
        self.manners = KlingManners()

    def paid(self, seen: Seen) -> bool:
        """Whether money moves when this is accepted."""
        return seen.method == "POST" and bool(self.pattern.fullmatch(seen.path))

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's."""
        found = self.pattern.fullmatch(seen.path)
        if not found:
            return None
        route, key = found.groups()
        if trouble := self._key_trouble(seen):
            return trouble
        if seen.method == "POST":
            return self._submit(seen, route)
        if key is None:
            tasks = [task for task in self.gateway.table.all if (task.dialect, task.route) == (self.dialect, route)]
            number, size = (int(seen.query.get(name, default)) for name, default in (("pageNum", 1), ("pageSize", 30)))
            page = tasks[::-1][(number - 1) * size : number * size]
            return self._envelope([self._told(task, task.step()) for task in page])
        task = self.gateway.table.find(self.dialect, key, route)
        return self._envelope(self._told(task, task.step())) if task else self._error(1203, "task not found")

    def _key_trouble(self, seen: Seen) -> Reply | None:
        token, gateway = seen.bearer, self.gateway
        if not token:
            return self._error(1001, "Authorization is empty")
        if token == gateway.key:
            return None
        code = token_trouble(token, access_key=gateway.access_key, secret_key=gateway.secret_key, now=gateway.clock())
        return self._error(code, "Auth failed") if code else None

    def _submit(self, seen: Seen, route: str) -> Reply:
        body = seen.json
        if not isinstance(body, dict):
            return self._error(1200, "the body is not JSON")
        if complaint := _complaint(body):
            return self._error(1201, complaint)
        if not str(body.get("model_name", "kling-v1")).startswith("kling-"):
            return self._error(1203, "model not found")
        key = body.get("external_task_id", "")
        if key and self.gateway.table.find(self.dialect, key):
            return self._error(1201, "external_task_id already exists")
        mine = [task for task in self.gateway.table.all if task.dialect == self.dialect]
        if self.manners.parallel is not None and sum(task.open for task in mine) >= self.manners.parallel:
            return self._error(1303, "parallel task over resource pack limit")
        number = next(self.gateway.table.numbers)
        task = self.gateway.table.add(self._new_id(number), number, self.dialect, route, key, body)
        return self._accepted(task)

    def _new_id(self, number: int) -> str:
        return str(867283741759111200 + number)

    def _accepted(self, task: Task) -> Reply:
        return self._envelope(self._told(task, "queued"))

    def _told(self, task: Task, state: str) -> dict[str, Any]:
        data: dict[str, Any] = {
            "task_id": task.id,
            "task_status": WORDS.get(state, state),
            "task_info": {"external_task_id": task.key} if task.key else {},
            "created_at": 1774805076166,
            "updated_at": 1774805076166 + 1000 * task.polls,
        }
        if state == "failed":
            data["task_status_msg"] = task.script.reason
        if state == "done":
            video = {"id": f"9{task.number}", "url": self.gateway.result_url(task), "watermark_url": ""}
            data["task_status_msg"] = ""
            data["task_result"] = {"videos": [{**video, "duration": "5.041"}]}
            data["final_unit_deduction"] = self.manners.units
        return data | (dict(task.script.fields) if task.polls else {})

    def _envelope(self, data: Any) -> Reply:
        return Reply(200, {"code": 0, "message": "SUCCEED", "request_id": _REQUEST, "data": data})

    def _error(self, code: int, message: str) -> Reply:
        return Reply(STATUS[code], {"code": code, "message": message, "request_id": _REQUEST})


class AgentsFlare(Kling):
    """Sparse answers to a submit, ids and errors of its own."""

    dialect = "agentsflare"
    pattern = re.compile(rf"/klingai{Kling.pattern.pattern}")

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's; a wrong path below the prefix too."""
        if not seen.path.startswith("/klingai/"):
            return None
        return super().answer(seen) or _nest(404, f"Cannot {seen.method} {seen.path}", error="Not Found")

    def _key_trouble(self, seen: Seen) -> Reply | None:
        return None if seen.bearer == self.gateway.key else _nest(404, "Key not found")

    def _new_id(self, number: int) -> str:
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(1774805076)) + f"{number:016x}"

    def _accepted(self, task: Task) -> Reply:
        return Reply(200, {"code": 0, "message": "success", "data": {"task_id": task.id}})


def _nest(status: int, message: str, **more: str) -> Reply:
    """An error as NestJS makes them."""
    return Reply(status, {"statusCode": status, "message": message, **more})


def _complaint(body: dict[str, Any]) -> str:
    """What the official pages rule out in any body."""
    duration = body.get("duration", "5")
    if not isinstance(duration, str) or not duration.isdigit():
        return "duration must be a string of digits"
    for name in ("image", "image_tail"):
        if str(body.get(name, "")).startswith("data:"):
            return f"{name} must not have a data: prefix"
    if len(str(body.get("prompt", ""))) > 2500:
        return "prompt is too long"
    return ""
