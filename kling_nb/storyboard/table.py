"""The shots of a storyboard, out of what people keep them in: lines, pairs, dictionaries, a DataFrame, a CSV file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kling_nb.cell.parse import read_shots
from kling_nb.errors import OptionError
from kling_nb.lab import values
from kling_nb.lab.compose.tables import MOST_ROWS, is_table, read_rows, records

_TIMED = re.compile(r"\[\s*\d")
_LENGTHS = ("duration", "seconds")
_FORMS = "'[5s] what happens', (text, seconds), or a mapping such as {'prompt': text, 'duration': 5, 'image': 'a.jpg'}"
_OF_ALL = ("gateway", "sandboxed", "takes", "shots", "budget", "yes")


@dataclass(frozen=True, slots=True)
class Row:
    """One shot as it was written down.

    Attributes:
        seconds: None takes the storyboard's, else the model's own.
        options: Of this shot alone, as ``kling.submit`` takes them: image, camera, mode and so on.
    """

    prompt: str
    seconds: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def read_table(shots: Any, folder: Path) -> tuple[Row, ...]:
    """Read a table of shots.

    Args:
        shots: A list of ``"[5s] text"``, ``(text, seconds)`` or mappings, mixed as you like; one text with a shot on
            each line; a DataFrame; or the path of a CSV file with a line of headings.
        folder: Where the path of a CSV file begins.

    Raises:
        OptionError: There is none, there are too many, or one cannot be read.
        InputError: There is no such file.
    """
    rows = tuple(_row(item, number) for number, item in enumerate(_listed(shots, folder), 1))
    if not rows:
        raise OptionError(f"A storyboard has at least one shot: write each as {_FORMS}.")
    if len(rows) > MOST_ROWS:
        raise OptionError(f"A storyboard has at most {MOST_ROWS} shots, and these are {len(rows)}: leave some out.")
    return rows


def _listed(shots: Any, folder: Path) -> Iterable[Any]:
    if isinstance(shots, Path) or (isinstance(shots, str) and shots.strip().lower().endswith(".csv")):
        return read_rows(str(shots).strip(), {}, folder)
    if isinstance(shots, str):
        return [line for line in shots.splitlines() if line.strip()]
    if is_table(shots) and not isinstance(shots, list):
        return records(shots)
    if isinstance(shots, Mapping) or not isinstance(shots, Iterable):
        raise OptionError(f"A storyboard takes a list, a DataFrame or a CSV file: write each shot as {_FORMS}.")
    return shots


def _row(item: Any, number: int) -> Row:
    where = f"Shot {number}"
    if isinstance(item, str):
        text = " ".join(item.split())
        if not _TIMED.match(text):
            return _checked(Row(text), where)
        (beat,) = read_shots(text)
        return _checked(Row(beat["prompt"], beat["seconds"]), where)
    if isinstance(item, Mapping):
        return _checked(_from_mapping(item, where), where)
    if isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str):  # noqa: PLR2004 - a pair
        return _checked(Row(item[0].strip(), _seconds(item[1], where)), where)
    raise OptionError(f"{where} cannot be read: write it as {_FORMS}, not {item!r:.60}.")


def _from_mapping(item: Mapping[Any, Any], where: str) -> Row:
    given = {str(key).strip(): value for key, value in item.items() if not _missing(value)}
    lengths = [given.pop(name) for name in _LENGTHS if name in given]
    if len(lengths) > 1:
        raise OptionError(f"{where} has both {' and '.join(_LENGTHS)}: leave one of them out.")
    for name in _OF_ALL:
        if name in given:
            raise OptionError(f"{where} has {name!r}, which is one for the whole film: leave it out of the table.")
    text = str(given.pop("prompt", "")).strip()
    return Row(text, _seconds(lengths[0], where) if lengths else None, given)


def _checked(row: Row, where: str) -> Row:
    if not row.prompt and "image" not in row.options:
        raise OptionError(f"{where} has no prompt: say what happens in it.")
    if row.seconds is not None and row.seconds < 1:
        raise OptionError(f"{where} lasts at least one second, not {row.seconds}.")
    return row


def _seconds(value: Any, where: str) -> int | None:
    """A length; a DataFrame makes ``5.0`` of 5 where another row has none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return values.whole(value, f"{where}: its length in seconds")


def _missing(value: Any) -> bool:
    """Whether a table's cell is empty: None, "", or what DataFrames call not a number."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and not value.strip())
