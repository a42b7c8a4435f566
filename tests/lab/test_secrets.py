"""The key is in no repr, log, traceback, journal, file or output, and no other host ever sees it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from kling_nb.credentials import MASK
from kling_nb.errors import KlingError
from tests.lab.conftest import GATEWAYS, PAID, Notebook
from tests.loopback import Fault, Script

if TYPE_CHECKING:
    from kling_nb.lab import Job

CELL = {
    "kling": "-g kling -m kling-v2-6",
    "signed": "-g kling -m kling-v2-6",
    "agentsflare": "-g agentsflare -m kling-v2-5-turbo",
    "imarouter": "-g imarouter -m kling-v2-6",
    "wireflow": "-g wireflow -m kling-v2-5-turbo --mode pro",
}


@pytest.fixture(params=CELL)
def gateway(request: pytest.FixtureRequest, nb: Notebook) -> str:
    """Every gateway, and Kling a second time with the pair of keys that sign."""
    name = str(request.param)
    if name == "signed":
        del nb.env["KLINGAI_API_KEY"]
        nb.env |= {"KLINGAI_ACCESS_KEY": nb.gw.access_key, "KLINGAI_SECRET_KEY": nb.gw.secret_key}
    return name


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that is logged, the HTTP library's own words included."""
    for name in ("", "httpx", "httpcore", "asyncio", "kling_nb"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def secrets(nb: Notebook, name: str) -> list[str]:
    """What must not be seen: keys, and the token that was signed with them at the first request."""
    if name != "signed":
        return [nb.gw.key]
    tokens = {seen.bearer for seen in nb.gw.requests if seen.bearer}
    return [nb.gw.access_key, nb.gw.secret_key, *tokens, *(token.rpartition(".")[2] for token in tokens)]


def echo(nb: Notebook, name: str) -> str:
    """The credential as the gateway will see it in the first request."""
    if name != "signed":
        return nb.gw.key
    now = int(nb.clock.now())
    claims = {"iss": nb.gw.access_key, "exp": now + 1800, "nbf": now - 5}
    return jwt.encode(claims, nb.gw.secret_key, algorithm="HS256")


def told(nb: Notebook, job: Job | None, error: BaseException | None) -> Iterator[tuple[str, str]]:
    """Everything that a person or a program could come to read, by where it stands."""
    gateway = nb.lab.gateway("kling")
    things = [nb.lab, nb.lab.settings, nb.lab.journal, nb.lab.jobs(), gateway, *nb.lab._desks._desks.values()]
    things += [thing for desk in nb.lab._desks._desks.values() for thing in (desk.engine, desk.engine._credentials)]
    if job:
        things += [job, job.state, job.request, job.video, job.error, job.state.ask, job.history]
    for thing in things:
        yield f"repr of {type(thing).__name__}", repr(thing) + str(thing)
    for number, bundle in enumerate([*nb.outputs, *([nb.lab.bundle([job])] if job else [])]):
        yield f"output {number}", json.dumps(bundle)
    seen = traceback.TracebackException.from_exception(error, capture_locals=True) if error else None
    while seen:
        yield "error", "".join(seen.format_exception_only())
        for frame in seen.stack:
            if not frame.filename.startswith((str(Path(__file__).parent), str(Path(traceback.__file__).parent))):
                yield f"locals of {frame.name}", json.dumps(frame.locals, default=str)
        seen = seen.__cause__ or seen.__context__


def leaks(nb: Notebook, name: str, log: pytest.LogCaptureFixture, error: BaseException | None = None) -> list[str]:
    """Where a secret stands."""
    hidden = secrets(nb, name)
    job = nb.shell.user_ns.get("fox")
    found = [place for place, text in told(nb, job, error) if any(secret in text for secret in hidden)]
    found += [f"log: {line[:60]}" for line in log.text.splitlines() if any(secret in line for secret in hidden)]
    files: list[Path] = [path for path in nb.folder.rglob("*") if path.is_file()]
    assert files
    return found + [path.name for path in files if any(secret.encode() in path.read_bytes() for secret in hidden)]


def assert_key_stayed_home(nb: Notebook) -> None:
    """Downloads and the other origin carry no Authorization; the API always does."""
    for seen in nb.gw.requests:
        away = seen.origin == "cdn" or seen in nb.gw.downloads
        assert ("authorization" in seen.headers) is not away, seen.line


def test_finished_clip(nb: Notebook, gateway: str, log: pytest.LogCaptureFixture) -> None:
    """A whole job with all its files, cards and log lines."""
    nb.cell(CELL[gateway])
    assert nb.fox.status == "done"
    logging.getLogger("httpcore.http11").debug("somebody else's exchange")
    said = [record.getMessage() for record in log.records if record.name.startswith("http")]
    assert said == ["somebody else's exchange"]  # ours are silent: their lines would hold signed links
    assert leaks(nb, gateway, log) == []
    assert_key_stayed_home(nb)


ECHOES: dict[str, Any] = {
    "refused": lambda key: Fault(status=400, body={"code": 1201, "message": f"bad {key}", "error": f"bad {key}"}),
    "refused as object": lambda key: Fault(status=401, body={"error": {"message": f"key {key} is wrong"}}),
    "web page": lambda key: Fault(status=404, body=f"<html><title>{key}</title><body>{key}</body></html>"),
    "plain text": lambda key: Fault(status=402, body=f"Bearer {key} has no money".encode()),
    "lost": lambda key: Fault(status=500, body={"message": f"crashed on {key}"}),
    "broken": lambda key: Fault(status=200, body=f'{{"code": 0, "message": "{key}"'.encode()),
    "request id": lambda key: Fault(status=400, body={"message": "no", "request_id": key}),
}


@pytest.mark.parametrize("shape", ECHOES)
def test_key_in_the_answer(nb: Notebook, gateway: str, log: pytest.LogCaptureFixture, shape: str) -> None:
    """A gateway that repeats the key in its answer makes nobody else repeat it."""
    nb.gw.fault(PAID, ECHOES[shape](echo(nb, gateway)), times=None)
    error = nb.fails(CELL[gateway])
    assert nb.gw.requests
    assert leaks(nb, gateway, log, error) == []
    if shape in {"refused", "refused as object"}:
        assert MASK in error.sentence


def test_key_in_the_reason(nb: Notebook, gateway: str, log: pytest.LogCaptureFixture) -> None:
    """The same for a task that failed."""
    nb.gw.script(Script(states=("failed",), reason=f"upstream refused {echo(nb, gateway)}"))
    error = nb.fails(CELL[gateway])
    assert MASK in error.sentence
    assert leaks(nb, gateway, log, error) == []


def test_broken_connection(nb: Notebook, gateway: str, log: pytest.LogCaptureFixture) -> None:
    """An error that begins deep inside the HTTP library carries no header along."""
    nb.gw.fault(PAID, Fault(drop=True), times=None)
    nb.gw.fault("GET", Fault(drop=True), times=None)
    error = nb.fails(CELL[gateway])
    assert leaks(nb, gateway, log, error) == []


def test_missing_key(nb: Notebook, log: pytest.LogCaptureFixture) -> None:
    """Half of a pair, and the keys of all other gateways, are in the environment that was searched."""
    del nb.env["KLINGAI_API_KEY"]
    nb.env["KLINGAI_ACCESS_KEY"] = nb.gw.access_key
    error = nb.fails("-g kling")
    nb.folder.mkdir(exist_ok=True)
    (nb.folder / "empty").touch()
    assert leaks(nb, "signed", log, error) == []
    assert leaks(nb, "kling", log, error) == []


def test_dry_run(nb: Notebook, gateway: str, log: pytest.LogCaptureFixture) -> None:
    """The request is shown with a mask where the key goes."""
    nb.cell(f"{CELL[gateway]} --dry-run")
    assert "Bearer" in nb.outputs[-1]["text/plain"]
    nb.folder.mkdir(exist_ok=True)
    (nb.folder / "empty").touch()
    assert leaks(nb, gateway, log) == []


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirected_api(nb: Notebook, gateway: str, status: Any) -> None:
    """An API that points elsewhere is not followed: the other host gets neither key nor order."""
    nb.gw.fault(PAID, Fault.redirect(f"{nb.gw.cdn_url}/v1/videos", status), times=None)
    error = nb.fails(CELL[gateway])
    assert isinstance(error, KlingError)
    assert not [seen for seen in nb.gw.requests if seen.origin == "cdn"]
    assert nb.gw.charged == []
    assert nb.gw.cdn_url in error.sentence


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_redirected_download(nb: Notebook, gateway: str) -> None:
    """A result that moves to another host, even to the API's own, is fetched without the key."""
    nb.gw.fault(r"\.mp4", Fault.redirect(f"{nb.gw.url}/files/elsewhere.mp4"))
    nb.cell(CELL[gateway])
    assert [seen.origin for seen in nb.gw.downloads] == ["cdn", "api"]
    assert_key_stayed_home(nb)


def test_signed_link(nb: Notebook) -> None:
    """The signature of a result link is in no manifest and in no output."""
    url = f"{nb.gw.cdn_url}/files/1.mp4?X-Signature=c0ffee5161"
    nb.gw.script(Script(url=url))
    nb.cell(CELL["kling"])
    files = [path for path in nb.folder.iterdir() if path.suffix in {".json", ".mp4"}]
    assert len(files) == 2
    assert not [path.name for path in files if b"c0ffee5161" in path.read_bytes()]
    assert "c0ffee5161" not in json.dumps(nb.outputs)
