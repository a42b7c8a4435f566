"""How fast a clip comes home, and what it takes: ``python tests/benchmarks/bench_download.py`` (half a minute).

40 MB over loopback, interleaved, each in a fresh process, beside curl and the standard library. *Memory* is the peak
over what was there before the download. The last row cuts the connection at half: the rest is asked for by range.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import multiprocessing
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SIZE, REPEATS = 40_000_000, 9
_RANGE = re.compile(rb"range: bytes=(\d+)-", re.IGNORECASE)
_SPAWN = multiprocessing.get_context("spawn")


def _clip() -> bytes:
    return random.Random(7).randbytes(SIZE)


def _serve(tell: Connection) -> None:
    """A file server with ranges; below /cut/ the first answer to each path breaks off at half."""
    clip, cut = _clip(), set[bytes]()

    def talk(peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as asked:
            while line := asked.readline():
                head = b"".join(iter(asked.readline, b"\r\n"))
                path, said = line.split()[1], _RANGE.search(head)
                begin = int(said[1]) if said else 0
                told = f'HTTP/1.1 {"206 Partial Content" if said else "200 OK"}\r\nETag: "a"\r\n'
                told += f"Content-Length: {SIZE - begin}\r\n"
                told += f"Content-Range: bytes {begin}-{SIZE - 1}/{SIZE}\r\n" if said else ""
                peer.sendall(told.encode() + b"\r\n")
                if path.startswith(b"/cut/") and path not in cut:
                    cut.add(path)
                    peer.sendall(memoryview(clip)[: SIZE // 2])
                    return
                peer.sendall(memoryview(clip)[begin:])
                tell.send(begin)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        tell.send(listener.getsockname()[1])
        while True:
            threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()


def _ours(url: str, path: Path) -> Callable[[], None]:
    from kling_nb.engine.download import Download  # noqa: PLC0415 - imports come before the clock
    from kling_nb.engine.http import Http, Place  # noqa: PLC0415 - see above

    async def fetch() -> None:
        http = Http(Place("the benchmark", url))
        await Download(http, Place("the benchmark", url), asyncio.sleep, lambda: 0.0).fetch(url, path)
        await http.close()

    return lambda: asyncio.run(fetch())


def _curl(url: str, path: Path) -> Callable[[], None]:
    return lambda: void(subprocess.run(["curl", "-s", "-o", str(path), url], check=True))  # noqa: S603, S607 - ours


def void(_: object) -> None:
    """Forget a result."""


def _standard_library(url: str, path: Path) -> Callable[[], None]:
    """The floor in Python: http.client reading into one buffer."""

    def fetch() -> None:
        where = urlsplit(url)
        connection = http.client.HTTPConnection(where.netloc)
        connection.request("GET", where.path)
        view, reply = memoryview(bytearray(256 * 1024)), connection.getresponse()
        with path.open("wb", buffering=0) as file:
            while size := reply.readinto(view):
                file.write(view[:size])

    return fetch


def _httpx(url: str, path: Path) -> Callable[[], None]:
    """The library's own way."""
    import httpx  # noqa: PLC0415 - imports come before the clock

    def fetch() -> None:
        with httpx.stream("GET", url, trust_env=False) as reply, path.open("wb") as file:
            for chunk in reply.iter_bytes():
                file.write(chunk)

    return fetch


METHODS = {"**kling_nb**": _ours, "curl": _curl, "http.client": _standard_library, "httpx": _httpx}


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def _child(name: str, url: str, tell: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4.part"
        fetch = METHODS[name](url, path)
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        memory, cpu, begin = _memory("VmRSS"), time.process_time(), time.perf_counter()
        fetch()
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        peak = _memory("VmHWM") - memory
        tell.send((SIZE / 1e6 / seconds, 1000 * cpu, peak, hashlib.sha256(path.read_bytes()).hexdigest()))
    os._exit(0)


def _run(name: str, url: str) -> tuple[float, float, float, str]:
    here, there = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_child, args=(name, url, there), daemon=True)
    process.start()
    there.close()
    row: tuple[float, float, float, str] = here.recv()
    process.join()
    return row


def main() -> None:
    """Measure and print."""
    told, tell = _SPAWN.Pipe(duplex=False)
    server = _SPAWN.Process(target=_serve, args=(tell,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{told.recv()}"
    expected = hashlib.sha256(_clip()).hexdigest()
    names = [name for name in METHODS if name != "curl" or shutil.which("curl")]
    rows: dict[str, list[tuple[float, float, float, str]]] = {name: [] for name in names}
    for _ in range(REPEATS):
        for name in names:
            rows[name].append(_run(name, f"{base}/whole/clip.mp4"))
            told.recv()
    say = sys.stdout.write
    say("| client | MB/s: median, best | CPU ms, least | memory MB, most |\n|---|---|---|---|\n")
    for name, runs in rows.items():
        assert all(run[3] == expected for run in runs), f"{name} fetched something else"
        speeds = [run[0] for run in runs]
        cpu = "" if name == "curl" else f"{min(run[1] for run in runs):.0f}"
        most = "" if name == "curl" else f"{max(run[2] for run in runs):.1f}"
        say(f"| {name} | {statistics.median(speeds):.0f}, {max(speeds):.0f} | {cpu} | {most} |\n")
    speed, cpu_ms, most_mb, digest = _run("**kling_nb**", f"{base}/cut/clip.mp4")
    began = told.recv()
    say(f"| **kling_nb**, cut at half | {speed:.0f} | {cpu_ms:.0f} | {most_mb:.1f} |\n\n")
    whole = json.dumps(digest == expected)
    say(f"After the cut the rest was asked for from byte {began:,} of {SIZE:,}; the file is right: {whole}.\n")
    server.kill()


if __name__ == "__main__":
    main()
