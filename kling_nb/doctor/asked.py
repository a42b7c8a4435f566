"""What may stand behind ``%kling doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kling_nb.errors import OptionError

_JOBS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """How a person wants to be examined.

    Attributes:
        offline: Ask no gateway.
        load: Jobs of a measurement under load; None for the examination.
    """

    offline: bool = False
    load: int | None = None


def asked(arguments: Sequence[str]) -> Asked:
    """Read the words of the line.

    Raises:
        OptionError: A word that means nothing here.
    """
    words = list(arguments)
    offline = "--offline" in words
    load: int | None = None
    if "--load" in words:
        at = words.index("--load")
        number = words[at + 1] if words[at + 1 :] and words[at + 1].isdecimal() else ""
        load = int(number) if number else _JOBS
        del words[at : at + (2 if number else 1)]
    if strange := [word for word in words if word != "--offline"]:
        raise OptionError(f"%kling doctor does not know {strange[0]!r}: it takes --offline and --load [N].")
    return Asked(offline, load)
