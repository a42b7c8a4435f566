"""The words of a report: an answer that says no more than the votes do, and what never leaves the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_nb.bench.report.answer import answer
from kling_nb.bench.report.facts import Line
from kling_nb.bench.report.tables import table
from kling_nb.bench.report.tidy import Tidy
from kling_nb.bench.votes import Vote, Winner, rank


def line(label: str, **told: Any) -> Line:
    """A variant with ten finished clips that were paid for."""
    usual: dict[str, Any] = {
        "cells": 10, "done": 10, "failed": 0, "rest": 0, "estimate": 2.0, "charged": 2.0, "listed": 2.0, "free": False,
        "wait": 40.0, "measured": 0, "defective": 0,
    }  # fmt: skip
    return Line(label, **usual | told)


def votes(*said: tuple[str, str, Winner], prompts: int = 12, each: int = 1) -> list[Vote]:
    """The same votes on each prompt, left against right."""
    return [
        Vote(f"{a}{n}", f"{b}{n}", a, b, f"p{n}", winner, token=f"{a}{b}{n}.{take}")
        for n in range(prompts)
        for take in range(each)
        for a, b, winner in said
    ]


LINES = (line("std", accepted=8, judged=10), line("pro", charged=5.0, accepted=10, judged=10))


def test_nothing_to_say() -> None:
    """Without clips, rivals or votes there is no answer, and it says so."""
    assert answer([line("std", done=0)], None).startswith("No clip is finished yet")
    assert answer([line("std")], None) == "There is one variant, std, so there is nothing to compare."
    for ranking in (None, rank([])):
        assert answer(LINES, ranking).startswith("Nobody has voted")


def test_a_preference() -> None:
    """The odds with their interval, how many votes stand behind it, and what a usable clip costs."""
    told = answer(LINES, rank(votes(("pro", "std", "left"), each=10)))
    assert told.startswith("pro is preferred (chance to win 0.9")
    assert "; 120 votes on 12 prompts. A clip that voters would use costs" in told
    assert told.endswith("costs USD 0.50 with pro and USD 0.25 with std.")
    assert "not separable" not in told


def test_no_winner_yet() -> None:
    """Who is ahead is not called preferred while the interval says it may be luck."""
    mixed = [*votes(("pro", "std", "left"), prompts=5), *votes(("pro", "std", "right"), prompts=4)]
    told = answer(LINES, rank(mixed))
    assert " is ahead (chance to win 0." in told
    assert "but not separable from std; 9 votes on 5 prompts: preliminary." in told
    assert "preferred" not in told


def test_many_rivals_and_two_groups() -> None:
    """Three rivals are named and the rest counted; variants that no vote connects are not compared."""
    names = ["a", "b", "c", "d", "e"]
    pairs: list[tuple[str, str, Winner]] = [(one, two, "tie") for one in names for two in names if one < two]
    lines = [line(name) for name in names]
    told = answer(lines, rank(votes(*pairs)))
    assert " and 1 more;" in told
    apart = answer(lines, rank([*votes(("a", "b", "left")), *votes(("a", "c", "left")), *votes(("d", "e", "left"))]))
    assert apart.startswith("a is preferred")
    assert apart.endswith("Votes do not connect all variants: this is the largest group.")


def test_money_that_is_not_known() -> None:
    """Nothing is said about the price of a clip where one of the prices is not known; a free one has the list's."""
    ranking = rank(votes(("pro", "std", "left"), each=10))
    blank = [line("std", accepted=8), line("pro", accepted=8, charged=None)]
    assert "costs" not in answer(blank, ranking)
    free = [line(name, accepted=8, charged=0.0, free=True) for name in ("std", "pro")]
    assert answer(free, ranking).endswith("USD 0.25 with pro and USD 0.25 with std by Kling's list.")


TIDY = Tidy({"/home/ann/films": "", "/home/ann": "~/", "/": "ROOT"}, lambda text: text.replace("sk-1", "•••"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("see /home/ann/films/kling_outputs/a.mp4.", "see kling_outputs/a.mp4."),
        ("/home/ann/pics/fox.png", "~/pics/fox.png"),
        ("/home/anna/pics", "/home/anna/pics"),
        ("a https://ann:pw@cdn.example.com/x.mp4?sig=1#t b", "a https://cdn.example.com/x.mp4?••• b"),
        ("https://cdn.example.com/x.mp4", "https://cdn.example.com/x.mp4"),
        ("is it so? yes / no", "is it so? yes / no"),
        (str(Path(__file__)), Path(__file__).name),
    ],
)
def test_tidy(before: str, after: str) -> None:
    """Folders become relative, links lose what may be a signature, everything else stays as it is."""
    assert TIDY(before) == after
    assert TIDY({"a": [before, 1, None]}) == {"a": [after, 1, None]}
    assert TIDY(Path("/srv/pictures/fox.png")) == "fox.png"
    assert TIDY.page("a sk-1") == "a •••"


@given(st.text(), st.text(alphabet="abc=&%", min_size=1), st.sampled_from(["/home/ann/films/", "/home/ann/", ""]))
def test_tidy_in_any_text(words: str, secret: str, folder: str) -> None:
    """Wherever it stands."""
    told = TIDY(f"{words} {folder}x.png https://h.example/y?q{secret} {words}")
    assert "/home/ann/" not in told.replace(words, "")
    assert f"?q{secret}" not in told.replace(words, "")


def test_a_table() -> None:
    """Numbers share their decimals, empty columns go, the first cell names its row, and all of it is escaped."""
    made = table("Costs", ("name", "USD", "none", "what"), [["<b>", 1.5, None, "x `y`"], ["c", 20.0, None, None]])
    assert '<th scope="row">&lt;b&gt;</th><td class="n">1.5</td><td>x <code>y</code></td>' in made
    assert '<td class="n">20.0</td><td></td>' in made
    assert ">none<" not in made
