"""Templates: every combination once, names filled, braces of others left alone."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_nb.bench.templates import MOST_TEXTS, expand, names_in
from kling_nb.errors import OptionError

WORD = st.text(st.characters(exclude_characters="{}|", exclude_categories=["Cs"]), max_size=8)


def texts(template: str, row: dict[str, str] | None = None, **variables: list[str]) -> list[str]:
    """The texts only."""
    return [text for text, _ in expand(template, row or {}, variables)]


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("a fox", ["a fox"]),
        ("a {red|blue} fox", ["a red fox", "a blue fox"]),
        ("{a|b} and {c|d}", ["a and c", "a and d", "b and c", "b and d"]),
        ("a {very |}small fox", ["a very small fox", "a small fox"]),
        ("a {red|{pale|dark} blue} fox", ["a red fox", "a pale blue fox", "a dark blue fox"]),
        ("a {big {cat|dog}|hen}", ["a big cat", "a big dog", "a hen"]),
        ('{{x}} is {"a": 1, "b": {} } {', ['{x} is {"a": 1, "b": {} } {']),
        ("50 % } and {no name} {1|2", ["50 % } and {no name} {1|2"]),
        ("", [""]),
    ],
)
def test_alternatives(template: str, made: list[str]) -> None:
    """What is written is what is made, in the order in which it is written."""
    assert texts(template) == made


def test_the_row_comes_before_the_variables() -> None:
    """A column of the row fills its name; of a variable each value is taken, the same wherever it stands."""
    assert texts("{who} in {where}", {"who": "a fox"}, where=["snow", "rain"], who=["never"]) == [
        "a fox in snow",
        "a fox in rain",
    ]
    assert texts("{x} and {x}", x=["1", "2"]) == ["1 and 1", "2 and 2"]


def test_what_was_chosen_is_told() -> None:
    """Each text knows its choices, so that a table can be grouped by them."""
    found = expand("a {red|blue {fox|hen}} in {place}", {}, {"place": ["snow"]})
    assert [chosen for _, chosen in found] == [
        {"place": "snow", "choice_1": "red"},
        {"place": "snow", "choice_1": "blue fox", "choice_2": "fox"},
        {"place": "snow", "choice_1": "blue hen", "choice_2": "hen"},
    ]


def test_undefined_names() -> None:
    """The sentence names the name, what is near and how to mean the braces."""
    with pytest.raises(OptionError, match=r"\{colur\} is not defined: .* Did you mean \{colour\}\? .*\{\{colur\}\}"):
        texts("a {colur} fox", {"colour": "red"})
    assert names_in("{a} {b|{c}} {{d}} {1e}") == {"a", "c"}


def test_too_many() -> None:
    """A template cannot fill the memory."""
    with pytest.raises(OptionError, match=f"more than {MOST_TEXTS:,} prompts"):
        texts("{1|2|3|4}" * 8)


@given(st.lists(st.lists(WORD, min_size=2, max_size=3), max_size=3), WORD)
def test_every_combination_once(choices: list[list[str]], between: str) -> None:
    """As many texts as the product of the alternatives, each the one that it should be."""
    template = between.join("{" + "|".join(options) + "}" for options in choices)
    assert texts(template) == [between.join(taken) for taken in itertools.product(*choices)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_doubled_braces_are_braces(text: str) -> None:
    """Any text at all can be written down so that it comes out as itself."""
    assert texts(text.replace("{", "{{").replace("}", "}}")) == [text]


@given(st.text("ab{}|x ", max_size=16))
def test_nothing_breaks_it(text: str) -> None:
    """However braces stand, there are texts, or a sentence about a name."""
    try:
        made = texts(text)
    except OptionError as error:
        made = [error.sentence]
        assert names_in(text)
    assert made
