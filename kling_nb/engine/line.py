"""One connection: a request goes out, its answer comes back, then perhaps the next.

The HTTP library spends five times as long on a request as its bytes need (``tests/benchmarks/bench_transport.py``).
Here they are written and read by h11, the very parser that the library uses, with nothing between it and the event
loop.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import h11

from kling_nb.engine.failures import BrokenError, NotSentError

CONNECT_SECONDS = 15.0
_LONGEST_HEAD = 100 * 1024
_NUMBERS = re.compile(r"[\d.]+|[\da-fA-F:.]*:[\da-fA-F:.]*", re.ASCII)
_EYEBALLS_SECONDS = 0.25  # RFC 8305: the other address family is tried after so long

Headers = Sequence[tuple[bytes, bytes]]
Reply = tuple[int, Headers, bytes]
"""Status, headers (names in lower case), and the body as it was sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out.

    Attributes:
        target: Path and query.
        headers: ``Host`` among them, and ``Content-Length`` where there is a body.
    """

    method: bytes
    target: bytes
    headers: Headers
    body: bytes = b""


class Line(asyncio.Protocol):
    """One open connection. What went wrong on it, or was broken off, closes it."""

    def __init__(self) -> None:
        self.open = False
        self.idle_since = 0.0
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._patience: asyncio.Timeout | None = None
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._cap = 0
        self._silent = 0.0

    async def ask(self, request: Request, *, cap: int, silent_seconds: float) -> Reply:
        """Send one request and read its answer.

        Args:
            request: What to send.
            cap: Bytes after which the answer's body is cut off.
            silent_seconds: Without a byte of the answer for so long, nobody will say any more.

        Raises:
            NotSentError: There is no way to write such a request, or nobody to write it to: it did not leave.
            BrokenError: No answer, none that is HTTP, or silence in the middle of it.
        """
        data = self._written(request)
        self._head, self._body, self._cap, self._silent = None, bytearray(), cap, silent_seconds
        self._reply = self._loop.create_future()
        try:
            if self._transport is None or not self.open:
                raise NotSentError("ConnectError")
            self._transport.write(data)
            async with asyncio.timeout(silent_seconds) as self._patience:
                return await self._reply
        except TimeoutError:
            raise BrokenError("ReadTimeout") from None
        finally:
            if not self._between_two():
                self.close()
            self._reply = None

    def close(self) -> None:
        """Hang up."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP connections are
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._reply is None:  # nobody has asked: whatever comes would be taken for the next answer
            self.close()
            return
        if self._reply.done():
            return
        try:
            self._talk.receive_data(data)
            self._read()
        except h11.RemoteProtocolError as error:
            self._fail(type(error).__name__)
        if not self._reply.done() and self._patience and not self._patience.expired():
            self._patience.reschedule(self._loop.time() + self._silent)

    def eof_received(self) -> None:
        """Called by the loop: the end of a body without a length, or of everything."""
        if self._reply is not None and not self._reply.done():
            self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.open = False
        self._fail(type(exc).__name__ if exc else "RemoteProtocolError")

    def _written(self, request: Request) -> bytes:
        try:
            head = h11.Request(method=request.method, target=request.target, headers=list(request.headers))
            events = [head, *([h11.Data(data=request.body)] if request.body else []), h11.EndOfMessage()]
            return b"".join(self._talk.send(event) or b"" for event in events)
        except h11.LocalProtocolError as error:
            self.close()
            raise NotSentError(type(error).__name__) from None

    def _read(self) -> None:
        while (event := self._talk.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Response):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > self._cap:
                    return self._answer()
            elif isinstance(event, h11.EndOfMessage):
                return self._answer()
            elif not isinstance(event, h11.InformationalResponse):  # the other side hangs up, or wants another protocol
                return self._fail("RemoteProtocolError")
        return None

    def _answer(self) -> None:
        if self._reply is not None and self._head is not None:
            body = bytes(memoryview(self._body)[: self._cap])
            self._reply.set_result((self._head.status_code, list(self._head.headers), body))
        self._body = bytearray()

    def _fail(self, why: str) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(BrokenError(why))

    def _between_two(self) -> bool:
        """Whether the answer is complete and another question may follow on this connection."""
        talk = self._talk
        if not self.open or talk.our_state is not h11.DONE or talk.their_state is not h11.DONE or talk.trailing_data[0]:
            return False
        talk.start_next_cycle()
        self.idle_since = self._loop.time()
        return True


async def connected(host: str, port: int, tls: ssl.SSLContext | None) -> Line:
    """A new connection.

    Raises:
        NotSentError: It could not be made.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            race = None if _NUMBERS.fullmatch(host) else _EYEBALLS_SECONDS  # with one address there is none
            _, line = await loop.create_connection(Line, host, port, ssl=tls, happy_eyeballs_delay=race)
    except (OSError, UnicodeError, OverflowError) as error:  # a timeout is an OSError; no port is that large
        raise NotSentError("ConnectTimeout" if isinstance(error, TimeoutError) else "ConnectError") from None
    return line
