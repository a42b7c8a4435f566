"""Tables that fill the ``{names}`` of prompts: a variable of the notebook, or a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kling_nb.errors import InputError

MOST_ROWS = 500
_FILE_CAP = 5_000_000


def is_table(value: Any) -> bool:
    """Whether a variable can fill prompts: a DataFrame (pandas, polars), or a list of mappings."""
    if hasattr(value, "columns") and (hasattr(value, "to_dicts") or hasattr(value, "to_dict")):
        return not isinstance(value, type)
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def tables(names: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """What can be named as a table here: variables first, then the CSV files beside the notebook."""
    variables = [name for name, value in names.items() if not name.startswith("_") and is_table(value)]
    return (*sorted(variables), *sorted(path.name for path in folder.glob("*.csv"))[:50])


def read_rows(table: str, names: Mapping[str, Any], folder: Path) -> Sequence[Mapping[str, str]]:
    """The rows of a table, its values as text.

    Args:
        table: A variable's name, or the path of a CSV file with a line of headings.
        names: The notebook's variables.
        folder: What relative paths start from.

    Raises:
        InputError: There is no such table, it is empty, or too long.
    """
    found = names.get(table)
    if found is not None and not is_table(found):
        raise InputError(f"{table} is no table: use a DataFrame, a list of dictionaries, or the path of a CSV file.")
    rows = records(found) if found is not None else _csv(table, folder)
    if not rows:
        raise InputError(f"{table[:80]} has no rows: give it a line of headings and at least one line below.")
    if len(rows) > MOST_ROWS:
        raise InputError(f"{table[:80]} has {len(rows):,} rows: one panel takes at most {MOST_ROWS}.")
    return [{str(key): "" if value is None else str(value) for key, value in row.items()} for row in rows]


def records(value: Any) -> list[Mapping[Any, Any]]:
    """The rows of a table that is a variable; see :func:`is_table`."""
    if isinstance(value, list):
        return value
    made: Iterable[Mapping[Any, Any]] = value.to_dicts() if hasattr(value, "to_dicts") else value.to_dict("records")
    return list(made)


def _csv(table: str, folder: Path) -> list[dict[str, str]]:
    path = folder / Path(table).expanduser()
    try:
        if path.stat().st_size > _FILE_CAP:
            raise InputError(f"{path.name} is larger than {_FILE_CAP // 10**6} MB: make it shorter.")
        text = path.read_text("utf-8-sig")
        read = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
        return [{k: v for k, v in row.items() if k} for row in read]
    except (OSError, ValueError, csv.Error):
        raise InputError(
            f"There is no table {table[:80]}: type the name of a DataFrame, or the path of a CSV file."
        ) from None
