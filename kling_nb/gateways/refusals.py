"""From any answer that is not what was hoped for to one typed error with one sentence.

Who refused, with which status and code, in their own words, and what to do now. Codes are
trusted first, then the error's type word, then the HTTP status with the words beside it,
because 429 alone means "wait" from one gateway and "pay" from another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

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
from kling_nb.gateways.cures import HEADS, check_address, cure_for
from kling_nb.gateways.digging import clip, dig, identifier, items, message, text
from kling_nb.gateways.words import speaks_of_content_rules, speaks_of_money

if TYPE_CHECKING:
    from kling_nb.gateways.cures import Stage
    from kling_nb.gateways.table import Gateway
    from kling_nb.wire import Answer

_NEXT_HUNDRED = HTTPStatus.MULTIPLE_CHOICES  # 300: what is below is a success
_REFUSED = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)  # 4xx: proof of a refusal
_FINE = frozenset({"", "0", "success", "succeed", "ok"})

_BY_CODE: dict[str, type[GatewayError]] = {
    # kling.ai/document-api, "Error codes"; AgentsFlare passes them on
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1100", "1103", "1304"), KeyRefusedError),
    **dict.fromkeys(("1101", "1102"), NoCreditError),
    **dict.fromkeys(("1200", "1201", "1300"), RejectedError),
    "1301": ModerationError,
    **dict.fromkeys(("1202", "1203"), NotFoundError),
    **dict.fromkeys(("1302", "1303"), ThrottledError),
    **dict.fromkeys(("5000", "5001", "5002"), OutageError),
    # QuantumNous/new-api and OpenAI-style middleware; wireflowINC/wireflow-skill references/api.md
    **dict.fromkeys(("invalid_api_key", "invalid_token", "authentication_error"), KeyRefusedError),
    **dict.fromkeys(
        (
            "insufficient_quota",
            "insufficient_user_quota",
            "pre_consume_token_quota_failed",
            "insufficient_credits_error",
            "billing_hard_limit_reached",
        ),
        NoCreditError,
    ),
    **dict.fromkeys(("rate_limit_exceeded", "rate_limit_error", "too_many_requests"), ThrottledError),
    **dict.fromkeys(("task_not_exist", "model_not_found"), NotFoundError),
    **dict.fromkeys(("content_policy_violation", "sensitive_words_detected"), ModerationError),
}

_BY_STATUS: dict[int, type[GatewayError]] = {
    HTTPStatus.UNAUTHORIZED: KeyRefusedError,
    HTTPStatus.PAYMENT_REQUIRED: NoCreditError,
    HTTPStatus.FORBIDDEN: KeyRefusedError,
    HTTPStatus.REQUEST_TIMEOUT: OutageError,
    HTTPStatus.TOO_EARLY: ThrottledError,
    HTTPStatus.TOO_MANY_REQUESTS: ThrottledError,
}
_CLEAR_WITHOUT_JSON = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an answer complains of: code and type word in lower case, and the words, clipped."""

    code: str
    type: str
    words: str
    page: bool


def complaint(answer: Answer) -> Complaint:
    """Read any of the error shapes.

    ``{"code", "message"}`` (Kling, new-api), ``{"error": "…"}`` and ``{"error": {"message", "type",
    "code"}}`` (Wireflow, OpenAI style), ``{"statusCode", "message", "error"}`` (AgentsFlare, where the
    message may be a list), a web page, or anything else.
    """
    body = answer.json()
    error = dig(body, "error")
    code = text(dig(error, "code")) or text(dig(body, "code"))
    told = [dig(error, "message"), dig(body, "message"), error, dig(body, "msg"), dig(body, "detail")]
    words = next(filter(None, map(message, told)), "")
    # Wireflow's 422 says what to repair in a list beside the message.
    repairs = [message(violation) for violation in items(dig(body, "violations"))[:3]]
    words = clip("; ".join(filter(None, [words, *repairs])))
    page = body is None and _is_page(answer)
    return Complaint(
        code=code.casefold(),
        type=text(dig(error, "type")).casefold(),
        words=words if words.casefold() not in _FINE else _raw(answer, page=page),
        page=page,
    )


def is_their_trouble(answer: Answer) -> bool:
    """Whether the status is 5xx, after which nobody knows what was done."""
    return answer.status >= _REFUSED.stop


def is_fine(answer: Answer) -> bool:
    """Whether an answer is a 2xx whose envelope, if it has a ``code``, reports no error.

    AgentsFlare writes "success" where Kling writes "SUCCEED": the code decides, never the message.
    """
    return answer.ok and text(dig(answer.json(), "code")).casefold() in _FINE


def names_task(answer: Answer) -> bool:
    """Whether an answer hands out a task, in which case no error beside it proves that nothing was taken."""
    body = answer.json()
    places = (dig(body, "data", "task_id"), dig(body, "data", "id"), dig(body, "task_id"))
    return any(map(identifier, places))


def classify(answer: Answer) -> type[GatewayError]:
    """The type of error that an answer amounts to; an unreadable 2xx is an :class:`AnswerError`."""
    return _classify(answer.status, complaint(answer))


def refusal(gateway: Gateway, answer: Answer, stage: Stage) -> GatewayError:
    """The error to raise for an answer that is not what was hoped for.

    On the paid ask, a 5xx becomes :class:`UnknownOutcomeError`, and so does a 2xx that nobody can read
    or that names a task beside its error: the money may be spent. A 4xx never does.
    """
    said = complaint(answer)
    kind = _classify(answer.status, said)
    unclear = kind in {OutageError, AnswerError} or names_task(answer)
    if stage == "paid" and (is_their_trouble(answer) or (unclear and answer.status < _NEXT_HUNDRED)):
        kind = UnknownOutcomeError
    code = "" if said.code in {*_FINE, str(answer.status)} else f", code {clip(said.code, 60)}"
    words = f": {said.words}" if said.words else ""
    head = f"{gateway.label} {HEADS[kind]} ({answer.status}{code}){words}"
    # An answer that is no API's at all points at the address rather than at the gateway.
    astray = kind in {OutageError, AnswerError} and not isinstance(answer.json(), dict)
    if astray and not is_their_trouble(answer) and gateway.base_url_env:
        cure = check_address(gateway.base_url_env, text(answer.headers.get("location")))
    else:
        cure = cure_for(gateway, kind, said.code, stage)
    sentence = f"{closed(head)} {cure}"
    if kind is UnknownOutcomeError:
        return UnknownOutcomeError(sentence)
    return kind(sentence, charged=None if stage == "look" else False)


def closed(sentence: str) -> str:
    """The sentence with exactly one full stop, unless it ends in a mark of its own."""
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _classify(status: int, said: Complaint) -> type[GatewayError]:
    if found := _BY_CODE.get(said.code) or _BY_CODE.get(said.type):
        return found
    if said.page and status not in _CLEAR_WITHOUT_JSON:
        return OutageError
    if status not in _REFUSED:
        return AnswerError if status < _REFUSED.start else OutageError
    # AgentsFlare's FAQ: a wrong key is a 404, an empty balance a 429.
    if status == HTTPStatus.NOT_FOUND:
        return KeyRefusedError if "key not found" in said.words.casefold() else NotFoundError
    if status != HTTPStatus.UNAUTHORIZED and speaks_of_money(said.words):
        return NoCreditError
    refused = ModerationError if speaks_of_content_rules(said.words) else RejectedError
    return _BY_STATUS.get(status, refused)


def _is_page(answer: Answer) -> bool:
    return "html" in answer.headers.get("content-type", "").lower() or answer.body.lstrip()[:1] == b"<"


def _raw(answer: Answer, *, page: bool) -> str:
    if not answer.body.strip():
        return "the answer is empty"
    raw = answer.body[:4000].decode("utf-8", "replace")
    if not page:
        return clip(text(raw))
    title = re.search(r"<title[^>]*>([^<]{1,200})", raw, re.IGNORECASE)
    return f"a web page instead of JSON, “{clip(text(title[1]), 100)}”" if title else "a web page instead of JSON"
