"""This Python: its packages, its event loop, the proxies in its way."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from urllib.parse import urlsplit

import kling_nb
from kling_nb.credentials import MASK
from kling_nb.show.checks import Check

_GROUP = "This Python"
_DISTRIBUTION = "kling-nb"
_OFFERED = {
    "lab": "a JupyterLab of your own",
    "serve": "the sandbox for other clients",
    "bench": "benchmarks as tables",
}
_REQUIREMENT = re.compile(
    r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:>=\s*([\d.]+))?[^;]*(?:;.*extra == ['\"]([\w-]+)['\"])?"
)
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_BROKEN_COMMS = (7, 0, 0)
_ONE_CONTEXT = (7, 1)


@dataclass(frozen=True, slots=True)
class Loop:
    """What asyncio is like where the person's code runs.

    Attributes:
        runs: A loop is running there.
        patched: The package that patched it so that it nests; "" for none.
    """

    runs: bool
    patched: str = ""


def pythons(loop: Loop) -> Iterator[Check]:
    """Interpreter and event loop."""
    version = platform.python_version()
    yield Check(
        _GROUP, "Python", "ok", f"{version} on {platform.platform(terse=True)}, kling_nb {kling_nb.__version__}."
    )
    waits = (
        "`await job` and `job.wait()` both work" if loop.runs else "jobs run on a thread; `job.wait()` waits for them"
    )
    ready = f"{'A loop is running' if loop.runs else 'No loop is running here'}: {waits}."
    kernel = version_of("ipykernel")
    if loop.patched == "nest_asyncio" and kernel >= _ONE_CONTEXT:
        yield Check(
            _GROUP, "event loop", "warn", f"{ready} nest_asyncio has patched it, and with ipykernel "
            f"{'.'.join(map(str, kernel))} cells that are queued behind a waiting one then never run.",
            "Take `nest_asyncio.apply()` out and restart the kernel; `await` needs no patch.",
        )  # fmt: skip
    else:
        patched = f" {loop.patched} has patched it, so that it nests." if loop.patched else ""
        yield Check(_GROUP, "event loop", "ok", ready + patched)


def packages() -> Iterator[Check]:
    """What is installed against what is needed."""
    try:
        needed = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield Check(_GROUP, "packages", "note", "kling_nb was not installed by pip, so its needs are not known here.")
        return
    asked = [found for text in needed if (found := _REQUIREMENT.match(text))]
    core = [(name, least) for name, least, extra in (found.groups() for found in asked) if not extra]
    wrong = [trouble for name, least in core if (trouble := _trouble(name, least or ""))]
    if wrong:
        yield Check(
            _GROUP, "packages", "bad", f"{'; '.join(wrong)}.", "`%pip install -U kling-nb`, then restart the kernel."
        )
    else:
        told = ", ".join(f"{name} {importlib.metadata.version(name)}" for name, _ in core)
        yield Check(_GROUP, "packages", "ok", f"All are new enough: {told}.")
    for extra, use in _OFFERED.items():
        names = [found[1] for found in asked if found[3] == extra]
        missing = [name for name in names if not version_of(name)]
        if missing:
            pip = f"`%pip install 'kling-nb[{extra}]'`"
            yield Check(_GROUP, f"extra {extra}", "note", f"{', '.join(missing)} not there; for {use}: {pip}.")
        elif names:
            yield Check(_GROUP, f"extra {extra}", "ok", f"Installed, for {use}.")


def pairs() -> Iterator[Check]:
    """Versions that are each fine and do not work together, or not at all."""
    kernel, widgets, front = version_of("ipykernel"), version_of("ipywidgets"), version_of("jupyterlab_widgets")
    if kernel == _BROKEN_COMMS:
        yield Check(
            _GROUP, "ipykernel", "bad", "ipykernel 7.0.0 loses what widgets say from another thread.",
            "`%pip install -U ipykernel`, then restart the kernel.",
        )  # fmt: skip
    if widgets >= (8,) and front and front < (3,):
        yield Check(
            _GROUP, "widgets", "bad", "ipywidgets 8 needs jupyterlab_widgets 3, and an older one is here.",
            "`%pip install -U jupyterlab_widgets`, then restart JupyterLab.",
        )  # fmt: skip
    try:
        import_module("anywidget")
    except ImportError as error:
        yield Check(
            _GROUP, "widgets", "bad", f"No widget can be made ({error}): the panel and the board are missing.",
            "`%pip install -U anywidget ipywidgets`, then restart the kernel. Cells and saved results do without.",
        )  # fmt: skip
    else:
        yield Check(_GROUP, "widgets", "ok", "The panel, the board and the comparison can be drawn.")


def proxies(env: Mapping[str, str]) -> Iterator[Check]:
    """Where requests go first; the names of the variables, and addresses without what opens them."""
    told = [
        f"{name} is {_address(env[name])}"
        for plain in _PROXIES for name in (plain, plain.lower()) if env.get(name, "").strip()
    ]  # fmt: skip
    if told:
        yield Check(
            _GROUP, "proxies", "ok", f"{'; '.join(told)}. Gateways are reached through it; this machine is not."
        )


def version_of(name: str) -> tuple[int, ...]:
    """The numbers of an installed version; empty where there is none."""
    try:
        return _numbers(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return ()


def patched_by(modules: Iterable[str], *, patched: bool) -> str:
    """Which package has patched asyncio, if one has."""
    names = [name for name in ("nest_asyncio", "nest_asyncio2") if name in modules]
    return (names[0] if names else "somebody") if patched else ""


def event_loop(*, runs: bool) -> Loop:
    """What asyncio is like here and now."""
    patched = bool(getattr(sys.modules.get("asyncio"), "_nest_patched", False))
    return Loop(runs, patched_by(sys.modules, patched=patched))


def _trouble(name: str, least: str) -> str:
    found = version_of(name)
    if not found:
        return f"{name} is not installed"
    return f"{name} {importlib.metadata.version(name)} is older than {least}" if found < _numbers(least) else ""


def _numbers(version: str) -> tuple[int, ...]:
    """``(8, 18)`` of ``8.18.0rc1``: what stands before anything that is no number."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while len(numbers) > 1 and numbers[-1] == 0 and numbers != list(_BROKEN_COMMS):
        numbers.pop()
    return tuple(numbers)


def _address(proxy: str) -> str:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "no address that can be read"
    hidden = f"{MASK}@" if parts.username or parts.password else ""
    return f"{parts.scheme}://{hidden}{parts.hostname or ''}{port}"
