"""Tables that fill prompts: variables of several kinds, CSV files, and what is no table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_nb.errors import InputError
from kling_nb.lab.compose import read_rows, tables


class Pandas:
    """As much of a pandas DataFrame as is asked for."""

    columns = ("a", "n")

    def to_dict(self, how: str) -> list[dict[str, Any]]:
        """The rows."""
        assert how == "records"
        return [{"a": "fox", "n": 1}, {"a": None, "n": 2.5}]


class Polars:
    """As much of a polars DataFrame as is asked for."""

    columns = ("a",)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows."""
        return [{"a": "fox"}]


NAMES = {"df": Pandas(), "pl": Polars(), "rows": [{"a": "hare"}], "text": "x", "kind": Pandas, "_hidden": Pandas()}


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("df", [{"a": "fox", "n": "1"}, {"a": "", "n": "2.5"}]),
        ("pl", [{"a": "fox"}]),
        ("rows", [{"a": "hare"}]),
        ("t.csv", [{"a": "fox, red", "n": "1"}, {"a": "hare", "n": ""}]),
    ],
)
def test_read(table: str, found: list[dict[str, str]], tmp_path: Path) -> None:
    """Values become text; an empty one is empty."""
    (tmp_path / "t.csv").write_text('\ufeffa,n\n"fox, red",1\nhare\n', "utf-8")
    assert read_rows(table, NAMES, tmp_path) == found


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("text", "text is no table"),
        ("missing.csv", "There is no table missing.csv"),
        ("empty.csv", "has no rows"),
        ("long.csv", "has 501 rows: one panel takes at most 500"),
        ("film.csv", "There is no table film.csv"),
        ("huge.csv", "huge.csv is larger than 5 MB"),
        ("nul\0.csv", "There is no table"),
    ],
)
def test_refused(table: str, says: str, tmp_path: Path) -> None:
    """What cannot be used is one sentence."""
    (tmp_path / "empty.csv").write_text("a,b\n")
    (tmp_path / "long.csv").write_text("a\n" + "fox\n" * 501)
    (tmp_path / "film.csv").write_bytes(b"\x00\xff\xfe" * 100)
    (tmp_path / "huge.csv").write_bytes(b"a\n" * 2_600_000)
    with pytest.raises(InputError, match=says):
        read_rows(table, NAMES, tmp_path)


def test_offered(tmp_path: Path) -> None:
    """Variables first, then files; nothing hidden and no classes."""
    (tmp_path / "t.csv").touch()
    assert tables(NAMES, tmp_path) == ("df", "pl", "rows", "t.csv")
