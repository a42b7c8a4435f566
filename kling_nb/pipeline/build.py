"""A pipeline in the making: what a notebook types, step by step, each step checked at once."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_nb.pipeline.graph import Edge, Graph, Node
from kling_nb.pipeline.known import doubts

if TYPE_CHECKING:
    from kling_nb.pipeline.known import NodeType


class Pipeline:
    """Several steps that run as one job.

    ::

        pipe = kling.Pipeline()
        still = pipe.node("generate:flux_2", prompt="A lighthouse at dusk")
        clip = pipe.node("video:kling_video_2_5_i2v", model_version="2.5-pro", duration="5")
        large = pipe.node("utility:upscale", factor=2)
        pipe.connect(still, "image", clip, "image_url")
        pipe.connect(clip, "video", large, "video")
        job = kling.submit(pipeline=pipe, gateway="wireflow")

    Node types, settings and port names are the gateway's own and travel as they are typed;
    ``kling.node_types()`` asks for them.
    """

    def __init__(self, graph: Graph | None = None) -> None:
        self._graph = graph or Graph()

    def __repr__(self) -> str:
        if not self._graph.nodes:
            return "<Pipeline: empty>"
        return f"<Pipeline of {len(self._graph.nodes)}: {self._graph.summary}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pipeline) and self._graph == other._graph

    __hash__ = None  # type: ignore[assignment]  # it changes while it is built

    @property
    def graph(self) -> Graph:
        """It as it is now; what is added later does not change what was sent."""
        return self._graph

    def node(
        self,
        node_type: str,
        /,
        *,
        node_id: str = "",
        label: str = "",
        outputs: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Node:
        """Add a step; the last one added makes the clip, unless :meth:`end_at` says otherwise.

        Args:
            node_type: In the gateway's words, ``generate:flux_2``.
            node_id: Its id; without one, the end of the type.
            label: What the card calls it.
            outputs: Names of ports that no edge of this pipeline uses.
            settings: The node's settings, for names that Python does not take as keywords.
            **more: The node's settings. A setting that holds a picture (path, bytes, PIL image, finished clip)
                is uploaded first.

        Raises:
            RequestError: One node too many, or the id is taken.
        """
        node = Node(node_id or self._free(node_type), node_type, label, {**(settings or {}), **more}, tuple(outputs))
        self._graph = replace(self._graph, nodes=(*self._graph.nodes, node))
        return node

    def connect(self, source: Node | str, port_out: str, target: Node | str, port_in: str) -> Edge:
        """Lead what one step makes into another.

        Raises:
            RequestError: No such node, a circle, or one edge too many.
        """
        edge = Edge(_id(source), port_out, _id(target), port_in)
        self._graph = replace(self._graph, edges=(*self._graph.edges, edge))
        return edge

    def end_at(self, node: Node | str) -> None:
        """Take this step's output as the clip.

        Raises:
            RequestError: No such node.
        """
        self._graph = replace(self._graph, target=_id(node))

    def check(self, node_types: Iterable[NodeType]) -> tuple[str, ...]:
        """What the gateway's own list of node types says against it, a sentence each; empty if nothing."""
        return doubts(self._graph, node_types)

    def to_json(self) -> str:
        """As JSON text, to be kept beside a notebook."""
        return json.dumps(self._graph.to_json(), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Pipeline:
        """From what :meth:`to_json` gave.

        Raises:
            RequestError: It is not that.
        """
        try:
            data = json.loads(text)
        except (TypeError, ValueError):
            data = None
        return cls(Graph.from_json(data))

    def _free(self, node_type: str) -> str:
        stem = re.sub(r"\W+", "_", node_type.rpartition(":")[2]).strip("_") or "node"
        taken = {node.id for node in self._graph.nodes}
        names = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(2)))
        return next(name for name in names if name not in taken)


def _id(node: Node | str) -> str:
    return node.id if isinstance(node, Node) else str(node)
