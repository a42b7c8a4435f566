"""A finished clip on disk, and what its file and its journal tell of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from pydantic import ValidationError

from kling_nb.catalog import image_limits
from kling_nb.media import frame_at, probe, read_tag
from kling_nb.request import VideoRequest

if TYPE_CHECKING:
    from kling_nb.life import JobState


@dataclass(frozen=True, slots=True)
class Video:
    """A finished clip on disk.

    Attributes:
        path: The MP4.
        poster: Its poster (JPEG), or None.
        seconds: Duration.
        width, height: Pixels.
        fps: Frames per second.
        cost: USD that the gateway says it took; None where it does not say.
        manifest: The full request and what became of it.
    """

    path: Path
    poster: Path | None
    seconds: float
    width: int
    height: int
    fps: float
    cost: float | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_mp4(cls, path: str | Path) -> Video:
        """Read a clip back from its file alone, manifest included.

        Raises:
            NotAVideoError: It is no video.
        """
        place = Path(path)
        found = probe(place)
        manifest = _sound(read_tag(place) or {})
        poster = place.with_suffix(".jpg")
        usd = (manifest.get("charge") or {}).get("usd")
        return cls(
            place,
            poster if poster.exists() else None,
            found.seconds,
            found.width,
            found.height,
            found.fps,
            usd,
            manifest,
        )

    @classmethod
    def stored(cls, folder: Path, state: JobState) -> Video | None:
        """The clip of a job in the output folder, as the journal has it; None if its file is not there."""
        if state.video is None:
            return None
        stored = state.video
        path, poster = folder / str(stored["path"]), folder / str(stored.get("poster", ""))
        if not path.is_file():
            return None
        usd = (state.charge or {}).get("usd")
        return cls(
            path,
            poster if poster.is_file() else None,
            stored["seconds"],
            stored["width"],
            stored["height"],
            stored["fps"],
            usd,
            {"job": state.id, "gateway": state.gateway, "request": dict(state.request), "charge": state.charge},
        )

    def last_frame(self) -> Image.Image:
        """The picture it ends with, from which another clip can go on. Blocks while it is decoded.

        One that is smaller than Kling takes is enlarged to whole multiples.
        """
        picture = frame_at(self.path, 1.0)
        factor = math.ceil(image_limits().min_side / min(picture.size))
        size = picture.width * factor, picture.height * factor
        return picture.resize(size, Image.Resampling.NEAREST) if factor > 1 else picture

    @property
    def request(self) -> VideoRequest | None:
        """The request it was made from; None if its manifest does not tell, or in a way that nobody can read."""
        asked = self.manifest.get("request")
        try:
            return VideoRequest.model_validate(asked) if asked else None
        except ValidationError:
            return None


_FORMS: Mapping[str, type | tuple[type, ...]] = {
    "request": Mapping,
    "charge": Mapping,
    "expected_price": Mapping,
    "gateway": str,
    "gateway_label": str,
    **dict.fromkeys(("planned_at", "sent_at", "ready_at"), (int, float)),
}
"""What each part of a manifest is."""


def _sound(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest as it may be read; a file's tag can hold anything, and what is not as we write it is left out."""
    found = {name: told for name, told in manifest.items() if isinstance(told, _FORMS.get(name, object))}
    charge: Any = found.get("charge", {})
    usd = charge.get("usd")
    if usd is not None and (isinstance(usd, bool) or not isinstance(usd, int | float)):
        del found["charge"]
    return found
