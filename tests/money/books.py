"""What the journal and the gateway's memory say about a folder of clips, and patience for both."""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from kling_nb.journal import Journal
from kling_nb.media import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kling_nb.life import JobState
    from tests.loopback import Loopback


def states(folder: Path) -> list[JobState]:
    """The jobs in the journal."""
    return Journal(folder).recent(1000)


def billed(gw: Loopback) -> Counter[str]:
    """How often each clip was paid for, by the ``task-7`` in its prompt."""
    return Counter(re.findall(r"task-\d+", json.dumps(task.body))[0] for task in gw.charged)


def servants(gw: Loopback) -> dict[str, Counter[str]]:
    """How many requests each task got from each kernel: polls and downloads, by user agent."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    names = {task.id for task in gw.charged}
    for seen in list(gw.requests):
        name = seen.path.rpartition("/")[2].removesuffix(".mp4")
        if seen.method == "GET" and name in names:
            found[name][seen.headers["user-agent"]] += 1
    return found


def assert_clips(folder: Path) -> None:
    """Every finished job has its whole clip under its final name, and nothing half is left."""
    finished = [state for state in states(folder) if state.status == "done"]
    for state in finished:
        assert state.video
        assert probe(folder / state.video["path"]).width == 64
    assert len(list(folder.glob("*.mp4"))) == len(finished)
    assert not list(folder.glob("*.part*"))


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that a kernel does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "the kernel did nothing"
        time.sleep(0.002)
