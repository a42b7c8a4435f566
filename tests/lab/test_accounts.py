"""What an account has left, one gateway in detail, and Kling's second generation from a cell to its clip."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import kling_nb as kling
from kling_nb.errors import GatewayError, KeyRefusedError, MissingKeyError, NoCreditError, OptionError, OutageError
from kling_nb.gateways import gateway
from kling_nb.gateways.kling_account import account
from kling_nb.lab.accounts import Account, balance, gateway_table
from kling_nb.wire import Answer, Balance, run_flow
from tests.loopback import Fault, Loopback, Script
from tests.loopback.kling2 import deduction, pack

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

USAGE = r"GET /api/usage/token/user-balance"
HOSTILE = "<img src=x onerror=alert(1)>"
SIGNED = {"KLINGAI_ACCESS_KEY": Loopback.access_key, "KLINGAI_SECRET_KEY": Loopback.secret_key}


def with_tokens(nb: Notebook) -> None:
    """Sign with access and secret key; there is no API key."""
    del nb.env["KLINGAI_API_KEY"]
    nb.env |= SIGNED


def filled(nb: Notebook) -> float:
    """Give the account at Kling packs and deductions; the time it is."""
    now = nb.clock.now()
    nb.gw.kling2.packs = [
        pack("Video pack", 118, 200, now),
        pack("Next year's", 50, 50, now, status="toBeOnline"),
        pack("Old", 3, 200, now, status="expired", days=300),
        pack("Empty", 0, 10, now, status="runOut"),
        pack("Ancient", 9, 9, now, days=500),
    ]
    nb.gw.kling2.deductions = [
        deduction(112.1, now, hours=5),
        deduction(99.0, now, hours=2, cash="test_balance"),
        deduction(120.5, now, hours=30),
    ]
    return now


# --- what is left -----------------------------------------------------------------------------


def test_kling_tells_packs_and_the_balance_after_the_last_deduction(nb: Notebook) -> None:
    """Units of the packs that are valid, dollars of the newest real deduction; two questions, nothing paid."""
    filled(nb)
    found = balance(nb.lab, "kling")
    assert (found.usd, found.units, found.credits) == (112.1, 118, None)
    assert found.summary == "USD 112.10, 118 units"
    told = dict(found.lines)
    assert told["balance"].startswith("USD 112.10 after the deduction of ")
    assert told["Video pack"].startswith("118 of 200 left, until ")
    assert told["Next year's"].endswith("(not valid yet)")
    assert told["packs expired or used up"] == "2"
    assert [seen.line for seen in nb.gw.requests] == ["GET /account/costs", "POST /account/billing/balance"]
    assert not nb.gw.paid


def test_a_signed_token_still_tells_the_packs(nb: Notebook) -> None:
    """The deductions want an API key; without one they are left out, not an error."""
    filled(nb)
    with_tokens(nb)
    found = balance(nb.lab, "kling")
    assert (found.usd, found.units) == (None, 118)
    assert "balance" not in dict(found.lines)


def test_imarouter_and_wireflow(nb: Notebook) -> None:
    """Dollars there, credits and limits here."""
    nb.gw.fault(USAGE, Fault(200, {"success": True, "data": {"balance_usd": 12.5, "used_amount_usd": 3}}))
    assert balance(nb.lab, "imarouter").summary == "USD 12.50"
    assert balance(nb.lab, "wireflow").credits is not None


@pytest.mark.parametrize(
    ("name", "note"),
    [("sandbox", "Nothing is charged here."), ("agentsflare", "AgentsFlare does not tell what an account has left")],
)
def test_who_does_not_tell(nb: Notebook, name: str, note: str) -> None:
    """Without asking."""
    found = balance(nb.lab, name)
    assert note in found.note
    assert note in repr(found)
    assert note in found._repr_html_()
    assert not nb.gw.requests


REFUSALS: list[tuple[str, str, Fault, type[GatewayError]]] = [
    ("kling", "/account/costs", Fault(401, {"code": 1000, "message": "Auth failed"}), KeyRefusedError),
    ("kling", "/account/costs", Fault(429, {"code": 1101, "message": "Account in arrears"}), NoCreditError),
    ("kling", "/account/costs", Fault.html(502), OutageError),
    ("imarouter", USAGE, Fault(401, {"error": {"message": "Invalid token"}}), KeyRefusedError),
    ("wireflow", "developer/usage", Fault(403, {"error": "usage:read is missing"}), KeyRefusedError),
]


@pytest.mark.parametrize(("name", "match", "fault", "kind"), REFUSALS)
def test_a_refusal_is_one_sentence(nb: Notebook, name: str, match: str, fault: Fault, kind: type[GatewayError]) -> None:
    """As an error from Python, as the line below the table from ``%kling gateways``."""
    nb.gw.fault(match, fault, times=None)
    with pytest.raises(kind) as caught:
        balance(nb.lab, name)
    assert "\n" not in caught.value.sentence
    text = gateway_table(nb.lab, name)["text/plain"]
    assert caught.value.sentence[:200] in text
    assert "left" not in [line.split()[0] for line in text.splitlines() if line]


def test_the_chosen_gateway_and_a_missing_key(nb: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """``kling.balance()`` asks the gateway that cells would use."""
    monkeypatch.setattr("kling_nb._lab", lambda: nb.lab)
    assert kling.balance().gateway == "sandbox"
    nb.env["KLING_NB_GATEWAY"] = "imarouter"
    nb.gw.fault(USAGE, Fault(200, {"data": {"balance_usd": 1}}))
    assert kling.balance().usd == 1
    del nb.env["IMAROUTER_API_KEY"]
    with pytest.raises(MissingKeyError, match="IMAROUTER_API_KEY"):
        kling.balance()
    with pytest.raises(OptionError, match="No gateway is called"):
        kling.balance("imaruter")


def test_what_a_gateway_says_is_escaped(nb: Notebook) -> None:
    """Pack names come from outside."""
    filled(nb)
    nb.gw.kling2.packs[0]["resource_pack_name"] = HOSTILE
    page = balance(nb.lab, "kling")._repr_html_()
    assert HOSTILE not in page
    assert "&lt;img src=x" in page


def test_an_account_that_tells_no_amount_says_so() -> None:
    """Lines alone are no amount."""
    told = repr(Account("films", "Films", lines=(("plan", "free"),)))
    assert "plan  free" in told
    assert told.endswith("Films tells no amount.")


ODD: list[Any] = [None, [], {}, "", -1, True, 1e400, "x", [[]], [{}], {"a": []}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("place", ["packs", "pack", "value", "deductions", "deduction"])
def test_any_account_answer(place: str, odd: Any) -> None:
    """A balance or an error of our own, whatever stands where."""
    fields = ("resource_pack_name", "total_quantity", "remaining_quantity", "invalid_time", "status")
    good = {"resource_pack_name": "a", "status": "online"}
    entry: Any = {"pack": odd, "value": good | dict.fromkeys(fields[1:4], odd)}.get(place, good)
    costs = {"code": 0, "data": {"resource_pack_subscribe_infos": odd if place == "packs" else [entry]}}
    names = ("deduction_time", "balance_after_deduction", "currency", "cash_type")
    detail: Any = odd if place == "deductions" else [dict.fromkeys(names, odd) if place == "deduction" else {}]
    answers = iter([costs, {"code": 0, "data": {"result": {"detail": detail}}}])

    found = run_flow(
        account(gateway("kling"), 1_795_150_800.0), lambda _: Answer(200, {}, json.dumps(next(answers)).encode())
    )
    assert isinstance(found, Balance)
    assert all(isinstance(part, str) for line in found.lines for part in line)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": 0}', b'{"code": 0, "data": {"code": 1201, "msg": "no"}}'])
def test_an_account_answer_that_says_nothing_is_an_error(body: bytes) -> None:
    """Also where the error hides in the data."""
    with pytest.raises(GatewayError):
        run_flow(account(gateway("kling"), 1_795_150_800.0), lambda _: Answer(200, {}, body))


# --- one gateway in detail --------------------------------------------------------------------


def test_one_gateway_in_detail(nb: Notebook) -> None:
    """``%kling gateways kling``: where, which key, what it makes, its limits, what is left; never the key."""
    filled(nb)
    nb.shell.run_line_magic("kling", "gateways sandbox")
    text = gateway_table(nb.lab, "kling")["text/plain"]
    for words in (nb.gw.url, "KLINGAI_API_KEY set", "motion-control", "none are published", "USD 112.10, 118 units"):
        assert words in text
    assert nb.gw.key not in text
    assert "10 requests a minute" in gateway_table(nb.lab, "wireflow")["text/plain"]
    with pytest.raises(OptionError, match="Did you mean imarouter"):
        gateway_table(nb.lab, "imaruter")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("kling", {"KLINGAI_API_KEY": ""}, "not set: KLINGAI_API_KEY, or KLINGAI_ACCESS_KEY and KLINGAI_SECRET_KEY"),
        ("kling", SIGNED | {"KLINGAI_API_KEY": ""}, "(models named like kling-3.0 need KLINGAI_API_KEY)"),
        ("wireflow", {"WIREFLOW_WORKFLOW_ID": ""}, "WIREFLOW_API_KEY set, but WIREFLOW_WORKFLOW_ID not"),
        ("sandbox", {}, "none needed"),
        ("kling", {"KLINGAI_BASE_URL": "http://kling.example"}, "is plain http to kling.example"),
    ],
)
def test_what_is_missing_is_said(nb: Notebook, name: str, change: dict[str, str], words: str) -> None:
    """Which variables are set, and where the key would not be safe."""
    nb.env |= change
    assert words in gateway_table(nb.lab, name)["text/plain"]


# --- the second generation, from a cell to its clip --------------------------------------------


def test_a_clip_of_the_second_generation(nb: Notebook) -> None:
    """Its own path and polls, one clip, and the units that it took."""
    nb.gw.script(Script(("queued", "running", "done")))
    fox = nb.cell("-g kling -m kling-3.0-turbo --mode pro -d 5 -a 16:9")
    assert fox.status == "done"
    assert [seen.path for seen in nb.gw.paid] == ["/text-to-video/kling-3.0-turbo"]
    assert nb.gw.paid[0].json["settings"] == {"resolution": "1080p", "aspect_ratio": "16:9", "duration": 5}
    assert {seen.path for seen in nb.polls()} == {"/tasks"}
    assert fox.state.ticket["extra"] == {"generation": 2}
    assert fox.state.charge["units"] == 4.0
    again = nb.cell("-g kling -m kling-3.0-turbo --mode pro -d 5 -a 16:9")
    assert again.status == "done"
    assert len(nb.gw.charged) == 1


def test_a_lost_answer_is_looked_up_and_not_paid_twice(nb: Notebook) -> None:
    """By the external id, on /tasks."""
    nb.gw.fault("POST /text-to-video/", Fault(accept=True, drop=True))
    assert nb.cell("-g kling -m kling-3.0").status == "done"
    assert (len(nb.gw.paid), len(nb.gw.charged)) == (1, 1)
    assert any("external_task_ids" in seen.query for seen in nb.polls())


@pytest.mark.parametrize(
    ("model", "cure"), [("kling-3.0-turbo", "use another --model"), ("kling-2.6", "use --model kling-v2-6")]
)
def test_without_an_api_key_it_is_one_sentence_before_anything_is_sent(nb: Notebook, model: str, cure: str) -> None:
    """A signed token cannot ask for it; the first generation's name still can."""
    with_tokens(nb)
    error = nb.fails(f"-g kling -m {model}")
    assert isinstance(error, MissingKeyError)
    assert (
        f"{model} is on Kling's second generation, which takes an API key only: set KLINGAI_API_KEY" in error.sentence
    )
    assert cure in error.sentence
    assert not nb.gw.requests
    assert nb.cell("-g kling -m kling-v2-6").status == "done"


def test_the_long_prompt_of_the_second_generation(nb: Notebook) -> None:
    """3072 characters where its pages say so, 2500 everywhere else."""
    long = "x" * 3072
    assert nb.cell("-g kling -m kling-3.0", long).status == "done"
    assert "572 more than the 2,500 allowed" in nb.fails("-g kling -m kling-v3", long).sentence
    assert "1 more than the 3,072 allowed" in nb.fails("-g kling -m kling-3.0", f"{long}x").sentence
    assert "572 more than the 2,500 allowed" in nb.fails("-g kling -m kling-2.6", long).sentence


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-g agentsflare -m kling-3.0", "kling-3.0 is a name on Kling's second generation only: use --model kling-v3."),
        ("-g imarouter -m kling-3.0-turbo", "use another --model, or --gateway kling."),
        ("-g kling -m kling-3.0-turbo --mode 4k", "kling-3.0-turbo has no mode 4k"),
        ("-g kling -m kling-3.0-turbo --cfg 0.5", "does not use CFG"),
        ("-g kling -m kling-3.0 --negative rain", "Text-to-video does not take --negative"),
    ],
)
def test_what_it_cannot_do(nb: Notebook, line: str, words: str) -> None:
    """One sentence, nothing sent."""
    assert words in nb.fails(line).sentence
    assert not nb.gw.requests


def test_a_silent_clip_of_a_model_that_always_sounds(nb: Notebook) -> None:
    """It is made, and the cell says so."""
    fox = nb.cell("-g kling -m kling-3.0-turbo --sound off")
    assert "kling-3.0-turbo makes its clips with sound, always: --sound has no effect." in fox.state.notes
    assert "audio" not in nb.gw.paid[0].json["settings"]
