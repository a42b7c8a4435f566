"""Gateways that other installed packages bring along, found by the entry-point group ``kling_nb.gateways``.

In such a package's ``pyproject.toml``::

    [project.entry-points."kling_nb.gateways"]
    relay = "my_relay:GATEWAY"

where ``GATEWAY`` is a :class:`~kling_nb.gateways.Gateway`, or a callable without parameters that gives one
or registers some itself. They are loaded once, and only when names are listed or a name is not known: a
notebook that uses none pays nothing for them.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from kling_nb.errors import KlingError
from kling_nb.gateways.table import Gateway

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

GROUP = "kling_nb.gateways"

_seen: set[str] = set()
_looked: list[bool] = []


def load_plugins(register: Callable[[Gateway], None], *, again: bool = False) -> None:
    """Hand every plug-in that was not loaded before to ``register``.

    A broken one is one warning that names it; nothing else is hurt.

    Args:
        register: Called with each gateway.
        again: Look for packages that were installed since the first look, which takes some milliseconds.
    """
    if _looked and not again:
        return
    _looked.append(True)
    from importlib.metadata import entry_points  # noqa: PLC0415 - who uses no plug-in need not wait for it

    for point in entry_points(group=GROUP):
        key = f"{point.name}={point.value}"
        if key in _seen:
            continue
        _seen.add(key)  # before it is loaded: it may list the names itself
        try:
            _load(point, register)
        except Exception as error:  # noqa: BLE001 - other people's code may fail in any way
            told = error.sentence if isinstance(error, KlingError) else f"{type(error).__name__}: {error}"
            package = point.dist.name if point.dist else point.value
            warnings.warn(f"The gateway “{point.name}” of the package {package} is left out: {told}", stacklevel=3)


def _load(point: EntryPoint, register: Callable[[Gateway], None]) -> None:
    found = point.load()
    made = found() if callable(found) else found
    if isinstance(made, Gateway):
        register(made)
    elif made is not None or not callable(found):
        raise TypeError(f"{point.value} is {type(made).__name__}, not a Gateway")
