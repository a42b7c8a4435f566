"""A pipeline as Wireflow writes it: nodes with a place on the canvas, edges from port to port.

Source: www.wireflow.ai/docs/api/executions, wireflowINC/wireflow-skill (references/workflow-schema.md)
and Wireflow's two Kling pages. A node's settings stand in ``config`` on some of these pages and in
``params`` on others, so both are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.pipeline import Edge, Graph, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET = "n_kling"
"""Id of the Kling node of a plain clip."""

BODY_FIELDS = frozenset({"nodes", "edges", "targetNodeId", "triggerData", "iteratorConfigs", "force"})
"""The names of the body itself (executions page; ``force`` from the skill's references/api.md)."""

_KLING_NODE = "video:kling_video_2_5_i2v"  # one node for every model, told apart by model_version
_PORTS_OF = {"video": ("video",)}  # the Kling node's documented output; others are known by their edges
_CARRIES = {"image": "IMAGE", "video": "VIDEO", "prompt": "TEXT", "text": "TEXT", "audio": "AUDIO"}
_COLUMN, _ROW = 400, 200  # pixels between nodes on the canvas, as in the docs' example


def film(prompt: str, image_url: str | None, settings: Mapping[str, Any]) -> Graph:
    """The little pipeline of a plain clip: text and, with an ``image_url``, a picture into the Kling node."""
    picture = Node("n_img", "input:image", "First frame", {"imageUrl": image_url})
    words = Node("n_txt", "input:text", "Prompt", {"prompt": prompt})
    kling = Node(TARGET, _KLING_NODE, "Kling", settings)
    into_prompt = Edge(words.id, "prompt", TARGET, "prompt")
    if not image_url:
        return Graph((words, kling), (into_prompt,), TARGET)
    return Graph((picture, words, kling), (Edge(picture.id, "image", TARGET, "image_url"), into_prompt), TARGET)


def body(graph: Graph, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ``POST /workflows/{id}/execute``; ``extra`` is laid over it."""
    places = _places(graph)
    nodes = [_node(graph, node, places[node.id]) for node in graph.nodes]
    edges = [_edge(number, edge) for number, edge in enumerate(graph.edges, 1)]
    return {"nodes": nodes, "edges": edges, "targetNodeId": graph.last.id, **extra}


def _places(graph: Graph) -> dict[str, dict[str, int]]:
    """Columns from left to right by what comes before, each centred on the fullest one."""
    depths = graph.depths()
    columns: dict[int, list[str]] = {}
    for node in graph.nodes:
        columns.setdefault(depths[node.id], []).append(node.id)
    most = max(map(len, columns.values()))
    return {
        node: {"x": _COLUMN * column, "y": _ROW * row + _ROW * (most - len(ids)) // 2}
        for column, ids in columns.items()
        for row, node in enumerate(ids)
    }


def _node(graph: Graph, node: Node, place: Mapping[str, int]) -> dict[str, Any]:
    category = node.type.partition(":")[0]
    ins = dict.fromkeys(edge.port_in for edge in graph.edges if edge.target == node.id)
    outs = dict.fromkeys(edge.port_out for edge in graph.edges if edge.source == node.id)
    offered = dict.fromkeys((*outs, *(node.outputs or _PORTS_OF.get(category, ()))))
    data = {
        "label": node.title,
        "nodeType": node.type,
        "category": category,
        "config": dict(node.settings),
        "params": dict(node.settings),
        "inputs": [{**_port(name), "required": True} for name in ins],
        "outputs": [_port(name) for name in offered],
    }
    return {"id": node.id, "type": "basedNode", "position": dict(place), "data": data}


def _port(name: str) -> dict[str, str]:
    """A port by its name; what it carries is told where the name tells it."""
    stem = name.removesuffix("_url").removesuffix("Url")
    port = {"id": name, "label": stem.replace("_", " ").capitalize()}
    carries = next((kind for word, kind in _CARRIES.items() if word in stem.lower()), "")
    return port | ({"type": carries} if carries else {})


def _edge(number: int, edge: Edge) -> dict[str, str]:
    return {
        "id": f"e{number}",
        "source": edge.source,
        "sourceHandle": f"out-{edge.port_out}",
        "target": edge.target,
        "targetHandle": f"in-{edge.port_in}",
    }
