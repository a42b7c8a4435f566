"""``{name}`` in a cell: the notebook's variable, and nothing else that has braces in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from kling_nb.errors import OptionError

_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WHOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def fill(text: str, names: Mapping[str, Any]) -> str:
    """Replace each ``{identifier}`` by ``str`` of that variable; ``{{`` and ``}}`` become braces.

    Everything else with braces in it (JSON, code, a lone brace) is left alone.

    Raises:
        OptionError: An identifier is not defined; the sentence names near ones.
    """

    def one(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        return str(lookup(match[1], names))

    return _TOKEN.sub(one, text)


def value(text: str, names: Mapping[str, Any]) -> Any:
    """Like :func:`fill`, but a text that is one ``{identifier}`` gives the object itself."""
    whole = _WHOLE.fullmatch(text.strip())
    return lookup(whole[1], names) if whole else fill(text, names)


def lookup(name: str, names: Mapping[str, Any]) -> Any:
    """The notebook's variable.

    Raises:
        OptionError: It does not exist.
    """
    try:
        return names[name]
    except KeyError:
        near = difflib.get_close_matches(name, [n for n in names if not n.startswith("_")], n=3)
        hint = f" Did you mean {' or '.join('{' + n + '}' for n in near)}?" if near else ""
        raise OptionError(
            f"{{{name}}} is not defined in this notebook.{hint} Write {{{{{name}}}}} for literal braces."
        ) from None
