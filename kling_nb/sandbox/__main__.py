"""``python -m kling_nb.sandbox --port N``: the sandbox as a server on this machine, for any client."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kling_nb.sandbox.app import create_app
from kling_nb.sandbox.dialects import DIALECTS
from kling_nb.sandbox.options import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Sequence


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kling_nb.sandbox", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=8765, help="port on 127.0.0.1 (default %(default)s)")
    add("--latency", type=float, default=DEFAULTS.latency, help="seconds per task, median (default %(default)s)")
    add("--fail", type=float, default=DEFAULTS.fail, help="share of tasks that fail, 0 to 1")
    add("--throttle", type=int, help="tasks that may be open at once")
    add("--seed", type=int, default=DEFAULTS.seed, help="another seed: other tasks fail and are late")
    add("--tiny", action="store_true", help="films the size of a stamp, at once")
    add("--folder", type=Path, help="where tasks and films are kept (default: a temporary folder)")
    return parser


def greeting(server: str, folder: Path) -> str:
    """What is said at the start: whose clients can come, and the base URL that each is given."""
    bases = [base for dialect in DIALECTS for base in dialect.bases]
    width = max(len(label) for label, _ in bases)
    lines = [f"  {label:<{width}}  {server}{path}" for label, path in bases]
    return "\n".join([f"Kling sandbox on {server} (tasks and films in {folder}). Base URLs, any key:", *lines, ""])


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; gives the exit code."""
    parser = _parser()
    asked = parser.parse_args(argv)
    try:
        options = Options(
            latency=asked.latency,
            fail=asked.fail,
            throttle=asked.throttle,
            resolution="tiny" if asked.tiny else "full",
            seed=asked.seed,
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        import uvicorn  # noqa: PLC0415 - an optional extra
    except ImportError:
        sys.stderr.write('The sandbox as a server needs uvicorn: pip install "kling-nb[serve]"\n')
        return 1
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="kling-sandbox-"))
    sys.stdout.write(greeting(f"http://127.0.0.1:{asked.port}", folder))
    sys.stdout.flush()
    uvicorn.run(create_app(state_dir=folder, options=options), host="127.0.0.1", port=asked.port, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())
