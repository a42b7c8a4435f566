"""Bodies that never end, unpack to more than fits, or lie about themselves: they stop at the caps."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kling_nb.engine import http, lines
from kling_nb.engine.bodies import STEP, PackingError, unpacked
from kling_nb.errors import DownloadError, OutageError, UnknownOutcomeError
from kling_nb.wire import Ask
from tests.loopback import Fault

if TYPE_CHECKING:
    from tests.engine.conftest import Bench

MEGABYTE = 1024 * 1024
ORDER = Ask("POST", "/v1/videos/text2video", body={"prompt": "a fox"}, paid=True)
LOOK = Ask("GET", "/v1/videos/text2video/1")


def packed(data: bytes, wbits: int, megabytes: int = 0) -> bytes:
    """Data, or so many megabytes of zeros, in a deflate format."""
    packer = zlib.compressobj(9, wbits=wbits)
    zeros = bytes(MEGABYTE)
    return packer.compress(data) + b"".join(packer.compress(zeros) for _ in range(megabytes)) + packer.flush()


GZIP, ZLIB, BARE = 31, 15, -15


@cache
def bomb(wbits: int = GZIP) -> bytes:
    """64 MB in 64 kB."""
    return packed(b"", wbits, 64)


@cache
def nested() -> bytes:
    """The same, packed twice more."""
    return gzip.compress(gzip.compress(bomb(), mtime=0))


def peak(work: Callable[[], object]) -> int:
    """Bytes that Python held at most while it worked."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wbits", [GZIP, ZLIB, BARE])
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_unpacking(wbits: int, size: int) -> None:
    """The same bytes come out however they are cut, never more than one step at a time."""
    data = bytes(range(256)) * 4096
    body = packed(data, wbits)

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(body), size):
            yield body[begin : begin + size]

    async def read() -> list[bytes]:
        return [piece async for piece in unpacked(pieces(), "GZip " if wbits == GZIP else "deflate")]

    found = asyncio.run(read())
    assert b"".join(found) == data
    assert max(map(len, found)) <= STEP


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "x", "identity, gzip"])
def test_packed_as_nobody_asked(encoding: str) -> None:
    """Nested and unknown encodings are refused before a byte is unpacked."""

    async def read() -> None:
        async for _ in unpacked(aiter_of(nested()), encoding):
            raise AssertionError

    with pytest.raises(PackingError, match="not asked for"):
        asyncio.run(read())


async def aiter_of(*pieces: bytes) -> AsyncIterator[bytes]:
    """Pieces as a body."""
    for piece in pieces:
        yield piece


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip at all",
        gzip.compress(b"x" * 99, mtime=0)[:-9],
        b"\x1f\x8b",
        gzip.compress(b"{}", mtime=0)[:-8] + bytes(8),
    ],
)
@pytest.mark.parametrize("paid", [True, False])
def test_damaged_packing(bench: Bench, body: bytes, paid: bool) -> None:  # noqa: FBT001 - a table
    """To the paid request the answer is lost; a question is asked again and then reported."""
    bench.gw.fault("", Fault(status=200, body=body, headers={"Content-Encoding": "gzip"}), times=None)
    with pytest.raises(UnknownOutcomeError if paid else OutageError, match="packed answer"):
        bench.ask(ORDER if paid else LOOK)
    assert len(bench.gw.requests) == (1 if paid else 4)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (bomb, {"Content-Encoding": "gzip"}),
        (partial(bomb, ZLIB), {"Content-Encoding": "deflate"}),
        (partial(bytes, lines.ANSWER_CAP + MEGABYTE), {}),
    ],
    ids=["gzip", "deflate", "plain"],
)
def test_answers_stop_at_the_cap(bench: Bench, body: Callable[[], bytes], headers: dict[str, str]) -> None:
    """64 MB in 64 kB, or simply too much: 16 MB are read, and held a few times over but not more."""
    bench.gw.fault("GET", Fault(status=200, body=body(), headers=headers))
    sizes: list[int] = []
    held = peak(lambda: sizes.append(len(bench.ask(LOOK).body)))
    assert sizes == [lines.ANSWER_CAP]
    assert held < 12 * lines.ANSWER_CAP


@pytest.mark.parametrize("paid", [True, False])
def test_endless_answer(bench: Bench, paid: bool) -> None:  # noqa: FBT001 - a table
    """A body without an end is cut off; what it says is then no answer that anybody can read."""
    bench.gw.fault("", Fault(status=200, body=b'{"a":', endless=True))
    answer = bench.ask(ORDER if paid else LOOK)
    assert len(answer.body) == lines.ANSWER_CAP
    assert answer.json() is None


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Long": "x" * 300_000},
        {f"X-{number}": "x" * 100 for number in range(3000)},
        {"Content-Length": "-1"},
        {"Content-Length": "ten"},
        {"Content-Length": "\u00b2"},
        {"Content-Length": "9" * 30},
        {"Transfer-Encoding": "gzip"},
    ],
    ids=["long", "many", "negative", "word", "superscript", "huge", "transfer"],
)
@pytest.mark.parametrize("paid", [True, False])
def test_hostile_heads(bench: Bench, headers: dict[str, str], paid: bool) -> None:  # noqa: FBT001 - a table
    """Headers without end or sense: the order may have been accepted, the question is asked again."""
    bench.gw.fault("", Fault(status=200, body=b"{}", headers=headers), times=None)
    with pytest.raises(UnknownOutcomeError if paid else OutageError):
        bench.ask(ORDER if paid else LOOK)
    assert len(bench.gw.requests) == (1 if paid else 4)


def test_too_slow_answer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange has an end, however many bytes still drip."""
    monkeypatch.setattr(http, "LONGEST_EXCHANGE", 0.0)
    with pytest.raises(UnknownOutcomeError, match="TimeoutError"):
        bench.ask(ORDER)


async def drip() -> AsyncIterator[bytes]:
    """One byte, and then nothing."""
    yield b"x"
    await asyncio.Event().wait()


def test_too_slow_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next piece of a file has to come in time; what was there before is kept."""
    monkeypatch.setattr(http, "LONGEST_PIECE", 0.0)
    found: list[bytes] = []

    async def read() -> None:
        async for piece in http.Stream(200, {}, drip()).chunks():
            found.append(piece)  # noqa: PERF401 - what came before the end counts

    with pytest.raises(http.BrokenError, match="TimeoutError"):
        asyncio.run(read())
    assert found == [b"x"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=200, body=bomb, headers={"Content-Encoding": "gzip"}), "grew past 4 MB"),
        (Fault(status=200, body=nested, headers={"Content-Encoding": "gzip, gzip, gzip"}), "not asked for"),
        (Fault(status=200, body=b"x", endless=True), "grew past 4 MB"),
        (Fault(status=200, body=b"x", headers={"Content-Length": "99999999999"}), "larger than 4 MB"),
        (Fault(status=200, body=b"x", headers={"Content-Length": "-1"}), "broke off"),
        (Fault(status=200, body=b"x", headers={"Content-Length": "\u00b2"}), "broke off"),
        (Fault(status=206, body=b"x", headers={"Content-Range": f"bytes {'9' * 5000}-/1"}), "broke off"),
        (Fault(status=206, body=b"x", headers={"Content-Range": "bytes 0-0/99999999999"}), "larger than 4 MB"),
    ],
    ids=["bomb", "nested", "endless", "told", "negative", "superscript", "long number", "told by range"],
)
def test_hostile_downloads(bench: Bench, tmp_path: Path, fault: Fault, words: str) -> None:
    """Each ends in a sentence, with no more than the cap on disk and little of it in memory."""
    part = tmp_path / "a.part"
    cap = 4 * MEGABYTE
    body = fault.body() if callable(fault.body) else fault.body
    bench.gw.fault("1.mp4", replace(fault, body=body), times=None)

    def fetch() -> None:
        with pytest.raises(DownloadError, match=words):
            bench.run(lambda engine: engine.download(f"{bench.gw.cdn_url}/files/1.mp4", part, cap=cap))

    assert peak(fetch) < 8 * MEGABYTE
    assert (part.stat().st_size if part.exists() else 0) <= cap
