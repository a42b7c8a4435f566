"""How a bench was made: versions, settings, and the Python that makes it again."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.bench import spec
from kling_nb.bench.cells import plain
from kling_nb.lab import sandboxed

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench
    from kling_nb.bench.report.tidy import Tidy

_PACKAGES = ("kling-nb", "av", "numpy", "opencv-python-headless", "pillow", "pydantic", "httpx", "pandas", "pyarrow")
_MOST_VALUES = 12


def folders(bench: Bench) -> set[str]:
    """Where the files lie that its settings and tables name; the names alone may be told."""
    given = [variant.options for variant in bench.matrix.examples]
    given += [found for entry in bench.prompts for found in (entry.options, entry.vars)]
    values = (value for found in given for value in found.values() if isinstance(value, str | Path))
    return {str(path.parent) for path in map(Path, values) if path.is_absolute()}


def versions() -> dict[str, str]:
    """What it was made with; what is not installed is left out."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def made_of(bench: Bench, tidy: Tidy) -> Iterator[tuple[str, str]]:
    """What the bench is, in pairs of name and value."""
    told = _spec(bench)
    yield "Bench", bench.name
    told_of = f". {bench.prompts.note}" if bench.prompts.note else ""
    yield "Prompts", f"{bench.prompts.name}, {len(bench.prompts):,}{told_of}"
    for name, values in _settings(bench).items():
        more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
        yield name, tidy.text("; ".join(str(value) for value in values[:_MOST_VALUES]) + more)
    yield "gateways", ", ".join(sandboxed.label(name) for name in sorted({cell.gateway for cell in bench.cells}))
    yield "takes", str(max(cell.take for cell in bench.cells))
    if isinstance(created := told.get("created"), str):
        yield "first run", created


def code(bench: Bench) -> str:
    """How it is made again, where its prompts lie in ``prompts`` (the column of that name in ``cells.jsonl``)."""
    settings = _settings(bench)
    given = [f"name={bench.name!r}"]
    given += [_argument(name, values) for name, values in settings.items()]
    gateways = sorted({cell.gateway for cell in bench.cells})
    given.append(_argument("gateway", gateways))
    takes = max(cell.take for cell in bench.cells)
    given += [f"takes={takes}"] if takes > 1 else []
    prompts = '"starter"' if bench.prompts.name == "starter" else "prompts"
    every = len(bench.prompts) * math.prod(len(values) for values in settings.values()) * len(gateways) * takes
    left = "" if every == len(bench) else f"  # {len(bench):,} of these {every:,} cells"
    return f"kling.Bench({prompts}, {', '.join(given)}){left}"


def _argument(name: str, values: list[Any]) -> str:
    return f"{name}={values[0]!r}" if len(values) == 1 else f"{name}={values!r}"


def _settings(bench: Bench) -> dict[str, list[Any]]:
    """Every option that is set, with all its values in their order."""
    found: dict[str, dict[str, Any]] = {}
    for variant in bench.matrix.examples:
        for name, value in variant.options.items():
            if name != "gateway":
                shown = variant.settings.get(name, plain(value, name))
                found.setdefault(name, {}).setdefault(repr(shown), shown)
    return {name: list(values.values()) for name, values in found.items()}


def _spec(bench: Bench) -> dict[str, Any]:
    try:
        told = json.loads((bench.folder / spec.FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
