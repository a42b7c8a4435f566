"""Front ends by their traces, and which files a page there can reach."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kling_nb.lab.reach import Reach, marimo_folder, reach, server_root
from kling_nb.places import PLACES, Facts, detect

KERNEL = Facts(ipython=True, kernel=True)
VSCODE = {"VSCODE_PID": "7"}


@pytest.mark.parametrize(
    ("env", "facts", "name"),
    [
        ({}, Facts(), "script"),
        ({}, Facts(ipython=True), "terminal"),
        ({}, KERNEL, "jupyter"),
        ({"JPY_SESSION_NAME": "/home/me/fox.ipynb"}, KERNEL, "jupyter"),
        ({}, Facts(ipython=True, kernel=True, headless=True), "headless"),
        (VSCODE, KERNEL, "vscode"),
        ({"VSCODE_CWD": "/"}, KERNEL, "vscode"),
        # A Jupyter that was started from a terminal inside of VS Code inherits its variables.
        (VSCODE, Facts(ipython=True, kernel=True, server=True), "jupyter"),
        ({}, Facts(ipython=True, kernel=True, server=True, told_by_vscode=True), "vscode"),
        ({"JPY_SESSION_NAME": "fox-jvsc-2f0a.ipynb"}, Facts(ipython=True, kernel=True, server=True), "vscode"),
        (VSCODE, Facts(ipython=True), "terminal"),
        (VSCODE, Facts(), "script"),
        ({}, Facts(ipython=True, kernel=True, colab=True), "colab"),
        ({"COLAB_RELEASE_TAG": "x"}, KERNEL, "colab"),
        ({"DATABRICKS_RUNTIME_VERSION": "15.4"}, KERNEL, "databricks"),
        ({"SERVER_SOFTWARE": "voila/0.5.13"}, Facts(ipython=True, kernel=True, headless=True), "voila"),
        ({"VOILA_REQUEST_URL": "http://127.0.0.1/"}, Facts(ipython=True, kernel=True, headless=True), "voila"),
        ({"SERVER_SOFTWARE": "nginx"}, KERNEL, "jupyter"),
        ({}, Facts(marimo=True), "marimo"),
    ],
)
def test_detected(env: dict[str, str], facts: Facts, name: str) -> None:
    """Each by its own traces, and the more telling one where two fit."""
    assert detect(env, facts).name == name


def test_who_serves_files() -> None:
    """Only Jupyter's own pages resolve a relative address; what a saved run is opened in is Jupyter, as a rule."""
    assert {name for name, place in PLACES.items() if place.serves and place.page} == {"jupyter", "headless"}


@pytest.mark.parametrize(
    ("folder", "root", "words"),
    [
        ("book/kling_outputs", "root", ""),
        ("kling_outputs", "root", ""),
        ("book/.hidden/clips", "root", "hidden folder, and .hidden is one"),
        ("../elsewhere", "root", "outside of"),
        ("book/kling_outputs", None, ""),
        ("book/.clips", None, ".clips is one"),
        ("../elsewhere", None, ""),  # nobody knows what is served
    ],
)
def test_reached_in_jupyter(tmp_path: Path, folder: str, root: str | None, words: str) -> None:
    """Below the server's root and not hidden; a hidden folder above the root does not matter."""
    base = tmp_path / ".home" / "root"
    found = Reach(PLACES["jupyter"], base / "book", base if root else None).trouble(base / folder)
    assert words in found
    assert bool(words) == bool(found)


def test_nothing_is_reached_where_nothing_is_served(tmp_path: Path) -> None:
    """However near the files are."""
    assert "VS Code serves no files" in Reach(PLACES["vscode"], tmp_path).trouble(tmp_path / "kling_outputs")


def test_the_server_tells_its_root(tmp_path: Path) -> None:
    """In the note that it leaves in its runtime folder; a broken note, or none, tells nothing."""
    env = {"JPY_PARENT_PID": "4711", "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    (tmp_path / "jpserver-4711.json").write_text(json.dumps({"root_dir": str(tmp_path), "token": "secret"}))
    (tmp_path / "jpserver-12.json").write_text("{")
    assert server_root(env) == tmp_path.resolve()
    assert server_root({**env, "JPY_PARENT_PID": "12"}) is None
    assert server_root({**env, "JPY_PARENT_PID": "13"}) is None
    assert server_root({**env, "JPY_PARENT_PID": "../4711"}) is None
    assert server_root({}) is None
    assert reach(KERNEL, {}, {**env, **VSCODE}, tmp_path).place.name == "jupyter"
    assert reach(KERNEL, {}, VSCODE, tmp_path).place.name == "vscode"
    assert reach(KERNEL, {"__vsc_ipynb_file__": "/x.ipynb"}, env, tmp_path).place.name == "vscode"


def test_marimo_tells_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """While one of its notebooks runs; a module of that name which knows nothing of it is no marimo."""
    running = SimpleNamespace(running_in_notebook=lambda: True, notebook_dir=lambda: tmp_path)
    monkeypatch.setitem(sys.modules, "marimo", running)
    assert marimo_folder() == tmp_path
    assert reach(Facts(), {}, {}, tmp_path).place.name == "marimo"
    monkeypatch.setattr(running, "running_in_notebook", lambda: False)
    assert marimo_folder() is None
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace())
    assert marimo_folder() is None
