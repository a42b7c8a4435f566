"""A file that is fetched in pieces is one file: no piece of another one, none from another place."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kling_nb.engine.pieces import Label, Origin, Piece
from kling_nb.errors import DownloadError
from tests.loopback import Fault

if TYPE_CHECKING:
    from tests.engine.conftest import Bench

OLD = random.Random(1).randbytes(700_000)
NEW = random.Random(2).randbytes(700_000)
LONGER = NEW + OLD[:1000]
PIECE = 256 * 1024 + 9


@pytest.fixture
def part(tmp_path: Path, bench: Bench) -> Path:
    """Where the clip goes; the gateway serves ``NEW``."""
    bench.gw.clip_bytes = NEW
    return tmp_path / "fox.mp4.part"


def fetch(bench: Bench, part: Path) -> None:
    """Download it."""
    bench.run(lambda engine: engine.download(f"{bench.gw.cdn_url}/files/1.mp4", part, cap=2_000_000))


def partial(begin: str, body: bytes, **headers: str) -> Fault:
    """A 206 that says that it begins there."""
    return Fault(status=206, body=body, headers={"Content-Range": begin, **headers})


@pytest.mark.parametrize(
    ("second", "asked"),
    [
        pytest.param(Fault(headers={"ETag": '"new"'}), 3, id="another ETag, and If-Range is not understood"),
        pytest.param(Fault(status=200, body=NEW, headers={"ETag": '"new"'}), 2, id="another ETag: all of it"),
        pytest.param(partial(f"bytes {PIECE}-700999/701000", LONGER[PIECE:]), 3, id="another length"),
        pytest.param(partial(f"bytes 0-699999/{len(NEW)}", NEW), 3, id="from the beginning after all"),
        pytest.param(partial(f"bytes {PIECE + 1}-699999/700000", NEW[PIECE + 1 :]), 3, id="one byte further"),
        pytest.param(partial("bytes garbage", NEW[PIECE:]), 3, id="from nobody knows where"),
        pytest.param(partial(f"bytes {'9' * 5000}-1/2", NEW[PIECE:]), 3, id="from a long number"),
        pytest.param(Fault(status=206, body=NEW[PIECE:]), 3, id="without saying"),
        pytest.param(partial(f"bytes {PIECE}-699999/700000", b"x", **{"Content-Encoding": "gzip"}), 3, id="packed"),
    ],
)
def test_the_clip_changes_between_two_tries(bench: Bench, part: Path, second: Fault, asked: int) -> None:
    """After a broken first try on the old clip, what arrives in the end is the new clip and not a splice."""
    bench.gw.fault("1.mp4", Fault(status=200, body=OLD, headers={"ETag": '"old"'}, cut=PIECE))
    bench.gw.fault("1.mp4", second)
    fetch(bench, part)
    assert part.read_bytes() == NEW
    assert len(bench.gw.downloads) == asked
    assert bench.gw.downloads[1].headers["if-range"] == '"old"'
    assert list(part.parent.iterdir()) == [part]


def test_another_kernel_goes_on(bench: Bench, part: Path) -> None:
    """Where the piece came from is written beside it, so that a later kernel sees the change as well."""
    bench.gw.fault("1.mp4", Fault(status=200, body=OLD, headers={"ETag": '"old"'}, cut=PIECE))
    bench.gw.fault("1.mp4", Fault(drop=True), times=5)
    with pytest.raises(DownloadError, match="Nothing is lost"):
        fetch(bench, part)
    assert part.read_bytes() == OLD[:PIECE]
    fetch(bench, part)
    assert part.read_bytes() == NEW


@pytest.mark.parametrize(
    ("first", "tries"),
    [
        (partial("bytes 0-699999/700000", NEW), 1),
        (partial("bytes 0-9999/700000", NEW[:10_000]), 2),
        (partial("bytes 5-699999/700000", NEW[5:]), 2),
        (partial("bytes 0-9/10", NEW), 2),
        (Fault(headers={"Content-Length": "700001"}), 2),
        (Fault(cut=0), 2),
    ],
)
def test_pieces_that_nobody_asked_for(bench: Bench, part: Path, first: Fault, tries: int) -> None:
    """A 206 to a plain request and lengths that lie: gone on with where it fits, else begun anew."""
    bench.gw.fault("1.mp4", first)
    fetch(bench, part)
    assert part.read_bytes() == NEW
    assert len(bench.gw.downloads) == tries


def test_a_result_that_always_changes(bench: Bench, part: Path) -> None:
    """Six tries, each with another clip: told, and no half of anything is called a clip."""
    for number in range(12):
        bench.gw.fault("1.mp4", Fault(status=200, body=OLD, headers={"ETag": f'"{number}"'}, cut=PIECE))
    with pytest.raises(DownloadError, match="Nothing is lost"):
        fetch(bench, part)
    assert part.read_bytes() == OLD[:PIECE]


@pytest.mark.parametrize(
    ("etag", "kept"),
    [('"a"', '"a"'), ('W/"a"', ""), ("a", ""), ('"a\r\nX: y"', ""), ('""', ""), (f'"{"x" * 999}"', ""), ('"a"b"', "")],
)
def test_only_strong_etags_count(etag: str, kept: str) -> None:
    """A weak ETag does not promise the same bytes, and what is no ETag is not sent back."""
    assert Piece.of(200, {"etag": etag}).origin.etag == kept


@pytest.mark.parametrize(
    "text", ["", "garbage", '"a"', '"a"\nten', "\u00e9\n5", f'"a"\n{"9" * 5000}', "W/x\r\nX: y\n1"]
)
def test_a_damaged_note(tmp_path: Path, text: str) -> None:
    """What somebody else wrote into the note beside the file is read with the same care."""
    part = tmp_path / "a.part"
    (tmp_path / "a.part.from").write_text(text, "utf-8")
    found = Label(part).read()
    assert found in {Origin(), Origin('"a"')}
