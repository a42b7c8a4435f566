"""What Wireflow tells of a run, in whichever of its three shapes: the clip, the charge, every step.

Source: www.wireflow.ai/docs/api (overview, executions), wireflowINC/wireflow-skill (references/api.md,
scripts/wf.sh). Raw node outputs are documented as differing from node to node, so every place is looked into.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from kling_nb.gateways.digging import clip, dig, identifier, items, message, number, share, text, web_url
from kling_nb.gateways.words import phase
from kling_nb.wire import Charge, NodeState, Output

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_NODES = 200  # twice what the gateway allows: an answer is a stranger's text
_MOST_OUTPUTS = 8
_LABEL = 120
_MILLISECONDS = 1000
_VIDEO, _PICTURE = "video/mp4", "image/png"
_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


def run_in(said: Any) -> Any:
    """The run itself: wrapped in ``data`` on the skill's page, bare in the docs."""
    return dig(said, "data") if text(dig(said, "data", "status")) else said


def nodes_in(run: Any) -> list[Any]:
    """What is told of the nodes, in the gateway's order."""
    places = (dig(run, "nodeStates"), dig(run, "nodeResults", "nodeRuns"), dig(run, "nodeRuns"))
    return next(filter(None, map(items, places)), [])[:_MOST_NODES]


def outputs_of(run: Any, own: list[Any]) -> tuple[Output, ...]:
    """The run's final output, else that of ``own`` nodes, the likeliest first; a video before any picture."""
    final = dig(run, "nodeResults", "finalOutput") or dig(run, "finalOutput")
    found = [*_urls(final), *(output for node in own for output in _node_outputs(node))]
    best = next((output for output in found if output.media_type == _VIDEO), None) or next(iter(found), None)
    return (Output(best.url),) if best else ()


def charge_of(run: Any, nodes: list[Any]) -> Charge | None:
    """The credits of all nodes; the pages promise them per node without naming the field."""
    known = [credit for credit in map(_credits, nodes) if credit is not None]
    total = sum(known) if known else number(dig(run, "creditsUsed"))
    return None if total is None else Charge(credits=total)


def states_of(nodes: list[Any], labels: Mapping[str, str]) -> tuple[NodeState, ...]:
    """Every step; those in ``labels`` (id to label) come first, waiting where nothing is told of them yet."""
    told = {state.id: state for node in nodes if (state := _state(node, labels)).id}
    waiting = {node: NodeState(node, label, "queued") for node, label in labels.items()}
    return tuple((waiting | told).values())


def _state(node: Any, labels: Mapping[str, str]) -> NodeState:
    ident = identifier(dig(node, "nodeId"))
    outputs = tuple(dict.fromkeys(_node_outputs(node)))[:_MOST_OUTPUTS]
    state, _ = phase(text(dig(node, "status")) or ("completed" if outputs else ""))
    label = text(dig(node, "label")) or text(dig(node, "nodeLabel")) or labels.get(ident, "") or ident
    return NodeState(
        id=ident,
        label=clip(label, _LABEL),
        phase=state,
        seconds=_seconds(node),
        credits=_credits(node),
        progress=share(dig(node, "progress")),
        outputs=outputs,
        reason=message(dig(node, "error")) if state == "failed" else "",
    )


def _credits(node: Any) -> float | None:
    told = (number(dig(node, name)) for name in ("credits", "creditsUsed"))
    return next((credit for credit in told if credit is not None), None)


def _seconds(node: Any) -> float | None:
    """How long a node ran. The pages promise its timing; a run's own has ``startTime`` and ``endTime``."""
    milliseconds = number(dig(node, "durationMs"))
    if milliseconds is None:
        began, ended = _moment(dig(node, "startTime")), _moment(dig(node, "endTime"))
        milliseconds = None if began is None or ended is None else (ended - began) * _MILLISECONDS
    return round(milliseconds / _MILLISECONDS, 3) if milliseconds is not None and milliseconds >= 0 else None


def _moment(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(text(value)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _node_outputs(node: Any) -> Iterator[Output]:
    for told in (dig(node, "outputUrl"), *items(dig(node, "outputUrls"))[:_MOST_OUTPUTS]):
        if url := web_url(told):
            yield _output(url)
    yield from _urls(dig(node, "output"))


def _urls(output: Any) -> Iterator[Output]:
    """Wherever a node keeps a URL."""
    for told in (dig(output, "url"), dig(output, "video", "url"), dig(output, "video")):
        if url := web_url(told):
            yield _output(url)
    for name in ("videos", "images"):
        for told in items(dig(output, name))[:_MOST_OUTPUTS]:
            if url := web_url(dig(told, "url")):
                yield _output(url)
    for told in (dig(output, "image", "url"), dig(output, "image")):
        if url := web_url(told):
            yield Output(url, media_type=_PICTURE)


def _output(url: str) -> Output:
    """By its suffix, because ``images`` was seen to hold a video and ``url`` may be a picture."""
    path = url.partition("?")[0].partition("#")[0].lower()
    return Output(url, media_type=_PICTURE if path.endswith(_PICTURE_SUFFIXES) else _VIDEO)
