"""Pictures of an awaited cell are opened and kept on the worker thread, while the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kling_nb.errors import InputError, OptionError, RequestError, StoppedWaiting
from kling_nb.frames import Opened, open_frame
from kling_nb.lab import Lab
from kling_nb.lab.plan import opens_pictures
from kling_nb.lab.store import Store
from kling_nb.magic import StoppedReading

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Notebook

URL = "https://img.example/fox.png"


class Gate:
    """Opens pictures once it is told to, and remembers on which threads."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self.threads: list[str] = []
        patch.setattr("kling_nb.lab.plan.open_frame", self.opened)
        keep = Store.keep_input

        def kept(store: Store, sha256: str, data: bytes, media_type: str | None) -> None:
            self.threads.append(threading.current_thread().name)
            keep(store, sha256, data, media_type)

        patch.setattr(Store, "keep_input", kept)

    def opened(self, value: object, option: str) -> Opened:
        """Wait, then open."""
        self.threads.append(threading.current_thread().name)
        self.reached.set()
        assert self.open.wait(10)
        return open_frame(value, option)

    async def until_reached(self) -> None:
        """Until a picture is being opened; the loop that runs this is awake."""
        while not self.reached.is_set():  # noqa: ASYNC110 - it is set on another thread
            await asyncio.sleep(0.001)


@pytest.fixture
def picture(nb: Notebook) -> Path:
    """A first frame in the notebook's folder."""
    path = nb.folder.parent / "fox.png"
    Image.new("RGB", (640, 360), "teal").save(path)
    return path


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Holds up whoever opens a picture."""
    return Gate(monkeypatch)


def test_the_loop_is_awake_while_pictures_are_opened(nb: Notebook, picture: Path, gate: Gate) -> None:
    """Opening and keeping them happens on the worker; the job is the same as from the call that blocks."""
    asked = [{"prompt": "a fox", "image": str(picture), "model": "kling-v2-6"}]

    async def cell() -> Any:
        ordering = asyncio.create_task(nb.lab.ordered(asked, gateway="kling"))
        await gate.until_reached()
        gate.open.set()
        return await ordering

    (job,) = asyncio.run(cell())
    assert {name.rpartition("_")[0] for name in gate.threads} == {"kling_nb-worker"}
    assert len(gate.threads) == 2
    assert len(list((nb.folder / "inputs").iterdir())) == 1
    again = nb.lab.order(asked, gateway="kling")
    assert [found.id for found in again] == [job.id]
    job.wait(30)
    assert len(nb.gw.charged) == 1


def test_a_dry_run_opens_them_there_too(nb: Notebook, picture: Path, gate: Gate) -> None:
    """The same page as from the call that blocks."""
    gate.open.set()
    asked = [{"prompt": "a fox", "image": str(picture), "model": "kling-v2-6"}]
    shown = asyncio.run(nb.lab.rehearsed(asked, "kling"))
    assert {name.rpartition("_")[0] for name in gate.threads} == {"kling_nb-worker"}
    assert shown == nb.lab.rehearse(asked, "kling")


def test_words_do_not_wait_for_the_worker(nb: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell without local pictures never queues behind what the worker is doing."""

    async def forbidden(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("kling_nb.lab.lab.off_loop", forbidden)
    jobs = asyncio.run(nb.lab.ordered([{"prompt": "a fox", "image": URL, "model": "kling-v2-6"}], gateway="kling"))
    jobs[0].wait(30)
    assert jobs[0].status == "done"


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"image": "gone.png"}, InputError),
        ({"imaeg": "fox.png"}, OptionError),
        ({"image": "fox.png", "duration": 7}, RequestError),
    ],
)
def test_refusals_are_the_same(nb: Notebook, picture: Path, wish: dict[str, Any], error: type[Exception]) -> None:
    """One sentence, nothing is sent, and no picture is kept."""
    asked = [{"prompt": "a fox", "model": "kling-v2-6"} | wish]
    with pytest.raises(error) as blocking:
        nb.lab.order(asked, gateway="kling")
    with pytest.raises(error) as awaited:
        asyncio.run(nb.lab.ordered(asked, gateway="kling"))
    assert str(awaited.value) == str(blocking.value)
    assert picture.exists()
    assert not nb.gw.requests
    assert not (nb.folder / "inputs").exists()


def test_stopped_while_it_reads(nb: Notebook, picture: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stop button in that moment asks for nothing, and says so."""
    monkeypatch.setattr(Lab, "_begin", None)
    magics = nb.shell.magics_manager.registry["KlingMagics"]

    async def typed() -> None:
        with pytest.raises(StoppedReading, match="nothing was asked for") as stopped:
            await magics.awaited(f"fox -g kling -m kling-v2-6 --image {picture}", "a fox")
        assert isinstance(stopped.value, StoppedWaiting)

    async def cell() -> None:
        running = asyncio.create_task(typed())
        await gate.until_reached()
        running.cancel()
        await running
        gate.open.set()

    asyncio.run(cell())
    assert len(nb.lab.jobs()) == 0
    assert not nb.gw.requests


@pytest.mark.parametrize(
    ("wish", "heavy"),
    [
        ({}, False),
        ({"image": URL, "images": f"{URL}, {URL}", "tail": None}, False),
        ({"image": "fox.png"}, True),
        ({"images": f"{URL},fox.png"}, True),
        ({"images": [URL, b"..."]}, True),
        ({"masks": '[{"mask": "tail.png"}]'}, True),
        ({"video": "https://img.example/fox.mp4"}, False),
        ({"workflow": "wf", "inputs": {"a": 1}}, True),
    ],
)
def test_which_requests_open_pictures(wish: dict[str, Any], heavy: bool) -> None:  # noqa: FBT001 - a table's column
    """Addresses are passed on unread; everything else is opened."""
    assert opens_pictures({"prompt": "a fox"} | wish) is heavy
