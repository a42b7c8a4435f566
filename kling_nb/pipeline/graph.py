"""Nodes and edges that are known to fit together: a :class:`Graph` cannot be made wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from kling_nb.errors import RequestError

MAX_NODES = 100
"""Nodes of one pipeline (www.wireflow.ai/docs/api/executions)."""

MAX_EDGES = 500
"""Edges of one pipeline (the same page)."""

_NAMED = 6
_WORDS = ("prompt", "text")


@dataclass(frozen=True, slots=True)
class Node:
    """One step.

    Attributes:
        type: What it does, in the gateway's words: ``generate:flux_2``. Free text; the gateway has the last word.
        label: For people; "" takes the end of the type.
        settings: Its own settings; JSON values, or pictures from this machine until the lab has opened them.
        outputs: Ports that it offers besides those that edges use.
    """

    id: str
    type: str
    label: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    @property
    def tail(self) -> str:
        """The type without its category, such as ``flux_2``."""
        return self.type.rpartition(":")[2]

    @property
    def title(self) -> str:
        """The label, or one made of the type."""
        return self.label or self.tail.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Edge:
    """What leaves ``port_out`` of one node goes into ``port_in`` of another; nodes by their ids."""

    source: str
    port_out: str
    target: str
    port_in: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole pipeline.

    Attributes:
        target: Id of the node whose output is the clip; "" takes the last node.

    Raises:
        RequestError: Something does not fit; one sentence says what.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    target: str = ""

    def __post_init__(self) -> None:
        for what, count, most in (("nodes", len(self.nodes), MAX_NODES), ("edges", len(self.edges), MAX_EDGES)):
            if count > most:
                raise RequestError(f"A pipeline has at most {most} {what}, not {count}: split it in two.")
        ids = _distinct(self.nodes)
        for edge in self.edges:
            for end in {edge.source, edge.target} - ids:
                self[end]  # raises the sentence
            if not (edge.port_out.strip() and edge.port_in.strip()):
                raise RequestError(f"The edge from {edge.source} to {edge.target} needs the names of both ports.")
        if self.target:
            self[self.target]
        self.order()

    def __getitem__(self, node: str) -> Node:
        """The node of that id.

        Raises:
            RequestError: There is none.
        """
        for known in self.nodes:
            if known.id == node:
                return known
        ids = [known.id for known in self.nodes]
        near = get_close_matches(node, ids, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        there = f"has {', '.join(ids[:_NAMED])}{' …' if len(ids) > _NAMED else ''}" if ids else "is still empty"
        raise RequestError(f"The pipeline has no node “{node}”; it {there}.{meant}")

    @property
    def last(self) -> Node:
        """The node whose output is the clip.

        Raises:
            RequestError: There is no node at all.
        """
        if not self.nodes:
            raise RequestError('The pipeline is empty: add a step, pipe.node("video:kling_video_2_5_i2v", …).')
        return self[self.target] if self.target else self.nodes[-1]

    def order(self) -> tuple[Node, ...]:
        """The nodes in an order in which they can run.

        Raises:
            RequestError: The edges go round in a circle.
        """
        sorter: TopologicalSorter[str] = TopologicalSorter({node.id: () for node in self.nodes})
        for edge in self.edges:
            sorter.add(edge.target, edge.source)
        by_id = {node.id: node for node in self.nodes}
        try:
            return tuple(by_id[node] for node in sorter.static_order())
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise RequestError(f"The edges go round in a circle ({circle}): leave one of them out.") from None

    def depths(self) -> dict[str, int]:
        """How many steps lie before each node, at most."""
        found: dict[str, int] = {}
        for node in self.order():
            before = [found[edge.source] + 1 for edge in self.edges if edge.target == node.id]
            found[node.id] = max(before, default=0)
        return found

    @property
    def idle(self) -> tuple[Node, ...]:
        """Nodes that nothing leads on from to the clip."""
        useful = {self.last.id}
        for node in reversed(self.order()):
            if any(edge.source == node.id and edge.target in useful for edge in self.edges):
                useful.add(node.id)
        return tuple(node for node in self.nodes if node.id not in useful)

    @property
    def summary(self) -> str:
        """What works in it, for captions: ``flux_2 → kling_video_2_5_i2v → upscale``."""
        made = [node.tail for node in self.order() if not node.type.startswith("input:")]
        kept = made if len(made) <= _NAMED else [*made[:3], "…", *made[-2:]]
        return " → ".join(kept) or self.last.tail

    @property
    def words(self) -> str:
        """Everything that it is told in words, for captions."""
        told = [node.settings.get(name) for node in self.order() for name in _WORDS]
        return " / ".join(dict.fromkeys(text.strip() for text in told if isinstance(text, str) and text.strip()))

    def read(self, value: Callable[[Node, str, Any], Any]) -> Graph:
        """The same with every setting passed through ``value(node, name, setting)``."""
        nodes = [
            replace(node, settings={name: value(node, name, old) for name, old in node.settings.items()})
            for node in self.nodes
        ]
        return replace(self, nodes=tuple(nodes))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object.

        Raises:
            RequestError: A setting is no JSON value.
        """
        for node in self.nodes:
            for name, value in node.settings.items():
                plain(value, f"{name} of {node.id}")
        return {
            "nodes": [
                {"id": n.id, "type": n.type, "label": n.label, "settings": dict(n.settings), "outputs": list(n.outputs)}
                for n in self.nodes
            ],
            "edges": [[e.source, e.port_out, e.target, e.port_in] for e in self.edges],
            "target": self.target,
        }

    @classmethod
    def from_json(cls, data: Any) -> Graph:
        """From what :meth:`to_json` gave.

        Raises:
            RequestError: It is not that, or does not fit together.
        """
        try:
            nodes = tuple(
                Node(str(n["id"]), str(n["type"]), str(n.get("label", "")), dict(n.get("settings", {})),
                     tuple(map(str, n.get("outputs", ()))))
                for n in data["nodes"]
            )  # fmt: skip
            edges = tuple(Edge(*map(str, edge)) for edge in data["edges"])
            return cls(nodes, edges, str(data.get("target", "")))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise RequestError("This is no pipeline: write it with Pipeline.to_json() and read that again.") from None


def _distinct(nodes: tuple[Node, ...]) -> set[str]:
    seen: set[str] = set()
    for node in nodes:
        if not (node.id.strip() and node.type.strip()):
            raise RequestError("A node needs an id and a type, for example video:kling_video_2_5_i2v.")
        if node.id in seen:
            raise RequestError(f"Two nodes have the id “{node.id}”: give each an id of its own.")
        seen.add(node.id)
    return seen


def plain(value: Any, what: str) -> None:
    """Let a JSON value pass.

    Raises:
        RequestError: It is none; ``what`` names it.
    """
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise RequestError(
            f"{what} is a {type(value).__name__} that JSON cannot hold: give text, a number, true, a list or a dict."
        ) from None
