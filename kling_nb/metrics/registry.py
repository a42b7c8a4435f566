"""Which metrics there are: small functions under a name, ours and those that people add."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeVar

from kling_nb.errors import OptionError
from kling_nb.metrics.reel import Reel

Value = float | Mapping[str, float] | None
"""What a metric answers: a number, a mapping with ``value`` and further numbers, or None where it does not apply."""

Measuring = Callable[[Reel, Mapping[str, Any]], Value]
Function = TypeVar("Function", bound=Measuring)
Better = Literal["lower", "higher", "neither"]

GATES = ("freeze", "dynamic")
"""Metrics that can keep another from being shown: a frozen clip never flickers and moves most smoothly."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: What scores are stored under.
        version: Raised whenever the same clip would score otherwise.
        unit: Of its value, in words.
        better: Which end of its scale is the good one.
        gate: Those of ``GATES`` that a clip must pass for this to be shown.
        needs: What has to be known of the request for it to apply, such as ``"first_frame"``; "" is nothing.
        function: Measures.
    """

    name: str
    version: int
    unit: str
    better: Better
    gate: tuple[str, ...]
    needs: str
    function: Measuring

    @property
    def about(self) -> str:
        """The first line of what its author wrote about it."""
        return (self.function.__doc__ or "").strip().split("\n", 1)[0]

    @property
    def home(self) -> str:
        """``module:function``, by which another process finds it."""
        return f"{self.function.__module__}:{getattr(self.function, '__qualname__', '')}"


_METRICS: dict[str, Metric] = {}


def metric(
    name: str,
    *,
    version: int = 1,
    unit: str = "",
    better: Better = "neither",
    gate: Iterable[str] = (),
    needs: str = "",
) -> Callable[[Function], Function]:
    """Make a function a metric that :func:`kling_nb.metrics.measure` can be asked for by name.

    The function takes a :class:`kling_nb.metrics.Reel` and what was asked for, and answers a number, a mapping of
    numbers with one called ``value``, or None where it does not apply. Defining it again replaces it. In a
    notebook it works with threads; for other processes and clusters, put it into a file beside the notebook and
    import it.

    Args:
        name: Lower-case letters, digits and ``_``.
        version: Raise it when the same clip would score otherwise; scores of other versions are measured anew.
        unit: Of its value, in words.
        better: ``lower``, ``higher`` or ``neither``.
        gate: ``freeze`` and ``dynamic`` hide its value for clips that are frozen, or in which hardly anything moves.
        needs: A key of ``asked`` without which it does not apply.

    Raises:
        OptionError: The name is no such word or is taken, or a gate is unknown.
    """
    gates = (gate,) if isinstance(gate, str) else tuple(gate)
    if not _NAME.fullmatch(name):
        raise OptionError(f"{name!r} is no name of a metric: lower-case letters, digits and _ make one.")
    if unknown := [one for one in gates if one not in GATES]:
        raise OptionError(f"{unknown[0]!r} is no gate of a metric: choose from {', '.join(GATES)}.")

    def register(function: Function) -> Function:
        made = Metric(name, version, unit, better, gates, needs, function)
        there = _METRICS.get(name)
        if there is not None and there.home != made.home:
            raise OptionError(f"{name} is a metric already, of {there.home}: give yours another name.")
        _METRICS[name] = made
        return function

    return register


def metrics() -> tuple[Metric, ...]:
    """Every metric there is, in the order in which they were defined."""
    return tuple(_METRICS.values())


def homes(names: Iterable[str]) -> dict[str, str]:
    """Where another process finds those of the metrics that are not this package's own."""
    own = f"{__package__}."
    return {name: _METRICS[name].home for name in names if name in _METRICS and not _METRICS[name].home.startswith(own)}


def find(name: str, home: str = "") -> Metric:
    """The metric of a name, imported from its home where this process does not know it yet.

    Raises:
        OptionError: There is none of that name, or it cannot be imported here.
    """
    if name not in _METRICS and home:
        try:
            import_module(home.partition(":")[0])
        except Exception as error:  # noqa: BLE001 - a stranger's file may raise anything
            raise OptionError(_astray(name, home, f"{type(error).__name__}: {error}")) from None
        if name not in _METRICS:
            raise OptionError(_astray(name, home, "it is not defined there"))
    if name not in _METRICS:
        raise OptionError(f"There is no metric {name!r}: choose from {', '.join(_METRICS)}, or define it.")
    return _METRICS[name]


def _astray(name: str, home: str, why: str) -> str:
    return (
        f"The metric {name} ({home}) cannot be imported by the process that measures ({why}): "
        "put it into a file beside the notebook and import it."
    )
