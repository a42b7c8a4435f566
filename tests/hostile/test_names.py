"""Names that others choose never become paths outside the output folder, nor names that a disk refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.errors import StorageError
from kling_nb.gateways.digging import segment
from kling_nb.lab.store import Store
from kling_nb.life import JobState
from tests.loopback import Fault

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

NAMES = [
    "../../etc/passwd", "/etc/passwd", "..", ".", "...", "", "a\x00b", "a/b\\c", "C:\\Windows\\x", "\\\\host\\share",
    "CON", "con.mp4", "NUL", "aux", "COM1", "LPT9.txt", "x" * 5000, "\u65e5\u672c" * 200, "\U0001f98a", "\ud800",
    "\u202efdp.exe", "a\nb", "a:b", 'a*b?c|d<e>f"g', "-rf", "~", "$HOME", "%2e%2e%2f", " ", "end. ", "e\u0301" * 99,
]  # fmt: skip
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
LONGEST_SUFFIX = ".mp4.part.tagged"


def check_name(name: str) -> None:
    """A name that every file system of today takes: 255 bytes, nothing special anywhere."""
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", name)
    assert not RESERVED.match(name)
    assert len((name + LONGEST_SUFFIX).encode()) <= 255


@pytest.mark.parametrize("field", ["prompt", "model", "mode"])
@pytest.mark.parametrize("name", NAMES)
def test_stems(tmp_path: Path, field: str, name: str) -> None:
    """Whatever stands in the request, the clip lies in the folder."""
    store = Store(tmp_path)
    request: dict[str, Any] = {"prompt": "a fox", "model": "kling-v2-6", "mode": "pro", field: name}
    stem = store.stem(JobState("3fa9c1d2-t1-x7k2aa", request=request))
    check_name(stem)
    assert stem.endswith("3fa9c1d2-t1-x7k2aa")
    assert store.path(f"{stem}.mp4").parent == tmp_path


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "..", ".", "", "a/../../b", "x/"])
def test_paths_that_lead_out(tmp_path: Path, name: str) -> None:
    """The store hands out no path for a name that is a path."""
    with pytest.raises(StorageError, match="no file name"):
        Store(tmp_path).path(name)


@pytest.mark.parametrize("name", NAMES)
def test_task_ids_in_addresses(name: str) -> None:
    """A task id is one segment of a path: it cannot climb to another route or begin a query."""
    quoted = segment(name)
    assert re.fullmatch(r"[\w.~%-]*", quoted, re.ASCII)
    assert quoted not in {".", ".."}


@pytest.mark.parametrize(
    "name", ["../../../escaped", "/srv/escaped", "a\x00b", "x" * 280, "CON", "\u65e5\u672c\U0001f98a"]
)
def test_a_whole_cell(nb: Notebook, tmp_path: Path, name: str) -> None:
    """Task id, result address and the file name that the download suggests: all files stay in the folder."""
    done = {"task_id": name, "task_status": "succeed",
            "task_result": {"videos": [{"id": name, "url": f"{nb.gw.cdn_url}/files/%2e%2e%2f..%5c1.mp4"}]}}  # fmt: skip
    suggested = {"Content-Disposition": "attachment; filename=../../escaped.mp4", "Content-Location": "/escaped"}
    nb.gw.fault("POST", Fault(status=200, body={"code": 0, "data": {"task_id": name, "task_status": "submitted"}}))
    nb.gw.fault("GET /v1", Fault(status=200, body={"code": 0, "data": done}), times=None)
    nb.gw.fault("GET /files", Fault(headers=suggested))
    nb.cell("-g kling -m kling-v2-6", name.replace("\x00", "") + " a fox")
    assert nb.fox.status == "done"
    assert {path.name for path in tmp_path.iterdir()} == {nb.folder.name}
    for path in nb.folder.iterdir():
        check_name(path.name)
    assert {path.suffix for path in nb.folder.iterdir()} >= {".mp4", ".jpg", ".json"}
    assert not list(nb.folder.rglob("*escaped*.part*"))
