"""Files straight from a socket: heads that cannot be trusted, and waits that are broken off."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kling_nb.engine.direct import AT_ONCE, OddHeadError, is_direct, opened


class Listener:
    """Answers each connection with the same bytes, and keeps it open if told to."""

    def __init__(self, answer: bytes, *, stall: bool) -> None:
        self.asked: list[bytes] = []
        self.taken = threading.Semaphore(0)
        self._answer, self._stall = answer, stall
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._peers = ExitStack()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self._peers.enter_context(peer)
            self.asked.append(peer.recv(65536))
            peer.sendall(self._answer)
            self.taken.release()
            if not self._stall:
                peer.close()

    def close(self) -> None:
        """Hang up on everybody."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        self._peers.close()


@pytest.fixture
def listeners() -> Iterator[list[Listener]]:
    """Whatever a test starts is closed after it."""
    started: list[Listener] = []
    yield started
    for listener in started:
        listener.close()


async def _read(port: int, size: int = 4) -> tuple[int, dict[str, str], list[bytes]]:
    async with opened("http", "127.0.0.1", port, "/clip.mp4?a=b", {"x-own": "1"}, ssl.SSLContext) as answer:
        return answer.status, answer.headers, [piece async for piece in answer.pieces(size)]


def _fetch(listeners: list[Listener], answer: bytes) -> tuple[int, dict[str, str], list[bytes]]:
    listeners.append(Listener(answer, stall=False))
    return asyncio.run(_read(listeners[-1].port))


def test_a_file(listeners: list[Listener]) -> None:
    """Pieces of the size that was asked for, repeated headers joined, and the request as it should be."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Two: a\r\nx-two: b\r\n\r\n"
    status, headers, pieces = _fetch(listeners, head + b"123456789")
    assert (status, headers["x-two"], pieces) == (200, "a, b", [b"1234", b"5678", b"9"])
    line, *said = listeners[0].asked[0].decode().strip().split("\r\n")
    assert line == "GET /clip.mp4?a=b HTTP/1.1"
    assert "x-own: 1" in said


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: -5",
        b"Content-Length: 0x10",
        b"Content-Length: \xb2",
        b"Content-Length: 1_0",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chunked, chunked",
    ],
)
def test_heads_that_could_be_read_in_two_ways(listeners: list[Listener], head: bytes) -> None:
    """Refused before a byte of the body is taken."""
    with pytest.raises(OddHeadError):
        _fetch(listeners, b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n12345")


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_no_answer(listeners: list[Listener], answer: bytes) -> None:
    """What is no answer is an error that the download tries again after."""
    with pytest.raises(http.client.HTTPException):
        _fetch(listeners, answer)


def test_what_came_before_a_cut_is_kept(listeners: list[Listener]) -> None:
    """A chunked body that breaks off gives its whole pieces, and then the error."""
    listeners.append(Listener(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n12345", stall=False))
    found: list[bytes] = []

    async def read() -> None:
        async with opened("http", "127.0.0.1", listeners[0].port, "/", {}, ssl.SSLContext) as answer:
            async for piece in answer.pieces(4):
                found.append(piece)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(http.client.HTTPException):
        asyncio.run(read())
    assert b"".join(found) == b"1234"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"], ids=["head", "body"])
def test_a_wait_that_is_broken_off_frees_its_thread(listeners: list[Listener], answer: bytes) -> None:
    """More cancelled waits than there are threads: the loop stands still for none, and the next file comes."""
    listeners.append(Listener(answer, stall=True))
    listeners.append(Listener(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", stall=False))

    async def scene() -> list[bytes]:
        waits = [asyncio.create_task(_read(listeners[0].port)) for _ in range(AT_ONCE + 2)]
        await asyncio.to_thread(listeners[0].taken.acquire)
        before = time.perf_counter()
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        assert time.perf_counter() - before < 5  # a socket that nobody wakes waits for sixty
        return (await _read(listeners[1].port))[2]

    assert asyncio.run(scene()) == [b"ok"]


@pytest.mark.parametrize(
    ("env", "scheme", "direct"),
    [
        ({}, "https", True),
        ({"https_proxy": "http://proxy.example:3128"}, "https", False),
        ({"https_proxy": "http://proxy.example:3128"}, "http", True),
        ({"all_proxy": "socks5://proxy.example:1080"}, "https", False),
        ({"https_proxy": "http://proxy.example:3128", "no_proxy": "cdn.example"}, "https", True),
    ],
)
def test_a_proxy_is_not_gone_around(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], scheme: str, *, direct: bool
) -> None:
    """Where the environment names one, the HTTP library takes the file, which knows about proxies."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert is_direct(scheme, "cdn.example") is direct
