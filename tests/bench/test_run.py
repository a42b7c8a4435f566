"""Running: the gaps are filled, nothing is paid twice, money is held, and a failure is a row."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import kling_nb
from kling_nb.bench.purse import hold
from kling_nb.errors import (
    BudgetError,
    KeyRefusedError,
    MissingKeyError,
    PatienceError,
    RequestError,
    UnknownOutcomeError,
)
from kling_nb.lab.loops import Home
from tests.loopback import Fault, Script
from tests.money.books import billed

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_nb.lab import Lab
    from tests.bench.conftest import Make
    from tests.loopback import Loopback

FAILS = Script(states=("failed",), reason="Out of paint.")
USUAL = Script()


def test_a_run(make: Make, gw: Loopback) -> None:
    """Every cell becomes a clip; the bench is told, its rows and its file on disk say so."""
    bench = make(mode=["std", "pro"], takes=2, name="foxes")
    run = bench.run(parallel=3)
    assert run.wait(60) is bench
    assert (run.finished, run.failed, run.open, run.waiting) == (8, 0, 0, 0)
    assert billed(gw) == {"task-1": 4, "task-2": 4}
    assert bench.status() == {"cells": 8, "done": 8}
    assert "8 of 8 done" in repr(run)
    spec = json.loads((bench.lab.folder / "foxes" / "bench.json").read_text())
    assert (spec["cells"], spec["gateways"], list(spec["variants"])) == (8, ["kling"], ["std", "pro"])


def test_running_it_again_is_free(make: Make, gw: Loopback, another: Callable[[], Lab]) -> None:
    """In this kernel or another, whatever order the prompts have."""
    make().run().wait(60)
    first = json.loads((make().folder / "bench.json").read_text())
    for again in (make(), make(("task-2 a hen", "task-1 a fox"), lab=another())):
        run = again.run()
        run.wait(60)
        assert (run.before, run.finished) == (2, 0)
        assert "Nothing was sent." in repr(run)
    assert len(gw.charged) == 2
    assert "Nothing to send" in str(make().dry_run())
    assert json.loads((make().folder / "bench.json").read_text()) == first


def test_only_the_gaps(make: Make, gw: Loopback) -> None:
    """What one cell has made counts in another matrix, too."""
    make("task-1 a fox").run().wait(60)
    bench = make(takes=2)
    told = str(bench.dry_run())
    assert "3 clips to send, about USD" in told
    bench.run().wait(60)
    assert billed(gw) == {"task-1": 2, "task-2": 2}


def test_a_cell_that_was_sent_elsewhere(make: Make, gw: Loopback, lab: Lab) -> None:
    """A job that is open is attached to, and does not count as spending of this run."""
    held = threading.Event()
    gw.fault("^GET /v1/videos/text2video/", Fault(hold=held), times=None)
    lab.submit("task-1 a fox", model="kling-v2-6", duration=5)
    while not any(state.ticket for state in lab.journal.recent()):
        pass
    bench = make()
    assert "1 clip to send" in str(bench.dry_run())
    assert "1 clip more to fetch that earlier runs have sent." in str(bench.dry_run())
    run = bench.run(budget=0.22)
    held.set()
    run.wait(60)
    assert billed(gw) == {"task-1": 1, "task-2": 1}
    assert run.purse.spent == pytest.approx(0.21)


def test_a_request_of_unknown_fate_is_reserved(make: Make, gw: Loopback) -> None:
    """It is shown as sent, is never sent blindly, and yet the budget has room for it, should it prove unsent."""
    gw.fault("^POST ", Fault(drop=True, accept=False))
    gw.fault("^GET ", Fault(status=503), times=None)
    bench = make("task-1 a fox")
    bench.run().wait(60)
    assert bench.status() == {"cells": 1, "unknown": 1}
    assert "1 clip more to fetch" in str(bench.dry_run())
    with pytest.raises(BudgetError, match="above the budget"):
        bench.run(budget=0.1)
    gw._plans.clear()
    run = bench.run(budget=0.3)
    run.wait(60)
    assert (run.finished, run.purse.spent, billed(gw)) == (1, 0.21, {"task-1": 1})


def test_a_failure_is_a_row(make: Make, gw: Loopback) -> None:
    """It stops nothing, says why, costs nothing, and is made anew by the next run."""
    gw.script(FAILS, USUAL)
    bench = make(("task-1 a", "task-2 b", "task-3 c"))
    run = bench.run(parallel=1)
    run.wait(60)
    assert (run.finished, run.failed) == (2, 1)
    assert "1 x " in repr(run)
    assert "Out of paint." in repr(run)
    failed = next(row for row in bench.rows() if row["status"] == "failed")
    assert "Out of paint." in failed["error"]
    assert (failed["charged"], failed["path"]) == (False, None)
    bench.run(retry_failed=False).wait(60)
    assert bench.status() == {"cells": 3, "done": 2, "failed": 1}
    assert bench.resume().wait(60).status() == {"cells": 3, "done": 3}
    assert len(gw.charged) == 4


def test_a_picture_that_is_gone(make: Make, gw: Loopback, tmp_path: Path) -> None:
    """One cell cannot be asked for any more: it is told, and the others of its batch are made."""
    rows = [{"prompt": f"task-{n} a fox", "image": str(tmp_path / f"{n}.png")} for n in range(3)]
    for row in rows:
        Image.new("RGB", (640, 360), "red").save(row["image"])
    bench = make(rows)
    Path(rows[1]["image"]).unlink()
    run = bench.run()
    run.wait(60)
    assert (run.finished, run.failed, sorted(billed(gw))) == (2, 1, ["task-0", "task-2"])
    assert "1 x task-1-fox" in repr(run)
    assert bench.status() == {"cells": 3, "done": 2, "missing": 1}


def test_a_paid_failure_is_not_paid_again(make: Make, gw: Loopback) -> None:
    """A failed clip that was charged all the same is sent anew only by those who say so."""
    gw.script(Script(states=("failed",), fields={"final_unit_deduction": "2.5"}), USUAL)
    bench = make("task-1 a fox")
    bench.run().wait(60)
    (row,) = bench.rows()
    if row["charged"] is False:
        pytest.fail("the gateway said that it took something")
    bench.run().wait(60)
    assert len(gw.charged) == 1
    bench.run(retry_failed="charged").wait(60)
    assert (len(gw.charged), bench.status()["done"]) == (2, 1)


def test_the_budget_is_held_before(make: Make, gw: Loopback, lab: Lab) -> None:
    """A run that may be dearer does not start, nor one that nobody agreed to, nor one of unknown price."""
    with pytest.raises(BudgetError, match=r"about USD 0\.42 for 2 cells, above the budget of USD 0\.40"):
        make().run(budget=0.40)
    lab.settings.confirm_above = 0.3
    with pytest.raises(BudgetError, match=r"run\(yes=True\) goes ahead"):
        make().run()
    unknown = make(model="kling-v99")
    with pytest.raises(BudgetError, match=r"price of 2 cells is not known .*so a budget cannot be kept"):
        unknown.run(budget=5, yes=True)
    with pytest.raises(BudgetError, match=r"price of 2 cells is not known .*sends them all the same"):
        unknown.run()
    assert gw.requests == []
    assert lab.journal.recent() == []
    make().run(budget=0.42, yes=True).wait(60)
    assert len(gw.charged) == 2


def test_the_budget_is_held_during(make: Make, gw: Loopback) -> None:
    """Clips that cost three times the list: sending stops, what is made stays, a larger budget goes on."""
    gw.script(Script(fields={"final_balance_deduction": {"quota": "0.63"}}))
    bench = make(tuple(f"task-{n} a fox" for n in range(6)))
    run = bench.run(budget=1.30, yes=True, parallel=1)
    with pytest.raises(BudgetError, match=r"USD 1\.26 of the budget of USD 1\.30 is spent"):
        run.wait(60)
    assert (len(gw.charged), run.finished, run.waiting) == (2, 2, 4)
    assert "4 not sent" in repr(run)
    with pytest.raises(BudgetError, match=r"above the budget of USD 0\.50"):
        bench.run(budget=0.50)


def test_a_gateway_that_tells_its_prices(make: Make, gw: Loopback) -> None:
    """No list has the price, but the gateway can be asked: each cell may take its share of the budget."""
    gw.wireflow.manners.estimate = {"estimatedProviderCostUsd": 0.4}
    bench = make(gateway="wireflow", model="kling-v99")
    run = bench.run(budget=0.7)
    run.wait(60)
    assert (run.failed, run.purse.spent, gw.charged) == (2, 0.0, [])
    assert "above what the budget leaves" in repr(run)
    run = bench.run(budget=1.0)
    run.wait(60)
    assert (run.finished, run.purse.spent, len(gw.charged)) == (2, 0.8, 2)


def test_nothing_to_hold_where_nothing_is_charged(make: Make) -> None:
    """A model that no list has needs no agreement in the sandbox."""
    cells = make(gateway="kling", model="kling-v99", sandboxed=True).cells
    hold(cells, 0.01, 0.0, yes=False)
    assert [(cell.usd, cell.free) for cell in cells] == [(None, True)] * 2


def test_refused_cells_stop_the_start(make: Make, gw: Loopback) -> None:
    """What the catalogue refuses is told before anything is sent."""
    with pytest.raises(RequestError, match=r"1 of 2 cells would be refused: .*skip_refused=True"):
        make("task-1 a fox", duration=[5, 15]).run()
    assert gw.requests == []


def test_a_missing_key(make: Make, lab: Lab) -> None:
    """It stops the start, before anything is journalled."""
    lab._env = {}
    lab._desks._env = {}
    with pytest.raises(MissingKeyError, match="KLINGAI_API_KEY"):
        make().run()
    assert not (lab.folder / "bench").exists()


def test_a_refused_key_stops_the_run(make: Make, gw: Loopback) -> None:
    """Trouble of the account meets every cell: the rest is not even tried."""
    gw.key = "another"
    run = make(tuple(f"task-{n} a fox" for n in range(40))).run(yes=True, parallel=2)
    with pytest.raises(KeyRefusedError):
        run.wait(60)
    assert len(gw.paid) <= 4
    assert run.waiting >= 36
    assert gw.charged == []


def test_an_outage_stops_the_run(make: Make, gw: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several in a row of which nobody knows whether they got through: the next is not tried."""
    monkeypatch.setattr("kling_nb.bench.running._OUTAGES", 3)
    gw.fault("^(POST|GET) ", Fault(status=503), times=None)
    run = make(tuple(f"task-{n} a fox" for n in range(12))).run(yes=True, parallel=2)
    with pytest.raises(UnknownOutcomeError):
        run.wait(60)
    assert (run.failed, run.waiting) in {(3, 9), (4, 8)}
    assert gw.charged == []


def test_stop(make: Make, gw: Loopback) -> None:
    """No more is sent; what is open is fetched; running again does the rest."""
    held = threading.Event()
    gw.fault("^GET /v1/videos/text2video/", Fault(hold=held), times=None)
    bench = make(tuple(f"task-{n} a fox" for n in range(6)))
    run = bench.run(yes=True, parallel=2)
    while len(gw.charged) < 2:
        pass
    with pytest.raises(PatienceError, match="run it again: only what is missing is sent"):
        run.wait(0.01)
    assert bench.run() is run
    bench.stop()
    assert "what is open is still fetched" in repr(run)
    held.set()
    run.wait(60)
    assert bench.status() == {"cells": 6, "missing": 4, "done": 2}
    bench.run().wait(60)
    assert len(gw.charged) == 6


def test_a_deleted_file_is_fetched_again(make: Make, gw: Loopback) -> None:
    """A clip whose file is gone is a gap, but a paid one: it is fetched and not made anew."""
    bench = make()
    bench.run().wait(60)
    bench.videos()[0].path.unlink()
    assert bench.status() == {"cells": 2, "gone": 1, "done": 1}
    assert "1 clip more to fetch" in str(bench.dry_run())
    bench.run(budget=0.01).wait(60)
    assert bench.status() == {"cells": 2, "done": 2}
    assert len(gw.charged) == 2


def test_several_gateways(make: Make, gw: Loopback) -> None:
    """One matrix, each cell at its own gateway."""
    bench = make(gateway=["kling", "agentsflare"])
    bench.run(yes=True).wait(60)
    assert sorted(task.dialect for task in gw.charged) == ["agentsflare", "agentsflare", "kling", "kling"]
    assert bench.variants == ("kling", "agentsflare")


def test_awaited_in_a_loop(make: Make, lab: Lab) -> None:
    """In a notebook: a card is shown while the cell waits, and says the last word once more from that cell."""
    lab.home = Home()
    seen: list[str] = []

    def follow(work: Any) -> bool:
        seen.append(work.bundle()["text/plain"])
        work.faces.append(lambda: seen.append(work.bundle()["text/plain"]))
        return True

    lab.follower = follow

    async def cell() -> object:
        bench = make()
        return await bench.run() is bench

    assert asyncio.run(_closing(cell(), lab))
    assert "2 to send" in seen[0]
    assert "2 of 2 done" in seen[-1]


async def _closing(cell: Any, lab: Lab) -> object:
    found = await cell
    for desk in lab._desks._desks.values():
        await desk.engine.close()
    lab._desks._desks.clear()
    return found


def test_the_front_door(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """``kling.Bench`` takes the notebook's lab, and the starter suite where nothing is said."""
    monkeypatch.setattr("kling_nb.lab.the_lab", lambda: lab)
    bench = kling_nb.Bench(duration=5, model="kling-v3", mode=["std", "pro"])
    assert (bench.lab, len(bench), kling_nb.suite().name) == (lab, 48, "starter")
    assert bench._repr_mimebundle_()["text/html"].startswith('<div class="kling-nb')


def test_what_others_wrote_is_escaped(make: Make, gw: Loopback) -> None:
    """Prompts, names and reasons are text."""
    gw.script(Script(states=("failed",), reason="<script>alert(1)</script>"))
    bench = make([{"prompt": "task-1 <b>", "id": "<i>", "tags": "<u>"}], negative=["<s>", None], name="x<y>")
    run = bench.run()
    run.wait(60)
    pages = [run.bundle(), bench.bundle(), bench.dry_run()._repr_mimebundle_()]
    html = "".join(page["text/html"] for page in pages) + bench.prompts._repr_html_()
    assert [tag for tag in ("<script", "<b>,", "<i>,", "<u>", "<s>", "<y>") if tag in html] == []
    assert "&lt;script&gt;" in html
