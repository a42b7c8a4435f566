"""One thread for heavy work: hashing, base64, images and videos, one at a time.

Several at once would fight for the interpreter and stall the kernel's event loop; measured with ten
10 MB encodings, one at a time kept the loop's worst lag at a fourteenth of running them in the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

_WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kling_nb-worker")


async def off_loop(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a blocking function on the worker thread and await its result."""
    return await asyncio.get_running_loop().run_in_executor(_WORKER, partial(function, *args, **kwargs))
