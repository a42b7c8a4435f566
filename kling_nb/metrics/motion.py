"""How much moves, and how smoothly: optical flow of frames 320 pixels wide (OpenCV's DIS, imported when needed)."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from kling_nb.errors import SetupError
from kling_nb.metrics.reel import Reel, apart
from kling_nb.metrics.registry import metric
from kling_nb.metrics.timeline import breaks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.floating[Any]]

_SHORT = 256
"""VBench's threshold of 6 pixels belongs to a shorter side of 256; values are scaled to it."""

_DYNAMIC = 6.0
_ENOUGH = 4 / 16
_FASTEST = 0.05
_HALF = np.float32(0.5)
_QUIET = 0.2


@metric("dynamic", unit="pixels per 1/8 s, of 256", better="neither")
def dynamic(reel: Reel, _: Mapping[str, Any]) -> dict[str, float] | None:
    """How much moves, after VBench's dynamic degree.

    Returns:
        ``value``, the flow of the fastest 5 % of the picture over 1/8 s, as if its shorter side had 256 pixels, as
        the mean of all steps within a shot; ``moving``, the share of steps above 6; ``degree``, 1 where those are
        a quarter or more, as VBench counts a clip as dynamic.
    """
    flow = _Flow("dynamic", reel)
    gaps = breaks(reel)
    steps = [n for n in range(0, len(reel) - reel.stride, reel.stride) if not _torn(gaps, n, n + reel.stride)]
    if not steps:
        return None
    scale = _SHORT / min(reel.luma.shape[1:])
    tops = np.array([_fastest(flow(n, n + reel.stride)) * scale for n in steps])
    moving = tops > _DYNAMIC
    wanted = round(_ENOUGH * (len(tops) + 1))
    return {
        "value": float(tops.mean()),
        "moving": float(moving.mean()),
        "degree": float(moving.sum() >= max(1, wanted)),
    }


@metric("smoothness", unit="1 - mean error / 255", better="higher", gate=("freeze", "dynamic"))
def smoothness(reel: Reel, _: Mapping[str, Any]) -> dict[str, float] | None:
    """How well each second frame follows from its neighbours, after the idea of VBench's motion smoothness.

    Returns:
        ``value``, (255 - MAE) / 255 of the frames in between and what the flow between their neighbours makes of
        them; ``jerk``, by how much the amount of change itself changes from frame to frame (0 is even, 1 is
        move and stop) within a shot.
    """
    flow = _Flow("smoothness", reel)
    gaps = breaks(reel)
    middles = [n for n in range(1, len(reel) - 1, 2) if not _torn(gaps, n - 1, n + 1)]
    if not middles:
        return None
    errors = [apart(flow.between(n - 1, n + 1), reel.luma[n]) for n in middles]
    steps = reel.changes[1:]
    even = np.array([not _torn(gaps, n, n + 2) for n in range(len(steps) - 1)], bool)
    uneven = np.abs(np.diff(steps)) / (steps[1:] + steps[:-1] + _QUIET)
    return {"value": float((255 - np.mean(errors)) / 255), "jerk": float(uneven[even].mean()) if even.any() else 0.0}


class _Flow:
    """Dense optical flow between frames of one reel."""

    def __init__(self, name: str, reel: Reel) -> None:
        self._cv2 = _opencv(name)
        self._luma = reel.luma
        self._dis = self._cv2.DISOpticalFlow_create(self._cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        height, width = self._luma.shape[1:]
        self._y, self._x = np.mgrid[0:height, 0:width].astype(np.float32)

    def __call__(self, first: int, second: int) -> Floats:
        """Where each pixel of the first frame is found in the second: height x width x (right, down)."""
        found: Floats = self._dis.calc(self._luma[first], self._luma[second], None)
        return found

    def between(self, first: int, second: int) -> Bytes:
        """The picture half way, drawn from both sides."""
        half = self(first, second) * _HALF
        sides = [self._moved(self._luma[first], -half), self._moved(self._luma[second], half)]
        made: Bytes = self._cv2.addWeighted(sides[0], 0.5, sides[1], 0.5, 0)
        return made

    def _moved(self, luma: Bytes, by: Floats) -> Any:
        cv2 = self._cv2
        return cv2.remap(luma, self._x + by[..., 0], self._y + by[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)


def _fastest(flow: Floats) -> float:
    speeds = np.hypot(flow[..., 0], flow[..., 1]).ravel()
    count = max(1, int(len(speeds) * _FASTEST))
    return float(np.partition(speeds, -count)[-count:].mean())


def _torn(gaps: list[int], first: int, last: int) -> bool:
    return any(first < gap <= last for gap in gaps)


def _opencv(name: str) -> ModuleType:
    try:
        import cv2  # noqa: PLC0415 - an extra, and 70 MB
    except ImportError:
        raise SetupError(f"{name} needs OpenCV: pip install 'kling-nb[bench]'") from None
    found: ModuleType = cv2
    return found
