"""Finished clips to one film in the output folder: joints dropped, colours measured, manifest inside. Blocks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from kling_nb import media
from kling_nb.errors import OptionError, StorageError
from kling_nb.lab import Video
from kling_nb.lab.store import Store
from kling_nb.storyboard.drift import Drift, Join, matched, measured, same
from kling_nb.storyboard.film import Film, Scene
from kling_nb.storyboard.reels import read
from kling_nb.storyboard.splice import Piece, splice

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.storyboard.reels import Pixels

_VERSION = 1
"""Of what stitching makes of the same clips; part of a film's name."""


@dataclass(frozen=True, slots=True)
class Take:
    """One clip on its way into a film.

    Attributes:
        continues: It begins with the frame that the clip before ends with; None looks whether it does.
        expected: USD by the price list.
        free: Made on the sandbox.
    """

    prompt: str
    video: Video
    continues: bool | None = None
    expected: float | None = None
    free: bool = False


def assemble(lab: Lab, takes: Sequence[Take], title: str, path: Path | None, *, match_colour: bool = False) -> Film:
    """Make the film, or find the one that was made of the same clips before. Blocks; worker thread only.

    Args:
        lab: Knows folders.
        takes: The clips in order.
        title: What the film is called; the beginning of its name.
        path: Where to write it; None for a name of its own in the output folder.
        match_colour: Take back at each join what the colours have drifted; encodes the film anew.

    Raises:
        InputError: A clip is no video.
        OptionError: ``path`` is no MP4, or one of the clips.
        StorageError: It cannot be written.
    """
    target = _checked(path, takes) if path else lab.folder / f"{_stem(title, takes, match_colour=match_colour)}.mp4"
    told = media.read_tag(target) if path is None and target.is_file() else None
    if told is None or told.get("stitched") != _VERSION:
        told = json.loads(json.dumps(_make(takes, title, target, match_colour=match_colour)))  # as it is read back
    return _film(lab, target, told, takes)


def _make(takes: Sequence[Take], title: str, target: Path, *, match_colour: bool) -> dict[str, Any]:
    """Write film, poster and manifest; each is there whole, or not at all."""
    pieces, drift = _pieces(takes, match_colour=match_colour)
    rate = pieces[0].reel.rate
    scenes = [
        Scene(take.prompt, round(float(piece.seconds(rate)), 3), take.video.path.name)
        for take, piece in zip(takes, pieces, strict=True)
    ]
    costs = [take.video.cost for take in takes]
    manifest: dict[str, Any] = {
        "made_with": "kling_nb",
        "stitched": _VERSION,
        "title": title,
        "shots": [asdict(scene) for scene in scenes],
        "drift": asdict(drift),
        "match_colour": match_colour,
        "charge": None if None in costs else {"usd": round(sum(cost or 0.0 for cost in costs), 6)},
    }
    part = target.with_name(f"{target.name}.{os.getpid()}.part")  # two kernels may make the same film at once
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        splice(pieces, part)
        store = Store(target.parent)
        store.write_bytes(target.with_suffix(".jpg"), media.poster(part))
        media.finish(part, target, manifest)
        store.write_json(target.with_suffix(".json"), manifest)
    except (OSError, av.error.FFmpegError) as error:
        why = getattr(error, "strerror", None) or error
        raise StorageError(f"The film cannot be written to {target.parent} ({why}).") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return manifest


def _pieces(takes: Sequence[Take], *, match_colour: bool) -> tuple[list[Piece], Drift]:
    """How much of each clip is shown in which colours, and what is left of their drift."""
    reels = [read(take.video.path) for take in takes]
    going = [
        same(before.last, after.first) if take.continues is None else take.continues
        for (before, after), take in zip(pairwise(reels), takes[1:], strict=True)
    ]
    pieces: list[Piece] = []
    pairs: list[tuple[Pixels, Pixels]] = []
    ends: Pixels = reels[0].last
    for number, reel in enumerate(reels):
        # The frame that two clips have in common is shown once: the later clip's, which its motion begins with.
        shown = reel.frames - (number < len(going) and going[number] and reel.frames > 1)
        begins, tint = reel.first, None
        if number and match_colour and going[number - 1]:
            tint = matched(begins, ends)
            begins = tint.of(begins)
        if number:
            pairs.append((ends, begins))
        ends = tint.of(reel.last) if tint else reel.last
        pieces.append(Piece(reel, shown, tint))
    return pieces, measured(pairs, going, (reels[0].first, ends))


def _film(lab: Lab, path: Path, told: dict[str, Any], takes: Sequence[Take]) -> Film:
    video = Video.from_mp4(path)
    drift = told["drift"]
    prices = [take.expected for take in takes]
    fields = {name: getattr(video, name) for name in ("path", "poster", "seconds", "width", "height", "fps")}
    # A clip that cost something when it was made has cost that, whoever stitches it when.
    costs = [take.video.cost for take in takes]
    return Film(
        **fields,
        cost=None if None in costs else round(sum(cost or 0.0 for cost in costs), 6),
        manifest=told,
        title=str(told["title"]),
        shots=tuple(Scene(**shot) for shot in told["shots"]),
        drift=Drift(tuple(Join(**join) for join in drift["joins"]), drift["whole"]),
        expected=None if None in prices else round(sum(price or 0.0 for price in prices), 6),
        free=all(take.free for take in takes),
        lab=lab,
    )


def whole(lab: Lab, take: Take, title: str, scenes: Sequence[Scene]) -> Film:
    """The film that one request has made: its clip as it is."""
    video = take.video
    fields = {name: getattr(video, name) for name in ("path", "poster", "seconds", "width", "height", "fps", "cost")}
    named = tuple(replace(scene, clip=video.path.name) for scene in scenes)
    return Film(
        **fields,
        manifest=video.manifest,
        title=title,
        shots=named,
        expected=take.expected,
        free=take.free,
        lab=lab,
    )


def _checked(path: Path, takes: Sequence[Take]) -> Path:
    if path.suffix.lower() != ".mp4":
        raise OptionError(f"A film is written as .mp4, not as {path.suffix or path.name!r}.")
    if any(path.resolve() == take.video.path.resolve() for take in takes):
        raise OptionError(f"{path.name} is one of the clips: give the film another path.")
    return path


def _stem(title: str, takes: Sequence[Take], *, match_colour: bool) -> str:
    """A name that a person can read, and that the same clips always get."""
    said = [[take.video.path.name, take.video.path.stat().st_size, take.continues] for take in takes]
    told = json.dumps([_VERSION, title, match_colour, said, [take.prompt for take in takes]])
    mark = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:8]
    slug = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:48].strip("-") or "film"
    return f"{slug}_{len(takes)}-clips_{mark}"
