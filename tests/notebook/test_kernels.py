"""Cells that are queued behind a waiting cell all run, in order, on every kernel that people have."""

from __future__ import annotations

import contextlib
import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from .kernels import Cell, Kernel, environment
from .overlays import overlay

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST = importlib.metadata.version("ipykernel")
# 6.29: the last that runs each cell in a context of its own; 7.1: the first where all share one,
# which is what starves queued cells behind a nested loop (ipykernel#1462).
VERSIONS = ("6.29.5", "7.1.0", NEWEST)
CLIPS = ("heron", "otter", "lynx", "raven")


@dataclass
class Queue:
    """What was sent to one kernel in one go."""

    kernel: Kernel
    clips: list[Cell]
    unpatched: Cell
    late: Cell
    blocking: Cell
    behind: Cell

    @property
    def all(self) -> list[Cell]:
        """In the order of sending."""
        return [*self.clips, self.unpatched, self.late, self.blocking, self.behind]


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[dict[str, Queue]]:
    """All kernels at once, because most of the time they wait; without those that cannot be had."""
    cache = request.config.cache
    assert cache is not None
    found: dict[str, Queue] = {}
    with contextlib.ExitStack() as stack:
        kernels: dict[str, Kernel] = {}
        for version in VERSIONS:
            folder = tmp_path_factory.mktemp("queue")
            above: dict[str, str] = {}
            if version != NEWEST:
                with contextlib.suppress(pytest.skip.Exception, pytest.fail.Exception):
                    above["PYTHONPATH"] = str(overlay(cache.mkdir("kernels"), f"ipykernel=={version}"))
                if not above:
                    continue
            kernels[version] = stack.enter_context(Kernel(folder, environment(folder / "home", **above)))
        for version, kernel in kernels.items():
            found[version] = _queue(kernel.ready())
        yield found


def _queue(kernel: Kernel) -> Queue:
    kernel.send("%load_ext kling_nb")
    return Queue(
        kernel,
        [kernel.send(f"%%kling {name} --wait\nA {name} at dawn") for name in CLIPS],
        unpatched=kernel.send("import sys; 'nest_asyncio2' in sys.modules"),
        late=kernel.send("%%kling late --no-wait\nA late owl"),
        blocking=kernel.send("late.wait().path.name"),
        behind=kernel.send("late.status, 'nest_asyncio2' in sys.modules"),
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_queued_cells(version: str, queues: dict[str, Queue], request: pytest.FixtureRequest) -> None:
    """Four awaited waits, a blocking one and what stands behind it: each ends in turn, with its own clip."""
    if version not in queues:
        cache = request.config.cache
        assert cache is not None
        overlay(cache.mkdir("kernels"), f"ipykernel=={version}")  # says why not, in the way that fits this machine
    queue = queues[version]
    queue.kernel.until(queue.behind, lambda: queue.behind.ended)
    assert [cell.error for cell in queue.all] == [None] * len(queue.all)
    assert queue.kernel.ended[-len(queue.all) :] == queue.all
    for name, cell in zip(CLIPS, queue.clips, strict=True):
        assert "kling-nb-result" in cell.shown["text/html"], "the waiting cell itself publishes the result"
        assert f"A {name} at dawn" in cell.shown["text/html"]
        assert len(cell.displays) == 1
    assert queue.unpatched.result == "False", "awaiting must not patch asyncio"
    assert "late-owl" in queue.blocking.result
    assert queue.behind.result == "('done', True)"
    assert queue.kernel.version == version
