"""Messages of a panel: numbered, answered once, and handled one after another on the lab's own loop.

Widget callbacks may arrive on a subshell's thread, out of order, and more than once when the browser asks again.
They are handed to the loop that jobs run on and touch nothing before that, so no panel needs a lock: its state is
only ever seen by one thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

import anywidget

from kling_nb.errors import KlingError, SetupError

if TYPE_CHECKING:
    from kling_nb.lab import Lab

_REMEMBERED = 256
"""Answers that are kept for a question that is asked again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON, and bytes beside it."""

    content: Mapping[str, Any] = field(default_factory=dict)
    buffers: Sequence[bytes] = ()


Verb = Callable[[Mapping[str, Any], Sequence[memoryview]], Answer | Awaitable[Answer]]
"""Answers one kind of question; a KlingError becomes its sentence."""


class Linked(anywidget.AnyWidget):
    """A widget that answers questions.

    Args:
        lab: Its loop is where everything happens.
        **traits: Of the widget.

    Raises:
        SetupError: There is no notebook kernel to live in.
    """

    def __init__(self, lab: Lab, **traits: Any) -> None:
        super().__init__(**traits)
        self.lab = lab
        self.loop = kernel_loop(lab)
        self._answers: OrderedDict[tuple[str, int], Answer | None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_msg(self._received)

    def verbs(self) -> Mapping[str, Verb]:
        """What can be asked, by name."""
        return {}

    def start(self, work: Awaitable[None]) -> None:
        """Run a coroutine beside the jobs; only from the loop."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _received(self, _: Any, content: Any, buffers: Sequence[memoryview]) -> None:
        if isinstance(content, Mapping) and content.get("verb") == "ping":
            # At once, on whatever thread, although a cell may hold the loop up: the browser tells a busy kernel
            # from one that has never heard of this panel.
            self.send({"view": content.get("view"), "number": 0})
            return
        self.loop.call_soon_threadsafe(self._heard, content, buffers)

    def _heard(self, content: Any, buffers: Sequence[memoryview]) -> None:
        try:
            key = (str(content["view"]), int(content["number"]))
            verb = self.verbs()[content["verb"]]
        except (KeyError, TypeError, ValueError):
            return  # not one of ours
        if key in self._answers:
            known = self._answers[key]
            if known is not None:
                self._reply(key, known)
            return
        self._answers[key] = None
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        self.start(self._answer(key, verb, content, buffers))

    async def _answer(self, key: tuple[str, int], verb: Verb, content: Any, buffers: Sequence[memoryview]) -> None:
        try:
            made = verb(content, buffers)
            answer = await made if isawaitable(made) else made
        except KlingError as error:
            answer = Answer({"trouble": error.sentence})
        except Exception as error:  # noqa: BLE001 - nobody sees a task's exception, and the browser waits
            answer = Answer({"trouble": f"Something in this panel went wrong ({type(error).__name__}: {error})."})
        if not answer.buffers:  # films are read again rather than remembered
            self._answers[key] = answer
        else:
            self._answers.pop(key, None)
        self._reply(key, answer)

    def _reply(self, key: tuple[str, int], answer: Answer) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # the page is gone
            self.send({**answer.content, "view": key[0], "number": key[1]}, list(answer.buffers))


def kernel_loop(lab: Lab) -> asyncio.AbstractEventLoop:
    """The loop of the kernel that runs this cell.

    Raises:
        SetupError: This is a terminal or a script.
    """
    if not lab.home.own_thread:
        with contextlib.suppress(RuntimeError):
            return asyncio.get_running_loop()
    raise SetupError("A panel needs a notebook: open one with `jupyter lab`, or use kling.submit(…) here.")
