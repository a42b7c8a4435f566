"""The gateway's tasks: one table for all dialects, each task with a script of its states."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Script:
    """How a task goes.

    Attributes:
        states: What the first, second, ... poll sees; the last one stays. ``queued``, ``running``, ``done`` and
            ``failed`` are said in the dialect's own words, anything else is said as it stands here.
        reason: Why it failed.
        url: Where the result is, instead of the gateway's own clip.
        fields: Laid over the poll's task object, to try further shapes.
    """

    states: tuple[str, ...] = ("queued", "running", "done")
    reason: str = "The generation failed."
    url: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Task:
    """One accepted, and therefore charged, task.

    Attributes:
        number: 1 for the first task of this gateway.
        dialect: Who accepted it.
        route: The path that it was made on, below the dialect's prefix.
        key: The client's own id (external id or idempotency key), or empty.
        body: What was asked.
        polls: How often its state was told.
    """

    id: str
    number: int
    dialect: str
    route: str
    key: str
    body: Any
    script: Script
    polls: int = 0

    @property
    def state(self) -> str:
        """The state that the last poll saw; the first one before any."""
        return self.script.states[min(max(self.polls, 1), len(self.script.states)) - 1]

    @property
    def open(self) -> bool:
        """Whether it has not come to its end."""
        return self.state not in ("done", "failed")

    def step(self) -> str:
        """One poll: the state it sees."""
        self.polls += 1
        return self.state


@dataclass(slots=True)
class Table:
    """All tasks, and the scripts of those to come."""

    default: Script = field(default_factory=Script)
    all: list[Task] = field(default_factory=list)
    coming: list[Script] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, task_id: str, number: int, dialect: str, route: str, key: str, body: Any) -> Task:
        """Accept a task; it takes the next script."""
        script = self.coming.pop(0) if self.coming else self.default
        task = Task(task_id, number, dialect, route, key, body, script)
        self.all.append(task)
        return task

    def find(self, dialect: str, key: str, route: str | None = None) -> Task | None:
        """The dialect's task of that id or client's key, on that route if one is given."""
        for task in self.all:
            if task.dialect == dialect and key and key in (task.id, task.key) and route in (None, task.route):
                return task
        return None
