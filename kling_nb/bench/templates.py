"""Prompt templates: ``{a|b|c}`` is one of several, ``{name}`` is filled in, ``{{`` and ``}}`` are braces."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kling_nb.errors import OptionError

MOST_TEXTS = 20_000
"""Texts that one template may stand for."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Choice:
    number: int
    options: tuple[tuple[_Part, ...], ...]


_Part = str | _Name | _Choice
_Filled = tuple[str, dict[str, str]]


def expand(template: str, row: Mapping[str, str], variables: Mapping[str, Sequence[str]]) -> list[_Filled]:
    """Every text that a template stands for, with what was chosen in it.

    Args:
        template: The text. Braces that are neither a choice nor a name (JSON, say) are left alone.
        row: Values of the prompt's own table row; they come before the variables.
        variables: For each name all that it may be; every combination is made.

    Returns:
        The texts, each with its values by name; the first choice is called ``choice_1``.

    Raises:
        OptionError: A name is not defined, or there are too many combinations.
    """
    if "{" not in template and "}" not in template:
        return [(template, {})]
    made = list(itertools.islice(_filled(_Parser(template).parts(), row, variables), MOST_TEXTS + 1))
    if len(made) > MOST_TEXTS:
        raise OptionError(
            f"{_quoted(template)} stands for more than {MOST_TEXTS:,} prompts: name fewer alternatives or variables."
        )
    return made


def names_in(template: str) -> frozenset[str]:
    """The names that a template has places for."""
    return frozenset(_names(_Parser(template).parts()))


def _names(parts: Sequence[_Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, _Name):
            yield part.name
        elif isinstance(part, _Choice):
            for option in part.options:
                yield from _names(option)


def _filled(
    parts: Sequence[_Part], row: Mapping[str, str], variables: Mapping[str, Sequence[str]]
) -> Iterator[_Filled]:
    """Names first, so that one that stands in a template twice is the same in both places."""
    for text, chosen in _chosen(parts):
        free = [name for name in dict.fromkeys(_names(text)) if name not in row]
        for name in free:
            if name not in variables:
                raise _undefined(name, (*row, *variables))
        for values in itertools.product(*(variables[name] for name in free)):
            given = dict(zip(free, values, strict=True))
            said = "".join(part if isinstance(part, str) else (given | dict(row))[part.name] for part in text)
            yield said, given | chosen


def _chosen(parts: Sequence[_Part]) -> Iterator[tuple[list[str | _Name], dict[str, str]]]:
    """The template with one alternative of each choice, for every combination of them."""
    ways: list[list[tuple[list[str | _Name], dict[str, str]]]]
    ways = [_options(part) if isinstance(part, _Choice) else [([part], {})] for part in parts]
    for taken in itertools.product(*ways):
        yield [item for items, _ in taken for item in items], {k: v for _, found in taken for k, v in found.items()}


def _options(choice: _Choice) -> list[tuple[list[str | _Name], dict[str, str]]]:
    return [
        (items, {f"choice_{choice.number}": _told(items), **inner})
        for option in choice.options
        for items, inner in _chosen(option)
    ]


def _told(items: Sequence[str | _Name]) -> str:
    return "".join(item if isinstance(item, str) else f"{{{item.name}}}" for item in items).strip()


class _Parser:
    """Reads a template from left to right; what does not close or is no name stays as it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._choices = itertools.count(1)

    def parts(self) -> tuple[_Part, ...]:
        """The whole template."""
        return self._read(0, len(self._text))

    def _read(self, at: int, end: int) -> tuple[_Part, ...]:
        parts: list[_Part] = [""]
        while at < end:
            if self._text[at] == "{" and self._text[at : at + 2] != "{{" and (found := self._braced(at, end)):
                part, at = found
                parts += [part, ""]
                continue
            parts[-1] = f"{parts[-1]}{self._text[at]}"
            at += 2 if self._text[at : min(at + 2, end)] in {"{{", "}}"} else 1
        return tuple(part for part in parts if part != "")

    def _braced(self, at: int, end: int) -> tuple[_Part, int] | None:
        """What an opening brace begins, and where that ends; None if it is just a brace."""
        depth, cuts, now = 1, [at], at + 1
        while now < end:
            if depth == 1 and self._text[now : min(now + 2, end)] in {"{{", "}}"}:
                now += 2
                continue
            sign = self._text[now]
            depth += (sign == "{") - (sign == "}")
            if depth == 0:
                break
            if sign == "|" and depth == 1:
                cuts.append(now)
            now += 1
        else:
            return None
        inside = self._text[at + 1 : now]
        if len(cuts) > 1:
            number = next(self._choices)
            ends = [*cuts[1:], now]
            return _Choice(number, tuple(self._read(a + 1, b) for a, b in zip(cuts, ends, strict=True))), now + 1
        return (_Name(inside), now + 1) if _NAME.fullmatch(inside) else None


def _undefined(name: str, known: Sequence[str]) -> OptionError:
    near = difflib.get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(f'{{{word}}}' for word in near)}?" if near else ""
    return OptionError(
        f"{{{name}}} is not defined: add a column {name}, or variables={{{name!r}: [...]}}.{hint} "
        f"Write {{{{{name}}}}} for literal braces."
    )


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")  # noqa: PLR2004 - enough to find it
