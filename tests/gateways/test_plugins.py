"""Gateways of installed packages: there by name once asked for, loaded once, and harmless when broken."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

from kling_nb import gateways
from kling_nb.errors import OptionError
from kling_nb.gateways import gateway, label, names, plugins

GOOD = """
from kling_nb.gateways import Gateway
loads = []
def relay():
    loads.append(1)
    return Gateway("{name}", "Their relay", "openai-video", "https://relay.example")
READY = Gateway("ready", "Ready", "kling", "https://ready.example")
WRONG = "https://relay.example"
BUILT_IN = Gateway("kling", "Mine", "kling", "https://relay.example")
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to install packages into, nothing loaded, nothing registered."""
    monkeypatch.setattr(gateways, "_registered", {})
    monkeypatch.setattr(plugins, "_seen", set())
    monkeypatch.setattr(plugins, "_looked", [])
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, package: str, points: dict[str, str], source: str = GOOD) -> None:
    """What an installer leaves behind: a module and its metadata."""
    (site / f"{package}.py").write_text(source.replace("{name}", package))
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "\n".join(f"{name} = {package}:{value}" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{lines}\n")


def test_plugin_is_loaded_when_it_is_needed(site: Path) -> None:
    """A known name loads nothing; an unknown one finds the package's gateways, a function's too, and only once."""
    install(site, "theirs", {"theirs": "relay", "ready": "READY"})
    gateway("kling")
    assert "theirs" not in sys.modules
    assert gateway("theirs").label == "Their relay"
    assert names()[-2:] == ("theirs", "ready") or names()[-2:] == ("ready", "theirs")
    assert gateway("ready").base_url == "https://ready.example"
    with pytest.raises(OptionError, match="No gateway is called"):
        gateway("nobody")
    assert sys.modules["theirs"].loads == [1]


def test_installed_while_the_kernel_runs(site: Path) -> None:
    """A package that was installed after the names were listed is found by its gateway's name."""
    assert "late" not in names()
    install(site, "late", {"late": "relay"})
    assert "late" not in names()
    assert gateway("late").name == "late"
    assert "late" in names()


@pytest.mark.parametrize(
    ("package", "value", "source", "told"),
    [
        ("gone", "relay", "raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("absent", "nothing", GOOD, "AttributeError"),
        ("wrong", "WRONG", GOOD, "wrong:WRONG is str, not a Gateway"),
        ("taken", "BUILT_IN", GOOD, "The gateway kling is built in"),
    ],
)
def test_broken_plugin_is_one_sentence(site: Path, package: str, value: str, source: str, told: str) -> None:
    """It is named with its package, once, and every other gateway is there."""
    install(site, package, {package: value}, source)
    install(site, f"beside_{package}", {"beside": "relay"})
    with pytest.warns(UserWarning, match=told) as told_of:
        known = names()
    assert f"The gateway “{package}” of the package {package} is left out: " in str(told_of[0].message)
    assert f"beside_{package}" in known
    assert package not in known
    assert label("kling") == "Kling"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert names() == known


def test_the_persons_own_goes_before(site: Path) -> None:
    """A gateway that was registered in the session is not replaced by a package's of the same name."""
    mine = gateways.Gateway("mine", "Mine", "kling", "https://mine.example")
    gateways.register(mine)
    install(site, "mine", {"mine": "relay"})
    assert "mine" in names()
    assert gateway("mine") is mine
