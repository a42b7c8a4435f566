"""What finished jobs teach about the next one, and how patient a poller is."""

from __future__ import annotations

import asyncio

import pytest

from kling_nb.lab.history import History
from kling_nb.lab.polling import Poller, Watched
from kling_nb.lab.sandboxed import SandboxHistory
from kling_nb.life import JobState
from kling_nb.magic import KlingMagics
from kling_nb.pace import DEFAULT_PATIENCE, Allowance, Latency, learned, prior
from kling_nb.request import VideoRequest
from kling_nb.settings import Settings
from tests.pace.virtual import run

ASKED = VideoRequest(prompt="a fox", model="kling-v2-6", mode="std", duration=5)
PRIOR = prior("kling", 5, "std")


def _history(*told: tuple[str, VideoRequest, list[float]]) -> History:
    history = History()
    for gateway, request, every in told:
        for number, took in enumerate(every):
            state = JobState(f"{gateway}-{request.model}-{number}", gateway=gateway, sent=1000.0, ready=1000.0 + took)
            history.add(state, request)
    return history


def test_a_job_counts_once() -> None:
    """It is of its gateway, of its model and of its kind, and is still one observation."""
    assert _history(("kling", ASKED, [30.0])).latency("kling", ASKED) == learned(PRIOR, [30.0])


def test_the_same_job_seen_again_teaches_nothing() -> None:
    """A clip that was fetched twice is one clip."""
    history = _history(("kling", ASKED, [30.0]))
    before = history.latency("kling", ASKED)
    history.add(JobState("kling-kling-v2-6-0", gateway="kling", sent=1000.0, ready=1030.0), ASKED)
    assert history.latency("kling", ASKED) == before


@pytest.mark.parametrize(
    "change", [{"model": "kling-v3"}, {"mode": "pro"}, {"duration": 10}], ids=["model", "mode", "duration"]
)
def test_near_relatives_help_a_newcomer(change: dict[str, object]) -> None:
    """Nothing is known of exactly this request: others of the gateway say more than the prior does."""
    other = ASKED.model_copy(update=change)
    assert _history(("kling", other, [300.0] * 10)).latency("kling", ASKED).median > 2 * PRIOR.median


def test_its_like_outweighs_relatives() -> None:
    """Twenty of its own kind count for more than twenty of another model."""
    other = ASKED.model_copy(update={"model": "kling-v3"})
    history = _history(("kling", other, [300.0] * 20), ("kling", ASKED, [30.0] * 20))
    assert history.latency("kling", ASKED).median < 40


def test_another_gateway_says_nothing() -> None:
    """Each gateway has its own queue."""
    assert _history(("imarouter", ASKED, [300.0] * 20)).latency("kling", ASKED) == PRIOR


@pytest.mark.parametrize(("told", "median"), [(None, 3.0), (12.0, 12.0), (0.05, 0.3)])
def test_the_sandbox_takes_as_long_as_it_was_told_to(told: float | None, median: float) -> None:
    """Whatever gateway it plays; a first clip is asked about when it may be ready."""
    history = SandboxHistory(told)
    assert history.latency("sandbox", ASKED).median == median
    assert history.latency("sandbox:kling", ASKED).median == median


def test_what_cannot_be_is_not_learned() -> None:
    """A clock that was set back, or a job that lay for days, is no latency."""
    assert _history(("kling", ASKED, [-5.0, 0.0, 90_000.0])).latency("kling", ASKED) == PRIOR


def test_new_jobs_change_what_is_believed() -> None:
    """What was worked out once is worked out anew after the next finished job."""
    history = _history(("kling", ASKED, [30.0]))
    before = history.latency("kling", ASKED)
    history.add(JobState("next", gateway="kling", sent=0.5, ready=30.5), ASKED)
    assert history.latency("kling", ASKED).sigma < before.sigma


def test_the_knob_starts_where_the_schedule_does() -> None:
    """The settings and the magic cannot import the schedule's constant, and have the same number."""
    assert Settings().poll_patience == DEFAULT_PATIENCE
    assert KlingMagics.poll_patience.default_value == DEFAULT_PATIENCE


@pytest.mark.parametrize(("patience", "least", "most"), [(0.03, 2, 5), (0.007, 6, 10), (0.001, 15, 30)])
def test_patience_reaches_the_polls(patience: float, least: int, most: int) -> None:
    """A job of a hundred seconds is asked about as often as the knob says."""

    async def watch() -> int:
        now = asyncio.get_running_loop().time
        poller, polls = Poller(Allowance(None, 0.0), now=now), 0
        poller.patience = patience
        watched = Watched(Latency(100, 0.4), 0.0)
        while now() < 100:
            await poller.turn(watched)
            polls += 1
        return polls

    assert least <= run(watch()) <= most
