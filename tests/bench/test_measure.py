"""Measuring: what is missing, once, wherever the executor is; defects and scores become part of the rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kling_nb.bench import files
from kling_nb.errors import OptionError
from kling_nb.metrics import metric
from kling_nb.metrics import registry as known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_nb.bench.bench import Bench
    from kling_nb.metrics import Reel
    from tests.bench.conftest import Make

NAMES = ["conformance", "freeze"]


@pytest.fixture
def bench(make: Make) -> Bench:
    """Two finished clips, which are shorter than the five seconds that were asked for."""
    made = make()
    made.run().wait(60)
    return made


def test_scores_and_defects(bench: Bench, make: Make) -> None:
    """Each clip is measured against what was asked; defects are told in words, and beside it in a comparison."""
    work = bench.measure(metrics=NAMES)
    found = work.wait(60)
    assert (work.total, work.measured, work.errors) == (2, 2, 0)
    assert "2 of 2 clips measured" in repr(work)
    assert [row["cell"] for row in found] == [cell.id for cell in bench.cells]
    for row in bench.rows():
        assert set(row["scores"]) == set(NAMES)
        assert len(row["sha256"]) == 64
        assert any("shorter than asked" in defect for defect in row["defects"])
    assert "short</span>" in make(takes=2).run().wait(60).compare(0).bundle()["text/html"]
    assert "with defects" in bench.bundle()["text/plain"]
    assert list(bench.frame()["score_freeze"]) == [row["scores"]["freeze"] for row in bench.rows()]


def test_only_what_is_missing(bench: Bench, make: Make) -> None:
    """A score is measured once: not by the next call, and a new clip or metric alone by the one after."""
    bench.measure(metrics=["freeze"]).wait(60)
    assert bench.measure(metrics=["freeze"]).total == 0
    again = bench.measure(ThreadPoolExecutor(1), NAMES)
    again.wait(60)
    assert again.measured == 2
    lines = list(files.lines(bench.folder / "scores.jsonl"))
    assert [list(line["scores"]) for line in lines] == [["freeze"], ["freeze"], ["conformance"], ["conformance"]]
    more = make(takes=2)
    more.run().wait(60)
    assert more.measure(metrics=NAMES).total == 2


def test_a_metric_of_ones_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer version is measured anew; one that fails is told, kept out of the log and tried again."""
    monkeypatch.setattr(known, "_METRICS", dict(known._METRICS))

    @metric("frames", version=1)
    def frames(reel: Reel, _: Mapping[str, object]) -> float:
        return float(len(reel))

    bench.measure(metrics=["frames"]).wait(60)
    counted = [row["scores"]["frames"] for row in bench.rows()]
    assert min(counted) > 1

    del known._METRICS["frames"]

    @metric("frames", version=2)
    def broken(_reel: Reel, _: Mapping[str, object]) -> float:
        raise ValueError("no film")

    work = bench.measure(metrics=["frames"])
    work.wait(60)
    assert (work.total, work.errors) == (2, 2)
    assert "ValueError: no film" in repr(work)
    assert bench.measure(metrics=["frames"]).total == 2
    assert [row["scores"]["frames"] for row in bench.rows()] == counted
    with pytest.raises(OptionError, match="no metric 'beauty'"):
        bench.measure(metrics=["beauty"])
