"""What a gateway tells about itself: the types of its nodes, and the inputs of a stored workflow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_nb.pipeline.graph import Graph


@dataclass(frozen=True, slots=True)
class NodeType:
    """One entry of the gateway's list of nodes.

    Attributes:
        inputs: Names of its input ports; ``required`` are those among them that must be fed.
        outputs: Names of its output ports.
    """

    type: str
    label: str = ""
    inputs: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowInput:
    """One thing that a stored workflow can be given: ``inputs={node: value}``.

    Attributes:
        type: text, image (an https URL, or a picture to be uploaded), url, number, boolean or select.
        default: What it takes where nothing is given.
    """

    node: str
    label: str = ""
    type: str = ""
    required: bool = False
    default: Any = None
    description: str = ""


def doubts(graph: Graph, node_types: Iterable[NodeType]) -> tuple[str, ...]:
    """What a list of node types says against a pipeline, a sentence each.

    A type without any ports in the list says nothing about ports.
    """
    known = {entry.type: entry for entry in node_types}
    said: list[str] = []
    for node in graph.nodes:
        entry = known.get(node.type)
        if entry is None:
            near = get_close_matches(node.type, known, n=2)
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            said.append(f"{node.id}: the gateway lists no node type {node.type}.{meant}")
            continue
        fed = {edge.port_in for edge in graph.edges if edge.target == node.id}
        used = {edge.port_out for edge in graph.edges if edge.source == node.id}
        for ports, there, what in ((fed, entry.inputs, "input"), (used, entry.outputs, "output")):
            said += [
                f"{node.id}: {node.type} has no {what} {port}; it has {', '.join(there)}."
                for port in sorted(ports - set(there))
                if there
            ]
        missing = [port for port in entry.required if port not in fed and port not in node.settings]
        said += [f"{node.id}: nothing feeds its required input {port}." for port in missing]
    return tuple(said)
