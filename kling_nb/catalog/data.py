"""The shapes of the catalogue: what ``models.json`` says, as frozen words of our own.

The facts, their dates and their sources stand in the file; here is only what they are
called. Lengths are whole seconds, money is in Kling's units, sizes are pixels and bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Level

Audio = Literal["none", "optional", "required", "always", "original"]
"""Silent, as asked, only when sound is asked for, always with sound, or the reference video's sound kept or dropped."""

Seconds = tuple[int, ...]
"""Allowed lengths in ascending order; empty where the sources name none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One allowed combination of kind, feature and mode; without a row it is not supported.

    Attributes:
        kind: As in :data:`kling_nb.request.Kind`, or an older route (``video-extend``).
        feature: ``generate``, ``start_end_frame``, ``camera_control`` …
        mode: None for a model without a mode switch.
        follows_video: The clip is as long as the reference video, ``seconds`` are that video's.
        resolution: A key of :attr:`Catalogue.sizes`, None where unknown.
        fps: Frames a second, None where unknown.
        camera_types: The only camera types allowed here; empty allows every type.
        elements_max: Most elements, None where unknown.
        confirmed: False where it follows only from the absence of a restriction.
    """

    kind: str
    feature: str
    mode: str | None
    seconds: Seconds
    follows_video: bool
    resolution: str | None
    fps: int | None
    audio: Audio
    camera_types: tuple[str, ...]
    elements_max: int | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """One line of the price list, in units.

    Attributes:
        kind: None for clips from text, pictures and references.
        sound: None where the list has one price for silent and with sound.
        clip: Units of a whole clip by its seconds; empty where it is sold by the second.
        per_second: Units a second; None where it is sold by the clip.
    """

    kind: str | None
    mode: str | None
    sound: bool | None
    voices: bool
    video: bool
    clip: Mapping[int, float]
    per_second: float | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A point on which the sources contradict each other, and the requests that it touches.

    Attributes:
        field: The request's field, or ``price``.
        says: The sentence for a person.
        kinds, features, modes, gateways, uses: Conditions, all of which must hold; empty always
            holds. ``uses`` holds when any of these fields is set.
        lifts: The refusal that the same field would get becomes this warning.
    """

    field: str
    says: str
    kinds: tuple[str, ...]
    features: tuple[str, ...]
    modes: tuple[str, ...]
    gateways: tuple[str, ...]
    uses: tuple[str, ...]
    lifts: bool


@dataclass(frozen=True, slots=True)
class References:
    """How many reference pictures and elements go in together.

    Attributes:
        most: Without a video.
        most_with_video: With one; None where the model takes no video.
        no_tail_above: With more pictures than this, no last frame; None where unknown.
    """

    most: int
    most_with_video: int | None
    no_tail_above: int | None


@dataclass(frozen=True, slots=True)
class Generation2:
    """What is different for a model on Kling's second-generation API.

    Attributes:
        name: Its name there.
        prompt_max: Characters; None where the usual limit holds.
        settings: What can be set besides resolution, aspect ratio and length.
    """

    name: str
    prompt_max: int | None
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """What one model can do and costs on Kling's own API.

    Attributes:
        name: Kling's own spelling on its legacy API; where a model is not there, its name on the second generation.
        generation2: The model on Kling's second-generation API, if it is there.
        routes: What it makes, as the last parts of legacy routes.
        modes: Empty for a model without a mode switch.
        aspects: Aspect ratios where no picture gives them.
        aspect_default: None where there is none to assume.
        aspect_required: One must be sent unless a first frame or a video gives it.
        can: Abilities by name; True, False, or None where no evidence was found.
    """

    name: str
    label: str
    generation2: Generation2 | None
    routes: tuple[str, ...]
    modes: tuple[str, ...]
    mode_default: str | None
    duration_default: int
    aspects: tuple[str, ...]
    aspect_default: str | None
    aspect_required: bool
    can: Mapping[str, bool | None]
    references: References | None
    rows: tuple[Row, ...]
    prices: tuple[Rate, ...]
    doubts: tuple[Doubt, ...]

    def of(self, kind: str, *features: str) -> tuple[Row, ...]:
        """The rows of a kind, or of some features of it."""
        return tuple(r for r in self.rows if r.kind == kind and (not features or r.feature in features))


@dataclass(frozen=True, slots=True)
class Offer:
    """What a gateway's own pages say about one model there. Empty and None: no further limit.

    Attributes:
        word: The gateway's name for the model; None for Kling's own name.
        words: The gateway's names by mode, which are then the only modes there.
        routes: Kling routes that the gateway recommends the model for.
        kinds: Kinds that the gateway's shape can carry.
        fields: The only request fields there (a closed schema).
        mode_ignored: The mode makes no difference there.
        aspect_required: Overrides :attr:`Model.aspect_required`.
    """

    word: str | None
    words: Mapping[str, str]
    routes: tuple[str, ...]
    kinds: tuple[str, ...]
    modes: tuple[str, ...]
    mode_default: str | None
    mode_ignored: bool
    seconds: Seconds
    aspect_required: bool | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway's list of models.

    Attributes:
        offers: By model name; empty where it has all that Kling has.
        others: How much it weighs that a model is not among the offers; None where all are.
        prompt_required: Kinds for which only this gateway asks for a prompt.
        generation2: It takes the names of Kling's second generation too.
        free: Nothing is charged.
        list_price: It charges Kling's list price.
    """

    name: str
    label: str
    offers: Mapping[str, Offer]
    others: Level | None
    prompt_required: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    generation2: bool
    free: bool
    list_price: bool


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a frame may be (image2video page of kling.ai/document-api).

    Attributes:
        max_bytes: Size of the file.
        min_side: Pixels of the shorter side, at least.
        max_ratio: Longer side over shorter side, at most.
        formats: Media types.
    """

    max_bytes: int
    min_side: int
    max_ratio: float
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a reference video may be: bytes, pixels of each side, media types, seconds.

    Attributes:
        oriented: Other lengths by the request's orientation.
    """

    max_bytes: int
    min_side: int
    max_side: int
    formats: tuple[str, ...]
    seconds: Seconds
    oriented: Mapping[str, Seconds]


@dataclass(frozen=True, slots=True)
class MaskLimits:
    """How many moving masks, and how many points each one's path has."""

    groups: int
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class CameraLimits:
    """Camera types, and what the configuration of ``config_type`` may hold."""

    types: tuple[str, ...]
    config_type: str
    axes: tuple[str, ...]
    axes_used: int
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class ShotLimits:
    """How many shots, and characters of each one's prompt."""

    fewest: int
    most: int
    prompt_max: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Rules that hold for every model.

    Attributes:
        prompt_max, negative_max: Characters.
        prompt_required: Kinds that need a prompt.
        exclusive: Fields of which a request uses at most one.
        video: By kind.
        voices: Most voices in one clip.
    """

    prompt_max: int
    negative_max: int
    prompt_required: tuple[str, ...]
    image: ImageLimits
    video: Mapping[str, VideoLimits]
    camera: CameraLimits
    shots: ShotLimits
    masks: MaskLimits
    voices: int
    exclusive: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class KindInputs:
    """Inputs of a kind: from each group of ``needs`` one, besides them only ``takes``."""

    needs: tuple[tuple[str, ...], ...]
    takes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that ``models.json`` says.

    Attributes:
        checked: Date of the last look at the sources, ``YYYY-MM-DD``.
        default_model: The model where none is named.
        usd_per_unit: Price of one unit in US dollars.
        price_source: Where the price list was read.
        sizes: Width and height by resolution and aspect ratio.
    """

    checked: str
    default_model: str
    usd_per_unit: float
    price_source: str
    models: Mapping[str, Model]
    gateways: Mapping[str, Gateway]
    limits: Limits
    kinds: Mapping[str, KindInputs]
    sizes: Mapping[str, Mapping[str, tuple[int, int]]]
