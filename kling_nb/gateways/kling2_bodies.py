"""The bodies of Kling's second generation: what each route carries, and how it is written there.

Source: kling.ai/document-api/api/video, the page of each model. The model stands in the path, the body holds
``contents`` (or a bare ``prompt``), ``settings`` and ``options``. Negative prompt, CFG, camera and masks are on
no page of this generation. Unset fields are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.catalog import model, resolved
from kling_nb.catalog.findings import Finding
from kling_nb.catalog.words import FOLLOWS_VIDEO, follows_picture
from kling_nb.gateways.fields import given, picture, uncarried

if TYPE_CHECKING:
    from kling_nb.request import Frame, VideoRequest

_CATALOGUE = "kling"  # the names of models and modes are Kling's own
# kling.ai/document-api/api/assets/billing-deduction/balance: "720p=std, 1080p=pro"
_RESOLUTIONS = {"std": "720p", "pro": "1080p", "4k": "4k"}
_NAME = re.compile(r"<<<\s*((?:image|video|element|voice)_\d+)\s*>>>")
_SHOT_ENDS = ";"
_BY_ITSELF = "intelligence"


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        path: The first part of its path; the model's name is the second.
        carries: The request's fields that have a place on it.
        settings: The settings that it has besides resolution.
        material: What goes into ``contents`` besides the prompt; None for a route with a bare ``prompt``.
    """

    path: str
    carries: frozenset[str]
    settings: frozenset[str]
    material: Callable[[VideoRequest], list[dict[str, Any]]] | None


def body(route: Route, request: VideoRequest) -> dict[str, Any]:
    """The body of a submit, without our ``external_task_id``; what the route does not carry is left out."""
    words = prompt(request)
    if route.material is None:
        said: dict[str, Any] = given(prompt=words)
    else:
        opening = [{"type": "prompt", "text": words}] if words else []
        said = {"contents": opening + route.material(request)}
    settings = given(resolution=_resolution(request)) | {
        name: value for name, value in _settings(request).items() if name in route.settings
    }
    options = given(
        callback_url=request.callback,
        watermark_info=None if request.watermark is None else {"enabled": request.watermark},
    )
    return said | given(settings=settings or None, options=options or None)


def prompt(request: VideoRequest) -> str:
    """The prompt as this generation writes it: ``@image_1`` for ``<<<image_1>>>``, shots inside it.

    The pages' form for shots is ``shot 1, 2, words; shot 2, 3, words;`` (number, seconds, words).
    """
    if not request.shots:
        return _renamed(request.prompt)
    told = (
        f"shot {number}, {shot.seconds}, {_renamed(shot.prompt).replace(_SHOT_ENDS, ',')}{_SHOT_ENDS}"
        for number, shot in enumerate(request.shots, 1)
    )
    return " ".join(told)


def _renamed(words: str) -> str:
    return _NAME.sub(r"@\1", words)


def notes(request: VideoRequest, kind: str) -> tuple[Finding, ...]:
    """What the second generation has no place for, or carries differently."""
    if kind not in ROUTES:
        says = f"Kling's second generation has no {kind}: leave out --kind, or use a model named like kling-v1-6."
        return (Finding("error", "kind", says),)
    route = ROUTES[kind]
    cure = ", or use a --model named like kling-v3, which is on Kling's first generation"
    found = [*uncarried(request, route.carries | {"aspect", "duration"}, route.path, cure)]
    if request.aspect and "aspect" not in route.carries:
        found.append(Finding("note", "aspect", follows_picture(request.aspect)))
    if request.duration and "duration" not in route.carries:
        found.append(Finding("note", "duration", FOLLOWS_VIDEO))
    if "orientation" in route.carries and not request.orientation:
        says = "This model must be told whom the character faces with: add --orientation image or --orientation video."
        found.append(Finding("error", "orientation", says))
    if request.mode and request.mode not in _RESOLUTIONS:
        found.append(Finding("error", "mode", f"There is no mode {request.mode}: use --mode std, pro or 4k."))
    found += _about_sound(request, route)
    found += _about_shots(request, route)
    return tuple(found)


def _about_sound(request: VideoRequest, route: Route) -> list[Finding]:
    known = model(request.model)
    said = known is not None and any(row.audio == "always" for row in known.rows)  # by the catalogue
    if request.sound is not None and "sound" in route.carries and not _has(request, "audio") and not said:
        says = f"{request.model} has no switch for sound on Kling's second generation: --sound is not sent."
        return [Finding("warning", "sound", says)]
    if request.sound and request.video and request.keep_sound is not None:
        says = "Kling's second generation has one setting for all sound: leave out --sound or --keep-sound."
        return [Finding("error", "sound", says)]
    return []


def _about_shots(request: VideoRequest, route: Route) -> list[Finding]:
    if not route.carries & {"shots", "shot_type"}:
        return []
    if any(_SHOT_ENDS in shot.prompt for shot in request.shots):
        return [
            Finding("note", "shots", "A semicolon ends a shot on Kling's second generation: it is sent as a comma.")
        ]
    if request.shot_type == _BY_ITSELF and not _has(request, "multi_shot"):
        says = f"{request.model} has no switch for --shot-type on Kling's second generation: it is not sent."
        return [Finding("warning", "shot_type", says)]
    if request.shot_type and not request.shots and request.shot_type != _BY_ITSELF:
        says = f"Kling's second generation has no --shot-type {request.shot_type} without shots: it is not sent."
        return [Finding("warning", "shot_type", says)]
    return []


def _settings(request: VideoRequest) -> dict[str, Any]:
    added = sum(shot.seconds for shot in request.shots) or None
    told = given(
        aspect_ratio=request.aspect,
        duration=request.duration or added,  # a whole number here, a string on the first generation
        audio=_audio(request),
        multi_shot=_multi_shot(request),
        character_orientation=request.orientation,
    )
    return {name: value for name, value in told.items() if _has(request, name)}


def _has(request: VideoRequest, setting: str) -> bool:
    """Whether the model has the setting; a model that the catalogue does not know has all."""
    known = model(request.model)
    optional = setting in {"audio", "multi_shot"}
    return not (optional and known and known.generation2) or setting in known.generation2.settings


def _resolution(request: VideoRequest) -> str | None:
    # Always said: the default here is 720p, while price and caption go by the model's usual mode.
    mode = request.mode or resolved(request, _CATALOGUE).mode
    return _RESOLUTIONS.get(mode or "")


def _audio(request: VideoRequest) -> str | None:
    if request.video and request.keep_sound is not None:
        return "original" if request.keep_sound else "off"
    return None if request.sound is None else "native" if request.sound else "off"


def _multi_shot(request: VideoRequest) -> bool | None:
    if request.shots or request.shot_type == _BY_ITSELF:
        return True
    # The default here is true; a request without shots is one shot, as on the first generation. Two cases keep
    # the default: a clip that refers to a video must have true, and an unknown model may have no such switch.
    refers = request.video is not None and request.refer == "feature"
    return None if refers or model(request.model) is None else False


def _from_images(request: VideoRequest) -> list[dict[str, Any]]:
    voices = [{"type": "voice", "voice_id": voice, "id": f"voice_{n}"} for n, voice in enumerate(request.voice, 1)]
    return [*_frames(request), *_elements(request), *voices]


def _omni(request: VideoRequest) -> list[dict[str, Any]]:
    # The order of the first generation, so that <<<image_1>>> means the first of --images on both.
    pictures = [_picture("refer_image", frame) for frame in request.images] + _frames(request)
    found = [{**item, "id": f"image_{number}"} for number, item in enumerate(pictures, 1)]
    if request.video:
        use = "feature_video" if request.refer == "feature" else "base_video"
        found.append({"type": use, "url": request.video.url, "id": "video_1"})
    return found + _elements(request)


def _motion(request: VideoRequest) -> list[dict[str, Any]]:
    found = [_picture("image", request.image)] if request.image else []
    if request.video:
        found.append({"type": "video", "url": request.video.url})
    return found + _elements(request)


def _frames(request: VideoRequest) -> list[dict[str, Any]]:
    both = (("first_frame", request.image), ("last_frame", request.tail))
    return [_picture(use, frame) for use, frame in both if frame]


def _picture(use: str, frame: Frame) -> dict[str, Any]:
    return {"type": use, "url": picture(frame)}  # an address, or bare base64 under the same name


def _elements(request: VideoRequest) -> list[dict[str, Any]]:
    return [{"type": "element", "element_id": name, "id": f"element_{n}"} for n, name in enumerate(request.element, 1)]


_EVERYWHERE = frozenset({"mode", "watermark", "callback", "external_id"})
_MADE = _EVERYWHERE | {"duration", "sound", "shots", "shot_type"}

ROUTES: Mapping[str, Route] = {
    "text2video": Route(
        "text-to-video",
        _MADE | {"aspect"},
        frozenset({"aspect_ratio", "duration", "audio", "multi_shot"}),
        None,
    ),
    "image2video": Route(
        "image-to-video",
        _MADE | {"image", "tail", "element", "voice"},
        frozenset({"duration", "audio", "multi_shot"}),
        _from_images,
    ),
    "omni-video": Route(
        "omni-video",
        _MADE | {"aspect", "image", "tail", "images", "video", "refer", "keep_sound", "element"},
        frozenset({"aspect_ratio", "duration", "audio", "multi_shot"}),
        _omni,
    ),
    "motion-control": Route(
        "motion-control",
        _EVERYWHERE | {"image", "video", "orientation", "keep_sound", "element"},
        frozenset({"audio", "character_orientation"}),
        _motion,
    ),
}
"""By the kind's route on the first generation."""
