"""A kernel is killed between any two steps and run again: one payment, one clip, or the honest word "unknown"."""

from __future__ import annotations

import json
import random
import signal
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.loopback import Fault
from tests.money.books import assert_clips, billed, states, until
from tests.money.gateways import environment
from tests.money.kernel import UNSETTLED, Kernel, Plan

if TYPE_CHECKING:
    from tests.loopback import Loopback

FREE = json.dumps({"a free box": "x" * 300_000}).encode()
"""Padding, so that a clip is downloaded in more than one piece."""

POINTS = (
    *("after planned", "after sending", "before ticket", "after ticket", "after running", "after ready"),
    *("download", "before done"),
)
"""One between each pair of the journal's writes; more where something else happens between the two."""
SHAPES = ("kling", "agentsflare", "wireflow", "wireflow+image", "imarouter")
IN_DOUBT = {"after sending", "before ticket"}
"""Dying here, between leave to send and the ticket, leaves a request of unknown fate."""


@pytest.fixture
def plan(gw: Loopback, tmp_path: Path, request: pytest.FixtureRequest) -> Plan:
    """One clip on the gateway that the test is parametrized with."""
    gateway, _, image = request.param.partition("+")
    asked = {"prompt": "task-0 a fox", "model": "kling-v2-6", "duration": 5}
    if image:
        Image.new("RGB", (512, 512), "orange").save(tmp_path / "fox.png")
        asked["image"] = str(tmp_path / "fox.png")
    gw.clip_bytes += (len(FREE) + 8).to_bytes(4, "big") + b"free" + FREE
    return Plan(tmp_path / "out", environment(gw), gateway, (asked,))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("plan", SHAPES, indirect=True)
def test_killed_between_two_steps(gw: Loopback, plan: Plan, point: str) -> None:
    """Killed at one exact point and run again with the same command."""
    assert Kernel.start(replace(plan, die=point)).end() == -signal.SIGKILL
    code = Kernel.start(plan).end()
    (state,) = states(plan.folder)
    if plan.gateway == "imarouter" and point in IN_DOUBT:
        assert (code, state.status, state.charged) == (UNSETTLED, "unknown", None)
        assert len(gw.paid) <= 1
        return
    assert (code, state.status) == (0, "done")
    assert billed(gw) == {"task-0": 1}
    assert_clips(plan.folder)
    if point == "download":
        assert [seen.headers.get("range") for seen in gw.downloads] == [None, "bytes=65536-"]


@pytest.mark.parametrize("plan", SHAPES, indirect=True)
def test_killed_before_the_answer(gw: Loopback, plan: Plan) -> None:
    """Killed while the gateway, which has accepted, has not answered yet."""
    held = threading.Event()
    gw.fault("^POST .*(2video|/videos|execute)$", Fault(hold=held, accept=True))
    kernel = Kernel.start(plan)
    until(lambda: len(gw.charged) == 1)
    kernel.kill()
    held.set()
    code = Kernel.start(plan).end()
    (state,) = states(plan.folder)
    assert billed(gw) == {"task-0": 1}
    if plan.gateway == "imarouter":
        assert (code, state.status, len(gw.paid)) == (UNSETTLED, "unknown", 1)
    else:
        assert (code, state.status) == (0, "done")
        assert_clips(plan.folder)


@pytest.mark.parametrize("plan", ["wireflow", "wireflow+image"], indirect=True)
def test_the_repeat_is_the_same_to_the_byte(gw: Loopback, plan: Plan) -> None:
    """What is repeated under an idempotency key has the same body, and uploads nothing anew."""
    Kernel.start(replace(plan, die="before ticket")).end()
    assert Kernel.start(plan).end() == 0
    first, second = gw.paid
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != ""
    assert len(gw.wireflow.uploads) == ("image" in plan.requests[0])


@pytest.mark.parametrize("plan", ["kling", "agentsflare"], indirect=True)
def test_a_look_up_that_is_late(gw: Loopback, plan: Plan) -> None:
    """An accepted task that the look-up does not show yet: the repeat is refused, and found in the end."""
    Kernel.start(replace(plan, die="before ticket")).end()
    gw.fault("^GET .*/kn-", Fault(status=404, body={"code": 1203, "message": "task not found"}), times=4)
    assert Kernel.start(plan).end() == 0
    assert billed(gw) == {"task-0": 1}
    assert len(gw.paid) == 2
    assert_clips(plan.folder)


def seen_enough(gw: Loopback, kernel: Kernel, enough: int) -> bool:
    """Whether the gateway has had so many requests, or the kernel is through."""
    return len(gw.requests) >= enough or not kernel.process.is_alive()


@pytest.mark.parametrize("plan", SHAPES, indirect=True)
def test_killed_at_random(gw: Loopback, plan: Plan) -> None:
    """Twenty clips, killed again and again whenever the gateway has seen a few more requests."""
    several = tuple({**plan.requests[0], "prompt": f"task-{n} a fox"} for n in range(20))
    plan = replace(plan, requests=several)
    dice = random.Random(20)
    for _ in range(5):
        kernel = Kernel.start(plan)
        enough = len(gw.requests) + dice.randint(1, 40)
        until(partial(seen_enough, gw, kernel, enough))
        kernel.kill()
    code = Kernel.start(plan).end()
    unknown = [state for state in states(plan.folder) if state.status == "unknown"]
    assert all(times == 1 for times in billed(gw).values())
    assert_clips(plan.folder)
    assert len(list(plan.folder.glob("*.mp4"))) == 20 - len(unknown)
    if plan.gateway == "imarouter":
        assert code == (UNSETTLED if unknown else 0)
        assert len(gw.charged) >= 20 - len(unknown)
    else:
        assert (code, len(gw.charged), unknown) == (0, 20, [])
