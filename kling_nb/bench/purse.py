"""The money of one run: what it may cost, held before the first clip is sent and again before each one after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kling_nb.errors import BudgetError
from kling_nb.show.words import money, plural

if TYPE_CHECKING:
    from kling_nb.bench.cells import Cell
    from kling_nb.life import JobState


def hold(cells: Sequence[Cell], budget: float | None, threshold: float, *, yes: bool) -> None:
    """Refuse a run that may be dearer than allowed.

    Args:
        cells: What would be sent.
        budget: USD that this run may cost; what earlier runs have spent does not count.
        threshold: USD above which a run wants ``yes=True``; gateways that charge nothing never ask.
        yes: It was given.

    Raises:
        BudgetError: Nothing was sent.
    """
    unknown = [cell for cell in cells if cell.usd is None and not cell.free]
    new = priced(cells)
    if budget is not None and (blind := [cell for cell in unknown if not cell.told]):
        raise BudgetError(
            f"The price of {plural(len(blind), 'cell')} is not known ({blind[0].model} on {blind[0].gateway}), so a "
            "budget cannot be kept: leave budget out and give yes=True to send them, or exclude them."
        )
    if budget is not None and new > budget:
        raise BudgetError(
            f"This run would cost about {money(new)} for {plural(len(cells), 'cell')}, above the budget of "
            f"{money(budget)}: nothing was sent. Take fewer prompts, variants or takes, or raise the budget."
        )
    if yes:
        return
    if budget is None and unknown:
        raise BudgetError(
            f"The price of {plural(len(unknown), 'cell')} is not known ({unknown[0].model} on {unknown[0].gateway}): "
            "run(yes=True) sends them all the same."
        )
    real = priced([cell for cell in cells if not cell.free])
    if real > threshold:
        raise BudgetError(
            f"This run would cost about {money(real)} for {plural(len(cells), 'cell')}: run(yes=True) goes ahead "
            f"(the threshold is {money(threshold)}, %config KlingMagics.confirm_above)."
        )


def priced(cells: Sequence[Cell]) -> float:
    """USD of those whose price is known."""
    return sum(cell.usd for cell in cells if cell.usd is not None)


def charged(state: JobState, expected: float) -> float:
    """USD that a job has taken or may still take: what the gateway says it took, else its estimate, else the list's."""
    if state.charged is False:
        return 0.0
    figures = ((state.charge or {}).get("usd"), (state.price or {}).get("usd"))
    return float(next((usd for usd in figures if usd is not None), expected))


class Purse:
    """What one run has spent and reserved, in USD.

    Args:
        cells: What the run would send at most.
        budget: As in :func:`hold`.
    """

    def __init__(self, cells: Sequence[Cell], budget: float | None) -> None:
        self.budget = budget
        self.spent = 0.0
        self.reserved = 0.0
        self.listed = 0.0
        """What the finished ones cost by the list, which is the figure to know where nothing is charged."""
        unknown = sum(cell.usd is None and cell.told for cell in cells)
        left = max((budget or 0.0) - priced(cells), 0.0)
        self.share = left / unknown if budget is not None and unknown else 0.0
        """What each cell may cost whose price only its gateway can tell."""

    def expected(self, cell: Cell) -> float:
        """What to count for a cell before it is paid."""
        return cell.usd if cell.usd is not None else self.share if cell.told else 0.0

    def fits(self, amount: float) -> bool:
        """Whether so much more may be reserved; a hundredth of a cent is rounding."""
        return self.budget is None or self.spent + self.reserved + amount <= self.budget + 1e-4

    def settle(self, expected: float, state: JobState) -> None:
        """Turn what was reserved for a job into what it took."""
        self.reserved = max(self.reserved - expected, 0.0)
        self.spent += charged(state, expected)
        self.listed += expected if state.status == "done" else 0.0

    def over(self) -> BudgetError:
        """Why nothing more is sent."""
        return BudgetError(
            f"The clips cost more than the list says: {money(self.spent)} of the budget of {money(self.budget or 0.0)} "
            "is spent and the next one does not fit. What is made is kept; run(budget=…) goes on.",
            charged=True,
        )
