"""What ``fal`` and ``replicate`` share: each model under an id of its own, each with its own few fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.catalog.findings import Finding
from kling_nb.catalog.listings import match
from kling_nb.catalog.words import follows_picture
from kling_nb.gateways.digging import text
from kling_nb.gateways.fields import given, overlay, uncarried
from kling_nb.wire import Inline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_nb.catalog.listings import Listing, Match
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import Frame, VideoRequest

MODEL_ID = "model_id"
"""The raw field (``--set model_id=…``) that names the id on the shelf; it is not sent as a field."""


def data_uri(frame: Frame) -> str | Inline:
    """A frame's URL, or the place that the engine fills with its data URI, which both gateways take."""
    prefix = f"data:{frame.media_type or 'application/octet-stream'};base64,"
    return frame.url or Inline(frame.sha256 or "", frame.size or 0, frame.name, prefix)


class Shelf:
    """One shelf of the catalogue as a gateway sells it.

    Args:
        gateway: Whose label the sentences carry.
        name: The shelf's name in the catalogue, whatever a gateway of this dialect is called.
    """

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._label = gateway.label
        self._name = name

    def notes(self, request: VideoRequest) -> Iterator[Finding]:
        """A model or mode that is not there, an id that is a guess, and fields that cannot be sent."""
        found = match(request, self._name)
        listing = found.listing or self._named(request, found)
        if listing is None:
            yield self._not_there(request, found)
            return
        if listing.guessed and MODEL_ID not in request.extra:
            sentence = (
                f"No source says what {self._label} calls {request.model}: {listing.id} is a guess, and so are its "
                f"fields. --set {MODEL_ID}=… overrides it."
            )
            yield Finding("warning", "model", sentence)
        yield from self._fields(request, listing, found.kind)

    def model_id(self, request: VideoRequest) -> str:
        """The id to ask for; ``notes`` has refused a request for which there is none."""
        found = match(request, self._name)
        return text(request.extra.get(MODEL_ID)) or (found.listing.id if found.listing else request.model)

    def fields(
        self, request: VideoRequest, frames: Mapping[str, str | Inline], seconds: type[int | str]
    ) -> dict[str, Any]:
        """The fields that were set and that the model takes, raw ones laid over them.

        Args:
            request: What is asked for.
            frames: URL or place of the pictures by field.
            seconds: How the gateway writes a length: as a number or as a string.
        """
        found = match(request, self._name)
        listing = found.listing or self._named(request, found)
        values: dict[str, Any] = {
            "prompt": request.prompt,
            "negative": request.negative,
            "cfg": request.cfg,
            "duration": None if request.duration is None else seconds(request.duration),
            "aspect": request.aspect,
            "sound": request.sound,
            "mode": request.mode and (listing.mode_words if listing else {}).get(request.mode, request.mode),
            **frames,
        }
        takes = listing.takes if listing else {}
        body = given(**{word: values[field] for field, word in takes.items() if field in values})
        return overlay(body, {name: value for name, value in request.extra.items() if name != MODEL_ID})

    def _named(self, request: VideoRequest, found: Match) -> Listing | None:
        """Where the person named the id, the model's fields are those of its next listing."""
        return found.others[0] if found.others and MODEL_ID in request.extra else None

    def _not_there(self, request: VideoRequest, found: Match) -> Finding:
        kinds = sorted({kind for listing in found.others for kind in listing.kinds})
        modes = sorted({mode for listing in found.others if found.kind in listing.kinds for mode in listing.modes})
        if found.kind in kinds and modes:
            allowed = " or ".join(f"--mode {mode}" for mode in modes)
            return Finding("error", "mode", f"{self._label} has {request.model} for {found.kind} with {allowed} only.")
        if kinds:
            sentence = f"{self._label} has {request.model} for {' and '.join(kinds)} only, not for {found.kind}."
        else:
            sentence = f"{self._label} is not known to make {found.kind} clips: choose another --gateway."
        return Finding("error", "kind", sentence)

    def _fields(self, request: VideoRequest, listing: Listing, kind: str) -> Iterator[Finding]:
        subject = f"{self._label}'s {request.model}"
        follows = bool(request.image or request.tail) and "aspect" not in listing.takes
        yield from uncarried(request, frozenset({*listing.takes, "mode", *(["aspect"] if follows else [])}), subject)
        if request.aspect and follows:
            yield Finding("note", "aspect", follows_picture(request.aspect))
        if request.sound is None and listing.sounds:
            sentence = f"{self._label} makes {request.model} with sound, at its higher price, without --sound off."
            yield Finding("warning", "sound", sentence)
        if request.tail and not request.image and kind == "image2video":
            sentence = f"{self._label} may want a first frame too: add --image, or the clip may be refused."
            yield Finding("warning", "tail", sentence)
