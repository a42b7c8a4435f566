"""What a job costs, in one sentence: before, after, in the sandbox, and when nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kling_nb.show.words import line, money, plural

if TYPE_CHECKING:
    from kling_nb.show.view import JobView


def cost(view: JobView) -> str:
    """The money sentence of one job, with its full stop."""
    if view.sandbox:
        free = "Shown from disk: nothing was sent." if view.from_disk else "Sandbox: nothing charged."
        return (
            free
            if view.price_usd is None or view.status == "failed"
            else f"{free} On Kling about {money(view.price_usd)}."
        )
    if view.from_disk:
        then = f" It cost {money(view.charged_usd)} then." if view.charged_usd is not None else ""
        return f"Nothing charged now: this clip was there already.{then}"
    if taken := _taken(view):
        return f"Charged {taken}{_compared(view)}."
    if view.status == "unknown":
        return f"Perhaps charged, {_about(view)}."
    if view.status in ("failed", "cancelled", "done"):
        return _after(view)
    about = _about(view)
    return f"{about[0].upper()}{about[1:]}{_note(view)}."


def short(view: JobView) -> str:
    """The money of one job for a narrow column: an amount, or a word."""
    if view.sandbox or view.from_disk:
        return "free"
    if taken := _taken(view):
        return taken
    if view.status == "failed" and view.charged is not True:
        return "not charged" if view.charged is False else "not known"
    return "no price" if view.price_usd is None else money(view.price_usd)


def total(views: Sequence[JobView]) -> str:
    """The money sentence of several jobs; whatever is not known is said, not counted as nothing."""
    if all(view.sandbox for view in views):
        made = [view.price_usd for view in views if view.status != "failed"]  # a failed clip costs nothing there either
        prices = [price for price in made if price is not None]
        real = f" On Kling about {money(sum(prices))}." if prices and len(prices) == len(made) else ""
        return f"Sandbox: nothing charged.{real}"
    real_views = [view for view in views if not view.sandbox]
    charged = sum(view.charged_usd or 0 for view in real_views if not view.from_disk)
    open_views = [view for view in real_views if _open(view)]
    expected = sum(view.price_usd or 0 for view in open_views)
    blank = sum(view.price_usd is None for view in open_views)
    said = [
        f"charged {money(charged)}" if charged or not (expected or blank) else "",
        f"about {money(expected)} {'more expected' if charged else 'in total'}" if expected else "",
        f"{plural(blank, 'price')} not known" if blank else "",
    ]
    sentence = ", ".join(part for part in said if part)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _open(view: JobView) -> bool:
    """Whether its cost still counts with what the price list says."""
    if view.from_disk or view.charged_usd is not None:
        return False
    return view.charged is not False if view.status in ("failed", "cancelled") else True


def _taken(view: JobView) -> str:
    if view.charged_usd is not None:
        return money(view.charged_usd)
    if view.charged_units is not None:
        return f"{view.charged_units:g} unit{'' if view.charged_units == 1 else 's'}"
    if view.charged_credits is not None:
        return f"{view.charged_credits:g} credit{'' if view.charged_credits == 1 else 's'}"
    return ""


def _compared(view: JobView) -> str:
    if view.price_usd is None:
        return ""
    amount = money(view.price_usd)
    return f" (expected {amount if view.charged_usd is None else amount.removeprefix('USD ')})"


def _after(view: JobView) -> str:
    if view.charged is False:
        return "Not charged."
    if view.charged is None and view.status != "done":
        return f"It is not known whether this was charged ({_about(view)})."
    return f"The gateway does not say what it charged ({_about(view)})."


def _about(view: JobView) -> str:
    return "price not known" if view.price_usd is None else f"about {money(view.price_usd)}"


def _note(view: JobView) -> str:
    return f" ({line(view.price_note, 120).rstrip('.')})" if view.price_note else ""
