"""Bringing the clip home: resumed by range, capped, redirected with care, and never with credentials."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kling_nb.engine import Place
from kling_nb.engine.download import TRIES, Download
from kling_nb.engine.http import Http
from kling_nb.errors import DownloadError, StorageError
from kling_nb.wire import Ask
from tests.engine.clock import Clock
from tests.engine.conftest import Bench, asking
from tests.loopback import Fault

if TYPE_CHECKING:
    from kling_nb.engine import Engine

CLIP = random.Random(5).randbytes(900_000)
PIECE = 256 * 1024


@pytest.fixture
def part(tmp_path: Path, bench: Bench) -> Path:
    """Where the clip goes; the gateway serves ``CLIP``."""
    bench.gw.clip_bytes = CLIP
    return tmp_path / "clips" / "fox.mp4.part"


def fetch(
    bench: Bench, part: Path, path: str = "/files/1.mp4", *, cap: int = 2_000_000
) -> list[tuple[int, int | None]]:
    """Download from the gateway's CDN; what the progress was told."""
    told: list[tuple[int, int | None]] = []
    url = path if "://" in path else bench.gw.cdn_url + path
    bench.run(lambda engine: engine.download(url, part, cap=cap, progress=lambda *now: told.append(now)))
    return told


def ranges(bench: Bench) -> list[str | None]:
    """The ranges that were asked for."""
    return [seen.headers.get("range") for seen in bench.gw.downloads]


def test_whole(bench: Bench, part: Path) -> None:
    """All bytes, progress on the way, no key, and no compression that would hide the length."""
    told = fetch(bench, part)
    assert part.read_bytes() == CLIP
    assert told[-1] == (len(CLIP), len(CLIP))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    (seen,) = bench.gw.requests
    assert "authorization" not in seen.headers
    assert seen.headers["accept-encoding"] == "identity"


def test_goes_on_after_a_cut(bench: Bench, part: Path) -> None:
    """A second try asks only for what is missing."""
    bench.gw.fault("1.mp4", Fault(cut=600_000))
    fetch(bench, part)
    assert part.read_bytes() == CLIP
    assert (ranges(bench), bench.clock.sleeps) == ([None, "bytes=600000-"], [0.5])


def test_goes_on_where_an_earlier_kernel_stopped(bench: Bench, part: Path) -> None:
    """What lies there is kept."""
    part.parent.mkdir()
    part.write_bytes(CLIP[:1000])
    assert fetch(bench, part)[0][0] > 1000
    assert part.read_bytes() == CLIP
    assert ranges(bench) == ["bytes=1000-"]


@pytest.mark.parametrize(
    ("there", "fault", "asked"),
    [
        pytest.param(CLIP, None, 1, id="complete already: 416 with the same length"),
        pytest.param(CLIP + b"x", None, 2, id="longer than the clip: 416, begun anew"),
        pytest.param(CLIP[:1000], Fault(status=200, body=CLIP), 1, id="200 instead of 206"),
        pytest.param(
            CLIP[:1000],
            Fault(status=206, body=CLIP[500:], headers={"Content-Range": f"bytes 500-{len(CLIP) - 1}/{len(CLIP)}"}),
            2,
            id="206 from another place",
        ),
        pytest.param(CLIP[:1000], Fault(status=416), 2, id="416 without a length"),
    ],
)
def test_answers_to_a_range(bench: Bench, part: Path, there: bytes, fault: Fault | None, asked: int) -> None:
    """However a server answers a range, the file ends up as the clip and not as a splice."""
    part.parent.mkdir()
    part.write_bytes(there)
    if fault:
        bench.gw.fault("1.mp4", fault)
    fetch(bench, part)
    assert part.read_bytes() == CLIP
    assert len(bench.gw.downloads) == asked


@pytest.mark.parametrize(
    ("fault", "sleeps"),
    [
        (Fault(status=500), [0.5, 1.0]),
        (Fault(status=503), [0.5, 1.0]),
        (Fault(status=429), [0.5, 1.0]),
        (Fault(drop=True), [0.5, 1.0]),
        (Fault(headers={"Content-Length": "1000000"}), [0.5]),  # all of it came the first time
    ],
)
def test_trouble_that_passes(bench: Bench, part: Path, fault: Fault, sleeps: list[float]) -> None:
    """Broken, busy and short answers are tried again."""
    bench.gw.fault("1.mp4", fault, times=2)
    fetch(bench, part)
    assert part.read_bytes() == CLIP
    assert bench.clock.sleeps == sleeps


def test_trouble_that_stays(bench: Bench, part: Path) -> None:
    """After six tries the sentence says that nothing is lost, and what is here stays here."""
    bench.gw.fault("1.mp4", Fault(cut=PIECE + 10), times=1)
    bench.gw.fault("1.mp4", Fault(drop=True), times=None)
    with pytest.raises(DownloadError, match=r"broke off .*Nothing is lost: run %kling resume") as raised:
        fetch(bench, part)
    assert raised.value.charged is True
    assert (len(bench.gw.downloads), part.stat().st_size) == (TRIES, PIECE + 10)
    assert bench.clock.sleeps == [0.5, 1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 451])
def test_link_that_is_refused(bench: Bench, part: Path, status: int) -> None:
    """An expired link is not tried again: the caller asks for a fresh one."""
    bench.gw.fault("1.mp4", Fault(status=status), times=None)
    with pytest.raises(DownloadError, match=f"HTTP {status}: it may have expired"):
        fetch(bench, part)
    assert len(bench.gw.downloads) == 1
    assert not part.exists()


@pytest.mark.parametrize("fault", [None, Fault(endless=True)], ids=["told", "endless"])
def test_too_large(bench: Bench, part: Path, fault: Fault | None) -> None:
    """What is told to be too large is not begun; what grows too large is given up."""
    if fault:
        bench.gw.fault("1.mp4", fault)
    cap = 1_048_576 if fault else 500_000
    with pytest.raises(DownloadError, match=r"larger than|grew past"):
        fetch(bench, part, cap=cap)
    assert (part.stat().st_size if part.exists() else 0) <= cap


def test_folder_that_cannot_be_made(bench: Bench, part: Path) -> None:
    """A disk that refuses is this machine's fault; the clip is paid and stays fetchable."""
    part.parent.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageError, match=r"cannot be stored in .*nothing is lost") as raised:
        fetch(bench, part)
    assert raised.value.charged is True


def test_agent_for_a_choosy_cdn(bench: Bench, part: Path) -> None:
    """The agent of the place is used for files, and only for them."""

    async def work(engine: Engine) -> None:
        engine.place = Place("Test", bench.base_url, download_agent="Mozilla/5.0 (test)")
        await engine.run(asking(Ask("GET", "/anything")))
        await engine.download(f"{bench.gw.cdn_url}/cdn/clips/1.mp4", part)

    bench.run(work)
    assert [seen.headers["user-agent"].partition(" ")[0] for seen in bench.gw.requests] == ["kling_nb", "Mozilla/5.0"]


# --- redirects ------------------------------------------------------------------------------------


def test_redirect_without_credentials(bench: Bench, part: Path) -> None:
    """Even a redirect to the gateway itself carries no key: links are fetched by nobody in particular."""
    bench.gw.fault("1.mp4", Fault.redirect(f"{bench.gw.url}/files/2.mp4"))
    bench.gw.fault("2.mp4", Fault.redirect("/files/3.mp4", 307))
    fetch(bench, part)
    assert part.read_bytes() == CLIP
    assert [(seen.origin, seen.path) for seen in bench.gw.requests] == [
        ("cdn", "/files/1.mp4"),
        ("api", "/files/2.mp4"),
        ("api", "/files/3.mp4"),
    ]
    assert not any("authorization" in seen.headers for seen in bench.gw.requests)


@pytest.mark.parametrize("fault", [Fault.redirect("/files/1.mp4"), Fault(status=302), Fault(status=304)])
def test_redirect_in_circles(bench: Bench, part: Path, fault: Fault) -> None:
    """A circle ends after five steps."""
    bench.gw.fault("1.mp4", fault, times=None)
    with pytest.raises(DownloadError, match="redirects in circles"):
        fetch(bench, part)
    assert (len(bench.gw.downloads), bench.clock.sleeps) == (5, [])


@pytest.mark.parametrize(
    "fault",
    [
        Fault.redirect("http://198.51.100.7/clip.mp4"),
        Fault.redirect("file:///etc/passwd"),
        Fault.redirect("ftp://127.0.0.1/a"),
        Fault(status=300, headers={"Location": "https://[::1"}),
    ],
)
def test_redirect_to_where_no_clip_comes_from(bench: Bench, part: Path, fault: Fault) -> None:
    """A gateway on this machine may point to this machine and to https, and nowhere else."""
    bench.gw.fault("1.mp4", fault)
    with pytest.raises(DownloadError, match="where a clip cannot come from"):
        fetch(bench, part)
    assert (len(bench.gw.requests), part.exists()) == (1, False)


@pytest.mark.parametrize("url", ["https://[::1", "https://exa mple/", "http://127.0.0.1:99999/", "https:///a.mp4", ""])
def test_link_that_is_no_link(bench: Bench, part: Path, url: str) -> None:
    """A link that cannot be read is the gateway's fault, told in a sentence."""
    with pytest.raises(DownloadError, match=r"points to|broke off"):
        bench.run(lambda engine: engine.download(url, part))


# Addresses instead of names, so that nothing has to be resolved.
PUBLIC = Place("Kling", "https://1.1.1.1")
LOCAL = Place("Loopback", "http://127.0.0.1:8000")
SANDBOX = Place("Sandbox", "https://sandbox.invalid", app=object())


@pytest.mark.parametrize(
    ("place", "url", "allowed"),
    [
        (PUBLIC, "https://8.8.8.8/a.mp4", True),
        (PUBLIC, "https://1.1.1.1/a.mp4", True),
        (PUBLIC, "http://8.8.8.8/a.mp4", False),
        (PUBLIC, "http://1.1.1.1/a.mp4", False),
        (PUBLIC, "http://127.0.0.1:8888/api/contents", False),
        (PUBLIC, "https://127.0.0.1:8888/api/contents", False),
        (PUBLIC, "https://LOCALHOST:8888/", False),
        (PUBLIC, "https://[::1]:8888/", False),
        (PUBLIC, "https://127.8.8.8/", False),
        (PUBLIC, "https://10.0.0.1/", False),
        (PUBLIC, "https://169.254.169.254/latest/", False),
        (PUBLIC, "file:///etc/passwd", False),
        (PUBLIC, "data:video/mp4;base64,AAAA", False),
        (PUBLIC, "", False),
        (LOCAL, "http://127.0.0.1:8000/a.mp4", True),
        (LOCAL, "http://localhost:9000/a.mp4", True),
        (LOCAL, "https://8.8.8.8/a.mp4", True),
        (LOCAL, "http://8.8.8.8/a.mp4", False),
        (SANDBOX, "https://sandbox.invalid/files/a.mp4", True),
        (SANDBOX, "http://8.8.8.8/a.mp4", False),
    ],
)
def test_where_a_clip_may_come_from(place: Place, url: str, allowed: bool) -> None:  # noqa: FBT001 - a table's column
    """A public gateway's link leads to https and never back into this machine or its network."""
    clock = Clock()

    async def check() -> None:
        await Download(Http(place), place, clock.sleep, lambda: 0.5)._check(url)

    if allowed:
        asyncio.run(check())
        return
    with pytest.raises(DownloadError, match="points to"):
        asyncio.run(check())
