"""A request as the ``%%kling`` cell that makes it, and as the keywords of ``submit``.

The panel's *Copy as cell* and the board's *Copy the cell* and *Retry* stand on this: what is written here,
:func:`kling_nb.cell.parse` reads back as the same request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.cell.braces import fill
from kling_nb.errors import KlingError
from kling_nb.lab.store import Store

if TYPE_CHECKING:
    from kling_nb.request import Camera, Frame, VideoRequest

Locate = Callable[["Frame"], str]
"""Where a frame can be opened again: its URL, or the path of its stored bytes."""

_PLAIN = ("model", "mode", "aspect", "duration", "cfg", "refer", "orientation", "kind", "shot_type", "callback")
_SWITCHES = ("sound", "keep_sound", "watermark")
_NEEDS_QUOTES = frozenset(" \t\r\n\"'=")


def stored_in(folder: Path) -> Locate:
    """Finds frames by their address, or among the inputs of an output folder, by a path that this kernel can open."""

    def locate(frame: Frame) -> str:
        if frame.url:
            return frame.url
        path = Store(folder).input_path(frame.sha256 or "", frame.media_type)
        return (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()

    return locate


def keywords(request: VideoRequest, locate: Locate) -> dict[str, Any]:
    """The request as keywords of ``submit``; unset fields are left out."""
    given: dict[str, Any] = {"prompt": request.prompt, "take": request.take}
    for name in (*_PLAIN, *_SWITCHES, "negative", "camera", "video"):
        given[name] = getattr(request, name)
    for name in ("shots", "masks", "element", "voice"):
        given[name] = list(getattr(request, name)) or None
    for name in ("image", "tail", "mask"):
        frame = getattr(request, name)
        given[name] = locate(frame) if frame else None
    given["images"] = [locate(frame) for frame in request.images] or None
    given["set"] = dict(request.extra) or None
    return {name: value for name, value in given.items() if value is not None}


def cell(
    request: VideoRequest, locate: Locate, *, prompts: Sequence[str] = (), gateway: str = "", takes: int = 1
) -> str:
    """The cell.

    Args:
        request: Everything but what follows.
        locate: Finds its frames again.
        prompts: Bodies as they are to stand there, with the braces that the cell shall fill; none takes the
            request's own prompt, literally.
        gateway: Named in the cell; "" leaves the notebook's.
        takes: Samples of each.
    """
    options = [*_options(request, locate, gateway), *([("takes", str(takes))] if takes > 1 else [])]
    typed = " ".join(option(name, text) for name, text in options)
    if request.shots:
        beats = (f"[{shot.seconds}s] {literal(' '.join(shot.prompt.split()))}" for shot in request.shots)
        return f"%%kling {typed} --shots\n" + "\n".join(beats)
    return f"%%kling {typed}\n" + "\n---\n".join(prompts or [literal(request.prompt)])


def option(name: str, text: str) -> str:
    """An option as it is typed. A value that looks like an option itself is tied to its name."""
    return f"--{name.replace('_', '-')}{'=' if text.startswith('-') else ' '}{quoted(text)}"


def quoted(text: str) -> str:
    """One word of a magic's line; no backslash means anything there, so quotes of one kind hold those of the other."""
    text = re.sub(r"\s*[\r\n]+\s*", " ", text)
    if text and _NEEDS_QUOTES.isdisjoint(text):
        return text
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else "'\"'".join(f'"{part}"' if part else "" for part in text.split('"'))


def literal(text: str) -> str:
    """The text so that a cell's braces give back exactly this."""
    try:
        if fill(text, {}) == text:
            return text
    except KlingError:  # it has a {name} in it
        pass
    return text.replace("{", "{{").replace("}", "}}")


def _options(request: VideoRequest, locate: Locate, gateway: str) -> list[tuple[str, str]]:
    given: dict[str, str | None] = {"gateway": gateway or None}
    given |= {name: _plain(getattr(request, name)) for name in _PLAIN}
    given |= {name: {True: "on", False: "off", None: None}[getattr(request, name)] for name in _SWITCHES}
    given["negative"] = literal(request.negative) if request.negative else None
    given["camera"] = _camera(request.camera) if request.camera else None
    given |= {name: locate(frame) if (frame := getattr(request, name)) else None for name in ("image", "tail", "mask")}
    given["images"] = ",".join(locate(frame) for frame in request.images)
    given["video"] = request.video.url if request.video else None
    given |= {name: ",".join(getattr(request, name)) for name in ("element", "voice")}
    given["masks"] = _masks(request, locate) if request.masks else None
    given["take"] = str(request.take) if request.take > 1 else None
    raw = [("set", f"{key}={literal(json.dumps(value))}") for key, value in request.extra.items()]
    return [(name, text) for name, text in given.items() if text] + raw


def _plain(value: Any) -> str | None:
    return None if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _camera(camera: Camera) -> str:
    moves = [f"{axis}={amount:g}" for axis, amount in camera.config.items() if amount]
    return f"{camera.type}:{moves[0]}" if moves else camera.type


def _masks(request: VideoRequest, locate: Locate) -> str:
    drawn: list[Mapping[str, Any]] = [
        {"mask": locate(brush.mask), "trajectories": [{"x": x, "y": y} for x, y in brush.path]}
        for brush in request.masks
    ]
    return literal(json.dumps(drawn))
