"""A job that was left open for days says how long its clip is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kling_nb.lab.keeping import expiry
from kling_nb.life import JobState, Status
from tests.loopback import Script
from tests.money.books import until

if TYPE_CHECKING:
    from tests.loopback import Loopback
    from tests.money.conftest import Studio

DAY = 86_400.0


@pytest.mark.parametrize(
    ("gateway", "status", "days", "said"),
    [
        ("kling", "running", 0.5, ""),
        ("kling", "running", 10, "Kling deletes results after 30 days: this one is there for 20 days more."),
        ("kling", "downloading", 28.5, "Kling deletes results after 30 days: this one is there for one day more."),
        ("kling", "cancelled", 40, "Kling deletes results after 30 days: this one may be gone."),
        ("imarouter", "queued", 3, "ImaRouter does not say how long it keeps results: fetch this one soon."),
        ("kling", "done", 40, ""),
        ("sandbox", "running", 40, ""),
        ("imarouter@sandbox", "running", 40, ""),
        ("a-relay-of-yesterday", "running", 40, ""),
    ],
)
def test_what_is_said(gateway: str, status: Status, days: float, said: str) -> None:
    """Only of what is open and old; a number of days where the vendor's page gives one."""
    assert expiry(JobState("j", status, gateway, sent=1000.0), 1000.0 + days * DAY) == said


def test_resumed_after_ten_days(gw: Loopback, studio: Studio) -> None:
    """The card of a resumed job carries the warning."""
    gw.script(Script(states=("queued", *["running"] * 3000)))
    job = studio.send()
    until(lambda: job.status in {"queued", "running"})
    studio.restart()
    studio.clock.time += 10 * DAY
    (resumed,) = studio.lab.resume()
    (view,) = studio.lab.views([resumed])
    assert any("this one is there for" in note for note in view.notes)
