"""HTTP behind three names: exchange a request, stream a file, and two ways to fail.

The HTTP library is imported here and nowhere else, so that another can take its place. What was measured
(``tests/benchmarks/bench_transport.py``: nine polls each of 1,000 tasks over loopback, sixteen at once, two cores):

====================================  =============
client                                ms CPU a poll
====================================  =============
ours for plain requests (h11)         0.17
httpx 0.28, one pool                  0.78 to 1.1
httpx 0.28, a connection a lane       0.54
httpx2 2.16, one pool                 0.57 to 0.63
httpx over aiohttp                    0.28
aiohttp 3.14                          0.18
====================================  =============

The library's pool looks at every connection, and asks the system about the idle ones, at every request. So each of
our lanes is a client of its own with a single connection, and the pool has nothing to look through. What is sent as
it is written, polls and the paid request, does without the library (:mod:`.lines`). httpx over
aiohttp is cheaper still and not taken: it reports a connection that broke after the request was sent as one that was
never made (``AIOHTTP_EXC_MAP`` of httpx-aiohttp 0.2.0), which would pay twice, and it brings seven packages more.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import httpx

from kling_nb.engine.bodies import PackingError, unpacked
from kling_nb.engine.direct import AT_ONCE, is_direct, opened
from kling_nb.engine.failures import BrokenError, NotSentError
from kling_nb.engine.lines import KEPT_SECONDS, PORTS, USER_AGENT, Address, Lines, capped, plain
from kling_nb.settings import is_loopback
from kling_nb.wire import Answer

IN_FLIGHT = 16
"""Requests at once; the others wait here, because the library's queue costs more the longer it is."""

LONGEST_EXCHANGE = 300.0
"""Seconds for one request and its answer, so that a server that drips bytes cannot hold a job for ever."""

LONGEST_PIECE = 300.0
"""Seconds for the next 256 KiB of a file: below 1 kB/s nobody downloads a clip."""

_CHUNK = 256 * 1024
_HEAD = "kling_nb.head"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway is and how it likes to be spoken to.

    Attributes:
        label: Its name in sentences.
        base_url: Without a last slash.
        app: An ASGI application that answers instead of the network (the sandbox).
        download_agent: User agent for result files, where a CDN insists on one.
    """

    label: str
    base_url: str
    app: Any = None
    download_agent: str | None = None

    @property
    def host(self) -> str:
        """Host name of the base URL."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def local(self) -> bool:
        """Whether the gateway is this machine: the sandbox, or a loopback address."""
        return self.app is not None or is_loopback(self.host)

    def owns(self, url: str) -> bool:
        """Whether a URL is on the gateway's own origin, the only place that may see the key."""
        return url.startswith(f"{self.base_url}/") or _origin(url) == _origin(self.base_url)


class Stream:
    """An answer whose body is still coming."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._raw = raw

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, unpacked, in pieces of at most 256 KiB.

        Raises:
            BrokenError: It ended before its time, came too slowly, or is packed in a way that was not asked for.
        """
        body = unpacked(self._raw, self.headers.get("content-encoding", ""))
        try:
            while True:
                async with asyncio.timeout(LONGEST_PIECE):
                    piece = await anext(body, None)
                if piece is None:
                    return
                yield piece
        except (httpx.HTTPError, HTTPException, OSError) as error:  # a timeout is an OSError
            raise BrokenError(type(error).__name__) from None
        except PackingError as error:
            raise BrokenError(str(error)) from None
        finally:
            await body.aclose()


class _Discreet(logging.Filter):
    """Keeps our exchanges out of the HTTP library's logs, which hold signed links and echoed keys."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - what is said does not matter, when does
        return not _OURS.get()


_OURS: ContextVar[bool] = ContextVar("kling_nb_exchange", default=False)
_DISCREET = _Discreet()
for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks"):
    logging.getLogger(_name).addFilter(_DISCREET)


class _Lanes:
    """Clients with one connection each, the one that was used last first."""

    def __init__(self, place: Place, *, kept: int, read_seconds: float) -> None:
        self._make = functools.partial(_client, place, kept=kept, read_seconds=read_seconds)
        self._idle: list[httpx.AsyncClient] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        client = self._idle.pop() if self._idle else self._make()
        try:
            yield client
        finally:
            self._idle.append(client)

    async def close(self) -> None:
        for client in self._idle:
            await client.aclose()


class Http:
    """Connections to one place, on the running event loop."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        self._files = asyncio.Semaphore(AT_ONCE)
        self._lines = Lines(_tls, local=place.local)
        self._free = _Lanes(place, kept=2, read_seconds=60.0)  # to the gateway and to its store of files
        # A kept connection may have been closed by the other side: harmless for a question, but for
        # the paid request it would turn "not sent" into "perhaps sent". So that one gets a fresh one.
        self._paid = _Lanes(place, kept=0, read_seconds=180.0)

    async def close(self) -> None:
        """Close the connections."""
        self._lines.close()
        await self._free.close()
        await self._paid.close()

    async def exchange(self, request: Mapping[str, Any], *, paid: bool) -> Answer:
        """Send a request (keyword arguments of the library) and read its answer, capped at 16 MB.

        Raises:
            NotSentError: It provably did not leave.
            BrokenError: Anything else went wrong on the way.
        """
        if self._place.app is None and (address := self._lines.address(request)):
            return await self._shortly(address, request, paid=paid)
        lanes = self._paid if paid else self._free
        async with self._gate, _translated(), asyncio.timeout(LONGEST_EXCHANGE):
            with lanes.one() as client:
                response = await client.send(client.build_request(**request), stream=True)
                try:
                    body = await _read_capped(response)
                finally:
                    await response.aclose()
        return Answer(response.status_code, _head(response), body)

    async def _shortly(self, address: Address, request: Mapping[str, Any], *, paid: bool) -> Answer:
        try:
            async with self._gate, asyncio.timeout(LONGEST_EXCHANGE):
                return await self._lines.exchange(address, request, paid=paid)
        except PackingError as error:
            raise BrokenError(str(error)) from None
        except TimeoutError as error:
            raise BrokenError(type(error).__name__) from None

    @contextlib.asynccontextmanager
    async def stream(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Stream]:
        """Open a file; redirects are answers like any other."""
        async with contextlib.AsyncExitStack() as stack:
            async with _translated():
                where = plain(url) or _put_right(url)
                if self._place.app is None and (self._place.local or is_direct(where.scheme, where.host)):
                    stream = await self._direct(stack, where, headers)
                else:
                    stream = await self._through_a_lane(stack, httpx.URL(url), headers)
            yield stream

    async def _direct(self, stack: contextlib.AsyncExitStack, where: Address, headers: Mapping[str, str]) -> Stream:
        await stack.enter_async_context(self._files)
        asked = {"user-agent": USER_AGENT, **headers}
        host, port = where.host.strip("[]"), where.port
        async with asyncio.timeout(LONGEST_EXCHANGE):
            answer = await stack.enter_async_context(opened(where.scheme, host, port, where.target, asked, _tls))
        return Stream(answer.status, answer.headers, answer.pieces(_CHUNK))

    async def _through_a_lane(
        self, stack: contextlib.AsyncExitStack, where: httpx.URL, headers: Mapping[str, str]
    ) -> Stream:
        await stack.enter_async_context(self._gate)
        client = stack.enter_context(self._free.one())
        async with asyncio.timeout(LONGEST_EXCHANGE):
            response = await client.send(client.build_request("GET", where, headers=headers), stream=True)
        stack.push_async_callback(response.aclose)
        return Stream(response.status_code, _head(response), response.aiter_raw(_CHUNK))


def _put_right(url: str) -> Address:
    where = httpx.URL(url)
    host, target = where.raw_host.decode("ascii"), where.raw_path.decode("ascii")
    return Address(where.scheme, host, where.port or PORTS.get(where.scheme, 0), target)


def _client(place: Place, *, kept: int, read_seconds: float) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=place.app) if place.app else None,
        verify=_tls(),
        limits=httpx.Limits(max_keepalive_connections=kept, keepalive_expiry=KEPT_SECONDS),
        timeout=httpx.Timeout(read_seconds, connect=15.0),
        headers={"user-agent": USER_AGENT, "accept-encoding": "gzip"},
        follow_redirects=False,
        event_hooks={"response": [_hide_location]},
        trust_env=not place.local,
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    """One for all: reading the certificates takes 30 ms."""
    return httpx.create_ssl_context()


@contextlib.asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Our two failures for the library's many, and silence in its logs."""
    ours = _OURS.set(True)
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise NotSentError(type(error).__name__) from None
    except (httpx.HTTPError, HTTPException, OSError) as error:  # a timeout is an OSError
        raise BrokenError(type(error).__name__) from None
    except PackingError as error:
        raise BrokenError(str(error)) from None
    except httpx.InvalidURL:
        raise NotSentError("InvalidURL") from None
    finally:
        _OURS.reset(ours)


async def _hide_location(response: httpx.Response) -> None:
    """Keep the library from looking at ``Location``.

    It works out the next request even where it is to follow none, and raises what means "never sent" for a
    Location that is no address: the paid request would be sent again.
    """
    response.extensions[_HEAD] = {name.lower(): value for name, value in response.headers.items()}
    response.headers.pop("location", None)


def _head(response: httpx.Response) -> Mapping[str, str]:
    head: Mapping[str, str] = response.extensions[_HEAD]
    return head


async def _read_capped(response: httpx.Response) -> bytes:
    return await capped(unpacked(response.aiter_raw(), response.headers.get("content-encoding", "")))


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port or {"https": 443, "http": 80}.get(parts.scheme)
