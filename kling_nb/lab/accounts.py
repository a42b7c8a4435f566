"""One gateway in detail, and what an account there has left: the only tables that ask over the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_nb.errors import KlingError
from kling_nb.lab import coverage
from kling_nb.lab.sandboxed import codec as played_codec
from kling_nb.lab.sandboxed import is_sandbox
from kling_nb.request import KINDS
from kling_nb.show import Code, bundle, table, table_text

if TYPE_CHECKING:
    from kling_nb.gateways import Gateway
    from kling_nb.lab.lab import Lab
    from kling_nb.show import Cell
    from kling_nb.wire import Codec

_HEADERS = ("", "")
_MOST_LINES = 40
_SETTLED = {
    "lookup": "looked up by its key before anything is sent again",
    "idempotency-key": "sent once more under the same key, which pays nothing twice",
    "nothing": "told to you: the gateway has no way to settle it",
}


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """What an account has left; None for what the gateway does not tell. Shows itself as a table.

    Attributes:
        gateway: Name of the gateway.
        label: Its name for people.
        usd: US dollars.
        units: Units of resource packs.
        credits: The gateway's own credits.
        lines: The rest, in the gateway's words and ours.
        note: A sentence where there is nothing to tell.
    """

    gateway: str
    label: str
    usd: float | None = None
    units: float | None = None
    credits: float | None = None
    lines: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def summary(self) -> str:
        """``USD 12.50, 118 units``; empty where no amount is told."""
        told = [
            "" if self.usd is None else f"USD {self.usd:,.2f}",
            "" if self.units is None else f"{self.units:g} units",
            "" if self.credits is None else f"{self.credits:g} credits",
        ]
        return ", ".join(filter(None, told))

    def rows(self) -> list[list[Cell]]:
        """What is left, then line by line what else is known."""
        rows: list[list[Cell]] = [["left", self.summary]] if self.summary else []
        rows += [[name, said] for name, said in self.lines[:_MOST_LINES]]
        return rows

    def __repr__(self) -> str:
        return table_text(_HEADERS, self.rows(), title=self.label, note=self._note)

    def _repr_html_(self) -> str:
        return table(_HEADERS, self.rows(), title=self.label, note=self._note)

    @property
    def _note(self) -> str:
        return self.note or ("" if self.summary else f"{self.label} tells no amount.")


def balance(lab: Lab, gateway: str | None = None) -> Account:
    """Ask a gateway what the account has left. Blocks for the answer; nothing is charged for asking.

    Args:
        lab: Whose keys are used.
        gateway: Name of a gateway; None takes the chosen one.

    Raises:
        OptionError: There is no such gateway.
        SetupError: Its key is missing or its address is not allowed.
        GatewayError: It refused to tell.
    """
    place = lab.gateway(gateway)
    if is_sandbox(place.name):
        return Account(place.name, place.label, note="Nothing is charged here.")
    flow = lab.desks.codec(place).balance(lab.now())
    if flow is None:
        note = f"{place.label} does not tell what an account has left: look on its own pages."
        return Account(place.name, place.label, note=note)
    told = lab.ask(place, flow)
    return Account(place.name, place.label, told.usd, told.units, told.credits, told.lines)


def gateway_table(lab: Lab, name: str) -> dict[str, str]:
    """One gateway: address, key, what it makes, its limits, and what the account has left (asked for now).

    A refusal to tell is the sentence below the table.

    Raises:
        OptionError: There is no such gateway.
    """
    place = lab.gateway(name)
    codec = _codec(lab, place)
    rows: list[list[Cell]] = [
        ["where", _where(lab, place)],
        ["dialect", Code(place.dialect)],
        ["key", _key(lab, place)],
        ["makes", _makes(codec, place)],
        ["limits", _limits(place)],
        ["a lost answer is", _SETTLED[place.settles]],
    ]
    try:
        account = balance(lab, place.name)
        rows, note = [*rows, *account.rows()], account.note
    except KlingError as error:
        note = error.sentence
    return bundle(
        table(_HEADERS, rows, title=place.label, note=note), table_text(_HEADERS, rows, title=place.label, note=note)
    )


def _codec(lab: Lab, place: Gateway) -> Codec:
    return played_codec(place) if is_sandbox(place.name) else lab.desks.codec(place, rehearsal=True)


def _where(lab: Lab, place: Gateway) -> Any:
    if is_sandbox(place.name):
        return "in this process"
    try:
        return Code(lab.desks.base_url(place) + place.prefix)
    except KlingError:
        return f"not where {place.base_url_env} says"  # the sentence below the table has the reason


def _key(lab: Lab, place: Gateway) -> str:
    if not place.keys:
        return "none needed"
    held = lab.desks.held(place)
    missing = [name for name in place.values if name not in held]
    for names in place.keys:
        if held.issuperset(names):
            also = f", but {' and '.join(missing)} not" if missing else ""
            return f"{' and '.join(names)} set{also}{_generation(place, names)}"
    return f"not set: {place.key_names}"


def _generation(place: Gateway, names: tuple[str, ...]) -> str:
    wants = place.second_generation
    return "" if not wants or wants == names else f" (models named like kling-3.0 need {' and '.join(wants)})"


def _makes(codec: Codec, place: Gateway) -> str:
    catalogued = place.name.partition("@")[0]
    found = {kind: coverage.makes(codec, catalogued, kind) for kind in KINDS}
    return ", ".join(kind + " (perhaps)" * (made == "note") for kind, made in found.items() if made != "no")


def _limits(place: Gateway) -> str:
    told = [
        f"{place.per_minute} requests a minute" if place.per_minute else "",
        f"{place.parallel} tasks at once" if place.parallel else "",
    ]
    return ", ".join(filter(None, told)) or "none are published"
