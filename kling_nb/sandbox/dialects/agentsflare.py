"""AgentsFlare: Kling's fields below a prefix, ids of its own, and errors of its own beside Kling's.

Source: docs.agentsflare.com/en/api-examples/kling (paths, the submit answer) and its FAQ (errors). What a poll
answers is printed nowhere: here it is Kling's task object.
"""

from __future__ import annotations

import secrets
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kling_nb.sandbox.dialects import kling
from kling_nb.sandbox.order import ROUTES
from kling_nb.sandbox.serving import desk_of, guarded, json_object, ordered, take_told

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from kling_nb.sandbox.refusal import RefusalError

PREFIX = "/klingai"
_DIALECT = "agentsflare"

# The FAQ shows what the relay refuses itself: bodies, models and paths. Kling's word on a value passes through.
_OWN = (1200, 1202, 1203)


def routes() -> list[BaseRoute]:
    """``/klingai/v1/videos/{kind}`` and its tasks; there is no list."""
    found: list[BaseRoute] = []
    for kind in ROUTES:
        path = f"{PREFIX}/v1/videos/{kind}"
        found.append(Route(path, guarded(partial(_submit, kind), refuse), methods=["POST"]))
        found.append(Route(f"{path}/{{key:str}}", guarded(partial(_look, kind), kling.refuse), methods=["GET"]))
    return found


def refuse(request: Request, refusal: RefusalError) -> Response:
    """A refusal of the relay's own, or Kling's."""
    if refusal.code not in _OWN:
        return kling.refuse(request, refusal)
    if refusal.code == 1202:  # noqa: PLR2004 - "method does not exist" in Kling's table of errors
        path = {"message": f"Cannot {request.method} {request.url.path}", "error": "Not Found", "statusCode": 404}
        return JSONResponse(path, status_code=HTTPStatus.NOT_FOUND)
    return JSONResponse({"statusCode": 400, "message": refusal.message}, status_code=HTTPStatus.BAD_REQUEST)


def _new_id(now: float) -> str:
    """The date, then hexadecimal digits, as in the page's one answer."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(now)) + secrets.token_hex(8)


async def _submit(kind: str, request: Request) -> Response:
    body = await json_object(request)
    task_id = _new_id(desk_of(request).now())
    asked = kling.submission(kind, body, dialect=_DIALECT, task_id=task_id, take=take_told(request))
    task = await ordered(request, asked)
    if isinstance(task, Response):
        return task
    return JSONResponse({"code": 0, "message": "success", "data": {"task_id": task.id}})


async def _look(kind: str, request: Request) -> Response:
    task = desk_of(request).look(_DIALECT, request.path_params["key"], kind)
    return kling.enveloped(kling.described(request, task))
