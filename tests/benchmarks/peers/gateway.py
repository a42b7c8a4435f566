"""A gateway with faults for measuring clients: five dialects over one table of tasks, judged by its own log.

The prompt holds ``task-<i>``. Task i takes the same time for every client, and which request fails is decided by a
hash of the task and the attempt, so that a run can be repeated. Unlike the tests' loopback gateway it is one
event loop, because two hundred clients poll it ten times faster than in life.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from statistics import NormalDist
from typing import Any
from urllib.parse import parse_qs

NGINX = b"<html><head><title>503 Service Temporarily Unavailable</title></head><center>nginx</center></html>"
_PROMPT = re.compile(rb"task-(\d+)")
_TASK = re.compile(r"(t\d{5}-\d+)")
_EXTERNAL = re.compile(rb'"external_task_id": ?"([^"]+)"')
_LIST = "/v1/videos/text2video"
_KEY = re.compile(r"/(kn-[\w-]+)$")


@dataclass(frozen=True, slots=True)
class Faults:
    """How badly it behaves.

    Attributes:
        median, sigma: Seconds that a task takes, log-normal.
        error: Share of polls answered with a 500.
        drop: Share of polls whose connection is cut.
        busy: Share of submits answered with a 429 and Retry-After.
        lost: Share of submits that are accepted, and billed, and whose answer is cut off.
        seed: Makes the run what it is; with this one six of the first 200 answers to a submit are lost.
        outage: From when to when, in seconds after the first submit, everything is a 503 or a cut connection.
    """

    median: float = 6.0
    sigma: float = 0.4
    error: float = 0.0
    drop: float = 0.0
    busy: float = 0.0
    lost: float = 0.0
    outage: tuple[float, float] = (0.0, 0.0)
    seed: int = 18


@dataclass(slots=True)
class Task:
    """One accepted, and therefore billed, task.

    Attributes:
        number: The i of its prompt.
        key: The client's own id, or empty.
        polls: How often it was asked about.
        ready: Unix time at which it is.
        latency: Seconds from its submit to then.
        seen: When somebody was told that it is ready; 0 for nobody yet.
    """

    id: str
    number: int
    key: str
    ready: float
    polls: int = 0
    latency: float = 0.0
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: str = ""


Reply = tuple[int, Any, dict[str, str]]
"""Status, body (bytes or JSON), headers."""


@dataclass(slots=True)
class Gateway:
    """The table of tasks, and the answers.

    Attributes:
        clip: The bytes of every result.
        url: Its own address.
        looks: Questions about tasks, however many each was about.
    """

    faults: Faults
    clip: bytes
    url: str = ""
    looks: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    _attempts: dict[int, int] = field(default_factory=dict)
    _began: float | None = None
    _requests: int = 0

    def answer(self, asked: Asked) -> Reply | None:
        """The answer, or None to cut the connection."""
        now = time.time()
        self._requests += 1
        if asked.path.startswith("/files/"):
            return HTTPStatus.OK, self.clip, {"Content-Type": "video/mp4"}
        begin, end = self.faults.outage
        if self._began is not None and begin <= now - self._began < end:
            return None if self._requests % 2 else (HTTPStatus.SERVICE_UNAVAILABLE, NGINX, {})
        if asked.method == "POST" and asked.path.endswith("/estimate"):
            return HTTPStatus.OK, {"data": {"estimatedCredits": 10, "sufficient": True}}, {}
        if asked.method == "POST":
            return self._submit(asked, now)
        self.looks += 1
        return self._look(asked, now)

    def _look(self, asked: Asked, now: float) -> Reply | None:
        if asked.path == _LIST:
            return HTTPStatus.OK, self._page(asked, now), {}
        if key := _KEY.search(asked.path):
            found = next((task for task in self.tasks.values() if task.key == key[1]), None)
            return _told(self.url, asked.path, found, ready=False) if found else _no_such_task()
        return self._poll(asked, now)

    def _submit(self, asked: Asked, now: float) -> Reply | None:
        said = _PROMPT.search(asked.body)
        if not said:
            return HTTPStatus.NOT_FOUND, {"error": "no task-<i> in the request"}, {}
        number = int(said[1])
        self._began = self._began or now
        attempt = self._attempts[number] = self._attempts.get(number, 0) + 1
        if self._chance("busy", number, attempt) < self.faults.busy:
            return HTTPStatus.TOO_MANY_REQUESTS, {"code": 1302, "message": "rate limited"}, {"Retry-After": "2"}
        key = asked.headers.get("idempotency-key", "") or _external_id(asked)
        task = next((task for task in self.tasks.values() if key and task.key == key), None)
        if task and "/execute" not in asked.path:
            return HTTPStatus.BAD_REQUEST, {"code": 1201, "message": "external_task_id already exists"}, {}
        if task is None:
            spread = NormalDist().inv_cdf(min(max(self._chance("time", number), 1e-6), 1 - 1e-6))
            latency = self.faults.median * math.exp(self.faults.sigma * spread)
            task = Task(f"t{number:05d}-{attempt}", number, key, now + latency, latency=latency)
            self.tasks[task.id] = task
        if self._chance("lost", number, attempt) < self.faults.lost:
            return None
        return _told(self.url, asked.path, task, ready=False, first=True)

    def _page(self, asked: Asked, now: float) -> dict[str, Any]:
        """Kling's list of tasks, the newest first."""
        wanted = {name: int(value[0]) for name, value in parse_qs(asked.query).items()}
        size = wanted.get("pageSize", 30)
        newest = islice(reversed(self.tasks.values()), size * (wanted.get("pageNum", 1) - 1), None)
        tasks = list(islice(newest, size))
        for task in tasks:
            if not task.seen and now >= task.ready:
                task.seen = now
        told = [_kling(self.url, asked.path, task, self._link(task, now), None)["data"] for task in tasks]
        return {"code": 0, "message": "SUCCEED", "data": told}

    def _link(self, task: Task, now: float) -> str | None:
        return f"{self.url}/files/{task.id}.mp4" if now >= task.ready else None

    def _poll(self, asked: Asked, now: float) -> Reply | None:
        said = _TASK.search(asked.path)
        task = self.tasks.get(said[1]) if said else None
        if task is None:
            return _no_such_task()
        task.polls += 1
        if self._chance("error", task.number, task.polls) < self.faults.error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": {"message": "internal", "code": 500}}, {}
        if self._chance("drop", task.number, task.polls) < self.faults.drop:
            return None
        if not task.seen and now >= task.ready:
            task.seen = now
        return _told(self.url, asked.path, task, ready=now >= task.ready)

    def _chance(self, *what: object) -> float:
        digest = hashlib.blake2b(repr((self.faults.seed, *what)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64


def _external_id(asked: Asked) -> str:
    said = _EXTERNAL.search(asked.body)  # a body may be multipart as well
    return said[1].decode() if said else ""


def _no_such_task() -> Reply:
    return HTTPStatus.NOT_FOUND, {"code": 1203, "message": "task not found"}, {}


def _told(url: str, path: str, task: Task, *, ready: bool, first: bool = False) -> Reply:
    """The task in the dialect of the path that was asked."""
    clip = f"{url}/files/{task.id}.mp4" if ready else None
    dialect = next(tell for begin, tell in _DIALECTS.items() if path.startswith(begin))
    status = HTTPStatus.CREATED if first and dialect is _wireflow else HTTPStatus.OK
    return status, dialect(url, path, task, clip, first), {}


def _kling(_url: str, _path: str, task: Task, clip: str | None, _first: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"task_id": task.id, "task_status": "succeed" if clip else "processing"}
    data |= {"task_result": {"videos": [{"id": task.id, "url": clip}]}} if clip else {}
    return {"code": 0, "message": "SUCCEED", "data": data}


def _openai(_url: str, _path: str, task: Task, clip: str | None, first: Any) -> dict[str, Any]:
    word = "completed" if clip else "queued" if first else "in_progress"
    told: dict[str, Any] = {
        "id": task.id,
        "task_id": task.id,
        "object": "video",
        "model": "m",
        "status": word,
        "created_at": 1,
    }
    return {**told, "progress": 0, "seconds": "5", "size": "16x9", "metadata": {"url": clip}}


def _wireflow(_url: str, _path: str, task: Task, clip: str | None, first: Any) -> dict[str, Any]:
    if first:
        return {"executionRuns": [{"id": task.id, "status": "RUNNING"}]}
    word = "COMPLETED" if clip else "RUNNING"
    return {"status": word, "nodeStates": [{"nodeId": "n", "status": word, "outputUrl": clip}]}


def _replicate(url: str, _path: str, task: Task, clip: str | None, _first: Any) -> dict[str, Any]:
    here = f"{url}/v1/predictions/{task.id}"
    word = "succeeded" if clip else "processing"
    told: dict[str, Any] = {
        "id": task.id,
        "model": "m/m",
        "version": "v",
        "input": {},
        "logs": "",
        "error": None,
        "status": word,
    }
    return {**told, "output": clip, "created_at": "2026-01-01T00:00:00Z", "urls": {"get": here, "cancel": here}}


def _fal(url: str, path: str, task: Task, clip: str | None, first: Any) -> dict[str, Any]:
    here = f"{url}/fal-ai/kling/requests/{task.id}"
    links = {"response_url": here, "status_url": f"{here}/status", "cancel_url": f"{here}/cancel"}
    if first:
        return {"status": "IN_QUEUE", "request_id": task.id, "queue_position": 0, **links}
    if not path.endswith("/status"):
        return {"video": {"url": clip}}
    return {"status": "COMPLETED" if clip else "IN_PROGRESS", "request_id": task.id, "logs": [], "metrics": {}, **links}


_DIALECTS: dict[str, Callable[[str, str, Task, str | None, Any], dict[str, Any]]] = {
    _LIST: _kling,
    "/v1/videos": _openai,
    "/api/v1/": _wireflow,
    "/v1/predictions": _replicate,
    "/fal-ai/": _fal,
}
"""By the beginning of the path, the longer one first."""


async def serve(gateway: Gateway) -> asyncio.Server:
    """Listen on a free port of this machine."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await _read(reader):
                reply = gateway.answer(asked)
                if reply is None:
                    writer.transport.abort()
                    return
                writer.write(_packed(*reply))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return server


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head.decode("latin1").strip().split("\r\n")
    method, target, _ = line.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    path, _, query = target.partition("?")
    return Asked(method, path, headers, body, query)


def _packed(status: int, body: Any, headers: dict[str, str]) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + data
