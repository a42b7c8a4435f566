"""A lab on the sandbox, with films the size of a stamp, and panels that answer as they would a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kling_nb.lab import Lab
from kling_nb.lab.compose import Form
from kling_nb.panels.composer import Composer

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.panels.link import Linked

KEY = "sk-kernel-0123456789-secret"


@dataclass
class Browser:
    """One view of a widget: asks, and collects what it is told."""

    widget: Linked
    view: str = "v1"
    number: int = 0
    answers: list[tuple[Mapping[str, Any], Sequence[bytes]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.widget.send = lambda content, buffers=(): self.answers.append((content, buffers))  # type: ignore[method-assign]

    async def ask(self, verb: str, /, *buffers: bytes, again: int = 1, **content: Any) -> Mapping[str, Any]:
        """Ask ``again`` times the same, and wait for the answer to it."""
        self.number += 1
        message = {**content, "verb": verb, "view": self.view, "number": self.number}
        for _ in range(again):
            self.widget._received(self.widget, message, [memoryview(one) for one in buffers])
        return (await self.answer(self.number))[0]

    async def answer(self, number: int) -> tuple[Mapping[str, Any], Sequence[bytes]]:
        """The first answer to a question."""
        while True:
            for content, buffers in self.answers:
                if content["number"] == number and content["view"] == self.view:
                    return content, buffers
            await asyncio.sleep(0.001)

    async def settled(self, seconds: float = 20) -> None:
        """Until every job of the panel has ended."""
        assert isinstance(self.widget, Composer)
        async with asyncio.timeout(seconds):
            for job in self.widget.jobs:
                await asyncio.wrap_future(job.ended)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab in an empty folder that asks soon whether a clip is ready, with a key of a gateway that is never asked."""
    monkeypatch.chdir(tmp_path)
    env = {"KLING_NB_SANDBOX": "latency=0.01 resolution=tiny", "IMAROUTER_API_KEY": KEY}
    lab = Lab(env=env, sleep=lambda seconds: asyncio.sleep(min(seconds, 0.02)))
    yield lab
    for journal in lab._desks._journals.values():
        journal.close()


@pytest.fixture
def play(lab: Lab) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], None]:
    """Runs a scene: a coroutine that is given the lab, then everything that it left running is ended."""

    def run(scene: Callable[..., Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            try:
                await scene(lab)
            finally:
                for desk in lab._desks._desks.values():
                    await desk.engine.close()
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()

        asyncio.run(whole())

    return run


def composer(lab: Lab, **form: Any) -> tuple[Composer, Browser]:
    """A composer and its browser."""
    widget = Composer(lab, Form.from_json({"prompts": ["A fox"], **form}), budget=form.get("budget"))
    return widget, Browser(widget)


def png(path: Path, size: tuple[int, int] = (640, 360)) -> bytes:
    """A picture on disk, and its bytes."""
    Image.new("RGB", size, "teal").save(path)
    return path.read_bytes()
