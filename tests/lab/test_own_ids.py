"""An id of the user's own names one task only: a lost answer is looked up by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kling_nb.errors import GenerationError, OptionError
from tests.loopback import Fault, Script

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

CELL = "-g kling -m kling-v2-6 --external-id fox-1"


def refused(nb: Notebook, line: str, body: str, names: str) -> None:
    """One sentence that names the job that has the id; nothing is sent and nothing is written down."""
    sent, jobs = len(nb.gw.requests), len(nb.lab.jobs())
    error = nb.fails(line, body)
    assert isinstance(error, OptionError)
    assert f"--external-id fox-1 names the task of {names} on Kling" in error.sentence
    assert (len(nb.gw.requests), len(nb.lab.jobs())) == (sent, jobs)


def test_a_later_cell_cannot_use_it_for_another_clip(nb: Notebook) -> None:
    """Neither another prompt nor a new sample of the same; the same request still shows its clip."""
    fox = nb.cell(CELL, "a fox")
    refused(nb, CELL, "a wren", fox.id)
    refused(nb, f"{CELL} --fresh", "a fox", fox.id)
    refused(nb, f"{CELL} --force", "a wren", fox.id)
    assert nb.cell(CELL, "a fox").id == fox.id
    assert nb.cell("-g kling -m kling-v2-6 --external-id fox-2", "a wren").status == "done"
    assert len(nb.gw.charged) == 2


def test_a_failed_task_keeps_its_id(nb: Notebook) -> None:
    """The gateway knows that task: under its id the clip cannot be made anew."""
    nb.gw.script(Script(("failed",)))
    assert isinstance(nb.fails(CELL, "a fox"), GenerationError)
    refused(nb, CELL, "a fox", nb.fox.id)


def test_an_id_that_never_arrived_is_free(nb: Notebook) -> None:
    """A refused request made no task."""
    nb.gw.fault("^POST", Fault(400, {"code": 1201, "message": "no"}))
    nb.fails(CELL, "a fox")
    assert nb.cell(CELL, "a wren").status == "done"


@pytest.mark.parametrize("line", ["-g agentsflare -m kling-v2-6 --external-id fox-1", f"{CELL} --sandboxed"])
def test_each_gateway_has_its_own(nb: Notebook, line: str) -> None:
    """An id is unique per account."""
    nb.env["KLING_NB_SANDBOX"] = "latency=0.05 resolution=tiny"
    assert nb.cell(CELL, "a fox").status == "done"
    assert nb.cell(line, "a wren").status == "done"
