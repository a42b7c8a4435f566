"""Wireflow: runs of a graph that travels along, or of the sandbox's one stored workflow.

Source: www.wireflow.ai/docs/api (overview, executions, run, errors), wireflowINC/wireflow-skill (references/api.md)
and Wireflow's two Kling pages, of which one alone speaks of ``Idempotency-Key``. They print three shapes of a poll;
this is the docs' one, with the node's label and timing that the pages promise.
"""

from __future__ import annotations

import json
import re
import secrets
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kling_nb.sandbox.dialects.wireflow_graph import Run, read_run
from kling_nb.sandbox.dialects.wireflow_stored import DESCRIBED, NODES, stored_graph
from kling_nb.sandbox.forms import form_fields, is_form
from kling_nb.sandbox.refusal import RefusalError, ReusedError, bad_value
from kling_nb.sandbox.serving import desk_of, film_url, json_object, ordered, take_told
from kling_nb.sandbox.serving import guarded as guarded_anyhow
from kling_nb.sandbox.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from kling_nb.sandbox.serving import Endpoint
    from kling_nb.sandbox.tasks import Task

PREFIX = "/api/v1"
_DIALECT = "wireflow"
_WORDS = {"submitted": "RUNNING", "processing": "RUNNING", "succeed": "COMPLETED", "failed": "FAILED"}
_MAX_UPLOAD = 25 * 1024 * 1024  # references/api.md
_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
_UPLOAD = re.compile(r"/uploads/([0-9a-f]{64})\.(?:png|jpg)")
_BUSY = "Too many workflow executions. Please try again later."  # errors page
_BUSY_SECONDS = 1.0
_CREDITS = 1000


def routes() -> list[BaseRoute]:
    """Runs, their polls under all three documented paths, and what can be asked for free."""
    run, execution = f"{PREFIX}/workflows/{{workflow:str}}", "executions/{execution:str}"
    polls = (f"workflows/{execution}/poll", f"workflows/{execution}", f"{execution}/poll")
    return [
        *(Route(f"{PREFIX}/{path}", guarded(_poll), methods=["GET"]) for path in polls),
        Route(f"{run}/execute", guarded(_execute), methods=["POST"]),
        Route(f"{run}/run", guarded(_run), methods=["POST"]),
        Route(f"{run}/run", guarded(_describe), methods=["GET"]),
        Route(f"{run}/estimate", guarded(_estimate), methods=["POST"]),
        Route(f"{PREFIX}/media/upload", guarded(_upload), methods=["POST"]),
        Route(f"{PREFIX}/developer/usage", guarded(_usage), methods=["GET"]),
        Route(f"{PREFIX}/nodes", guarded(_nodes), methods=["GET"]),
        Route("/uploads/{name:str}", guarded(_uploaded), methods=["GET"], name="upload"),
    ]


def guarded(endpoint: Endpoint) -> Endpoint:
    """With the request's number on every answer, as the pages promise it."""
    safe = guarded_anyhow(endpoint, refuse)

    async def answer(request: Request) -> Response:
        response = await safe(request)
        response.headers["X-Request-Id"] = f"req_{uuid.uuid4().hex}"
        return response

    return answer


def refuse(request: Request, refusal: RefusalError) -> Response:
    """``{"error": "…"}``, and on a 429 the moment from which it may be tried again, in Unix seconds."""
    if isinstance(refusal, ReusedError):
        told = {"error": "Idempotency-Key reused with a different body"}
        return JSONResponse(told, status_code=HTTPStatus.CONFLICT)
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        told_busy = {"error": _BUSY, "retryAfter": desk_of(request).now() + _BUSY_SECONDS}
        return JSONResponse(told_busy, status_code=refusal.status)
    return JSONResponse({"error": refusal.message}, status_code=refusal.status)


async def _execute(request: Request) -> Response:
    task = await _started(request, await json_object(request))
    if isinstance(task, Response):
        return task
    memory = json.loads(task.memory)
    begun = {
        "id": task.id,
        "startTime": _moment(task.created),
        "endTime": None,
        "status": "RUNNING",
        "error": None,
        "nodeRuns": [],
        "batchId": memory["batch"],
        "runIndexInBatch": 0,
        "inputIndex": 0,
    }
    answer = {"workflowId": memory["workflow"], "batchId": memory["batch"], "executionRuns": [begun]}
    location = f"{PREFIX}/workflows/executions/{task.id}/poll"
    return JSONResponse(answer, status_code=HTTPStatus.CREATED, headers={"Location": location})


async def _run(request: Request) -> Response:
    task = await _started(request, stored_graph(await json_object(request)))
    if isinstance(task, Response):
        return task
    return JSONResponse({"data": {"executionId": task.id, "status": "RUNNING"}}, status_code=HTTPStatus.ACCEPTED)


async def _started(request: Request, graph: Mapping[str, Any]) -> Task | Response:
    run = _read(request, graph)
    asked = Submission(
        _DIALECT,
        run.route,
        run.fields,
        f"exec_{secrets.token_hex(12)}",
        request.headers.get("idempotency-key", ""),
        take_told(request),
        run.mischief,
        repeatable=True,
        memory={
            "workflow": request.path_params["workflow"],
            "batch": str(uuid.uuid4()),
            "target": run.target,
            "steps": [[step.id, step.label, step.given] for step in run.steps],
        },
    )
    return await ordered(request, asked)


async def _poll(request: Request) -> Response:
    task = desk_of(request).look(_DIALECT, request.path_params["execution"])
    word = task.word(desk_of(request).now())
    nodes = [_node_run(request, task, *step) for step in json.loads(task.memory)["steps"]]
    error = task.failure if word == "failed" else None
    return JSONResponse({"status": _WORDS[word], "error": error, "nodeResults": {"nodeRuns": nodes}})


def _node_run(request: Request, task: Task, name: str, label: str, given: bool) -> dict[str, Any]:  # noqa: FBT001 - a row
    """One node: inputs are there at once, everything else takes as long as the clip."""
    now = desk_of(request).now()
    word = "succeed" if given else task.word(now)
    run: dict[str, Any] = {
        "nodeId": name,
        "nodeLabel": label,
        "status": "PENDING" if word == "submitted" else _WORDS[word],
        "startTime": _moment(task.created),
        "endTime": _moment(task.created if given else task.changed(now)) if word in ("succeed", "failed") else None,
        "credits": 0,
        "error": task.failure if word == "failed" else None,
    }
    if word == "succeed" and not given:
        run["output"] = {"video": {"url": film_url(request, task)}}
    elif word == "processing":
        run["progress"] = int(task.share(now) * 100)
    return run


async def _describe(request: Request) -> Response:
    workflow = request.path_params["workflow"]
    about = {"workflowId": workflow, "endpoint": f"{PREFIX}/workflows/{workflow}/run", "method": "POST"}
    return JSONResponse({"data": about | DESCRIBED})


async def _estimate(request: Request) -> Response:
    body = await json_object(request)
    run = _read(request, body if "nodes" in body else stored_graph(body))
    each = {"credits": 0, "unitCredits": 0, "iterations": 1, "unknownIterations": False, "fanOutUncertainty": False}
    answer = {
        "workflowId": request.path_params["workflow"],
        "estimatedCredits": 0,
        "estimatedProviderCostUsd": None,  # nobody is paid here, so a client's own list price stays in sight
        "availableCredits": _CREDITS,
        "creditSource": "sandbox",
        "sufficient": True,
        "estimateComplete": True,
        "breakdown": [
            {"nodeId": step.id, "nodeLabel": step.label, "model": step.type} | each
            for step in run.steps
            if not step.given
        ],
        "warnings": [],
    }
    return JSONResponse({"data": answer})


async def _upload(request: Request) -> Response:
    """A file of a form is kept; an address is given back, because the sandbox touches no network."""
    if not is_form(request):
        url = (await json_object(request)).get("url")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise bad_value("url must be an https address")
        return JSONResponse({"data": {"url": url}})
    data = (await form_fields(request)).get("file")
    if not isinstance(data, bytes):
        raise bad_value("the form needs a file in the field named file")
    if len(data) > _MAX_UPLOAD:
        raise bad_value(f"the file has {len(data)} bytes; at most {_MAX_UPLOAD} are allowed")
    suffix = next((suffix for magic, suffix in _KINDS.items() if data.startswith(magic)), None)
    if suffix is None:
        raise bad_value("the file is neither PNG nor JPEG")
    name = await run_in_threadpool(desk_of(request).upload, data)
    return JSONResponse({"data": {"url": str(request.url_for("upload", name=f"{name}.{suffix}"))}})


async def _uploaded(request: Request) -> Response:
    name, _, suffix = request.path_params["name"].partition(".")
    known = _UPLOAD.fullmatch(f"/uploads/{name}.{suffix}")
    data = await run_in_threadpool(desk_of(request).uploaded, name) if known else None
    if data is None:
        raise RefusalError(1203, "there is no such upload")
    return Response(data, media_type="image/png" if suffix == "png" else "image/jpeg")


async def _usage(_: Request) -> Response:
    """The account. No page prints this body; these are the words of the estimate."""
    return JSONResponse({"data": {"plan": "Sandbox, free of charge", "availableCredits": _CREDITS, "creditsUsed": 0}})


async def _nodes(_: Request) -> Response:
    return JSONResponse({"data": NODES})


def _read(request: Request, graph: Mapping[str, Any]) -> Run:
    def upload(url: str) -> bytes | None:
        parts = urlsplit(url)
        ours = _UPLOAD.fullmatch(parts.path) if parts.netloc == request.url.netloc else None
        if ours is None:
            return None
        data = desk_of(request).uploaded(ours[1])
        if data is None:
            raise bad_value("the picture was uploaded too long ago; upload it again")
        return data

    return read_run(graph, upload)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
