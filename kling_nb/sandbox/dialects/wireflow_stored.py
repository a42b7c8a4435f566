"""What a Wireflow account would hold: one stored workflow, whatever its id, and the list of nodes.

Source: www.wireflow.ai/docs/api/run and wireflowINC/wireflow-skill (references/api.md). The body of ``GET /nodes`` is
printed nowhere; it is given in the words of a graph's own nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.sandbox.dialects.wireflow_graph import VERSIONS
from kling_nb.sandbox.refusal import bad_value

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT, _PICTURE, _FILM = "n_txt", "n_img", "n_kling"
_EXAMPLE = "A red fox trots through fresh snow"

DESCRIBED: dict[str, Any] = {
    "workflowName": "A clip from a prompt, with or without a first frame",
    "inputs": [
        {"nodeId": _TEXT, "label": "Prompt", "type": "text", "required": True, "default": "", "description": ""},
        {
            "nodeId": _PICTURE,
            "label": "First frame",
            "type": "image",
            "required": False,
            "default": "",
            "description": "an https address",
        },
    ],
    "example": {"inputs": {_TEXT: _EXAMPLE}},
}
"""What ``GET /workflows/{id}/run`` tells besides the id."""


def _port(name: str, kind: str, *, required: bool = False) -> dict[str, Any]:
    return {"id": name, "label": name, "type": kind, "required": required}


NODES: list[dict[str, Any]] = [
    {"nodeType": "input:text", "label": "Prompt", "inputs": [], "outputs": [_port("prompt", "TEXT")]},
    {"nodeType": "input:image", "label": "Image", "inputs": [], "outputs": [_port("image", "IMAGE")]},
    {
        "nodeType": "video:kling_video_2_5_i2v",
        "label": "Kling",
        "inputs": [_port("image_url", "IMAGE"), _port("prompt", "TEXT", required=True)],
        "outputs": [_port("video", "VIDEO")],
        "config": {"model_version": list(VERSIONS)},
    },
]
"""The node types that the sandbox runs."""


def stored_graph(body: Mapping[str, Any]) -> dict[str, Any]:
    """The stored workflow with the inputs of ``{"inputs": {node: value}}`` in place.

    Raises:
        RefusalError: 1201 for an input that it does not have, or has not got.
    """
    inputs = body.get("inputs", {})
    if not isinstance(inputs, dict) or not inputs.keys() <= {_TEXT, _PICTURE}:
        raise bad_value(f"inputs must be an object of {_TEXT} (text) and, if there is a first frame, {_PICTURE}")
    if not inputs.get(_TEXT):
        raise bad_value(f"the input {_TEXT} (Prompt) is required")
    nodes = [_node(_TEXT, "input:text", "Prompt", prompt=inputs[_TEXT])]
    if inputs.get(_PICTURE):
        nodes.append(_node(_PICTURE, "input:image", "First frame", imageUrl=inputs[_PICTURE]))
    edges = [
        {"id": f"e_{node['id']}", "source": node["id"], "target": _FILM, "targetHandle": f"in-{port}"}
        for node, port in zip(nodes, ("prompt", "image_url"), strict=False)
    ]
    nodes.append(_node(_FILM, "video:kling_video_2_5_i2v", "Kling"))
    return {"nodes": nodes, "edges": edges, "targetNodeId": _FILM}


def _node(name: str, kind: str, label: str, **settings: Any) -> dict[str, Any]:
    return {"id": name, "data": {"nodeType": kind, "label": label, "config": settings}}
