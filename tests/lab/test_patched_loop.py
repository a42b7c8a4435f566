"""A loop is patched for nesting while another thread's loop waits for the journal: the answer still wakes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kling_nb.journal import Journal
from kling_nb.life import Event

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_wait_is_woken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nest_asyncio2 gives the name ``asyncio.Future`` to another class than that of futures made before."""
    planned = {"gateway": "sandbox", "request": {"prompt": "x"}, "fingerprint": "f", "key": "k", "notes": []}

    async def scene() -> float:
        journal = Journal(tmp_path)
        loop = asyncio.get_running_loop()
        before = loop.time()
        written = journal._scribe.take_here("job", Event("planned", 1.0, planned), None)
        monkeypatch.setattr(asyncio, "Future", type("PyFuture", (), {}))
        await asyncio.wait([written], timeout=3.0)
        monkeypatch.undo()
        assert written.result().status == "planned"
        journal.close()
        return loop.time() - before

    assert asyncio.run(scene()) < 2.5
