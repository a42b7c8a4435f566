"""All dialects as one ASGI application over one desk, and the files they link to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kling_nb.sandbox.desk import Desk
from kling_nb.sandbox.dialects import DIALECTS, refuse_at
from kling_nb.sandbox.dialects.kling import refuse
from kling_nb.sandbox.options import DEFAULTS, Options
from kling_nb.sandbox.refusal import RefusalError
from kling_nb.sandbox.serving import desk_of, guarded
from kling_nb.sandbox.studio import Render, render_film

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request


def create_app(
    *,
    state_dir: Path,
    options: Options = DEFAULTS,
    clock: Callable[[], float] = time.time,
    render: Render = render_film,
) -> Starlette:
    """Make a sandbox.

    Args:
        state_dir: Folder of its tasks and films; made when needed, may be shared by several processes.
        options: How it behaves.
        clock: Tells the Unix time in seconds.
        render: Makes a film.

    Returns:
        An ASGI application that answers in every dialect; its ``state.desk`` is the
        :class:`~kling_nb.sandbox.desk.Desk`.
    """
    app = Starlette(
        routes=[
            *(route for dialect in DIALECTS for route in dialect.routes()),
            Route("/files/{film:str}.mp4", guarded(_film, refuse), methods=["GET"], name="film"),
        ],
        exception_handlers={HTTPException: _no_such_route},
    )
    app.state.desk = Desk(state_dir, options=options, clock=clock, render=render)
    return app


async def _film(request: Request) -> Response:
    path = await run_in_threadpool(desk_of(request).film, request.path_params["film"])
    if path is None:
        raise RefusalError(1203, "there is no such film")
    return FileResponse(path, media_type="video/mp4")  # knows Range, HEAD and ETag


async def _no_such_route(request: Request, _: Exception) -> Response:
    missing = RefusalError(1202, f"there is no {request.method} {request.url.path}")
    return refuse_at(request.url.path)(request, missing)
