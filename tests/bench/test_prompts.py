"""Prompts from text, lists, tables and files, and the suites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kling_nb.bench.prompts import Entry, Suite, read
from kling_nb.bench.suites import suite
from kling_nb.errors import InputError, OptionError

ROWS = [
    {"prompt": "A {colour} fox", "colour": "red", "tags": "color; animals", "mode": "pro", "id": "fox"},
    {"prompt": "A hen", "colour": "", "tags": "", "mode": "", "id": ""},
]
CSV = "prompt,colour,tags,mode,id\nA {colour} fox,red,color; animals,pro,fox\nA hen,,,,\n"


def told(found: Suite) -> list[tuple[Any, ...]]:
    """What the two prompts came to."""
    return [(entry.text, entry.tags, dict(entry.vars), dict(entry.options)) for entry in found]


def written(folder: Path, name: str, text: str) -> Path:
    """A file."""
    (folder / name).write_text(text, "utf-8")
    return folder / name


def framed(rows: Any) -> Any:
    """A DataFrame."""
    import pandas as pd  # noqa: PLC0415 - takes half a second to import

    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "source",
    [
        lambda _: ROWS,
        lambda _: framed(ROWS),
        lambda folder: written(folder, "some.csv", "\ufeff" + CSV),
        lambda folder: str(written(folder, "some.tsv", CSV.replace("color; animals", "color\x00").replace(",", "\t")
                                   .replace("color\x00", "color; animals"))),
        lambda folder: written(folder, "some.json", json.dumps(ROWS)),
        lambda folder: written(folder, "some.json", json.dumps({"version": 1, "prompts": ROWS})),
        lambda folder: written(folder, "some.jsonl", "\n".join(map(json.dumps, ROWS)) + "\n\n"),
    ],
)  # fmt: skip
def test_tables(source: Any, tmp_path: Path) -> None:
    """One table in every form: columns fill names, are options or tags, and empty cells are nothing."""
    found = read(source(tmp_path))
    assert told(found) == [
        ("A red fox", ("color", "animals"), {"colour": "red"}, {"mode": "pro"}),
        ("A hen", (), {}, {}),
    ]
    assert found[0].id == "fox"
    assert found[1].id.startswith("hen-")


def test_text(tmp_path: Path) -> None:
    """A text, a list of texts, a text file; a path that only looks like one is a prompt."""
    assert [entry.text for entry in read("a {red|blue} fox")] == ["a red fox", "a blue fox"]
    assert [entry.text for entry in read(written(tmp_path, "few.txt", "one\n\n two \n"))] == ["one", "two"]
    assert read("a sign that says read.txt")[0].text == "a sign that says read.txt"
    assert [entry.text for entry in read(["a", Entry("b {x}", "b"), {"prompt": "c"}])] == ["a", "b {x}", "c"]


def test_ids_are_stable_and_distinct() -> None:
    """The same text has the same id wherever it stands; what is expanded from one row is numbered."""
    first, second = read(["A red fox runs", "A hen"]), read(["A hen", "A red fox runs"])
    assert {entry.id for entry in first} == {entry.id for entry in second}
    found = read([{"prompt": "{a|b}", "id": "x"}, {"prompt": "c", "id": "x-1"}])
    assert [entry.id for entry in found] == ["x-1", "x-2", "x-1-2"]


def test_duplicates_are_merged() -> None:
    """One clip for one text, whatever it tests; it is said how many were merged."""
    found = read([{"prompt": "a fox", "dimension": ["color"]}, {"prompt": "a fox", "dimension": ["scene", "color"]}])
    assert (len(found), found[0].tags, found.note) == (1, ("color", "scene"), "1 duplicate merged, tags joined.")
    assert len(read([{"prompt": "a fox", "mode": "std"}, {"prompt": "a fox", "mode": "pro"}])) == 2


def test_variables() -> None:
    """Every value of every variable that no column fills; one that nothing uses is a mistake."""
    found = read(["a {size} {colour} fox"], {"size": ["small", 2], "colour": "red"})
    assert [entry.text for entry in found] == ["a small red fox", "a 2 red fox"]
    assert [entry.vars["size"] for entry in found] == ["small", "2"]
    with pytest.raises(OptionError, match=r"No prompt has a place for \{colour\}"):
        read("a fox", {"colour": ["red"]})


def test_columns_of_a_frame(tmp_path: Path) -> None:
    """Numbers that pandas made floats are whole again, gaps are gaps, pictures are found beside the table."""
    written(tmp_path, "fox.png", "")
    table = framed({"prompt": ["a", "b"], "duration": [5, None], "cfg": [0.5, None]})
    assert [dict(entry.options) for entry in read(table)] == [{"duration": 5, "cfg": 0.5}, {}]
    rows = written(tmp_path, "t.csv", "prompt,image\na,fox.png\nb,https://example.com/fox.png\n")
    assert [entry.options["image"] for entry in read(rows)] == [
        str(tmp_path / "fox.png"),
        "https://example.com/fox.png",
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing.csv", "There is no readable file missing.csv"),
        (Path("fox.mp4"), "Prompts are read from .csv"),
        ([], "There are no prompts in what was given"),
        ([{"text_of_it": "x"}], "Row 1 has no prompt: .* text_of_it"),
        ([5], "Prompt 1 is int"),
        (5, "int holds no prompts"),
        ([{"prompt": "a", "set": "no json"}], "raw fields as a JSON object"),
    ],
)
def test_what_cannot_be_read(source: Any, words: str) -> None:
    """One sentence, for a person."""
    with pytest.raises(InputError, match=words):
        read(source)


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.json", "{"), ("x.json", '{"a": 1}'), ("x.jsonl", "no"), ("x.txt", " \n"), ("x.json", "[" * 100_000)],
)
def test_broken_files(tmp_path: Path, name: str, text: str) -> None:
    """A broken file is named."""
    with pytest.raises(InputError, match=name):
        read(written(tmp_path, name, text))


def test_the_starter_suite() -> None:
    """24 prompts of our own, each tagged, short enough for every model; their variables multiply when asked to."""
    found = suite()
    assert len(found) == len({entry.id for entry in found}) == 24
    assert all(entry.tags and 40 < len(entry.text) <= 512 and "{" not in entry.text for entry in found)
    vbench = {"temporal_flickering", "motion_smoothness", "dynamic_degree", "subject_consistency", "color", "scene",
              "background_consistency", "human_action", "multiple_objects", "spatial_relationship", "object_class",
              "appearance_style", "temporal_style", "aesthetic_quality", "imaging_quality",
              "overall_consistency"}  # fmt: skip
    assert vbench <= set(found.tags)
    every = suite(vary=True)
    assert len(every) > 36
    assert {entry.text for entry in found} <= {entry.text for entry in every}
    assert len(suite()) == 24  # reading it once more is reading the same
    assert found.tagged("hands")[0].id == "hands"
    assert "24 prompts" in repr(found)
    with pytest.raises(OptionError, match="No prompt is tagged knees"):
        found.tagged("knees")


VBENCH = [
    {"prompt_en": "a {cup}", "dimension": ["color"], "auxiliary_info": {"color": {"color": "red"}}},
    {"prompt_en": "a dog", "dimension": ["object_class"]},
    {"prompt_en": "a dog", "dimension": ["dynamic_degree", "motion_smoothness"]},
]


def test_suites_of_others(tmp_path: Path) -> None:
    """VBench and VBench-2.0, PartiPrompts, EvalCrafter: files of the same shape, their braces taken as they are."""
    found = suite(written(tmp_path, "VBench_full_info.json", json.dumps(VBENCH)))
    assert [(entry.text, entry.tags) for entry in found] == [
        ("a {cup}", ("color",)),
        ("a dog", ("object_class", "dynamic_degree", "motion_smoothness")),
    ]
    tsv = 'Prompt\tCategory\tChallenge\tNote\na "big" {dog}\tAnimals\tBasic\tx {y}\n'
    (parti,) = suite(written(tmp_path, "PartiPrompts.tsv", tsv))
    assert (parti.text, parti.tags, parti.vars["Note"]) == ('a "big" {dog}', ("Animals", "Basic"), "x {y}")
    listed = {"0000": {"prompt": "a cat", "attributes": {"style": "oil"}}, "0001": {"prompt": "a dog"}}
    assert [entry.id for entry in suite(written(tmp_path, "metadata.json", json.dumps(listed)))] == ["0000", "0001"]
    assert [entry.text for entry in suite(written(tmp_path, "prompt700.txt", "a cat\na {dog}\n"))] == [
        "a cat",
        "a {dog}",
    ]
    with pytest.raises(InputError, match="no suite"):
        suite(written(tmp_path, "x.json", "[1]"))


def test_a_sample_is_spread(tmp_path: Path) -> None:
    """Each tag gets its share, the same draw each time, in the suite's order."""
    rows = [{"prompt": f"{tag} {n}", "dimension": [tag], "room": str(n % 2)} for tag in "abc" for n in range(40)]
    found = read(written(tmp_path, "x.json", json.dumps(rows)))
    drawn = found.sample(9)
    assert drawn.tags == {"a": 3, "b": 3, "c": 3}
    assert [entry.id for entry in drawn] == [entry.id for entry in found.sample(9)]
    assert [entry.id for entry in drawn] != [entry.id for entry in found.sample(9, seed=1)]
    order = [entry.id for entry in found]
    assert [order.index(entry.id) for entry in drawn] == sorted(order.index(entry.id) for entry in drawn)
    assert [entry.vars["room"] for entry in found.sample(10, by="room")].count("1") == 5
    assert len(found.sample(1000)) == 120
    assert len(found.sample(0)) == 0
