"""The bodies of the ``kling`` dialect: what each route carries, and how it is written there.

Source: kling.ai/document-api (legacy pages text2video, image2video, omni-video, motion-control,
multi-image2video) and docs.agentsflare.com/en/api-examples/kling. Unset fields are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.catalog import resolved, wire_name
from kling_nb.gateways.fields import camera_control, digits, dynamic_masks, given, on_off, picture, yes_no

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kling_nb.request import VideoRequest

_ASSUMED_SECONDS = 5  # text2video page: "duration" is "5" where nothing is said
_CATALOGUE = "kling"  # the names of models and modes are Kling's own, whoever passes them on


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        carries: The request's fields that have a place on it.
        write: Gives that part of the body which only some routes have.
    """

    carries: frozenset[str]
    write: Callable[[VideoRequest], dict[str, Any]]


def body(route: str, request: VideoRequest, *, numbered: bool) -> dict[str, Any]:
    """The body of a submit.

    Args:
        route: One of :data:`ROUTES`.
        request: What is asked for; what the route does not carry is left out.
        numbered: Lengths of shots as numbers, as AgentsFlare's page has them, instead of strings.
    """
    common = given(
        model_name=wire_name(request, _CATALOGUE),
        prompt=request.prompt,
        mode=request.mode,
        watermark_info=None if request.watermark is None else {"enabled": request.watermark},
        callback_url=request.callback,
    )
    found = common | ROUTES[route].write(request)
    return found | _shots(request, numbered=numbered) if "shots" in ROUTES[route].carries else found


def _made(request: VideoRequest) -> dict[str, Any]:
    """What text2video and image2video share."""
    return given(
        negative_prompt=request.negative,
        cfg_scale=request.cfg,
        sound=on_off(switch=request.sound),
        duration=digits(request.duration),
        camera_control=camera_control(request.camera),
        voice_list=[{"voice_id": voice} for voice in request.voice] or None,
    )


def _from_text(request: VideoRequest) -> dict[str, Any]:
    return _made(request) | given(aspect_ratio=request.aspect)


def _from_images(request: VideoRequest) -> dict[str, Any]:
    # No aspect_ratio on this route: the clip follows the picture, which was fitted before.
    return _made(request) | given(
        image=picture(request.image),
        image_tail=picture(request.tail),
        static_mask=picture(request.mask),
        dynamic_masks=dynamic_masks(request.masks),
        element_list=_elements(request),
    )


def _omni(request: VideoRequest) -> dict[str, Any]:
    # References first: <<<image_1>>> counts this list, and means the first of --images.
    frames = ((request.image, "first_frame"), (request.tail, "end_frame"))
    images = [{"image_url": picture(frame)} for frame in request.images]
    images += [{"image_url": picture(frame), "type": kind} for frame, kind in frames if frame]
    return given(
        image_list=images or None,
        video_list=video_list(request),
        element_list=_elements(request),
        sound=on_off(switch=request.sound),
        duration=digits(request.duration),
        aspect_ratio=request.aspect,
    )


def _motion(request: VideoRequest) -> dict[str, Any]:
    return given(
        # This route alone knows no default: what the price and the caption assume is said.
        mode=request.mode or resolved(request, _CATALOGUE).mode,
        image_url=picture(request.image),
        video_url=request.video.url if request.video else None,
        character_orientation=request.orientation,
        keep_original_sound=yes_no(switch=request.keep_sound),
        element_list=_elements(request),
    )


def _many_images(request: VideoRequest) -> dict[str, Any]:
    return given(
        image_list=[{"image": picture(frame)} for frame in request.images] or None,
        negative_prompt=request.negative,
        duration=digits(request.duration),
        aspect_ratio=request.aspect,
    )


def video_list(request: VideoRequest) -> list[dict[str, Any]] | None:
    """``[{video_url, refer_type?, keep_original_sound?}]`` (omni-video page)."""
    if request.video is None:
        return None
    sound = yes_no(switch=request.keep_sound)
    return [given(video_url=request.video.url, refer_type=request.refer, keep_original_sound=sound)]


def _elements(request: VideoRequest) -> list[dict[str, Any]] | None:
    # The pages call an element's id a long; one that is none travels as it was typed.
    ids = (int(name) if name.isdecimal() else name for name in request.element)
    return [{"element_id": name} for name in ids] or None


def _shots(request: VideoRequest, *, numbered: bool) -> dict[str, Any]:
    if not request.shots and not request.shot_type:
        return {}
    seconds: Callable[[int], int | str] = int if numbered else str
    shots = [
        {"index": index, "prompt": shot.prompt, "duration": seconds(shot.seconds)}
        for index, shot in enumerate(request.shots, 1)
    ]
    # The shots must add up to the length, which AgentsFlare's example leaves out where it is the assumed one.
    total = sum(shot.seconds for shot in request.shots)
    said = request.duration or (None if numbered and total == _ASSUMED_SECONDS else total or None)
    return {"multi_shot": True} | given(
        shot_type=request.shot_type or "customize", multi_prompt=shots or None, duration=digits(said)
    )


_EVERYWHERE = frozenset({"mode", "watermark", "callback", "external_id"})
_MADE = _EVERYWHERE | {"negative", "cfg", "sound", "duration", "camera", "voice", "shots", "shot_type"}

ROUTES: Mapping[str, Route] = {
    "text2video": Route(_MADE | {"aspect"}, _from_text),
    "image2video": Route(_MADE | {"image", "tail", "mask", "masks", "element"}, _from_images),
    "omni-video": Route(
        _EVERYWHERE
        | {"image", "tail", "images", "video", "refer", "keep_sound", "element"}
        | {"sound", "duration", "aspect", "shots", "shot_type"},
        _omni,
    ),
    "motion-control": Route(_EVERYWHERE | {"image", "video", "orientation", "keep_sound", "element"}, _motion),
    "multi-image2video": Route(_EVERYWHERE | {"images", "negative", "duration", "aspect"}, _many_images),
}
"""By the last part of the path."""
