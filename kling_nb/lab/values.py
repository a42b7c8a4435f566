"""What people write for an option, read as plain values: numbers, switches, shots, cameras, masks, videos.

Text from a cell and objects from Python come through the same door. Every complaint names the option.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from kling_nb.cell.parse import read_shots
from kling_nb.errors import InputError, OptionError
from kling_nb.media import frame_at
from kling_nb.request import CAMERA_AXES, KINDS, Brush, Camera, Footage, Frame, Orientation, Refer, Shot, ShotType

_ON = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}
_AMOUNT = re.compile(r"(?:(\w+)\s*:)?\s*(\w+)\s*=\s*([-+]?\d+(?:\.\d+)?)")
_WORDS: Mapping[str, tuple[str, ...]] = {
    "kind": KINDS,
    "orientation": get_args(Orientation),
    "refer": get_args(Refer),
    "shot_type": get_args(ShotType),
}
_WEB = ("http://", "https://")
_MASKS = (
    '--masks takes a list such as [{"mask": "tail.png", "trajectories": [{"x": 10, "y": 20}, {"x": 60, "y": 20}]}], '
    "as JSON, as the path of a .json file or as a variable"
)
_FILE_CAP = 1_000_000

OpenFrame = Callable[[Any, str], Frame]
"""Opens a picture for an option (second argument, for sentences)."""


def several(value: Any) -> list[Any]:
    """A comma list, a sequence or one value, as a list."""
    if value is None:
        return []
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def whole(value: Any, option: str) -> int | None:
    """A whole number; ``5s`` counts as 5."""
    if value is None:
        return None
    text = str(value).strip().removesuffix("s")
    if isinstance(value, bool) or not text.isdecimal():
        raise OptionError(f"{option} is a whole number, not {value!r}.")
    return int(text)


def number(value: Any, option: str) -> float | None:
    """A number."""
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{option} is a number, not {value!r}.") from None


def switch(value: Any, option: str) -> bool | None:
    """``on`` or ``off``, True or False."""
    if value is None or isinstance(value, bool):
        return value
    if str(value).lower() in _ON:
        return _ON[str(value).lower()]
    raise OptionError(f"{option} is on or off, not {value!r}.")


def word(value: Any, name: str) -> str | None:
    """One of the words that the option ``name`` knows."""
    if value is None:
        return None
    text = str(value).strip().lower()
    if text not in _WORDS[name]:
        raise OptionError(f"--{name.replace('_', '-')} is one of {', '.join(_WORDS[name])}, not {value!r}.")
    return text


def still(value: Any) -> Any:
    """A finished clip used as an image means its last frame, where the next clip begins."""
    path = _clip_path(value)
    return value if path is None else frame_at(path, 1.0)


def footage(value: Any) -> Footage:
    """A reference video: an address, or ``{"url": …, "seconds": …}`` where its length is known.

    Raises:
        InputError: A file or a finished clip: no gateway takes those.
        OptionError: More than one, or nothing that could be a video.
    """
    if isinstance(value, Footage):
        return value
    if isinstance(value, Mapping):
        seconds = number(value.get("seconds"), "--video")
        if seconds is not None and not 0 < seconds < math.inf:
            raise OptionError(f"--video: a length of {seconds:g} seconds cannot be; leave it out if it is not known.")
        return footage(value.get("url")).model_copy(update={"seconds": seconds})
    listed = list(value) if isinstance(value, list | tuple) else re.split(r",(?=https?://)", str(value).strip())
    if len(listed) != 1:
        raise OptionError(f"--video takes one reference video, not {len(listed)}: leave all but one out.")
    path = _clip_path(listed[0])
    text = str(path or listed[0]).strip()
    if not text.startswith(_WEB):
        raise InputError(
            f"--video {Path(text).name[:80]} is on this machine, and gateways fetch reference videos themselves: "
            "put it at a public https address and type --video https://…"
        )
    return Footage(url=text, name=text.rsplit("/", 1)[-1][:80])


def shot(value: Any) -> Shot:
    """A :class:`Shot`, a mapping of its fields, or a pair of prompt and seconds."""
    if isinstance(value, Shot):
        return value
    if isinstance(value, str):
        (value,) = read_shots(value.replace("\n", " ")) or ({},)
    if isinstance(value, Mapping):
        prompt, seconds = value.get("prompt", ""), value.get("seconds")
    elif isinstance(value, tuple | list) and len(value) == 2:  # noqa: PLR2004 - a pair
        prompt, seconds = value
    else:
        raise OptionError(f"A shot is a text '[2s] what happens', or a pair of text and seconds, not {value!r}.")
    length = whole(seconds, "--shots")
    if not length:
        raise OptionError("A shot lasts at least one second: write it as '[2s] what happens'.")
    return Shot(prompt=str(prompt), seconds=length)


def camera(value: Any) -> Camera | None:
    """``forward_up``, ``simple:zoom=5``, ``zoom=5`` or a mapping."""
    if value is None or isinstance(value, Camera):
        return value
    if isinstance(value, Mapping):
        config = {str(k): number(v, "--camera") or 0.0 for k, v in (value.get("config") or {}).items()}
        return Camera(type=str(value.get("type", "simple")), config=config)
    text = str(value).strip()
    if match := _AMOUNT.fullmatch(text):
        return Camera(type=match[1] or "simple", config={match[2]: float(match[3])})
    if not text.isidentifier():
        raise OptionError(
            f"--camera is a preset such as forward_up, or an axis and an amount such as simple:zoom=5, not {text!r}; "
            f"the axes are {', '.join(CAMERA_AXES)}."
        )
    return Camera(type=text)


def masks(value: Any, opened: OpenFrame) -> tuple[Brush, ...]:
    """What moves and where to: a list, its JSON text, or the path of a file that holds it.

    Raises:
        InputError: The file or a mask in it cannot be read.
        OptionError: It is no list of masks and paths.
    """
    found = _json(value) if isinstance(value, str | Path) else value
    if not isinstance(found, Sequence) or not found:
        raise OptionError(f"{_MASKS}.")
    return tuple(_brush(item, f"--masks, mask {index}", opened) for index, item in enumerate(found, 1))


def _json(value: str | Path) -> Any:
    text = str(value).strip()
    if not text.startswith("["):
        path = Path(text).expanduser()
        try:
            if path.stat().st_size > _FILE_CAP:
                raise InputError(
                    f"--masks: {path.name} is larger than {_FILE_CAP // 10**6} MB: that is no list of masks."
                )
            text = path.read_text("utf-8")
        except (OSError, ValueError):
            raise InputError(f"--masks: there is no readable file {path}. {_MASKS}.") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise OptionError(f"{_MASKS}; this is no JSON.") from None


def _brush(item: Any, where: str, opened: OpenFrame) -> Brush:
    if isinstance(item, Brush):
        return item
    try:
        mask, path = (item["mask"], item["trajectories"]) if isinstance(item, Mapping) else item
        points = tuple((int(p["x"]), int(p["y"])) if isinstance(p, Mapping) else (int(p[0]), int(p[1])) for p in path)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise OptionError(f"{where} has no mask with a path: {_MASKS}.") from None
    return Brush(mask=opened(mask, where), path=points)


def _clip_path(value: Any) -> Path | None:
    """The file of a finished clip, or of a job that has one."""
    video = getattr(value, "video", None) or value
    path = getattr(video, "path", None)
    return path if path is not None and hasattr(video, "manifest") else None
