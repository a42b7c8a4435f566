"""Price first: what a cell may cost, held against its budget and the confirmation threshold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.errors import BudgetError, KlingError, NoCreditError
from kling_nb.show.words import money

if TYPE_CHECKING:
    from kling_nb.lab.plan import Plan
    from kling_nb.life import JobState
    from kling_nb.wire import Estimate

LIMIT = "limit"
"""Key in a job's price: USD that its estimate may not exceed, where no list had a price when it was asked for."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a cell has cost, has reserved and would add, in USD.

    Attributes:
        spent: For its finished clips: the gateway's figure, else the expected price.
        reserved: Expected for its jobs that are still open.
        new: Expected for what would be sent now.
        unknown: How many of the new ones have no known price.
        free: The gateway charges nothing; the figures say what Kling would.
    """

    spent: float
    reserved: float
    new: float
    unknown: int
    free: bool

    @classmethod
    def of(cls, known: Iterable[JobState], plans: Sequence[Plan]) -> Bill:
        """The bill of a cell: its earlier jobs, and the plans that are not sent yet."""
        spent = reserved = 0.0
        for state in known:
            expected = (state.price or {}).get("usd") or 0.0
            if state.status == "done":
                charged = (state.charge or {}).get("usd")
                spent += expected if charged is None else charged
            else:
                reserved += expected
        prices = [plan.price for plan in plans]
        new = sum(price.usd for price in prices if price)
        free = bool(prices) and all(price is not None and price.free for price in prices)
        return cls(spent, reserved, new, prices.count(None), free)

    def hold_against(
        self, budget: float | None, threshold: float, label: str, *, yes: bool, estimated: bool = False
    ) -> None:
        """Refuse what is dearer than allowed.

        Args:
            budget: USD that the whole cell may cost, what it has spent and reserved included.
            threshold: USD above which new clips want a ``--yes``; a gateway that charges nothing never asks.
            label: The gateway's name.
            yes: It was given.
            estimated: The gateway tells the unknown prices before the paid request; see :meth:`share`.

        Raises:
            BudgetError: Nothing was sent.
        """
        if budget is not None and self.unknown and not estimated:
            raise BudgetError(
                "The price of this request is not known, so a budget cannot be kept: leave --budget out to send it."
            )
        total = self.spent + self.reserved + self.new
        if budget is not None and self.new and total > budget:
            raise BudgetError(
                f"This cell would cost about {money(total)}{self._already()}, above the budget of {money(budget)}: "
                "nothing was sent. Ask for fewer or cheaper clips, or raise --budget."
            )
        if not self.free and not yes and self.new > threshold:
            raise BudgetError(
                f"This would cost about {money(self.new)} on {label}: add --yes to go ahead "
                f"(the threshold is {money(threshold)}, %config KlingMagics.confirm_above)."
            )

    def share(self, budget: float | None) -> float | None:
        """USD that each new job of unknown price may cost: equal parts of what the budget leaves."""
        if budget is None or not self.unknown:
            return None
        return max(budget - self.spent - self.reserved - self.new, 0.0) / self.unknown

    def _already(self) -> str:
        told = [f"{money(self.spent)} spent"] if self.spent else []
        told += [f"{money(self.reserved)} reserved"] if self.reserved else []
        return f" ({' and '.join(told)} already)" if told else ""


def priced(price: Mapping[str, Any] | None, estimate: Estimate, label: str) -> dict[str, Any]:
    """The expected price of a job once its gateway has named one: that comes before any list."""
    told = {"usd": estimate.usd, "credits": estimate.credits}
    amount = "" if estimate.credits is None else f": {estimate.credits:g} credit{'' if estimate.credits == 1 else 's'}"
    known = {name: value for name, value in told.items() if value is not None}
    listed = "" if estimate.usd is not None or not (price or {}).get("usd") else f"; {(price or {}).get('note', '')}"
    return {**(price or {}), **known, "note": f"{label}'s estimate{amount}{listed.rstrip('; ')}"}


def complaint(price: Mapping[str, Any] | None, estimate: Estimate | None, label: str) -> KlingError | None:
    """Why a job must not be sent after its gateway was asked for the price; None if it may.

    A budget that was given for a job without a list price holds against the estimate; without an
    estimate it cannot be kept.
    """
    limit = (price or {}).get(LIMIT)
    usd = estimate.usd if estimate else None
    if estimate and estimate.sufficient is False:
        amount = "" if estimate.credits is None else f" of about {estimate.credits:g}"
        told = "".join(f" {note}" for note in estimate.notes)
        return NoCreditError(
            f"{label} says that the credits left there are not enough for this{amount}: nothing was sent.{told} "
            "Top up the account there, or choose another --gateway."
        )
    if limit is None or (usd is not None and usd <= limit):
        return None
    if usd is None:
        return BudgetError(
            f"{label} did not say what this costs in USD, so the budget cannot be kept: nothing was sent. "
            "Leave --budget out to send it."
        )
    return BudgetError(
        f"{label} estimates {money(usd)}, above what the budget leaves for this job ({money(limit)}): nothing was "
        "sent. Raise --budget, or ask for less."
    )
