"""A report on the disk: a folder with its clips, or a single page that holds them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.bench import files, rows
from kling_nb.bench.report.grid import grid
from kling_nb.bench.report.handle import INDEX, Report
from kling_nb.bench.report.page import GENERATOR, page
from kling_nb.errors import OptionError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_nb.bench.report.facts import Facts, Group

EMBED = 25.0
"""MB of clips that a single page holds."""

_MB = 1_000_000
_PAGES = (".html", ".htm")
_OURS = re.compile(r"p\d{3,}-v\d{2,}-t\d+\.(?:mp4|jpg)(?:\.part)?")
_PART_OF_ONE = re.compile(
    r"(?:clips|(?:cells|scores|votes-.*)\.jsonl|cells\.parquet|requests\.json|index\.html)(?:\.part)?"
)
_HEAD = 4096
_WHAT = {
    "cells.jsonl": "every cell with its settings, status, money, times, scores and defects",
    "cells.parquet": "the same as a table",
    "requests.json": "the exact request of every cell, versions, prices with date and source",
    "scores.jsonl": "every score with the version of its metric",
}


def write(facts: Facts, path: Path, notebook: Path, scrub: Callable[[str], str], embed: float = EMBED) -> Report:
    """Write a report; one that was written before is replaced.

    Args:
        facts: What it says.
        path: A page if it ends with ``.html``, else a folder.
        notebook: Folder from which links count.
        scrub: Masks keys in a finished file.
        embed: MB of clips in a single page.

    Raises:
        OptionError: Something else is there, or ``embed`` is no size.
        StorageError: It cannot be written.
    """
    if embed < 0:
        raise OptionError(f"embed is a number of MB from 0 on, not {embed!r}.")
    single = path.suffix.lower() in _PAGES
    if not (_is_ours(path) if single else _may_hold(path)):
        raise OptionError(f"{path} is there and no report of this package: choose another name, such as report-2.")
    return _single(facts, path, notebook, scrub, embed * _MB) if single else _folder(facts, path, notebook, scrub)


def _is_ours(path: Path) -> bool:
    """Whether a page may be written there: nothing is, or one of ours."""
    if not path.is_file():
        return not path.exists()
    with path.open(encoding="utf-8", errors="replace") as file:
        return GENERATOR in file.read(_HEAD)


def _may_hold(folder: Path) -> bool:
    """Whether a report may be written there: a folder that is new, empty or an earlier report's, also half of one."""
    if not folder.exists():
        return True
    if not folder.is_dir() or not _is_ours(folder / INDEX):
        return False
    return (folder / INDEX).exists() or all(_PART_OF_ONE.fullmatch(one.name) for one in folder.iterdir())


def _single(facts: Facts, path: Path, notebook: Path, scrub: Callable[[str], str], most: float) -> Report:
    chosen: set[str] = set()
    clips, left = 0, most
    for group in facts.groups:
        there = [film.clip.stat().st_size for film in group.films if film.clip]
        if there and sum(there) <= left:  # a prompt's clips together, or none: half a comparison is none
            left -= sum(there)
            clips += len(there)
            chosen.add(group.id)

    def inside(group: Group) -> bool:
        return group.id in chosen

    told = grid(facts, inside=inside, rest=": save the report as a folder for all cells")
    html = scrub(page(facts, told, [])).encode("utf-8", "replace")
    files.write(path, html)
    return Report(path, len(html), clips, notebook)


def _folder(facts: Facts, path: Path, notebook: Path, scrub: Callable[[str], str]) -> Report:
    names, total = _tables(facts, path, scrub)
    clips, heavy = _clips(facts, path / "clips")
    html = scrub(page(facts, grid(facts, rest=", all cells are in cells.jsonl"), names)).encode("utf-8", "replace")
    files.write(path / INDEX, html)
    return Report(path / INDEX, total + heavy + len(html), clips, notebook)


def _tables(facts: Facts, path: Path, scrub: Callable[[str], str]) -> tuple[list[tuple[str, str]], int]:
    """The files beside the page: their names with what they are, and their size together."""
    cells = [json.loads(text) for text in scrub(_lines(facts.rows)).split("\n") if text]
    made = [rows.save(cells, path / "cells.jsonl")]
    with contextlib.suppress(SetupError, TypeError, ValueError):  # pandas is not here, or a column has no one type
        made.append(rows.save(cells, path / "cells.parquet"))
    texts = {name: _lines(logged) for name, logged in facts.logs.items()} | {"requests.json": _requests(facts)}
    for name, text in texts.items():
        files.write(path / name, scrub(text).encode("utf-8", "replace"))
        made.append(path / name)
    what = [(one.name, _WHAT.get(one.name, "the votes as they were cast")) for one in made]
    return what, sum(one.stat().st_size for one in made)


def _clips(facts: Facts, folder: Path) -> tuple[int, int]:
    """Bring the grid's clips and posters; how many clips there are, and all their bytes."""
    wanted: dict[str, Path] = {}
    for film in (film for group in facts.groups for film in group.films):
        wanted |= {f"{film.name}.mp4": film.clip} if film.clip else {}
        wanted |= {f"{film.name}.jpg": film.poster} if film.poster else {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for there in folder.iterdir():  # of an earlier report, and only what bears a name of ours
            if there.name not in wanted and _OURS.fullmatch(there.name):
                there.unlink()
        for name, source in wanted.items():
            _bring(source, folder / name)
    except OSError as error:
        raise files.unwritable(folder, error) from None
    return sum(name.endswith(".mp4") for name in wanted), sum(source.stat().st_size for source in wanted.values())


def _bring(source: Path, target: Path) -> None:
    """Link a file, or copy it where it cannot be linked."""
    if target.exists() and target.samefile(source):
        return
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), part)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(source, part)
    part.replace(target)


def _requests(facts: Facts) -> str:
    told = {
        "versions": dict(facts.versions),
        "prices": [
            {
                "variant": one.label, "gateway": one.gateway, "usd_listed": one.usd, "usd_charged": one.charged,
                "read_on": one.checked, "source": one.source, "note": one.note,
            }
            for one in facts.rates
        ],
        "made_with": facts.code,
    }  # fmt: skip
    head = json.dumps(told, ensure_ascii=False, indent=1)[:-2]
    cells = ",\n".join(json.dumps(one, ensure_ascii=False) for one in facts.requests)
    return f'{head},\n "cells": [\n{cells}\n]}}\n'


def _lines(found: tuple[dict[str, Any], ...]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False, default=str) + "\n" for one in found)
