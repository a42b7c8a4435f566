"""Proxies of a clip's defects, on the CPU and in one decode: frozen, black, cut, flickering, not what was asked for.

::

    from kling_nb import metrics

    answer = metrics.measure("fox.mp4", asked={"seconds": 5, "aspect": "16:9"})
    metrics.verdict(answer["scores"])        # ("frozen for 2.5 s from 2.5 s on",)
    for answer in metrics.spread(executor, [{"path": path} for path in paths]): ...

There is no total and no "quality": each number says one thing, and none of them whether a clip is good. A metric is
a small function under a name (:func:`kling_nb.metric`).
"""

from __future__ import annotations

from kling_nb.metrics import conformance, motion, picture, timeline
from kling_nb.metrics.copies import sheet, transcode
from kling_nb.metrics.judge import badges, verdict
from kling_nb.metrics.measuring import STANDARD, measure
from kling_nb.metrics.reel import Reel
from kling_nb.metrics.registry import Metric, metric, metrics
from kling_nb.metrics.spreading import spread

__all__ = [
    "STANDARD",
    "Metric",
    "Reel",
    "badges",
    "conformance",
    "measure",
    "metric",
    "metrics",
    "motion",
    "picture",
    "sheet",
    "spread",
    "timeline",
    "transcode",
    "verdict",
]
