"""Where films are rendered: one after the other, in a thread that lives while there is work."""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.sandbox.film import Brief
    from kling_nb.sandbox.plan import Plan
    from kling_nb.sandbox.shelf import Shelf

Render = Callable[["Brief", Path], None]
"""Makes the film of a brief at a path; blocks for as long as it takes."""

Settle = Callable[[str, str | None], None]
"""Is told each film's name, and None or why it could not be made."""


def render_film(brief: Brief, path: Path) -> None:
    """Render with the sandbox's own film maker. Without a word or a picture one film stands for all of its kind."""
    from kling_nb.sandbox.film import render  # noqa: PLC0415 - numpy and PyAV load with the first film only

    if brief.prompt or brief.first or brief.last or brief.shots:
        render(brief, path)
    else:
        path.write_bytes(_blank(brief))


@lru_cache(maxsize=32)
def _blank(brief: Brief) -> bytes:
    from kling_nb.sandbox.film import render  # noqa: PLC0415 - see above

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blank.mp4"
        render(brief, path)
        return path.read_bytes()


class Studio:
    """A queue of films and the thread that renders them.

    The thread is a daemon: whoever ends the process does not wait for a film that nobody will see.
    """

    def __init__(self, *, films: Shelf, inputs: Shelf, render: Render, settle: Settle) -> None:
        self._films = films
        self._inputs = inputs
        self._render = render
        self._settle = settle
        self._lock = threading.Lock()
        self._queue: deque[tuple[str, Plan]] = deque()
        self._wanted: dict[str, Future[bool]] = {}
        self._working = False

    def want(self, film: str, plan: Plan) -> Future[bool]:
        """Have a film made unless it is there; the future tells whether it is, and never raises."""
        with self._lock:
            if film in self._wanted:
                return self._wanted[film]
            future = self._wanted[film] = Future()
            self._queue.append((film, plan))
            if not self._working:
                self._working = True
                threading.Thread(target=self._work, name="kling-sandbox-studio", daemon=True).start()
            return future

    def finish(self) -> None:
        """Wait until everything that is wanted now is made or has failed."""
        with self._lock:
            futures = list(self._wanted.values())
        wait(futures)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._working = False
                    return
                film, plan = self._queue.popleft()
            made = False
            try:
                made = self._make(film, plan)
            finally:
                with self._lock:
                    future = self._wanted.pop(film)
                future.set_result(made)

    def _make(self, film: str, plan: Plan) -> bool:
        reason = None
        try:
            if not self._films.path(film).exists():
                with self._films.writing(film) as part:
                    self._render(plan.brief(self._inputs.folder), part)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the task must end and say so
            reason = f"The sandbox could not render this film: {type(error).__name__}: {error}"
        try:
            self._settle(film, reason)
        except Exception:  # noqa: BLE001 - the folder is gone; the next poll asks for the film again
            return False
        return reason is None
