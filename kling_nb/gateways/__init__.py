"""Gateways by name, and the codec of each: the one door through which other rooms reach a dialect."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from kling_nb.errors import MissingKeyError, OptionError
from kling_nb.gateways.fal import FalCodec
from kling_nb.gateways.kling import KlingCodec
from kling_nb.gateways.kling_generations import KlingGenerationsCodec
from kling_nb.gateways.openai_video import OpenAIVideoCodec
from kling_nb.gateways.plugins import load_plugins
from kling_nb.gateways.replicate import ReplicateCodec
from kling_nb.gateways.table import BUILT_IN, Dialect, Gateway
from kling_nb.gateways.wireflow import WireflowCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kling_nb.wire import Codec

__all__ = ["Dialect", "Gateway", "codec", "gateway", "label", "names", "register"]

_built_in = {known.name: known for known in BUILT_IN}
_registered: dict[str, Gateway] = {}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def names() -> tuple[str, ...]:
    """All names: the built-in ones in their order, then the registered ones, those of plug-ins among them."""
    load_plugins(_offer)
    return (*_built_in, *_registered)


def gateway(name: str) -> Gateway:
    """The gateway of that name.

    Raises:
        OptionError: There is none; the sentence lists the known names and the nearest one.
    """
    found = _found(name)
    if found:
        return found
    load_plugins(_offer, again=True)
    known = names()
    if found := _found(name):  # an installed package has brought it along
        return found
    near = get_close_matches(name.lower(), known, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise OptionError(f"No gateway is called “{name}”.{guess} Known are {', '.join(known)}.")


def register(new: Gateway) -> None:
    """Add a gateway for this session, or replace one that was added before (a cell that runs again).

    Raises:
        OptionError: The name is not usable or built in, or nobody speaks the dialect.
    """
    if not _NAME.fullmatch(new.name):
        raise OptionError(f"“{new.name}” cannot name a gateway: use small letters, digits, - and _, up to 40.")
    if new.name in _built_in:
        raise OptionError(f"The gateway {new.name} is built in: register yours under another name.")
    if new.codec is None and new.dialect not in get_args(Dialect):
        raise OptionError(f"No dialect is called “{new.dialect}”: known are {', '.join(get_args(Dialect))}.")
    if new.dialect == "wireflow" and not new.values:
        raise OptionError("A wireflow gateway needs values=(…,): the variable that holds the workflow's id.")
    _registered[new.name] = new


def _found(name: str) -> Gateway | None:
    return _built_in.get(name) or _registered.get(name)


def _offer(new: Gateway) -> None:
    """Register what a plug-in brings; what the person registered under that name goes before."""
    if new.name not in _registered:
        register(new)


def _kling(of: Gateway) -> Codec:
    """Relays and the sandbox speak the first generation only."""
    return KlingGenerationsCodec(of) if of.second_generation else KlingCodec(of)


_CODECS: Mapping[str, Callable[[Gateway], Codec]] = {
    "kling": _kling,
    "openai-video": OpenAIVideoCodec,
    "fal": FalCodec,
    "replicate": ReplicateCodec,
}


def codec(of: Gateway, values: Mapping[str, str]) -> Codec:
    """The codec that speaks to a gateway.

    Args:
        of: The gateway.
        values: What its ``values`` variables hold, by name.

    Raises:
        MissingKeyError: One of them is not set.
    """
    for name in of.values:
        if not values.get(name):
            raise MissingKeyError(
                f"{of.label} needs {name}: set it in the environment, or try the same cell for free with "
                "--gateway sandbox."
            )
    if of.codec:
        return of.codec(of, values)
    if of.dialect == "wireflow":
        return WireflowCodec(of, values[of.values[0]] if of.values else "")  # a stored workflow brings its own id
    return _CODECS[of.dialect](of)


def label(name: str) -> str:
    """A gateway's name for people; the name itself for one that is no longer registered."""
    found = _found(name)
    return found.label if found else name
