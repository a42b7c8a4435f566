"""Prompts from wherever they are: text, lists, tables and files, as one suite of entries."""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from kling_nb.bench import files, templates
from kling_nb.errors import InputError, OptionError
from kling_nb.lab.compose.tables import is_table, records
from kling_nb.request import VideoRequest
from kling_nb.show import table, table_text
from kling_nb.show.words import plural

if TYPE_CHECKING:
    from kling_nb.show import Cell as Shown

FIELDS = frozenset(VideoRequest.model_fields) - {"extra", "prompt", "take"} | {"set", "gateway"}
"""Columns that are options of the request and not words about the prompt."""

_TEXTS = ("prompt", "prompt_en", "text", "caption")
"""Columns that may hold the prompt: ours, VBench's, and two that are common. Capitals do not matter."""

_TAGS = ("tags", "tag", "dimension", "dimensions")
_IDS = ("id", "prompt_id")
_PICTURES = ("image", "tail", "mask")
_MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt of a suite.

    Attributes:
        text: What is sent, filled in.
        id: Tells prompts apart in tables; the same text has the same id in every run.
        tags: What it tests.
        vars: What was filled in, and the other columns of its row.
        options: Request options of its own; they come before those of the bench.
    """

    text: str
    id: str
    tags: tuple[str, ...] = ()
    vars: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


class Suite(Sequence[Entry]):
    """Prompts in order, each once.

    Args:
        entries: The prompts; the same text with the same options is merged, its tags joined.
        name: What the suite is called.
        note: A sentence about where it is from.
    """

    def __init__(self, entries: Iterable[Entry], name: str = "prompts", note: str = "") -> None:
        listed = list(entries)
        self._entries = tuple(_distinct_ids(_merged(listed)))
        self.name = name
        twins = len(listed) - len(self._entries)
        said = f"{plural(twins, 'duplicate')} merged, tags joined." if twins else ""
        self.note = " ".join(filter(None, (note, said)))

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Suite: ...
    def __getitem__(self, index: int | slice) -> Entry | Suite:
        found = self._entries[index]
        return found if isinstance(found, Entry) else Suite(found, self.name)

    @property
    def tags(self) -> dict[str, int]:
        """Every tag and how many prompts have it."""
        counted: dict[str, int] = defaultdict(int)
        for entry in self:
            for tag in entry.tags:
                counted[tag] += 1
        return dict(counted)

    def tagged(self, *tags: str) -> Suite:
        """The prompts that have at least one of these tags.

        Raises:
            OptionError: No prompt has one.
        """
        found = [entry for entry in self if not set(tags).isdisjoint(entry.tags)]
        if not found:
            there = ", ".join(self.tags) or "none"
            raise OptionError(f"No prompt is tagged {' or '.join(tags)}: the tags are {there}.")
        return Suite(found, self.name)

    def sample(self, n: int, *, by: str = "dimension", seed: int = 0) -> Suite:
        """So many prompts, spread evenly over what they test, in the order of the suite.

        Args:
            n: How many; all if there are fewer.
            by: ``dimension`` or ``tags`` for the tags, else the name of a column.
            seed: Another seed draws others; the same one draws the same in every kernel.
        """
        dice = random.Random(seed)  # noqa: S311 - a repeatable draw
        groups: dict[str, list[int]] = defaultdict(list)
        for index, entry in enumerate(self):
            marks = entry.tags if by in _TAGS else (entry.vars.get(by, ""),)
            for mark in marks or ("",):
                groups[mark].append(index)
        for members in groups.values():
            dice.shuffle(members)
        drawn: dict[int, None] = {}
        while len(drawn) < min(max(n, 0), len(self)):
            for members in groups.values():
                while members and members[-1] in drawn:
                    members.pop()
                if members and len(drawn) < n:
                    drawn[members.pop()] = None
        return Suite([self[index] for index in sorted(drawn)], self.name)

    def __repr__(self) -> str:
        return table_text(("id", "prompt", "tags"), self._rows(), title=self._title(), note=self.note)

    def _repr_html_(self) -> str:
        return table(("id", "prompt", "tags"), self._rows(), title=self._title(), note=self.note)

    def _rows(self) -> list[list[Shown]]:
        return [[entry.id, entry.text, ", ".join(entry.tags)] for entry in self[:_MOST_SHOWN]]

    def _title(self) -> str:
        shown = f", the first {_MOST_SHOWN} of them" if len(self) > _MOST_SHOWN else ""
        return f"{self.name}: {plural(len(self), 'prompt')}{shown}"


def read(prompts: Any, variables: Mapping[str, Any] | None = None) -> Suite:
    """Read prompts.

    Args:
        prompts: A text or a list of texts, mappings and entries; a DataFrame (pandas, polars); the path of a
            ``.csv``, ``.tsv``, ``.json``, ``.jsonl`` or ``.txt`` file (a text a line); or a suite. In a table the
            column ``prompt`` holds the text, ``tags`` and ``id`` are optional, columns named like an option of
            ``submit`` (image, model, aspect …) are that option for their row, and all others fill ``{name}``.
        variables: For ``{name}`` that no column fills: all its values; every combination is made.

    Raises:
        InputError: A file or table cannot be read.
        OptionError: A template has a name that nothing fills.
    """
    if isinstance(prompts, Suite):
        return prompts
    known = {name: _several(values) for name, values in (variables or {}).items()}
    path = _path(prompts)
    if path:
        rows, folder, name = files.rows(path), path.parent, path.stem
    else:
        listed = records(prompts) if is_table(prompts) else [prompts] if isinstance(prompts, str | Mapping) else prompts
        rows, folder, name = listed, Path(), "prompts"
    if not isinstance(rows, Iterable):
        kind = type(prompts).__name__
        raise InputError(f"{kind} holds no prompts: use a text, a list, a DataFrame or the path of a file.")
    used: set[str] = set()
    suite = Suite([entry for n, row in enumerate(rows, 1) for entry in _entries(row, n, known, used, folder)], name)
    if not len(suite):
        raise InputError(f"There are no prompts in {path.name if path else 'what was given'}: give at least one.")
    if idle := [name for name in known if name not in used]:
        raise OptionError(f"No prompt has a place for {{{idle[0]}}}: write it into one, or leave the variable out.")
    return suite


def _entries(row: Any, number: int, known: Mapping[str, Any], used: set[str], folder: Path) -> Iterator[Entry]:
    if isinstance(row, Entry):
        yield row
        return
    if isinstance(row, str):
        row = {"prompt": row}
    if not isinstance(row, Mapping):
        raise InputError(f"Prompt {number} is {type(row).__name__}: a prompt is a text, or a mapping with one.")
    told = {str(key).strip(): value for key, value in row.items() if not _empty(value)}
    lower = {key.lower(): key for key in told}
    column = next((lower[name] for name in _TEXTS if name in lower), None)
    options = {key: _option(key, told[key], folder) for key in told if key in FIELDS and key != column}
    if column is None and not options.get("shots"):
        names = ", ".join(map(str, row)) or "none"
        raise InputError(f"Row {number} has no prompt: name that column prompt (the columns are {names[:120]}).")
    tags = tuple(dict.fromkeys(tag for name in _TAGS if name in lower for tag in _several(told[lower[name]], ",;")))
    given = next((str(told[lower[name]]) for name in _IDS if name in lower), "")
    spoken = {column, *options, *(lower[name] for name in (*_TAGS, *_IDS) if name in lower)}
    words = {key: _word(value) for key, value in told.items() if key not in spoken}
    template = str(told[column]).strip() if column else ""
    used |= templates.names_in(template)
    made = templates.expand(template, words, known)
    for index, (text, chosen) in enumerate(made, 1):
        name = (f"{given}-{index}" if len(made) > 1 else given) or _id(text, options)
        yield Entry(text, name, tags, words | chosen, options)


def _option(key: str, value: Any, folder: Path) -> Any:
    """A cell of a table as the value of an option; a picture's path may count from the table's own folder."""
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a column of whole numbers with a gap in it
    if key == "shots" and isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    if key == "set" and isinstance(value, str):
        try:
            return dict(json.loads(value))
        except (ValueError, TypeError):
            raise InputError(f"The column set holds raw fields as a JSON object, not {value[:60]!r}.") from None
    if key in _PICTURES and isinstance(value, str) and (folder / value).is_file():
        return str(folder / value)
    return value


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False, default=str)


def _several(value: Any, separators: str = "") -> list[str]:
    if isinstance(value, str):
        parts = re.split(f"[{separators}]", value) if separators else [value]
        return [part.strip() for part in parts if part.strip()]
    return [_word(item) for item in value] if isinstance(value, Iterable) else [_word(value)]


def _path(prompts: Any) -> Path | None:
    if isinstance(prompts, Path):
        return prompts.expanduser()
    if not isinstance(prompts, str) or "\n" in prompts or not prompts.lower().endswith(files.READ):
        return None
    path = Path(prompts).expanduser()
    return path if path.is_file() or " " not in prompts else None  # a prompt may end with the name of a file


def _id(text: str, options: Mapping[str, Any]) -> str:
    words = re.findall(r"[a-z0-9]+", text.lower())
    words = [word for word in words if word not in {"a", "an", "the"}][:3] or ["prompt"]
    told = json.dumps([text, options], sort_keys=True, ensure_ascii=False, default=_kind)
    return f"{'-'.join(words)[:32]}-{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def _kind(value: Any) -> str:
    return value.name if isinstance(value, Path) else type(value).__name__


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        mark = json.dumps([entry.text, entry.options], sort_keys=True, default=_mark)
        first = found.setdefault(mark, entry)
        if first is not entry:
            tags = tuple(dict.fromkeys((*first.tags, *entry.tags)))
            found[mark] = replace(first, tags=tags, vars={**entry.vars, **first.vars})
    return list(found.values())


def _mark(value: Any) -> str:
    """Two pictures in memory are two prompts."""
    return str(value) if isinstance(value, Path) else f"{type(value).__name__} {id(value)}"


def _distinct_ids(entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in entries:
        name, number = entry.id, 1
        while name in seen:
            number += 1
            name = f"{entry.id}-{number}"
        seen.add(name)
        yield entry if name == entry.id else replace(entry, id=name)
