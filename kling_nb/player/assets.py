"""The player's script and style sheet, joined and packed.

There is no bundler and no minifier: small files that share one scope are joined into one ES module, and comments
and the spaces that no engine needs are left out. Names, strings and line breaks stay, so that what runs in a saved
notebook can be read there.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from kling_nb.show.style import BASE, FOOT, NAME, STATE, pack

_HERE = Path(__file__).parent
_COMMENTS = re.compile(r"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)\n", re.DOTALL | re.MULTILINE)
_CASTS = re.compile(r"/\*\* @type [^*]*\*/ ?")
_KEPT = r"""('(?:[^'\\\n]|\\.)*'|`[^`]*`|/\^[^/\n]*/)"""
"""Strings, templates and the one kind of pattern that is used here, ``/^…/``."""
_SPACES = re.compile(r" *([{}()\[\]=<>+\-*/%,;:?!&|]) *")

_ENDS = re.compile(r";?\n}")


@cache
def module(*more: str) -> str:
    """The ES module that exports ``mount(root)``.

    Args:
        *more: Further files of this folder that use it, by name: ``gallery.js``.
    """
    return _joined(*more) + "export {mount};\n"


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
    return "".join(map(_packed, ("deck.js", "stage.js", "player.js", *more)))


def _packed(name: str) -> str:
    code = _CASTS.sub("", _COMMENTS.sub("", (_HERE / name).read_text("utf-8")))
    code = re.sub(r"^[ \t]+|\n(?=\s*\n)", "", code, flags=re.MULTILINE)
    parts = re.split(_KEPT, code)
    parts[::2] = [_ENDS.sub("}", _SPACES.sub(r"\1", part)) for part in parts[::2]]
    return "".join(parts)
