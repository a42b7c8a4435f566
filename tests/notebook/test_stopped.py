"""The stop button while Python waits: one sentence, and the job goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import kling_nb as kling
from kling_nb.lab import Lab

if TYPE_CHECKING:
    from pathlib import Path

    from .kernels import Kernel

CALM = ["Stopped waiting; the jobs go on. %kling wait waits again."]


@pytest.mark.parametrize("code", ["await crow", "crow.wait()", "clip = await crow\nprint('not here')"])
def test_interrupted(kernel: Kernel, code: str) -> None:
    """Awaited or blocking, no traceback; the kernel answers, and waiting can be taken up again."""
    assert kernel.run("%env KLING_NB_SANDBOX=latency=2 resolution=tiny").ok
    assert kernel.run(f"%%kling crow --no-wait\nA crow over wheat, {len(code)}").ok
    cell = kernel.send(f"print('waiting')\n{code}")
    kernel.until(cell, lambda: "waiting" in cell.text)
    kernel.interrupt()
    kernel.until(cell, lambda: cell.ended)
    assert cell.error is not None
    assert cell.error[2] == CALM
    assert "not here" not in cell.text
    assert kernel.run("crow.done()").result == "False"
    assert "crow" in kernel.run("(await crow).path.name").result


def test_a_timeout_of_asyncio_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cancels the wait gets a cancellation: ``asyncio.timeout`` its TimeoutError, a task its end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KLING_NB_SANDBOX", "latency=3600 resolution=tiny")

    async def scene() -> None:
        job = Lab().submit("A crow")
        assert isinstance(job, kling.Job)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await job
        waiting = asyncio.ensure_future(_until(job))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert not job.done()
        job.cancel()

    asyncio.run(scene())


async def _until(job: kling.Job) -> None:
    await job
