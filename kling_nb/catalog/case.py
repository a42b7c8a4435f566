"""Reads a request the way a gateway would: what it is, what it uses, what is assumed.

Checks, prices, captions and routes all stand on this one reading, so they cannot disagree.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_nb.catalog.load import catalogue
from kling_nb.catalog.lookup import gateway as find_gateway
from kling_nb.catalog.lookup import model as find_model
from kling_nb.catalog.lookup import offer as find_offer
from kling_nb.catalog.lookup import second_generation

if TYPE_CHECKING:
    from kling_nb.catalog.data import Doubt, Gateway, Model, Offer, Row
    from kling_nb.request import VideoRequest

OMNI = "omni-video"
"""The one route on Kling that carries text, pictures and references alike."""

_PICTURE, _TEXT = "image2video", "text2video"
_MANY, _MOTION = "multi-image2video", "motion-control"
_SWITCHES = ("mode", "aspect", "duration", "cfg", "keep_sound", "watermark", "callback", "external_id")
_MASKS, _VOICES = ("static_mask", "dynamic_masks"), "voice_list"


@dataclass(frozen=True, slots=True)
class Case:
    """One request, read against one model and one gateway.

    Attributes:
        gateway: None for a gateway that the catalogue does not know.
        offer: What its pages say about the model, or None.
        kind: What the request is, whatever route carries it.
        uses: Names of the fields that are set; ``masks`` and ``voices`` also where they travel raw,
            ``shots`` also where the model is to cut by itself.
        features: The catalogue's features that the request calls for, in groups: of each
            group one is needed.
        mode: Asked for or assumed; None where the model has no mode switch.
        seconds: Asked for, added up from shots, taken from the video, or assumed; None if unknown.
    """

    request: VideoRequest
    model: Model
    gateway: Gateway | None
    offer: Offer | None
    kind: str
    uses: frozenset[str]
    features: tuple[tuple[str, ...], ...]
    mode: str | None

    def rows(self, features: tuple[str, ...]) -> tuple[Row, ...]:
        """The rows of one group of features in every mode; empty where it is not supported."""
        rows = self.model.of(self.kind, *features)
        if not rows and self.kind == OMNI:
            rows = tuple(r for r in self.model.rows if r.feature in features)
        return rows

    @property
    def groups(self) -> tuple[tuple[Row, ...], ...]:
        """The supported groups' rows; the plain rows of the kind where there is no such group."""
        found = tuple(rows for group in self.features if (rows := self.rows(group)))
        plain = self.model.of(self.kind, "generate") or self.model.of(self.kind)
        return found or ((plain,) if plain else ())

    def in_mode(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Those of the rows that hold in this case's mode."""
        return tuple(r for r in rows if r.mode == self.mode)

    @property
    def follows_video(self) -> bool:
        """Whether the clip is as long as the reference video, whatever is asked."""
        return any(all(r.follows_video for r in rows) for rows in self.groups)

    @property
    def follows_picture(self) -> bool:
        """Whether a picture gives the aspect ratio."""
        return self.kind in {_PICTURE, _MOTION} or (self.kind == OMNI and "image" in self.uses)

    @property
    def edits(self) -> bool:
        """Whether the request changes a video instead of making a new clip."""
        return ("video_edit_base",) in self.features

    @property
    def second_generation(self) -> bool:
        """Whether the model is named as on Kling's second-generation API."""
        return second_generation(self.request.model)

    @property
    def prompt_max(self) -> int:
        """Characters of the prompt."""
        there = self.model.generation2 if self.second_generation else None
        longer = there.prompt_max if there and self.kind != _MOTION else None
        return longer or catalogue().limits.prompt_max

    @property
    def seconds(self) -> float | None:
        """Length of the clip in seconds."""
        r = self.request
        if self.follows_video:
            return r.video.seconds if r.video else None
        if r.duration:
            return r.duration
        if r.shots:
            return sum(shot.seconds for shot in r.shots)
        if r.video:
            return r.video.seconds
        return self.model.duration_default

    @property
    def aspect(self) -> str | None:
        """Aspect ratio asked for or assumed; None where the picture or nobody gives it."""
        if self.follows_picture:
            return None
        return self.request.aspect or self.model.aspect_default

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """The contradictions between sources that touch this request."""
        every = self.model.doubts + (self.gateway.doubts if self.gateway else ())
        return tuple(d for d in every if self._touched(d))

    def _touched(self, doubt: Doubt) -> bool:
        features = {f for group in self.features for f in group}
        return (
            (not doubt.kinds or self.kind in doubt.kinds)
            and (not doubt.features or not features.isdisjoint(doubt.features))
            and (not doubt.modes or self.mode in doubt.modes)
            and (not doubt.gateways or (self.gateway is not None and self.gateway.name in doubt.gateways))
            and (not doubt.uses or not self.uses.isdisjoint(doubt.uses))
        )


class _Same:
    """One request object: it never changes, and comparing two field by field costs as much as reading them."""

    __slots__ = ("request",)

    def __init__(self, request: VideoRequest) -> None:
        self.request = request

    def __hash__(self) -> int:
        return id(self.request)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.request is self.request


def case_of(request: VideoRequest, gateway: str) -> Case | None:
    """Read a request; None where the catalogue does not know the model.

    Checks, price, route, caption and expectation of one clip all ask for it, and a live card with each drawing.
    """
    return _read(_Same(request), gateway)


@functools.lru_cache(maxsize=4096)
def _read(same: _Same, gateway: str) -> Case | None:
    request = same.request
    model = find_model(request.model)
    if model is None:
        return None
    offer = find_offer(request.model, gateway)
    uses = _uses(request)
    kind = kind_of(request, model)
    mode = request.mode or (offer and offer.mode_default) or model.mode_default
    return Case(
        request=request,
        model=model,
        gateway=find_gateway(gateway),
        offer=offer,
        kind=kind,
        uses=uses,
        features=_features(kind, uses, request.refer),
        mode=mode if model.modes else None,
    )


def kind_of(request: VideoRequest, model: Model) -> str:
    """What the request is for this model, where the inputs alone leave it open.

    Several pictures are references for an omni model and a multi-image clip for another; a
    picture and a video are motion control where the model has no omni route; an omni request
    without references is one from text or from a picture.
    """
    kind: str = request.inferred_kind
    if request.kind is None and not model.of(kind):
        if request.video and request.image and model.of(_MOTION):
            kind = _MOTION
        elif request.images and not request.video:
            kind = next((k for k in (OMNI, _MANY) if model.of(k)), kind)
    refers = bool(request.video or request.images or request.element)
    if kind == OMNI and not refers and OMNI in model.routes:
        kind = _PICTURE if request.image or request.tail else _TEXT
    if kind in {_PICTURE, _TEXT} and refers and request.kind is None and model.of(OMNI):
        kind = OMNI
    return kind


def _uses(request: VideoRequest) -> frozenset[str]:
    fields = (
        "negative",
        "sound",
        "camera",
        "image",
        "tail",
        "images",
        "video",
        "element",
        "shots",
        "orientation",
        "refer",
    )
    used = {name for name in fields if getattr(request, name)}
    used |= {name for name in _SWITCHES if getattr(request, name) is not None}
    used |= {"prompt"} if request.prompt.strip() else set()
    raw = any(request.extra.get(key) for key in _MASKS)
    used |= {"masks"} if request.mask or request.masks or raw else set()
    used |= {"voices"} if request.voice or request.extra.get(_VOICES) else set()
    used |= {"shots"} if request.shot_type else set()
    return frozenset(used)


def _features(kind: str, uses: frozenset[str], refer: str | None) -> tuple[tuple[str, ...], ...]:
    groups: list[tuple[str, ...]] = []
    if kind == OMNI:
        # omni-video page: refer_type is base where nothing is said
        video = "video_reference_feature" if refer == "feature" else "video_edit_base"
        groups.append((video,) if "video" in uses else ("image_reference",))
    elif "element" in uses and kind in {_PICTURE, _TEXT}:
        groups.append(("elements",))
    if "tail" in uses:
        groups.append(("start_end_frame",) if "image" in uses else ("end_frame_only",))
    named = {"shots": "multi_shot", "camera": "camera_control", "masks": "motion_brush"}
    named |= {"voices": "voice_control"}
    groups += [(feature,) for field, feature in named.items() if field in uses]
    return tuple(groups) or (("generate",),)
