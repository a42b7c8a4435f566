"""The whole report: every check by itself, no network without a key, no key in it, HTML and text alike."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb import __main__ as console
from kling_nb.doctor import Report, Visit, asked, examine, folders, machine, sites
from kling_nb.doctor.asked import Asked
from kling_nb.errors import OptionError
from kling_nb.gateways import gateway
from kling_nb.lab import Lab
from kling_nb.show.checks import Check, checks, checks_text, tally
from tests.lab.test_secrets import echo, leaks, log
from tests.loopback import Fault
from tests.notebook.kernels import environment
from tests.show.conftest import _read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Notebook

__all__ = ["log"]

KEY = "sk-doctor-0123456789-secret"
EVIL = "x\"'><script>alert(1)</script>\x1b[2J`<b>`"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab without keys, that would tell if it were asked over the network."""
    monkeypatch.chdir(tmp_path)

    def ask(*_: object) -> None:
        raise AssertionError("a gateway was asked")

    monkeypatch.setattr(Lab, "ask", ask)
    return Lab(env={})


def test_without_keys_nothing_is_asked(lab: Lab) -> None:
    """Every gateway has its row, with the name of its variable; all is well."""
    report = examine(lab, env={})
    said = repr(report)
    assert not report.bad, said
    assert "a gateway was asked" not in said
    for words in ("Python", "packages", "front end", "writable", "journal", "sandbox", "KLINGAI_API_KEY", "FAL_KEY"):
        assert words in said
    assert [check.group for check in report.checks] == sorted(
        (check.group for check in report.checks), key=["This Python", "Output folder", "Gateways"].index
    )


def test_offline_nothing_is_asked_although_there_is_a_key(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row says that it was not asked."""
    env = {"IMAROUTER_API_KEY": KEY, "IMAROUTER_BASE_URL": "https://relay.example.com/v9?token=hidden"}
    monkeypatch.setattr(lab.desks, "_env", env)
    (check,) = [check for check in examine(lab, offline=True, env={}).checks if check.what == "ImaRouter"]
    assert check.health == "ok"
    assert check.said == "IMAROUTER_API_KEY set at https://relay.example.com (by IMAROUTER_BASE_URL); not asked."


def test_what_raises_is_a_row(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One check falls ill; what it had found stays, and the others are there. A key in its words is masked."""

    def ill(_: Lab) -> Any:
        yield Check("Output folder", "first", "ok", "Found before.")
        raise RuntimeError(f"no idea, {KEY}")

    monkeypatch.setattr(folders, "folder", ill)
    monkeypatch.setattr(lab.desks, "_env", {"FAL_KEY": KEY})
    report = examine(lab, offline=True, env={})
    said = repr(report)
    assert "Found before." in said
    assert "Could not be looked at (RuntimeError: no idea, •••)." in said
    assert KEY not in said + report._repr_html_()
    assert "journal" in said


def test_what_hangs_holds_nobody_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row says so; all others are whole."""
    release = threading.Event()

    def hang(_: Lab, __: str, *, offline: bool) -> list[Check]:
        del offline
        release.wait()
        return []

    monkeypatch.setattr(sites, "site", hang)
    monkeypatch.setattr(sites, "names", lambda: ("imarouter",))
    monkeypatch.setattr(machine, "packages", list)
    report = examine(lab, limit=0.3, env={})
    release.set()
    late = [check for check in report.checks if check.health == "warn"]
    assert [(check.what, check.said) for check in late] == [("ImaRouter", "No answer within 0.3 s.")]


def test_the_loop_goes_on_meanwhile(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook jobs are polled while a gateway takes its time."""
    release = threading.Event()
    monkeypatch.setattr(sites, "names", lambda: ("imarouter",))
    monkeypatch.setattr(sites, "site", lambda *_, **__: release.wait() and [])

    async def scene() -> list[Report]:
        told: list[Report] = []
        visit = asyncio.ensure_future(Visit(lab, limit=30.0, env={}, tell=told.append).ended())
        await asyncio.sleep(0)
        release.set()  # only a loop that goes on gets here
        await visit
        return told

    (report,) = asyncio.run(scene())
    assert [check for check in report.checks if check.health == "warn"] == []
    assert "A loop is running" in repr(report)


@pytest.mark.parametrize("name", ["kling", "signed", "agentsflare", "imarouter", "wireflow"])
def test_no_key_is_seen(nb: Notebook, log: pytest.LogCaptureFixture, name: str) -> None:
    """Not in the report, a log, or a file, whatever the gateway answers, even if it is the key."""
    if name == "signed":
        del nb.env["KLINGAI_API_KEY"]
        nb.env |= {"KLINGAI_ACCESS_KEY": nb.gw.access_key, "KLINGAI_SECRET_KEY": nb.gw.secret_key}
    mine = gateway("kling" if name == "signed" else name)
    for other in {gateway(one) for one in sites.names()} - {mine}:
        for variable in (variable for names in other.keys for variable in names):
            nb.env.pop(variable, None)
    told = f"bad {echo(nb, name)}"
    nb.gw.fault("GET", Fault(401, {"code": 1000, "message": told, "error": told}), times=None)
    report = examine(nb.lab, env={"HTTPS_PROXY": f"http://me:{nb.gw.key}@proxy.example:1"})
    nb.outputs += [report.bundle(), {"text/plain": repr(vars(report))}]
    assert "•••" in repr(report)
    assert [check.health for check in report.checks if check.what == mine.label] in (["bad"], ["ok"])
    assert nb.gw.requests
    assert leaks(nb, name, log) == []


def test_html_and_text_are_twins_and_escape() -> None:
    """What a gateway wrote is text in both, and both say the same."""
    rows = [
        Check(EVIL, EVIL, "bad", EVIL, EVIL),
        Check("b", "c", "note", "d"),
        Check("b", "e", "ok", "f", "Do `this`."),
    ]
    page = _read(checks(rows, title=EVIL, note=EVIL))
    assert not page.all("script")
    assert not page.all("b") or "Mend it" in page.text
    assert "<code>this</code>" in checks(rows, title="x")
    text = checks_text(rows, title=EVIL, note=EVIL)
    assert "\x1b" not in text
    for said in (page.text, text):
        assert "Mend it" in said
        assert "1 to mend, 1 fine" in said


def test_tally() -> None:
    """What has to be done comes first; what is optional does not count."""
    assert tally([]) == "Nothing was looked at."
    rows = [Check("g", "w", health, "s") for health in ("ok", "note", "warn", "bad", "ok")]
    assert tally(rows) == "1 to mend, 1 to look at, 2 fine"
    assert Report(rows).bad
    assert not Report(rows[:3]).bad


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], Asked()), (["--offline"], Asked(offline=True)), (["--load"], Asked(load=50)),
        (["--load", "200", "--offline"], Asked(offline=True, load=200)),
    ],
)  # fmt: skip
def test_words_of_the_line(typed: list[str], meant: Asked) -> None:
    """Two options, one with a number."""
    assert asked(typed) == meant


@pytest.mark.parametrize("typed", [["--onlin"], ["--load", "many"], ["--load", "-5"]])
def test_a_strange_word(typed: list[str]) -> None:
    """One sentence that says what there is."""
    with pytest.raises(OptionError, match=r"it takes --offline and --load \[N\]"):
        asked(typed)


def test_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usage in five lines, then the report; the exit code says whether something has to be mended."""
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with redirect_stdout(said):
        assert console.main(["--offline"]) == 0
    usage, _, report = said.getvalue().partition("\n\n")
    assert len(usage.splitlines()) == 5
    assert report.startswith("kling_nb doctor\n")
    monkeypatch.setattr(console, "examine", lambda *_, **__: Report([Check("g", "w", "bad", "s")]))
    with redirect_stdout(said):
        assert console.main([]) == 1


def test_console_as_a_program(tmp_path: Path) -> None:
    """It needs no notebook, complains of nothing and leaves nothing behind."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "kling_nb", "--offline"], cwd=tmp_path,
        env=environment(tmp_path / "home"), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "A script." in done.stdout
    assert not (tmp_path / "kling_outputs").exists()
