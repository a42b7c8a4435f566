"""A real kernel as a front end sees it: cells are sent, outputs are filed under the cell they belong to."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any, Self

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_client.blocking.client import BlockingKernelClient

PATIENCE = 60.0
"""Seconds until a test gives up. Generous, because only a broken test ever waits so long."""

SANDBOX = "latency=0.3 resolution=tiny"
"""Clips in a moment; a client that has not made any yet asks after a second."""

_OURS = ("KLING", "AGENTSFLARE_", "IMAROUTER_", "WIREFLOW_", "JPY_", "JUPYTER_", "IPYTHON", "PYTHON", "COV_")


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a fresh user: no keys, no IPython profile, a fast sandbox.

    Args:
        home: Holds the profile; also a kernel specification that starts this very Python.
        **more: Further variables.
    """
    kernel = home / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {
        **inherited,
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PATH": str(home / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "KLING_NB_SANDBOX": SANDBOX,
        **more,
    }


@dataclass
class Cell:
    """What came back for one executed cell.

    Attributes:
        displays: ``display_id`` of each ``display_data``, in order; "" for one without.
        updates: Bundles of the ``update_display_data`` messages that this cell published, in order.
        shown: The last bundle that this cell itself published, display or update.
        text: Its stdout and stderr.
        result: ``text/plain`` of its value, or "".
        error: ``(ename, evalue, traceback)``, or None.
        reply: Content of its ``execute_reply``, or None while it has not ended.
        idle: Whether the kernel has reported that it is through with it.
    """

    displays: list[str] = field(default_factory=list)
    updates: list[dict[str, str]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    text: str = ""
    result: str = ""
    error: tuple[str, str, list[str]] | None = None
    reply: dict[str, Any] | None = None
    idle: bool = False

    @property
    def ended(self) -> bool:
        """Whether both its reply and all its own output are here."""
        return self.idle and self.reply is not None

    @property
    def ok(self) -> bool:
        """Whether it ended without an error."""
        return self.reply is not None and self.reply["status"] == "ok"


class Kernel:
    """A kernel process and its client.

    Args:
        folder: Its working directory, where the clips go.
        env: All of its environment.

    Attributes:
        screen: What a live notebook shows now, by display id.
        ended: Cells in the order of their replies.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.screen: dict[str, dict[str, str]] = {}
        self.ended: list[Cell] = []
        self._cells: dict[str, Cell] = {}
        specs = KernelSpecManager(kernel_dirs=[f"{env['JUPYTER_PATH']}/kernels"])
        self._manager = KernelManager(kernel_name="python3", kernel_spec_manager=specs)
        with (folder / "kernel.log").open("wb") as log:
            self._manager.start_kernel(cwd=str(folder), env=dict(env), stdout=log, stderr=log)
        self.client: BlockingKernelClient = self._manager.client()
        self.client.start_channels()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()

    def ready(self) -> Self:
        """Wait until it answers."""
        self.client.wait_for_ready(timeout=PATIENCE)
        return self

    @property
    def version(self) -> str:
        """Version of ipykernel, as the kernel itself reports it."""
        return self.run("import ipykernel; ipykernel.__version__").result.strip("'")

    def send(self, code: str, *, live: bool = True) -> Cell:
        """Queue a cell without waiting for anything; ``live`` is a front end that could ask questions."""
        cell = Cell()
        self._cells[self.client.execute(code, allow_stdin=live, stop_on_error=False)] = cell
        return cell

    def run(self, code: str, *, live: bool = True) -> Cell:
        """Execute a cell and wait for its end."""
        cell = self.send(code, live=live)
        return self.until(cell, lambda: cell.ended)

    def until(self, cell: Cell, happened: Callable[[], Any]) -> Cell:
        """File messages until something has happened; then the cell."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                raise AssertionError(f"nothing came for {PATIENCE:g} s; so far: {cell}")
            self._file_one()
        return cell

    def interrupt(self) -> None:
        """What the stop button does."""
        self._manager.interrupt_kernel()

    def complete(self, code: str) -> list[str]:
        """Tab at the end of the code; what would replace the word before the cursor."""
        found = self.client.complete(code, reply=True, timeout=PATIENCE)["content"]
        return [code[: found["cursor_start"]] + match for match in found["matches"]]

    def final(self, cell: Cell) -> str:
        """HTML of the cell's one display as a live notebook shows it now."""
        (display_id,) = cell.displays
        return self.screen[display_id].get("text/html", "")

    def _file_one(self) -> None:
        try:
            message = self.client.get_iopub_msg(timeout=0.05)
        except Empty:
            pass
        else:
            self._file(message)
        while self.client.shell_channel.msg_ready():
            message = self.client.get_shell_msg(timeout=PATIENCE)
            cell = self._cells.get(message["parent_header"].get("msg_id", ""))
            if cell:
                cell.reply = message["content"]
                self.ended.append(cell)

    def _file(self, message: Mapping[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        display_id = content.get("transient", {}).get("display_id", "")
        if display_id:
            self.screen[display_id] = content["data"]
        cell = self._cells.get(message["parent_header"].get("msg_id", ""))
        if cell is None:
            return
        if kind in {"display_data", "update_display_data"}:
            cell.shown = content["data"]
        if kind == "display_data":
            cell.displays.append(display_id)
        elif kind == "update_display_data":
            cell.updates.append(content["data"])
        elif kind == "stream":
            cell.text += content["text"]
        elif kind == "execute_result":
            cell.result = content["data"]["text/plain"]
        elif kind == "error":
            cell.error = (content["ename"], content["evalue"], content["traceback"])
        elif kind == "status" and content["execution_state"] == "idle":
            cell.idle = True
