"""From which value on a score is a defect: dated data, one line each."""

from __future__ import annotations

from dataclasses import dataclass

DATED = "2026-11-20"
SOURCE = "synthetic clips with planted defects, and the sandbox's films at 720p; not yet generated clips"


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold.

    Attributes:
        value: From here on, or below it where ``below``, it is a defect.
        clean: The worst value that a clean clip had.
        planted: The mildest value of a clip with the defect.
    """

    value: float
    clean: float
    planted: float
    below: bool = False

    def broken(self, value: float | None) -> bool:
        """Whether a value is a defect; None never is."""
        return value is not None and (value < self.value if self.below else value >= self.value)


LIMITS = {
    "freeze.longest": Limit(0.5, clean=0.0, planted=0.96),
    "freeze.repeats": Limit(0.18, clean=0.11, planted=0.2),
    "black.count": Limit(1, clean=0, planted=1),
    "pulse": Limit(2.0, clean=0.5, planted=8.0),
    "smoothness.jerk": Limit(0.15, clean=0.08, planted=0.28),
    "drift": Limit(15.0, clean=5.2, planted=31.0),
    "sharpness": Limit(15.0, clean=52.0, planted=4.5, below=True),
    "first_frame": Limit(0.85, clean=0.92, planted=0.71, below=True),
    "last_frame": Limit(0.85, clean=0.92, planted=0.72, below=True),
}
"""By metric, and the part of its answer after the dot."""

GATES = {
    "freeze": Limit(0.05, clean=0.0, planted=0.48),
    "dynamic": Limit(0.5, clean=0.54, planted=0.18, below=True),
}
"""What hides other metrics: a share of frozen frames, and a flow that is next to none.

The second also hides clean clips in which next to nothing moves (0.17 to 0.46 for still shots of the sandbox).
"""
