"""Kling's second-generation API and the account pages: the model in the path, tasks by many ids, API key only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .tokens import token_trouble
from .wire import Reply

if TYPE_CHECKING:
    from .server import Loopback
    from .tasks import Task
    from .wire import Seen

WORDS = {"queued": "submitted", "running": "processing", "done": "succeeded", "failed": "failed"}
STATUS = {1000: 401, 1001: 401, 1002: 401, 1003: 401, 1004: 401, 1200: 400, 1201: 400, 1203: 404}

_MODELS = {
    "text-to-video": {"kling-3.0-turbo", "kling-3.0", "kling-2.6", "kling-2.5-turbo"},
    "image-to-video": {"kling-3.0-turbo", "kling-3.0", "kling-2.6", "kling-2.5-turbo"},
    "omni-video": {"kling-3.0-omni", "kling-o1"},
    "motion-control": {"kling-3.0", "kling-2.6"},
}
_NO_TOKENS = "Authentication error. The current API does not support AK/SK; please create API key."
_CREATED = 1781080778802
_DAY = 86_400_000


class Kling2:
    """The official gateway's second generation.

    Attributes:
        packs: What ``/account/costs`` tells.
        deductions: What ``/account/billing/balance`` lists.
    """

    dialect = "kling2"
    pattern = re.compile(rf"/({'|'.join(_MODELS)})/([^/]+)")

    def __init__(self, gateway: Loopback) -> None:
        self.gateway = gateway
        self.packs: list[dict[str, Any]] = []
        self.deductions: list[dict[str, Any]] = []

    def paid(self, seen: Seen) -> bool:
        """Whether money moves when this is accepted."""
        return seen.method == "POST" and bool(self.pattern.fullmatch(seen.path))

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's."""
        found = self.pattern.fullmatch(seen.path)
        if found and seen.method == "POST":
            return self._key_trouble(seen) or self._submit(seen, *found.groups())
        match seen.line:
            case "GET /tasks":
                return self._key_trouble(seen) or self._tasks(seen)
            case "GET /account/costs":
                return self._key_trouble(seen, tokens=True) or self._costs(seen)
            case "POST /account/billing/balance":
                return self._key_trouble(seen) or self._billing(seen)
        return None

    def _key_trouble(self, seen: Seen, *, tokens: bool = False) -> Reply | None:
        token, gateway = seen.bearer, self.gateway
        if not token:
            return _error(1001, "Authorization is empty")
        if token == gateway.key:
            return None
        code = token_trouble(token, access_key=gateway.access_key, secret_key=gateway.secret_key, now=gateway.clock())
        if tokens:
            return _error(code, "Auth failed") if code else None
        return _error(1002, _NO_TOKENS)

    def _submit(self, seen: Seen, route: str, model: str) -> Reply:
        body = seen.json
        if not isinstance(body, dict):
            return _error(1200, "the body is not JSON")
        if model not in _MODELS[route]:
            return _error(1203, "model not found")
        if complaint := _complaint(route, body):
            return _error(1201, complaint)
        key = body.get("options", {}).get("external_task_id", "")
        if key and self.gateway.table.find(self.dialect, key):
            return _error(1201, "external_task_id already exists")
        number = next(self.gateway.table.numbers)
        task = self.gateway.table.add(str(893605946402811000 + number), number, self.dialect, route, key, body)
        told = self._told(task, "queued")
        return _envelope({name: told[name] for name in ("id", "status", "create_time", "update_time", "external_id")})

    def _tasks(self, seen: Seen) -> Reply:
        names = [name for name in ("task_ids", "external_task_ids") if name in seen.query]
        if len(names) != 1:
            return _error(1200, "give task_ids or external_task_ids")
        found = (self.gateway.table.find(self.dialect, key) for key in seen.query[names[0]].split(","))
        return _envelope([self._told(task, task.step()) for task in found if task])

    def _told(self, task: Task, state: str) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": task.id,
            "status": WORDS.get(state, state),
            "message": task.script.reason if state == "failed" else "",
            "create_time": _CREATED,
            "update_time": _CREATED + 1000 * task.polls,
            "external_id": task.key,
            "outputs": [],
            "billing": [],
        }
        if state == "done":
            url = self.gateway.result_url(task)
            told["outputs"] = [{"type": "video", "id": "1", "url": url, "watermark_url": "", "duration": "5.041"}]
            told["billing"] = [{"charge_type": "unit", "amount": "4.0", "package_type": "video"}]
        return told | (dict(task.script.fields) if task.polls else {})

    def _costs(self, seen: Seen) -> Reply:
        begin, end = (int(seen.query.get(name, "0")) for name in ("start_time", "end_time"))
        if not 0 < begin < end:
            return _error(1201, "start_time and end_time are required")
        told = [pack for pack in self.packs if begin <= pack["purchase_time"] <= end]
        return _envelope({"code": 0, "msg": "", "resource_pack_subscribe_infos": told})

    def _billing(self, seen: Seen) -> Reply:
        span = [seen.json.get(name) for name in ("start_time", "end_time")]
        if not all(isinstance(moment, int) for moment in span) or not 0 < span[0] < span[1]:
            return _error(1201, "start_time and end_time are required")
        told = [entry for entry in self.deductions if span[0] <= int(entry["deduction_time"]) <= span[1]]
        return _envelope({"result": {"detail": told, "count": len(told)}, "next_cursor": "", "has_more": False})


def _complaint(route: str, body: dict[str, Any]) -> str:
    """What the pages rule out in any body."""
    settings, contents = body.get("settings", {}), body.get("contents")
    bare = route == "text-to-video"
    wrong = {
        "settings.duration must be an int": type(settings.get("duration", 5)) is not int,
        "settings.audio is invalid": settings.get("audio", "off") not in {"native", "original", "off"},
        "settings.resolution is invalid": settings.get("resolution", "720p") not in {"720p", "1080p", "4k"},
        "prompt cannot be empty": bare and (not body.get("prompt") or contents is not None),
        "contents cannot be empty": not bare and (not isinstance(contents, list) or "prompt" in body),
        "url must not have a data: prefix": any(
            str(item.get("url", "")).startswith("data:") for item in contents or ()
        ),
        "settings.character_orientation is required": route == "motion-control"
        and settings.get("character_orientation") not in {"image", "video"},
    }
    return next((says for says, true in wrong.items() if true), "")


def _envelope(data: Any) -> Reply:
    return Reply(200, {"code": 0, "message": "SUCCEED", "request_id": "c0de0002", "data": data})


def _error(code: int, message: str) -> Reply:
    return Reply(STATUS[code], {"code": code, "message": message, "request_id": "c0de0002"})


def pack(name: str, left: float, total: float, now: float, *, status: str = "online", days: int = 30) -> dict[str, Any]:
    """A resource pack as the account page tells it, bought ``days`` ago and valid as long again."""
    bought = int(now * 1000) - days * _DAY
    return {
        "resource_pack_name": name,
        "resource_pack_id": "509f3fd3d4ab4a3f9eec5db27aa44f27",
        "resource_pack_type": "decreasing_total",
        "total_quantity": total,
        "remaining_quantity": left,
        "purchase_time": bought,
        "effective_time": bought,
        "invalid_time": bought + 2 * days * _DAY,
        "status": status,
    }


def deduction(left: float, now: float, *, hours: float, currency: str = "USD", cash: str = "balance") -> dict[str, Any]:
    """A deduction of some hours ago, and what it left."""
    return {
        "task_id": "893605946402811001",
        "api_key_name": "main",
        "model_name": "kling-3.0",
        "deduction_time": str(int((now - hours * 3600) * 1000)),
        "cash_type": cash,
        "balance_before_deduction": left + 0.42,
        "deduction_amount": 0.42,
        "balance_after_deduction": left,
        "list_price": 0.42,
        "currency": currency,
    }
