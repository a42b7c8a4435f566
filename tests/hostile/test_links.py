"""Where a stranger's link may lead: to the public web, never into this machine or its network."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.credentials import Credentials, Secret
from kling_nb.engine import Engine, Place
from kling_nb.engine.addresses import is_private
from kling_nb.engine.download import Download
from kling_nb.engine.http import Http
from kling_nb.errors import DownloadError, KlingError, UnknownOutcomeError
from kling_nb.gateways import codec, gateway
from kling_nb.request import VideoRequest
from kling_nb.wire import Ask, Order
from tests.engine.conftest import Bench, asking
from tests.loopback import Fault, Script

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

NAMES = {
    "cdn.example.net": ["203.0.114.7"],
    "both.example.net": ["203.0.114.7", "2600:1901::1"],
    "inside.example.net": ["10.1.2.3"],
    "half.example.net": ["203.0.114.7", "192.168.1.1"],
    "six.example.net": ["fd00::1"],
    "scoped.example.net": ["fe80::1%2"],
    "mapped.example.net": ["::ffff:127.0.0.1"],
    "metadata.example.net": ["169.254.169.254"],
    "through.example.net": ["64:ff9b::cb00:7207"],
}


@pytest.fixture(autouse=True)
def no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names resolve as in ``NAMES``, addresses to themselves, and nothing else does."""

    def resolve(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name != "127.0.0.1" and name not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = NAMES.get(name, [name])
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0))
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def refused(place: Place, url: str) -> bool:
    """Whether a place's result link is not opened."""

    async def check() -> bool:
        http = Http(place)
        try:
            await Download(http, place, asyncio.sleep, lambda: 0.5)._check(url)
        except DownloadError as error:
            return error.sentence.endswith("where a clip cannot come from: not opened.")
        finally:
            await http.close()
        return False

    return asyncio.run(check())


PUBLIC = Place("Kling", "https://api.example.com")
LOCAL = Place("Loopback", "http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "host",
    [
        # this machine, in every spelling that something between here and there may understand
        *("127.0.0.1", "127.8.8.8", "localhost", "LOCALHOST", "localhost.", "a.localhost", "0.0.0.0", "[::]", "[::1]"),  # noqa: S104 - refused
        *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "127.0.0.1."),
        *("\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1", "127%2e0%2e0%2e1"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:10.0.0.1]", "[::127.0.0.1]", "[2002:7f00:1::]"),
        *("[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[::ffff:0:127.0.0.1]"),
        # its network
        *("10.0.0.1", "172.16.5.4", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.100.100.200", "3232235777"),
        *("169.254.169.254", "2852039166", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd12:3456::1]", "[fec0::1]"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "[ff02::1]", "192.0.2.1", "198.18.0.1", "[2001:db8::1]"),
        # user names that look like hosts
        *("api.example.com@127.0.0.1", "api.example.com:443@127.0.0.1", "a@b@127.0.0.1", "good\\@127.0.0.1"),
        *("api.example.com%2f@127.0.0.1", "api.example.com#@127.0.0.1", "cdn.example.net:x@localhost"),
        # names for such addresses
        *("inside.example.net", "half.example.net", "six.example.net", "scoped.example.net", "mapped.example.net"),
        "metadata.example.net",
    ],
)
def test_not_into_this_machine_or_its_network(host: str) -> None:
    """A public gateway's link with this host is refused, with or without a port."""
    if "#" in host:  # what follows is a fragment to us; nobody may read it as the host
        assert not asyncio.run(is_private("api.example.com"))
        return
    assert refused(PUBLIC, f"https://{host}/clip.mp4")
    assert refused(PUBLIC, f"https://{host}:8888/clip.mp4")


@pytest.mark.parametrize(
    "host",
    ["cdn.example.net", "both.example.net", "CDN.example.net.", "203.0.114.7", "[2600:1901::1]", "[64:ff9b::cb00:7207]",
     "through.example.net", "behind-a-proxy.example.net", "127.0.0.1@cdn.example.net"],
)  # fmt: skip
def test_public_hosts_are_open(host: str) -> None:
    """What is public stays reachable, also over NAT64 and where only a proxy can resolve names."""
    assert not refused(PUBLIC, f"https://{host}/clip.mp4")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://cdn.example.net/a", "data:video/mp4;base64,AAAA", "javascript:alert(1)", "//cdn", "",
     "gopher://cdn.example.net/", "http://cdn.example.net/a.mp4", "https://", "https:///a", "cdn.example.net/a.mp4",
     "unix:///run/docker.sock", "https://cdn.example.net:99999/", "https://[::1", "x\x00https://cdn.example.net/"],
)  # fmt: skip
@pytest.mark.parametrize("place", [PUBLIC, LOCAL], ids=["public", "local"])
def test_other_schemes_and_no_addresses(place: Place, url: str) -> None:
    """Only https, from anywhere."""
    assert refused(place, url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a", "http://localhost/a", "http://[::1]/a", "https://cdn.example/"]
)
def test_a_gateway_here_may_link_to_here(url: str) -> None:
    """Somebody tries a server of their own."""
    assert not refused(LOCAL, url)


def test_redirect_of_a_public_gateway_into_this_machine(bench: Bench, tmp_path: Path) -> None:
    """The first link is fine, its redirect is not: this machine's own server hears nothing."""
    checked: list[str] = []

    async def work(engine: Engine) -> None:
        real = Download._check

        async def check(download: Download, url: str) -> None:
            checked.append(url)
            if len(checked) > 1:  # only the first may be local: it stands for the public link
                download._place = PUBLIC
                await real(download, url)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Download, "_check", check)
            await engine.download(f"{bench.gw.cdn_url}/files/1.mp4", tmp_path / "a.part")

    bench.gw.fault("1.mp4", Fault.redirect("https://127.0.0.1:1/secret"))
    with pytest.raises(DownloadError, match=r"points to https://127\.0\.0\.1, where"):
        bench.run(work)
    assert checked[1:] == ["https://127.0.0.1:1/secret"]
    assert len(bench.gw.requests) == 1


# --- credentials --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("paid", [True, False])
def test_an_answer_that_redirects_is_not_followed(bench: Bench, status: int, paid: bool) -> None:  # noqa: FBT001 - a table
    """Neither the key nor the order goes elsewhere, not even to the gateway's other port."""
    bench.gw.fault("/v1", Fault(status=status, headers={"Location": f"{bench.gw.cdn_url}/v1/steal"}), times=None)
    ask = Ask("POST" if paid else "GET", "/v1/videos/text2video", body={} if paid else None, paid=paid)
    assert bench.ask(ask).status == status
    assert [seen.origin for seen in bench.gw.requests] == ["api"]


LOCATIONS = ("https://elsewhere.example/", "javascript:elsewhere.example", "https://[::elsewhere.example", "//:x/y")


@pytest.mark.parametrize("name", ["kling", "agentsflare", "imarouter", "wireflow"])
@pytest.mark.parametrize(
    ("status", "location"),
    [*((status, LOCATIONS[0]) for status in (300, 301, 303, 304, 307, 308)), *((302, place) for place in LOCATIONS)],
)
def test_a_redirected_order_was_not_accepted(bench: Bench, name: str, status: int, location: str) -> None:
    """A 3xx to the paid request, wherever it points, is a clear error: sent once, not charged and not unknown."""
    bench.gw.fault("POST", Fault(status=status, headers={"Location": location}), times=None)
    speaker = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"})
    order = Order(VideoRequest(prompt="a fox", model="kling-v2-5-turbo", mode="pro"), "kn-1")
    with pytest.raises(KlingError) as raised:
        bench.run(lambda engine: engine.run(speaker.submit(order)))
    assert not isinstance(raised.value, UnknownOutcomeError)
    assert raised.value.charged is False
    assert location in raised.value.sentence
    assert len(bench.gw.requests) == 1


@pytest.mark.parametrize("other", ["cdn", "user", "port"])
def test_only_the_gateways_own_origin_sees_the_key(bench: Bench, other: str) -> None:
    """An absolute address elsewhere is asked without credentials, however it is dressed up."""
    port = bench.gw.cdn_url.rpartition(":")[2]
    own = bench.gw.url.rpartition("/")[2]
    url = {
        "cdn": f"{bench.gw.cdn_url}/x",
        "user": f"http://{own}@127.0.0.1:{port}/x",
        "port": f"http://127.0.0.1:{port}/x?{own}",
    }[other]
    key = Credentials("bearer", {"KEY": Secret(bench.gw.key)})
    bench.credentials = key
    bench.run(lambda engine: engine.run(asking(Ask("GET", url))))
    (seen,) = bench.gw.requests
    assert seen.origin == "cdn"
    assert bench.gw.key not in str(seen.headers)


@pytest.mark.parametrize("url", ["http://10.0.0.1/clip.mp4", "http://169.254.169.254/latest", "http://a.example/"])
def test_hostile_result_ends_in_a_sentence(nb: Notebook, url: str) -> None:
    """The same through a whole cell: the job says so, keeps its ticket, and no file appears."""
    nb.gw.script(Script(url=url))
    with pytest.raises(KlingError) as raised:
        nb.cell("-g kling -m kling-v2-6")
    assert raised.value.charged is not False
    assert nb.fox.state.ticket
    assert not list(nb.folder.glob("*.mp4*"))
