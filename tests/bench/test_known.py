"""Looking many requests up at once: the same job that asking for one of them would mean, else why it failed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from kling_nb import journal as room
from kling_nb.journal import Journal
from kling_nb.life import Event, EventKind

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STORIES: tuple[tuple[EventKind, ...], ...] = (
    ("planned",),
    ("planned", "stopped"),
    ("planned", "sending"),
    ("planned", "sending", "lost"),
    ("planned", "sending", "ticket", "stopped"),
    ("planned", "sending", "ticket", "failed"),
    ("planned", "sending", "ticket", "ready", "done"),
)


def test_as_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests with up to three jobs each, in any order, more of them than one query takes."""
    monkeypatch.setattr(room, "_MARKS", 7)
    dice, journal = random.Random(8), Journal(tmp_path)
    marks = [f"{n:064}" for n in range(40)]
    for at in range(80):
        first: dict[str, object] = {"gateway": "kling", "request": {}, "fingerprint": dice.choice(marks), "key": "k"}
        written = [
            journal.record(f"job-{at}", Event(kind, at + step / 10, first if kind == "planned" else {}))
            for step, kind in enumerate(dice.choice(STORIES))
        ]
        written[-1].result(10)
    found = journal.known(marks)
    for mark in marks:
        current, known = journal.currents([mark]).get(mark), found.get(mark)
        if current:
            assert known == current
        elif known:
            assert known.status in {"failed", "cancelled"}
    asked = {state.fingerprint for state in journal.recent(100)}
    assert set(found) == asked
    assert {state.status for state in found.values()} >= {"planned", "failed", "done", "unknown"}
    journal.close()
