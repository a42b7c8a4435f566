"""What will come of a request: its route and name on the wire, what is assumed, what to expect.

And, the other way round, what a panel may offer for a model on a gateway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kling_nb.catalog.case import Case, case_of
from kling_nb.catalog.load import catalogue
from kling_nb.catalog.lookup import model as find_model
from kling_nb.catalog.offers import route_of
from kling_nb.request import Camera, Frame, VideoRequest

if TYPE_CHECKING:
    from kling_nb.catalog.data import Row, Seconds
    from kling_nb.request import Kind

_T = TypeVar("_T")

_KLING = "kling"
_NEAR_ENOUGH = 0.02  # relative difference of two aspect ratios that count as the same


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a gateway takes for granted where a request leaves it open.

    Attributes:
        mode: None where the model has no mode switch or is not known.
        aspect: None where the picture gives it or nobody does.
        seconds: None where it follows a video of unknown length, or the model is not known.
    """

    model: str
    mode: str | None
    aspect: str | None
    seconds: float | None
    sound: bool

    @property
    def caption(self) -> str:
        """``kling-v2-6, std, 16:9, 5 s``; unescaped."""
        length = f"{self.seconds:g} s" if self.seconds else None
        words = (self.model, self.mode, self.aspect, length, "sound" if self.sound else None)
        return ", ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the clip should be; None for whatever no source says.

    Attributes:
        width, height: Pixels; None too where a picture of another shape gives them.
        fps: Frames a second.
        seconds: Length; Kling's clips are some hundredths longer.
        audio: Whether there is a sound track.
    """

    width: int | None = None
    height: int | None = None
    fps: int | None = None
    seconds: float | None = None
    audio: bool | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen for one model, kind, gateway and mode.

    Attributes:
        mode, duration, aspect: What is assumed where nothing is chosen.
        modes: Empty where there is no switch.
        durations: Seconds, in this mode; empty where the reference video gives the length.
        tail_durations: Seconds with a last frame; empty where there can be none in this mode.
        tail_modes: Modes in which there can be a last frame.
        aspects: Empty where the picture gives it.
        cfg, negative: None where no source says whether the model uses it.
    """

    mode: str | None
    duration: int
    aspect: str | None
    modes: tuple[str, ...]
    durations: Seconds
    tail_durations: Seconds
    tail_modes: tuple[str, ...]
    aspects: tuple[str, ...]
    sound: bool
    camera: tuple[str, ...]
    shots: bool
    cfg: bool | None
    negative: bool | None


def endpoint(request: VideoRequest) -> str:
    """The last part of the request's route on Kling's own API, for example ``image2video``.

    Omni models have one route for text, pictures and references. For an unknown model it is
    the request's kind.
    """
    case = case_of(request, _KLING)
    return route_of(case) if case else request.inferred_kind


def wire_name(request: VideoRequest, gateway: str) -> str:
    """The model's name on that gateway, where it has its own; an unknown name as it is."""
    case = case_of(request, gateway)
    if case is None:
        return request.model
    if case.offer and (word := case.offer.word or case.offer.words.get(case.mode or "")):
        return word
    # A relay of one's own may sell it under just this name.
    return request.model if case.second_generation and case.gateway is None else case.model.name


def resolved(request: VideoRequest, gateway: str = _KLING) -> Resolved:
    """What the gateway will assume for what the request leaves open."""
    case = case_of(request, gateway)
    sound = bool(request.sound)
    if case is None:
        return Resolved(request.model, request.mode, request.aspect, request.duration, sound)
    return Resolved(case.model.name, case.mode, case.aspect, case.seconds, sound)


def expected(request: VideoRequest, gateway: str = _KLING) -> Expected:
    """What the finished clip should measure."""
    case = case_of(request, gateway)
    if case is None:
        return Expected()
    here = [row for rows in case.groups for row in case.in_mode(rows)]
    resolution = _agreed({r.resolution for r in here})
    shape = _shape(request.image or request.tail) if case.follows_picture else case.aspect
    width, height = catalogue().sizes.get(resolution or "", {}).get(shape or "", (None, None))
    return Expected(width, height, _agreed({r.fps for r in here}), case.seconds, _audio(here, request))


def choices(model: str, kind: Kind, gateway: str, mode: str | None = None) -> Choices | None:
    """What a panel may offer.

    Args:
        model: A model's name.
        kind: What the request will be.
        gateway: Where it will go.
        mode: Lengths, sound and last frame are those of this mode; None for the assumed one.

    Returns:
        None for an unknown model, or one that cannot do the kind.
    """
    known = find_model(model)
    case = case_of(VideoRequest(model=model, kind=kind, mode=mode), gateway)
    if known is None or case is None or not known.of(case.kind):
        return None
    tail = case_of(VideoRequest(model=model, kind=kind, mode=mode, image=_ANY, tail=_ANY), gateway)
    filmed = case_of(VideoRequest(model=model, kind=kind, mode=mode, camera=Camera(type="")), gateway)
    limits, plain = catalogue().limits.camera, _plain(case)
    tails = tail.rows(("start_end_frame",)) if tail else ()
    moves = filmed.in_mode(filmed.rows(("camera_control",))) if filmed else ()
    there = case.offer
    offered = tuple(m for m in known.modes if not there or not there.modes or m in there.modes)
    return Choices(
        mode=case.mode,
        duration=known.duration_default,
        aspect=case.aspect,
        modes=tuple(m for m in offered if any(r.mode == m for r in plain)),
        durations=() if case.follows_video else _lengths(case, plain),
        tail_durations=_lengths(case, tails),
        tail_modes=tuple(m for m in offered if any(r.mode == m for r in tails)),
        aspects=() if case.follows_picture else known.aspects,
        sound=any(r.audio == "optional" for r in case.in_mode(plain)),
        camera=next((r.camera_types or limits.types for r in moves), ()),
        shots=any(r.mode == case.mode for r in known.of(case.kind, "multi_shot")),
        cfg=known.can["cfg"],
        negative=known.can["negative"],
    )


_ANY = Frame(url="https://frame.invalid")
"""Stands for whatever frame a panel will hold."""


def _plain(case: Case) -> tuple[Row, ...]:
    return case.model.of(case.kind, "generate") or case.model.of(case.kind)


def _lengths(case: Case, rows: tuple[Row, ...]) -> Seconds:
    there = case.offer.seconds if case.offer else ()
    every = sorted({s for r in case.in_mode(rows) for s in r.seconds})
    return tuple(s for s in every if not there or s in there)


def _shape(frame: Frame | None) -> str | None:
    """The named aspect ratio that a picture has, if it has one."""
    if not frame or not frame.width or not frame.height:
        return None
    ratio = frame.width / frame.height
    for by_aspect in catalogue().sizes.values():
        for aspect, (width, height) in by_aspect.items():
            if abs(ratio * height / width - 1) < _NEAR_ENOUGH:
                return aspect
    return None


def _audio(here: list[Row], request: VideoRequest) -> bool | None:
    audio = _agreed({r.audio for r in here})
    if audio == "none":
        return False
    return None if audio in {None, "original"} else audio == "always" or bool(request.sound)


def _agreed(values: set[_T]) -> _T | None:
    return values.pop() if len(values) == 1 else None
