"""Help, completion, settings, loading: what surrounds the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kling_nb.cell import LINE_COMMANDS, OPTIONS

if TYPE_CHECKING:
    from .kernels import Kernel

# 1: registered once; the extension leaves nothing else behind in the shell
FOOTPRINT = """
_ip = get_ipython()
[*("kling" in _ip.magics_manager.magics[kind] for kind in ("line", "cell")),
 sum(f.__module__.startswith("kling_nb") for f in _ip.input_transformers_post),
 sum(f.__module__.startswith("kling_nb") for f in _ip.Completer.custom_matchers),
 "KlingMagics" in _ip.magics_manager.registry,
 sum(type(c).__name__ == "KlingMagics" for c in _ip.configurables)]
"""


def test_load_unload_reload(kernel: Kernel) -> None:
    """Unloading takes everything out again; loading and reloading put it in once."""
    loaded = "[True, True, 1, 1, True, 1]"
    assert kernel.run(FOOTPRINT).result == loaded
    assert kernel.run("%unload_ext kling_nb").ok
    assert kernel.run(FOOTPRINT).result == "[False, False, 0, 0, False, 0]"
    assert "not found" in kernel.run("%%kling\nA fox").text
    assert kernel.run("%load_ext kling_nb\n%reload_ext kling_nb").ok
    assert kernel.run(FOOTPRINT).result == loaded


def test_config(kernel: Kernel) -> None:
    """``%config`` sets what a cell does not say, and survives a reload as IPython's settings do."""
    kernel.run("%config KlingMagics.model = 'kling-v2-6'\n%config KlingMagics.duration = 10\n%reload_ext kling_nb")
    assert "kling-v2-6, std, 16:9, 10 s" in kernel.run("%%kling --dry-run\nA fox").shown["text/plain"]
    assert "kling-v2-6, std, 16:9, 5 s" in kernel.run("%%kling -d 5 --dry-run\nA fox").shown["text/plain"]


@pytest.mark.parametrize(
    "code", ["%kling?", "%%kling?", "%%kling --help\n", "%%kling -h\nA fox", "%kling", "%kling help"]
)
def test_help(kernel: Kernel, code: str) -> None:
    """Every way to ask for help names every option and command."""
    cell = kernel.run(code)
    assert cell.ok
    assert cell.reply is not None
    page = cell.text + "".join(part["data"]["text/plain"] for part in cell.reply["payload"])
    assert [o.long for o in OPTIONS if o.long not in page] == []
    assert [name for name in LINE_COMMANDS if f"  {name} " not in page] == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%%kling --mo", ["%%kling --mode", "%%kling --model"]),
        ("%%kling fox --wai", ["%%kling fox --wait"]),
        ("%%kling --model kling-v2-6 --dr", ["%%kling --model kling-v2-6 --dry-run"]),
        ("%%kling --model kling-v2-5", ["%%kling --model kling-v2-5-turbo"]),
        ("%%kling -m kling-v2-6,kling-v2-5", ["%%kling -m kling-v2-6,kling-v2-5-turbo"]),
        ("%%kling -g ima", ["%%kling -g imarouter"]),
        ("%%kling --sound o", ["%%kling --sound off", "%%kling --sound on"]),
        ("%%kling --kind text", ["%%kling --kind text2video"]),
        ("%kling j", ["%kling jobs"]),
        ("table = %kling mod", ["table = %kling models"]),
        ("    %kling re", ["    %kling resume"]),
        ("%kling doctor --", ["%kling doctor --load", "%kling doctor --offline"]),
        ("%kling jobs --", ["%kling jobs --live"]),
        ("%%kling fox\nA red --mo", []),
    ],
)
def test_completion(kernel: Kernel, typed: str, offered: list[str]) -> None:
    """Tab knows options, their values and the commands, and keeps out of the prompt."""
    assert kernel.complete(typed) == offered


@pytest.mark.parametrize(
    ("typed", "some"),
    [
        ("%%kling ", {option.long for option in OPTIONS}),
        ("%%kling fox ", {"--model", "--wait"}),
        ("%%kling --gateway ", {"sandbox", "kling", "agentsflare", "imarouter", "wireflow"}),
        ("%kling ", set(LINE_COMMANDS)),
    ],
)
def test_completion_from_nothing(kernel: Kernel, typed: str, some: set[str]) -> None:
    """After a blank Tab lists what may follow, and nothing of Python's."""
    found = {match.removeprefix(typed) for match in kernel.complete(typed)}
    assert some <= found
    assert "and" not in found


def test_assigned_and_indented(kernel: Kernel) -> None:
    """The line magic works where it is not a statement of its own."""
    assigned = kernel.run("x = %kling jobs\nx is None")
    assert (assigned.result, len(assigned.displays)) == ("True", 1)
    looped = kernel.run("def both():\n    for _ in range(2):\n        %kling gateways\nboth()")
    assert (looped.ok, len(looped.displays)) == (True, 2)


def test_without_autoawait(kernel: Kernel) -> None:
    """``%autoawait off`` forbids ``await`` in cells; the magic then waits by blocking."""
    kernel.run("%autoawait off")
    try:
        cell = kernel.run("%%kling wren --wait\nA wren")
        line = kernel.run("%kling jobs")
    finally:
        kernel.run("%autoawait on")
    assert cell.ok, cell.error
    assert "kling-nb-result" in kernel.final(cell)
    assert line.ok, line.error
