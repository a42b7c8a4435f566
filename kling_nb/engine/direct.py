"""The plain way to fetch a file: the standard library on a thread of its own.

Forty megabytes over loopback (``tests/benchmarks/bench_download.py``): 1,100 MB/s and 30 ms of processor time in this
process, where curl reaches 960 MB/s, and the HTTP library 310 MB/s and 110 ms, all of it in the event loop. Here the
loop only passes pieces on.
Whatever needs more than a direct connection (a proxy, the sandbox in this process) goes through the HTTP library.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import re
import socket
import ssl
import threading
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 4
"""Files that are fetched at the same time; one thread for each."""

SMALL = 256 * 1024
"""Bytes of a body that comes with its head: a small file takes one trip to the thread."""

_CONNECT_SECONDS, _READ_SECONDS = 15.0, 60.0
_FIRST_FINAL = 200
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kling_nb-download")


class OddHeadError(http.client.HTTPException):
    """The head of an answer makes no sense."""


class Direct:
    """An open answer.

    Attributes:
        status: Its status.
        headers: Names in lower case; repeated ones are joined.
    """

    def __init__(self, answer: http.client.HTTPResponse, whole: bytes | None) -> None:
        self.status = answer.status
        self.headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            known = self.headers.get(name.lower())
            self.headers[name.lower()] = value if known is None else f"{known}, {value}"
        self._answer = answer
        self._whole = whole

    async def pieces(self, size: int) -> AsyncGenerator[bytes, None]:
        """The body as it was sent, ``size`` bytes at a time."""
        if self._whole is not None:
            for begin in range(0, len(self._whole), size):
                yield self._whole[begin : begin + size]
            return
        while piece := await _on_a_thread(lambda: self._answer.read(size)):
            yield piece


@contextlib.asynccontextmanager
async def opened(
    scheme: str, host: str, port: int | None, target: str, headers: Mapping[str, str], tls: Callable[[], ssl.SSLContext]
) -> AsyncIterator[Direct]:
    """Ask for a file.

    Args:
        scheme: ``http`` or ``https``.
        host: As it stands in the address, in ASCII.
        port: None is the scheme's own.
        target: Path and query.
        headers: Sent as they are.
        tls: Makes the context, for ``https`` only.

    Raises:
        OSError, http.client.HTTPException: It could not be reached, or what it answered is no HTTP.
    """
    connection: http.client.HTTPConnection
    lines: list[socket.socket] = []  # the connection itself forgets its socket once the answer has begun
    over = threading.Event()
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=_CONNECT_SECONDS, context=tls())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_CONNECT_SECONDS)

    def ask() -> tuple[http.client.HTTPResponse, bytes | None]:
        connection.connect()
        lines.append(connection.sock)
        if over.is_set():
            connection.close()
            raise OddHeadError
        connection.sock.settimeout(_READ_SECONDS)
        connection.request("GET", target, headers=dict(headers))
        answer = connection.getresponse()
        try:
            _check(answer)
            whole = answer.read(SMALL) if answer.length is not None and answer.length <= SMALL else None
        except BaseException:
            answer.close()
            raise
        return answer, whole

    with contextlib.ExitStack() as stack:
        stack.callback(connection.close)
        try:
            asked = _THREADS.submit(ask)
            try:
                answer, whole = await asyncio.wrap_future(asked)
            except asyncio.CancelledError:
                asked.add_done_callback(_close_late)
                raise
            yield Direct(stack.enter_context(answer), whole)
        finally:
            over.set()
            for line in lines:
                # Wakes a thread that waits for the next piece, which closing the answer would wait for. Of the plain
                # socket: the encrypted one would pull its machinery away under the thread.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(line, socket.SHUT_RDWR)


def _close_late(asked: Future[tuple[http.client.HTTPResponse, bytes | None]]) -> None:
    """An answer that came when nobody waited for it any more."""
    if not asked.cancelled() and not asked.exception():
        asked.result()[0].close()


def _check(answer: http.client.HTTPResponse) -> None:
    """Refuse heads whose body could be read in two ways; the library takes some of them for a body without length."""
    lengths = {length.strip() for length in answer.headers.get_all("content-length", [])}
    coding = answer.headers.get("transfer-encoding", "chunked").strip().lower()
    if answer.status < _FIRST_FINAL or len(lengths) > 1 or coding != "chunked":
        raise OddHeadError
    if not all(map(_LENGTH.fullmatch, lengths)):
        raise OddHeadError


def is_direct(scheme: str, host: str) -> bool:
    """Whether the environment names no proxy for this place."""
    proxies = urllib.request.getproxies()
    return not (proxies.get(scheme) or proxies.get("all")) or bool(urllib.request.proxy_bypass(host))


async def _on_a_thread(call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, call)
