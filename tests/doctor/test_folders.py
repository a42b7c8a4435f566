"""The output folder: writable, roomy, served, and a journal that can be read."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kling_nb.doctor import folders
from kling_nb.journal import FILE
from kling_nb.lab import Lab
from kling_nb.lab.reach import Reach
from kling_nb.life import Event
from kling_nb.places import PLACES
from kling_nb.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.places import Name

MOUNTS = "/dev/vda / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n/dev/sdb /home/my\\040disk xfs rw 0 0\nbroken\n"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose folder is not there yet."""
    made = Lab(Settings(output=str(tmp_path / "clips")), env={})
    yield made
    for journal in made.desks._journals.values():
        journal.close()


def test_a_folder_that_is_not_there_yet(lab: Lab) -> None:
    """Nothing is made by looking at it."""
    checks = list(folders.folder(lab))
    assert [check.health for check in checks if check.what != "disk"] == ["ok", "ok"]
    assert "made by the first job" in checks[0].said
    assert not lab.folder.exists()
    (check,) = folders.journal(lab)
    assert (check.health, lab.folder.exists()) == ("ok", False)


def test_a_file_in_the_way(lab: Lab, tmp_path: Path) -> None:
    """It says so, and where to go instead."""
    (tmp_path / "clips").write_text("in the way")
    check = next(folders.folder(lab))
    assert check.health == "bad"
    assert "cannot be written (it is a file)" in check.said
    assert "KLING_NB_OUTPUT" in check.cure


def test_nothing_is_left_behind(lab: Lab) -> None:
    """The attempt to write leaves no file."""
    lab.folder.mkdir()
    list(folders.folder(lab))
    assert list(lab.folder.iterdir()) == []


@pytest.mark.parametrize(("free", "health"), [(5e9, "ok"), (5e8, "warn"), (5e7, "bad")])
def test_room(lab: Lab, monkeypatch: pytest.MonkeyPatch, free: float, health: str) -> None:
    """For a hundred clips, for some, for none."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    (check,) = [check for check in folders.folder(lab) if check.what == "space"]
    assert check.health == health


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/work", "ext4"), ("/home/me/x", "nfs4"), ("/homes", "ext4"), ("/home/my disk/x", "xfs"), ("/", "ext4")],
)
def test_file_systems(path: str, kind: str) -> None:
    """The longest mount point that holds the path decides."""
    assert folders.system_of(Path(path), MOUNTS) == kind
    assert folders.system_of(Path(path), "") == ""


@pytest.mark.parametrize(("kind", "health"), [("nfs4", "warn"), ("fuse.sshfs", "warn"), ("ext4", "ok"), ("apfs", "ok")])
def test_a_disk_that_may_not_lock(lab: Lab, monkeypatch: pytest.MonkeyPatch, kind: str, health: str) -> None:
    """Network and user-space file systems are named."""
    monkeypatch.setattr(folders, "_mounts", lambda: f"x / {kind} rw 0 0\n")
    (check,) = [check for check in folders.folder(lab) if check.what == "disk"]
    assert check.health == health
    assert kind in check.said


def test_perhaps_paid_jobs_come_with_the_next_step(lab: Lab) -> None:
    """And what is open is counted apart."""
    journal = lab.journal
    request = {"prompt": "A fox", "model": "kling-v2-6"}
    for name in ("lost", "open"):
        planned = {"gateway": "imarouter", "request": request, "fingerprint": name, "key": name, "notes": []}
        journal.record(name, Event("planned", 1.0, planned)).result()
        journal.record(name, Event("sending", 2.0, {"ask": {}})).result()
    journal.record("lost", Event("lost", 3.0)).result()
    health, doubt = folders.journal(lab)
    assert "1 job open" in health.said
    assert (doubt.health, "`lost`" in doubt.said, "%kling resume" in doubt.cure) == ("warn", True, True)


def test_a_journal_of_a_newer_version(lab: Lab) -> None:
    """Its own sentence says what to do."""
    lab.folder.mkdir()
    with closing(sqlite3.connect(lab.folder / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    (check,) = folders.journal(lab)
    assert check.health == "bad"
    assert "newer kling_nb" in check.said


@pytest.mark.parametrize(
    ("place", "output", "health"),
    [
        ("jupyter", "clips", "ok"),
        ("jupyter", ".clips", "warn"),
        ("jupyter", "../clips", "warn"),
        ("vscode", "clips", "ok"),
    ],
)
def test_served(tmp_path: Path, place: Name, output: str, health: str) -> None:
    """A hidden folder or one outside of the root; in VS Code it is nobody's fault."""
    notebook = tmp_path / "root"
    lab = Lab(Settings(output=str(notebook / output)), env={})
    (check,) = folders.served(lab, Reach(PLACES[place], notebook, notebook))
    assert check.health == health
    assert ("kept inside" in check.said) == (health == "warn" or place == "vscode")
    lab.settings.embed = "never"
    (check,) = folders.served(lab, Reach(PLACES[place], notebook, notebook))
    assert check.health == ("ok" if place == "jupyter" and health == "ok" else "warn")


def test_a_terminal_has_no_page(lab: Lab, tmp_path: Path) -> None:
    """So nothing is said of one."""
    assert list(folders.served(lab, Reach(PLACES["terminal"], tmp_path))) == []
