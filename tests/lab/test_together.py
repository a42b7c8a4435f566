"""Many clips on Kling's own gateway: one question about all of them, and what happens when it goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.lab import Jobs
from tests.loopback import Fault, Script
from tests.loopback.kling2 import Kling2
from tests.loopback.wire import Reply

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook
    from tests.loopback import Seen

CLIPS, FEW = 10, 3
EMPTY = {"code": 0, "message": "SUCCEED", "data": []}
STRANGER = {"code": 0, "data": [{"id": "893605946402999999", "status": "succeeded"}, {"id": []}, 17, None]}


def made(nb: Notebook, model: str = "kling-3.0", clips: int = CLIPS) -> tuple[Jobs, list[Seen]]:
    """So many clips at once, and every question about their tasks."""
    nb.gw.script(*[Script(("queued", "running", "running", "done"))] * clips)
    jobs = nb.cell(f"-g kling -m {model} --takes {clips} --yes")
    assert isinstance(jobs, Jobs)
    assert {job.status for job in jobs} == {"done"}
    assert len(nb.gw.charged) == len(nb.gw.paid) == clips
    assert len({job.video.path for job in jobs if job.video}) == clips
    return jobs, nb.polls()


def named(asked: list[Seen]) -> list[int]:
    """How many tasks each question names."""
    return [len(seen.query["task_ids"].split(",")) for seen in asked]


def test_one_question_about_many(nb: Notebook) -> None:
    """Four looks at each of ten tasks, in a fraction of 40 questions."""
    _, asked = made(nb)
    assert {seen.path for seen in asked} == {"/tasks"}
    assert max(named(asked)) > 2
    assert len(asked) < CLIPS * 4 / 2


def test_the_first_generation_is_listed(nb: Notebook) -> None:
    """The newest tasks of the route, among which ours are; a task that is ready is not asked about once more."""
    _, asked = made(nb, "kling-v2-6")
    lists = [seen for seen in asked if seen.path == "/v1/videos/text2video"]
    assert {(seen.query["pageNum"], seen.query["pageSize"]) for seen in lists} <= {
        ("1", str(max(30, 4 * clips))) for clips in range(1, CLIPS + 1)
    }
    assert len(lists) > 2
    assert len(asked) < CLIPS * 4 / 2


def test_each_route_has_its_own_list(nb: Notebook) -> None:
    """Clips from text and from pictures are never looked for in the same one."""
    nb.gw.script(*[Script(("queued", "running", "running", "done"))] * 4)
    asked = {"prompt": "a fox", "model": "kling-v2-6"}
    from_picture = {**asked, "image": "https://pictures.example/fox.png"}
    requests = [{**request, "take": take} for request in (asked, from_picture) for take in (1, 2)]
    jobs = nb.lab.order(requests, gateway="kling", yes=True)
    jobs.wait()
    assert {job.status for job in jobs} == {"done"}
    assert {seen.path.split("/")[3] for seen in nb.polls()} == {"text2video", "image2video"}


FAULTS: dict[str, Fault] = {
    "unknown": Fault(404, {"code": 1203, "message": "no such task"}),
    "empty": Fault(200, EMPTY),
    "strangers": Fault(200, STRANGER),
    "throttled": Fault(429, {"code": 1302, "message": "slow down"}, {"Retry-After": "7"}),
    "away": Fault.html(503),
    "cut": Fault(drop=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize("model", ["kling-3.0", "kling-v2-6"])
def test_nothing_is_lost(nb: Notebook, model: str, fault: Fault) -> None:
    """Whatever the first questions are answered, every clip arrives and is paid for once."""
    nb.gw.fault("GET /tasks|GET /v1/videos/text2video$", fault, times=FEW + 1)
    made(nb, model, clips=FEW)


def test_a_gateway_that_refuses_lists(nb: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task is asked about alone, and lists are tried again only after a rest."""
    tell = Kling2._tasks
    refusal = Reply(400, {"code": 1201, "message": "one id at a time"})
    monkeypatch.setattr(
        Kling2, "_tasks", lambda self, seen: refusal if "," in seen.query["task_ids"] else tell(self, seen)
    )
    _, asked = made(nb, clips=FEW)
    assert named(asked).count(1) >= FEW * 4
    assert 1 <= len([count for count in named(asked) if count > 1]) < FEW * 2


def test_a_task_that_fails_takes_no_other_along(nb: Notebook) -> None:
    """Its job fails with the gateway's reason; the others are done."""
    nb.gw.script(*[Script(("queued", "done"))] * 4, Script(("queued", "failed"), reason="Too dark."), Script(("done",)))
    jobs: Any = nb.cell("-g kling -m kling-3.0 --takes 6")
    assert sorted(job.status for job in jobs) == ["done"] * 5 + ["failed"]
    assert next(job.error.sentence for job in jobs if job.error).startswith("The generation failed: Too dark.")


def test_the_sandbox_plays_it_too(nb: Notebook) -> None:
    """The same questions, to the second generation that the sandbox speaks."""
    nb.env["KLING_NB_SANDBOX"] = "latency=0.1 resolution=tiny"
    jobs: Any = nb.cell("-g kling -m kling-3.0 --takes 4 --sandboxed")
    assert {job.status for job in jobs} == {"done"}
    assert not nb.gw.requests
