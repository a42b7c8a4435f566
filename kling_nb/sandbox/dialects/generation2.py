"""Kling's second generation: a route per kind and model, and one question for many tasks.

Source: the second-generation pages of kling.ai/document-api, as read through public notes of projects that
moved to them (no page could be opened itself). Lengths are numbers here, and it is ``succeeded``, not ``succeed``.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from kling_nb.sandbox.dialects import kling
from kling_nb.sandbox.plan import Plan
from kling_nb.sandbox.refusal import RefusalError, bad_value
from kling_nb.sandbox.serving import desk_of, film_url, guarded, json_object, ordered, take_told
from kling_nb.sandbox.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from kling_nb.sandbox.tasks import Task

_DIALECT = "kling-2"
_KINDS = {
    "text-to-video": "text2video",
    "image-to-video": "image2video",
    "omni-video": "omni-video",
    "motion-control": "motion-control",
}
_MODELS = {
    "kling-3.0-turbo": "kling-v3-turbo",
    "kling-3.0": "kling-v3",
    "kling-2.6": "kling-v2-6",
    "kling-2.5-turbo": "kling-v2-5-turbo",
    "kling-3.0-omni": "kling-v3-omni",
    "kling-o1": "kling-video-o1",
}
_MODES = {"720p": "std", "1080p": "pro", "4k": "4k"}
_SOUNDS = {"native": "on", "off": "off", "original": "off"}
_SHOT = re.compile(r"shot\s*\d+\s*,\s*(\d+)\s*,\s*([^;]+);?\s*")
"""Shots stand in the prompt: ``shot 1, 2, words; shot 2, 3, words;`` (number, seconds, words)."""

_WORDS = {"succeed": "succeeded"}
_FRAMES = {"first_frame": "image", "last_frame": "image_tail", "image": "image_url", "video": "video_url"}
_OMNI_TYPES = {"first_frame": {"type": "first_frame"}, "last_frame": {"type": "end_frame"}, "refer_image": {}}
_OMNI_VIDEOS = {"feature_video": "feature", "base_video": "base"}
_MAX_ASKED = 500


def routes() -> list[BaseRoute]:
    """``POST /{kind}/{model}`` and ``GET /tasks``."""
    return [
        *(
            Route(f"/{path}/{{model:str}}", guarded(partial(_submit, kind), kling.refuse), methods=["POST"])
            for path, kind in _KINDS.items()
        ),
        Route("/tasks", guarded(_look, kling.refuse), methods=["GET"]),
    ]


def _fields(kind: str, model: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The same order in the fields of the first generation."""
    if model not in _MODELS:
        raise RefusalError(1203, f"model {model!r} does not exist; there are {', '.join(_MODELS)}")
    settings = _object(body, "settings")
    resolution = settings.get("resolution", "720p")
    if resolution not in _MODES:
        raise bad_value(f"settings.resolution cannot be {resolution!r}; allowed: {', '.join(_MODES)}")
    seconds = settings.get("duration", 5)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise bad_value(f"settings.duration must be a number such as 5, not {seconds!r}")
    audio = settings.get("audio", "off")
    if audio not in _SOUNDS:
        raise bad_value(f"settings.audio cannot be {audio!r}; allowed: {', '.join(_SOUNDS)}")
    fields = {
        "model_name": _MODELS[model],
        "prompt": body.get("prompt", ""),
        "mode": _MODES[resolution],
        "duration": str(seconds),
        "sound": _SOUNDS[audio],
        "aspect_ratio": settings.get("aspect_ratio") if kind in ("text2video", "omni-video") else None,
        "callback_url": _object(body, "options").get("callback_url"),
    }
    known = {name: value for name, value in (fields | _contents(kind, body)).items() if value is not None}
    return known | _shots(known["prompt"]) if settings.get("multi_shot") else known


def _shots(prompt: Any) -> dict[str, Any]:
    found = list(_SHOT.finditer(prompt)) if isinstance(prompt, str) else []
    if not found:
        return {}  # the model cuts the prompt itself
    shots = [{"index": n, "prompt": shot[2], "duration": shot[1]} for n, shot in enumerate(found, 1)]
    return {"prompt": "", "multi_shot": True, "shot_type": "customize", "multi_prompt": shots}


def _contents(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    listed = body.get("contents", [])
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise bad_value("contents must be a list of objects with type and text or url")
    found: dict[str, Any] = {}
    images, videos = [], []
    for item in listed:
        kind_of, url = item.get("type"), item.get("url")
        if kind_of == "prompt":
            found["prompt"] = item.get("text", "")
        elif kind == "omni-video" and kind_of in _OMNI_TYPES:
            images.append({"image_url": url, **_OMNI_TYPES[kind_of]})
        elif kind == "omni-video" and kind_of in _OMNI_VIDEOS:
            videos.append({"video_url": url, "refer_type": _OMNI_VIDEOS[kind_of]})
        elif kind != "omni-video" and kind_of in _FRAMES:
            found[_FRAMES[kind_of]] = url
        elif kind_of != "element":
            raise bad_value(f"contents.type cannot be {kind_of!r} on this route")
    return found | ({"image_list": images} if images else {}) | ({"video_list": videos} if videos else {})


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise bad_value(f"{name} must be an object")
    return value


def _described(request: Request, task: Task) -> dict[str, Any]:
    now = desk_of(request).now()
    word = task.word(now)
    data: dict[str, Any] = {
        "id": task.id,
        "status": _WORDS.get(word, word),
        "message": (task.failure or "") if word == "failed" else "",
        "create_time": int(task.created * 1000),
        "update_time": int(task.changed(now) * 1000),
        "external_id": task.external_id or "",
    }
    if word == "succeed":
        seconds = f"{Plan.from_json(task.plan).seconds:.3f}"
        film = {"type": "video", "id": task.film, "url": film_url(request, task), "watermark_url": ""}
        data |= {"outputs": [film | {"duration": seconds}], "billing": [{"charge_type": "unit", "amount": "0"}]}
    return data


async def _submit(kind: str, request: Request) -> Response:
    body = await json_object(request)
    key = _object(body, "options").get("external_task_id") or ""
    if not isinstance(key, str):
        raise bad_value("options.external_task_id must be a string")
    fields = _fields(kind, request.path_params["model"], body)
    asked = Submission(_DIALECT, kind, fields, kling.new_id(), key, take_told(request), body.get("sandbox"))
    task = await ordered(request, asked)
    return task if isinstance(task, Response) else kling.enveloped(_described(request, task))


async def _look(request: Request) -> Response:
    """Several tasks at once; those that nobody knows are left out."""
    query = request.query_params
    keys = [key for name in ("task_ids", "external_task_ids") for key in query.get(name, "").split(",") if key]
    if not 1 <= len(keys) <= _MAX_ASKED:
        raise bad_value(f"task_ids or external_task_ids must name 1 to {_MAX_ASKED} tasks, separated by commas")

    def find() -> list[Task]:
        found = []
        for key in keys:
            try:
                found.append(desk_of(request).look(_DIALECT, key))
            except RefusalError as refusal:
                if refusal.code != 1203:  # noqa: PLR2004 - "does not exist" in Kling's table of errors
                    raise
        return found

    tasks = await run_in_threadpool(find)
    return kling.enveloped([_described(request, task) for task in tasks])
