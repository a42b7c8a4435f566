"""A job in a process of its own: whatever kills that process kills nothing else."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any


def alone(do: Callable[..., dict[str, Any]], job: dict[str, Any]) -> dict[str, Any]:
    """Call an importable function in a fresh interpreter and wait for its answer.

    Raises:
        ChildProcessError: The process died.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own module
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        input=pickle.dumps((do, job)),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        raise ChildProcessError(f"the process ended with {done.returncode} {last}".rstrip())
    answer: dict[str, Any] = pickle.loads(done.stdout)  # noqa: S301 - our own child wrote it
    return answer


def main() -> None:
    """Be that process: the job comes in on standard input, the answer leaves on standard output."""
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what the function prints must not get into the answer
        do, job = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
        pickle.dump(do(**job), out)
