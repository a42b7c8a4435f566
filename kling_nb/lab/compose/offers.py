"""What can be chosen, found out by asking: each value is tried on the very checks that would refuse it.

There is no list of rules here. A value can be chosen if the catalogue and the gateway's codec have no
objection to that field, so a panel can neither offer what would be refused nor hide what would be taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kling_nb import catalog
from kling_nb.request import Frame, VideoRequest

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Finding
    from kling_nb.lab.compose.form import Form

Judge = Callable[[VideoRequest], Sequence["Finding"]]
"""Everything that is to be said about a request at one gateway."""

_ANY = Frame(url="https://frame.invalid/any.png")
_SOME_PROMPT = "A fox"
_TYPED = re.compile(r"--([a-z])")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of one field.

    Attributes:
        why: Why it cannot be chosen, as a sentence; "" where it can.
    """

    value: str | int | bool
    label: str
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form offers once its gateway and model are chosen.

    Attributes:
        modes, durations, aspects: In the catalogue's order; empty where there is nothing to choose.
        sound, negative, image, tail: Why it cannot be had; "" where it can.
        aspect: Why there is no choice of aspect ratios; "" where there is.
    """

    modes: tuple[Choice, ...]
    durations: tuple[Choice, ...]
    aspects: tuple[Choice, ...]
    sound: str
    negative: str
    image: str
    tail: str
    aspect: str

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        told = asdict(self)
        return told | {name: list(told[name]) for name in ("modes", "durations", "aspects")}


def models(gateway: str, frames: Mapping[str, Frame], extra: str = "") -> tuple[Choice, ...]:
    """Every model, and why the gateway or the frames rule it out; ``extra`` is one that the catalogue does not know."""
    listed = []
    for known in catalog.models():
        asked = _with(VideoRequest(prompt=_SOME_PROMPT, model=known.name), **frames)
        found = [f for f in catalog.check(asked, gateway) if f.level == "error" and f.field in {"model", "kind"}]
        listed.append(Choice(known.name, known.name, plain(found[0].sentence) if found else ""))
    if extra and catalog.model(extra) is None:
        listed.append(Choice(extra, extra))
    return tuple(listed)


def settle(form: Form, frames: Mapping[str, Frame], judge: Judge, gateway: str) -> tuple[Form, Offer]:
    """The form with every choice that can be sent kept and every other replaced by the usual one, and what it offers.

    Args:
        form: Its gateway and model are settled.
        frames: ``image`` and ``tail``, as far as they are there.
        judge: The checks.
        gateway: The gateway's name.
    """
    known = catalog.model(form.model)
    base = _with(VideoRequest(prompt=_SOME_PROMPT, model=form.model), **frames)
    usual = catalog.resolved(base, gateway)
    modes = _choices("mode", known.modes if known else (), base, judge)
    base = _with(base, mode=_kept(form.mode, modes, usual.mode))
    silent = _objection(base, "sound", judge, value=True)
    sound = None if silent else bool(form.sound)
    base = _with(base, sound=sound)
    lengths = sorted({s for row in known.of(base.inferred_kind) for s in row.seconds}) if known else []
    durations = _choices("duration", lengths, base, judge, unit=" s")
    usual = catalog.resolved(base, gateway)
    base = _with(base, duration=_kept(form.duration, durations, int(usual.seconds) if usual.seconds else None))
    shape = _moot(base, judge)
    aspects = () if shape else _choices("aspect", known.aspects if known else (), base, judge)
    aspect = _kept(form.aspect, aspects, usual.aspect)
    offer = Offer(
        modes=modes,
        durations=durations,
        aspects=aspects,
        sound=silent,
        negative=_objection(base, "negative", judge, value="rain"),
        image="" if "image" in frames else _objection(base, "image", judge, value=_ANY, also=("kind",)),
        tail="" if "tail" in frames else _tail(base, known.modes if known else (), judge),
        aspect=shape,
    )
    kept = replace(form, mode=base.mode, sound=sound, duration=base.duration, aspect=aspect)
    return kept, offer


def plain(sentence: str) -> str:
    """A check's sentence without what is typed in a cell: a panel has no options, only its fields."""
    said, colon, cure = sentence.partition(": ")
    text = f"{said}." if colon and "--" in cure else sentence
    for option, name in (("--image", "The first frame"), ("--tail", "The last frame")):
        text = text.replace(option, name if text.startswith(option) else name.lower())
    return _TYPED.sub(r"\1", text)


def _choices(
    field: str, values: Iterable[str | int], base: VideoRequest, judge: Judge, unit: str = ""
) -> tuple[Choice, ...]:
    tried = [Choice(v, f"{v}{unit}", _objection(base, field, judge, value=v)) for v in values]
    # Where not one can be sent there is nothing to choose: the field is left to the gateway.
    return tuple(tried) if any(not choice.why for choice in tried) else ()


def _objection(base: VideoRequest, field: str, judge: Judge, *, value: Any, also: Iterable[str] = ()) -> str:
    fields = {field, *also}
    before = {f.sentence for f in judge(base) if f.level == "error" and f.field not in fields}
    for finding in judge(_with(base, **{field: value})):
        if finding.level == "error" and finding.field in fields and finding.sentence not in before:
            return plain(finding.sentence)
    return ""


def _tail(base: VideoRequest, modes: Sequence[str], judge: Judge) -> str:
    """Why there can be no last frame, not even in another mode or without sound."""
    found = ""
    for mode in modes or (None,):
        found = _objection(_with(base, mode=mode, sound=None), "tail", judge, value=_ANY)
        if not found:
            return ""
    return found


def _moot(base: VideoRequest, judge: Judge) -> str:
    """Why an aspect ratio would have no effect."""
    told = [f for f in judge(_with(base, aspect="16:9")) if f.field == "aspect" and f.level == "note"]
    return plain(told[0].sentence) if told else ""


def _kept(value: Any, choices: Iterable[Choice], usual: Any) -> Any:
    """The value if it can be chosen, else the usual one, else the first that can."""
    possible = [choice.value for choice in choices if not choice.why]
    return next((wish for wish in (value, usual) if wish in possible), possible[0] if possible else None)


def _with(request: VideoRequest, **changes: Any) -> VideoRequest:
    return request.model_copy(update=changes)
