"""The body of a submit, read and checked: what Kling's pages rule out is refused here too.

Kling's legacy fields, from kling.ai/document-api (pages text2video, image2video, omni-video,
motion-control, multi-image2video). Unknown keys are ignored, as the real gateway does: a
misspelt ``model`` instead of ``model_name`` really costs a clip of the oldest model there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.sandbox.pictures import Picture, read_picture
from kling_nb.sandbox.refusal import RefusalError, bad_value

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ROUTES = ("text2video", "image2video", "omni-video", "motion-control", "multi-image2video")

_DEFAULT_MODEL = {
    "omni-video": "kling-video-o1",
    "motion-control": "kling-v2-6",
    "multi-image2video": "kling-v1-6",
}
_ASPECTS = ("16:9", "9:16", "1:1")
_CAMERAS = ("simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward")
_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
_MAX_PROMPT = 2500
_MAX_SHOT_PROMPT = 512
_MAX_SHOTS = 6
_MAX_IMAGES = {"multi-image2video": 4, "omni-video": 7}
_MAX_AMOUNT = 10  # of a camera axis, either way
_OLD = re.compile(r"kling-v[12](-|$)")


@dataclass(frozen=True, slots=True)
class Order:
    """One clip, in the sandbox's own words.

    Attributes:
        mode: ``std``, ``pro`` or ``4k``; empty for models that have no modes.
        aspect: Width by height, for example ``16:9``; empty where the picture decides.
        seconds: Length of the clip.
        shots: Prompt and seconds of each beat; empty for a clip in one.
        remarks: What the slate should say besides, such as ``camera zoom``.
    """

    route: str
    model: str
    mode: str
    aspect: str
    seconds: int
    prompt: str
    negative: str = ""
    sound: bool = False
    first: Picture | None = None
    last: Picture | None = None
    shots: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()


def read_order(route: str, raw: Mapping[str, Any]) -> Order:
    """Read and check a body for one of the :data:`ROUTES`.

    Raises:
        RefusalError: 1201 for a value that is not allowed, 1203 for a name that is no Kling model.
    """
    body = {name: value for name, value in raw.items() if value is not None and value != ""}
    model = _text(body, "model_name", 64) or _DEFAULT_MODEL.get(route, "kling-v1")
    if not re.fullmatch(r"kling-[a-z0-9.-]+", model):
        raise RefusalError(1203, f"model {model!r} does not exist; its name looks like kling-v2-6")
    shots = _shots(body)
    prompt = _text(body, "prompt", _MAX_PROMPT)
    if not prompt.strip() and not shots and route not in ("image2video", "motion-control"):
        raise bad_value("prompt must not be empty")
    first, last, references = _frames(route, body)
    _check_camera(body, last)
    if "cfg_scale" in body and not (_is_number(body["cfg_scale"]) and 0 <= body["cfg_scale"] <= 1):
        raise bad_value("cfg_scale must be a number from 0 to 1")
    return Order(
        route=route,
        model=model,
        mode=_mode(route, model, body),
        aspect=_aspect(route, body, first or last),
        seconds=_seconds(model, body, shots),
        prompt=prompt,
        negative=_text(body, "negative_prompt", _MAX_PROMPT),
        sound=_choice(body, "sound", ("on", "off"), "off") == "on",
        first=first,
        last=last,
        shots=shots,
        remarks=_remarks(body, first, last, references),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(body: Mapping[str, Any], name: str, limit: int) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise bad_value(f"{name} must be a string")
    if len(value) > limit:
        raise bad_value(f"{name} has {len(value)} characters; at most {limit} are allowed")
    return value


def _choice(body: Mapping[str, Any], name: str, allowed: Collection[str], default: str) -> str:
    value = body.get(name, default)
    if value not in allowed and value != default:
        raise bad_value(f"{name} cannot be {value!r}; allowed: {', '.join(allowed)}")
    return str(value)


def _mode(route: str, model: str, body: Mapping[str, Any]) -> str:
    if route == "motion-control" and "mode" not in body:
        raise bad_value("mode is needed for motion-control: std or pro")
    default = "" if model.endswith("-master") else "pro" if route == "omni-video" else "std"
    return _choice(body, "mode", ("std", "pro") if _OLD.match(model) else ("std", "pro", "4k"), default)


def _aspect(route: str, body: Mapping[str, Any], picture: Picture | None) -> str:
    asked = _choice(body, "aspect_ratio", _ASPECTS, "")
    follows = route in ("image2video", "motion-control") or not asked
    return "" if follows and picture and picture.width else asked or "16:9"


def _allowed_seconds(model: str) -> Collection[int]:
    if _OLD.match(model):
        return (5, 10)
    if model == "kling-video-o1":
        return range(3, 11)
    return range(3, 16)


def _seconds(model: str, body: Mapping[str, Any], shots: tuple[tuple[str, int], ...]) -> int:
    total = sum(seconds for _, seconds in shots)
    value = body.get("duration", str(total or 5))
    if not isinstance(value, str):
        raise bad_value(f'duration must be a string such as "5", not {value!r}')
    allowed = _allowed_seconds(model)
    if not re.fullmatch(r"\d{1,2}", value) or int(value) not in allowed:
        raise bad_value(f"duration cannot be {value!r} on {model}; allowed: {', '.join(map(str, allowed))}")
    if shots and total != int(value):
        raise bad_value(f"the shots last {total} s together, but duration is {value}")
    return int(value)


def _shots(body: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    kind = _choice(body, "shot_type", ("customize", "intelligence"), "customize")
    if not body.get("multi_shot") or kind != "customize":
        return ()
    asked = body.get("multi_prompt")
    if not isinstance(asked, list) or not 1 <= len(asked) <= _MAX_SHOTS:
        raise bad_value(f"multi_prompt must be a list of 1 to {_MAX_SHOTS} shots")
    return tuple(_shot(shot) for shot in asked)


def _shot(shot: Any) -> tuple[str, int]:
    if not isinstance(shot, dict):
        raise bad_value("each shot of multi_prompt must be an object with index, prompt and duration")
    seconds = str(shot.get("duration", ""))  # a string on Kling's pages, a number on AgentsFlare's
    if not re.fullmatch(r"[1-9]\d?", seconds):
        raise bad_value(f"a shot's duration cannot be {seconds!r}; whole seconds from 1 are allowed")
    return _text(shot, "prompt", _MAX_SHOT_PROMPT), int(seconds)


def _frames(route: str, body: Mapping[str, Any]) -> tuple[Picture | None, Picture | None, int]:
    """First frame, last frame, and how many reference images there are besides."""
    if route == "image2video":
        if not ("image" in body or "image_tail" in body):
            raise bad_value("image2video needs image or image_tail")
        return _picture(body, "image"), _picture(body, "image_tail"), 0
    if route == "motion-control":
        for name in ("image_url", "video_url"):
            if name not in body:
                raise bad_value(f"motion-control needs {name}")
        return _picture(body, "image_url"), None, 0
    if route == "multi-image2video":
        pictures = [picture for _, picture in _image_list(route, body)]
        if not pictures:
            raise bad_value("multi-image2video needs image_list with 1 to 4 images")
        return pictures[0], pictures[-1] if len(pictures) > 1 else None, len(pictures) - 2
    if route == "omni-video":
        listed = _image_list(route, body)
        placed = dict(listed)
        if "end_frame" in placed and "first_frame" not in placed:
            raise bad_value("an end_frame needs a first_frame")
        references = sum(kind not in ("first_frame", "end_frame") for kind, _ in listed)
        return placed.get("first_frame"), placed.get("end_frame"), references
    return None, None, 0


def _picture(body: Mapping[str, Any], name: str) -> Picture | None:
    return read_picture(name, body[name]) if name in body else None


def _image_list(route: str, body: Mapping[str, Any]) -> list[tuple[str, Picture]]:
    key = "image" if route == "multi-image2video" else "image_url"
    items = body.get("image_list", [])
    if not isinstance(items, list) or len(items) > _MAX_IMAGES[route]:
        raise bad_value(f"image_list must be a list of at most {_MAX_IMAGES[route]} images")
    if not all(isinstance(item, dict) and key in item for item in items):
        raise bad_value(f"each item of image_list must be an object with {key}")
    return [(str(item.get("type", "")), read_picture(f"image_list.{key}", item[key])) for item in items]


def _check_camera(body: Mapping[str, Any], last: Picture | None) -> None:
    camera = body.get("camera_control")
    if camera is None:
        return
    if last:
        raise bad_value("image_tail and camera_control exclude each other")
    if not isinstance(camera, dict) or camera.get("type") not in _CAMERAS:
        raise bad_value(f"camera_control.type must be one of {', '.join(_CAMERAS)}")
    config = camera.get("config")
    if camera["type"] != "simple":
        if config:
            raise bad_value("camera_control.config is for type simple only")
        return
    amounts = config if isinstance(config, dict) else {}
    moved = [axis for axis, amount in amounts.items() if amount]
    if len(moved) != 1 or moved[0] not in _AXES:
        raise bad_value(f"camera_control.config must move exactly one of {', '.join(_AXES)}")
    amount = amounts[moved[0]]
    if not _is_number(amount) or abs(amount) > _MAX_AMOUNT:
        raise bad_value("camera_control.config amounts go from -10 to 10")


def _remarks(body: Mapping[str, Any], first: Picture | None, last: Picture | None, references: int) -> tuple[str, ...]:
    remarks = []
    if any(picture and picture.data is None for picture in (first, last)):
        remarks.append("image by URL")
    if references > 0:
        remarks.append(f"{references} more image{'s' if references > 1 else ''}")
    if body.get("video_list") or body.get("video_url"):
        remarks.append("with a video")
    if camera := body.get("camera_control"):
        axes = [axis for axis, amount in (camera.get("config") or {}).items() if amount]
        remarks.append(f"camera {axes[0] if axes else camera['type']}")
    return tuple(remarks)
