"""Running a cell again costs nothing, money is asked about first, and stopping tells the truth."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.errors import BudgetError, DownloadError, KlingError, NotFoundError, PatienceError, UnknownOutcomeError
from kling_nb.lab import Job, Jobs
from kling_nb.lab.tables import cost_table
from kling_nb.life import Event
from tests.loopback import Fault, Script
from tests.money.books import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loopback import Loopback
    from tests.money.conftest import Studio

NEVER = Script(states=("queued", "running"))


def posts(gw: Loopback) -> int:
    """How many paid requests were sent."""
    return len(gw.paid)


# --- the same again -------------------------------------------------------------------------------


def test_finished_is_shown_from_disk(gw: Loopback, studio: Studio) -> None:
    """Run All on yesterday's notebook: not one request, in any kernel, and the caption says where it is from."""
    first = studio.make()
    asked = len(gw.requests)
    for _ in range(2):
        again = studio.make()
        assert again.id == first.id
        assert again.result().path == first.result().path
        assert "was there already" in studio.lab.bundle([again])["text/plain"]
        studio.restart()
    assert len(gw.requests) == asked


def test_open_is_attached_to(gw: Loopback, studio: Studio) -> None:
    """While it is open, the same request is the same handle."""
    held = threading.Event()
    gw.fault("^POST", Fault(hold=held))
    first = studio.send()
    again = studio.send()
    held.set()
    studio.wait(first)
    assert again is first
    assert posts(gw) == 1


@pytest.mark.parametrize(
    ("more", "script", "sent"),
    [
        ({}, Script(), 1),
        ({"take": 2}, Script(), 2),
        ({"fresh": True}, Script(), 2),
        ({"duration": 10}, Script(), 2),
        ({}, Script(states=("failed",)), 2),
    ],
    ids=["the same", "another take", "fresh", "another request", "it had failed"],
)
def test_what_is_sent_anew(gw: Loopback, studio: Studio, more: dict[str, Any], script: Script, sent: int) -> None:
    """Only what is asked for anew, or has failed without a charge, is sent again."""
    gw.script(script, Script())
    studio.make()
    studio.restart()
    assert studio.make(**more).status == "done"
    assert posts(gw) == sent


def test_a_fresh_one_that_failed_hides_nothing(gw: Loopback, studio: Studio) -> None:
    """The older, finished clip of the same request is still what the request means."""
    first = studio.make()
    gw.script(Script(states=("failed",)))
    assert studio.make(fresh=True).status == "failed"
    assert studio.make().id == first.id
    assert posts(gw) == 2


def test_twice_in_one_matrix(gw: Loopback, studio: Studio) -> None:
    """The same request twice in one cell is one clip, shown twice."""
    jobs = studio.lab.submit(["a fox", "an owl", "a fox"], model="kling-v2-6", duration=5, takes=2)
    assert isinstance(jobs, Jobs)
    studio.wait(*jobs)
    assert [job.status for job in jobs] == ["done"] * 6
    assert len({job.id for job in jobs}) == posts(gw) == 4


def test_a_deleted_file_is_fetched_again(gw: Loopback, studio: Studio) -> None:
    """While the link lives, a lost file costs a download."""
    path = studio.make().result().path
    path.unlink()
    studio.restart()
    (seen,) = studio.lab.jobs()
    assert isinstance(seen.error, NotFoundError)
    assert "resume" in seen.error.sentence
    assert studio.make().result().path == path
    assert path.is_file()
    assert (posts(gw), len(gw.downloads)) == (1, 2)


def test_a_deleted_file_whose_link_is_dead(gw: Loopback, studio: Studio) -> None:
    """After that it is said in one sentence, and nothing is paid for by itself."""
    studio.make().result().path.unlink()
    gw.fault(r"\.mp4$", Fault(status=403, body="expired"), times=None)
    job = studio.make()
    assert isinstance(job.error, DownloadError)
    assert "expired" in job.error.sentence
    assert posts(gw) == 1


# --- money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "limit", "allowed"),
    [
        ("nothing", 1.9, False),
        ("nothing", 2.0, True),
        ("one spent", 1.9, False),
        ("one spent", 2.0, True),
        ("one reserved", 1.9, False),
        ("one reserved", 2.0, True),
        ("both spent", 0.1, True),
    ],
)
def test_budget(gw: Loopback, studio: Studio, before: str, limit: float, *, allowed: bool) -> None:
    """A cell of two clips under a budget of so many times a clip's price, what it has spent and reserved included."""
    gw.script(*([NEVER] if "reserved" in before else []), Script())
    price = studio.lab.plans([{"model": "kling-v2-6", "duration": 5}], studio.lab.gateway())[0].price
    assert price
    for prompt in {"nothing": [], "both spent": ["a fox", "an owl"]}.get(before, ["a fox"]):
        job = studio.send(prompt)
        if "spent" in before:
            studio.wait(job)
        else:
            until(lambda: posts(gw) == 1)
    sent = posts(gw)

    def cell() -> Job | Jobs:
        return studio.lab.submit(["a fox", "an owl"], model="kling-v2-6", duration=5, budget=price.usd * limit)

    if allowed:
        cell()
        until(lambda: posts(gw) == 2)
        return
    with pytest.raises(BudgetError) as refused:
        cell()
    assert "nothing was sent" in refused.value.sentence
    assert before == "nothing" or before.removeprefix("one ") in refused.value.sentence
    assert posts(gw) == sent


def test_threshold(gw: Loopback, studio: Studio) -> None:
    """What is dearer than the threshold wants a yes; what is there already does not count."""
    studio.lab.settings.confirm_above = 0.01
    with pytest.raises(BudgetError, match="--yes"):
        studio.send()
    assert posts(gw) == 0
    assert studio.make(yes=True).status == "done"
    assert studio.make().status == "done"
    assert posts(gw) == 1


def test_no_price_no_budget(gw: Loopback, studio: Studio) -> None:
    """A budget cannot be kept for what nobody has a price for, so it refuses to start."""
    with pytest.raises(BudgetError, match="not known"):
        studio.send(model="kling-v99", budget=1000.0)
    assert posts(gw) == 0
    assert studio.make(model="kling-v99").status == "done"


def test_cost_table(gw: Loopback, studio: Studio) -> None:
    """Sums by day, gateway and model: failed and unsent jobs are not in it, doubtful ones are marked."""
    studio.make("one")
    studio.make("two")
    studio.make("three", gateway="imarouter")
    gw.fault("^POST /v1/videos$", Fault(drop=True))
    studio.make("four", gateway="imarouter")
    studio.clock.time += 86400.0
    studio.make("five")
    gw.script(Script(states=("failed",)))
    studio.make("six")
    price = studio.lab.jobs(1)[0].price
    assert price
    studio.lab.journal.record("x", Event("planned", studio.clock.time, {"gateway": "kling"})).result()
    studio.lab.journal.record("x", Event("stopped", studio.clock.time)).result()
    days = [time.strftime("%Y-%m-%d", time.localtime(studio.clock.time - back)) for back in (0, 86400)]
    text = cost_table(studio.lab)["text/plain"]
    rows = [line.split() for line in text.splitlines() if line.strip()[:4].isdigit()]
    assert [[*row[:2], row[3], float(row[4]), float(row[5]), row[6]] for row in rows] == [
        [days[0], "Kling", "1", price, 0.0, "0"],
        [days[1], "Kling", "2", 2 * price, 0.0, "0"],
        [days[1], "ImaRouter", "2", 2 * price, 0.35, "1"],
    ]


# --- stopping, going on, waiting long -------------------------------------------------------------


def planned(studio: Studio) -> Job:
    """A job that was never sent."""
    studio.lab.journal.record("p", Event("planned", 1.0, {"gateway": "kling", "request": {"model": "m"}})).result()
    return studio.lab.job("p")


def sending(studio: Studio) -> Job:
    """A job whose paid request is on its way."""
    held = threading.Event()
    studio.gw.fault("^POST", Fault(hold=held))
    job = studio.send()
    until(lambda: posts(studio.gw) == 1 and job.status == "sending")
    threading.Timer(0.05, held.set).start()
    return job


def queued(studio: Studio) -> Job:
    """A job that the gateway works on."""
    held = threading.Event()
    studio.gw.fault("^GET", Fault(hold=held))
    job = studio.send()
    until(lambda: job.status == "queued")
    threading.Timer(0.05, held.set).start()
    return job


def downloading(studio: Studio) -> Job:
    """A job that is finished over there."""
    held = threading.Event()
    studio.gw.fault(r"\.mp4$", Fault(hold=held))
    job = studio.send()
    until(lambda: job.status == "downloading")
    threading.Timer(0.05, held.set).start()
    return job


def unknown(studio: Studio) -> Job:
    """A job that is perhaps paid."""
    studio.gw.fault("^POST", Fault(drop=True, accept=True))
    return studio.make(gateway="imarouter")


def done(studio: Studio) -> Job:
    """A finished job."""
    return studio.make()


CHARGED: dict[Callable[[Studio], Job], bool | None] = {
    planned: False,
    unknown: None,
    sending: True,
    queued: True,
    downloading: True,
    done: True,
}
"""What is known about the money in each of these states."""


@pytest.mark.parametrize(
    ("make", "status", "words", "after"),
    [
        (planned, "cancelled", "was not sent", None),
        (sending, "cancelled", "goes on and bills it", "done"),
        (queued, "cancelled", "goes on and bills it", "done"),
        (downloading, "cancelled", "has finished it", "done"),
        (unknown, "unknown", "Nobody knows", "unknown"),
        (done, "done", "", "done"),
    ],
)
def test_cancel(studio: Studio, make: Callable[[Studio], Job], status: str, words: str, after: str | None) -> None:
    """Stopping says what is still made and billed; what was paid can still be fetched, and is not paid twice."""
    job = make(studio)
    job.cancel()
    studio.wait(job)
    if words:
        assert isinstance(job.error, PatienceError)
        assert words in job.error.sentence
    else:
        assert job.error is None
    assert (job.status, job.state.charged) == (status, CHARGED[make])
    if after:
        (back,) = studio.lab.resume([job.id])
        studio.wait(back)
        assert (back.status, posts(studio.gw)) == (after, 1)


def test_cancel_while_it_is_refused(gw: Loopback, studio: Studio) -> None:
    """A request that is turned away after somebody asked to stop is not sent again."""
    held = threading.Event()
    gw.fault("^POST", Fault(status=429, body={"code": 1303, "message": "parallel task over limit"}, hold=held))
    job = studio.send()
    until(lambda: posts(gw) == 1 and job.status == "sending")
    job.cancel()
    held.set()
    studio.wait(job)
    assert (job.status, job.state.charged, posts(gw)) == ("cancelled", False, 1)
    assert isinstance(job.error, PatienceError)
    assert "was not sent" in job.error.sentence


def test_resume_lists_and_finishes(gw: Loopback, studio: Studio) -> None:
    """What an earlier kernel left open is listed and finished; what is done is left alone."""
    studio.make("finished before")
    held = threading.Event()
    gw.fault("^GET ", Fault(hold=held), times=None)  # a question about one, and the list that tells of all
    left = [studio.send(f"fox {n}") for n in range(3)]
    until(lambda: all(job.status == "queued" for job in left))
    studio.restart()
    assert sorted(job.status for job in studio.lab.jobs()) == ["done", "queued", "queued", "queued"]
    held.set()
    resumed = studio.lab.resume()
    studio.wait(*resumed)
    assert {job.id for job in resumed} == {job.id for job in left}
    assert [job.status for job in resumed] == ["done"] * 3
    assert posts(gw) == 4
    assert len(studio.lab.resume()) == 0


def test_past_its_patience(gw: Loopback, studio: Studio) -> None:
    """After half an hour the card says how to go on; the job is not given up and is finished in the end."""
    gw.script(Script(states=("queued", *["running"] * 200, "done")))
    said: list[tuple[float, str]] = []
    job = studio.send()
    job.watch(lambda: said.append((studio.clock.time - (job.state.sent or 0.0), job.waiting_for)))
    studio.wait(job)
    notes = [(age, note) for age, note in said if "minutes" in note]
    assert job.status == "done"
    assert notes
    assert min(age for age, _ in notes) >= 1800.0
    assert f"%kling resume {job.id}" in notes[0][1]


def test_a_key_that_is_too_old(gw: Loopback, studio: Studio) -> None:
    """A repeat under the same idempotency key is free for a day only; after that nobody repeats it."""
    gw.fault("^POST .*/execute$", Fault(drop=True, accept=True), times=12)
    job = studio.make(gateway="wireflow")
    assert isinstance(job.error, UnknownOutcomeError)
    assert "not paid twice" in job.error.sentence
    assert len(gw.charged) == 1
    sent = posts(gw)
    studio.restart()
    studio.clock.time += 24 * 3600.0
    (again,) = studio.lab.resume()
    studio.wait(again)
    assert isinstance(again.error, UnknownOutcomeError)
    assert posts(gw) == sent


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_repeat_proves_nothing(gw: Loopback, studio: Studio, status: int) -> None:
    """Another key or an empty account refuses the repeat of what was accepted: it is still settled later."""
    gw.fault("^POST .*/execute$", Fault(drop=True, accept=True))
    gw.fault("^POST .*/execute$", Fault(status=status, body={"error": "no"}), times=2)
    job = studio.make(gateway="wireflow")
    assert (job.status, isinstance(job.error, KlingError)) == ("unknown", True)
    studio.restart()
    assert studio.make(gateway="wireflow").status == "done"
    assert len(gw.charged) == 1


@pytest.mark.parametrize("busy", [Fault(status=429, body={"error": "Too many requests"}), Fault(status=503)])
def test_doubt_outlives_a_busy_gateway(gw: Loopback, studio: Studio, busy: Fault) -> None:
    """A repeat that finds no place says nothing about the request before it, so nobody may send that anew."""
    gw.fault("^POST .*/execute$", Fault(drop=True, accept=True))
    held = threading.Event()
    gw.fault("^POST .*/execute$", replace(busy, hold=held))
    job = studio.send(gateway="wireflow")
    until(lambda: posts(gw) == 2 and job.status == "sending")
    job.cancel()
    held.set()
    studio.wait(job)
    assert (job.status, job.state.charged) == ("unknown", None)
    assert studio.make(gateway="wireflow").status == "done"
    assert len(gw.charged) == 1
