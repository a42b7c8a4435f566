"""Ballots, the ranking, how many votes more, and what a usable clip costs."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from kling_nb.bench.votes import Purse, Vote, Winner, counted, from_line, rank, retraction
from kling_nb.bench.votes.power import needed, power


def vote(
    winner: Winner, *, left: str = "a", right: str = "b", prompt: int = 0, take: int = 0, criterion: str = "overall"
) -> Vote:
    """One vote; the clips are called by variant, prompt and take."""
    clips = f"{left}{prompt}.{take}", f"{right}{prompt}.{take}"
    token = f"{clips} {winner} {criterion}"
    return Vote(*clips, left, right, f"p{prompt}", winner, criterion, token=token)


# --- ballots


def test_a_vote_survives_its_line() -> None:
    """Every field, in any alphabet; one more field of a later version does no harm."""
    cast = Vote("x", "y", "kling-v3, pro", "Möwe", "p\u20281", "both bad", "motion", "Zoë", 1.5, 900, 2, token="t")
    assert from_line(cast.to_line()) == cast
    assert from_line(json.dumps({**json.loads(cast.to_line()), "mood": "good"})) == cast


@pytest.mark.parametrize(
    "line",
    ["", "{", "7", "[]", "{}", '{"left":"x"}', '{"left":1,"right":2,"winner":"left"}',
     vote("left").to_line().replace('"winner":"left"', '"winner":"maybe"'), vote("left").to_line()[:-9]],
)  # fmt: skip
def test_what_is_no_vote_is_passed_over(line: str) -> None:
    """A torn line, somebody else's line, a vote for nobody."""
    assert from_line(line) is None
    assert counted([line, vote("tie").to_line()]) == [vote("tie")]


def test_a_pair_that_was_shown_once_counts_once() -> None:
    """However often it was written; a vote that was taken back does not count wherever that stands."""
    first, second = vote("left"), vote("right", prompt=1)
    lines = [first.to_line(), first.to_line(), second.to_line()]
    assert counted(lines) == [first, second]
    assert counted([*lines, retraction(first.token)]) == [second]
    assert counted([retraction(second.token), *lines]) == [first]


# --- how many more


@pytest.mark.parametrize(("rate", "votes"), [(0.6, 210), (0.65, 97), (0.7, 54), (0.75, 35), (0.8, 23), (0.2, 23)])
def test_votes_for_eighty_percent_power(rate: float, votes: int) -> None:
    """As an exact sign test has it; from there on the power stays above."""
    assert needed(rate) == votes
    assert power(votes - 1, max(rate, 1 - rate)) < 0.8 <= power(votes, max(rate, 1 - rate))


def test_equals_are_never_told_apart() -> None:
    """Nor what would take more votes than anybody casts; what always wins needs six."""
    assert needed(0.5) is None
    assert needed(0.53) is None
    assert needed(1) == 6


# --- the ranking


def test_counts_cost_and_order() -> None:
    """The best lower bound first; a clip is accepted once it won or tied and was never one of two bad ones."""
    votes = [vote("left" if n % 5 else "tie", prompt=n) for n in range(20)]
    votes += [vote("both bad", prompt=0, take=1), vote("both bad", prompt=1), vote("left", prompt=2, criterion="hue")]
    clips = {name: [f"{name}{n}.{take}" for n, take in product(range(20), range(2))] for name in "abc"}
    purses = {"a": Purse(clips["a"], 8.0), "b": Purse(clips["b"], 2.0), "c": Purse(clips["c"])}
    ranking = rank(votes, purses)
    assert [row.variant for row in ranking.rows] == ["a", "b", "c"]
    best, second, silent = ranking.rows
    tally = best.tally
    assert (tally.wins, tally.losses, tally.ties, tally.both_bad) == (16, 0, 4, 2)
    assert (tally.accepted, tally.judged, tally.clips, tally.prompts) == (19, 21, 40, 20)
    assert tally.cost_per_accepted == pytest.approx(8 / 19)
    assert second.tally.accepted == 4
    assert second.tally.cost_per_accepted == pytest.approx(0.5)
    assert (silent.strength, silent.verdict, silent.tally.cost_per_accepted) == (None, "no votes yet", None)
    assert best.separable
    assert best.verdict == "better than the second"
    assert second.verdict == "not as good as the best"
    assert (best.ranks, second.ranks) == ((1, 1), (2, 2))
    assert best.chance > 0.5 > second.chance
    assert best.bounds[0] < best.chance < best.bounds[1]


def test_criteria_are_never_pooled() -> None:
    """Each has its own ranking."""
    votes = [vote("left", prompt=n) for n in range(9)] + [vote("right", prompt=n, criterion="hue") for n in range(7)]
    assert [(rank(votes, criterion=name).rows[0].variant, rank(votes, criterion=name).votes)
            for name in ("overall", "hue")] == [("a", 9), ("b", 7)]  # fmt: skip


@pytest.mark.parametrize(("count", "apart"), [(4, False), (5, False), (7, True)])
def test_five_that_agree_may_be_luck(count: int, apart: bool) -> None:  # noqa: FBT001 - a table of cases
    """Two to the minus four is not less than five percent; six prompts are the least that tells."""
    row = rank([vote("left", prompt=n) for n in range(count)]).rows[0]
    assert row.separable is apart
    assert (row.more is None) is apart


def test_votes_on_one_prompt_do_not_tell_variants_apart() -> None:
    """Forty votes that all agree are about this prompt."""
    ranking = rank([vote("left", take=n) for n in range(40)])
    assert not ranking.rows[0].separable
    assert "All votes are on one prompt: they say nothing about others." in ranking.notes


def test_not_separable_says_about_how_many_more() -> None:
    """At 70 of 100 an exact test needs 54 votes that decide, so after 20 about 34 more, roughly; ties cost extra."""
    votes = [vote("right" if n % 10 < 3 else "left", prompt=n) for n in range(20)]
    row = rank(votes).rows[0]
    assert row.more is not None
    assert 25 <= row.more <= 45
    assert row.verdict.startswith("not separable from the second yet, about ")
    assert row.verdict.endswith(" more votes")
    tied = rank([*votes, *(vote("tie", prompt=n + 20) for n in range(10))]).rows[0].more
    assert tied is not None
    assert tied > row.more


def test_equals_would_take_more_than_anybody_casts() -> None:
    """And the sentence says so instead of a number."""
    ranking = rank([vote(("left", "right")[n % 2], prompt=n) for n in range(60)])
    assert ranking.rows[0].more is None
    assert "so far, more than 2,000 votes" in ranking.rows[0].verdict
    assert "more than 2,000 votes to separate them if it stays so" in ranking.progress


def test_what_has_to_be_said() -> None:
    """Preliminary, few prompts, what nothing connects; and the line that is shown while voting names nobody."""
    votes = [vote("left", prompt=n) for n in range(3)] + [
        vote("right", left="x", right="y", prompt=n) for n in range(2)
    ]
    ranking = rank(votes)
    assert ranking.preliminary
    assert ranking.notes[0] == "Preliminary: fewer than 100 votes."
    assert "Votes on 3 prompts" in ranking.notes[1]
    assert ranking.notes[2].endswith("compare only within each: a, b; x, y.")
    assert [row.group for row in ranking.rows] == [0, 0, 1, 1]
    assert ranking.progress.startswith("5 votes, about ")
    assert not rank([vote("left", prompt=n % 30, take=n // 30) for n in range(120)]).notes
    assert rank([], {"a": Purse(["x"])}).progress == "No votes yet."


def test_the_table_is_escaped_and_whole() -> None:
    """Variants are anybody's words; the text has what the HTML has."""
    votes = [vote("left" if n % 3 else "right", left="<b>x</b>", right='"q"', prompt=n) for n in range(12)]
    ranking = rank(votes, {"<b>x</b>": Purse(["1"], 0.5), '"q"': Purse(["2"], 1.5)}, criterion="overall")
    shown = ranking._repr_mimebundle_()
    assert "<b>x</b>" not in shown["text/html"].replace("<b>&lt;b&gt;x&lt;/b&gt;</b>", "")
    assert "&lt;b&gt;x&lt;/b&gt;" in shown["text/html"]
    assert "<script" not in shown["text/html"]
    for words in ("12 votes on 12 prompts, 0 % ties", "Preliminary", "USD 2.00 for 2 clips", "not separable"):
        assert words in shown["text/html"].replace('<span class="kling-nb-sum">', "").replace("</span>", "")
        assert words in shown["text/plain"]
    assert "USD" not in rank(votes)._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    ("first", "second", "cells", "said"),
    [
        (Purse(["1"], 0.5, free=True), Purse(["2"], 1.5, free=True), ["0.500", "none yet"],
         "Nothing charged. On Kling about USD 2.00 for 2 clips, 1 of them accepted."),
        (Purse(["1"], 0.5, free=True), Purse(["2"], 1.5), ["free", "none yet"],
         "USD 1.50 for 2 clips, 1 of them accepted."),
        (Purse(["1"], free=True), Purse(["2"], 1.5, free=True), ["not known", "none yet"], "Nothing charged."),
        (Purse(["1"], free=True), Purse(["2"], 1.5), ["free", "none yet"], "USD 1.50 for 2 clips, 1 of them accepted."),
        (Purse(["1"]), Purse(["2"], 1.5), ["not known", "none yet"], ""),
    ],
    ids=["all free", "one free", "no price", "one free, no price", "not known"],
)  # fmt: skip
def test_what_costs_nothing_says_so(first: Purse, second: Purse, cells: list[str], said: str) -> None:
    """The amounts are then those of Kling's list; what others have charged is not mixed with them."""
    shown = rank([vote("left")], {"a": first, "b": second})._repr_mimebundle_()
    assert re.findall(r'data-l="USD per accepted">([^<]*)<', shown["text/html"]) == cells
    last = shown["text/plain"].splitlines()[-1]
    assert (last == said) if said else ("USD" not in last and "charged" not in last)
    assert "USD 0.00" not in shown["text/html"]
