"""Whatever a gateway or a user writes stays text: in results, cards, tables, dry runs and error sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from IPython.utils.capture import capture_output

from kling_nb.errors import KlingError
from kling_nb.show.grids import _STEP
from tests.loopback import Fault

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

MARKUP = "\"'><script>alert(1)</script><img/src=x/onerror=alert(1)><a/href=javascript:alert(1)>`<b/onclick=y>`"
EVIL = f"\x1b[31m\x1b]0;owned\x07\u202e\ud800\x9b {MARKUP} javascript:alert(1)\r\n\u2028end"
"""Markup, terminal escapes (also the one-byte kind), a direction override, half a character, line ends."""

UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LINES = {
    "kling": "-g kling -m kling-v2-6",
    "imarouter": "-g imarouter -m kling-v2-6 --mode pro",
    "wireflow": "-g wireflow -m kling-v2-5-turbo --mode pro",
}
DIALECTS = pytest.mark.parametrize("gateway", LINES)
Read = Callable[[str], Any]


def check_text(text: str) -> None:
    """What any terminal may be given."""
    found = UNSHOWABLE.search(text)
    assert found is None, repr(text[max(0, found.start() - 40) : found.end() + 20])


def check_output(bundle: dict[str, str], read: Read) -> None:
    """No script but our own, no picture, no link but to the web or beside the notebook, nothing unshowable."""
    page = read(bundle["text/html"])
    assert len(page.all("script")) == bundle["text/html"].count(_STEP)
    assert {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed", "form", "link", "meta", "base"} == set()
    for _, attrs in page.tags:
        for name in {"src", "href", "action", "formaction", "xlink:href"} & attrs.keys():
            assert re.match(r"https?://|(\.\./)*[\w%.-]+(/[\w%.-]+)*$", attrs[name])
    assert "javascript:" not in str([attrs.get("style") for _, attrs in page.tags])
    for text in bundle.values():
        check_text(text)


def check_all(nb: Notebook, read: Read) -> None:
    """Everything that was shown so far, and what the lists and the handle show of it."""
    for command in ("jobs", "cost"):
        with capture_output() as said:
            nb.shell.run_line_magic("kling", command)
        nb.outputs += [output.data for output in said.outputs]
        check_text(said.stdout)
    for job in nb.lab.jobs():
        with capture_output() as said:
            nb.shell.run_line_magic("kling", f"show {job.id}")
        nb.outputs += [output.data for output in said.outputs]
        check_text(repr(job))
    assert len(nb.outputs) >= 3
    for bundle in nb.outputs:
        check_output(bundle, read)


def check_error(error: KlingError) -> None:
    """What IPython prints of it."""
    for line in error._render_traceback_():
        check_text(line)
        assert len(line) < 2000


# --- what a gateway writes ----------------------------------------------------------------------


@DIALECTS
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": EVIL, "message": EVIL, "request_id": EVIL}),
        (422, {"error": {"message": EVIL, "type": EVIL, "code": EVIL}, "violations": [{"message": EVIL}]}),
        (401, {"code": 1001, "message": EVIL}),
        (402, {"error": EVIL}),
        (404, {"statusCode": 404, "message": [EVIL, EVIL], "error": EVIL}),
        (400, f"<html><title>{MARKUP}\x1b[2J".encode()),
        (400, EVIL.encode("utf-8", "replace")),
        (500, {"message": EVIL, "detail": EVIL}),
        (200, {"code": EVIL, "message": EVIL, "data": EVIL, "error": EVIL}),
    ],
)
def test_refusal(nb: Notebook, read: Read, gateway: str, status: int, body: Any) -> None:
    """A refusal in any shape: its words are shown, as words."""
    nb.gw.fault("POST|executions", Fault(status=status, body=body), times=None)
    with pytest.raises(KlingError) as raised:
        nb.cell(LINES[gateway])
    check_error(raised.value)
    check_all(nb, read)


@DIALECTS
def test_failed_task(nb: Notebook, read: Read, gateway: str) -> None:
    """Task id, status word, progress, reason and code of a task that fails."""
    accepted, task = _task(EVIL)
    nb.gw.fault("POST", Fault(status=200, body=accepted), times=None)
    running = {**task, "data": {**task["data"], "task_status": EVIL, "status": EVIL}, "status": EVIL}
    nb.gw.fault("GET", Fault(status=200, body=running), times=2)
    nb.gw.fault("GET", Fault(status=200, body=task), times=None)
    with pytest.raises(KlingError) as raised:
        nb.cell(LINES[gateway])
    check_error(raised.value)
    assert "alert(1)" in raised.value.sentence
    assert "alert(1)" in str((nb.fox.state.ticket or {})["id"])
    check_all(nb, read)
    check_output(nb.lab.bundle(nb.lab.jobs()), read)


def _task(evil: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An accepted and a failed task in all dialects at once."""
    ids = {"task_id": evil, "id": evil, "executionId": evil, "execution_id": evil, "request_id": evil}
    failed = {"status": "failed", "task_status": "failed", "task_status_msg": evil, "fail_reason": evil}
    error = {"message": evil, "code": evil, "type": evil}
    return {"code": 0, **ids, "data": ids}, {
        "code": 0, "message": evil, **ids, **failed, "error": error, "progress": evil,
        "data": {**ids, **failed, "error": error}, "nodeStates": {evil: {"status": "failed", "error": evil}},
    }  # fmt: skip


def test_result_link_and_names(nb: Notebook, read: Read) -> None:
    """A finished clip whose address, id, note and charge are hostile: the page links only to our own file."""
    done = {
        "task_id": MARKUP, "task_status": "succeed", "task_status_msg": EVIL, "final_unit_deduction": EVIL,
        "task_result": {"videos": [{"id": EVIL, "url": f"{nb.gw.cdn_url}/files/{MARKUP}.mp4", "duration": EVIL}]},
    }  # fmt: skip
    headers = {"Content-Disposition": f'attachment; filename="../../{MARKUP}"', "Content-Type": MARKUP}
    nb.gw.fault("POST", Fault(status=200, body={"code": 0, "data": {"task_id": MARKUP, "task_status": MARKUP}}))
    nb.gw.fault("GET /v1", Fault(status=200, body={"code": 0, "data": done}), times=None)
    nb.gw.fault("GET /files", Fault(headers=headers))
    nb.cell(LINES["kling"])
    assert nb.fox.status == "done"
    check_all(nb, read)
    nb.cell(LINES["kling"] + " --fresh --takes 2")
    check_all(nb, read)


@pytest.mark.parametrize("where", [f"https://\x1b]0;owned\x07{MARKUP}/", "javascript:alert(1)", MARKUP])
def test_redirects(nb: Notebook, read: Read, where: str) -> None:
    """The Location of an answer and of a download ends in a sentence, and only there."""
    nb.gw.fault("POST", Fault(status=302, headers={"Location": where}))
    check_error(nb.fails(LINES["kling"]))
    nb.gw.fault("GET /files", Fault(status=302, headers={"Location": where}), times=None)
    with pytest.raises(KlingError) as raised:
        nb.cell(LINES["kling"])
    check_error(raised.value)
    check_all(nb, read)


# --- what a user writes -------------------------------------------------------------------------


def test_prompts_and_settings(nb: Notebook, read: Read) -> None:
    """Prompt, negative, model, mode and raw fields; sent as they are and shown as text."""
    nb.shell.user_ns["evil"] = EVIL
    line = "-g kling --force -m {evil} --mode {evil} --negative {evil} --set {evil}={evil}"
    nb.cell(f"{line} --dry-run", "{evil}\n---\n{evil} too")
    with pytest.raises(KlingError):  # nobody has such a model
        nb.cell(line, "{evil}\n---\n{evil} too")
    assert [seen.json["model_name"] for seen in nb.gw.paid] == [EVIL.replace("\ud800", "?")] * 2
    nb.cell("-g kling -m kling-v2-6 --negative {evil}", "{evil}\n---\n{evil} too")
    check_all(nb, read)
    assert "<script>alert(1)</script>" in read(nb.outputs[-1]["text/html"]).raw


@pytest.mark.parametrize(
    "line",
    [
        "-g {evil}",
        "-g kling --image {evil}",
        "-g kling --kind {evil}",
        "-g kling --camera {evil}",
        "-g kling --duration {evil}",
        "-g kling --sound {evil}",
        "-g kling --aspect {evil}",
        "-g kling -m kling-v2-6 --mode {evil}",
    ],
)
def test_mistakes(nb: Notebook, line: str) -> None:
    """The sentence that quotes a mistake cannot drive the terminal it is printed in."""
    nb.shell.user_ns["evil"] = EVIL
    with pytest.raises(KlingError) as raised:
        nb.cell(line)
    check_error(raised.value)


@pytest.mark.parametrize("command", ["models {}", "show {}", "cancel {}", "{}"])
def test_line_commands(nb: Notebook, command: str) -> None:
    """The same for the line magic."""
    with pytest.raises(KlingError) as raised:
        nb.shell.run_line_magic("kling", command.format(re.sub("[\"'\ud800]", "", EVIL)))
    check_error(raised.value)
