"""What the doors of all dialects share: bodies, errors that never escape, the desk behind, links to films."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kling_nb.sandbox.refusal import RefusalError, bad_value

if TYPE_CHECKING:
    from kling_nb.sandbox.desk import Desk
    from kling_nb.sandbox.submission import Submission
    from kling_nb.sandbox.tasks import Task

_logger = logging.getLogger(__name__)

TAKE_HEADER = "x-kling-nb-take"
"""Which sample of the same request is meant. Ours: no gateway has a seed, and not every dialect carries a key."""

_LOST = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_MAX_TAKE = 999_999

Endpoint = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[Request, RefusalError], Response]


def guarded(endpoint: Endpoint, refuse: Refuse) -> Endpoint:
    """Answer every error in the dialect's own shape: an in-process transport would raise it into the client."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusalError as refusal:
            return refuse(request, refusal)
        except Exception:
            _logger.exception("The sandbox failed on %s %s", request.method, request.url.path)
            return refuse(request, RefusalError(5000, "the sandbox itself failed; its log has the details"))

    return answer


async def json_object(request: Request) -> dict[str, Any]:
    """The body, if it is a JSON object.

    Raises:
        RefusalError: 1200 if it is anything else.
    """
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise RefusalError(1200, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise RefusalError(1200, "the body must be a JSON object")
    return body


def desk_of(request: Request) -> Desk:
    """The one desk behind all doors."""
    desk: Desk = request.app.state.desk
    return desk


def take_told(request: Request) -> int | None:
    """The take that the client names in :data:`TAKE_HEADER`.

    Raises:
        RefusalError: 1201 if it is no number from 1.
    """
    told = request.headers.get(TAKE_HEADER)
    return None if told is None else whole(TAKE_HEADER, told, 1, _MAX_TAKE)


def whole(name: str, told: str, least: int, most: int) -> int:
    """A whole number of a query or a header.

    Raises:
        RefusalError: 1201 if it is none, or out of bounds.
    """
    if not (told.isascii() and told.isdigit() and least <= int(told[:20]) <= most):
        raise bad_value(f"{name} must be a whole number from {least} to {most}")
    return int(told)


async def ordered(request: Request, asked: Submission) -> Task | Response:
    """Give an order; the answer is the task, or the page of a broken proxy where the client asked for that."""
    task, mischief = await run_in_threadpool(desk_of(request).submit, asked)
    return HTMLResponse(_LOST, status_code=502) if mischief.lose_answer else task


def film_url(request: Request, task: Task) -> str:
    """Where the task's film is."""
    return str(request.url_for("film", film=task.film))
