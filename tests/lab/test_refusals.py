"""What a gateway may answer, in every shape that its pages document: one sentence, the right type, nothing charged."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb.errors import (
    AnswerError,
    GenerationError,
    KeyRefusedError,
    KlingError,
    ModerationError,
    NoCreditError,
    NotAVideoError,
    NotFoundError,
    OutageError,
    RejectedError,
    UnknownOutcomeError,
)
from tests.lab.conftest import GATEWAYS, PAID, Notebook
from tests.loopback import Fault, Script

CELL = {
    "kling": "-g kling -m kling-v2-6",
    "agentsflare": "-g agentsflare -m kling-v2-5-turbo",
    "imarouter": "-g imarouter -m kling-v2-6",
    "wireflow": "-g wireflow -m kling-v2-5-turbo --mode pro",
}
HOSTILE = "<img src=x onerror=alert(1)> & <script>alert(2)</script>"


def kling(code: int, message: str) -> dict[str, Any]:
    """Kling's error envelope (kling.ai/document-api, "Error codes")."""
    return {"code": code, "message": message, "request_id": "c0de0001"}


def nest(status: int, message: str | list[str]) -> dict[str, Any]:
    """AgentsFlare's own errors (its FAQ)."""
    return {"statusCode": status, "message": message}


def relay(code: str, message: str) -> dict[str, Any]:
    """The task routes of new-api relays."""
    return {"code": code, "message": message, "data": None}


def openai(code: str, message: str, kind: str = "new_api_error") -> dict[str, Any]:
    """The middleware of new-api relays, and Wireflow's other error shape."""
    return {"error": {"message": message, "type": kind, "code": code}}


REFUSALS: list[tuple[str, int, Any, type[KlingError]]] = [
    # 401 and its kin
    ("kling", 401, kling(1000, "Authentication failed"), KeyRefusedError),
    ("kling", 401, kling(1001, "Authorization is empty"), KeyRefusedError),
    ("kling", 401, kling(1002, "Authorization is invalid"), KeyRefusedError),
    ("kling", 401, kling(1003, "Authorization is not yet valid"), KeyRefusedError),
    ("kling", 401, kling(1004, "Authorization has expired"), KeyRefusedError),
    ("kling", 403, kling(1103, "No right to this model"), KeyRefusedError),
    ("kling", 429, kling(1100, "Account exception"), KeyRefusedError),
    ("agentsflare", 404, nest(404, "Key not found"), KeyRefusedError),
    ("agentsflare", 401, nest(401, "Unauthorized"), KeyRefusedError),
    ("imarouter", 401, openai("invalid_api_key", "Invalid token"), KeyRefusedError),
    ("imarouter", 401, relay("unauthorized", "no key"), KeyRefusedError),
    ("wireflow", 401, {"error": "Invalid API key format. Expected: Bearer sk-..."}, KeyRefusedError),
    ("wireflow", 401, openai("authentication_error", "API key has expired", "authentication_error"), KeyRefusedError),
    ("wireflow", 403, {"error": "Forbidden"}, KeyRefusedError),
    # 402, and the 429s and 403s that mean the same
    ("kling", 429, kling(1101, "Account in arrears"), NoCreditError),
    ("kling", 429, kling(1102, "Resource pack used up"), NoCreditError),
    ("agentsflare", 429, nest(429, "Insufficient balance"), NoCreditError),
    ("agentsflare", 429, kling(1102, "resource pack exhausted"), NoCreditError),
    ("imarouter", 403, openai("insufficient_user_quota", "user quota is not enough"), NoCreditError),
    ("imarouter", 429, openai("insufficient_quota", "You exceeded your current quota"), NoCreditError),
    ("imarouter", 402, relay("quota", "用户额度不足"), NoCreditError),
    (
        "wireflow",
        402,
        {"error": "Insufficient credits. Required: 10, Available: 3", "insufficientCredits": True},
        NoCreditError,
    ),
    ("wireflow", 402, openai("insufficient_credits_error", "Insufficient credits", "api_error"), NoCreditError),
    # 404
    ("kling", 404, kling(1202, "The method does not exist"), NotFoundError),
    ("kling", 404, kling(1203, "The model does not exist"), NotFoundError),
    ("agentsflare", 404, {**nest(404, "Cannot POST /klingai/v1/videos/x"), "error": "Not Found"}, NotFoundError),
    ("imarouter", 404, openai("model_not_found", "no channel for this model"), NotFoundError),
    ("imarouter", 404, relay("not_found", "no such route"), NotFoundError),
    ("wireflow", 404, {"error": "Workflow not found"}, NotFoundError),
    ("wireflow", 404, openai("not_found", "Workflow not found", "invalid_request_error"), NotFoundError),
    # 400 and content rules
    ("kling", 400, kling(1201, "duration value is invalid"), RejectedError),
    ("kling", 400, kling(1301, "The prompt hit content safety"), ModerationError),
    ("agentsflare", 400, nest(400, ["prompt should not be empty", "mode must be std or pro"]), RejectedError),
    ("imarouter", 400, relay("invalid_request", "prompt is required"), RejectedError),
    ("imarouter", 400, openai("content_policy_violation", "not allowed"), ModerationError),
    ("wireflow", 400, {"error": "Node n_kling is missing model.name"}, RejectedError),
    ("wireflow", 422, {"error": "invalid_graph", "violations": [{"message": "no edge into n_kling"}]}, RejectedError),
]


@pytest.mark.parametrize(("gateway", "status", "body", "kind"), REFUSALS)
def test_refusal(nb: Notebook, gateway: str, status: int, body: Any, kind: type[KlingError]) -> None:
    """Sent once, charged never; the sentence names who refused and repeats the gateway's own words."""
    nb.gw.fault(PAID, Fault(status=status, body=body), times=None)
    error = nb.fails(CELL[gateway])
    assert type(error) is kind
    assert (error.charged, nb.gw.charged, nb.clock.sleeps) == (False, [], [])
    assert len(nb.gw.paid) == 1
    assert nb.fox.gateway == gateway
    assert str(status) in error.sentence
    assert nb.fox.status == "failed"
    assert nb.fox.error is error


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(("status", "kind"), [(401, KeyRefusedError), (402, NoCreditError), (404, OutageError)])
def test_web_page_instead_of_json(nb: Notebook, gateway: str, status: int, kind: type[KlingError]) -> None:
    """A proxy's page is named as what it is, and none of its markup gets into the notebook."""
    nb.gw.fault(PAID, Fault.html(status), times=None)
    error = nb.fails(CELL[gateway])
    assert type(error) is kind
    assert "a web page" in error.sentence
    assert (nb.gw.charged, len(nb.gw.paid)) == ([], 1)
    assert "<h1>" not in nb.outputs[-1]["text/html"]


@pytest.mark.parametrize(
    ("gateway", "body"),
    [
        ("kling", b'{"code": 12'),
        ("kling", b""),
        ("agentsflare", b"\xff\xfe\x00"),
        ("agentsflare", b"null"),
        ("imarouter", b"[[[["),
        ("imarouter", b""),
        ("wireflow", b'"sorry"'),
        ("wireflow", b"{}"),
    ],
)
def test_broken_json(nb: Notebook, gateway: str, body: bytes) -> None:
    """A 4xx that nobody can read is still a refusal: nothing was charged."""
    nb.gw.fault(PAID, Fault(status=400, body=body), times=None)
    error = nb.fails(CELL[gateway])
    assert isinstance(error, RejectedError | AnswerError)
    assert (error.charged, nb.gw.charged, len(nb.gw.paid)) == (False, [], 1)


THROTTLING: list[tuple[str, Any, dict[str, str], float]] = [
    ("kling", kling(1302, "Too many requests"), {}, 1.0),
    ("kling", kling(1303, "parallel task over resource pack limit"), {}, 1.0),
    ("kling", kling(1303, "parallel task over resource pack limit"), {"Retry-After": "20"}, 20.0),
    ("agentsflare", nest(429, "Too many requests per minute"), {}, 1.0),
    ("imarouter", openai("rate_limit_exceeded", "slow down"), {}, 5.0),
    ("imarouter", relay("too_many_requests", "请求过于频繁"), {}, 5.0),
    ("wireflow", {"error": "Too many workflow executions. Please try again later."}, {}, 30.0),
    ("wireflow", {"error": "Too many workflow executions.", "retryAfter": 1_795_150_845}, {}, 45.0),
    ("wireflow", {"error": "Too many workflow executions."}, {"X-RateLimit-Reset": "1795150812"}, 12.0),
]


@pytest.mark.parametrize(("gateway", "body", "headers", "wait"), THROTTLING)
def test_throttled(nb: Notebook, gateway: str, body: Any, headers: dict[str, str], wait: float) -> None:
    """The 429s that mean "wait" are waited out, as long as was asked for, and the clip is paid once."""
    nb.gw.fault(PAID, Fault(status=429, body=body, headers=headers))
    nb.cell(CELL[gateway])
    assert (len(nb.gw.paid), len(nb.gw.charged), nb.fox.status) == (2, 1, "done")
    assert nb.clock.sleeps[0] == wait


# --- lost answers -----------------------------------------------------------------------------------

LOST = [Fault(drop=True), Fault.html(502), Fault(status=500, body={}), Fault(status=200, body=b"{")]
TAKEN = [Fault(drop=True, accept=True), Fault.html(504, accept=True), Fault(status=200, body=b"{", accept=True)]
NAMES = ["nothing", "HTML 5xx", "500", "broken 200"]


@pytest.mark.parametrize(("gateway", "paid"), [("kling", 1), ("agentsflare", 1), ("wireflow", 2)])
@pytest.mark.parametrize("fault", TAKEN, ids=["nothing", "HTML 5xx", "broken 200"])
def test_answer_lost_after_it_was_taken(nb: Notebook, gateway: str, paid: int, fault: Fault) -> None:
    """The kling dialect is asked for the job by our key, Wireflow gets the same key again: one clip, one charge."""
    nb.gw.fault(PAID, fault)
    nb.cell(CELL[gateway])
    assert (len(nb.gw.charged), nb.fox.status) == (1, "done")
    assert len(nb.gw.paid) == paid
    assert len({seen.headers.get("idempotency-key") for seen in nb.gw.paid}) == 1
    assert len({seen.body for seen in nb.gw.paid}) == 1


@pytest.mark.parametrize("gateway", ["kling", "agentsflare", "wireflow"])
@pytest.mark.parametrize("fault", LOST, ids=NAMES)
def test_answer_lost_before_it_was_taken(nb: Notebook, gateway: str, fault: Fault) -> None:
    """Where the gateway can prove that it has no such job, it is sent again without a question."""
    nb.gw.fault(PAID, fault)
    nb.cell(CELL[gateway])
    assert (len(nb.gw.paid), len(nb.gw.charged), nb.fox.status) == (2, 1, "done")


@pytest.mark.parametrize("fault", LOST, ids=NAMES)
def test_answer_lost_where_nobody_can_tell(nb: Notebook, fault: Fault) -> None:
    """Perhaps paid: never sent again, also not by running the cell once more; the sentence says what to do."""
    nb.gw.fault(PAID, fault, times=None)
    for _ in range(2):
        error = nb.fails(CELL["imarouter"])
        assert type(error) is UnknownOutcomeError
        assert (error.charged, nb.fox.status, len(nb.gw.paid)) == (None, "unknown", 1)
        assert "--fresh" in error.sentence
    assert [state.id for state in nb.lab.journal.open_jobs()] == [nb.fox.id]


@pytest.mark.parametrize("gateway", ["kling", "agentsflare"])
def test_look_up_that_is_blind(nb: Notebook, gateway: str) -> None:
    """The repeat is refused because its key is taken: that is no proof of failure, and no second key is made."""
    nb.gw.fault(PAID, Fault(drop=True, accept=True))
    nb.gw.fault("GET .*/kn-", Fault(status=404, body=nest(404, "task not found")), times=None)
    for _ in range(2):
        error = nb.fails(CELL[gateway])
        assert type(error) is UnknownOutcomeError
        assert (error.charged, nb.fox.status, len(nb.gw.charged)) == (None, "unknown", 1)
    assert len({seen.json["external_task_id"] for seen in nb.gw.paid}) == 1


@pytest.mark.parametrize("gateway", ["kling", "agentsflare"])
def test_look_up_that_is_late(nb: Notebook, gateway: str) -> None:
    """A job that is listed only after its repeat was refused is found then, and was paid once."""
    nb.gw.fault(PAID, Fault(drop=True, accept=True))
    nb.gw.fault("GET .*/kn-", Fault(status=404, body=nest(404, "task not found")), times=5)
    nb.cell(CELL[gateway])
    assert (len(nb.gw.charged), nb.fox.status) == (1, "done")


@pytest.mark.parametrize("gateway", ["kling", "agentsflare", "wireflow"])
@pytest.mark.parametrize("broke", [402, 401])
def test_repeat_that_is_refused(nb: Notebook, gateway: str, broke: int) -> None:
    """The lost request may have taken the last credit: a refused repeat does not call the job unpaid."""
    nb.gw.fault(PAID, Fault(drop=True))
    nb.gw.fault(PAID, Fault(status=broke, body={"error": "no"}), times=None)
    error = nb.fails(CELL[gateway])
    assert type(error) is UnknownOutcomeError
    assert (error.charged, nb.fox.status, nb.gw.charged) == (None, "unknown", [])


# --- trouble after the money moved --------------------------------------------------------------------


DREAMING = {"code": 0, "status": "SUPERSEDED", "data": {"task_status": "dreaming"}}


@pytest.mark.parametrize(
    ("gateway", "fault"),
    [
        ("kling", Fault(status=503, body={})),
        ("kling", Fault.html(502)),
        ("kling", Fault(status=429, body={})),
        ("kling", Fault(status=200, body=b"{")),
        ("kling", Fault(drop=True)),
        ("kling", Fault(status=404, body={"error": "not yet"})),
        *((gateway, Fault.html(502)) for gateway in GATEWAYS[1:]),
        *((gateway, Fault(status=404, body={"error": "not yet"})) for gateway in GATEWAYS[1:]),
        *((gateway, Fault(status=200, body=DREAMING)) for gateway in GATEWAYS),
    ],
)
def test_trouble_while_polling(nb: Notebook, gateway: str, fault: Fault) -> None:
    """A paid job is not given up for three bad answers in a row."""
    nb.gw.fault("GET /(?!files|cdn)", fault, times=3)
    nb.cell(CELL[gateway])
    assert (len(nb.gw.paid), nb.fox.status) == (1, "done")


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize(
    ("reason", "kind"),
    [("The model gave up", GenerationError), ("Failure to pass the risk control system", ModerationError)],
)
def test_failed_generation(nb: Notebook, gateway: str, reason: str, kind: type[KlingError]) -> None:
    """The gateway's reason is the sentence; a second run of the cell asks anew, because nothing was charged."""
    nb.gw.script(Script(states=("running", "failed"), reason=reason), Script())
    error = nb.fails(CELL[gateway])
    assert (type(error), error.charged, nb.fox.status) == (kind, False, "failed")
    assert reason in error.sentence
    assert reason in nb.outputs[-1]["text/plain"]
    nb.cell(CELL[gateway])
    assert (len(nb.gw.paid), nb.fox.status) == (2, "done")


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_reason_is_escaped(nb: Notebook, gateway: str) -> None:
    """A gateway's words are text, whatever they look like: in the card, the grid and the table of jobs."""
    nb.gw.script(Script(states=("failed",), reason=HOSTILE))
    error = nb.fails(CELL[gateway], f"{HOSTILE} prompt")
    assert "<script>alert(2)</script>" in error.sentence
    nb.shell.user_ns["fox"]._keeper.show([nb.fox])
    bundles = [*nb.outputs, nb.lab.bundle([nb.fox]), nb.lab.bundle([nb.fox, nb.fox])]
    for html in (bundle["text/html"] for bundle in bundles):
        assert "<img" not in html
        assert "alert(2)</script>" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html


@pytest.mark.parametrize(
    ("gateway", "body", "words"),
    [
        ("kling", b"<html><script>alert(1)</script>", "not a video"),
        ("agentsflare", b"", "empty"),
        ("imarouter", b'{"error": "expired"}', "not a video"),
        ("wireflow", b"\x00\x00\x00\x20ftypisom" + bytes(100), "not a video"),
    ],
    ids=["page", "empty", "JSON", "torn MP4"],
)
def test_result_that_is_not_a_video(nb: Notebook, gateway: str, body: bytes, words: str) -> None:
    """Nothing is kept that does not play; the paid job stays open, and comes home once the link is mended."""
    good, nb.gw.clip_bytes = nb.gw.clip_bytes, body
    error = nb.fails(CELL[gateway])
    assert (type(error), error.charged) == (NotAVideoError, True)
    assert words in error.sentence
    assert {path.suffix for path in nb.folder.iterdir()} == {".sqlite"}
    assert "<script>" not in nb.outputs[-1]["text/html"].partition("</style>")[2]
    nb.gw.clip_bytes = good
    nb.cell(CELL[gateway])
    assert (len(nb.gw.paid), nb.fox.status) == (1, "done")


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_expired_link(nb: Notebook, gateway: str) -> None:
    """A link that has expired is asked for once more at the gateway; some sign a new one each time."""
    nb.gw.fault(r"GET .*\.mp4", Fault(status=403))
    nb.cell(CELL[gateway])
    assert (len(nb.gw.paid), len(nb.gw.downloads), nb.fox.status) == (1, 2, "done")
