"""What several jobs have in common and what sets each apart, down to the changed words of a prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from kling_nb.show.words import clean, line

if TYPE_CHECKING:
    from kling_nb.show.view import JobView

_WORD = re.compile(r"\w+(?:[-'\u2019]\w+)*|[^\w\s]")
_ALIKE = 0.5
"""Below this share of common words two prompts are two prompts, not one that was changed."""

_MOST_CHANGES = 4


@dataclass(frozen=True, slots=True)
class Shared:
    """What all jobs have: settings in the first one's order, the gateway, and the prompt ("" if they differ)."""

    settings: tuple[str, ...]
    gateway: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Change:
    """One changed place of a prompt: ``new`` stands for ``old``; either may be empty."""

    kind: Literal["replace", "insert", "delete"]
    new: str
    old: str


def shared(views: Sequence[JobView]) -> Shared:
    """What is the same in all of them; nothing for no jobs."""
    if not views:
        return Shared((), "", "")
    first = views[0]
    same = tuple(setting for setting in first.settings if all(setting in view.settings for view in views))
    gateway = line(first.gateway, 60) if len({view.gateway for view in views}) == 1 else ""
    prompt = first.prompt if len({view.prompt for view in views}) == 1 else ""
    return Shared(same, gateway, prompt)


def apart(view: JobView, common: Shared) -> tuple[str, ...]:
    """The settings, and the gateway, that not all jobs have."""
    own = [line(setting, 60) for setting in view.settings if setting not in common.settings]
    if not common.gateway and view.gateway:
        own.append(line(view.gateway, 60))
    return tuple(own)


def changes(old: str, new: str) -> tuple[Change, ...] | None:
    """The changed words from one prompt to another; None where they have too little in common to say it so."""
    before, after = _WORD.findall(clean(old)), _WORD.findall(clean(new))
    matcher = SequenceMatcher(None, [w.casefold() for w in before], [w.casefold() for w in after], autojunk=False)
    found = tuple(
        Change(tag, _joined(after[c:d]), _joined(before[a:b]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    )
    return found if matcher.ratio() >= _ALIKE and len(found) <= _MOST_CHANGES else None


def _joined(words: Sequence[str]) -> str:
    return re.sub(r"\s+([,.;:!?…)])", r"\1", " ".join(words))


def base_of(views: Sequence[JobView]) -> str:
    """The first prompt, if it can stand above all because the others only change words of it; else ""."""
    prompts = [view.prompt for view in views] or [""]
    first = prompts[0]
    return first if all(prompt == first or changes(first, prompt) for prompt in prompts) else ""
