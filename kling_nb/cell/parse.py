"""Cell text to orders: what one ``%%kling`` cell asks for, or one sentence of complaint.

No IPython, no files: two strings and the notebook's names go in, plain values come out.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kling_nb.cell.braces import fill, value
from kling_nb.cell.options import AXES, Option, by_typed, typed_names
from kling_nb.errors import OptionError

_SHOT = re.compile(r"\[\s*(\d+)\s*s?\s*\]\s*(.+)")
_SEPARATOR = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_MEDIA = {"image", "tail", "images", "video", "mask", "masks"}
_SWITCHES = {"shots", "wait", "no_wait", "dry_run", "yes", "fresh", "force", "compare", "help"}
_MAX_CELL = 10_000


@dataclass(frozen=True, slots=True)
class CellOrder:
    """What a cell asks for.

    Attributes:
        name: Variable to bind, or "".
        requests: One mapping of ``submit`` keywords per clip, prompt included, in matrix order.
        flags: The switches that were given: ``wait``, ``dry_run`` …
        gateway: As typed, or "".
        budget: USD, or None.
    """

    name: str = ""
    requests: tuple[Mapping[str, Any], ...] = ()
    flags: frozenset[str] = field(default_factory=frozenset)
    gateway: str = ""
    budget: float | None = None


def parse(line: str, body: str, names: Mapping[str, Any]) -> CellOrder:
    """Read a cell.

    Args:
        line: What follows ``%%kling``.
        body: The lines below.
        names: The notebook's variables.

    Raises:
        OptionError: With one sentence that says what is wrong and what to type.
    """
    name, given = _read_line(line, names)
    flags = frozenset(_SWITCHES & given.keys())
    if "help" in flags:
        return CellOrder(flags=flags)
    if {"wait", "no_wait"} <= flags:
        raise OptionError("--wait and --no-wait exclude each other: give one of them.")
    prompts = _prompts(body, names, shots="shots" in flags)
    common = {key: given[key] for key in given if key not in {*AXES, *_SWITCHES, "takes", "gateway", "budget"}}
    if "set" in common:
        common["set"] = _raw_fields(common["set"])
    requests = tuple({**common, **one} for one in _matrix(prompts, given))
    if len(requests) > _MAX_CELL:
        raise OptionError(f"This cell would make {len(requests)} clips; one cell makes at most {_MAX_CELL}.")
    return CellOrder(name, requests, flags, str(given.get("gateway", "")), _number(given, "budget"))


def words(line: str) -> list[str]:
    """Split a line like a shell, but with backslashes left alone (Windows paths).

    Raises:
        OptionError: A quote is not closed.
    """
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    try:
        return list(lexer)
    except ValueError:
        raise OptionError("A quotation mark is not closed: close it, or leave it out.") from None


def _read_line(line: str, names: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    rest = iter(words(line))
    name = ""
    given: dict[str, Any] = {}
    for word in rest:
        typed, equals, attached = word.partition("=")
        option = by_typed(typed)
        if option is None:
            if word.startswith("-") or name:
                raise _unknown(word, typed)
            if not word.isidentifier():
                raise OptionError(f"{word!r} cannot be a variable's name. Prompts go below the %%kling line.")
            name = word
        elif option.takes == "flag":
            if equals:
                raise OptionError(f"{option.long} takes no value.")
            given[option.name] = True
        else:
            text = attached if equals else _next(rest, option)
            _keep(given, option, text, names)
    return name, given


def _next(rest: Iterator[str], option: Option) -> str:
    text = next(rest, None)
    if text is None or by_typed(text) is not None:
        raise OptionError(f"{option.long} needs a value: {option.long} {option.metavar}.")
    return text


def _keep(given: dict[str, Any], option: Option, text: str, names: Mapping[str, Any]) -> None:
    if option.takes == "many":
        given.setdefault(option.name, []).append(fill(text, names))
        return
    if option.name in given:
        hint = " (a comma list makes a matrix)" if option.name in AXES else ""
        raise OptionError(f"{option.long} was given twice: give it once{hint}.")
    if option.takes == "list":
        items = [_media_or_text(option, item.strip(), names) for item in text.split(",") if item.strip()]
        if not items:
            raise OptionError(f"{option.long} needs a value: {option.long} {option.metavar}.")
        given[option.name] = items
        return
    read = _media_or_text(option, text, names)
    if option.closed and str(read).lower() not in option.choices:
        raise OptionError(f"{option.long} is {' or '.join(option.choices)}, not {read!r}.")
    given[option.name] = read


def _media_or_text(option: Option, text: str, names: Mapping[str, Any]) -> Any:
    """An input may name a variable without braces: ``--image fox`` is the variable if there is one."""
    if option.name not in _MEDIA:
        return fill(text, names)
    if text.isidentifier() and text in names and not callable(names[text]):
        return names[text]
    return value(text, names)


def _unknown(word: str, typed: str) -> OptionError:
    if not word.startswith("-"):
        return OptionError(f"{word!r} is left over: one name may stand before the options, the prompt goes below.")
    near = difflib.get_close_matches(typed, list(typed_names()), n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return OptionError(f"{typed} is not an option.{hint} %%kling --help lists them all.")


def _prompts(body: str, names: Mapping[str, Any], *, shots: bool) -> list[dict[str, Any]]:
    parts = [part.strip() for part in _SEPARATOR.split(body)]
    filled = [fill(part, names) for part in parts if part]
    if not filled:
        raise OptionError("There is no prompt: write it below the %%kling line.")
    if not shots:
        return [{"prompt": text} for text in filled]
    return [{"prompt": "", "shots": read_shots(text)} for text in filled]


def read_shots(text: str) -> list[dict[str, Any]]:
    """The beats of a text, one a line: ``[2s] what happens``.

    Raises:
        OptionError: A line looks otherwise.
    """
    beats = []
    for number, line in enumerate((line.strip() for line in text.splitlines() if line.strip()), 1):
        match = _SHOT.fullmatch(line)
        if not match:
            raise OptionError(f"Shot {number} must look like '[2s] what happens', not {line[:60]!r}.")
        beats.append({"prompt": match[2], "seconds": int(match[1])})
    return beats


def _matrix(prompts: list[dict[str, Any]], given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    axes = [axis for axis in AXES if axis in given]
    takes = _whole(given, "takes") or 1
    first = _whole(given, "take")
    if first and "takes" in given:
        raise OptionError("--take asks for one sample, --takes for several: give one of them.")
    numbers = [first] if first else range(1, takes + 1)
    for prompt in prompts:
        for *chosen, take in itertools.product(*(given[axis] for axis in axes), numbers):
            yield {**prompt, **dict(zip(axes, chosen, strict=True)), "take": take}


def _whole(given: Mapping[str, Any], name: str) -> int | None:
    if name not in given:
        return None
    text = str(given[name])
    if not text.isdecimal() or not 0 < int(text) <= _MAX_CELL:
        raise OptionError(f"--{name} is a whole number from 1, not {text!r}.")
    return int(text)


def _number(given: Mapping[str, Any], name: str) -> float | None:
    if name not in given:
        return None
    try:
        number = float(str(given[name]).strip().lstrip("$"))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise OptionError(f"--{name} is an amount in USD such as 2.50, not {str(given[name])!r}.")
    return number


def _raw_fields(pairs: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` with a JSON value; what is not JSON is text."""
    fields: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise OptionError(f"--set takes KEY=VALUE, not {pair!r}.")
        try:
            fields[key.strip()] = json.loads(text)
        except ValueError:
            fields[key.strip()] = text
    return fields
