"""What can be asked of Wireflow besides a run: its nodes, a workflow's inputs, a price, the account.

Source: www.wireflow.ai/docs/api (run, rate-limits), wireflowINC/wireflow-skill (references/api.md). The bodies
of ``GET /nodes`` and ``GET /developer/usage`` are printed nowhere, so these readers take any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.gateways.digging import clip, dig, items, message, number, text
from kling_nb.pipeline import NodeType, WorkflowInput
from kling_nb.wire import Balance, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.wire import Answer

_MOST = 2000
_MOST_LINES = 20
_LEFT = ("availableCredits", "creditsRemaining", "remainingCredits", "creditBalance", "credits", "balance")
_LIMITS = (
    ("x-ratelimit-limit", "requests allowed per minute"),
    ("x-ratelimit-remaining", "requests left this minute"),
)


def estimate_in(answer: Answer) -> Estimate | None:
    """``{"data": {"estimatedCredits", "estimatedProviderCostUsd", "sufficient", …}}``; None where it tells no price."""
    told = dig(answer.json(), "data") or answer.json()
    usd, credits_ = number(dig(told, "estimatedProviderCostUsd")), number(dig(told, "estimatedCredits"))
    if usd is None and credits_ is None:
        return None
    left, enough = number(dig(told, "availableCredits")), dig(told, "sufficient")
    notes = [message(warning) for warning in items(dig(told, "warnings"))[:5]]
    if dig(told, "estimateComplete") is False:
        notes.append("The estimate leaves out steps whose price is only known once they run.")
    if left is not None and enough is False:
        notes.append(f"{left:g} credits are left.")
    sufficient = enough if isinstance(enough, bool) else None
    return Estimate(usd, credits_, sufficient, tuple(filter(None, notes)))


def usage_in(answer: Answer) -> Balance | None:
    """Credits, and every other plain value as a line, the limits of the answer's headers last."""
    body = answer.json()
    told = dig(body, "data") if isinstance(dig(body, "data"), dict) else body
    if not isinstance(told, dict):
        return None
    found = [number(dig(told, *place)) for name in _LEFT for place in ((name,), ("credits", name))]
    lines = [*_flat(told)][:_MOST_LINES]
    lines += [(words, said) for name, words in _LIMITS if (said := text(answer.headers.get(name)))]
    return Balance(credits=next((left for left in found if left is not None), None), lines=tuple(lines))


def node_types_in(answer: Answer) -> tuple[NodeType, ...]:
    """The catalogue of nodes, from a list at the top, below ``data`` or below ``nodes``."""
    entries = _list(answer.json(), "nodes")
    found = [
        NodeType(
            type=clip(text(dig(entry, "nodeType")) or text(dig(entry, "type")) or text(dig(entry, "id"))),
            label=clip(text(dig(entry, "label")) or text(dig(entry, "name"))),
            inputs=_ports(dig(entry, "inputs")),
            required=_ports([port for port in items(dig(entry, "inputs")) if dig(port, "required") is True]),
            outputs=_ports(dig(entry, "outputs")),
        )
        for entry in entries
    ]
    return tuple(entry for entry in found if entry.type)


def inputs_in(answer: Answer) -> tuple[WorkflowInput, ...] | None:
    """``{"data": {"inputs": [{"nodeId", "label", "type", "required", "default", "description"}]}}``."""
    body = answer.json()
    told = dig(body, "data", "inputs") if isinstance(dig(body, "data"), dict) else dig(body, "inputs")
    if not isinstance(told, list):
        return None
    found = [
        WorkflowInput(
            node=clip(text(dig(entry, "nodeId"))),
            label=clip(text(dig(entry, "label"))),
            type=clip(text(dig(entry, "type"))),
            required=dig(entry, "required") is True,
            default=dig(entry, "default"),
            description=clip(text(dig(entry, "description"))),
        )
        for entry in told[:_MOST]
    ]
    return tuple(entry for entry in found if entry.node)


def _list(body: Any, name: str) -> list[Any]:
    places = (body, dig(body, "data"), dig(body, name), dig(body, "data", name))
    return next(filter(None, map(items, places)), [])[:_MOST]


def _ports(told: Any) -> tuple[str, ...]:
    names = (text(port) or text(dig(port, "id")) or text(dig(port, "name")) for port in items(told)[:100])
    return tuple(dict.fromkeys(clip(name) for name in names if name))


def _flat(told: dict[Any, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Plain values to a depth of two, by their names."""
    for name, value in told.items():
        where = clip(text(f"{above} {name}"), 80)
        if isinstance(value, dict) and not above:
            yield from _flat(value, where)
        elif said := str(value).lower() if isinstance(value, bool) else text(value):
            yield where, clip(said, 120)
