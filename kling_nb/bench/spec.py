"""``bench.json``: what a bench is, for people and other programs; the matrix itself is made from its cell again."""

from __future__ import annotations

import contextlib
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from kling_nb.bench import files

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench

FILE = "bench.json"
_SCHEMA = 1


def write(bench: Bench) -> None:
    """Write what the bench is now; the moment at which it was made first is kept."""
    path = bench.folder / FILE
    there: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError, TypeError):  # none yet, or not ours: it is written anew
        there = dict(json.loads(path.read_text("utf-8")))
    told = {
        "schema": _SCHEMA,
        "name": bench.name,
        "created": there.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
        "suite": bench.prompts.name,
        "cells": len(bench),
        "takes": max(cell.take for cell in bench.cells),
        "gateways": sorted({cell.gateway for cell in bench.cells}),
        "variants": {variant.label: dict(variant.settings) for variant in bench.matrix.examples},
        "prompts": [
            {"id": entry.id, "prompt": entry.text, "tags": list(entry.tags), "vars": dict(entry.vars)}
            for entry in bench.prompts
        ],
        "made_with": {"kling_nb": version("kling-nb"), "python": platform.python_version()},
    }
    text = json.dumps(told, ensure_ascii=False, indent=1, default=str)
    files.write(path, text.encode("utf-8", "replace"))
