"""Bodies from strangers, unpacked a little at a time.

A few kilobytes of zeros, packed once or several times over, unpack to gigabytes. The HTTP library unpacks
whatever arrives in one go, so it is not asked to: here no step makes more than :data:`STEP` bytes, and
whoever reads can stop at a cap.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

STEP = 256 * 1024
"""Bytes that one step may unpack to."""

_PLAIN = frozenset({"", "identity"})
_AS_GZIP, _AS_ZLIB, _AS_DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_ZLIB_METHOD = 8


class PackingError(Exception):
    """The body is packed in a way that was not asked for, or damaged."""


def is_plain(encoding: str) -> bool:
    """Whether a ``Content-Encoding`` leaves the bytes as they are."""
    return encoding.strip().lower() in _PLAIN


async def unpacked(raw: AsyncIterator[bytes], encoding: str) -> AsyncGenerator[bytes, None]:
    """The body behind a ``Content-Encoding``: none, ``gzip`` or ``deflate`` (RFC 9110, 8.4.1), each once.

    Raises:
        PackingError: Packed otherwise or twice, broken off, or damaged.
    """
    if is_plain(encoding):
        async for piece in raw:
            yield piece
        return
    unpacker = _Unpacker(encoding.strip().lower())
    async for piece in raw:
        for step in unpacker.steps(piece):
            yield step
    if not unpacker.finished:
        raise PackingError("the packed answer broke off")


class _Unpacker:
    def __init__(self, encoding: str) -> None:
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise PackingError("the answer is packed in a way that was not asked for")
        self._gzip = encoding != "deflate"
        self._inside: zlib._Decompress | None = None

    @property
    def finished(self) -> bool:
        return self._inside is None or self._inside.eof

    def steps(self, piece: bytes) -> Iterator[bytes]:
        if not piece:
            return
        if self._inside is None:
            # "deflate" is zlib's format, but some servers leave its header out (RFC 9110, 8.4.1.2).
            bare = piece[0] & 0x0F != _ZLIB_METHOD
            self._inside = zlib.decompressobj(_AS_GZIP if self._gzip else _AS_DEFLATE if bare else _AS_ZLIB)
        try:
            while piece and not self._inside.eof:
                yield self._inside.decompress(piece, STEP)
                piece = self._inside.unconsumed_tail
        except zlib.error:
            raise PackingError("the packed answer is damaged") from None
