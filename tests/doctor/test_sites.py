"""One free question for each gateway whose key is set, and what its answer means."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kling_nb.doctor import sites
from kling_nb.gateways import gateway
from tests.loopback import Fault, Loopback
from tests.loopback.kling2 import deduction, pack

if TYPE_CHECKING:
    from kling_nb.show.checks import Check
    from tests.lab.conftest import Notebook

NAMES = ("kling", "agentsflare", "imarouter", "wireflow")
USAGE = r"GET /api/usage/token/user-balance"
SIGNED = {"KLINGAI_ACCESS_KEY": Loopback.access_key, "KLINGAI_SECRET_KEY": Loopback.secret_key}


@pytest.fixture(autouse=True)
def on_time(nb: Notebook) -> None:
    """The loopback gateway dates its answers by this machine's clock, and so does the lab here."""
    nb.clock.time = time.time()
    nb.gw.fault(USAGE, Fault(200, {"data": {"balance_usd": 12.5}}))


def look(nb: Notebook, name: str, *, offline: bool = False) -> list[Check]:
    """What is found."""
    return list(sites.site(nb.lab, name, offline=offline))


@pytest.mark.parametrize("name", NAMES)
def test_reachable(nb: Notebook, name: str) -> None:
    """The variable, that it answers, and nothing paid."""
    (check,) = look(nb, name)
    assert check.health == "ok", check
    assert check.what == gateway(name).label
    assert gateway(name).keys[0][0] in check.said
    assert nb.gw.requests
    assert nb.gw.paid == []
    assert not nb.lab.journal.recent()


def test_the_balance_stands_there(nb: Notebook) -> None:
    """What is left, in the account's own units."""
    now = nb.clock.now()
    nb.gw.kling2.packs = [pack("Video pack", 118, 200, now)]
    nb.gw.kling2.deductions = [deduction(112.1, now, hours=5)]
    (check,) = look(nb, "kling")
    assert "the key holds: USD 112.10, 118 units left" in check.said


def test_an_empty_account(nb: Notebook) -> None:
    """It holds, and nothing can be made with it."""
    nb.gw._plans.clear()
    nb.gw.fault(USAGE, Fault(200, {"data": {"balance_usd": 0}}))
    (check,) = look(nb, "imarouter")
    assert check.health == "warn"
    assert "nothing is left: USD 0.00" in check.said


@pytest.mark.parametrize("name", ["kling", "imarouter", "wireflow"])
def test_a_key_that_is_refused(nb: Notebook, name: str) -> None:
    """Bad, with the variable to set."""
    nb.gw._plans.clear()
    nb.gw.fault("GET", Fault(401, {"code": 1000, "message": "no such key"}), times=None)
    (check,) = look(nb, name)
    assert check.health == "bad"
    assert gateway(name).key_names in check.cure


@pytest.mark.parametrize("name", NAMES)
def test_a_gateway_that_is_down(nb: Notebook, name: str) -> None:
    """Bad as well, and another cure."""
    nb.gw._plans.clear()
    nb.gw.fault("GET", Fault(drop=True), times=None)
    (check,) = look(nb, name)
    assert check.health == "bad"
    assert "status page" in check.cure


def test_an_answer_that_nobody_understands(nb: Notebook) -> None:
    """It is there, and something is odd."""
    nb.gw._plans.clear()
    nb.gw.fault("GET", Fault(200, {"data": "hello"}), times=None)
    (check,) = look(nb, "imarouter")
    assert check.health == "warn"
    assert "it answers" in check.said


@pytest.mark.parametrize("name", NAMES)
def test_no_key_no_question(nb: Notebook, name: str) -> None:
    """The variable's name, and no network."""
    for variable in [variable for names in gateway(name).keys for variable in names]:
        nb.env.pop(variable, None)
    (check,) = look(nb, name)
    assert check.health == "note"
    assert gateway(name).key_names in check.said
    assert nb.gw.requests == []


def test_offline_no_question(nb: Notebook) -> None:
    """Although there is a key."""
    (check,) = look(nb, "kling", offline=True)
    assert (check.health, nb.gw.requests) == ("ok", [])


def test_half_of_what_it_needs(nb: Notebook) -> None:
    """A key and no workflow; half of a pair of keys."""
    del nb.env["WIREFLOW_WORKFLOW_ID"]
    (check,) = look(nb, "wireflow")
    assert (check.health, "WIREFLOW_WORKFLOW_ID" in check.cure) == ("warn", True)
    del nb.env["KLINGAI_API_KEY"]
    nb.env["KLINGAI_ACCESS_KEY"] = nb.gw.access_key
    (check,) = look(nb, "kling")
    assert check.health == "note"
    assert nb.gw.requests == []


def test_an_address_that_would_leak_the_key(nb: Notebook) -> None:
    """Nothing is sent there."""
    nb.env["IMAROUTER_BASE_URL"] = "http://relay.example.com"
    (check,) = look(nb, "imarouter")
    assert check.health == "bad"
    assert "unencrypted" in check.said


@pytest.mark.parametrize(
    ("signed", "ahead", "health"),
    [(True, 30.0, "bad"), (True, -300.0, "bad"), (False, 300.0, "warn"), (False, 30.0, None), (True, -30.0, None)],
)
def test_a_wrong_clock(nb: Notebook, signed: bool, ahead: float, health: str | None) -> None:  # noqa: FBT001
    """A signed token does not hold yet if it comes from the future; otherwise a minute is nothing."""
    if signed:
        del nb.env["KLINGAI_API_KEY"]
        nb.env |= SIGNED
    nb.clock.time += ahead
    nb.gw.clock = time.time
    clocks = [check for check in look(nb, "kling") if check.what == "clock"]
    assert [check.health for check in clocks] == ([health] if health else [])
    if clocks:
        assert ("ahead of" if ahead > 0 else "behind") in clocks[0].said


def test_chosen(nb: Notebook) -> None:
    """The one that a cell uses if it names none; one that does not exist is to be mended."""
    assert "charges nothing" in next(sites.chosen(nb.lab)).said
    nb.lab.settings.gateway = "kling"
    assert "spends money" in next(sites.chosen(nb.lab)).said
    nb.lab.settings.gateway = "klnig"
    assert next(sites.chosen(nb.lab)).health == "bad"


def test_the_sandbox_can_film(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the encoder; without it, how to get one."""
    assert next(sites.sandbox()).health == "ok"
    monkeypatch.setattr(sites, "_ENCODER", "libnone")
    assert next(sites.sandbox()).health == "bad"
