"""From an order to the film that answers it: its size, its seed, its name, its slate.

The same request and take always make the same film, in any process; another take makes
another. So a film is stored under the hash of what it shows.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kling_nb.sandbox.film import Brief
    from kling_nb.sandbox.options import Options
    from kling_nb.sandbox.order import Order
    from kling_nb.sandbox.pictures import Picture

_AREA = {"std": 1280 * 720, "pro": 1920 * 1080, "4k": 3840 * 2160}
"""Pixels of each mode. Kling keeps the area and varies the ratio: 1:1 is 960x960 or 1440x1440."""

_SMALLER = {"small": 256 * 144, "tiny": 64 * 36, "blank": 64 * 36}
_FPS = {"full": 24, "small": 8, "tiny": 4, "blank": 4}
_NOT_SHOWN = ("external_task_id", "callback_url", "sandbox")
_TAKE = re.compile(r"-t(\d{1,6})-")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that makes a film, as plain JSON: it outlives the process that took the order.

    Attributes:
        width: Pixels, even; likewise ``height``.
        seconds: Length.
        first: SHA-256 of the stored first frame, or empty; likewise ``last``.
        shots: Prompt and seconds of each beat.
        slate: The lines of type that stand in the picture.
    """

    prompt: str
    negative: str
    width: int
    height: int
    seconds: int
    fps: int
    sound: bool
    seed: int
    first: str
    last: str
    shots: tuple[tuple[str, int], ...]
    slate: tuple[str, ...]

    def to_json(self) -> str:
        """As text for the ledger."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From what :meth:`to_json` gave."""
        fields = json.loads(text)
        fields["shots"] = tuple((prompt, seconds) for prompt, seconds in fields["shots"])
        fields["slate"] = tuple(fields["slate"])
        return cls(**fields)

    def brief(self, inputs: Path) -> Brief:
        """For the film maker; the frames are read from the folder ``inputs``."""
        from kling_nb.sandbox.film import Brief  # noqa: PLC0415 - numpy and PyAV load with the first film only

        return Brief(
            prompt=self.prompt,
            negative=self.negative,
            width=self.width,
            height=self.height,
            seconds=self.seconds,
            fps=self.fps,
            sound=self.sound,
            seed=self.seed,
            first=(inputs / self.first).read_bytes() if self.first else None,
            last=(inputs / self.last).read_bytes() if self.last else None,
            shots=self.shots,
            slate=self.slate,
        )


def take_of(external_id: str) -> int:
    """Which take this is: clients write it into their id as ``-t<take>-``; 1 where they do not."""
    found = _TAKE.search(external_id)
    return int(found.group(1)) if found else 1


def film_name(order: Order, fields: Mapping[str, Any], take: int, options: Options) -> str:
    """32 hexadecimal digits that stand for one film.

    A default counts like the same value written out, so that a request makes one film whoever translated it.
    """
    shown = {name: value for name, value in fields.items() if name not in _NOT_SHOWN and value not in (None, "")}
    shown |= {"model_name": order.model, "mode": order.mode, "duration": order.seconds, "aspect_ratio": order.aspect}
    shown |= {"sound": order.sound}
    text = json.dumps([order.route, shown, take, options.resolution], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def make_plan(order: Order, film: str, take: int, options: Options) -> Plan:
    """Plan the film named ``film`` for an order."""
    width, height = _size(order, options)
    if options.resolution == "blank":
        return Plan("", "", width, height, order.seconds, _FPS["blank"], order.sound, 0, "", "", (), ())
    setting = (order.model, order.mode, order.aspect or f"{width}x{height}", f"{order.seconds} s")
    return Plan(
        prompt=order.prompt,
        negative=order.negative,
        width=width,
        height=height,
        seconds=order.seconds,
        fps=_FPS[options.resolution],
        sound=order.sound,
        seed=int(film[:8], 16),
        first=_digest(order.first),
        last=_digest(order.last),
        shots=order.shots,
        slate=("  ".join(filter(None, setting)), "  ".join((f"take {take}", *order.remarks)), "sandbox"),
    )


def _digest(picture: Picture | None) -> str:
    return hashlib.sha256(picture.data).hexdigest() if picture and picture.data else ""


def _size(order: Order, options: Options) -> tuple[int, int]:
    area = _SMALLER.get(options.resolution) or _AREA[order.mode or "std"]
    picture = order.first or order.last
    if order.aspect or not picture:
        across, down = map(int, order.aspect.split(":"))
    else:
        across, down = picture.width, picture.height
    ratio = across / down
    return _even(math.sqrt(area * ratio)), _even(math.sqrt(area / ratio))


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))
