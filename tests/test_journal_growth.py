"""A journal that grows for years: old files are taken over, and no question looks at every job."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kling_nb import journal as module
from kling_nb.journal import FILE, Journal
from kling_nb.life import Event


def _finish(journal: Journal, name: str, at: float) -> None:
    journal.record(name, Event("planned", at, {"gateway": "kling", "fingerprint": f"f-{name}"}))
    journal.record(name, Event("sending", at + 1))
    journal.record(name, Event("ticket", at + 2, {"ticket": {"id": name}}))
    journal.record(name, Event("ready", at + 60, {"outputs": [{"url": "https://x.example/1.mp4"}]}))
    journal.record(name, Event("done", at + 61, {"video": {"path": f"{name}.mp4"}})).result()


def _version(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FILE)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def test_the_first_release_s_file_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its jobs are there, and it gets what newer versions have."""
    monkeypatch.setattr(module, "MIGRATIONS", module.MIGRATIONS[:1])
    old = Journal(tmp_path)
    _finish(old, "a", 1.0)
    old.close()
    monkeypatch.undo()
    assert _version(tmp_path) == 1
    new = Journal(tmp_path)
    _finish(new, "b", 100.0)
    assert [state.id for state in new.finished("kling")] == ["a", "b"]
    assert _version(tmp_path) == len(module.MIGRATIONS) > 1
    new.close()


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("recent", ()),
        ("finished", ("kling",)),
        ("currents", (["f-a"],)),
        ("get", ("a",)),
        ("open_jobs", ()),
        ("named", ("kling", "fox-1")),
    ],
)
def test_no_question_looks_at_every_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: tuple[Any, ...]
) -> None:
    """Each is answered through an index, and the newest jobs come out of one in order."""
    journal = Journal(tmp_path)
    asked: list[str] = []
    opened = journal._open

    def traced() -> sqlite3.Connection:
        db = opened()
        db.set_trace_callback(asked.append)
        return db

    monkeypatch.setattr(journal, "_open", traced)
    getattr(journal, verb)(*arguments)
    with closing(opened()) as db:
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {asked[-1]}"))
    assert "USING INDEX" in plan or "USING PRIMARY KEY" in plan
    assert "SCAN" not in plan or verb == "recent"
    assert "TEMP B-TREE" not in plan or verb in {"open_jobs", "named"}


def test_ids_of_the_user_s_own_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At their gateway, in files of earlier versions too, once however many events a job has."""

    def plan(journal: Journal, name: str, gateway: str, external_id: str | None) -> None:
        asked = {"prompt": "a fox"} | ({"external_id": external_id} if external_id else {})
        data = {"gateway": gateway, "fingerprint": f"f-{name}", "request": asked}
        journal.record(name, Event("planned", 1.0, data))
        journal.record(name, Event("sending", 2.0)).result()

    monkeypatch.setattr(module, "MIGRATIONS", module.MIGRATIONS[:2])
    old = Journal(tmp_path)
    plan(old, "a", "kling", "fox-1")
    plan(old, "b", "kling", None)
    old.close()
    monkeypatch.undo()
    new = Journal(tmp_path)
    plan(new, "c", "kling", "fox-1")
    plan(new, "d", "agentsflare", "fox-1")
    plan(new, "e", "kling", "fox-2")
    assert [state.id for state in new.named("kling", "fox-1")] == ["a", "c"]
    assert [state.id for state in new.named("agentsflare", "fox-1")] == ["d"]
    assert new.named("kling", "fox") == []
    new.close()


def test_the_beginning_of_an_id(tmp_path: Path) -> None:
    """It is enough if only one job begins so; a whole id is enough even if it is the beginning of another."""
    journal = Journal(tmp_path)
    for number, name in enumerate(("3fa9-t1-aa", "3fa9-t1-aabb", "77%_-t1-cc")):
        _finish(journal, name, float(number))
    found = {name: (state.id if (state := journal.get(name)) else None) for name in
             ("3fa9-t1-aa", "3fa9-t1-aab", "3fa9", "77", "%", "_", "zz", "")}  # fmt: skip
    assert found == {
        "3fa9-t1-aa": "3fa9-t1-aa",
        "3fa9-t1-aab": "3fa9-t1-aabb",
        "3fa9": None,
        "77": "77%_-t1-cc",
        "%": None,
        "_": None,
        "zz": None,
        "": None,
    }
    journal.close()
