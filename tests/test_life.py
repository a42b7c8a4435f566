"""The life table: whatever happens in whatever order, a job is in a state that makes sense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_nb.life import EVENTS, OPEN, STATUSES, TABLE, TERMINAL, Event, EventKind, JobState, Status, fold, step

DATA: dict[EventKind, dict[str, Any]] = {
    "planned": {
        "gateway": "kling",
        "request": {"prompt": "a fox", "model": "kling-v2-6"},
        "fingerprint": "f" * 64,
        "key": "kn-1",
        "notes": ["unknown model"],
        "price": {"usd": 0.35, "units": 2.5, "note": "list price"},
    },
    "sending": {"ask": {"method": "POST", "path": "/v1/videos"}},
    "ticket": {"ticket": {"id": "t1", "route": "text2video"}},
    "running": {"word": "processing", "progress": 0.5, "position": None},
    "ready": {"outputs": [{"url": "https://cdn.example/1.mp4"}], "charge": {"usd": 0.35}},
    "done": {"video": {"path": "fox.mp4", "seconds": 5.0}},
    "failed": {"reason": "no luck", "error": "GenerationError", "charged": False},
    "lost": {"reason": "cut", "error": "UnknownOutcomeError"},
}
HAPPY: tuple[EventKind, ...] = ("planned", "sending", "ticket", "queued", "running", "ready", "done")

event_kinds = st.sampled_from(EVENTS)
histories = st.lists(
    st.builds(lambda kind, at: Event(kind, at, DATA.get(kind, {})), event_kinds, st.floats(1.0, 2e9)), max_size=25
)


def happened(*kinds: EventKind) -> JobState:
    """The state after these events, a second apart."""
    return fold("job", [Event(kind, 100.0 + n, DATA.get(kind, {})) for n, kind in enumerate(kinds)])


@given(histories)
def test_any_history(events: list[Event]) -> None:
    """Any order of events ends in a known status, and folding it again gives the same state."""
    state = fold("job", events)
    assert state.status in STATUSES
    assert fold("job", events) == state
    assert state.terminal == (state.status in TERMINAL)


@given(histories, event_kinds)
def test_nothing_follows_the_end(events: list[Event], kind: EventKind) -> None:
    """A terminal state is the very same object after any further event."""
    state = fold("job", events)
    if state.terminal:
        assert step(state, Event(kind, 5.0, DATA.get(kind, {}))) is state


@given(histories)
def test_round_trip(events: list[Event]) -> None:
    """A state is plain JSON and comes back equal; fields of a newer version are left out."""
    state = fold("job", events)
    data = json.loads(json.dumps(state.to_json()))
    assert JobState.from_json(data) == state
    assert JobState.from_json({**data, "from_tomorrow": 1}) == state


@given(histories)
def test_money_is_never_forgotten(events: list[Event]) -> None:
    """A job with a ticket that has not failed is charged; one that was never sent is not."""
    state = fold("job", events)
    if state.ticket is not None and state.status != "failed":
        assert state.charged is True
    if state.status == "planned":
        assert state.charged is False
    if state.status in {"sending", "unknown"} and state.ticket is None:
        assert state.charged is None


@given(histories)
def test_steps_follow_the_table(events: list[Event]) -> None:
    """Each event either changes nothing or goes where the table says."""
    state = JobState("job")
    for event in events:
        after = step(state, event)
        if after is not state and event.kind not in {"planned", "resumed"}:
            assert after.status == TABLE[state.status][event.kind]
            assert after.updated == event.at
        state = after


def test_the_straight_way() -> None:
    """From planned to done, with everything that was learned on the way."""
    state = happened(*HAPPY)
    assert (state.status, state.created, state.sent, state.ready, state.updated) == ("done", 100, 101, 105, 106)
    assert (state.gateway, state.key, state.notes) == ("kling", "kn-1", ("unknown model",))
    assert (state.ticket, state.outputs) == (DATA["ticket"]["ticket"], tuple(DATA["ready"]["outputs"]))
    assert (state.charge, state.video) == ({"usd": 0.35}, DATA["done"]["video"])
    assert (state.charged, state.reason, state.error) == (True, "", "")


@pytest.mark.parametrize(
    ("kinds", "status", "charged"),
    [
        (("planned",), "planned", False),
        (("planned", "sending"), "sending", None),
        (("planned", "sending", "unsent"), "planned", False),
        (("planned", "sending", "lost"), "unknown", None),
        (("planned", "sending", "lost", "unsent"), "planned", False),
        (("planned", "sending", "lost", "ticket"), "queued", True),
        (("planned", "sending", "lost", "sending"), "sending", None),
        (("planned", "sending", "stopped"), "unknown", None),
        (("planned", "sending", "failed"), "failed", False),
        (("planned", "stopped"), "cancelled", False),
        (("planned", "stopped", "resumed"), "planned", False),
        (("planned", "sending", "ticket", "stopped"), "cancelled", True),
        (("planned", "sending", "ticket", "stopped", "resumed"), "queued", True),
        (("planned", "sending", "ticket", "stopped", "failed"), "cancelled", True),
        (("planned", "sending", "ticket", "running", "queued"), "running", True),
        (("planned", "sending", "ticket", "ready", "running"), "downloading", True),
        (("planned", "sending", "ticket", "ready", "failed"), "failed", False),
        (("planned", "sending", "ticket", "done"), "queued", True),
        (("planned", "ticket"), "planned", False),
        (("planned", "sending", "ticket", "sending"), "queued", True),
        (("planned", "sending", "ticket", "unsent"), "queued", True),
        (("planned", "sending", "ticket", "lost"), "queued", True),
        ((*HAPPY, "failed"), "done", True),
        ((*HAPPY, "sending"), "done", True),
    ],
)
def test_turns_and_dead_ends(kinds: tuple[EventKind, ...], status: Status, charged: bool | None) -> None:  # noqa: FBT001 - a table's column
    """Late, repeated and backward events change nothing; a ticket is never sent again."""
    state = happened(*kinds)
    assert (state.status, state.charged) == (status, charged)


def test_unsent_forgets_the_moment_of_sending() -> None:
    """What was not accepted was not sent; the next send counts."""
    assert happened("planned", "sending", "unsent").sent is None
    assert happened("planned", "sending", "unsent", "sending").sent == 103


@pytest.mark.parametrize("kinds", [("planned",), ("sending",), HAPPY, ("failed",)])
def test_a_late_plan_changes_nothing(kinds: tuple[EventKind, ...]) -> None:
    """A job is planned once, before everything else."""
    state = happened(*kinds)
    assert step(state, Event("planned", 200.0, {"gateway": "wireflow"})) is state


def test_the_table_is_whole() -> None:
    """Every status has a row, terminal ones an empty one, and money statuses are open."""
    assert set(TABLE) == set(STATUSES)
    assert {status for status in STATUSES if not TABLE[status]} == TERMINAL
    assert OPEN.isdisjoint({"planned", "cancelled", *TERMINAL})
    assert {kind for row in TABLE.values() for kind in row} | {"planned"} == set(EVENTS)
