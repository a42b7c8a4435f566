"""Work that takes a while: shown while it goes on, awaited or waited for, and never lost by not waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kling_nb.errors import KlingError, PatienceError
from kling_nb.lab.loops import wait_for
from kling_nb.show import Shown

if TYPE_CHECKING:
    from kling_nb.lab import Lab

T = TypeVar("T")


class Work(Generic[T]):
    """Something that goes on after the cell that began it. ``await`` gives its result, and so does :meth:`wait`.

    Attributes:
        trouble: Why it ended early; None if it did not.
        faces: Called when somebody has waited, to publish its card once more from that cell.
    """

    name = "work"
    resumes = "run the cell again."
    """What to do after an interrupt, as the end of a sentence."""

    def __init__(self, lab: Lab) -> None:
        self.trouble: KlingError | None = None
        self.faces: list[Callable[[], None]] = []
        self._lab = lab
        self._ended: Future[None] = Future()
        self._watchers: list[Callable[[], None]] = []

    def bundle(self) -> dict[str, str]:
        """How it stands now, as a MIME bundle."""
        raise AssertionError("each kind of work has a bundle of its own")

    def outcome(self) -> T:
        """What it was done for."""
        raise AssertionError("each kind of work has an outcome of its own")

    def done(self) -> bool:
        """Whether nothing more is being done for it in this kernel."""
        return self._ended.done()

    def watch(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` after every change, on the thread of the lab's loop."""
        self._watchers.append(tell)

    def result(self) -> T:
        """What came of it.

        Raises:
            KlingError: It ended early; what was done until then is kept.
        """
        if self.trouble:
            raise self.trouble
        return self.outcome()

    def __await__(self) -> Generator[Any, None, T]:
        yield from self._waited().__await__()
        return self.result()

    def wait(self, timeout: float | None = None) -> T:
        """Block until it ends, in any cell or script.

        Args:
            timeout: Seconds; None waits as long as it takes.

        Raises:
            PatienceError: The time is over; the work goes on.
            KlingError: It ended early.
        """
        try:
            wait_for(self._ended, timeout)
        except (TimeoutError, FutureTimeoutError):
            raise PatienceError(
                f"{self.name} is not through after {timeout:g} s. It goes on: wait again, or {self.resumes}"
            ) from None
        self._publish()
        return self.result()

    async def _waited(self) -> None:
        if not self.faces:
            self._lab.follow(self)  # the waiting cell has nothing to look at yet
        await asyncio.shield(asyncio.wrap_future(self._ended))
        self._publish()

    def _publish(self) -> None:
        for publish in tuple(self.faces):
            publish()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._lab.home.start(self._guarded(work), self._lab.home.loop())

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except KlingError as error:
            self.trouble = error
        except Exception as error:  # noqa: BLE001 - a task's exception would be seen by nobody
            self.trouble = KlingError(
                f"Something in kling_nb itself went wrong ({type(error).__name__}: {error}). What was paid is safe in "
                f"the journal: {self.resumes} Please report this.",
                charged=None,
            )
            self.trouble.__cause__ = error
        finally:
            if not self._ended.done():
                self._ended.set_result(None)
            self._changed()

    def _changed(self) -> None:
        for tell in tuple(self._watchers):
            tell()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Shown:
        return Shown(self.bundle())  # for front ends without IPython (marimo)

    def _ipython_display_(self) -> None:
        if not self._lab.follow(self):
            raise NotImplementedError  # IPython then asks for the MIME bundle

    def __repr__(self) -> str:
        return self.bundle()["text/plain"]
