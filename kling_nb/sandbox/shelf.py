"""A folder of files that forgets its oldest ones when it grows too large."""

from __future__ import annotations

import contextlib
import time
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PART = "part-"
_STALE_SECONDS = 3600  # a half-written file this old was left by a process that died


_SHARE = 16


class Shelf:
    """Files in ``folder``, together at most about ``limit`` bytes. Several processes may share it.

    It is looked through when a sixteenth of the limit has been written, not for each of ten thousand films.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self._limit = limit
        self._unseen = limit // _SHARE

    def path(self, name: str) -> Path:
        """Where the file ``name`` is, if it is there."""
        return self.folder / name

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a private path to write to; it becomes ``name`` at the end, all at once or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{_PART}{uuid.uuid4().hex[:8]}-{name}"  # keeps the ending, which names the format
        try:
            yield part
            self._unseen += part.stat().st_size
            part.replace(self.path(name))
        finally:
            part.unlink(missing_ok=True)
        if self._unseen >= self._limit // _SHARE:
            self._unseen = 0
            self._tidy(keep=self.path(name))

    def put(self, name: str, data: bytes) -> None:
        """Store ``data`` under a name that stands for its content."""
        if not self.path(name).exists():
            with self.writing(name) as part:
                part.write_bytes(data)

    def _tidy(self, keep: Path) -> None:
        seen = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another process may have tidied it away
                stat = path.stat()
                seen.append((stat.st_mtime, stat.st_size, path))
        now = time.time()
        files = sorted(entry for entry in seen if not entry[2].name.startswith(_PART) and entry[2] != keep)
        doomed = [path for made, _, path in seen if path.name.startswith(_PART) and now - made > _STALE_SECONDS]
        room = self._limit - (keep.stat().st_size if keep.exists() else 0)
        for _, size, path in reversed(files):
            room -= size
            if room < 0:
                doomed.append(path)
        for path in doomed:
            with contextlib.suppress(OSError):  # Windows keeps a file that is being sent
                path.unlink()
