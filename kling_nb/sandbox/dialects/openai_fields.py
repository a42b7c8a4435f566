"""Fields of an OpenAI-style video request, put into Kling's own.

Sources as in ``openai_video``. Most models take ``size`` as the aspect ratio and Kling's fields in ``metadata``;
``kling-v3-omni-video`` has a closed schema in which neither exists. Pictures must be addresses: ImaRouter accepts
anything else, and the task then fails.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.sandbox.refusal import bad_value

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOSED = "kling-v3-omni-video"
_CLOSED_FIELDS = frozenset(
    {"model", "prompt", "duration", "aspect_ratio", "mode", "sound", "image", "images", "image_list"}
    | {"video_url", "video_list"}
)
_DEFAULT_MODEL = "kling-v1"  # new-api, relay/channel/task/kling/adaptor.go
_OMNI = "kling-video-o1"
_PIXELS = re.compile(r"(\d{2,5})x(\d{2,5})")
_WEB = ("http://", "https://")
_UNFETCHED = "https://unfetched.invalid/"
_DOOM = "wget download failed: fork/exec /usr/bin/wget: argument list too long"  # what ImaRouter's task says


@dataclass(frozen=True, slots=True)
class Wish:
    """A request as it was read.

    Attributes:
        route: Kling's kind.
        fields: Kling's legacy fields.
        model: As it was asked for; likewise ``size``, which may be empty.
        mischief: The ``sandbox`` object, unread.
        doom: Why the task will fail; empty if nothing speaks against it.
    """

    route: str
    fields: Mapping[str, Any]
    model: str
    size: str
    mischief: Any
    doom: str


def read(body: Mapping[str, Any]) -> Wish:
    """Read the body of ``POST /v1/videos``, JSON or form.

    Raises:
        RefusalError: 1201 for what the pages rule out.
    """
    given = {name: value for name, value in body.items() if value is not None and value != ""}
    mischief = given.pop("sandbox", None)
    if isinstance(mischief, str):
        mischief = _parsed("sandbox", mischief)
    model = given.get("model", _DEFAULT_MODEL)
    if not isinstance(model, str):
        raise bad_value("model must be a string")
    if not given.get("prompt"):
        raise bad_value("prompt is required")
    write = _closed if model == _CLOSED else _open
    route, fields = write(model, given)
    doom = _DOOM if _UNFETCHED in json.dumps(fields) else ""
    return Wish(route, fields, model, str(given.get("size", "")), mischief, doom)


def _open(model: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    extra = given.get("metadata", {})
    if isinstance(extra, str):
        extra = _parsed("metadata", extra)
    if not isinstance(extra, dict):
        raise bad_value("metadata must be an object")
    fields = {
        "model_name": model,
        "prompt": given["prompt"],
        "duration": _seconds(given.get("duration", given.get("seconds"))),
        "aspect_ratio": _aspect(given.get("size")),
        **extra,
        "image": _reference(given) or _address(given.get("image")),
        "image_tail": _address(extra.get("image_tail")),
    }
    if model.endswith("-master"):
        fields.pop("mode", None)  # ImaRouter's page: the two master models make no difference between modes
    fields = {name: value for name, value in fields.items() if value is not None}
    first, last = fields.get("image"), fields.get("image_tail")
    if model == _OMNI:
        fields = {name: value for name, value in fields.items() if name not in ("image", "image_tail")}
        frames = [{"image_url": first, "type": "first_frame"}] if first else []
        frames += [{"image_url": last, "type": "end_frame"}] if last else []
        return "omni-video", fields | ({"image_list": frames} if frames else {})
    if not (first or last):
        return "text2video", fields
    fields.pop("aspect_ratio", None)  # the picture decides, as on Kling's own route
    return "image2video", fields


def _closed(model: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if unknown := sorted(given.keys() - _CLOSED_FIELDS):
        raise bad_value(f"{model} does not know {', '.join(unknown)}; it has {', '.join(sorted(_CLOSED_FIELDS))}")
    if len(given.keys() & {"image", "images", "image_list"}) > 1 or {"video_url", "video_list"} <= given.keys():
        raise bad_value("give one of image, images and image_list, and one of video_url and video_list")
    images = given.get("image_list")
    if "image" in given:
        images = [{"image_url": given["image"], "type": "first_frame"}]
    if "images" in given:
        images = [{"image_url": url} for url in given["images"]] if isinstance(given["images"], list) else [{}]
    if isinstance(images, list):
        images = [{**item, "image_url": _address(item.get("image_url"))} for item in images if isinstance(item, dict)]
    videos = [{"video_url": given["video_url"]}] if "video_url" in given else given.get("video_list")
    fields = {
        "model_name": "kling-v3-omni",
        "prompt": given["prompt"],
        "duration": _seconds(given.get("duration")),
        "aspect_ratio": given.get("aspect_ratio"),
        "mode": given.get("mode", "std"),
        "sound": given.get("sound"),
        "image_list": images,
        "video_list": videos,
    }
    return "omni-video", {name: value for name, value in fields.items() if value is not None}


def _seconds(value: Any) -> Any:
    """A number here and a string at Kling; forms and the openai package send ``seconds`` as a string here too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _aspect(size: Any) -> Any:
    """ImaRouter's page: ``size`` is the aspect ratio. The openai package sends pixels."""
    pixels = _PIXELS.fullmatch(size) if isinstance(size, str) else None
    if pixels is None:
        return size
    width, height = map(int, pixels.groups())
    return "16:9" if width > height else "9:16" if width < height else "1:1"


def _reference(given: Mapping[str, Any]) -> str | None:
    """The openai package's picture: a file of the form, or an address below ``image_url``."""
    told = given.get("input_reference", given.get("input_reference[image_url]"))
    if isinstance(told, dict):
        told = told.get("image_url")
    if isinstance(told, bytes):
        return base64.b64encode(told).decode("ascii")
    if isinstance(told, str) and told.startswith("data:"):
        return told.partition(",")[2]
    return told if isinstance(told, str) else None


def _address(picture: Any) -> Any:
    """An address as it is; for anything else one that stands for it and that nobody can fetch."""
    if not isinstance(picture, str) or picture.lower().startswith(_WEB):
        return picture
    return _UNFETCHED + hashlib.sha256(picture.encode()).hexdigest()


def _parsed(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise bad_value(f"{name} is not JSON") from None
