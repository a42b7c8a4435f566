"""What one poll costs: our HTTP room beside the libraries it could be built on.

    pip install httpx2 httpx-aiohttp aiohttp                # who is missing is left out
    python tests/benchmarks/bench_transport.py              # a minute and a half

Nine polls each of a thousand tasks at random moments of twelve seconds, over loopback, sixteen at once; each client in
a fresh process, twice, the better run counts. *Lag* is how late a timer of 20 ms fires.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

TASKS, POLLS, SPAN, AT_ONCE, REPEATS = 1000, 9, 12.0, 16, 2
_TICK = 0.02
_SPAWN = multiprocessing.get_context("spawn")
_BODY = b'{"code":0,"message":"SUCCEED","data":{"task_id":"1","task_status":"processing"}}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_HEADERS = {"authorization": "Bearer fake-key", "user-agent": "bench", "accept-encoding": "gzip"}
Ask = Callable[[], Awaitable[object]]


async def _ours(url: str) -> Ask:
    from kling_nb.engine.http import Http, Place  # noqa: PLC0415 - imports come before the clock

    room = Http(Place("the benchmark", url))
    return lambda: room.exchange({"method": "GET", "url": url, "headers": _HEADERS}, paid=False)


async def _our_lanes(url: str) -> Ask:
    from kling_nb.engine.http import Http, Place  # noqa: PLC0415 - imports come before the clock

    room = Http(Place("the benchmark", url))
    return lambda: room.exchange({"method": "GET", "url": url, "headers": _HEADERS, "files": None}, paid=False)


def _of_httpx(module: str, transport: str = "") -> Callable[[str], Awaitable[Ask]]:
    async def make(url: str) -> Ask:
        library = importlib.import_module(module)
        limits = library.Limits(max_connections=AT_ONCE)
        below = importlib.import_module(transport).AiohttpTransport(limits=limits) if transport else None
        client = library.AsyncClient(limits=limits, transport=below, trust_env=False)
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask() -> None:
            async with gate:
                await client.get(url, headers=_HEADERS)

        return ask

    return make


async def _aiohttp(url: str) -> Ask:
    client = importlib.import_module("aiohttp")
    session = client.ClientSession(connector=client.TCPConnector(limit=AT_ONCE))

    async def ask() -> None:
        async with session.get(url, headers=_HEADERS) as reply:
            await reply.read()

    return ask


CLIENTS: dict[str, tuple[tuple[str, ...], Callable[[str], Awaitable[Ask]]]] = {
    "**kling_nb** (h11, a kept connection)": (("h11",), _ours),
    "**kling_nb** (httpx, a connection a lane)": (("httpx",), _our_lanes),
    "httpx, one pool": (("httpx",), _of_httpx("httpx")),
    "httpx2, one pool": (("httpx2",), _of_httpx("httpx2")),
    "httpx over aiohttp": (("httpx_aiohttp", "aiohttp"), _of_httpx("httpx", "httpx_aiohttp")),
    "aiohttp": (("aiohttp",), _aiohttp),
}
"""By name: what it needs, and how it is made."""


def _child(name: str, url: str, tell: Connection) -> None:
    logging.disable(logging.CRITICAL)

    async def work() -> None:
        ask = await CLIENTS[name][1](url)
        for _ in range(AT_ONCE):
            await ask()
        lags: list[float] = []

        async def tick() -> None:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(_TICK)
                lags.append(time.perf_counter() - before - _TICK)

        async def task(number: int) -> None:
            rng = random.Random(number)
            for moment in sorted(rng.uniform(0, SPAN) for _ in range(POLLS)):
                await asyncio.sleep(max(0.0, moment - (time.perf_counter() - begin)))
                await ask()

        ticking = asyncio.create_task(tick())
        cpu, begin = time.process_time(), time.perf_counter()
        await asyncio.gather(*map(task, range(TASKS)))
        cpu = time.process_time() - cpu
        ticking.cancel()
        tell.send((1000 * cpu / TASKS / POLLS, 1000 * statistics.quantiles(lags, n=100)[98], 1000 * max(lags)))
        os._exit(0)

    asyncio.run(work())


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(_ANSWER)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def _measure(name: str, url: str) -> tuple[float, float, float]:
    here, there = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_child, args=(name, url, there), daemon=True)
    process.start()
    there.close()
    row: tuple[float, float, float] = await asyncio.to_thread(here.recv)
    await asyncio.to_thread(process.join)
    return row


async def _all(say: Any) -> None:
    server = await asyncio.start_server(_talk, "127.0.0.1", 0, backlog=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/videos/text2video/1"
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(REPEATS):
        for name, (modules, _) in CLIENTS.items():
            if all(map(importlib.util.find_spec, modules)):
                rows.setdefault(name, []).append(await _measure(name, url))
    say("| client | CPU ms a poll | loop lag p99, max ms |\n|---|---|---|\n")
    for name in CLIENTS:
        if name not in rows:
            say(f"| {name} | not installed | |\n")
            continue
        cpu, lag, most = min(rows[name])
        say(f"| {name} | {cpu:.2f} | {lag:.1f}, {most:.0f} |\n")
    server.close()


def main() -> None:
    """Measure and print."""
    asyncio.run(_all(sys.stdout.write))


if __name__ == "__main__":
    main()
