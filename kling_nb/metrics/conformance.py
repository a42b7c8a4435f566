"""Is the clip what was asked for: its length, rate, size and sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kling_nb.metrics.registry import metric

if TYPE_CHECKING:
    from kling_nb.metrics.reel import Reel

SILENCE = 0.003
"""Loudest sample of a sound that nobody hears (-50 dB)."""

_SLACK_SECONDS = 0.25
"""Models round to whole groups of frames: a clip of 5 s has 5.04 or 5.1."""

_SLACK_FPS = 0.5
_SLACK_SIZE = 0.03
"""Models round to multiples of 16 pixels or so."""


@metric("conformance", unit="departures", better="lower")
def conformance(reel: Reel, asked: Mapping[str, Any]) -> dict[str, float]:
    """What the clip is, and in how many ways it is not what was asked for.

    Returns:
        ``value``, how many of length, completeness, rate, width, height, shape and sound are not as asked;
        ``seconds``, ``promised`` (of the file), ``fps``, ``width``, ``height``, ``aspect``, ``audio`` (0 or 1) and
        ``peak`` of the sound as they are, and each that departs again under ``asked_`` and its name.
    """
    facts = {
        "seconds": reel.seconds,
        "promised": reel.promised,
        "fps": reel.fps,
        "width": float(reel.width),
        "height": float(reel.height),
        "aspect": reel.width / reel.height,
        "audio": float(reel.sound is not None),
        "peak": reel.sound.peak if reel.sound else 0.0,
    }
    wrong = dict(_departures(facts, asked))
    return {"value": float(len(wrong)), **facts, **{f"asked_{name}": value for name, value in wrong.items()}}


def _departures(facts: Mapping[str, float], asked: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, slack in (("seconds", _SLACK_SECONDS), ("fps", _SLACK_FPS)):
        wanted = _number(asked.get(name))
        if wanted and abs(facts[name] - wanted) > slack:
            yield name, wanted
    if facts["promised"] - facts["seconds"] > _SLACK_SECONDS:
        yield "promised", facts["promised"]
    for name in ("width", "height"):
        wanted = _number(asked.get(name))
        if wanted and abs(facts[name] / wanted - 1) > _SLACK_SIZE:
            yield name, wanted
    shape = _shape(asked.get("aspect"))
    if shape and abs(facts["aspect"] / shape - 1) > _SLACK_SIZE:
        yield "aspect", shape
    if asked.get("sound") is not None and bool(asked["sound"]) != _audible(facts):
        yield "audio", float(bool(asked["sound"]))


def _audible(facts: Mapping[str, float]) -> bool:
    return bool(facts["audio"]) and facts["peak"] >= SILENCE


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _shape(aspect: Any) -> float:
    """Width by height of "16:9"."""
    across, colon, down = str(aspect or "").partition(":")
    try:
        return float(across) / float(down) if colon else 0.0
    except (ValueError, ZeroDivisionError):
        return 0.0  # such as "auto": nothing was asked for
