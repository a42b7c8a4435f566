"""A gateway in virtual time that tells of many tasks at once, and jobs that are asked about until they are ready."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kling_nb.errors import GatewayError
from kling_nb.lab.polling import Poller, Watched
from kling_nb.lab.sharing import Sharing
from kling_nb.pace import Allowance, Latency
from kling_nb.wire import TaskState, Ticket

BELIEF = Latency(60, 0.4)


@dataclass
class Sky:
    """What the gateway does and what was asked of it.

    Attributes:
        per_minute: Requests that it allows.
        most: Tasks that one request may name.
        trouble: Raised by shared questions, in turn; None answers.
        longest_nap: Seconds; a job that should sleep for longer does not.
        hidden: Tasks that shared answers leave out.
        ready: When each task is ready.
        shared: How many tasks each shared request asked about, and when.
        single: When tasks were asked about alone.
        heard: What went wrong with shared questions, as the jobs were told.
        delays: Of each finished task, in shares of its latency.
        routes: Of the tasks that each shared request asked about.
        turns: How many turns have ended.
        asking: Set once a shared question is on its way.
    """

    per_minute: int | None = None
    most: int = 50
    trouble: list[Exception | None] = field(default_factory=list)
    longest_nap: float = math.inf
    hidden: set[str] = field(default_factory=set)
    ready: dict[str, float] = field(default_factory=dict)
    shared: list[tuple[float, int]] = field(default_factory=list)
    single: list[tuple[float, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    routes: list[set[str]] = field(default_factory=list)
    turns: int = 0
    asking: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def asked(self) -> list[float]:
        """When requests were sent, in order."""
        return sorted([at for at, _ in self.shared] + [at for at, _ in self.single])

    def now(self) -> float:
        """The loop's own time."""
        return asyncio.get_running_loop().time()

    def poller(self, *, sharing: bool = True) -> Poller:
        """A poller of this gateway."""
        shares = Sharing(self.look, lambda _: self.most, lambda ticket: ticket.route, self.now) if sharing else None
        return Poller(
            Allowance(self.per_minute, self.now()),
            shares,
            now=self.now,
            sleep=lambda seconds: asyncio.sleep(min(seconds, self.longest_nap)),
        )

    async def look(self, tickets: Sequence[Ticket]) -> Mapping[str, TaskState]:
        """Many tasks with one request, which takes a moment."""
        self.shared.append((self.now(), len(tickets)))
        self.routes.append({ticket.route for ticket in tickets})
        self.asking.set()
        await asyncio.sleep(0.1)
        if self.trouble and (error := self.trouble.pop(0)):
            raise error
        return {ticket.id: self.state(ticket.id) for ticket in tickets if ticket.id not in self.hidden}

    def state(self, task: str) -> TaskState:
        """What it would tell of a task now."""
        return TaskState("done" if self.now() >= self.ready[task] else "running")

    async def follow(self, poller: Poller, task: str, latency: float, *, route: str = "") -> None:
        """One job from its submit to the poll that finds it ready."""
        watched = Watched(BELIEF, self.now(), Ticket(task, route))
        self.ready[task] = self.now() + latency
        while True:
            try:
                state = await poller.turn(watched)
                self.turns += 1
            except GatewayError as error:
                self.heard.append(f"{task}: {error.sentence}")
                await asyncio.sleep(2)
                continue
            if state is None:
                self.single.append((self.now(), task))
                state = self.state(task)
            if state.phase == "done":
                break
        self.delays.append((self.now() - self.ready[task]) / latency)

    async def crowd(self, poller: Poller, tasks: int, each: int = 1, seed: int = 3) -> None:
        """So many jobs always open, each followed by the next."""
        rng = random.Random(seed)

        async def one_after_another(name: int, first: float) -> None:
            await asyncio.sleep(first)
            for number in range(each):
                await self.follow(poller, f"{name}-{number}", 60 * math.exp(0.4 * rng.gauss(0, 1)))

        await asyncio.gather(*(one_after_another(name, rng.uniform(0, 60)) for name in range(tasks)))
