"""The shots of a storyboard, read from whatever people keep them in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from kling_nb.errors import InputError, KlingError, OptionError
from kling_nb.storyboard.table import Row, read_table


class Frame:
    """As much of a DataFrame as is asked of one; pandas itself takes a second to import."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.columns = columns

    def to_dict(self, kind: str) -> list[dict[str, Any]]:
        """Its rows."""
        assert kind == "records"
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]


WANTED = (Row("a boat", 5), Row("it leaves", 10))


@pytest.mark.parametrize(
    "shots",
    [
        ["[5s] a boat", "[10] it leaves"],
        "[5s] a boat\n\n[10s] it leaves\n",
        [("a boat", 5), ["it leaves", "10s"]],
        [{"prompt": "a boat", "duration": 5}, {"prompt": "it leaves", "seconds": "10"}],
        ["[5s] a boat", {"prompt": "it leaves", "duration": 10, "image": None, "mode": ""}],
        Frame({"prompt": ["a boat", "it leaves"], "duration": [5, 10]}),
        (text for text in ("[5s] a boat", "[10s] it leaves")),
    ],
)
def test_forms(shots: Any, tmp_path: Path) -> None:
    """All of them are the same two shots."""
    assert read_table(shots, tmp_path) == WANTED


def test_csv(tmp_path: Path) -> None:
    """A file with a line of headings, beside the notebook; empty cells say nothing."""
    (tmp_path / "shots.csv").write_text('prompt,duration,mode\n"a boat",5,\n"it leaves",10,\n')
    for path in ("shots.csv", tmp_path / "shots.csv"):
        assert read_table(path, tmp_path) == WANTED


def test_what_a_shot_may_have_of_its_own(tmp_path: Path) -> None:
    """Options of kling.submit stay what they are; a DataFrame's gaps say nothing, and its 5.0 is 5."""
    frame = Frame({"prompt": ["a boat", "it leaves"], "duration": [5.0, math.nan], "image": [b"png", None]})
    assert read_table(frame, tmp_path) == (Row("a boat", 5, {"image": b"png"}), Row("it leaves"))
    assert read_table(["[wide] a boat"], tmp_path) == (Row("[wide] a boat"),)


@pytest.mark.parametrize(
    ("shots", "kind", "said"),
    [
        ([], OptionError, "at least one shot"),
        ("  \n", OptionError, "at least one shot"),
        (["a"] * 501, OptionError, "at most 500 shots, and these are 501"),
        ([{"duration": 5}], OptionError, "Shot 1 has no prompt"),
        (["a boat", ("it leaves", 0)], OptionError, "Shot 2 lasts at least one second"),
        ([("a boat", "long")], OptionError, "Shot 1: its length in seconds is a whole number, not 'long'"),
        (["[5s]"], OptionError, "must look like '[2s] what happens'"),
        ([7], OptionError, "Shot 1 cannot be read"),
        (7, OptionError, "takes a list"),
        ({"prompt": "a boat"}, OptionError, "takes a list"),
        ([{"prompt": "a", "duration": 5, "seconds": 5}], OptionError, "both duration and seconds"),
        ([{"prompt": "a", "gateway": "kling"}], OptionError, "is one for the whole film"),
        ("nowhere.csv", InputError, "There is no table nowhere.csv"),
    ],
)
def test_refusals(shots: Any, kind: type[KlingError], said: str, tmp_path: Path) -> None:
    """One sentence that says which shot, and what to write."""
    with pytest.raises(kind) as raised:
        read_table(shots, tmp_path)
    assert said in raised.value.sentence
