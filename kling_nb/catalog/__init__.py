"""What each Kling model can do and costs: dated data with sources, and what follows from it.

No model, mode, length or price stands in Python; ``models.json`` says them all. Names are
imported when they are first used, because the wire needs only :mod:`.findings`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_nb.catalog.checks import check
    from kling_nb.catalog.data import Gateway, ImageLimits, Model, Offer
    from kling_nb.catalog.findings import Finding
    from kling_nb.catalog.lookup import (
        default_model,
        image_limits,
        model,
        models,
        near,
        offer,
        second_generation,
    )
    from kling_nb.catalog.outlook import (
        Choices,
        Expected,
        Resolved,
        choices,
        endpoint,
        expected,
        resolved,
        wire_name,
    )
    from kling_nb.catalog.prices import Price, price

__all__ = [
    "Choices",
    "Expected",
    "Finding",
    "Gateway",
    "ImageLimits",
    "Model",
    "Offer",
    "Price",
    "Resolved",
    "check",
    "choices",
    "default_model",
    "endpoint",
    "expected",
    "image_limits",
    "model",
    "models",
    "near",
    "offer",
    "price",
    "resolved",
    "second_generation",
    "wire_name",
]

_HOME = {
    "checks": ("check",),
    "data": ("Gateway", "ImageLimits", "Model", "Offer"),
    "findings": ("Finding",),
    "lookup": ("default_model", "image_limits", "model", "models", "near", "offer", "second_generation"),
    "outlook": (
        "Choices",
        "Expected",
        "Resolved",
        "choices",
        "endpoint",
        "expected",
        "resolved",
        "wire_name",
    ),
    "prices": ("Price", "price"),
}
_ROOM = {name: room for room, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
