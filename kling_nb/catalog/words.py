"""How the catalogue speaks: lists, lengths and options as a person reads and types them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FLAGS = {"mask": "--mask", "masks": "--mask/--masks", "voices": "--voice", "prompt": "the prompt"}
"""Fields that are not typed as ``--field``; ``masks`` and ``voices`` stand for all ways to give them."""

HARMLESS = frozenset({"watermark", "callback", "external_id"})
"""Fields without which the clip is the same."""

OF_A_VIDEO = ("refer", "keep_sound")
"""Fields that say how a reference video is used."""

FEATURES = {
    "start_end_frame": "a last frame",
    "end_frame_only": "a last frame without a first one",
    "multi_shot": "several shots",
    "camera_control": "camera control",
    "motion_brush": "masks",
    "elements": "elements",
    "voice_control": "voices",
    "image_reference": "reference pictures",
    "video_reference_feature": "a reference video",
    "video_edit_base": "a video to edit",
}
"""The catalogue's features, after the word "with"."""

_FEW = 3


def flag(field: str) -> str:
    """The option that sets a field."""
    return FLAGS.get(field, f"--{field.replace('_', '-')}")


def no_place(subject: str, field: str, cure: str = "") -> str:
    """The sentence for a field that cannot be sent and without which the clip would be another."""
    return f"{opening(subject)} does not take {flag(field)}: leave out {flag(field)}{cure}."


def no_video(field: str) -> str:
    """The sentence for a field about a reference video that is not there."""
    return f"{flag(field)} is about a reference video: add --video."


def follows_picture(aspect: str) -> str:
    """The sentence for an aspect ratio that a picture gives."""
    return f"The clip follows the picture: --aspect {aspect} has no effect."


FOLLOWS_VIDEO = "The clip will be as long as the reference video: --duration has no effect."
"""The sentence for a length that the reference video gives."""


def join(words: Iterable[object], last: str) -> str:
    """``a, b or c`` with ``or`` as the last word; any length, empty too."""
    items = [str(w) for w in words]
    return f" {last} ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def opening(text: str) -> str:
    """The text with a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def lengths(seconds: Sequence[int]) -> str:
    """``5 or 10 seconds``, ``3 to 15 seconds``."""
    if len(seconds) > _FEW and seconds[-1] - seconds[0] == len(seconds) - 1:
        return f"{seconds[0]} to {seconds[-1]} seconds"
    return f"{join(seconds, 'or')} second{'s' if tuple(seconds) != (1,) else ''}"


def use(option: str, values: Sequence[object]) -> str:
    """``use --mode std or --mode pro``."""
    return f"use {join((f'{option} {v}' for v in values), 'or')}"


def use_length(seconds: Sequence[int], wanted: int) -> str:
    """What to type for a length: every one of a few, else the nearest."""
    few = seconds if len(seconds) <= _FEW else [min(seconds, key=lambda s: abs(s - wanted))]
    return use("--duration", few)
