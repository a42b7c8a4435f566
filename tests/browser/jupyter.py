"""A Jupyter of our own: fresh home, no popups, no keys of this machine, gone without a trace.

One process serves JupyterLab (``/lab``) and Notebook 7 (``/notebooks``) alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Theme = Literal["JupyterLab Light", "JupyterLab Dark"]

_START_SECONDS = 60
_STOP_SECONDS = 15

_QUIET: Mapping[str, Mapping[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},  # a test saves when it says so
}
"""User settings of Lab, by plugin below ``@jupyterlab/``."""


@dataclass(frozen=True, slots=True)
class Jupyter:
    """A running server.

    Attributes:
        url: Ends with a slash.
        root: The folder that it serves.
        home: Everything that Jupyter, IPython and the kernels may write elsewhere.
        env: The environment that its kernels, and its own commands, run in.
    """

    url: str
    token: str
    root: Path
    home: Path
    env: Mapping[str, str]

    def lab(self, name: str) -> str:
        """Address of a notebook in JupyterLab; each has a workspace of its own, so that no tab is restored."""
        return f"{self.url}lab/workspaces/{secrets.token_hex(4)}/tree/{name}?token={self.token}"

    def notebook7(self, name: str) -> str:
        """Address of a notebook in Notebook 7."""
        return f"{self.url}notebooks/{name}?token={self.token}"

    def use_theme(self, theme: Theme) -> None:
        """Lab's theme, from the next page on."""
        _write_settings(self.home, {"apputils-extension/themes": {"theme": theme, "adaptive-theme": False}})

    def draw_all_cells(self) -> None:
        """From the next page on Lab draws every cell of a notebook, and not only those in view."""
        _write_settings(self.home, {"notebook-extension/tracker": {"windowingMode": "none"}})


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of code cells, with no outputs."""
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    listed = [{**code, "id": f"cell-{number}", "source": source} for number, source in enumerate(cells)]
    node = {"cells": listed, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(node))


@contextlib.contextmanager
def serve(folder: Path, *, sandbox: str = "") -> Iterator[Jupyter]:
    """Run a server on 127.0.0.1 until the block ends.

    Args:
        folder: An empty one; ``root`` and ``home`` are made in it.
        sandbox: ``KLING_NB_SANDBOX`` of the kernels, such as ``latency=1.5``.

    Raises:
        RuntimeError: It did not come up; the message is its log.
    """
    root, home = folder / "root", folder / "home"
    root.mkdir(parents=True)
    home.mkdir()
    _write_settings(home, _QUIET)
    token = secrets.token_hex(16)
    env = _environment(home, token, sandbox)
    arguments = (
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={_free_port()}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",
    )
    log = home / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - the running interpreter and arguments from above
            [sys.executable, "-m", "jupyterlab", *arguments], env=env, cwd=root, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield Jupyter(_address(process, home, log), token, root, home, env)
    finally:
        process.terminate()  # the server ends its kernels
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(home: Path, token: str, sandbox: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_TOKEN": token,
        "KLING_NB_SANDBOX": sandbox,
    }


def _write_settings(home: Path, plugins: Mapping[str, Mapping[str, Any]]) -> None:
    for plugin, settings in plugins.items():
        path = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _address(process: subprocess.Popen[bytes], home: Path, log: Path) -> str:
    """The server's own word on where it listens: it moves on if somebody took the port meanwhile."""
    deadline = time.monotonic() + _START_SECONDS
    told = home / "runtime" / f"jpserver-{process.pid}.json"
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):  # not there yet, or half written
            info = json.loads(told.read_text())
            with socket.create_connection(("127.0.0.1", info["port"]), timeout=1):
                return str(info["url"])
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')}")
