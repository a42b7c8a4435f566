"""Tab completion of ``%%kling`` lines: options, then what each may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from kling_nb.cell.options import LINE_COMMANDS, OPTIONS, by_typed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kling_nb.cell.options import Option

_LINE = re.compile(r"^\s*(?:\w+\s*=\s*)?(%{1,2})kling\b(.*)$")


_FLAGS = {"doctor": ("--load", "--offline"), "jobs": ("--live",)}
"""What may follow a command."""


@context_matcher(identifier="kling_nb")
def matcher(context: CompletionContext) -> Any:
    """Completions for the word before the cursor, if its line is a ``%kling`` line."""
    line = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
    match = _LINE.match(line)
    if not match:
        return {"completions": []}
    word = line[len(line.rstrip()) :] or line.split()[-1]
    word = "" if line.endswith(" ") else word
    before = match[2].split()[: -1 if word else None]
    found = _candidates(match[1], before, word)
    fragment = word.rpartition(",")[2] if before and by_typed(before[-1]) else word
    return {
        "completions": [SimpleCompletion(text, type="kling") for text in found if text.startswith(fragment)],
        "matched_fragment": fragment,
        "suppress": True,
    }


def _candidates(percent: str, before: list[str], word: str) -> Iterable[str]:
    if percent == "%" and not before:
        return sorted(LINE_COMMANDS)
    if percent == "%" and before[0] in _FLAGS:
        return _FLAGS[before[0]]
    option = by_typed(before[-1]) if before else None
    if option and option.takes != "flag" and not word.startswith("-"):
        return _values(option)
    return [candidate.long for candidate in OPTIONS] if word.startswith("-") or (percent == "%%" and not word) else []


def _values(option: Option) -> Iterable[str]:
    if option.name == "model":
        from kling_nb import catalog  # noqa: PLC0415 - reading the catalogue waits for the first Tab

        return [model.name for model in catalog.models()]
    if option.name == "gateway":
        from kling_nb import gateways  # noqa: PLC0415 - see above

        return gateways.names()
    if option.name == "kind":
        from kling_nb.request import KINDS  # noqa: PLC0415 - see above

        return KINDS
    return option.choices
