"""Rules on what goes in: text, camera, shots, the files of pictures and videos, and what excludes what.

The numbers stand in ``models.json`` under ``limits``, with their sources.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kling_nb.catalog.findings import Finding
from kling_nb.catalog.load import catalogue
from kling_nb.catalog.words import flag, join, lengths, no_place, opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.catalog.case import Case
    from kling_nb.request import Footage, Frame

_BY_HAND, _BY_ITSELF = "customize", "intelligence"  # text2video page, shot_type
_MEBI = 1024 * 1024
_INPUTS = ("image", "tail", "images", "video", "element", "orientation", "refer", "keep_sound")


def text(case: Case) -> Iterator[Finding]:
    """The prompt is there where it must be, and no text is too long."""
    request, limits = case.request, catalogue().limits
    if not request.shots and not request.prompt.strip() and case.kind in limits.prompt_required:
        yield Finding("error", "prompt", "The prompt is empty: say what the clip should show.")
    negative = request.negative or ""
    checked = [("prompt", "The prompt", request.prompt, case.prompt_max)]
    checked += [("negative", "The negative prompt", negative, limits.negative_max)]
    checked += [
        ("shots", f"The prompt of shot {number}", shot.prompt, limits.shots.prompt_max)
        for number, shot in enumerate(request.shots, 1)
    ]
    for field, what, words, most in checked:
        if over := max(0, len(words) - most):
            size = f"{len(words):,} characters long, {over:,} more than the {most:,} allowed"
            yield Finding("error", field, f"{what} is {size}: shorten it.")


def shots(case: Case) -> Iterator[Finding]:
    """Not too many shots, their lengths add up, and one side only does the cutting."""
    request, limits = case.request, catalogue().limits.shots
    if request.shots and request.shot_type == _BY_ITSELF:
        says = "With --shot-type intelligence the model cuts by itself: leave out --shots, or --shot-type."
        yield Finding("error", "shots", says)
    elif request.shots and request.prompt.strip():
        yield Finding("warning", "prompt", "The shots say everything here: the prompt is sent and may be ignored.")
    if not request.shots and request.shot_type == _BY_HAND:
        yield Finding("error", "shots", "With --shot-type customize the shots are yours to write: add --shots.")
    total = sum(shot.seconds for shot in request.shots)
    if len(request.shots) > limits.most:
        says = f"A clip has {limits.fewest} to {limits.most} shots, not {len(request.shots)}: leave some out."
        yield Finding("error", "shots", says)
    if request.shots and request.duration and total != request.duration:
        cure = f"change a shot, or use --duration {total}"
        says = f"The shots add up to {total} seconds, the clip is to have {request.duration}: {cure}."
        yield Finding("error", "shots", says)


def camera(case: Case) -> Iterator[Finding]:
    """A known camera type; a configuration only where it belongs, of one axis within range."""
    asked, limits = case.request.camera, catalogue().limits.camera
    if asked is None:
        return
    rows = case.rows(("camera_control",))
    types = next((r.camera_types for r in rows if r.camera_types), limits.types)
    if asked.type not in types:
        on = f" on {case.model.name}" if asked.type in limits.types else ""
        says = f"There is no camera type {asked.type}{on}: use --camera {join(types, 'or')}."
        yield Finding("error", "camera", says)
    elif asked.type != limits.config_type:
        if asked.config:
            says = f"Only camera type {limits.config_type} takes axes, {asked.type} does not: leave them out."
            yield Finding("error", "camera", says)
    elif unknown := sorted(set(asked.config) - set(limits.axes)):
        says = f"There is no camera axis {join(unknown, 'or')}: use {join(limits.axes, 'or')}."
        yield Finding("error", "camera", says)
    else:
        used = [axis for axis, amount in asked.config.items() if amount]
        if len(used) != limits.axes_used:
            says = f"Camera type {asked.type} moves exactly one axis, not {len(used) or 'none'}"
            yield Finding("error", "camera", f"{says}: give one of {join(limits.axes, 'or')} an amount.")
        for axis in used:
            if not limits.least <= asked.config[axis] <= limits.most:
                span = f"from {limits.least:g} to {limits.most:g}"
                says = f"The camera's {axis} is {asked.config[axis]:g}: it goes {span}."
                yield Finding("error", "camera", says)


def company(case: Case) -> Iterator[Finding]:
    """The inputs are those of the kind, and none excludes another."""
    inputs = catalogue().kinds[case.kind]
    for group in inputs.needs:
        if case.uses.isdisjoint(group):
            cure = "add one of them" if len(group) > 1 else "add it"
            says = f"{opening(case.kind)} does not work without {join(map(flag, group), 'or')}: {cure}."
            yield Finding("error", group[0], says)
    for field in _INPUTS:
        if field in case.uses and field not in inputs.takes:
            yield Finding("error", field, no_place(case.kind, field, " or --kind" if case.request.kind else ""))
    for group in catalogue().limits.exclusive:
        together = [field for field in group if field in case.uses]
        if len(together) > 1:
            names = join(map(flag, together), "and")
            yield Finding("error", together[-1], f"{names} exclude each other: use one of them.")


def frames(case: Case) -> Iterator[Finding]:
    """Each picture is of a size, shape and format that Kling takes."""
    for field, frame in case.request.frames:
        yield from _frame(field, frame)


def footage(case: Case) -> Iterator[Finding]:
    """The reference video is of a size, length and format that the kind takes."""
    video, limits = case.request.video, catalogue().limits.video.get(case.kind)
    if not video or not limits:
        return
    name = _called("video", video)
    if video.media_type and video.media_type not in limits.formats:
        says = f"{name} is {video.media_type}: use {_formats(limits.formats)}."
        yield Finding("error", "video", says)
    if video.size and video.size > limits.max_bytes:
        says = f"{name} has {_mebi(video.size)}: at most {_mebi(limits.max_bytes)} are allowed."
        yield Finding("error", "video", says)
    asked = case.request.orientation or ""
    allowed = limits.oriented.get(asked, limits.seconds)
    if video.seconds and not allowed[0] <= video.seconds <= allowed[-1]:
        facing = f" with --orientation {asked}" if asked in limits.oriented else ""
        says = f"{name} is {video.seconds:g} seconds long: {case.kind} takes {lengths(allowed)}{facing}."
        yield Finding("error", "video", says)
    if video.width and video.height:
        sides = sorted((video.width, video.height))
        if sides[0] < limits.min_side or sides[1] > limits.max_side:
            span = f"each side must have {limits.min_side} to {limits.max_side}"
            says = f"{name} has {video.width} x {video.height} pixels: {span}."
            yield Finding("error", "video", says)


def _frame(field: str, frame: Frame) -> Iterator[Finding]:
    limits, name = catalogue().limits.image, _called(field, frame)
    if frame.media_type and frame.media_type not in limits.formats:
        says = f"{name} is {frame.media_type}: use {_formats(limits.formats)}."
        yield Finding("error", field, says)
    if frame.size and frame.size > limits.max_bytes:
        says = f"{name} has {_mebi(frame.size)}: at most {_mebi(limits.max_bytes)} are allowed."
        yield Finding("error", field, says)
    if frame.width and frame.height:
        short, long = sorted((frame.width, frame.height))
        pixels = f"{frame.width} x {frame.height} pixels"
        if short < limits.min_side:
            says = f"{name} has {pixels}: each side must have at least {limits.min_side}."
            yield Finding("error", field, says)
        if long > limits.max_ratio * short:
            span = f"the longer side may be at most {limits.max_ratio:g} times the shorter"
            yield Finding("error", field, f"{name} has {pixels}: {span}.")


def _called(field: str, source: Frame | Footage) -> str:
    return f"--{field} {source.name}".strip()


def _formats(media_types: tuple[str, ...]) -> str:
    return join((t.partition("/")[2] for t in media_types), "or")


def _mebi(size: int) -> str:
    """The size in MB, rounded up so that what is too large never reads like the limit."""
    return f"{math.ceil(size / _MEBI * 10) / 10:g} MB"


INPUTS = (text, shots, camera, company, frames, footage)
"""The rules in the order in which a person reads their findings."""
