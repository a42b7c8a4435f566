"""Wireflow: a graph, a stored workflow or a webhook is run, polled in one of three shapes, step by step.

Results are served by a CDN that wants browsers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from .wire import Reply

if TYPE_CHECKING:
    from .server import Loopback
    from .tasks import Task
    from .wire import Seen

WORDS = {"queued": "RUNNING", "running": "RUNNING", "done": "COMPLETED", "failed": "FAILED"}

_BATCH = "0b0e6c1e-2c53-4a5f-8a54-0d2b8a6b7a11"
_START = "2026-11-20T05:00:00.000Z"
_MOST_UPLOADED = 25_000_000

STORED = [
    {"nodeId": "n_text", "label": "Words", "type": "text", "required": True, "default": "a fox", "description": "What"},
    {"nodeId": "n_pic", "label": "Still", "type": "image", "required": False, "default": None, "description": ""},
]
"""The inputs of every stored workflow."""

NODES = [
    {"type": "generate:flux_2", "label": "Flux 2", "inputs": [{"id": "prompt"}], "outputs": [{"id": "image"}]},
    {
        "type": "video:kling_video_2_5_i2v",
        "label": "Kling",
        "inputs": [{"id": "image_url", "required": True}, {"id": "prompt"}],
        "outputs": [{"id": "video"}],
    },
    {"type": "utility:upscale", "label": "Upscaler", "inputs": [{"id": "video"}], "outputs": [{"id": "video"}]},
]
"""The catalogue of nodes; its shape is printed nowhere, so this one is ours."""


@dataclass(slots=True)
class WireflowManners:
    """Switches between the shapes that sources describe.

    Attributes:
        poll: The shape of a poll: ``a`` the docs' overview, ``b`` the skill's page, ``c`` what its shell client reads.
        id: Where the answer to a submit has the id.
        error: Errors as text or as object.
        credits: What is left; an execution takes 10.
        browsers_only: The CDN answers 403 to user agents without ``Mozilla``.
        limits: Rate-limit headers on every answer.
        details: Nodes tell their label, times (2.5 s each) and credits (4 each).
        estimate: Laid over the answer to an estimate.
        active: Webhooks start runs.
    """

    poll: Literal["a", "b", "c"] = "a"
    id: Literal["executionRuns", "executionId", "data", "location"] = "executionRuns"
    error: Literal["string", "object"] = "string"
    credits: int = 10_000
    browsers_only: bool = True
    limits: bool = True
    details: bool = False
    estimate: dict[str, Any] = field(default_factory=dict)
    active: bool = True


class Wireflow:
    """The gateway below ``/api/v1``, and its CDN."""

    dialect = "wireflow"
    execute = re.compile(r"/api/v1/workflows/([^/]+)/(execute|run)")
    trigger = re.compile(r"/api/v1/workflow/([^/]+)/trigger")
    poll = re.compile(r"(?:/api/v1)?(?:/workflows)?/executions/([^/]+)(?:/poll)?")
    cost = 10

    def __init__(self, gateway: Loopback) -> None:
        self.gateway = gateway
        self.manners = WireflowManners()
        self.uploads: dict[str, bytes] = {}

    def paid(self, seen: Seen) -> bool:
        """Whether money moves when this is accepted."""
        starts = self.execute.fullmatch(seen.path) or self.trigger.fullmatch(seen.path)
        return seen.method == "POST" and bool(starts)

    def answer(self, seen: Seen) -> Reply | None:
        """Answer what is this dialect's."""
        if seen.path.startswith("/cdn/"):
            return self._cdn(seen)
        if seen.path == "/api/download":
            return self._cdn(seen, urlsplit(seen.query.get("url", "")).path)
        polled = self.poll.fullmatch(seen.path)
        if not (polled or seen.path.startswith("/api/v1/")):
            return None
        webhook = self.trigger.fullmatch(seen.path)
        reply = (
            self._triggered(seen, webhook.group(1))
            if webhook
            else self._key_trouble(seen) or self._answer(seen, polled.group(1) if polled else "")
        )
        headers = {"X-Request-Id": f"req_{len(self.gateway.requests)}"}
        if self.manners.limits:
            reset = str(int(self.gateway.clock()) + 60)
            headers |= {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset": reset}
        return Reply(reply.status, reply.body, {**headers, **reply.headers})

    def error_reply(self, status: int, message: str, code: str = "api_error", **more: Any) -> Reply:
        """An error in the shape that is switched on; also for programmed faults."""
        error: Any = {"type": code, "message": message, "code": code} if self.manners.error == "object" else message
        return Reply(status, {"error": error, **more})

    def _key_trouble(self, seen: Seen) -> Reply | None:
        token = seen.bearer
        if token == self.gateway.key:
            return None
        if token is None:
            message = "Missing Authorization header"
        elif not token.startswith("sk-"):
            message = "Invalid API key format. Expected: Bearer sk-..."
        else:
            message = "Invalid API key"
        return self.error_reply(401, message, "authentication_error")

    def _answer(self, seen: Seen, execution: str) -> Reply:
        if execution:
            task = self.gateway.table.find(self.dialect, execution)
            return self._told(task, task.step()) if task else self.error_reply(404, "Execution not found")
        if self.execute.fullmatch(seen.path):
            return self._submit(seen) if seen.method == "POST" else self._inputs(seen)
        if seen.path == "/api/v1/media/upload" and seen.method == "POST":
            if len(seen.body) > _MOST_UPLOADED:
                return self.error_reply(413, "File too large")
            name = f"input-{len(self.uploads) + 1}"
            self.uploads[name] = seen.body
            return Reply(200, {"data": {"url": f"{self.gateway.cdn_url}/cdn/uploads/{name}"}})
        return self._account(seen)

    def _account(self, seen: Seen) -> Reply:
        if seen.path == "/api/v1/nodes":
            return Reply(200, {"data": {"nodes": NODES}})
        if seen.path == "/api/v1/developer/usage":
            return Reply(200, {"data": {"plan": "Pro", "credits": {"availableCredits": self.manners.credits}}})
        if seen.path.endswith("/estimate"):
            left = self.manners.credits
            told: dict[str, Any] = {
                "estimatedCredits": self.cost,
                "availableCredits": left,
                "sufficient": left >= self.cost,
            }
            told |= {"estimateComplete": True, "breakdown": [], "warnings": []}
            return Reply(200, {"data": told | self.manners.estimate})
        return self.error_reply(404, "Not found")

    def _submit(self, seen: Seen) -> Reply:
        key = seen.headers.get("idempotency-key", "")
        task = self.gateway.table.find(self.dialect, key)
        if task is None:
            body = seen.json if isinstance(seen.json, dict) else {}
            stored = seen.path.endswith("/run")
            if complaint := _stored_complaint(body) if stored else _complaint(body):
                return self.error_reply(400, complaint, "invalid_request_error")
            if self.manners.credits < self.cost:
                return self._no_credit()
            self.manners.credits -= self.cost
            number = next(self.gateway.table.numbers)
            task = self.gateway.table.add(f"exec_{number:02d}", number, self.dialect, seen.path, key, body)
        location = {"Location": f"/api/v1/workflows/executions/{task.id}/poll"}
        if seen.path.endswith("/run"):
            return Reply(202, {"data": {"executionId": task.id, "status": "RUNNING"}})
        return Reply(201, self._accepted(task), location)

    def _inputs(self, seen: Seen) -> Reply:
        workflow = seen.path.split("/")[4]
        example = {"inputs": {entry["nodeId"]: entry["default"] for entry in STORED}}
        told = {"workflowId": workflow, "workflowName": "Fox", "inputs": STORED, "method": "POST", "example": example}
        return Reply(200, {"data": {**told, "endpoint": seen.path}})

    def _triggered(self, seen: Seen, webhook: str) -> Reply:
        anybody = {"Access-Control-Allow-Origin": "*"}
        told = {"workflowId": f"wf_of_{webhook}", "name": "Fox", "isActive": self.manners.active, "message": "Webhook"}
        if seen.method != "POST":
            return Reply(200, told, anybody)
        if not self.manners.active:
            return self.error_reply(400, "Workflow is not active")
        number = next(self.gateway.table.numbers)
        task = self.gateway.table.add(f"exec_{number:02d}", number, self.dialect, seen.path, "", {"data": seen.json})
        message = "Workflow execution queued successfully"
        return Reply(202, {"executionId": task.id, "status": "queued", "message": message}, anybody)

    def _no_credit(self) -> Reply:
        left = self.manners.credits
        return self.error_reply(
            402,
            f"Insufficient credits. Required: {self.cost}, Available: {left}",
            "insufficient_credits_error",
            insufficientCredits=True,
            requiredCredits=self.cost,
            availableCredits=left,
            breakdown=[{"nodeId": "n_kling", "nodeLabel": "Kling", "credits": self.cost}],
        )

    def _accepted(self, task: Task) -> dict[str, Any]:
        run: dict[str, Any] = {
            "id": task.id,
            "startTime": _START,
            "endTime": None,
            "status": "RUNNING",
            "error": None,
            "nodeRuns": [],
        }
        shapes: dict[str, dict[str, Any]] = {
            "executionRuns": {"batchId": _BATCH, "executionRuns": [{**run, "batchId": _BATCH, "runIndexInBatch": 0}]},
            "executionId": {"executionId": task.id, "status": "RUNNING"},
            "data": {"data": {"executionId": task.id, "status": "RUNNING"}},
            "location": {},
        }
        return {"workflowId": task.route.split("/")[4], **shapes[self.manners.id]}

    def _told(self, task: Task, state: str) -> Reply:
        word = WORDS.get(state, state)
        url = self.gateway.result_url(task, "/cdn/clips") if state == "done" else None
        reason = task.script.reason if state == "failed" else None
        runs = self._runs(task, state, url, reason)
        shapes: dict[str, dict[str, Any]] = {
            "a": {"status": word, "error": reason, "nodeResults": {"nodeRuns": runs}},
            "b": {
                "data": {
                    "status": word,
                    "error": reason,
                    "nodeResults": {"nodeRuns": [{k: v for k, v in run.items() if k != "output"} for run in runs]},
                    **({"finalOutput": {"url": url}} if url else {}),
                }
            },
            "c": {"status": word, "error": reason, "nodeStates": [_as_state(run) for run in runs]},
        }
        return Reply(200, shapes[self.manners.poll] | dict(task.script.fields))

    def _runs(self, task: Task, state: str, url: str | None, reason: str | None) -> list[dict[str, Any]]:
        """Every node that works: one after the other with each poll, all of them once the run is done."""
        nodes = [n for n in task.body.get("nodes", []) if not _data(n).get("nodeType", "").startswith("input:")]
        nodes = nodes or [{"id": "n_out", "data": {"nodeType": "video:any", "label": "Clip"}}]
        target = task.body.get("targetNodeId") or nodes[-1]["id"]
        at = len(nodes) if state == "done" else min(max(task.polls - 1, 0), len(nodes) - 1)
        told = []
        for index, node in enumerate(nodes):
            word = "COMPLETED" if index < at else "PENDING" if index > at else WORDS.get(state, state)
            run = {"nodeId": node["id"], "status": word, "error": reason if index == at else None}
            if word == "COMPLETED":
                picture = {"images": [{"url": f"{self.gateway.cdn_url}/cdn/pictures/{node['id']}.png"}]}
                run["output"] = {"video": {"url": url}} if node["id"] == target else picture
            if self.manners.details:
                done = {"endTime": "2026-11-20T05:00:02.500Z", "credits": 4} if word == "COMPLETED" else {}
                run |= {"label": _data(node).get("label", ""), "startTime": _START, **done}
            told.append(run)
        return told

    def _cdn(self, seen: Seen, path: str = "") -> Reply:
        through_download = bool(path)
        path = path or seen.path
        browser = "Mozilla" in seen.headers.get("user-agent", "")
        if self.manners.browsers_only and not browser and not through_download:
            return Reply(403, "<html><body>error code: 1010</body></html>")
        if path.startswith("/cdn/uploads/"):
            data = self.uploads.get(path.rsplit("/", 1)[1])
            return Reply(404, "no such upload") if data is None else Reply(200, data)
        return self.gateway.video(seen)


def _data(node: dict[str, Any]) -> dict[str, Any]:
    return node.get("data") or {}


def _as_state(run: dict[str, Any]) -> dict[str, Any]:
    """A node's run as the shell client reads it."""
    output = run.get("output") or {}
    url = output.get("video", {}).get("url") or next((picture["url"] for picture in output.get("images", [])), None)
    rest = {name: value for name, value in run.items() if name != "output"}
    return {"label": "Kling", "progress": 100 if url else 10, **rest, "outputUrl": url}


def _stored_complaint(body: dict[str, Any]) -> str:
    needed = [str(entry["nodeId"]) for entry in STORED if entry["required"]]
    missing = [node for node in needed if node not in body.get("inputs", {})]
    return f"Missing required inputs: {', '.join(missing)}" if missing else ""


def _complaint(graph: dict[str, Any]) -> str:
    if "nodes" not in graph or "edges" not in graph:
        return "Missing required fields: name, nodes, edges"
    if not graph["nodes"]:
        return "At least one node must be provided"
    if not all(node.get("id") for node in graph["nodes"]):
        return "All nodes must have an id"
    return ""
