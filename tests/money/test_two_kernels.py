"""Two kernels on one folder: each job is sent, polled and downloaded by one of them, and survives it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kling_nb.errors import TakenOverError
from kling_nb.journal import Journal
from kling_nb.lab import leases
from kling_nb.life import Event
from tests.loopback import Script
from tests.money.books import assert_clips, billed, servants, states, until
from tests.money.gateways import environment
from tests.money.kernel import Kernel, Plan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback

CLIPS = 50
NAP = 0.3


@pytest.fixture
def plan(gw: Loopback, tmp_path: Path) -> Plan:
    """Fifty clips on Kling's own API."""
    asked = tuple({"prompt": f"task-{n} a fox", "model": "kling-v2-6", "duration": 5} for n in range(CLIPS))
    return Plan(tmp_path, environment(gw), "kling", asked, name="first", nap=NAP)


def test_both_at_once(gw: Loopback, plan: Plan) -> None:
    """Both ask for the same fifty at the same moment: they share the work, and nothing is done twice."""
    both = [Kernel.start(plan), Kernel.start(replace(plan, name="second"))]
    assert [kernel.end() for kernel in both] == [0, 0]
    assert billed(gw) == {f"task-{n}": 1 for n in range(CLIPS)}
    assert len(gw.paid) == len(gw.downloads) == CLIPS
    assert all(len(kernels) == 1 for kernels in servants(gw).values())
    assert_clips(plan.folder)


@pytest.mark.parametrize("machine", ["", "another-machine"], ids=["same machine", "another machine"])
def test_one_dies(gw: Loopback, plan: Plan, machine: str) -> None:
    """The second watches while the first lives, and takes over: at once, or when the lease of a stranger ends."""
    slow = Script(states=("queued", *["running"] * 4, "done"))
    gw.script(*[Script(states=("queued", "done"))] * 10, slow)
    lease = 2.0 if machine else leases.LEASE_SECONDS
    first = Kernel.start(replace(plan, machine=machine, lease=lease))
    until(lambda: len(gw.charged) == CLIPS)
    second = Kernel.start(replace(plan, name="second", lease=lease))
    until(lambda: len(gw.downloads) >= 5)
    assert {name for kernels in servants(gw).values() for name in kernels} == {"first"}

    first.kill()
    died = time.monotonic()
    before = {state.ticket["id"] for state in states(plan.folder) if state.status == "done" and state.ticket}
    assert len(before) < CLIPS
    until(lambda: any("second" in kernels for kernels in servants(gw).values()))
    waited = time.monotonic() - died
    assert second.end() == 0

    assert len(gw.paid) == CLIPS
    assert billed(gw) == {f"task-{n}": 1 for n in range(CLIPS)}
    assert_clips(plan.folder)
    for task, kernels in servants(gw).items():
        assert ("second" in kernels) == (task not in before)
    if machine:
        assert waited > lease * 0.5  # it was renewed a third of a lease ago at the latest, give or take a busy machine


def planned(journal: Journal, job: str = "a") -> None:
    """Journal a job that nobody works on."""
    journal.record(job, Event("planned", 1.0, {"fingerprint": "f", "gateway": "kling"})).result()


def test_leave_to_send_is_given_once(tmp_path: Path) -> None:
    """A kernel that slept while another one took its job, finished it and let go, must not send it again."""
    journal = Journal(tmp_path)
    planned(journal)
    assert journal.claim(["a"], "sleeper", 0.0, 30.0) == {"a"}
    assert journal.claim(["a"], "other", 31.0, 30.0) == {"a"}
    for kind in ("sending", "ticket", "ready", "done"):
        journal.record("a", Event(kind, 32.0), "other").result()
    with pytest.raises(TakenOverError):
        journal.record("a", Event("sending", 33.0), "sleeper").result()
    assert [event.kind for event in journal.events("a")].count("sending") == 1


def test_asked_for_at_the_same_moment(tmp_path: Path) -> None:
    """Two kernels that found no earlier job both plan one; the later gets the earlier one's."""
    one, other = Journal(tmp_path), Journal(tmp_path)
    event = Event("planned", 1.0, {"fingerprint": "f", "gateway": "kling"})
    assert one.plan("a", event).result().id == other.plan("b", event).result().id == "a"
    assert [state.id for state in one.recent()] == ["a"]
    one.record("a", Event("failed", 2.0)).result()
    assert other.plan("b", event).result().id == "b"


@pytest.mark.parametrize(
    ("owner", "dead"),
    [
        (leases.me, False),
        (lambda: leases.me().replace("|", "|elsewhere", 1), False),
        (lambda: f"elsewhere{leases.me()}", False),
        (lambda: f"{leases.me()}0", True),
        (lambda: "|".join([*leases.me().split("|")[:2], "4194305", "1"]), True),
        (lambda: "", False),
        (lambda: "|||", False),
    ],
    ids=["this one", "another container", "another machine", "its number again", "gone", "nobody", "nonsense"],
)
def test_who_is_dead(owner: object, *, dead: bool) -> None:
    """Only a process of this very machine is known to be gone."""
    assert callable(owner)
    assert leases.gone(owner()) == dead


def test_a_zombie_is_dead() -> None:
    """A killed kernel whose exit code nobody has fetched yet still has a process number."""
    with subprocess.Popen(["sleep", "60"]) as process:  # noqa: S607 - any program will do
        owner = "|".join([*leases.me().split("|")[:2], str(process.pid), leases._started(process.pid)])
        assert not leases.gone(owner)
        process.kill()
        until(lambda: leases.gone(owner), 5.0)
        assert process.returncode is None  # so it was a zombie
