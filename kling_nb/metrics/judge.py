"""From scores to words: the defects of a clip as sentences, and as short labels beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kling_nb.metrics.conformance import SILENCE
from kling_nb.metrics.limits import GATES, LIMITS

Scores = Mapping[str, Mapping[str, Any]]
"""What :func:`kling_nb.metrics.measure` answers under ``scores``."""


def verdict(scores: Scores) -> tuple[str, ...]:
    """The defects that the scores show, a clause each: ``("frozen for 2.5 s from 2.5 s on",)``; () is a clean clip.

    Metrics that were not measured find nothing. The thresholds stand in ``kling_nb.metrics.limits``.
    """
    return tuple(sentence for _, sentence in _findings(scores))


def badges(scores: Scores) -> tuple[str, ...]:
    """The same as labels of few letters, for the player and tables: ``("frozen 50 %", "cut at 3.2 s")``."""
    return tuple(label for label, _ in _findings(scores))


def closed(gate: str, score: Mapping[str, Any]) -> str:
    """Why a clip does not pass a gate; "" if it does."""
    if not GATES[gate].broken(score["value"]):
        return ""
    if gate == "freeze":
        return f"hidden, because {_percent(score['value'])} of the frames are frozen, which would score best"
    return "hidden, because hardly anything moves, which would score best"


def _findings(scores: Scores) -> Iterator[tuple[str, str]]:
    yield from _departures(_parts(scores, "conformance"))
    yield from _interruptions(scores)
    if _broken(scores, "pulse"):
        yield "flickers", f"flickers: the brightness jumps by {_value(scores, 'pulse'):.1f} levels a frame"
    if _broken(scores, "smoothness.jerk"):
        yield "jerky", "moves in jerks"
    if _broken(scores, "drift"):
        said = f"colours drift by {_value(scores, 'drift'):.0f}"
        yield said, f"{said} (delta E)"
    if _broken(scores, "sharpness"):
        yield "blurred", f"blurred: sharpness {_value(scores, 'sharpness'):.0f}"
    for name in ("first_frame", "last_frame"):
        if _broken(scores, name):
            which, likeness = name.replace("_", " "), f"{_value(scores, name):.2f}"
            yield f"{which} {likeness}", f"{which} differs from the picture: SSIM {likeness}"


def _interruptions(scores: Scores) -> Iterator[tuple[str, str]]:
    """Frozen, stuttering, black, cut."""
    freeze, black, cuts = (_parts(scores, name) for name in ("freeze", "black", "cuts"))
    if _broken(scores, "freeze.longest"):
        label = f"frozen {_percent(freeze['value'])}"
        yield label, f"frozen for {freeze['longest']:.1f} s from {freeze['at']:.1f} s on"
    if _broken(scores, "freeze.repeats"):
        share = _percent(freeze["repeats"])
        yield f"stutters {share}", f"stutters: {share} of the frames repeat the one before"
    if _broken(scores, "black.count"):
        label = _count(black["count"], "black frame")
        yield label, f"{label}, the first at {black['at']:.1f} s"
    asked = int(cuts.get("asked", 0))
    if cuts.get("value", 0) > asked:
        at = f"{cuts['at']:.1f} s"
        alone = cuts["value"] == 1
        label = f"cut at {at}" if alone else _count(cuts["value"], "cut")
        first = f"a cut at {at}" if alone else f"{label}, the first at {at}"
        yield label, first + (f", where {asked} {'was' if asked == 1 else 'were'} asked for" if asked else "")


def _departures(facts: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """What is not as it was asked for."""
    if "asked_seconds" in facts:
        gap = facts["seconds"] - facts["asked_seconds"]
        amount = f"{abs(gap):.1f} s"
        yield f"{amount} {'long' if gap > 0 else 'short'}", f"{amount} {'longer' if gap > 0 else 'shorter'} than asked"
    if "asked_promised" in facts:
        yield "damaged", f"damaged: {facts['seconds']:.1f} s of {facts['promised']:.1f} s can be decoded"
    if "asked_fps" in facts:
        yield f"{facts['fps']:g} fps", f"{facts['fps']:g} frames a second instead of {facts['asked_fps']:g}"
    size = f"{facts.get('width', 0):.0f} x {facts.get('height', 0):.0f}"
    if "asked_width" in facts or "asked_height" in facts:
        wanted = " x ".join(f"{facts.get(f'asked_{side}', facts[side]):.0f}" for side in ("width", "height"))
        yield size, f"{size} pixels instead of {wanted}"
    elif "asked_aspect" in facts:
        ratio, wanted = (f"{facts[key]:.2f} : 1" for key in ("aspect", "asked_aspect"))
        yield size, f"{size} pixels ({ratio}), which is not the shape that was asked for ({wanted})"
    if "asked_audio" in facts:
        silent = not facts["audio"] or facts["peak"] < SILENCE
        yield ("no sound", "no sound in it") if silent else ("sound", "sound in it, though none was asked for")


def _broken(scores: Scores, key: str) -> bool:
    name, _, part = key.partition(".")
    found = _parts(scores, name).get(part) if part else scores.get(name, {}).get("value")
    return LIMITS[key].broken(found)


def _value(scores: Scores, name: str) -> float:
    return float(scores[name]["value"])


def _parts(scores: Scores, name: str) -> Mapping[str, float]:
    """All numbers of one metric; none where it was not measured."""
    score = scores.get(name, {})
    return {} if score.get("value") is None else {"value": score["value"], **score.get("parts", {})}


def _count(number: float, word: str) -> str:
    return f"{number:.0f} {word}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
