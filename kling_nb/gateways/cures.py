"""The two halves of an error's sentence that are ours: what the gateway did, and what to do now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kling_nb.errors import (
    AnswerError,
    GatewayError,
    KeyRefusedError,
    ModerationError,
    NoCreditError,
    NotFoundError,
    OutageError,
    RejectedError,
    ThrottledError,
    UnknownOutcomeError,
)
from kling_nb.gateways.digging import clip

if TYPE_CHECKING:
    from kling_nb.gateways.table import Gateway

Stage = Literal["prepare", "paid", "look"]
"""Before the paid ask (an upload), the paid ask itself, or a look at a task that exists."""

HEADS: dict[type[GatewayError], str] = {
    KeyRefusedError: "refused the key",
    NoCreditError: "has no credit left for this",
    ModerationError: "refused the request by its content rules",
    RejectedError: "refused the request",
    NotFoundError: "knows no such task, model or route",
    ThrottledError: "is being asked too often",
    OutageError: "has trouble of its own",
    AnswerError: "gave an answer that cannot be understood",
    UnknownOutcomeError: "did not say whether it took the paid request",
}
"""What stands between the gateway's label and the status."""

_CURES: dict[type[GatewayError], str] = {
    NoCreditError: "Top up the account there, or choose another --gateway.",
    ModerationError: "Change the prompt or the image.",
    RejectedError: "Change what it names; --dry-run shows exactly what is sent.",
    NotFoundError: "Check --model: %kling models lists what is known.",
    ThrottledError: "Wait a minute and run the cell again.",
    OutageError: "Try again later, or choose another --gateway.",
    AnswerError: "Try again later, or choose another --gateway.",
}
_CURES_LOOKING: dict[type[GatewayError], str] = {
    NotFoundError: "It may have expired there, or belong to another key's account.",
}
_LOOK_AGAIN = "The job itself is not touched: %kling resume looks again."
# kling.ai/document-api, "Error codes": what only Kling's own number tells.
_CURES_BY_CODE = {
    "1003": "Check this machine's clock: the signed token is not valid yet.",
    "1004": "Check this machine's clock: the signed token has expired.",
    "1100": "Something is wrong with the account itself: sign in there and look.",
    "1103": "The key has no right to this model: choose another --model, or ask for access there.",
    "1304": "Add this machine's IP address to the key's allow-list there.",
}
_SETTLED_BY = {
    "lookup": "%kling resume looks the job up by its key and pays nothing twice.",
    "idempotency-key": "%kling resume repeats it under the same key, which pays nothing twice.",
    "nothing": "It may have been charged: look at the account there before --fresh sends it again.",
}


def cure_for(gateway: Gateway, kind: type[GatewayError], code: str, stage: Stage) -> str:
    """What to do about an error, as one sentence."""
    if kind is UnknownOutcomeError:
        return _SETTLED_BY[gateway.settles]
    if code in _CURES_BY_CODE:
        return _CURES_BY_CODE[code]
    if kind is KeyRefusedError:
        return _another_key(gateway)
    if stage == "look":
        return _CURES_LOOKING.get(kind, _LOOK_AGAIN)
    if kind is NotFoundError and gateway.values:
        return f"Check {' and '.join(gateway.values)}."
    return _CURES[kind]


def check_address(variable: str, redirect: str) -> str:
    """What to do where something else than the gateway seems to answer."""
    return f"Check {variable}: it redirects to {clip(redirect)}." if redirect else f"Check {variable}."


def _another_key(gateway: Gateway) -> str:
    if not gateway.keys:
        return "Choose another gateway with --gateway."
    return f"Set {gateway.key_names} to a valid key, or try the same cell with --gateway sandbox."
