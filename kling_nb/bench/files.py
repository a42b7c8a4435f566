"""Files of a bench: tables that are read, and logs that are only ever appended to."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from kling_nb.errors import InputError, OptionError, StorageError

READ = (".csv", ".tsv", ".json", ".jsonl", ".txt")
"""Kinds of files that prompts are read from."""

_FILE_CAP = 50_000_000
_TAKEN = frozenset({"inputs", "sandbox", "blind"})
"""Folders that the lab has beside the clips."""


def rows(path: Path) -> list[Any]:
    """The rows of a table or list, each a text or a mapping.

    Raises:
        InputError: It is not there, too large, or not what its suffix says.
    """
    kind = path.suffix.lower()
    if kind not in READ:
        raise InputError(f"Prompts are read from {', '.join(READ)} files, not from {path.name[:80]}.")
    try:
        if path.stat().st_size > _FILE_CAP:
            raise InputError(f"{path.name} is larger than {_FILE_CAP // 10**6} MB: make it shorter.")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeError):
        raise InputError(f"There is no readable file {str(path)[:200]}: give the path of a UTF-8 text file.") from None
    try:
        if kind == ".txt":
            return [line.strip() for line in text.splitlines() if line.strip()]
        if kind == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        if kind == ".json":
            return _listed(json.loads(text))
        dialect = "\t" if kind == ".tsv" else ","
        read = csv.DictReader(io.StringIO(text, newline=""), delimiter=dialect, restkey="", restval="")
        return [{k: v for k, v in row.items() if k} for row in read]
    except (ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"{path.name} is no {kind[1:].upper()} that can be read: {error}.") from None


def _listed(found: Any) -> list[Any]:
    """A list, a mapping that holds one, or a mapping from ids to prompts."""
    if isinstance(found, list):
        return found
    if isinstance(found, Mapping):
        inner: list[list[Any]] = [value for value in found.values() if isinstance(value, list)]
        if len(inner) == 1:
            return inner[0]
        if found and all(isinstance(value, str | Mapping) for value in found.values()):
            rows = {key: value if isinstance(value, Mapping) else {"prompt": value} for key, value in found.items()}
            return [{"id": key, **row} for key, row in rows.items()]
    raise ValueError("it holds no list of prompts")


def named(name: str) -> str:
    """The name as the name of a folder.

    Raises:
        OptionError: Nothing is left of it, or the folder has another use.
    """
    clean = re.sub(r"[^\w.-]+", "-", str(name)).strip(".-_")[:80]
    if not clean or clean.lower() in _TAKEN:
        raise OptionError(f"A bench cannot be called {str(name)[:60]!r}: choose a name like foxes-std.")
    return clean


def append(path: Path, found: Iterable[Mapping[str, Any]]) -> None:
    """Append lines of JSON in one write, so that a kernel that dies tears at most the last of them.

    Raises:
        StorageError: They cannot be written.
    """
    text = "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in found)
    data = text.encode("utf-8", "replace")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":  # the last line was torn: it ends here
                    data = b"\n" + data
            file.write(data)
    except OSError as error:
        raise unwritable(path, error) from None


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of such a log; what is torn or no object is left out."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def write(path: Path, data: bytes) -> None:
    """Write a file in one step: it is there whole, or not at all.

    Raises:
        StorageError: It cannot be written.
    """
    part = path.with_name(f"{path.name}.{token_hex(4)}.part")  # another kernel may write the same
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> StorageError:
    """What to say where a file cannot be written."""
    return StorageError(
        f"{path} cannot be written ({error.strerror or error}): free some space, or choose another folder."
    )
