"""Where jobs run, and how to wait for them.

In a notebook a job is a task of the kernel's own loop. Without a running loop (a script, the IPython
terminal) it is a task of one loop on a daemon thread. Waiting works from everywhere: from another
thread it blocks, inside the running loop it nests.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


class Home:
    """The loop that jobs of one lab run on.

    Args:
        own_thread: Never use the caller's loop, because it does not live on between cells (terminal).
    """

    def __init__(self, *, own_thread: bool = False) -> None:
        self.own_thread = own_thread
        self._thread_loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop, or the package's own."""
        if not self.own_thread:
            try:
                return asyncio.get_running_loop()
            except RuntimeError:
                pass
        return self._own()

    def start(self, work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """Run ``work`` as a task of ``loop``, from whatever thread this is called on.

        Returns:
            What cancels it, from whatever thread.
        """
        # A fresh context: what a kernel keeps in context variables belongs to the cell, not to the job.
        made: list[asyncio.Task[None]] = []

        def create() -> None:
            task = loop.create_task(work, context=Context())
            made.append(task)
            _TASKS.add(task)
            task.add_done_callback(_TASKS.discard)
            task.add_done_callback(made.remove)

        if _running() is loop:
            create()
        else:
            loop.call_soon_threadsafe(create)
        return lambda: _call(loop, lambda: [task.cancel() for task in made])

    def answer(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` on that loop and block for what it returns or raises, from whatever thread."""
        ended: Future[None] = Future()
        found: list[T] = []
        trouble: list[Exception] = []

        async def told() -> None:
            try:
                found.append(await work)
            except Exception as error:  # noqa: BLE001 - raised below, to whoever asked
                trouble.append(error)
            finally:
                ended.set_result(None)

        self.start(told(), self.loop())
        wait_for(ended, None)
        for error in trouble:
            raise error
        return found[0]

    def _own(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._thread_loop is None or self._thread_loop.is_closed():
                self._thread_loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._thread_loop.run_forever, name="kling_nb-loop", daemon=True)
                self._thread.start()
        return self._thread_loop

    def close(self) -> None:
        """End the package's own loop, with whatever still runs on it. The next job begins a new one."""
        with self._starting:
            if self._thread_loop and self._thread:
                self._thread_loop.call_soon_threadsafe(self._thread_loop.stop)
                self._thread.join()
                self._thread_loop.close()
            self._thread_loop = self._thread = None


_TASKS: set[asyncio.Task[None]] = set()
"""A loop keeps only weak references to its tasks."""


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)


def wait_for(ended: Future[None], timeout: float | None) -> None:
    """Block until ``ended``, also inside the loop that has to end it.

    Raises:
        TimeoutError: After ``timeout`` seconds.
    """
    loop = _running()
    if ended.done() or loop is None:
        ended.result(timeout)
        return
    # Only now: the patch touches asyncio for the whole process, and most notebooks never need it.
    import nest_asyncio2  # noqa: PLC0415 - see above

    nest_asyncio2.apply(loop)
    loop.run_until_complete(asyncio.wait_for(asyncio.shield(asyncio.wrap_future(ended)), timeout))


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
