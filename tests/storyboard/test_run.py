"""A film is made shot by shot, goes on where it was after anything, and no shot is paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import kling_nb
from kling_nb.errors import BudgetError, GenerationError, MissingKeyError, PatienceError
from kling_nb.frames import open_frame
from kling_nb.lab import Lab
from kling_nb.media import probe
from kling_nb.settings import Settings
from kling_nb.storyboard import Film, Storyboard, stitch
from kling_nb.storyboard.links import kept_frame, last_frame
from tests.loopback import Fault, Script
from tests.money.books import until

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab import Jobs
    from kling_nb.lab.loops import Home
    from tests.loopback import Loopback
    from tests.storyboard.conftest import Studio


def images(gw: Loopback) -> list[str]:
    """What each paid request had for its first frame, as a hash; "" for none."""
    said = [json.loads(seen.body).get("image", "") for seen in gw.paid]
    return [hashlib.sha256(image.encode()).hexdigest()[:8] if image else "" for image in said]


def test_a_chain(gw: Loopback, studio: Studio) -> None:
    """Three requests, each after the first with the last frame before it; one film that says what it is."""
    run = studio.make()
    film = run.result()
    assert isinstance(film, Film)
    assert [bool(image) for image in images(gw)] == [False, True, True]
    assert [job.status for job in run.jobs] == ["done"] * 3
    assert film.seconds == pytest.approx((11 + 11 + 12) / 12)
    assert film.path.parent == studio.lab.folder
    assert film.expected == pytest.approx(sum(job.price or 0 for job in run.jobs))
    said = film.bundle()["text/plain"]
    assert "The boat, 3 shots" in said
    assert "Shot 1 to 2:" in said
    assert "Shot 2 to 3:" in said
    assert run.bundle() == film.bundle()
    assert repr(run) == "<FilmRun The boat: 3 of 3 clips>"


def test_making_it_again_costs_nothing(gw: Loopback, studio: Studio) -> None:
    """In this kernel and in the next, not one request; the very same file."""
    film = studio.make().result()
    asked = len(gw.requests)
    for _ in range(2):
        again = studio.make().result()
        assert (again.path, again.shots, again.drift) == (film.path, film.shots, film.drift)
        studio.restart()
    assert len(gw.requests) == asked


def test_made_twice_at_once(gw: Loopback, studio: Studio) -> None:
    """Two handles of one film that is on its way share every clip."""
    runs = [studio.board().make() for _ in range(2)]
    assert runs[0].wait(10).path == runs[1].wait(10).path
    assert len(gw.paid) == 3


def test_other_decoders_make_no_other_request(gw: Loopback, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame that was sent is kept: a version that decodes it otherwise does not pay for the rest once more."""
    studio.make()
    studio.restart()
    monkeypatch.setattr("kling_nb.lab.video.frame_at", lambda *_: pytest.fail("decoded once more"))
    studio.make()
    assert len(gw.paid) == 3


def test_the_last_frame_is_the_same_bytes(gw: Loopback, studio: Studio) -> None:
    """Taken twice it is byte for byte the same PNG, travels as it is, and by hand makes the same request."""
    first = studio.make()
    (clip, *_) = (job.result() for job in first.jobs)
    kept = last_frame(studio.lab, clip)
    for path in (studio.lab.folder / "inputs").glob("last-of-*"):
        path.unlink()
    assert last_frame(studio.lab, clip) == kept
    opened, known = open_frame(kept), kept_frame(studio.lab, clip)
    assert opened.data == kept
    assert known
    assert known.identity == opened.frame.identity == open_frame(clip.last_frame()).frame.identity
    by_hand = studio.lab.submit("it leaves", model="kling-v2-6", duration=5, image=clip.last_frame())
    assert by_hand.wait(10)
    assert len(gw.paid) == 3


def test_a_kernel_that_ends_amid_a_shot(gw: Loopback, studio: Studio) -> None:
    """The next one shows what is done, joins what is open, and makes the rest."""
    gw.script(Script(), Script(states=("queued", "running")), Script())
    run = studio.board().make()
    until(lambda: len(gw.paid) == 2 and run.jobs[-1].status == "running")
    studio.restart()
    gw.charged[1].script = Script()
    again = studio.make()
    assert again.error is None
    assert again.jobs[1].id == run.jobs[1].id
    assert len(gw.paid) == 3


DOOMED = """
import asyncio, os, signal, sys
from kling_nb.lab import Lab
from kling_nb.settings import Settings
from kling_nb.storyboard import Storyboard

ordered, sent = Lab.ordered, []

def deadly(lab, *args, **kwargs):
    sent.append(1)
    if len(sent) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return ordered(lab, *args, **kwargs)

Lab.ordered = deadly
env = {"KLING_NB_SANDBOX": "latency=0.01 resolution=tiny"}
lab = Lab(Settings(output=sys.argv[1]), env=env, sleep=lambda seconds: asyncio.sleep(min(seconds, 0.02)))
Storyboard(["[5s] a boat", "[5s] it leaves", "[5s] night falls"], lab=lab, model="kling-v2-6").make().wait(60)
"""


def test_sigkill_between_two_shots(tmp_path: Path, home: Home) -> None:
    """A process is killed on the sandbox before the third shot: the next one sends that shot and no other."""
    done = subprocess.run([sys.executable, "-c", DOOMED, str(tmp_path)], timeout=60, check=False)  # noqa: S603 - ours
    assert done.returncode == -signal.SIGKILL
    env = {"KLING_NB_SANDBOX": "latency=0.01 resolution=tiny"}
    lab = Lab(Settings(output=str(tmp_path)), env=env, sleep=lambda seconds: asyncio.sleep(min(seconds, 0.02)))
    lab.home = home
    assert [job.status for job in lab.jobs()] == ["done", "done"]
    film = (
        Storyboard(["[5s] a boat", "[5s] it leaves", "[5s] night falls"], lab=lab, model="kling-v2-6").make().wait(60)
    )
    sent = [event.kind for job in lab.jobs() for event in job.history].count("sending")
    assert sent == 3
    assert film.free
    assert "Sandbox: nothing charged. On Kling about USD" in film.bundle()["text/plain"]
    # At a joint the sandbox's next film begins with the frame it was given, so that hardly anything drifts.
    assert film.drift
    assert film.drift.worst < 3


def test_a_shot_that_fails(gw: Loopback, studio: Studio) -> None:
    """It ends the film with a sentence; the shots before it stay, later ones are not sent; again goes on from there."""
    gw.script(Script(), Script(states=("failed",), reason="out of paint"), Script())
    run = studio.make()
    assert isinstance(run.error, GenerationError)
    assert run.error.sentence.startswith("Shot 2 of 3: ")
    assert "out of paint" in run.error.sentence
    assert "What was made before it is kept" in run.error.sentence
    assert len(gw.paid) == 2
    said = run.bundle()["text/plain"]
    assert "Not sent: shot 2 has no clip." in said
    with pytest.raises(GenerationError):
        run.wait(1)
    assert studio.make().error is None
    assert len(gw.paid) == 4, "the failed one and the one never sent"


def test_one_request(gw: Loopback, studio: Studio) -> None:
    """A model that cuts by itself is asked once, and its clip is the film."""
    run = studio.make(model="kling-v3")
    film = run.result()
    assert len(gw.paid) == 1
    assert len(json.loads(gw.paid[0].body)["multi_prompt"]) == 3
    assert film.path == run.jobs[0].result().path
    assert [scene.seconds for scene in film.shots] == [5, 5, 5]
    assert film.drift is None
    assert film.bundle()["text/plain"].startswith("The boat, 3 shots")


def test_the_budget_is_for_the_whole(gw: Loopback, studio: Studio) -> None:
    """All shots count before the first is sent, also what was spent before; a dear film wants a yes."""
    board = studio.board()
    price = board.price
    assert price
    with pytest.raises(BudgetError, match="above the budget"):
        board.make(budget=price - 0.01)
    studio.lab.settings.confirm_above = price - 0.01
    with pytest.raises(BudgetError, match="add --yes"):
        board.make()
    assert not gw.paid
    assert not list(studio.lab.jobs())
    assert board.make(budget=price, yes=True).wait(10)
    with pytest.raises(BudgetError, match="spent"):
        studio.board(("[5s] a boat in the harbour", "[5s] it leaves", "[10s] night falls")).make(budget=price, yes=True)
    assert studio.board().make(budget=0.0).wait(10), "nothing of it is new"
    assert len(gw.paid) == 3


def test_charges_above_the_list_stop_the_rest(gw: Loopback, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the gateway took for the first clips counts, not what the list said."""
    board = studio.board()
    price = board.price or 0.0
    monkeypatch.setattr("kling_nb.storyboard.money._taken", lambda _: price)
    run = board.make(budget=price * 1.2, yes=True)
    run._ended.result(10)
    assert isinstance(run.error, BudgetError)
    assert "Shot 2 of 3" in run.error.sentence
    assert len(gw.paid) == 1


def test_stopping(gw: Loopback, studio: Studio) -> None:
    """Nothing more is sent; making it again goes on."""
    held = threading.Event()
    gw.fault("^GET", Fault(hold=held))
    run = studio.board().make()
    until(lambda: bool(gw.paid))
    run.cancel()
    held.set()
    run._ended.result(10)
    assert isinstance(run.error, PatienceError)
    assert len(gw.paid) == 1
    assert studio.make().error is None
    assert len(gw.paid) == 3


def test_stopping_while_the_next_is_asked_for(gw: Loopback, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that comes while the next clip's picture is opened is not too late for it."""
    ordered = studio.lab.ordered

    async def stopped(*args: Any, **kwargs: Any) -> Jobs:
        run.cancel()
        return await ordered(*args, **kwargs)

    monkeypatch.setattr(studio.lab, "ordered", stopped)
    run = studio.board().make()
    run._ended.result(10)
    assert isinstance(run.error, PatienceError)
    assert len(gw.paid) == 1


def test_waiting(gw: Loopback, studio: Studio) -> None:
    """A wait that ends says so and stops nothing; awaiting in a loop of one's own gives the film."""
    held = threading.Event()
    gw.fault("^GET", Fault(hold=held))
    run = studio.board().make()
    with pytest.raises(PatienceError, match="not ready after"):
        run.wait(0.01)
    with pytest.raises(PatienceError, match="not ready yet"):
        run.result()
    held.set()

    async def film() -> Film:
        return await run

    assert asyncio.run(film()).path.is_file()


def test_what_is_shown_on_the_way(gw: Loopback, studio: Studio) -> None:
    """Every shot has its line from the beginning; whoever watches is told of each change, at last of the film."""
    held = threading.Event()
    gw.fault("^GET", Fault(hold=held))
    seen: list[str] = []
    run = studio.board().make()
    run.watch(lambda: seen.append(run.bundle()["text/plain"]))
    said = run.bundle()["text/plain"]
    assert said.startswith("The boat\n3 clips")
    assert "night falls" in said
    assert "planned" in said
    published: list[bool] = []
    run.faces.append(lambda: published.append(run.done()))
    held.set()
    run.wait(10)
    until(lambda: seen[-1] == run.bundle()["text/plain"])
    assert published == [True]


def test_no_key(tmp_path: Path) -> None:
    """Said by make() itself; the dry run needs none."""
    board = Storyboard(["[5s] a"], lab=Lab(Settings(output=str(tmp_path)), env={}), gateway="kling", model="kling-v2-6")
    assert "POST" in repr(board.dry_run())
    with pytest.raises(MissingKeyError):
        board.make()


def test_jobs_are_stitched_by_hand(studio: Studio) -> None:
    """Finished jobs, their ids and whole films are clips like any other."""
    run = studio.make()
    film = stitch(run.jobs[0], run.jobs[1].id, run, lab=studio.lab)
    assert len(film.shots) == 3
    assert [scene.prompt for scene in film.shots] == ["a boat in the harbour", "it leaves", "The boat"]
    assert probe(film.path).seconds > 3


def test_the_front_door() -> None:
    """The public names are there and are found by completion."""
    assert kling_nb.Storyboard is Storyboard
    assert kling_nb.stitch is stitch
    assert {"Storyboard", "stitch"} <= set(dir(kling_nb))
