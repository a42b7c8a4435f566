"""Which kernel works on which job, when two of them share an output folder.

A lease is renewed by a thread, not by the event loop, because a cell that computes for minutes blocks the
loop and its kernel is still alive. A kernel on the same machine whose process is gone is taken over at
once; any other one when its lease is over.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kling_nb.errors import StorageError

if TYPE_CHECKING:
    from kling_nb.journal import Journal

LEASE_SECONDS = 30.0
_RENEW_SECONDS = 8.0


class Leases:
    """The leases that this kernel holds in one journal."""

    def __init__(self, journal: Journal, now: Callable[[], float] = time.time) -> None:
        self.owner = me()
        self._journal = journal
        self._now = now
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, jobs: Iterable[str]) -> set[str]:
        """Take what is free; the ids that are ours now."""
        held = self._journal.claim(list(jobs), self.owner, self._now(), LEASE_SECONDS, gone)
        with self._lock:
            self._held |= held
            if held and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._renew, name="kling_nb-leases", daemon=True)
                self._thread.start()
        return held

    def holds(self, job: str) -> bool:
        """Whether a job is ours, as far as this kernel knows; the journal has the last word at each event."""
        with self._lock:
            return job in self._held

    def drop(self, job: str) -> None:
        """Forget a lease that the journal has ended itself."""
        with self._lock:
            self._held.discard(job)

    def give_back(self, job: str) -> None:
        """Let others go on with a job that nobody works on here any more."""
        self.drop(job)
        with contextlib.suppress(StorageError):  # it runs out by itself
            self._journal.release([job], self.owner)

    def _renew(self) -> None:
        while True:
            time.sleep(_RENEW_SECONDS)
            with self._lock:
                held = list(self._held)
                if not held:
                    self._thread = None
                    return
            with contextlib.suppress(StorageError):  # a locked journal is tried again in time
                kept = self._journal.claim(held, self.owner, self._now(), LEASE_SECONDS)
                with self._lock:
                    self._held -= set(held) - kept


def me() -> str:
    """This process: machine, process namespace, process id, moment of its start."""
    pid = os.getpid()
    return f"{socket.gethostname()}|{_namespace()}|{pid}|{_started(pid)}"


def gone(owner: str) -> bool:
    """Whether an owner was a process of this machine that no longer exists."""
    host, namespace, pid, started = (*owner.split("|"), "", "", "", "")[:4]
    if os.name != "posix" or (host, namespace) != (socket.gethostname(), _namespace()) or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    # The number was given to another process, or nobody has fetched the dead one's exit code yet.
    return bool(started) and _started(int(pid)) != started


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it is a name, not a path
    except OSError:
        return ""


def _started(pid: int) -> str:
    try:
        state, *told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state == "Z" else told[18]
    except (OSError, ValueError, IndexError):
        return ""
