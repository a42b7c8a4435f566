"""How the whole sandbox behaves; what one cell asks of it is :mod:`kling_nb.sandbox.mischief`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

HOST = "sandbox.kling-nb.invalid"
"""The host name of the in-process sandbox; RFC 2606 keeps ``.invalid`` out of every DNS."""


Resolution = Literal["full", "small", "tiny", "blank"]


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of one sandbox.

    Attributes:
        latency: Seconds that a task takes, as a median; single tasks spread around it.
        fail: Share of tasks that end as failed, 0 to 1.
        throttle: How many tasks may be open at once; None is without limit.
        resolution: ``full`` is what was asked for; ``small`` has the area of 256x144 pixels and eight frames a second,
            for notebooks that carry their clips with them; ``tiny`` has the area of 64x36 pixels and a few
            frames per second, for those who want the protocol and not the picture. ``blank`` is as small, and
            the same film for every clip of a length: thousands of them cost next to nothing.
        seed: Another seed lets other tasks fail and be late.

    Raises:
        ValueError: A value is out of range; the message says which and what is allowed.
    """

    latency: float = 3.0
    fail: float = 0.0
    throttle: int | None = None
    resolution: Resolution = "full"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.latency <= MAX_LATENCY:
            raise ValueError(f"latency is {self.latency}; it must be 0 to {MAX_LATENCY} seconds.")
        if not 0 <= self.fail <= 1:
            raise ValueError(f"fail is {self.fail}; it must be 0 (never) to 1 (always).")
        if self.throttle is not None and self.throttle < 1:
            raise ValueError(f"throttle is {self.throttle}; it must be 1 or more tasks.")
        if self.resolution not in get_args(Resolution):
            raise ValueError(f"resolution is {self.resolution!r}; it must be {', '.join(get_args(Resolution))}.")


MAX_LATENCY = 3600
"""Seconds; longer than any client waits."""

DEFAULTS = Options()
