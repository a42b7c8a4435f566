"""What came of it: rows, tables, files, and choosing clips to look at."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import pytest

from kling_nb.bench import files
from kling_nb.errors import OptionError, SetupError
from kling_nb.media import probe
from tests.loopback import Script

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.bench.bench import Bench
    from tests.bench.conftest import Make
    from tests.loopback import Loopback


@pytest.fixture
def bench(make: Make, gw: Loopback) -> Bench:
    """Two prompts on two variants: three clips, and one that failed."""
    gw.script(Script(), Script(), Script(states=("failed",), reason="=cmd, no"), Script())
    rows = [
        {"prompt": "task-1 a {colour} fox", "colour": "red", "tags": "color"},
        {"prompt": "task-2 a hen", "id": "hen"},
    ]
    made = make(rows, mode=["std", "pro"], duration=[5], name="x")
    made.run(parallel=1).wait(60)
    return made


def test_rows(bench: Bench) -> None:
    """One for each cell, with everything that is known of it."""
    rows = bench.rows()
    assert [row["cell"] for row in rows] == [cell.id for cell in bench.cells]
    first, failed = rows[0], rows[2]
    told = {
        "prompt": "task-1 a red fox", "tags": ["color"], "vars": {"colour": "red"}, "variant": "std",
        "gateway": "kling", "model": "kling-v2-6", "mode": "std", "duration": 5, "take": 1, "status": "done",
        "error": None, "charged": True, "usd_expected": 0.21, "width": 64, "defects": [], "scores": {},
    }  # fmt: skip
    assert {name: first[name] for name in told} == told
    assert probe(bench.lab.folder / first["path"]).width == 64
    assert first["latency"] > 0
    assert (failed["status"], failed["error"], failed["latency"], failed["prompt_id"]) == (
        "failed", "=cmd, no", None, "hen",
    )  # fmt: skip


def test_frame_and_files(bench: Bench, tmp_path: Path) -> None:
    """The same rows as DataFrame, JSON lines, CSV and Parquet."""
    import pandas as pd  # noqa: PLC0415 - takes half a second to import

    frame = bench.frame()
    assert list(frame["status"]) == ["done", "done", "failed", "done"]
    assert list(frame["var_colour"].dropna()) == ["red", "red"]
    assert pd.read_parquet(bench.save(tmp_path / "x.parquet"))["cell"].tolist() == frame["cell"].tolist()
    lines = bench.save(tmp_path / "x.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == bench.rows()
    with bench.save(str(tmp_path / "x.csv")).open(newline="") as file:
        assert [row["error"] for row in csv.DictReader(file)] == ["", "", "=cmd, no", ""]
    with pytest.raises(OptionError, match=r"saved as \.jsonl, \.csv, \.parquet, not as '\.xlsx'"):
        bench.save(tmp_path / "x.xlsx")


def test_without_pandas(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install, and rows and JSON lines need nothing."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    for ask in (bench.frame, lambda: bench.save(tmp_path / "x.parquet")):
        with pytest.raises(SetupError, match=r"pip install 'kling-nb\[bench\]'"):
            ask()
    assert len(bench.save(tmp_path / "x.jsonl").read_text().splitlines()) == 4


def test_the_table(bench: Bench) -> None:
    """A line for each variant, quiet where there is nothing to say."""
    text = bench.bundle()["text/plain"].splitlines()
    assert text[0] == "x: 2 prompts x 2 variants, 4 cells"
    assert text[2].split() == ["std", "2", "1", "1", text[2].split()[4], "0.21"]
    assert text[3].split() == ["pro", "2", "2", text[3].split()[3], "0.70"]
    assert "`bench.run()` fills the gaps" in text[4]


def test_looking(bench: Bench) -> None:
    """Clips by prompt and variant; a prompt by its number, id, beginning or words."""
    assert len(bench.jobs) == 4
    assert len(bench.videos()) == 3
    assert len(bench.videos("hen")) == 1
    assert len(bench.videos(variants="pro")) == 2
    assert len(bench.videos(prompt=0, variants=["std"])) == 1
    compared = bench.compare()
    assert (len(compared.clips), compared.title) == (2, "task-1 a red fox")
    assert len(bench.compare("red fox").clips) == 2
    for prompt, variants, words in (
        ("hen", None, "needs two to 12 clips, and there is one"),
        (" a ", None, "2 prompts are called ' a '"),
        ("cow", None, "No prompt is called 'cow': name one by its id, such as"),
        (7, None, "numbered from 0 to 1"),
        (0, "4k", "no variant '4k': they are std; pro"),
    ):
        with pytest.raises(OptionError, match=words):
            bench.compare(prompt, variants)


def test_more_than_a_comparison_shows(make: Make) -> None:
    """Thirteen clips of one prompt: the sentence says how to choose."""
    many = make("task-1 a fox", takes=13)
    many.run(yes=True).wait(60)
    with pytest.raises(OptionError, match="These are 13 clips, and a comparison shows at most 12"):
        many.compare(0)


def test_the_arena(bench: Bench) -> None:
    """Its candidates are the finished clips, its ballots lie in the bench's folder."""
    arena = bench.arena("follows the prompt")
    assert [(one.variant, one.prompt_id, one.cost_usd) for one in arena.candidates] == [
        ("std", bench.prompts[0].id, 0.21),
        ("pro", bench.prompts[0].id, 0.35),
        ("pro", "hen", 0.35),
    ]
    assert arena.ballots == bench.folder / "votes-follows-the-prompt.jsonl"


def test_a_torn_log(tmp_path: Path) -> None:
    """A kernel died in the middle of a line: that line is lost, those before and after it are not."""
    log = tmp_path / "deep" / "scores.jsonl"
    files.append(log, [{"n": 1}, {"n": 2}])
    with log.open("ab") as file:
        file.write(b'{"n": 3, "to')
    files.append(log, [{"n": 4}])
    with log.open("ab") as file:
        file.write(b"[5]\n\xff\xfe\n")
    assert list(files.lines(log)) == [{"n": 1}, {"n": 2}, {"n": 4}]
    assert list(files.lines(tmp_path / "missing.jsonl")) == []
