"""What each gateway carries, found out by asking: each option is tried on the gateway's own codec.

Nothing here is a list of what a gateway can do. A sample request is written twice, with and without the
option; what differs between the two bodies and what is said about it is the answer, so a table cannot
promise what the wire does not keep.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kling_nb import catalog
from kling_nb.catalog.case import case_of
from kling_nb.errors import KlingError
from kling_nb.lab.rehearse import asks
from kling_nb.request import KINDS, Brush, Camera, Footage, Frame, Shot, VideoRequest
from kling_nb.wire import Order

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Finding
    from kling_nb.request import Kind
    from kling_nb.wire import Codec

Carried = Literal["yes", "note", "no"]
"""On the wire; on the wire with a doubt, or left out with a note that says so; refused."""

_RANK: Mapping[Carried, int] = {"yes": 0, "note": 1, "no": 2}
_A, _B, _C = (Frame(url=f"https://media.invalid/{name}.png", width=1280, height=720) for name in "abc")
_EMPTIED = {"prompt"}  # a sample of shots has no prompt, which is wrong without them
_FILM = Footage(url="https://media.invalid/film.mp4", seconds=5)

BASES: Mapping[Kind, Mapping[str, Any]] = {
    "text2video": {},
    "image2video": {"image": _A},
    "motion-control": {"image": _A, "video": _FILM, "mode": "std"},
    "omni-video": {"images": (_A,), "aspect": "16:9"},
    "multi-image2video": {"images": (_A, _B)},
}
"""The least that makes a request of each kind."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One option as a person would use it.

    Attributes:
        value: What it is set to.
        needs: What has to be there besides, in both requests.
    """

    value: Any
    needs: Mapping[str, Any]


def _sample(value: Any, **needs: Any) -> Sample:
    return Sample(value, needs)


OPTIONS: Mapping[str, Sample] = {
    "mode": _sample("pro"),
    "aspect": _sample("9:16"),
    "duration": _sample(10),
    "negative": _sample("rain"),
    "cfg": _sample(0.4),
    "sound": _sample(value=True, mode="pro"),
    "camera": _sample(Camera(type="simple", config={"zoom": 5})),
    "image": _sample(_C),
    "tail": _sample(_C, mode="pro"),
    "images": _sample((_A, _B, _C)),
    "video": _sample(_FILM),
    "refer": _sample("feature", video=_FILM, aspect="16:9"),
    "keep_sound": _sample(value=False, video=_FILM),
    "orientation": _sample("video"),
    "element": _sample(("7",)),
    "voice": _sample(("7",), mode="pro", sound=True),
    "mask": _sample(_C),
    "masks": _sample((Brush(mask=_C, path=((10, 10), (60, 20))),)),
    "shots": _sample((Shot(prompt="a fox", seconds=2), Shot(prompt="a hare", seconds=3)), prompt=""),
    "shot_type": _sample("intelligence"),
    "watermark": _sample(value=True),
    "callback": _sample("https://example.com/done"),
    "external_id": _sample("fox-1"),
    "extra": _sample({"raw_field": 1}),
}
"""Every option that ends in a request, by the request's field."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One option on one model.

    Attributes:
        sent: The wire differs from the one without the option; None where nothing can be sent.
        said: What is said with the option and not without.
    """

    sent: bool | None
    said: tuple[Finding, ...]

    @property
    def carried(self) -> Carried:
        """The answer in a word."""
        if self.sent is None or any(finding.level == "error" for finding in self.said):
            return "no"
        doubtful = any(finding.level == "warning" for finding in self.said)
        return "yes" if self.sent and not doubtful else "note"


def try_option(
    codec: Codec, gateway: str, kind: Kind, model: str, option: str, sample: Sample | None = None
) -> Trial | None:
    """Try an option.

    Args:
        codec: The gateway's.
        gateway: Its name in the catalogue.
        kind: What the request is besides the option.
        model: A model's name.
        option: The request's field.
        sample: How to use it; None takes the one of :data:`OPTIONS`.

    Returns:
        None where the request is refused without it too, already has it, or is of another kind by what
        it needs: that tells nothing.
    """
    sample = sample or OPTIONS[option]
    without = {"prompt": "a fox", "model": model, **_named(kind), **BASES[kind], **sample.needs}
    if without.get(option) == sample.value:
        return None
    plain = VideoRequest(**without)
    case = case_of(plain, gateway)
    if case is None or case.kind != kind:
        return None
    if getattr(catalog.resolved(plain, gateway), option, None) == sample.value:
        return None
    before = _findings(codec, gateway, plain)
    body = _wire(codec, plain)
    if body is None or any(finding.level == "error" and finding.field not in _EMPTIED for finding in before):
        return None
    wished = VideoRequest(**without | {option: sample.value})
    said = tuple(f for f in _findings(codec, gateway, wished) if f not in before)
    wire = _wire(codec, wished)
    return Trial(None if wire is None else wire != body, said)


def _named(kind: Kind) -> dict[str, Any]:
    """The kind, where the inputs alone would not imply it."""
    return {} if kind in {"text2video", "image2video"} else {"kind": kind}


def carries(codec: Codec, gateway: str, option: str) -> Carried:
    """What becomes of an option at a gateway, at best: over all kinds and models."""
    return _best(
        trial.carried
        for kind in KINDS
        for model in _models(gateway)
        if (trial := try_option(codec, gateway, kind, model, option))
    )


def takes(codec: Codec, gateway: str, option: str, kind: Kind, model: str) -> Carried:
    """What becomes of an option with one model and kind, at best: over the model's modes."""
    sample, known = OPTIONS[option], catalog.model(model)
    modes = known.modes if known else ()
    samples = [sample, *(Sample(sample.value, {**sample.needs, "mode": mode}) for mode in modes)]
    return _best(trial.carried for one in samples if (trial := try_option(codec, gateway, kind, model, option, one)))


def makes(codec: Codec, gateway: str, kind: Kind) -> Carried:
    """Whether a gateway makes clips of a kind with any model."""
    return _best(_made(codec, gateway, kind, model) for model in _models(gateway))


def _made(codec: Codec, gateway: str, kind: Kind, model: str) -> Carried:
    request = VideoRequest(prompt="a fox", model=model, **_named(kind), **BASES[kind])
    levels = {finding.level for finding in _findings(codec, gateway, request)}
    if "error" in levels or _wire(codec, request) is None:
        return "no"
    return "note" if "warning" in levels else "yes"


def _best(found: Iterator[Carried]) -> Carried:
    best: Carried = "no"
    for carried in found:
        if carried == "yes":
            return carried
        best = min(best, carried, key=_RANK.__getitem__)
    return best


def _models(gateway: str) -> list[str]:
    """All models, those that the gateway lists first."""
    every = [model.name for model in catalog.models()]
    return sorted(every, key=lambda name: catalog.offer(name, gateway) is None)


def _findings(codec: Codec, gateway: str, request: VideoRequest) -> tuple[Finding, ...]:
    return (*catalog.check(request, gateway), *codec.notes(request))


def _wire(codec: Codec, request: VideoRequest) -> str | None:
    """The paid ask as text; None where it cannot be written."""
    try:
        *_, paid = asks(codec.submit(Order(request, "kn-sample")))
    except KlingError:
        return None
    return json.dumps(paid.to_json(), sort_keys=True, default=str)
