"""Kling's own gateway: one codec for both generations of its API, chosen by how the model is named.

``kling-v3`` is the first generation, which works with every kind of credentials; ``kling-3.0`` is the same model
on the second, which takes an API key only and is the only home of the newest models. A ticket remembers which
generation made it, so polling never has to guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.catalog import model, second_generation
from kling_nb.gateways.kling import KlingCodec
from kling_nb.gateways.kling2 import GENERATION, Kling2Codec
from kling_nb.gateways.kling_list import AT_ONCE, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kling_nb.catalog.findings import Finding
    from kling_nb.gateways.table import Gateway
    from kling_nb.request import VideoRequest
    from kling_nb.wire import Answer, Balance, Flow, Order, TaskState, Ticket


class KlingGenerationsCodec:
    """Hands each verb to the codec of the generation that the request or the ticket belongs to."""

    dialect = "kling"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._first = KlingCodec(gateway)
        self._second = Kling2Codec(gateway)

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """What the generation cannot carry."""
        return self._of(request).notes(request)

    def submit(self, order: Order) -> Flow[Ticket]:
        """Ask for the clip where its model is; see :class:`KlingCodec` and :class:`Kling2Codec`."""
        return self._of(order.request).submit(order)

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """Look at the task where it was made."""
        return (self._second if _is_second(ticket) else self._first).poll(ticket)

    def at_once(self, ticket: Ticket) -> int:
        """How many tasks are told of together where this one was made."""
        return self._second.at_once(ticket) if _is_second(ticket) else AT_ONCE

    def beside(self, ticket: Ticket) -> str:
        """The second generation tells of all its tasks alike, the first one of each route's by themselves."""
        return "" if _is_second(ticket) else ticket.route

    def poll_many(self, tickets: Sequence[Ticket]) -> Flow[dict[str, TaskState]]:
        """Look at tasks of which :meth:`beside` says the same; see :meth:`Kling2Codec.poll_many` and :func:`listed`."""
        second = all(map(_is_second, tickets))
        return self._second.poll_many(tickets) if second else listed(self._gateway, tickets)

    def find(self, order: Order) -> Flow[Ticket | None]:
        """Look for the job by its key where its model is."""
        return self._of(order.request).find(order)

    def cancel(self, ticket: Ticket) -> None:
        """Nothing: the gateway's pages offer no way to stop a task."""

    def balance(self, now: float) -> Flow[Balance]:
        """Resource packs and the balance, which belong to both generations."""
        return self._second.balance(now)

    def estimate(self, order: Order) -> None:
        """Nothing: the gateway's pages offer no price before sending."""

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated; both generations say it alike."""
        return self._first.pause(answer, now)

    def key_trouble(self, request: VideoRequest, held: Collection[str]) -> str:
        """Why a request cannot be signed with the keys that are set; empty where it can.

        Args:
            request: What is asked for.
            held: Names of the key variables that are set.
        """
        wanted = self._gateway.second_generation
        if not second_generation(request.model) or not self._gateway.keys or set(wanted) <= set(held):
            return ""
        known = model(request.model)
        legacy = known.name if known and not second_generation(known.name) else ""
        rather = f"use --model {legacy}, which any key can ask for" if legacy else "use another --model"
        return (
            f"{request.model} is on {self._gateway.label}'s second generation, which takes an API key only: set "
            f"{' and '.join(wanted)}, {rather}, or try the same cell for free with --gateway sandbox."
        )

    def _of(self, request: VideoRequest) -> KlingCodec | Kling2Codec:
        return self._second if second_generation(request.model) else self._first


def _is_second(ticket: Ticket) -> bool:
    return ticket.extra.get("generation") == GENERATION["generation"]
