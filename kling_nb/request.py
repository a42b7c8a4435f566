"""What is asked for: one frozen, validated request for one clip.

A request is what the user means, in words that are the same on every gateway. It knows
nothing of any wire: codecs (:mod:`kling_nb.gateways`) translate it, the catalogue
(:mod:`kling_nb.catalog`) judges it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Kind = Literal["text2video", "image2video", "motion-control", "omni-video", "multi-image2video"]
"""What a request is; also the last part of the route on Kling's own API."""

KINDS: tuple[Kind, ...] = ("text2video", "image2video", "motion-control", "omni-video", "multi-image2video")

Orientation = Literal["image", "video"]
"""Motion control: whether the character faces as in the picture or as in the video."""

Refer = Literal["feature", "base"]
"""What a reference video is for: a new clip that refers to it, or an edit of it (the default on Kling)."""

ShotType = Literal["customize", "intelligence"]
"""Who cuts a multi-shot clip: the list of shots, or the model by itself."""

CAMERA_AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
"""The axes of ``camera_control.config`` (kling.ai/document-api, text2video page)."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class _Source(_Frozen):
    """Material that goes in: a public URL, or bytes that were read, checked and stored by their hash."""

    url: str | None = None
    sha256: str | None = None
    media_type: str | None = None
    size: int | None = Field(default=None, ge=0, description="bytes")
    width: int | None = Field(default=None, ge=1, description="pixels")
    height: int | None = Field(default=None, ge=1, description="pixels")
    name: str = Field(default="", description="where it came from, for captions")

    @model_validator(mode="after")
    def _url_or_bytes(self) -> Self:
        if (self.url is None) == (self.sha256 is None):
            raise ValueError("give either a URL or stored bytes")
        return self

    @property
    def identity(self) -> str:
        """What makes two inputs the same: the content's hash, or the URL."""
        return self.sha256 or self.url or ""


class Frame(_Source):
    """A still image: first frame, last frame or reference."""


class Footage(_Source):
    """A reference video."""

    seconds: float | None = Field(default=None, gt=0)


class Shot(_Frozen):
    """One beat of a multi-shot clip."""

    prompt: str
    seconds: int = Field(ge=1)


class Camera(_Frozen):
    """A camera preset (``type``) or, for ``simple``, one axis and its amount from -10 to 10."""

    type: str
    config: dict[str, float] = Field(default_factory=dict)


class Brush(_Frozen):
    """One area of the first frame and the way it moves.

    Attributes:
        mask: The area, in a picture of the first frame's size.
        path: Points ``(x, y)`` in pixels, the origin at the bottom left.
    """

    mask: Frame
    path: tuple[tuple[int, int], ...]


class VideoRequest(_Frozen):
    """One clip. Unset (``None``) fields are left out on the wire and take the gateway's default.

    Attributes:
        prompt: The text. May be empty where shots say everything.
        model: Model name as Kling spells it, for example ``kling-v2-6``.
        kind: Overrides :attr:`inferred_kind`.
        mode: Quality tier: ``std`` (720p), ``pro`` (1080p), ``4k``.
        aspect: Aspect ratio, ``"16:9"``.
        duration: Seconds.
        tail: Last frame.
        images: Reference pictures; ``<<<image_1>>>`` in a prompt of an omni model is the first of them.
        element: Ids of elements that were made at Kling; likewise ``voice``.
        orientation: Motion control only: whose direction the character faces.
        keep_sound: Whether the sound of :attr:`video` stays.
        refer: What :attr:`video` is for on an omni model.
        mask: What must not move in the first frame.
        masks: What moves in it, and where to; at most six.
        shot_type: ``intelligence`` needs no :attr:`shots`: the model cuts the prompt itself.
        watermark: Ask for a second file with a watermark.
        callback: Where the gateway shall report; this package polls all the same.
        external_id: The user's own id of the task, unique per account at the gateway; None takes ours.
        take: The n-th sample of the same request; Kling has no usable seed.
        extra: Raw wire fields (``--set``), laid over the body last.
    """

    prompt: str = ""
    model: str
    kind: Kind | None = None
    mode: str | None = None
    aspect: Annotated[str | None, Field(pattern=r"^\d{1,2}:\d{1,2}$")] = None
    duration: Annotated[int | None, Field(ge=1, le=600)] = None
    negative: str | None = None
    cfg: Annotated[float | None, Field(ge=0, le=1)] = None
    sound: bool | None = None
    camera: Camera | None = None
    image: Frame | None = None
    tail: Frame | None = None
    images: tuple[Frame, ...] = ()
    video: Footage | None = None
    element: tuple[str, ...] = ()
    shots: tuple[Shot, ...] = ()
    shot_type: ShotType | None = None
    orientation: Orientation | None = None
    keep_sound: bool | None = None
    refer: Refer | None = None
    voice: tuple[str, ...] = ()
    mask: Frame | None = None
    masks: tuple[Brush, ...] = ()
    watermark: bool | None = None
    callback: Annotated[str | None, Field(pattern=r"^https?://[^\s/]+\S*$")] = None
    external_id: Annotated[str | None, Field(pattern=r"^[\w.:-]{1,128}$")] = None
    take: int = Field(default=1, ge=1)
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("prompt", "negative")
    @classmethod
    def _no_nul(cls, text: str | None) -> str | None:
        return text.replace("\x00", "") if text else text

    @property
    def inferred_kind(self) -> Kind:
        """The kind that was given or, without one, what the inputs imply.

        Where a model makes the same thing under another name (omni), ``catalog.endpoint`` has the last word.
        """
        if self.kind:
            return self.kind
        if self.video:
            return "omni-video"
        if self.images:
            return "multi-image2video"
        return "image2video" if self.image or self.tail else "text2video"

    @property
    def sources(self) -> tuple[_Source, ...]:
        """Every image and video that goes in, in a fixed order."""
        pictures = (self.image, self.tail, *self.images, self.mask, *(brush.mask for brush in self.masks))
        return tuple(s for s in (*pictures, self.video) if s)

    @property
    def frames(self) -> tuple[tuple[str, Frame], ...]:
        """Every picture that goes in, with the name of its field."""
        listed = [("image", self.image), ("tail", self.tail), *(("images", frame) for frame in self.images)]
        listed += [("mask", self.mask), *(("masks", brush.mask) for brush in self.masks)]
        return tuple((name, frame) for name, frame in listed if frame)

    def fingerprint(self, gateway: str) -> str:
        """The same 64 hexadecimal digits for the same request, take and gateway, in any kernel."""
        asked = self.model_dump(mode="json", exclude_defaults=True)
        for name in ("image", "tail", "mask", "video"):
            if source := getattr(self, name):
                asked[name] = source.identity
        if self.images:
            asked["images"] = [frame.identity for frame in self.images]
        if self.masks:
            asked["masks"] = [[brush.mask.identity, brush.path] for brush in self.masks]
        text = json.dumps([gateway, asked], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
