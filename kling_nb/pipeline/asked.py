"""From what was typed to a run: ``pipeline=``, ``workflow=`` with ``inputs=``, or a webhook with its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kling_nb.errors import OptionError
from kling_nb.pipeline.build import Pipeline
from kling_nb.pipeline.runs import Run, StoredRun, Trigger

KINDS: dict[str, frozenset[str]] = {
    "pipeline": frozenset({"pipeline"}),
    "workflow": frozenset({"workflow", "inputs"}),
    "webhook": frozenset({"webhook", "data"}),
}
"""The keyword that asks for a run, and the keywords that belong to it."""

KEYWORDS = frozenset[str]().union(*KINDS.values())

_ANYWHERE = frozenset({"take", "set"})


def kind_in(keywords: Mapping[str, Any]) -> str:
    """Which of :data:`KINDS` is asked for; "" for a plain clip.

    Raises:
        OptionError: Two of them, or options that a run carries itself.
    """
    asked = [kind for kind in KINDS if kind in keywords]
    if len(asked) > 1:
        raise OptionError(f"{' and '.join(f'{kind}=' for kind in asked)} exclude each other: give one of them.")
    if not asked:
        for kind, own in KINDS.items():
            if stray := sorted(own & keywords.keys()):
                raise OptionError(f"{stray[0]}= belongs to {kind}=: give that too, or leave it out.")
        return ""
    known = KINDS[asked[0]] | _ANYWHERE
    if odd := [name for name, value in keywords.items() if name not in known and value not in ("", ())]:
        raise OptionError(f"A {asked[0]} carries its own settings: leave out {', '.join(odd)} and set them in there.")
    return asked[0]


def read(kind: str, keywords: Mapping[str, Any], opened: Callable[[Any, str], Any]) -> Run:
    """The run.

    Args:
        kind: From :func:`kind_in`.
        keywords: As they were typed.
        opened: Opens a picture from this machine (second argument: what it is for, in sentences) and gives
            the JSON value that stands for it.

    Raises:
        AskError: Something in it is not what it should be.
    """
    if kind == "webhook":
        return Trigger(str(keywords["webhook"]), keywords.get("data"))
    if kind == "workflow":
        given = keywords.get("inputs") or {}
        if not isinstance(given, Mapping):
            raise OptionError("inputs= takes a dict of node id and value; kling.workflow_inputs(ID) lists the ids.")
        values = {str(node): _setting(value, f"The input {node}", opened) for node, value in given.items()}
        return StoredRun(str(keywords["workflow"]), values)
    pipe = keywords["pipeline"]
    if not isinstance(pipe, Pipeline):
        raise OptionError(f"pipeline= takes a kling.Pipeline, not {type(pipe).__name__}.")
    graph = pipe.graph
    return graph.read(lambda node, name, value: _setting(value, f"{name} of {node.id}", opened, name))


def _setting(value: Any, what: str, opened: Callable[[Any, str], Any], name: str = "") -> Any:
    """A setting as JSON: what is no JSON is a picture, and so is a text that stands where a link should."""
    if isinstance(value, str):
        is_path = name.lower().endswith("url") and value and "://" not in value
        return opened(value, what) if is_path else value
    plain = value is None or isinstance(value, bool | int | float | list | tuple | Mapping)
    return value if plain else opened(value, what)
