"""Bringing the clip home: streamed, resumed by range, capped, and never with credentials."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from kling_nb.engine.addresses import is_private
from kling_nb.engine.failures import BrokenError, NotSentError
from kling_nb.engine.pieces import Label, Origin, Piece
from kling_nb.errors import DownloadError, StorageError
from kling_nb.settings import is_loopback

if TYPE_CHECKING:
    from kling_nb.engine.http import Http, Place, Stream

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the total, if it is known."""

CLIP_CAP = 4 * 1024 * 1024 * 1024
TRIES = 6
_REDIRECTS = 5
_REDIRECTION = 3
_STRANGE = re.compile(r"[^\w.:-]")


class _RetryableError(Exception):
    """A download that broke in a way that trying again may mend."""


class Download:
    """Fetches result files for one gateway."""

    def __init__(
        self,
        http: Http,
        place: Place,
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
    ) -> None:
        self._http = http
        self._place = place
        self._sleep = sleep
        self._jitter = jitter

    async def fetch(self, url: str, part: Path, cap: int = CLIP_CAP, progress: Progress | None = None) -> None:
        """Fetch ``url`` into ``part``, going on where an earlier try broke off.

        Args:
            url: ``https``, or plain ``http`` only from a gateway on this machine.
            part: Grows as bytes arrive; complete when this returns.
            cap: Bytes after which it is given up.
            progress: Told after each piece.

        Raises:
            DownloadError: Not allowed, refused, too large, or broken off too often.
            StorageError: The disk is full or the folder cannot be written.
        """
        wait = 0.5
        tries = 0
        while True:
            tries += 1
            try:
                await self._once(url, part, cap, progress)
            except (NotSentError, BrokenError, _RetryableError) as error:
                if tries == TRIES:
                    raise DownloadError(
                        f"The clip is ready at {self._place.label} but its download broke off ({error}). "
                        "Nothing is lost: run %kling resume to go on where it stopped."
                    ) from None
            except OSError as error:
                raise StorageError(
                    f"The clip cannot be stored in {part.parent} ({error.strerror or error}). Free some space "
                    "or choose another folder, then run %kling resume: nothing is lost.",
                    charged=True,
                ) from None
            else:
                Label(part).drop()
                return
            await self._sleep(wait * (0.5 + self._jitter()))
            wait = min(wait * 2, 10.0)

    async def _once(self, url: str, part: Path, cap: int, progress: Progress | None) -> None:
        have = _bytes_in(part)
        known = Label(part).read() if have else Origin()
        async with self._open(url, have, known.etag) as stream:
            if stream.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if stream.headers.get("content-range", "").rpartition("/")[2] == str(have):
                    return
                _drop(part)
                raise _RetryableError("what was there before did not fit")
            if stream.status >= HTTPStatus.INTERNAL_SERVER_ERROR or stream.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise _RetryableError(f"HTTP {stream.status}")
            if stream.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise DownloadError(
                    f"The result link of {self._place.label} answers HTTP {stream.status}: it may have expired. "
                    "Run %kling resume to ask for a fresh link."
                )
            piece = Piece.of(stream.status, stream.headers)
            base = have if stream.status == HTTPStatus.PARTIAL_CONTENT else 0
            if piece.begin != base or (base and piece.origin.contradicts(known)):
                _drop(part)
                raise _RetryableError("the rest did not fit to what was there")
            await self._store(stream, part, base, piece.origin.completed(known if base else Origin()), cap, progress)

    async def _store(
        self, stream: Stream, part: Path, base: int, origin: Origin, cap: int, progress: Progress | None
    ) -> None:
        total = origin.total
        if total is not None and total > cap:
            raise DownloadError(f"The result is larger than {cap >> 20} MB, which no clip is: not downloaded.")
        done = base
        with _opened(part, append=base > 0) as file:
            labelled = False
            async for chunk in stream.chunks():
                done += len(chunk)
                if not labelled and done != total:  # what comes whole at once needs no note for whoever goes on with it
                    Label(part).write(origin)
                    labelled = True
                if done > cap:
                    raise DownloadError(f"The result grew past {cap >> 20} MB, which no clip is: given up.")
                # 256 KiB into the page cache takes less time than a hop to another thread.
                file.write(chunk)
                if progress:
                    progress(done, total)
        if total is not None and done > total:
            _drop(part)
        if total is not None and done != total:
            raise _RetryableError(f"{done} of {total} bytes arrived")

    @contextlib.asynccontextmanager
    async def _open(self, url: str, have: int, etag: str) -> AsyncIterator[Stream]:
        """Open a result link; redirects are followed by hand so that each one is looked at."""
        headers = {"accept": "video/*,*/*;q=0.5", "accept-encoding": "identity"}
        if self._place.download_agent:
            headers["user-agent"] = self._place.download_agent
        if have:
            headers["range"] = f"bytes={have}-"
            if etag:
                headers["if-range"] = etag  # another file by now comes whole
        for _ in range(_REDIRECTS):
            await self._check(url)
            async with self._http.stream(url, headers) as stream:
                if stream.status // 100 != _REDIRECTION:
                    yield stream
                    return
                url = _redirected(url, stream.headers.get("location", ""))
        raise DownloadError(f"The result link of {self._place.label} redirects in circles.")

    async def _check(self, url: str) -> None:
        """Refuse links that a public gateway has no business with; one on this machine may link to this machine."""
        scheme, host = _address(url)
        if self._place.local:
            if (scheme == "https" and host) or (scheme == "http" and (self._place.owns(url) or is_loopback(host))):
                return
        elif scheme == "https" and host and not await is_private(host):
            return
        raise DownloadError(
            f"The result link of {self._place.label} points to {scheme[:20] or 'nothing'}://"
            f"{_STRANGE.sub('?', host)[:100]}, where a clip cannot come from: not opened."
        )


def _bytes_in(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    Label(part).drop()


def _opened(part: Path, *, append: bool) -> IO[bytes]:
    try:
        return part.open("ab" if append else "wb")
    except FileNotFoundError:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("ab" if append else "wb")


def _address(url: str) -> tuple[str, str]:
    """Scheme and host of a link; both are empty for what is no address."""
    try:
        parts = urlsplit(url)
        usable = parts.port is None or parts.port > 0  # asking for the port checks it
    except ValueError:
        return "", ""
    return (parts.scheme, parts.hostname or "") if usable else ("", "")


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location  # no address: the check of the next step says so
