"""The report: a folder or a page that says what the bench knows, and nothing about the machine it was made on."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kling_nb.bench.report import Report, choosing
from kling_nb.errors import OptionError
from kling_nb.lab import Lab
from kling_nb.settings import Settings
from tests.hostile.test_pages import EVIL, MARKUP, check_text
from tests.kernel import close
from tests.loopback import Script

if TYPE_CHECKING:
    from kling_nb.bench.bench import Bench
    from kling_nb.lab.loops import Home
    from tests.bench.conftest import Make
    from tests.loopback import Loopback

SIGNED = "https://cdn.example.com/a.mp4?X-Signature=deadbeef&Expires=1"
PROMPTS = ("task-1 a fox", "task-2 a hen", "task-3 a cat")
MODES = ["std", "pro"]


class Page(HTMLParser):
    """The tags of a page with their attributes; what a script would open later is looked into as well."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self.said += data

    def links(self) -> list[str]:
        """Everything that is loaded or led to."""
        return [attrs[name] for _, attrs in self.tags for name in ("src", "href", "poster") if attrs.get(name)]


def vote(bench: Bench, count: int, best: str = "pro") -> None:
    """Somebody who always likes the same variant."""
    arena = bench.arena(voter="script")
    for _ in range(count):
        pair = arena.pair
        arena.vote("left" if arena.clip(pair.left).variant == best else "right", pair.token)


@pytest.fixture
def bench(make: Make, gw: Loopback, lab: Lab) -> Bench:
    """Six cells, of which the second one has failed, in words that nobody else needs to read in full."""
    gw.script(Script(), Script(states=("failed",), reason=f"No paint in {lab.folder}/inputs, see {SIGNED}."), Script())
    made = make(PROMPTS, mode=MODES, name="foxes")
    made.run(parallel=1).wait(60)
    assert made.status() == {"cells": 6, "done": 5, "failed": 1}
    return made


@pytest.fixture
def told(bench: Bench, tmp_path: Path) -> Path:
    """Its report as a folder."""
    return Path(bench.report(tmp_path / "report", question="Which mode?")).parent


def test_a_folder(bench: Bench, told: Path) -> None:
    """The page, the clips under neutral names, and every table; each link leads to something that is there."""
    names = {one.name for one in told.iterdir()}
    assert names == {"index.html", "clips", "cells.jsonl", "cells.parquet", "requests.json"}
    films = sorted(one.name for one in (told / "clips").glob("*.mp4"))
    assert films == [f"p00{p}-v0{v}-t1.mp4" for p, v in ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2))]
    page = Page((told / "index.html").read_text())
    for link in page.links():
        assert link.startswith(("#", "https://")) or (told / link).is_file(), link
    assert {"clips/p001-v01-t1.mp4", "clips/p001-v01-t1.jpg"} <= set(page.links())
    assert (told / "clips" / films[0]).samefile(next(row["path"] for row in bench.rows() if row["status"] == "done"))
    assert "Which mode?" in page.said
    assert "Nobody has voted" in page.said
    assert "3 prompts x 2 variants, 6 cells: 5 done, 1 failed." in page.said


def test_the_tables(bench: Bench, told: Path) -> None:
    """Each cell is a row that says where its clip is."""
    rows = [json.loads(line) for line in (told / "cells.jsonl").read_text().splitlines()]
    assert [row["cell"] for row in rows] == [cell.id for cell in bench.cells]
    assert [row["clip"] and (told / row["clip"]).is_file() for row in rows] == [True, None, *[True] * 4]
    assert all("path" not in row for row in rows)
    assert (told / "cells.parquet").stat().st_size > 1000


def test_the_exact_requests(gw: Loopback, told: Path) -> None:
    """Field by field what the gateway has got, its own key of each job included; the credential is masked."""
    record = json.loads((told / "requests.json").read_text())
    bodies = [one["requests"][0]["body"] for one in record["cells"]]
    assert sorted(map(json.dumps, bodies)) == sorted(json.dumps(seen.json) for seen in gw.paid)
    assert {one["requests"][0]["headers"]["Authorization"] for one in record["cells"]} == {"Bearer ••••"}
    assert record["versions"]["kling-nb"]
    assert {(price["variant"], price["read_on"] > "2026", bool(price["source"])) for price in record["prices"]} == {
        (mode, True, True) for mode in MODES
    }
    assert '"model_name": "kling-v2-6"' in Page((told / "index.html").read_text()).said


def test_nothing_of_this_machine(gw: Loopback, lab: Lab, bench: Bench, tmp_path: Path) -> None:
    """No key, no signature, no folder: in none of the files, whoever has written them down."""
    vote(bench, 4)
    bench.measure(metrics=["conformance", "freeze"]).wait(60)
    secret = f"my key {gw.key} in {Path.home()}/notes"
    bench.report(tmp_path / "report", question=secret, notes=secret)
    bench.report(tmp_path / "report.html", question=secret, notes=secret)
    files = [one for one in tmp_path.glob("report*/*") if one.is_file()] + [tmp_path / "report.html"]
    assert len(files) == 7
    for file in files:
        text = file.read_bytes().decode("utf-8", "replace")
        for word in (gw.key, "deadbeef", str(tmp_path), str(lab.folder), str(Path.cwd()), str(Path.home()) + "/"):
            assert word not in text, (file.name, word)
    page = Page((tmp_path / "report.html").read_text())
    assert "No paint in inputs, see https://cdn.example.com/a.mp4?•••" in page.said


def test_pictures_are_called_by_their_names(make: Make, tmp_path: Path) -> None:
    """Where a picture is an axis, its path is the variant's name: not in a report, nor in its votes."""
    pictures = [str(tmp_path / name) for name in ("dawn.png", "dusk.png")]
    for path, colour in zip(pictures, ("orange", "navy"), strict=True):
        Image.new("RGB", (640, 360), colour).save(path)
    made = make(PROMPTS[:2], image=pictures, name="light")
    made.run().wait(60)
    vote(made, 4, best=made.variants[0])
    report = made.report(tmp_path / "report")
    for file in (one for one in report.path.parent.iterdir() if one.is_file()):
        assert str(tmp_path) not in file.read_bytes().decode("utf-8", "replace"), file.name
    page = Page(report.path.read_text())
    assert page.said.count("image dawn.png") > 4
    assert "image dawn.png is " in page.said


def test_failures_say_who_pays(bench: Bench, told: Path, tmp_path: Path) -> None:
    """The reason, the word, whether it was charged; without any it says so."""
    said = Page((told / "index.html").read_text()).said
    assert re.search(r"Failed1No paint in .*not chargedtask-1-fox\S* \(pro\)", said)
    bench.run().wait(60)
    page = bench.report(tmp_path / "again.html").path.read_text()
    assert "None." in page
    assert "No paint" not in page


def test_votes_and_defects(bench: Bench, tmp_path: Path) -> None:
    """The ranking with its intervals, badges at the clips, the logs as files, and who has voted."""
    vote(bench, 12)
    bench.measure(metrics=["conformance", "freeze"]).wait(60)
    report = bench.report(tmp_path / "report")
    text = report.path.read_text()
    page = Page(text)
    assert "pro is " in page.said
    assert "12 votes on 2 prompts: preliminary" in page.said
    assert "Votes by script (12)." in page.said
    assert text.count('class="kling-nb-iv"') == 2
    assert text.count('class="badge">') == sum(len(row["defects"]) for row in bench.rows())
    assert "5 of" not in page.said
    assert "None of them says whether a clip is good" in page.said
    for name, lines in (("scores.jsonl", 5), ("votes-overall.jsonl", 12)):
        assert len((tmp_path / "report" / name).read_text().splitlines()) == lines
        assert name in page.links()


def test_the_sandbox_charges_nothing(make: Make, home: Home, tmp_path: Path) -> None:
    """The votes tell what the clips would cost on Kling, as the table of variants does; a prompt stands there once."""
    env = {"KLING_NB_SANDBOX": "latency=0 resolution=tiny"}
    lab = Lab(Settings(output=str(tmp_path / "out")), env=env)
    lab.home = home
    made = make(PROMPTS[:1], mode=MODES, lab=lab)
    made.run().wait(60)
    vote(made, 1)
    ranking = made.arena().ranking()
    assert {row.variant: (row.tally.spent, row.tally.free) for row in ranking.rows} == {
        "std": (0.21, True),
        "pro": (0.35, True),
    }
    said = "Nothing charged. On Kling about USD 0.56 for 2 clips, 1 of them accepted."
    assert ranking._repr_mimebundle_()["text/plain"].endswith(said)
    page = Page(made.report(tmp_path / "report").path.read_text())
    assert said in page.said
    assert "USD of the list" in page.said
    compared = made.compare(prompt=0)
    assert compared.title == PROMPTS[0]
    assert Page(compared.bundle()["text/html"]).said.count(PROMPTS[0]) == 1
    close(lab)


def test_a_single_page(bench: Bench, tmp_path: Path) -> None:
    """Everything is inside of it; a prompt's clips together or not at all, and then it says so."""
    whole = bench.report(tmp_path / "report.html")
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("report")] == ["report.html"]
    links = Page(whole.path.read_text()).links()
    assert all(link.startswith(("data:", "#", "https://")) for link in links)
    assert sum(link.startswith("data:video/mp4") for link in links) == whole.clips == 5
    size = next(row for row in bench.rows() if row["path"])["path"]
    some = bench.report(tmp_path / "some.html", embed=2.5 * Path(size).stat().st_size / 1e6)
    assert some.clips == 1, "the next prompt's two would be too much"
    assert some.path.read_text().count("Posters only: the clips are not inside of this page.") == 2
    none = bench.report(tmp_path / "none.html", embed=0)
    assert none.clips == 0
    assert "data:video" not in none.path.read_text()
    assert none.path.read_text().count("data:image/jpeg") == 5
    with pytest.raises(OptionError, match="embed is a number"):
        bench.report(tmp_path / "less.html", embed=-1)


def test_it_is_written_anew(bench: Bench, told: Path, make: Make) -> None:
    """What an earlier report has left of its own goes; what else lies there stays."""
    (told / "clips" / "p009-v01-t1.mp4").touch()
    (told / "clips" / "mine.mp4").touch()
    (told / "index.html").unlink()  # as if a kernel had died
    smaller = make("task-1 a fox", mode=["std"], name="foxes")
    smaller.report(told)
    assert sorted(one.name for one in (told / "clips").iterdir()) == ["mine.mp4", "p001-v01-t1.jpg", "p001-v01-t1.mp4"]
    assert (told / "index.html").is_file()
    assert len(list(bench.folder.parent.glob("*.mp4"))) == 5, "the clips themselves are untouched"


@pytest.mark.parametrize("name", ["mine", "mine.html"])
def test_nothing_else_is_overwritten(bench: Bench, tmp_path: Path, name: str) -> None:
    """A page of somebody's own, and a folder with other things in it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    (tmp_path / "mine.html").write_text("<h1>mine")
    with pytest.raises(OptionError, match="choose another name"):
        bench.report(tmp_path / name)
    assert (tmp_path / "mine.html").read_text() == "<h1>mine"
    assert len(list((tmp_path / "mine").iterdir())) == 1


def test_where_files_cannot_be_linked(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another disk they are copied, and pandas is not needed."""

    def refuse(*_: Any) -> None:
        raise OSError("other device")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    bench.report(tmp_path / "report")
    copies = list((tmp_path / "report" / "clips").glob("*.mp4"))
    assert [one.stat().st_nlink for one in copies] == [1] * 5
    assert not (tmp_path / "report" / "cells.parquet").exists()


def test_many_prompts(make: Make, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grid keeps those that are worth a look, the tables keep all, and both are said."""
    monkeypatch.setattr(choosing, "MOST_PROMPTS", 1)
    report = bench.report(tmp_path / "report")
    page = Page(report.path.read_text())
    assert report.clips == 1
    assert "1 prompt of 3, those with the most defects and failures and the closest votes" in page.said
    assert "all cells are in cells.jsonl" in page.said
    assert len((tmp_path / "report" / "cells.jsonl").read_text().splitlines()) == 6
    takes = make("task-2 a hen", mode=MODES, takes=8, name="foxes")
    takes.run().wait(60)
    text = takes.report(tmp_path / "takes").path.read_text()
    assert "4 further clips not shown." in text
    assert "std, take 6" in text
    assert "std, take 7" not in text


def test_nothing_made_yet(make: Make, tmp_path: Path) -> None:
    """A report of a plan: prices and requests, no grid."""
    page = Page(make(name="plan").report(tmp_path / "plan").path.read_text())
    assert "No clip is finished yet" in page.said
    assert "No clip was asked for yet." in page.said
    assert list((tmp_path / "plan" / "clips").iterdir()) == []


def test_whatever_is_written_stays_text(gw: Loopback, make: Make, tmp_path: Path) -> None:
    """Prompts, tags, questions and reasons are words: one script, ours, and nothing that no page can show."""
    gw.script(Script(), Script(states=("failed",), reason=EVIL))
    words = {"prompt": f"task-1 {EVIL}".replace("{", ""), "tags": MARKUP, "mood": EVIL}
    made = make([words], mode=MODES, name="evil")
    made.run(parallel=1).wait(60)
    report = made.report(tmp_path / "report", question=EVIL, notes=EVIL)
    page = Page(text := report.path.read_text("utf-8"))
    assert text.count("<script>") == 1
    assert {tag for tag, _ in page.tags} & {"iframe", "object", "embed", "form", "link", "base", "b/onclick=y"} == set()
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(
        link.startswith(("#", "clips/", "https://")) or (report.path.parent / link).is_file() for link in page.links()
    )
    check_text(page.said)
    assert "alert(1)" in page.said


def test_the_link(bench: Bench, tmp_path: Path) -> None:
    """What a notebook keeps is a link and a line."""
    report = bench.report(tmp_path / "a <b>.html")
    assert isinstance(report, Report)
    bundle = report._repr_mimebundle_()
    assert len(bundle["text/html"]) < 4000
    assert 'a%20%3Cb%3E.html"' in bundle["text/html"]
    assert "a &lt;b&gt;.html" in bundle["text/html"]
    assert "5 clips" in repr(report)
