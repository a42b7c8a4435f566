"""What an account at Kling has left: resource packs, and what the last deduction left of the balance.

Source: kling.ai/document-api/api/assets/account-usage (``GET /account/costs``, any key, at most one a second,
up to 12 hours late) and .../billing-deduction/balance (``POST /account/billing/balance``, API key: a list of
deductions, each with the balance after it; no page tells the balance itself). Both want a span of time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kling_nb.gateways.digging import clip, dig, items, number, text
from kling_nb.gateways.refusals import is_fine, refusal
from kling_nb.wire import Ask, Balance, Flow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.gateways.table import Gateway

_DAY = 86_400.0
_PACKS_SINCE = 400 * _DAY  # the span is that of the purchase; packs are sold for a year at most
_DEDUCTIONS_SINCE = 30 * _DAY
_MOST_DEDUCTIONS = 500  # the page's limit for one answer
_MOST_LINES = 20
_LATEST = 253_402_300_799_000  # 9999-12-31 in milliseconds, the last date that Python knows
_USABLE = {"online": "", "tobeonline": " (not valid yet)"}


def account(gateway: Gateway, now: float) -> Flow[Balance]:
    """Ask for both; ``now`` is Unix time in seconds.

    Returns:
        ``units``: what all valid packs have left. ``usd``: the balance after the last deduction of the last 30 days,
        if it is in dollars. A line for each pack, and one for the balance. Where only the packs can be asked for
        (access and secret key), the balance is left out.

    Raises:
        GatewayError: It refused to tell of the packs.
    """
    since = {"start_time": str(_ms(now - _PACKS_SINCE)), "end_time": str(_ms(now))}
    answer = yield Ask("GET", f"{gateway.prefix}/account/costs", params=since)
    told = dig(answer.json(), "data")
    # A second code and message stand inside the data.
    if not is_fine(answer) or not isinstance(told, dict) or text(dig(told, "code")) not in {"", "0"}:
        raise refusal(gateway, answer, "look")
    packs = items(dig(told, "resource_pack_subscribe_infos"))
    span: dict[str, Any] = {"start_time": _ms(now - _DEDUCTIONS_SINCE), "end_time": _ms(now), "limit": _MOST_DEDUCTIONS}
    answer = yield Ask("POST", f"{gateway.prefix}/account/billing/balance", body=span)
    deductions = items(dig(answer.json(), "data", "result", "detail")) if is_fine(answer) else []
    usd, balance_lines = _balance(deductions)
    units, pack_lines = _packs(packs)
    return Balance(usd=usd, units=units, lines=(*balance_lines, *pack_lines))


def _packs(packs: Sequence[Any]) -> tuple[float | None, list[tuple[str, str]]]:
    usable = [pack for pack in packs if _word(pack) in _USABLE]
    left = [found for pack in usable if _word(pack) == "online" and (found := _left(pack)) is not None]
    lines = [_line(pack) for pack in usable[:_MOST_LINES]]
    if used_up := len(packs) - len(usable):
        lines.append(("packs expired or used up", str(used_up)))
    return (sum(left) if left else None), lines


def _line(pack: Any) -> tuple[str, str]:
    left, total = _left(pack), number(dig(pack, "total_quantity"))
    share = f"{left:g} of {total:g} left" if left is not None and total is not None else "not told"
    until = _date(dig(pack, "invalid_time"))
    name = clip(text(dig(pack, "resource_pack_name")), 80) or "resource pack"
    return name, f"{share}{f', until {until}' if until else ''}{_USABLE[_word(pack)]}"


def _balance(deductions: Sequence[Any]) -> tuple[float | None, list[tuple[str, str]]]:
    real = [entry for entry in deductions if text(dig(entry, "cash_type")) in {"balance", ""}]
    newest = max(real, key=lambda entry: number(dig(entry, "deduction_time")) or 0.0, default=None)
    left = number(dig(newest, "balance_after_deduction"))
    if left is None:
        return None, []
    currency = clip(text(dig(newest, "currency")).upper(), 8)
    when = _date(dig(newest, "deduction_time"))
    after = f" after the deduction of {when}" if when else ""
    return (left if currency == "USD" else None), [("balance", f"{currency} {left:,.2f}{after}".strip())]


def _word(pack: Any) -> str:
    return text(dig(pack, "status")).casefold()


def _left(pack: Any) -> float | None:
    return number(dig(pack, "remaining_quantity"))


def _date(moment: Any) -> str:
    """A time in milliseconds as ``2026-11-20`` (UTC); empty where it is none."""
    found = number(moment)
    if found is None or not 0 < found <= _LATEST:
        return ""
    return datetime.fromtimestamp(found / 1000, UTC).date().isoformat()


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
