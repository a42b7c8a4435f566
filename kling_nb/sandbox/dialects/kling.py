"""Kling's legacy API: one route per kind, an envelope around everything.

Answers look as on kling.ai/document-api: ``code``, ``message``, ``request_id`` and ``data``;
ids, lengths and deductions are strings, times are milliseconds.
"""

from __future__ import annotations

import secrets
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kling_nb.sandbox.order import ROUTES
from kling_nb.sandbox.plan import Plan
from kling_nb.sandbox.refusal import RefusalError, bad_value
from kling_nb.sandbox.serving import desk_of, film_url, guarded, json_object, ordered, take_told, whole
from kling_nb.sandbox.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from kling_nb.sandbox.tasks import Task

DIALECT = "kling"

# Bounds of the list query: kling.ai/document-api, text2video page, "Query Task (List)".
_MAX_PAGE, _MAX_PAGE_SIZE = 1000, 500
_LATEST = 10**14  # milliseconds


def routes() -> list[BaseRoute]:
    """``/v1/videos/{kind}``, its tasks, and the account."""
    found: list[BaseRoute] = []
    for kind in ROUTES:
        path = f"/v1/videos/{kind}"
        found += [
            Route(path, guarded(partial(_submit, kind), refuse), methods=["POST"]),
            Route(path, guarded(partial(_list, kind), refuse), methods=["GET"]),
            Route(f"{path}/{{key:str}}", guarded(partial(_look, kind), refuse), methods=["GET"]),
        ]
    return [
        *found,
        Route("/v1/videos/{kind:str}", guarded(_no_such_kind, refuse), methods=["POST"]),
        Route("/account/costs", guarded(_costs, refuse), methods=["GET"]),
    ]


def submission(kind: str, body: Mapping[str, Any], *, dialect: str, task_id: str, take: int | None) -> Submission:
    """An order in Kling's own fields.

    Raises:
        RefusalError: 1201 when ``external_task_id`` is no string.
    """
    key = body.get("external_task_id") or ""
    if not isinstance(key, str):
        raise bad_value("external_task_id must be a string")
    return Submission(dialect, kind, body, task_id, key, take, body.get("sandbox"))


def described(request: Request, task: Task) -> dict[str, Any]:
    """The task object of Kling's pages; fields of the end appear at the end."""
    now = desk_of(request).now()
    word = task.word(now)
    data: dict[str, Any] = {
        "task_id": task.id,
        "task_status": word,
        "task_info": {"external_task_id": task.external_id} if task.external_id else {},
        "created_at": int(task.created * 1000),
        "updated_at": int(task.changed(now) * 1000),
    }
    if word == "failed":
        data["task_status_msg"] = task.failure
    if word == "succeed":
        video = {
            "id": str(int(task.film[:14], 16)),
            "url": film_url(request, task),
            "watermark_url": "",
            "duration": f"{Plan.from_json(task.plan).seconds:.3f}",
        }
        data |= {
            "task_status_msg": "",
            "watermark_info": {"enabled": False},
            "task_result": {"videos": [video]},
            "final_unit_deduction": "0",
            "final_balance_deduction": {"quota": "0", "list_price": "0"},
        }
    return data


def enveloped(data: Any) -> Response:
    """A success."""
    return JSONResponse({"code": 0, "message": "SUCCEED", "request_id": str(uuid.uuid4()), "data": data})


def refuse(_: Request, refusal: RefusalError) -> Response:
    """A refusal in Kling's envelope, with the HTTP status that belongs to its code."""
    body = {"code": refusal.code, "message": refusal.message, "request_id": str(uuid.uuid4())}
    return JSONResponse(body, status_code=refusal.status)


def new_id() -> str:
    """A fresh id: 18 decimal digits; too long for a JavaScript number, as the real ones are."""
    return str(8 * 10**17 + secrets.randbelow(10**17))


async def _submit(kind: str, request: Request) -> Response:
    body = await json_object(request)
    asked = submission(kind, body, dialect=DIALECT, task_id=new_id(), take=take_told(request))
    task = await ordered(request, asked)
    return task if isinstance(task, Response) else enveloped(described(request, task))


async def _look(kind: str, request: Request) -> Response:
    task = desk_of(request).look(DIALECT, request.path_params["key"], kind)
    return enveloped(described(request, task))


async def _list(kind: str, request: Request) -> Response:
    number = whole("pageNum", request.query_params.get("pageNum", "1"), 1, _MAX_PAGE)
    size = whole("pageSize", request.query_params.get("pageSize", "30"), 1, _MAX_PAGE_SIZE)
    tasks = await run_in_threadpool(desk_of(request).page, DIALECT, number, size, kind)
    return enveloped([described(request, task) for task in tasks])


async def _no_such_kind(request: Request) -> Response:
    raise RefusalError(1202, f"there is no /v1/videos/{request.path_params['kind']}; there are {', '.join(ROUTES)}")


async def _costs(request: Request) -> Response:
    """The account's packages (kling.ai/document-api, "Query Resource Package List"): here one that never empties."""
    times = ("start_time", "end_time")
    begin, end = (whole(name, request.query_params.get(name, "0"), 0, _LATEST) for name in times)
    pack = {
        "resource_pack_name": "Sandbox, free of charge",
        "resource_pack_id": "sandbox",
        "resource_pack_type": "constant_period",
        "total_quantity": 1000.0,
        "remaining_quantity": 1000.0,
        "purchase_time": begin,
        "effective_time": begin,
        "invalid_time": end,
        "status": "online",
    }
    return enveloped({"code": 0, "msg": "SUCCEED", "resource_pack_subscribe_infos": [pack]})
