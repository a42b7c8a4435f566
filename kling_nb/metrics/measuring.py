"""One clip's scores: plain data in, plain data out, so that any process on any machine can do it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from kling_nb.errors import InputError, KlingError
from kling_nb.metrics.judge import closed
from kling_nb.metrics.reel import Reel, wind
from kling_nb.metrics.registry import find

STANDARD = (
    "conformance",
    "freeze",
    "black",
    "cuts",
    "pulse",
    "flicker",
    "dynamic",
    "smoothness",
    "first_frame",
    "last_frame",
    "sharpness",
    "drift",
)
"""The metrics that are measured unless others are named. All of them are proxies; there is no total."""

_LONGEST = 300


def measure(
    path: str,
    names: Sequence[str] = STANDARD,
    asked: Mapping[str, Any] | None = None,
    homes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Measure one clip in one decode. Blocks (about half a second for 5 s of 720p) and never raises for a bad file.

    Args:
        path: The video.
        names: Of metrics; see :func:`kling_nb.metrics.metrics`.
        asked: What is known of the request: ``seconds``, ``fps``, ``width``, ``height``, ``aspect`` ("16:9"),
            ``sound`` (a bool), ``shots`` (how many), ``first_frame`` and ``last_frame`` (paths of pictures).
        homes: ``module:function`` of metrics that the measuring process may not know yet.

    Returns:
        ``path``, ``sha256`` of the file; ``scores`` by name: ``value`` (None with a ``why`` where it does not apply or
        a gate hides it), ``version``, and further numbers under ``parts``; ``errors`` by name, a sentence each;
        ``took``, seconds by name and of ``decode``; ``seconds_taken``. A file that cannot be measured at all has
        no scores and an ``error``, a sentence. All of it goes through JSON.
    """
    started = perf_counter()
    answer: dict[str, Any] = {"path": str(path), "sha256": "", "scores": {}, "errors": {}, "took": {}}
    try:
        reel = wind(Path(path))
        answer["sha256"] = reel.sha256
        took = answer["took"]
        took["decode"] = perf_counter() - started
        bench = _Bench(reel, asked or {}, homes or {}, took)
        for name in [names] if isinstance(names, str) else names:
            found = bench.shown(name)
            answer["errors" if isinstance(found, str) else "scores"][name] = found
    except Exception as error:  # noqa: BLE001 - one file of a thousand must not end the other 999
        answer["error"] = _sentence(error)
    answer["seconds_taken"] = perf_counter() - started
    return answer


@dataclass(slots=True)
class _Bench:
    """Scores of one reel; each metric is measured once, also where another asks for it as a gate."""

    reel: Reel
    asked: Mapping[str, Any]
    homes: Mapping[str, str]
    took: dict[str, float]
    _found: dict[str, dict[str, Any] | str] = field(default_factory=dict)

    def shown(self, name: str) -> dict[str, Any] | str:
        """A metric's score, hidden where a gate is closed; or a sentence why there is none."""
        found = self._measured(name)
        if isinstance(found, str) or found["value"] is None:
            return found
        for gate in find(name).gate:
            why = self._closed(gate)
            if why:
                return {"value": None, "version": found["version"], "why": why}
        return found

    def _closed(self, gate: str) -> str:
        score = self._measured(gate)
        if not isinstance(score, str):
            return closed(gate, score)
        # Optical flow cannot be had here. That anything moves at all shows without it.
        return "" if gate == "dynamic" and self.reel.stirring else f"hidden, because {gate} could not be measured"

    def _measured(self, name: str) -> dict[str, Any] | str:
        if name not in self._found:
            started = perf_counter()
            try:
                self._found[name] = self._score(name)
            except Exception as error:  # noqa: BLE001 - metrics are strangers' code too
                self._found[name] = _sentence(error)
            self.took[name] = perf_counter() - started
        return self._found[name]

    def _score(self, name: str) -> dict[str, Any]:
        metric = find(name, self.homes.get(name, ""))
        if metric.needs and self.asked.get(metric.needs) is None:
            return {"value": None, "version": metric.version, "why": f"no {metric.needs.replace('_', ' ')} was given"}
        answer = metric.function(self.reel, self.asked)
        if answer is None:
            return {"value": None, "version": metric.version, "why": "it does not apply to this clip"}
        if not isinstance(answer, Mapping):
            return {"value": _number(name, answer), "version": metric.version}
        if "value" not in answer:
            raise InputError(f"The metric {name} answered a mapping without a value: put its main number under value.")
        parts = {str(key): _number(name, part) for key, part in answer.items() if key != "value"}
        return {"value": _number(name, answer["value"]), "version": metric.version, "parts": parts}


def _number(name: str, value: Any) -> float | None:
    """A plain number, which JSON can hold; what is infinite or none at all becomes None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"The metric {name} answered {str(value)[:40]!r}, which is no number.") from None
    return number if math.isfinite(number) else None


def _sentence(error: Exception) -> str:
    return error.sentence if isinstance(error, KlingError) else f"{type(error).__name__}: {error}"[:_LONGEST]
