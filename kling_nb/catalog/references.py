"""Rules on material that a prompt refers to: pictures, videos, elements, voices, masks.

The numbers stand in ``models.json`` under ``limits`` and beside each model, with their sources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kling_nb.catalog.case import OMNI
from kling_nb.catalog.findings import Finding
from kling_nb.catalog.load import catalogue
from kling_nb.catalog.offers import route_of
from kling_nb.catalog.words import OF_A_VIDEO, flag, join, no_video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.catalog.case import Case
    from kling_nb.request import Brush, Frame

_NAME = re.compile(r"<<<\s*([^<>\n]{1,40}?)\s*>>>")  # omni-video page: <<<image_1>>>, <<<element_1>>>, <<<video_1>>>
_LISTS = {"image": "image_list", "video": "video_list", "element": "element_list", "voice": "voice_list"}
_ADD = {"image": "--images", "video": "--video", "element": "--element", "voice": "--voice"}


def names(case: Case) -> Iterator[Finding]:
    """Every ``<<<image_1>>>`` in a prompt names something that goes in."""
    request = case.request
    there = [f"<<<{kind}_{number}>>>" for kind, many in _counts(case).items() for number in range(1, many + 1)]
    texts = [("prompt", "The prompt", request.prompt)]
    texts += [("shots", f"Shot {number}", shot.prompt) for number, shot in enumerate(request.shots, 1)]
    for field, what, words in texts:
        for name in dict.fromkeys(_NAME.findall(words)):
            if f"<<<{name}>>>" in there:
                continue
            option = _ADD.get(name.partition("_")[0])
            cure = f"it can name {join(there, 'or')}" if there else "nothing goes in that it could name"
            add = f", or add to {option}" if option and there else f": add {option}" if option else ""
            yield Finding("error", field, f"{what} names <<<{name}>>>, which does not exist: {cure}{add}.")


def counts(case: Case) -> Iterator[Finding]:
    """Not more reference pictures and elements than go together."""
    request, limits = case.request, case.model.references
    frames = bool(request.image) + bool(request.tail)
    pictures = len(request.images) + (frames if request.images or request.element or request.video else 0)
    count = pictures + len(request.element)
    if limits and count:
        with_video = request.video is not None and limits.most_with_video is not None
        most = limits.most_with_video if with_video and limits.most_with_video else limits.most
        if count > most:
            beside = " beside a video" if with_video else ""
            says = f"{case.model.name} takes at most {most} pictures and elements{beside}, not {count}"
            yield Finding("error", "images" if request.images else "element", f"{says}: leave some out.")
        if request.tail and limits.no_tail_above is not None and pictures > limits.no_tail_above:
            says = f"{case.model.name} takes no last frame where there are more than {limits.no_tail_above} pictures"
            yield Finding("error", "tail", f"{says}: leave out --tail or some of --images.")
    most_elements = [r.elements_max for rows in case.groups for r in rows if r.elements_max is not None]
    if most_elements and len(request.element) > min(most_elements):
        most = min(most_elements)
        some = f"at most {most} element{'s' if most > 1 else ''} here, not {len(request.element)}: leave some out"
        none = f"no elements for {case.kind}: leave out --element"
        says = f"{case.model.name} takes {some if most else none}."
        yield Finding("error", "element", says)


def video(case: Case) -> Iterator[Finding]:
    """What a reference video is for, and what goes with that."""
    request = case.request
    if not request.video:
        for field in OF_A_VIDEO:
            if field in case.uses and case.kind == OMNI:
                yield Finding("error", field, no_video(field))
        return
    if case.edits:
        for field in ("image", "tail"):
            if field in case.uses:
                # omni-video page: an edit has the video's own frames
                says = f"A video that is edited takes no {flag(field)}: use --images, or --refer feature"
                yield Finding("error", field, f"{says} to make a new clip.")
        if request.refer is None:
            says = "Without --refer the video itself is edited; --refer feature makes a new clip that refers to it."
            yield Finding("note", "refer", says)


def voices(case: Case) -> Iterator[Finding]:
    """Not more voices than a clip takes."""
    most, count = catalogue().limits.voices, _counts(case)["voice"]
    if count > most:
        yield Finding("error", "voices", f"A clip has at most {most} voices, not {count}: leave some out.")


def masks(case: Case) -> Iterator[Finding]:
    """Each mask fits the first frame; paths are neither too many nor too long."""
    request, limits = case.request, catalogue().limits.masks
    if (request.mask or request.masks) and not request.image:
        yield Finding("error", "masks", "Masks say what moves in the first frame: add --image.")
    if len(request.masks) > limits.groups:
        says = f"A clip has at most {limits.groups} moving masks, not {len(request.masks)}: leave some out."
        yield Finding("error", "masks", says)
    for number, brush in enumerate(request.masks, 1):
        yield from _path(number, brush)
    drawn = [("--mask", request.mask), *((f"Mask {n}", b.mask) for n, b in enumerate(request.masks, 1))]
    for what, mask in drawn:
        size, wanted = _size(mask), _size(request.image)
        if size and wanted and size != wanted:
            says = f"{what} has {size} pixels, the first frame {wanted}: make them the same size."
            yield Finding("error", "masks", says)


def _path(number: int, brush: Brush) -> Iterator[Finding]:
    limits = catalogue().limits.masks
    if not limits.fewest <= len(brush.path) <= limits.most:
        says = f"The path of mask {number} has {limits.fewest} to {limits.most} points, not {len(brush.path)}"
        yield Finding(
            "error", "masks", f"{says}: draw it with {'more' if len(brush.path) < limits.fewest else 'fewer'}."
        )


def _size(frame: Frame | None) -> str:
    """``1280 x 720``; empty where it is not known."""
    return f"{frame.width} x {frame.height}" if frame and frame.width and frame.height else ""


def _counts(case: Case) -> dict[str, int]:
    """How many of each a prompt can name, given by options or raw."""
    request = case.request
    pictures = len(request.images) + bool(request.image) + bool(request.tail)
    given = {
        "image": pictures if route_of(case) == OMNI else 0,
        "video": int(request.video is not None) if route_of(case) == OMNI else 0,
        "element": len(request.element),
        "voice": len(request.voice),
    }
    raw = {kind: request.extra.get(name) for kind, name in _LISTS.items()}
    return {kind: len(r) if isinstance(r := raw[kind], list) else many for kind, many in given.items()}


REFERENCES = (names, counts, video, voices, masks)
"""The rules in the order in which a person reads their findings."""
