"""An engine on the loopback gateway, with a virtual clock and no luck in its jitter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import pytest

from kling_nb.credentials import Credentials, Secret
from kling_nb.engine import Engine, Place
from kling_nb.wire import Ask

if TYPE_CHECKING:
    from kling_nb.wire import Answer, Flow
    from tests.engine.clock import Clock
    from tests.loopback import Loopback

T = TypeVar("T")

IMAGE = b"\xff\xd8 a stored image"


def pause(answer: Answer, now: float) -> float | None:
    """A codec's word in its simplest form: 429 with Retry-After means wait, 429 without means pay."""
    del now
    told = answer.headers.get("retry-after") if answer.status == 429 else None
    return float(told) if told else None


def asking(ask: Ask) -> Flow[Answer]:
    """A flow of one ask."""
    return (yield ask)


@dataclass
class Bench:
    """One engine and what became of its paid asks.

    Attributes:
        journal: True for each paid send that was announced, False for each proof that it was not accepted.
    """

    gw: Loopback
    clock: Clock
    base_url: str
    credentials: Credentials
    jitter: float = 0.5
    journal: list[bool] = field(default_factory=list)

    def run(self, work: Callable[[Engine], Awaitable[T]], *, label: str = "Test") -> T:
        """Do some work with a fresh engine on a loop of its own."""

        async def all_of_it() -> T:
            engine = Engine(
                Place(label, self.base_url),
                self.credentials,
                pause,
                lambda _: IMAGE,
                sleep=self.clock.sleep,
                now=self.clock.now,
                jitter=lambda: self.jitter,
            )
            try:
                return await work(engine)
            finally:
                await engine.close()

        return asyncio.run(all_of_it())

    def ask(self, ask: Ask) -> Answer:
        """The answer to one ask."""
        return self.run(lambda engine: engine.run(asking(ask), sending=self._sending))

    async def _sending(self, ask: Ask | str) -> None:
        self.journal.append(isinstance(ask, Ask))


@pytest.fixture
def bench(gw: Loopback, clock: Clock) -> Bench:
    """An engine with the API key, on the loopback gateway."""
    return Bench(gw, clock, gw.url, Credentials("bearer", {"KEY": Secret(gw.key)}))
