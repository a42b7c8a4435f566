"""Environment and configuration: what this machine and this user decided.

Precedence everywhere: what the cell says, else ``%config KlingMagics``, else the environment,
else the default.
"""

from __future__ import annotations

import functools
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from kling_nb.errors import BaseUrlError

Wait = Literal["auto", "always", "never"]
Embed = Literal["auto", "always", "never"]

OUTPUT_FOLDER = "kling_outputs"
"""Beside the notebook and never hidden: Jupyter serves no file below a dot folder."""


@dataclass(slots=True)
class Settings:
    """The defaults of one notebook, changed by ``%config KlingMagics.<name> = value``.

    Attributes:
        gateway: Empty means ``KLING_NB_GATEWAY``, else the sandbox.
        model, mode, aspect, duration: Used where a cell does not say; empty or 0 means unset.
        output: Folder of clips and journal; empty means ``KLING_NB_OUTPUT``, else beside the notebook.
        wait: ``auto`` waits inside the cell only where nobody is there to watch (headless runs).
        confirm_above: A cell dearer than this many USD asks for ``--yes``.
        patience: Minutes after which a wait says how to go on; the job is never given up.
        poll_patience: What one look at a clip may cost, in shares of the time that the clip takes: larger asks less
            often. 0.007 asks about 8 times a clip and sees it 4 % of its time late; 0.001 asks 20 times, 0.03 four.
        embed: Whether clips are kept inside of the notebook; ``auto`` does so where no address leads to their files,
            unless ``KLING_NB_EMBED`` says otherwise.
        embed_limit: MB (decimal) of the largest clip that is kept there; one output keeps four times as much in all.
    """

    gateway: str = ""
    model: str = ""
    mode: str = ""
    aspect: str = ""
    duration: int = 0
    output: str = ""
    wait: Wait = "auto"
    confirm_above: float = 5.0
    patience: float = 30.0
    poll_patience: float = 0.007
    embed: Embed = "auto"
    embed_limit: float = 2.0

    def embeds(self, env: Mapping[str, str] = os.environ) -> Embed:
        """Whether clips are kept inside of the notebook; what nobody knows counts as ``auto``."""
        told = env.get("KLING_NB_EMBED", "").strip().lower()
        chosen: Embed = "always" if told == "always" else "never" if told == "never" else "auto"
        return chosen if self.embed == "auto" else self.embed

    def chosen_gateway(self, env: Mapping[str, str] = os.environ) -> str:
        """The gateway for a request that names none. A key that merely exists chooses nothing."""
        return self.gateway or env.get("KLING_NB_GATEWAY", "").strip() or "sandbox"

    def folder(self, notebook: Path, env: Mapping[str, str] = os.environ) -> Path:
        """The output folder, for a notebook that lies in the folder ``notebook``."""
        chosen = self.output or env.get("KLING_NB_OUTPUT", "").strip() or OUTPUT_FOLDER
        return (notebook / Path(chosen).expanduser()).resolve()


def notebook_folder(namespace: Mapping[str, Any] | None = None, env: Mapping[str, str] = os.environ) -> Path:
    """The folder of the notebook that is running, else the working directory.

    Relative links in an output resolve against the notebook's own folder, which VS Code tells in a
    variable and Jupyter's server in ``JPY_SESSION_NAME``; the kernel's directory may be another.
    """
    for told in ((namespace or {}).get("__vsc_ipynb_file__"), env.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb") and Path(told).is_file():
            return Path(told).resolve().parent
    return Path.cwd()


def checked_base_url(url: str, variable: str) -> str:
    """The URL without its last slash, if a key may be sent there.

    Raises:
        BaseUrlError: It is neither https nor http on a loopback address, or carries a password.
    """
    clean = url.strip().rstrip("/")
    try:
        parts = urlsplit(clean)
        host = parts.hostname or ""
    except ValueError:
        raise BaseUrlError(f"{variable} is not a URL. Set it to something like https://api.example.com.") from None
    if parts.username or parts.password:
        raise BaseUrlError(f"{variable} must not carry a user name or password: keys have their own variables.")
    if not host or parts.scheme not in {"http", "https"}:
        raise BaseUrlError(f"{variable} must be an https URL, for example https://api.example.com.")
    if parts.scheme == "http" and not is_loopback(host):
        raise BaseUrlError(
            f"{variable} is plain http to {host}, which would send your key unencrypted: use https:// "
            "(http is allowed on a loopback address only)."
        )
    return clean


@functools.lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
