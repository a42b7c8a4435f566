"""A Wireflow graph, read for the one clip in it: the Kling node, and what flows into its ports.

Source: www.wireflow.ai/docs/api/executions, wireflowINC/wireflow-skill (references/workflow-schema.md, api.md). Node
settings stand in ``config`` on some pages and in ``params`` on others. The sandbox paints clips only: what other nodes
would make is not made, a picture from one of them counts as a picture that cannot be looked at.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kling_nb.sandbox.refusal import RefusalError, bad_value

Upload = Callable[[str], bytes | None]
"""The bytes behind an address, if it is one of the sandbox's own uploads; None for any other."""

VERSIONS = {
    "3.0-pro": ("kling-v3", "pro"),
    "3.0-standard": ("kling-v3", "std"),
    "2.6-pro": ("kling-v2-6", "pro"),
    "o1": ("kling-video-o1", ""),
    "2.5-pro": ("kling-v2-5-turbo", "pro"),
    "2.5-standard": ("kling-v2-5-turbo", "std"),
    "2.1-master": ("kling-v2-1-master", ""),
}
"""``model_version`` of the Kling node: Kling's model and mode."""

_DEFAULT_VERSION = "2.5-pro"
_OMNI = "kling-video-o1"
_MAX_NODES, _MAX_EDGES = 100, 500
_PASSED_ON = ("cfg_scale", "negative_prompt")


@dataclass(frozen=True, slots=True)
class Step:
    """One node, as a poll speaks of it.

    Attributes:
        given: It is an input: there is nothing to run.
    """

    id: str
    label: str
    type: str
    given: bool


@dataclass(frozen=True, slots=True)
class Run:
    """What a graph comes down to.

    Attributes:
        route: Kling's kind.
        fields: Kling's legacy fields.
        mischief: The Kling node's ``sandbox`` setting, unread.
        target: Id of the node whose output is asked for.
        steps: All nodes, in the graph's order.
    """

    route: str
    fields: Mapping[str, Any]
    mischief: Any
    target: str
    steps: tuple[Step, ...]


def read_run(body: Mapping[str, Any], upload: Upload) -> Run:
    """Read the body of ``execute`` or ``estimate``.

    Raises:
        RefusalError: 1200 for no graph, 1201 for one that makes no clip or for a setting that cannot be.
    """
    graph = _Graph(body)
    target = body.get("targetNodeId") or next(reversed(graph.nodes))
    if target not in graph.nodes:
        raise bad_value(f"targetNodeId names no node of the graph: {target!r}")
    film = graph.upstream(target, lambda node: "kling" in _type(node))
    if film is None:
        raise bad_value("no Kling node leads to the target; the sandbox makes clips with Kling nodes only")
    settings = _settings(graph.nodes[film])
    route, fields = _fields(settings, graph.text(film), graph.picture(film), upload)
    steps = tuple(
        Step(name, str(_data(node).get("label") or name), _type(node), _type(node).startswith("input:"))
        for name, node in graph.nodes.items()
    )
    return Run(route, fields, settings.get("sandbox"), target, steps)


class _Graph:
    """Nodes by id, and what leads into them."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        nodes, edges = body.get("nodes"), body.get("edges")
        if not isinstance(nodes, list) or not isinstance(edges, list):
            raise RefusalError(1200, "Missing required fields: nodes, edges")
        if not nodes:
            raise RefusalError(1200, "At least one node must be provided")
        if not all(isinstance(node, dict) and isinstance(node.get("id"), str) and node["id"] for node in nodes):
            raise RefusalError(1200, "All nodes must have an id")
        if len(nodes) > _MAX_NODES or len(edges) > _MAX_EDGES:
            raise RefusalError(1200, f"A graph has at most {_MAX_NODES} nodes and {_MAX_EDGES} edges")
        self.nodes: dict[str, Any] = {node["id"]: node for node in nodes}
        self._into: dict[str, list[tuple[str, str]]] = {name: [] for name in self.nodes}
        for edge in edges:
            source, target = (edge.get("source"), edge.get("target")) if isinstance(edge, dict) else (None, None)
            if source not in self.nodes or target not in self.nodes:
                raise bad_value("each edge must lead from one node of the graph to another")
            self._into[target].append((str(edge.get("targetHandle", "")), source))

    def upstream(self, name: str, wanted: Callable[[Any], bool]) -> str | None:
        """The nearest node that is wanted, from ``name`` itself backwards."""
        queue, seen = [name], {name}
        for here in queue:
            if wanted(self.nodes[here]):
                return here
            for _, source in self._into[here]:
                if source not in seen:
                    seen.add(source)
                    queue.append(source)
        return None

    def text(self, name: str) -> Any:
        """What flows into the prompt port, else the node's own prompt."""
        for source in self._sources(name, "prompt"):
            found = self.upstream(source, lambda node: bool(_words(node)))
            if found:
                return _words(self.nodes[found])
        return _words(self.nodes[name])

    def picture(self, name: str) -> Any:
        """The address that flows into the image port, else the node's own."""
        for source in self._sources(name, "image_url"):
            settings = _settings(self.nodes[source])
            return settings.get("imageUrl") or settings.get("url") or f"https://unpainted.invalid/{quote(source)}"
        return _settings(self.nodes[name]).get("image_url")

    def _sources(self, name: str, port: str) -> list[str]:
        return [source for handle, source in self._into[name] if handle == f"in-{port}"]


def _fields(settings: Mapping[str, Any], text: Any, picture: Any, upload: Upload) -> tuple[str, dict[str, Any]]:
    version = settings.get("model_version", _DEFAULT_VERSION)
    if version not in VERSIONS:
        raise bad_value(f"model_version cannot be {version!r}; allowed: {', '.join(VERSIONS)}")
    model, mode = VERSIONS[version]
    told = {
        "model_name": model,
        "mode": mode,
        "prompt": text,
        "duration": settings.get("duration"),
        **{name: settings.get(name) for name in _PASSED_ON},
    }
    fields = {name: value for name, value in told.items() if value is not None and value != ""}
    if isinstance(fields.get("duration"), int):
        fields["duration"] = str(fields["duration"])
    if aspect := settings.get("aspect_ratio"):
        fields["aspect_ratio"] = aspect
    if isinstance(picture, str) and (data := upload(picture)) is not None:
        picture = base64.b64encode(data).decode("ascii")
    if model == _OMNI:
        frames = [{"image_url": picture, "type": "first_frame"}] if picture else None
        return "omni-video", fields | ({"image_list": frames} if frames else {})
    if not picture:
        return "text2video", fields
    fields.pop("aspect_ratio", None)  # the picture decides, as on Kling's own route
    return "image2video", fields | {"image": picture}


def _data(node: Any) -> Mapping[str, Any]:
    data = node.get("data")
    return data if isinstance(data, dict) else {}


def _type(node: Any) -> str:
    return str(_data(node).get("nodeType", ""))


def _settings(node: Any) -> Mapping[str, Any]:
    data = _data(node)
    sides = (data.get("params"), data.get("config"))
    return {name: value for side in sides if isinstance(side, dict) for name, value in side.items()}


def _words(node: Any) -> Any:
    settings = _settings(node)
    return settings.get("prompt") or settings.get("text") or settings.get("value")
