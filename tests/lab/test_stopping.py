"""fal.ai and Replicate from a cell to a clip, and tasks that their gateway is told to stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.errors import ModerationError, PatienceError
from kling_nb.lab import Job, Lab
from tests.loopback import Fault, Script

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

CELL = {"fal": "-g fal -m kling-v2-5-turbo", "replicate": "-g replicate -m kling-v2-5-turbo"}


@pytest.fixture(autouse=True)
def _keys(nb: Notebook) -> None:
    nb.env |= {"FAL_KEY": nb.gw.key, "FAL_BASE_URL": nb.gw.url}
    nb.env |= {"REPLICATE_API_TOKEN": nb.gw.key, "REPLICATE_BASE_URL": nb.gw.url}


def begun(nb: Notebook, name: str, states: tuple[str, ...]) -> Job:
    """A job that is at the gateway, in the last of these states for ever."""
    nb.gw.script(Script(states=states))
    ready = asyncio.Event()
    job = nb.lab.submit("a fox", gateway=name, model="kling-v2-5-turbo")
    assert isinstance(job, Job)

    async def until() -> None:
        job.watch(lambda: ready.set() if job.status == states[-1] else None)
        if job.status != states[-1]:
            await asyncio.wait_for(ready.wait(), 20)

    asyncio.run_coroutine_threadsafe(until(), nb.lab.home.loop()).result()
    return job


@pytest.mark.parametrize("name", CELL)
def test_a_clip_arrives(nb: Notebook, name: str) -> None:
    """Queue, work, result, download: paid once, and no other origin has seen the key."""
    job = nb.cell(CELL[name])
    assert job.video.path.is_file()
    assert len(nb.gw.paid) == len(nb.gw.charged) == 1
    assert nb.gw.paid[0].headers["authorization"] == f"{'Key' if name == 'fal' else 'Bearer'} {nb.gw.key}"
    assert all(nb.gw.key not in str(seen.headers) for seen in nb.gw.requests if seen.origin == "cdn")


def test_foreign_links_see_no_key(nb: Notebook) -> None:
    """An answer whose links point to another origin: the clip arrives, and that origin is asked for it alone."""
    nb.gw.fal.manners.links = "foreign"
    assert nb.cell(CELL["fal"]).video.path.is_file()
    assert [seen.path for seen in nb.gw.requests if seen.origin == "cdn"] == [nb.gw.downloads[0].path]


def test_the_place_in_the_queue_is_told(nb: Notebook) -> None:
    """fal.ai's queue position is in the job's history."""
    job = nb.cell(CELL["fal"])
    assert [event.data["position"] for event in job.history if event.data.get("position")] == [2]


@pytest.mark.parametrize("name", CELL)
def test_refused_in_the_end(nb: Notebook, name: str) -> None:
    """A task that failed by content rules says so, and is not charged."""
    nb.gw.script(Script(states=("running", "failed"), reason="The prompt was flagged as sensitive."))
    error = nb.fails(CELL[name])
    assert isinstance(error, ModerationError)
    assert "flagged as sensitive" in error.sentence


@pytest.mark.parametrize("name", CELL)
def test_stopped_in_time(nb: Notebook, name: str) -> None:
    """A waiting task is stopped at the gateway: failed in the journal, not charged, and made anew by the next cell."""
    job = begun(nb, name, ("queued",))
    job.cancel()
    assert isinstance(job.error, PatienceError)
    assert job.error.sentence.endswith("before it had begun: no clip is made. Nothing was charged.")
    assert (job.status, job.state.charged, job.state.error) == ("failed", False, "StoppedByUser")
    assert job.done()
    later = nb.lab.job(job.id)
    assert later.error is not None
    assert later.error.sentence == job.error.sentence
    nb.gw.script(Script())
    assert nb.cell(CELL[name], "a fox").video.path.is_file()
    assert len(nb.gw.paid) == 2


def test_stopped_at_work(nb: Notebook) -> None:
    """A running task that was stopped makes no clip; what it cost is not known, and not made up."""
    job = begun(nb, "replicate", ("running",))
    job.cancel()
    assert job.error is not None
    assert "while it was at work" in job.error.sentence
    assert job.error.sentence.endswith("It does not say whether it charges what it had done.")
    assert (job.status, job.state.charged) == ("failed", None)


def test_not_stopped(nb: Notebook) -> None:
    """fal.ai promises nothing for a running task: it stays open, and %kling resume brings its clip."""
    job = begun(nb, "fal", ("running",))
    job.cancel()
    assert job.status == "cancelled"
    assert job.error is not None
    assert "fal.ai did not say that it stops" in job.error.sentence
    task = nb.gw.charged[0]
    task.script = Script(states=("done",))
    (again,) = nb.lab.resume([job.id])
    assert again.wait(20).path.is_file()
    assert len(nb.gw.paid) == 1


def test_stopped_after_the_waiting_was(nb: Notebook) -> None:
    """A job that nobody waits for any more can still be stopped, once its gateway answers."""
    nb.gw.fault("PUT", Fault(status=503), times=4)
    job = begun(nb, "fal", ("queued",))
    job.cancel()
    assert (job.status, job.error and "It could not be stopped" in job.error.sentence) == ("cancelled", True)
    later = nb.lab.job(job.id)
    later.cancel()
    assert (later.status, later.state.charged) == ("failed", None)
    assert later.error is not None
    assert "You stopped it at fal.ai" in later.error.sentence


def test_a_gateway_that_cannot_stop(nb: Notebook) -> None:
    """The others are not asked, and the sentence says that it goes on."""
    nb.gw.script(Script(states=("queued",)))
    job: Any = nb.lab.submit("a fox", gateway="imarouter", model="kling-v2-6")
    job.cancel()
    assert "cannot be told to stop" in job.error.sentence or "not sent" in job.error.sentence


def test_stopped_in_a_live_notebook(nb: Notebook) -> None:
    """Inside a running loop nothing blocks: the cell goes on, and who awaits the job hears the gateway's answer."""
    nb.gw.script(Script(states=("queued",)))

    async def cells() -> None:
        lab = Lab(env=nb.env, now=nb.clock.now, sleep=nb.clock.sleep)
        job = lab.submit("a fox", gateway="fal", model="kling-v2-5-turbo")
        assert isinstance(job, Job)
        while job.status != "queued":  # noqa: ASYNC110 - the clock is virtual: it is there in a moment
            await asyncio.sleep(0.001)
        job.cancel()
        assert job.error is not None
        assert "fal.ai is being told to stop" in job.error.sentence
        with pytest.raises(PatienceError, match="before it had begun"):
            await job
        for desk in lab._desks._desks.values():
            await desk.engine.close()
        lab.journal.close()

    asyncio.run(cells())
