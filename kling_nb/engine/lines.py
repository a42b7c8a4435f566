"""Which requests take the short way to the gateway, and the connections for them.

Only what is sent as it is written does: to a plain address, with little or no body and no proxy between. Everything
else goes through the HTTP library (:mod:`.http`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from kling_nb.engine.bodies import is_plain, unpacked
from kling_nb.engine.direct import is_direct
from kling_nb.engine.line import Line, Request, connected
from kling_nb.wire import Answer

ANSWER_CAP = 16 * 1024 * 1024
KEPT_SECONDS = 30.0
"""Polls are further apart than the HTTP library keeps connections, and a new one costs a handshake."""

USER_AGENT = "kling_nb (+https://github.com/kling-nb/kling_nb)"

_METHODS = {"GET", "POST"}
_PARTS = {"method", "url", "headers", "params", "content"}
_HEAVY = 64 * 1024
"""Bytes of a body from which on how it is sent matters more than what the library takes."""

_SILENT_SECONDS, _PAID_SILENT_SECONDS = 60.0, 180.0  # a gateway may think before it takes a job
PORTS = {"http": 80, "https": 443}
_LETTER = r"(?:[\w~!$&'()*+,;=:@.-]|%[0-9a-fA-F]{2})"
_ADDRESS = re.compile(
    r"(https?)://([a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:.]+\])(?::([0-9]{1,5}))?"
    rf"((?:/(?!\.){_LETTER}*)*(?:\?(?:{_LETTER}|[/?])*)?)",
    re.ASCII,
)
"""Addresses that are sent as they are written; the others are left to the HTTP library to put right."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a question goes.

    Attributes:
        host: As it stands in the address.
        target: Path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What a connection leads to."""
        return self.scheme, self.host, self.port


def plain(url: str) -> Address | None:
    """The address, if it can be sent as it is written; the library puts right all others."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, target = found.groups()
    return Address(scheme, host, int(port or PORTS[scheme]), target if target[:1] == "/" else f"/{target}")


class Lines:
    """Kept connections by origin, the one that was used last first; and new ones for what is paid.

    Args:
        tls: Makes the context, for ``https`` only.
        local: The gateway is on this machine, where proxies are not asked.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], *, local: bool) -> None:
        self._tls = tls
        self._local = local
        self._headers = {"accept": "*/*", "accept-encoding": "gzip", "user-agent": USER_AGENT}
        self._idle: dict[tuple[str, str, int], list[Line]] = {}
        self._direct: dict[tuple[str, str], bool] = {}

    def address(self, request: Mapping[str, Any]) -> Address | None:
        """Where a request goes if it may take the short way, else None."""
        if request["method"] not in _METHODS or not request.keys() <= _PARTS:
            return None
        url, params = request["url"], request.get("params")
        if len(request.get("content", b"")) > _HEAVY or (params and "?" in url):
            return None
        address = plain(f"{url}?{urlencode(params, quote_via=quote)}" if params else url)
        return address if address and (self._local or self._reaches(address.scheme, address.host)) else None

    async def exchange(self, address: Address, request: Mapping[str, Any], *, paid: bool) -> Answer:
        """Send a request and read its answer, capped at 16 MB.

        Args:
            address: From :meth:`address`.
            request: Keyword arguments of the library.
            paid: It takes a connection of its own: a kept one may have been closed by the other side, which would
                turn "not sent" into "perhaps sent".

        Raises:
            NotSentError, BrokenError: As :meth:`kling_nb.engine.line.Line.ask`.
            PackingError: The answer is packed in a way that was not asked for, or damaged.
        """
        line = None if paid else self._kept(address.origin)
        line = line or await self._connected(address)
        silent = _PAID_SILENT_SECONDS if paid else _SILENT_SECONDS
        status, head, body = await line.ask(self._written(address, request), cap=ANSWER_CAP, silent_seconds=silent)
        if paid:
            line.close()
        elif line.open:
            self._idle.setdefault(address.origin, []).append(line)
        told: dict[str, str] = {}
        for raw, value in head:
            name, said = raw.decode("latin1"), value.decode("latin1")
            told[name] = f"{told[name]}, {said}" if name in told else said
        encoding = told.get("content-encoding", "")
        return Answer(status, told, body if is_plain(encoding) else await capped(unpacked(_in_one(body), encoding)))

    def _written(self, address: Address, request: Mapping[str, Any]) -> Request:
        scheme, host, port = address.origin
        body: bytes = request.get("content", b"")
        sent = {"host": host if port == PORTS[scheme] else f"{host}:{port}", **self._headers}
        sent |= {name.lower(): value for name, value in request["headers"].items()}
        if body or request["method"] != "GET":
            sent["content-length"] = str(len(body))
        lines = [(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()]
        return Request(request["method"].encode("ascii"), address.target.encode("ascii"), lines, body)

    async def _connected(self, address: Address) -> Line:
        tls = self._tls() if address.scheme == "https" else None
        return await connected(address.host.strip("[]"), address.port, tls)

    def close(self) -> None:
        """Hang up."""
        for line in [line for idle in self._idle.values() for line in idle]:
            line.close()
        self._idle.clear()

    def _reaches(self, scheme: str, host: str) -> bool:
        """Whether no proxy stands between; looked up once, as the HTTP library does."""
        key = scheme, host
        if key not in self._direct:
            self._direct[key] = is_direct(scheme, host)
        return self._direct[key]

    def _kept(self, origin: tuple[str, str, int]) -> Line | None:
        idle = self._idle.get(origin, [])
        while idle:
            line = idle.pop()
            if line.open and asyncio.get_running_loop().time() - line.idle_since < KEPT_SECONDS:
                return line
            line.close()
        return None


async def capped(pieces: AsyncGenerator[bytes, None]) -> bytes:
    """The body, cut off at the cap."""
    body = bytearray()
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            body += piece
            if len(body) > ANSWER_CAP:
                break
    return bytes(memoryview(body)[:ANSWER_CAP])


async def _in_one(body: bytes) -> AsyncIterator[bytes]:
    yield body
