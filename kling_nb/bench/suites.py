"""Suites of prompts: our own, which comes with the package, and the well-known ones from files that the user has."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from kling_nb.bench import files
from kling_nb.bench.prompts import Entry, Suite, read
from kling_nb.errors import InputError

STARTER = "starter"


def suite(source: str | Path = STARTER, *, vary: bool = False) -> Suite:
    """A suite of prompts.

    Args:
        source: ``starter`` for our own 24 (CC0); else the path of a file: VBench's ``VBench_full_info.json``,
            VBench-2.0's, ``PartiPrompts.tsv``, EvalCrafter's list, or any that :func:`kling_nb.bench.prompts.read`
            takes. The words of a suite's file are taken as they are: braces in them mean nothing.
        vary: The starter's prompts with every value of their variables, not just with the first.

    Raises:
        InputError: There is no such file, or it holds no prompts.
    """
    if source == STARTER:
        return _starter(vary=vary)
    path = Path(source).expanduser()
    found = read([_literal(row) for row in files.rows(path)])
    return Suite([_tagged(entry) for entry in found], path.stem, found.note)


@cache
def _starter(*, vary: bool) -> Suite:
    told = json.loads((resources.files("kling_nb.bench") / "starter.json").read_text("utf-8"))
    entries: list[Entry] = []
    for row in told["prompts"]:
        variables = row.pop("variables", {})
        chosen = variables if vary else {name: values[:1] for name, values in variables.items()}
        entries += read([row], chosen)
    return Suite(entries, told["name"], told["note"])


def _literal(row: Any) -> Any:
    """The row with its braces doubled, which a template reads as braces."""
    if isinstance(row, str):
        return row.replace("{", "{{").replace("}", "}}")
    if not isinstance(row, dict):
        raise InputError("This file is no suite: a suite is a list of prompts, or of rows with a column prompt.")
    return {key: _literal(value) if isinstance(value, str) else value for key, value in row.items()}


def _tagged(entry: Entry) -> Entry:
    """PartiPrompts tells what a prompt tests in two columns of its own."""
    marks = [entry.vars[name] for name in ("Category", "Challenge") if entry.vars.get(name)]
    told = {name: value.replace("{{", "{").replace("}}", "}") for name, value in entry.vars.items()}
    return replace(entry, tags=tuple(dict.fromkeys((*entry.tags, *marks))), vars=told)
