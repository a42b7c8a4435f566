"""Where outputs are looked at, as far as this process can tell, and which files a page there can reach."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from kling_nb.places import Facts, Place, detect

_VSCODE = "__vsc_ipynb_file__"


@dataclass(frozen=True, slots=True)
class Reach:
    """A front end and the folders that matter to it.

    Attributes:
        place: The front end.
        notebook: Folder of the notebook, from which links count.
        root: What the Jupyter server serves; None where no such server is known.
    """

    place: Place
    notebook: Path
    root: Path | None = None

    def trouble(self, folder: Path) -> str:
        """Why a page cannot play the clips of a folder by their address; "" if it can, or if nobody can tell."""
        if not self.place.serves:
            return f"{self.place.label} serves no files beside the notebook."
        place = folder.resolve()
        if self.root is None:
            parts = Path(os.path.relpath(place, self.notebook.resolve())).parts
        elif not place.is_relative_to(self.root):
            return f"It is outside of {self.root}, which is all that this Jupyter server serves."
        else:
            parts = place.relative_to(self.root).parts
        hidden = next((part for part in parts if part.startswith(".") and part not in {".", ".."}), "")
        return f"Jupyter serves nothing below a hidden folder, and {hidden} is one." if hidden else ""


def reach(shell: Facts, namespace: Mapping[str, Any], env: Mapping[str, str], notebook: Path) -> Reach:
    """What this process looks like from inside.

    Args:
        shell: What the shell says of itself.
        namespace: The notebook's variables.
        env: The environment.
        notebook: Folder of the notebook.
    """
    root = server_root(env)
    facts = replace(
        shell,
        marimo=marimo_folder() is not None,
        colab="google.colab" in sys.modules,
        told_by_vscode=_VSCODE in namespace,
        server=root is not None,
    )
    return Reach(detect(env, facts), notebook, root)


def marimo_folder() -> Path | None:
    """Folder of the marimo notebook that is running; None where none is."""
    marimo = sys.modules.get("marimo")
    try:
        running = marimo is not None and marimo.running_in_notebook()
        return Path(marimo.notebook_dir() or Path.cwd()) if running and marimo else None
    except Exception:  # noqa: BLE001 - a stranger's module, and without its answer there is no marimo
        return None


def server_root(env: Mapping[str, str]) -> Path | None:
    """The folder served by the Jupyter server that has started this kernel; None if there is no such server here."""
    parent = env.get("JPY_PARENT_PID", "")
    return _told_root(parent, env.get("JUPYTER_RUNTIME_DIR", "")) if parent.isdecimal() else None


@functools.cache
def _told_root(server: str, runtime: str) -> Path | None:
    """What the server's own note says, which stands in its runtime folder as long as it runs."""
    try:
        folder = Path(runtime or import_module("jupyter_core.paths").jupyter_runtime_dir())
        told = json.loads((folder / f"jpserver-{server}.json").read_text("utf-8"))
        return Path(told["root_dir"]).resolve()
    except (ImportError, OSError, ValueError, KeyError, TypeError):
        return None
