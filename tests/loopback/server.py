"""The server: two ports on 127.0.0.1 (API and CDN are different origins), threads, and a memory."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from .clip import make_clip
from .fal import Fal
from .faults import Fault, Plan
from .imarouter import ImaRouter
from .kling import AgentsFlare, Kling
from .kling2 import Kling2
from .replicate import Replicate
from .tasks import Script, Table, Task
from .wire import Reply, Seen
from .wireflow import Wireflow

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDLESS_BYTES = 1_000_000_000


class Loopback:
    """A gateway for one test; use it as a context manager.

    Attributes:
        key: The API key that every dialect accepts; ``access_key`` and ``secret_key`` for Kling's tokens.
        requests: Everything that was asked, in order, faults included.
        kling, kling2, agentsflare, imarouter, wireflow, fal, replicate: The dialects; their ``manners`` are switches.
        clip: The result video as a file; ``clip_bytes`` is what the gateway serves and may be replaced.
        clock: Tells the Unix time; may be replaced.
        connections: How many connections were opened, to both ports.
    """

    key = "sk-loopback-c0ffee-never-to-be-seen"
    access_key = "ak-loopback-c0ffee"
    secret_key = "secret-loopback-c0ffee-never-to-be-seen"

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.table = Table()
        self.clock: Callable[[], float] = time.time
        self.kling = Kling(self)
        self.kling2 = Kling2(self)
        self.agentsflare = AgentsFlare(self)
        self.imarouter = ImaRouter(self)
        self.wireflow = Wireflow(self)
        self.fal = Fal(self)
        self.replicate = Replicate(self)
        self.clip_bytes = make_clip()
        self.connections = 0
        self.troubles: list[BaseException] = []
        self.closing = threading.Event()
        self._plans: list[Plan] = []
        self._lock = threading.RLock()
        self._folder = tempfile.TemporaryDirectory(prefix="loopback-")
        self.clip = Path(self._folder.name) / "clip.mp4"
        self.clip.write_bytes(self.clip_bytes)
        self._servers = [_Server(self, origin) for origin in ("api", "cdn")]
        self.url, self.cdn_url = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)

    def __enter__(self) -> Self:
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.closing.set()
        for server in self._servers:
            server.stop()
        self._folder.cleanup()
        if self.troubles and kind is None:
            raise AssertionError("the loopback gateway itself failed") from self.troubles[0]

    @property
    def paid(self) -> list[Seen]:
        """The paid requests that arrived, accepted or not: what a client dared to send."""
        return [seen for seen in self.requests if any(dialect.paid(seen) for dialect in self._dialects)]

    @property
    def charged(self) -> list[Task]:
        """The tasks that were accepted: what a client paid for."""
        return self.table.all

    @property
    def downloads(self) -> list[Seen]:
        """The requests for result files."""
        return [seen for seen in self.requests if seen.path.endswith(".mp4")]

    def script(self, *scripts: Script) -> None:
        """The next tasks go like this, one script each; those after them go like the last one."""
        with self._lock:
            self.table.coming = list(scripts)
            self.table.default = scripts[-1]

    def fault(self, match: str, fault: Fault, *, times: int | None = 1, after: int = 0) -> None:
        """Let ``fault`` happen to requests whose ``"METHOD /path"`` has the pattern ``match``.

        Args:
            match: Regular expression, searched for.
            fault: What happens.
            times: How often; None is always.
            after: So many matching requests pass unharmed first.
        """
        with self._lock:
            self._plans.append(Plan(match, fault, times, after))

    def result_url(self, task: Task, folder: str = "/files") -> str:
        """Where a task's result is: on the CDN's origin, which must never see a key."""
        return task.script.url or f"{self.cdn_url}{folder}/{task.id}.mp4"

    def video(self, seen: Seen) -> Reply:
        """The clip, whole or by range."""
        data = self.clip_bytes
        headers = {"Content-Type": "video/mp4", "Accept-Ranges": "bytes", "ETag": f'"{len(data)}"'}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", seen.headers.get("range", ""))
        if not wanted:
            return Reply(200, data, headers)
        begin = int(wanted.group(1))
        end = min(int(wanted.group(2) or len(data) - 1), len(data) - 1)
        if begin > end:
            return Reply(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
        return Reply(206, data[begin : end + 1], {**headers, "Content-Range": f"bytes {begin}-{end}/{len(data)}"})

    @property
    def _dialects(self) -> tuple[AgentsFlare | Kling | Kling2 | ImaRouter | Wireflow | Fal | Replicate, ...]:
        # Kling's routes lie inside ImaRouter's.
        return (self.agentsflare, self.kling, self.kling2, self.imarouter, self.wireflow, self.fal, self.replicate)

    def handle(self, seen: Seen) -> tuple[Reply, Fault]:
        """Record a request, do what it asks, and say how to answer."""
        with self._lock:
            self.requests.append(seen)
            fault = next((plan.fault for plan in self._plans if plan.meets(seen)), Fault())
            reply = Reply() if fault.replaces else self._answer(seen)
        if fault.status is not None:
            reply = Reply(fault.status, fault.body)
        return Reply(reply.status, reply.body, {**reply.headers, **fault.headers}), fault

    def _answer(self, seen: Seen) -> Reply:
        if seen.path.startswith("/files/"):
            return self.video(seen)
        for dialect in self._dialects:
            if reply := dialect.answer(seen):
                return reply
        return Reply(404, {"error": f"no route {seen.line}"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # of five, a client that opens more connections at once tries the others again after 1 s

    def __init__(self, gateway: Loopback, origin: str) -> None:
        self.gateway = gateway
        self.origin = origin
        self._open: set[Any] = set()
        name = f"loopback-{origin}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.004,), name=name, daemon=True)
        super().__init__(("127.0.0.1", 0), _Handler)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in list(self._open):  # idle keep-alive connections of clients that did not close
            _sever(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.gateway.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are part of the tests; a fault of our own fails the test in the end."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.gateway.troubles.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: two would wait 40 ms for each other
    server: _Server

    def do_GET(self) -> None:
        gateway = self.server.gateway
        reply, fault = gateway.handle(self._seen())
        if fault.hold:
            while not (fault.hold.wait(0.01) or gateway.closing.is_set()):
                pass
        if fault.drop:
            self._drop()
            return
        with contextlib.suppress(OSError):  # the client had enough
            self._send(reply, fault)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the standard library's names

    def _seen(self) -> Seen:
        body = self._body()
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            parsed = None
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Seen(self.command, parts.path, query, headers, body, parsed, self.server.origin)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, reply: Reply, fault: Fault) -> None:
        data = reply.data
        self.send_response(reply.status)
        headers = {"Content-Type": reply.media_type, **reply.headers}
        if fault.endless:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers.setdefault("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.endless:
            self._pour(data or bytes(1024))
            self._drop()
            return
        self.wfile.write(data if fault.cut is None else data[: fault.cut])
        if fault.cut is not None or headers.get("Content-Length") != str(len(data)):
            self._drop()

    def _pour(self, data: bytes) -> None:
        piece = data * max(1, 65536 // len(data))
        for _ in range(_ENDLESS_BYTES // len(piece)):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def _drop(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        _sever(self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Quiet: the gateway remembers."""


def _sever(connection: Any) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
