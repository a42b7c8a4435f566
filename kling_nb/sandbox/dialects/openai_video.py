"""The OpenAI-style video object, as ImaRouter sells Kling through it and as the ``openai`` package speaks it.

Sources: ImaRouter's Kling page and doc.imarouter.com/openapi/en.yaml; QuantumNous/new-api (``dto/openai_video.go``,
``relay/channel/task/kling/adaptor.go``, the video proxy), which its answers look like; platform.openai.com,
"Videos", for the list and the forms that the package sends.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from kling_nb.sandbox.dialects.openai_fields import read
from kling_nb.sandbox.forms import form_fields, is_form
from kling_nb.sandbox.plan import Plan
from kling_nb.sandbox.refusal import RefusalError, bad_value
from kling_nb.sandbox.serving import desk_of, film_url, guarded, json_object, ordered, take_told, whole
from kling_nb.sandbox.submission import Submission

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from kling_nb.sandbox.tasks import Task

_DIALECT = "openai-video"
_WORDS = {"submitted": "queued", "processing": "in_progress", "succeed": "completed", "failed": "failed"}
_CODES = {
    1203: "model_not_found",
    1301: "sensitive_words_detected",
    1302: "too_many_requests",
    1303: "too_many_requests",
    5000: "internal_error",
}
_MAX_PAGE_SIZE = 100  # platform.openai.com, "List videos"


def routes() -> list[BaseRoute]:
    """``/v1/videos`` with its tasks and their content, and the balance. After Kling's routes, which are narrower."""
    return [
        Route("/v1/videos", guarded(_submit, refuse), methods=["POST"]),
        Route("/v1/videos", guarded(_list, refuse), methods=["GET"]),
        Route("/v1/videos/{task:str}", guarded(_look, refuse), methods=["GET"]),
        Route("/v1/videos/{task:str}/content", guarded(_content, _refuse_openai), methods=["GET"]),
        Route("/api/usage/token/user-balance", guarded(_balance, refuse), methods=["GET"]),
    ]


def refuse(_: Request, refusal: RefusalError) -> Response:
    """A refusal as the task routes word it: the code is a word."""
    body = {"code": _CODES.get(refusal.code, "invalid_request"), "message": refusal.message, "data": None}
    return JSONResponse(body, status_code=refusal.status)


def _refuse_openai(_: Request, refusal: RefusalError) -> Response:
    """A refusal as OpenAI words it, which new-api's file route does."""
    error = {"message": refusal.message, "type": "invalid_request_error", "code": None, "param": None}
    return JSONResponse({"error": error}, status_code=refusal.status)


def _refuse_unknown(_: Request, refusal: RefusalError) -> Response:
    body = {"code": "task_not_exist", "message": refusal.message, "data": None}
    return JSONResponse(body, status_code=400)  # new-api says 400 here, not 404


async def _submit(request: Request) -> Response:
    body: dict[str, Any] = dict(await form_fields(request)) if is_form(request) else await json_object(request)
    wish = read(body)
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(desk_of(request).now()))
    asked = Submission(
        _DIALECT,
        wish.route,
        wish.fields,
        f"task_{stamp}{secrets.token_hex(8).upper()}",
        take=take_told(request),
        mischief=wish.mischief,
        doom=wish.doom,
        memory={"model": wish.model, "size": wish.size},
    )
    task = await ordered(request, asked)
    return task if isinstance(task, Response) else JSONResponse(_described(request, task))


async def _look(request: Request) -> Response:
    try:
        task = _found(request)
    except RefusalError as refusal:
        if refusal.code != 1203:  # noqa: PLR2004 - "does not exist" in Kling's table of errors
            raise
        return _refuse_unknown(request, refusal)
    return JSONResponse(_described(request, task))


async def _content(request: Request) -> Response:
    task = _found(request)
    variant = request.query_params.get("variant", "video")
    if variant != "video":
        raise bad_value(f"variant cannot be {variant!r}; the sandbox has video only")
    word = task.word(desk_of(request).now())
    if word != "succeed":
        raise bad_value(f"Task is not completed yet, current status: {_WORDS[word]}")
    path = await run_in_threadpool(desk_of(request).film, task.film)
    if path is None:
        raise RefusalError(1203, "there is no such film")
    return FileResponse(path, media_type="video/mp4")


async def _list(request: Request) -> Response:
    """A page of tasks; ``after`` is the last id of the page before."""
    query = request.query_params
    limit = whole("limit", query.get("limit", "20"), 1, _MAX_PAGE_SIZE)
    every = await run_in_threadpool(desk_of(request).page, _DIALECT, 1, 10_000)
    if query.get("order", "desc") == "asc":
        every.reverse()
    if after := query.get("after"):
        every = every[next((n for n, task in enumerate(every, 1) if task.id == after), len(every)) :]
    data = [_described(request, task) for task in every[:limit]]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return JSONResponse({"object": "list", "data": data, "has_more": len(every) > limit, **ends})


async def _balance(_: Request) -> Response:
    account = {"object": "user_balance", "user_id": 1, "username": "sandbox"}
    money = {"balance_usd": 1000.0, "used_amount_usd": 0.0}
    return JSONResponse({"success": True, "message": "", "data": account | money})


def _found(request: Request) -> Task:
    return desk_of(request).look(_DIALECT, request.path_params["task"])


def _described(request: Request, task: Task) -> dict[str, Any]:
    """The video object; what is not known yet is left out, as new-api does."""
    now = desk_of(request).now()
    word, plan, memory = task.word(now), Plan.from_json(task.plan), json.loads(task.memory)
    video: dict[str, Any] = {
        "id": task.id,
        "task_id": task.id,
        "object": "video",
        "model": memory["model"],
        "status": _WORDS[word],
        "progress": int(task.share(now) * 100) if word != "submitted" else 0,
        "created_at": int(task.created),
        "prompt": plan.prompt,
        "seconds": str(plan.seconds),
        "size": memory["size"] or f"{plan.width}x{plan.height}",
        "amount_usd": 0.0,
    }
    if word in ("succeed", "failed"):
        video["completed_at"] = int(task.changed(now))
    if word == "succeed":
        video["metadata"] = {"url": film_url(request, task)}
    if word == "failed":
        video["error"] = {"message": task.failure, "code": "task_failed"}
    return video
