"""The draft ladder: who is promoted, and what the next rung is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.bench import files
from kling_nb.bench.ladder import shares_of
from kling_nb.errors import OptionError

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench
    from tests.bench.conftest import Make
    from tests.loopback import Loopback


@pytest.fixture
def bench(make: Make) -> Bench:
    """Two prompts, two models, two takes, all drafts there."""
    made = make(model=["kling-v2-6", "kling-v3"], mode="std", takes=2, name="draft")
    made.run(yes=True).wait(60)
    return made


def voted(bench: Bench, *votes: tuple[int, int, str]) -> None:
    """Write ballots: numbers of two cells and who won."""
    rows = bench.rows()
    found = [
        {"left": rows[a]["job"], "right": rows[b]["job"], "left_variant": rows[a]["variant"], "token": str(n),
         "right_variant": rows[b]["variant"], "prompt": rows[a]["prompt_id"], "winner": winner}
        for n, (a, b, winner) in enumerate(votes)
    ]  # fmt: skip
    files.append(bench.folder / "votes-overall.jsonl", found)


def scored(bench: Bench, *scores: dict[str, Any]) -> None:
    """Write scores of the first cells."""
    told = [
        {name: {"value": value, "version": 1, "parts": parts} for name, (value, parts) in found.items()}
        for found in scores
    ]
    jobs = [row["job"] for row in bench.rows()]
    lines = [{"job": job, "scores": found} for job, found in zip(jobs, told, strict=False)]
    files.append(bench.folder / "scores.jsonl", lines)


def asked(bench: Bench) -> list[tuple[str, str, str]]:
    """The cells of a rung."""
    return [(cell.entry.text, cell.model, cell.keywords["mode"]) for cell in bench.cells]


def test_by_votes(bench: Bench, gw: Loopback) -> None:
    """The clip of each prompt that won most; what was never shown or never liked stays below."""
    voted(bench, (0, 2, "right"), (1, 2, "right"), (0, 3, "tie"), (4, 6, "both bad"))
    assert [row["preferred"] for row in bench.rows()] == [0.25, 0.0, 1.0, 0.5, 0.0, None, 0.0, None]
    rung = bench.promote(mode="pro")
    assert asked(rung) == [("task-1 a fox", "kling-v3", "pro")]
    assert (rung.name, rung.variants) == ("draft-pro", ("kling-v3, pro",))
    assert "1 clip to send, about USD 0.56" in str(rung.dry_run())
    both = bench.promote(mode="pro", keep=2, takes=2, name="finals")
    assert (len(both), both.name, both.variants) == (4, "finals", ("kling-v3, pro", "kling-v2-6, pro"))
    rung.run().wait(60)
    assert rung.status() == {"cells": 1, "done": 1}
    assert (gw.charged[-1].body["model_name"], gw.charged[-1].body["mode"]) == ("kling-v3", "pro")


def test_by_ranking(bench: Bench) -> None:
    """The variant that was preferred over all prompts, on every prompt."""
    voted(bench, (0, 2, "right"), (4, 6, "right"), (5, 7, "right"))
    rung = bench.promote("ranking", mode="pro")
    assert asked(rung) == [("task-1 a fox", "kling-v3", "pro"), ("task-2 a hen", "kling-v3", "pro")]
    with pytest.raises(OptionError, match="keep=3 is more than the 2 variants"):
        bench.promote("ranking", keep=3, mode="pro")


FINE = {"freeze": (0.0, {"longest": 0.0, "repeats": 0.0, "at": 0.0})}
FROZEN = {"freeze": (0.5, {"longest": 2.5, "repeats": 0.0, "at": 2.5})}


def test_by_rule_and_metric(bench: Bench) -> None:
    """Clips with a defect are out; of the others the first, or the best by one metric."""
    sharp: list[dict[str, Any]] = [{"sharpness": (value, {})} for value in (90.0, 500.0, 100.0, 200.0)]
    scored(bench, FROZEN, FROZEN, FINE, FINE, FROZEN)
    assert asked(bench.promote("rule", mode="pro")) == [("task-1 a fox", "kling-v3", "pro")]
    scored(bench, *sharp)
    assert asked(bench.promote("sharpness", mode="pro")) == [("task-1 a fox", "kling-v3", "pro")]
    with pytest.raises(OptionError, match="no metric 'beauty'"):
        bench.promote("beauty", mode="pro")


def test_by_a_function(bench: Bench) -> None:
    """The largest values win; None leaves a clip out. Options of a prompt's own give way to what is changed."""
    rung = bench.promote(lambda row: row["take"] if row["prompt_id"].startswith("task-2") else None, mode="4k",
                         model="kling-v3")  # fmt: skip
    assert asked(rung) == [("task-2 a hen", "kling-v3", "4k")]
    assert rung.variants == ("kling-v3, 4k",)


def test_nothing_to_choose_by(bench: Bench, make: Make) -> None:
    """One sentence that says what is missing."""
    for by, fields, words in (
        ("votes", {"mode": "pro"}, "Nobody has voted on draft yet"),
        ("ranking", {"mode": "pro"}, "Nobody has voted on draft yet"),
        ("rule", {"mode": "pro"}, "No clip of draft is measured yet"),
        ("votes", {}, "say what, such as mode="),
        (lambda _: None, {"mode": "pro"}, "No clip was chosen"),
    ):
        with pytest.raises(OptionError, match=words):
            bench.promote(by, **fields)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="has no finished clip yet"):
        make("task-9 a cow").promote(mode="pro")
    with pytest.raises(OptionError, match="keep is a whole number"):
        bench.promote(keep=0, mode="pro")


def test_torn_ballots(bench: Bench) -> None:
    """A torn line of the ballots is passed over."""
    voted(bench, (0, 2, "left"))
    with (bench.folder / "votes-overall.jsonl").open("a") as file:
        file.write(json.dumps({"left": 1})[:5])
    assert list(shares_of(bench.folder).values()) == [1.0, 0.0]
