"""The player's script and style sheet, joined and packed.

There is no bundler and no minifier: small files that share one scope are joined into one ES module. Comments, spaces
and line breaks that no engine needs are left out, and numbers stand in place of the constants that name them; other
names and all strings stay, so that what runs in a saved notebook can be read there. It asks of the sources that
statements end with a semicolon and that a comment has a line of its own.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from kling_nb.show.style import BASE, FOOT, NAME, STATE, pack

_HERE = Path(__file__).parent
_COMMENTS = re.compile(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)\n", re.DOTALL | re.MULTILINE)
_CASTS = re.compile(r"/\*\* @type [^*]*\*/ ?(?:\(([\w.]+)\))?")
_KEPT = r"""('(?:[^'\\\n]|\\.)*'|`[^`]*`|/\^[^/\n]*/)"""
"""Strings, templates and the one kind of pattern that is used here, ``/^…/``."""
_SPACES = re.compile(r"\s*([{}()\[\]=<>+\-*/%,;:?!&|])\s*")

_ENDS = re.compile(r";(?=})|,(?=[})\]])|\b0(?=\.\d)")
"""What may be left out before a closing bracket or a decimal point."""
_CONSTS = re.compile(r"(\bconst \w+=[^;{}]*);const (?=\w+=)")
_NUMBER = re.compile(r"\bconst ([A-Z_]+)=(-?[\d.]+);")


@cache
def module(*more: str) -> str:
    """The ES module that exports ``mount(root)``.

    Args:
        *more: Further files of this folder that use it, by name: ``gallery.js``.
    """
    return _joined(*more) + "export {mount};\n"


@cache
def scoped(value: str) -> str:
    """The same in a scope of its own, as an expression: for a script whose own names are others.

    Args:
        value: What the expression is worth, in JavaScript: ``{render: (its) => board(its, mount)}``.
    """
    return f"(() => {{\n{_joined()}\nreturn {value};\n}})()"


@cache
def inline(root: str = "kling-nb-player", start: str = "mount", *more: str) -> str:
    """The same module as a ``<script>`` that starts the output it stands in.

    A classic script in a function: unlike a module it can tell which output it belongs to, even where the
    same notebook shows it many times.

    Args:
        root: Class of the output.
        start: The function that is called with it.
        *more: As for :func:`module`.
    """
    code = f"{_joined(*more, 'inline.js')}begin('{root}',{start});\n".replace("</", "<\\/")
    return f"<script>(()=>{{\n{code}}})()</script>"


@cache
def style(*more: str, state: bool = True) -> str:
    """The style sheet as one line.

    Args:
        *more: Further style sheets of this folder, by name.
        state: Some of the clips are not there, and say why.
    """
    return pack(
        BASE, FOOT, STATE if state else "", NAME, *((_HERE / name).read_text("utf-8") for name in ("player.css", *more))
    )


def _joined(*more: str) -> str:
    code = "".join(map(_packed, ("deck.js", "stage.js", "player.js", *more)))
    numbers = dict(_NUMBER.findall(code))
    code = re.sub(rf"\b({'|'.join(numbers)})\b", lambda name: numbers[name[0]], _NUMBER.sub("", code))
    while (shorter := _CONSTS.sub(r"\1,", code)) != code:
        code = shorter
    return code


def _packed(name: str) -> str:
    code = _CASTS.sub(r"\1", _COMMENTS.sub("", (_HERE / name).read_text("utf-8")))
    code = re.sub(r"^[ \t]+|\n(?=\s*\n)", "", code, flags=re.MULTILINE)
    parts = re.split(_KEPT, code)
    parts[::2] = [_ENDS.sub("", _SPACES.sub(r"\1", part)) for part in parts[::2]]
    return "".join(parts)
