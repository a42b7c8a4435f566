"""The short way of free questions: one connection, each answer to its own question, and nothing that is paid."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.engine import lines as room
from kling_nb.engine.failures import BrokenError, NotSentError
from kling_nb.engine.http import Http, Place
from kling_nb.engine.line import Request, connected
from kling_nb.engine.lines import Lines

if TYPE_CHECKING:
    from kling_nb.wire import Answer

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Server:
    """Answers each question with the next of its answers; b"" hangs up, None says nothing.

    Attributes:
        asked: What came, by connection.
        bodies: What came behind the heads, in order.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.asked: list[list[bytes]] = []
        self.bodies: list[bytes] = []
        self.talks: list[asyncio.Task[None] | None] = []
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        said: list[bytes] = []
        self.asked.append(said)
        self.talks.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                said.append(await reader.readuntil(b"\r\n\r\n"))
                if length := _LENGTH.search(said[-1]):
                    self.bodies.append(await reader.readexactly(int(length[1])))
                answer = self._answers.pop(0)
                if answer == b"":
                    break
                if answer:
                    writer.write(answer)
                    if b"close" in answer:
                        break
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def ask(
    server: Server,
    scene: Callable[[Callable[[], Awaitable[Answer]]], Awaitable[Any]],
    headers: Mapping[str, str] = MappingProxyType({"X-Own": "1"}),
) -> Any:
    """Play a scene in which questions are put to a server."""

    async def play() -> Any:
        listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        http = Http(Place("Test", server.url))
        request = {"method": "GET", "url": f"{server.url}/v1/tasks/1?a=b", "headers": headers}
        try:
            return await scene(lambda: http.exchange(request, paid=False))
        finally:
            await http.close()
            listening.close()
            await asyncio.gather(*filter(None, server.talks))

    return asyncio.run(play())


async def twice(put: Callable[[], Awaitable[Answer]]) -> list[bytes]:
    """Two questions, one after the other."""
    bodies = []
    for _ in range(2):
        bodies.append((await put()).body)
        await asyncio.sleep(0.02)  # what the other side does after its answer has arrived
    return bodies


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        (OK + b"ab", 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 1),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"ab", 1),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab", 2),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", 2),
        (OK + b"ab" + OK + b"xx", 2),
        (OK + b"abxx", 2),
    ],
    ids=["length", "chunks", "hints", "until the end", "closed", "an answer too many", "bytes too many"],
)
def test_each_question_has_its_own_answer(first: bytes, connections: int) -> None:
    """A connection is used again only if nothing is left on it."""
    server = Server(first, OK + b"cd")
    assert ask(server, twice) == [b"ab", b"cd"]
    assert [len(said) for said in server.asked] == [2] if connections == 1 else [1, 1]


def test_what_is_sent() -> None:
    """The whole question, and nothing about the user."""
    server = Server(OK + b"ab")
    ask(server, lambda put: put())
    line, *said = server.asked[0][0].decode().strip().split("\r\n")
    assert line == "GET /v1/tasks/1?a=b HTTP/1.1"
    names = [header.partition(":")[0].lower() for header in said]
    assert sorted(names) == ["accept", "accept-encoding", "host", "user-agent", "x-own"]


def test_a_late_answer_is_nobodys() -> None:
    """A question that was given up takes its connection with it."""
    server = Server(None, OK + b"cd")

    async def scene(put: Callable[[], Awaitable[Answer]]) -> bytes:
        given_up = asyncio.ensure_future(put())
        await asyncio.sleep(0.02)
        given_up.cancel()
        return (await put()).body

    assert ask(server, scene) == b"cd"
    assert len(server.asked) == 2


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", OK + b"a close", b"HTTP/1.1 101 Switch\r\n\r\n", None])
def test_trouble_after_the_question_left(monkeypatch: pytest.MonkeyPatch, answer: bytes | None) -> None:
    """It may have arrived: no answer, a broken one, silence."""
    monkeypatch.setattr(room, "_SILENT_SECONDS", 0.05)
    server = Server(answer if answer != OK + b"a close" else OK.replace(b"2", b"99") + b"a close")
    with pytest.raises(BrokenError):
        ask(server, lambda put: put())


def test_nobody_listens() -> None:
    """Then nothing was sent."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"

        async def scene() -> None:
            await Http(Place("Test", url)).exchange({"method": "GET", "url": url, "headers": {}}, paid=False)

        with pytest.raises(NotSentError, match="ConnectError"):
            asyncio.run(scene())


def test_a_header_that_cannot_be_written() -> None:
    """Nor was anything then."""
    server = Server(OK + b"ab")
    with pytest.raises(NotSentError):
        ask(server, lambda put: put(), {"X": "a\r\nY: b"})
    assert server.asked in ([], [[]])


def test_packed_answer() -> None:
    """It is unpacked like any other."""
    body = gzip.compress(b'{"code": 0}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert ask(Server(head + body), lambda put: put()).json() == {"code": 0}


async def paying(server: Server, body: bytes = b'{"prompt": "a fox"}') -> Answer:
    """One paid request."""
    http = Http(Place("Test", server.url))
    headers = {"content-type": "application/json"}
    try:
        return await http.exchange(
            {"method": "POST", "url": server.url, "headers": headers, "content": body}, paid=True
        )
    finally:
        await http.close()


def test_what_is_paid() -> None:
    """It is written whole, on a connection of its own, which is closed and never used again."""
    server = Server(OK + b"ab", OK + b"cd", OK + b"ef")

    async def scene(put: Callable[[], Awaitable[Answer]]) -> list[bytes]:
        return [(await put()).body, (await paying(server)).body, (await put()).body]

    assert ask(server, scene) == [b"ab", b"cd", b"ef"]
    assert [len(said) for said in server.asked] == [2, 1]
    line, *said = server.asked[1][0].decode().strip().split("\r\n")
    headers = dict(header.lower().split(": ", 1) for header in said)
    assert line == "POST / HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == "19"
    assert server.bodies == [b'{"prompt": "a fox"}']


def test_a_large_body_takes_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library knows better how to send pictures."""
    monkeypatch.setattr(Lines, "exchange", None)
    server = Server(OK + b"ab")
    assert ask(server, lambda _: paying(server, b" " * 70_000)).body == b"ab"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na close", None])
def test_a_paid_answer_that_is_lost(monkeypatch: pytest.MonkeyPatch, answer: bytes | None) -> None:
    """It may have been accepted: that is never called "not sent"."""
    monkeypatch.setattr(room, "_PAID_SILENT_SECONDS", 0.05)
    server = Server(answer)
    with pytest.raises(BrokenError):
        ask(server, lambda _: paying(server))


def test_a_connection_that_is_closed_before_anything_was_written() -> None:
    """Nothing left: it may be sent again."""

    async def scene() -> None:
        listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        line = await connected("127.0.0.1", listening.sockets[0].getsockname()[1], None)
        await asyncio.sleep(0.02)
        listening.close()
        await line.ask(Request(b"POST", b"/", [(b"host", b"a")]), cap=9, silent_seconds=9)

    with pytest.raises(NotSentError):
        asyncio.run(scene())


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.example.com/v1/tasks/1", "/v1/tasks/1"),
        ("https://api.example.com", "/"),
        ("https://api.example.com?x=1", "/?x=1"),
        ("https://api.example.com:8443/a%20b?c=/d?e", "/a%20b?c=/d?e"),
        ("http://[::1]:8000/a", "/a"),
        ("https://api.example.com/a b", None),
        ("https://api.example.com/a%2", None),
        ("https://api.example.com/../b", None),
        ("https://api.example.com/a/./b", None),
        ("https://api.example.com/a#b", None),
        ("https://me:pw@api.example.com/", None),
        ("https://api.example.com\\@evil.example/", None),
        ("https://büro.example/", None),
        ("https://api.example.com/ü", None),
        ("https://api.example.com/a\r\nX: y", None),
        ("ftp://api.example.com/", None),
        ("https:///a", None),
    ],
)
def test_which_addresses_take_the_short_way(monkeypatch: pytest.MonkeyPatch, url: str, target: str | None) -> None:
    """Those that need nothing put right; with a proxy in the environment none, but to this machine."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    request = {"method": "GET", "url": url, "headers": {}}
    found = Lines(ssl.create_default_context, local=False).address(request)
    assert (found.target if found else None) == target
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "")
    assert Lines(ssl.create_default_context, local=False).address(request) is None
    local = Lines(ssl.create_default_context, local=True)
    assert (local.address(request) is None) == (target is None)
    odd: list[dict[str, Any]] = [{"method": "PUT"}, {"files": {}}, {"content": b" " * 70_000}]
    assert [local.address(request | more) for more in odd] == [None] * len(odd)


def test_parameters_are_quoted_into_the_address() -> None:
    """Unless there is a question mark already."""
    lines = Lines(ssl.create_default_context, local=True)
    request = {"method": "GET", "url": "https://api.example.com/tasks", "headers": {}, "params": {"ids": "1,2 &3"}}
    found = lines.address(request)
    assert found
    assert found.target == "/tasks?ids=1%2C2%20%263"
    assert lines.address(request | {"url": "https://api.example.com/tasks?a=b"}) is None
