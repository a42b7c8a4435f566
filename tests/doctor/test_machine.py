"""This Python: packages, loop, proxies."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import pytest

from kling_nb.doctor import machine
from kling_nb.doctor.machine import Loop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kling_nb.show.checks import Check

SECRET = "hunter2-hunter2"


def one(found: Iterable[Check], what: str) -> Check:
    """The check of that name."""
    (check,) = [check for check in found if check.what == what]
    return check


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Versions to be found instead of those that are here; an empty one is not installed."""
    versions: dict[str, str] = {}
    real = importlib.metadata.version

    def version(name: str) -> str:
        found = versions.get(name)
        if found == "":
            raise importlib.metadata.PackageNotFoundError(name)
        return found or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    return versions


def test_this_machine_is_well() -> None:
    """The tests' own packages are new enough, and each is named with its version."""
    check = one(machine.packages(), "packages")
    assert check.health == "ok", check
    assert f"httpx {importlib.metadata.version('httpx')}" in check.said


def test_an_old_and_a_missing_package(installed: dict[str, str]) -> None:
    """Both are named with what is needed, and the cure is one line."""
    installed |= {"httpx": "0.26.1", "av": ""}
    check = one(machine.packages(), "packages")
    assert check.health == "bad"
    assert "httpx 0.26.1 is older than 0.27" in check.said
    assert "av is not installed" in check.said
    assert "%pip install -U kling-nb" in check.cure


def test_a_missing_extra_is_optional(installed: dict[str, str]) -> None:
    """It says for what one would want it."""
    installed["uvicorn"] = ""
    check = one(machine.packages(), "extra serve")
    assert check.health == "note"
    assert "%pip install 'kling-nb[serve]'" in check.said


@pytest.mark.parametrize(
    ("version", "least", "older"),
    [("8.18", "8.18", False), ("8.9", "8.18", True), ("10.0", "8.18", False), ("8.18.0", "8.18", False),
     ("2.0rc1", "2", False), ("1.9.9", "2.0.0", True)],
)  # fmt: skip
def test_versions_are_numbers(installed: dict[str, str], version: str, least: str, *, older: bool) -> None:
    """And not words: 10 is newer than 8."""
    installed["some-package"] = version
    assert bool(machine._trouble("some-package", least)) == older


@pytest.mark.parametrize(
    ("kernel", "patched", "health"),
    [
        ("7.4.0", "nest_asyncio", "warn"),
        ("6.29.5", "nest_asyncio", "ok"),
        ("7.4.0", "nest_asyncio2", "ok"),
        ("7.4.0", "", "ok"),
    ],
)
def test_a_loop_that_starves_cells(installed: dict[str, str], kernel: str, patched: str, health: str) -> None:
    """nest_asyncio 1.6 on ipykernel 7.1 or newer: queued cells never run."""
    installed["ipykernel"] = kernel
    check = one(machine.pythons(Loop(runs=True, patched=patched)), "event loop")
    assert check.health == health
    assert ("never run" in check.said) == (health == "warn")


def test_who_has_patched() -> None:
    """The older package is the one to be named, because it is the one that harms."""
    assert machine.patched_by({"nest_asyncio", "nest_asyncio2"}, patched=True) == "nest_asyncio"
    assert machine.patched_by({"nest_asyncio2"}, patched=True) == "nest_asyncio2"
    assert machine.patched_by(set(), patched=True) == "somebody"
    assert machine.patched_by({"nest_asyncio"}, patched=False) == ""


def test_pairs_that_do_not_work(installed: dict[str, str]) -> None:
    """A kernel that loses messages, and a front end of the wrong generation."""
    installed |= {"ipykernel": "7.0.0", "ipywidgets": "8.1.9", "jupyterlab_widgets": "1.1.11"}
    assert [check.health for check in machine.pairs()] == ["bad", "bad", "ok"]
    installed |= {"ipykernel": "7.0.1", "jupyterlab_widgets": "3.0.1"}
    assert [check.health for check in machine.pairs()] == ["ok"]


def test_no_widgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing without them, and what goes on."""

    def refuse(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(machine, "import_module", refuse)
    check = one(machine.pairs(), "widgets")
    assert check.health == "bad"
    assert "saved results do without" in check.cure


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f"http://me:{SECRET}@proxy.example:3128", "HTTPS_PROXY is http://•••@proxy.example:3128"),
        ("proxy.example:3128", "HTTPS_PROXY is http://proxy.example:3128"),
        (f"http://{SECRET}@[broken", "no address that can be read"),
        (f"http://me:{SECRET}@proxy.example:port", "no address that can be read"),
    ],
)
def test_proxies_without_what_opens_them(value: str, words: str) -> None:
    """Name and address, no password."""
    (check,) = machine.proxies({"HTTPS_PROXY": value})
    assert words in check.said
    assert SECRET not in check.said


def test_no_proxy_no_row() -> None:
    """There is nothing to say."""
    assert list(machine.proxies({"https_proxy": " "})) == []
