"""What a model is called where each model, mode and kind is sold under an id of its own (fal.ai, Replicate).

Kept apart from ``models.json``, which says what a model can do: this is only its name and the names of
its fields on a shelf, with sources, and a guess for what the shelf does not list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kling_nb.catalog.case import case_of

if TYPE_CHECKING:
    from kling_nb.request import VideoRequest

_KINDS = {"text2video": "text-to-video", "image2video": "image-to-video"}
_VERSION = re.compile(r"v(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """One id on a shelf.

    Attributes:
        id: The model's id there, unquoted.
        takes: The request's fields (``image``) by name, with their names there (``start_image_url``).
        mode_words: The shelf's words for our modes, where ``takes`` has the mode.
        modes: Our modes that it makes; empty for a model without a mode switch.
        kinds: What it makes: ``text2video``, ``image2video``.
        sounds: A clip has sound, at its higher price, unless it is told to be silent.
        guessed: No source names it; the id and the fields follow those of its neighbours.
    """

    model: str
    id: str
    takes: Mapping[str, str]
    mode_words: Mapping[str, str]
    modes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sounds: bool = False
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """What a shelf has for a request.

    Attributes:
        listing: None where the model is on the shelf, and not for this kind in this mode.
        mode: The mode that was asked for, or the one that is taken; None for a model without modes.
        kind: ``text2video``, ``image2video`` or what else was asked for.
        others: The model's listings, from which a person can choose another mode or kind.
    """

    listing: Listing | None
    mode: str | None
    kind: str
    others: tuple[Listing, ...]


def match(request: VideoRequest, shelf: str) -> Match:
    """What ``shelf`` (``fal`` or ``replicate``) has for a request.

    Without a mode the model's usual one is taken where the shelf has it, else the first that it has.
    """
    case = case_of(request, shelf)
    name = case.model.name if case else request.model
    kind: str = case.kind if case else request.inferred_kind
    mode = request.mode or (case.mode if case else None)
    rows = tuple(row for row in _shelf(shelf) if row.model == name)
    if not rows:
        return Match(_guess(shelf, name, kind, mode), mode, kind, ())
    fitting = [row for row in rows if kind in row.kinds]
    usual = [row for row in fitting if not row.modes or mode in row.modes]
    if usual or request.mode:
        return Match(usual[0] if usual else None, mode, kind, rows)
    return Match(fitting[0] if fitting else None, next((m for row in fitting for m in row.modes), None), kind, rows)


def _guess(shelf: str, name: str, kind: str, mode: str | None) -> Listing | None:
    guess = _raw()["shelves"][shelf]["guess"]
    version = _VERSION.sub(r"v\1.\2", name.removeprefix("kling-"))
    tier = guess.get("tiers", {}).get(mode, mode or guess.get("tier"))
    spelled = {"version": version, "tier": tier, "kind": _KINDS.get(kind)}
    if spelled["kind"] is None:
        return None
    # A name with a slash, or one that is not spelled in Kling's way, can only be the shelf's own id.
    own = "/" in name or not name.startswith("kling-")
    found = name if own else guess["id"].format(**spelled)
    return Listing(name, found, guess["takes"], guess.get("mode_words", {}), guessed=True)


@cache
def _shelf(name: str) -> tuple[Listing, ...]:
    return tuple(
        Listing(
            model=row["model"],
            id=row["id"],
            takes=row["takes"],
            mode_words=row.get("mode_words", {}),
            modes=tuple(row["modes"]),
            kinds=tuple(row["kinds"]),
            sounds=row.get("sounds", False),
        )
        for row in _raw()["shelves"][name]["listings"]
    )


@cache
def _raw() -> dict[str, Any]:
    text = files("kling_nb.catalog").joinpath("listings.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data
