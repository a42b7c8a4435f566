"""The browser's halves of the panels, read from the package: plain ES modules and style sheets beside the Python.

A widget's module is loaded from a blob and cannot import its neighbours, so what panels share stands in front
of each. Names are prefixed ``kling-nb-`` throughout, and nothing reaches outside of the widget's own element.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from kling_nb.show import style


@cache
def esm(*names: str) -> str:
    """The modules ``names`` as one, the shared part first."""
    return "\n".join(_read(f"{name}.js") for name in ("common", *names))


@cache
def css(*names: str) -> str:
    """The style sheets ``names`` as one, nested in a panel's root, after the frame that every output has."""
    shared = style.pack(style.BASE, style.FOOT, style.STATE, style.BAR)
    own = "".join(_read(f"{name}.css") for name in ("common", *names))
    return f"{shared}.kling-nb.kling-nb-panel{{{own}}}"


def _read(name: str) -> str:
    return files("kling_nb.panels").joinpath(name).read_text(encoding="utf-8")
