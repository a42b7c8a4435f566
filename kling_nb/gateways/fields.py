"""What the bodies of all dialects are made with: set fields, frames, raw fields laid over, and limits shared."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kling_nb.catalog.findings import Finding
from kling_nb.catalog.words import HARMLESS, OF_A_VIDEO, flag, no_place, no_video
from kling_nb.errors import InputError, RequestError
from kling_nb.wire import Inline

if TYPE_CHECKING:
    from kling_nb.request import Brush, Camera, Frame, VideoRequest

_ALWAYS = frozenset({"prompt", "model", "kind", "take", "extra"})
_FILES = frozenset({"image", "tail", "images", "mask", "masks", "video"})


def given(**fields: Any) -> dict[str, Any]:
    """The fields that were set: neither None nor an empty string."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def overlay(body: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` with ``extra`` laid over it; objects merge, everything else is replaced."""
    merged = dict(body)
    for name, value in extra.items():
        below = merged.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[name] = overlay(below, value) if both else value  # type: ignore[arg-type]
    return merged


def on_off(*, switch: bool | None) -> str | None:
    """Kling's switches are words."""
    return None if switch is None else "on" if switch else "off"


def yes_no(*, switch: bool | None) -> str | None:
    """Its switches for the sound of a video are other words (omni-video and motion-control pages)."""
    return None if switch is None else "yes" if switch else "no"


def digits(seconds: int | None) -> str | None:
    """Kling's legacy durations travel as strings (kling.ai/document-api, text2video page)."""
    return None if seconds is None else str(seconds)


def camera_control(camera: Camera | None) -> dict[str, Any] | None:
    """``{"type", "config"?}``; whole amounts as whole numbers."""
    if camera is None:
        return None
    config = {axis: int(amount) if amount.is_integer() else amount for axis, amount in camera.config.items()}
    return {"type": camera.type} | ({"config": config} if config else {})


def picture(frame: Frame | None) -> str | Inline | None:
    """A frame's URL, or the place that the engine fills with its base64 (bare, no ``data:`` prefix)."""
    if frame is None:
        return None
    return frame.url or Inline(frame.sha256 or "", frame.size or 0, frame.name)


def dynamic_masks(brushes: Iterable[Brush]) -> list[dict[str, Any]] | None:
    """``[{"mask", "trajectories": [{"x", "y"}]}]`` (kling.ai/document-api, image2video page)."""
    found = [
        {"mask": picture(brush.mask), "trajectories": [{"x": x, "y": y} for x, y in brush.path]} for brush in brushes
    ]
    return found or None


def asked_for(request: VideoRequest) -> tuple[str, ...]:
    """The request's fields that were set and that a body may have no place for, in their order."""
    return tuple(name for name, unset in _unset(type(request)) if getattr(request, name) != unset)


@functools.cache
def _unset(kind: type[VideoRequest]) -> tuple[tuple[str, Any], ...]:
    """What each field is as long as nobody sets it."""
    fields = {name: field for name, field in kind.model_fields.items() if name not in _ALWAYS}
    return tuple((name, field.get_default(call_default_factory=True)) for name, field in fields.items())


def uncarried(
    request: VideoRequest, carries: frozenset[str], subject: str, cure: str = ", or choose another --gateway"
) -> tuple[Finding, ...]:
    """One finding for each field that was set and is not in ``carries``, so that none is dropped in silence.

    Args:
        request: What is asked for.
        carries: The request's fields that the body has a place for, or that the codec speaks of itself.
        subject: Who cannot take the field: a gateway's label or a kind.
        cure: What else can be done besides leaving it out.
    """
    lonely = tuple(
        Finding("error", name, no_video(name))
        for name in asked_for(request)
        if name in carries and name in OF_A_VIDEO and not request.video
    )
    return lonely + tuple(
        Finding("warning", name, f"{subject} does not take {flag(name)}: it is not sent.")
        if name in HARMLESS or (name == "sound" and not request.sound)
        else Finding("error", name, no_place(subject, name, cure))
        for name in asked_for(request)
        if name not in carries
    )


def only_links(request: VideoRequest, label: str) -> tuple[Finding, ...]:
    """Errors for local pictures at a gateway that fetches pictures itself."""
    local = dict.fromkeys(name for name, frame in request.frames if not frame.url)
    return tuple(
        Finding(
            "error",
            name,
            f"{label} fetches pictures itself and fails on files: put the picture at a public https "
            f"address and type {flag(name)} https://…, or choose another --gateway.",
        )
        for name in local
    )


def stop_on_error(findings: Iterable[Finding]) -> None:
    """Refuse what cannot be carried, before anything is sent.

    Raises:
        InputError: It is about a picture or a video.
        RequestError: It is about anything else.
    """
    for finding in findings:
        if finding.level == "error":
            raise (InputError if finding.field in _FILES else RequestError)(finding.sentence)
