"""The matrix: what differs, what is left out, and ids that are the requests' own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kling_nb.bench.cells import variants
from kling_nb.errors import InputError, OptionError
from kling_nb.lab import Lab
from kling_nb.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.conftest import Make


@pytest.mark.parametrize(
    ("axes", "labels"),
    [
        ({"model": "kling-v3"}, [""]),
        ({"model": ["kling-v3"], "mode": ["std", "pro"]}, ["std", "pro"]),
        ({"mode": ["std", "pro"], "duration": (5, 10)}, ["std, 5 s", "std, 10 s", "pro, 5 s", "pro, 10 s"]),
        ({"sound": [True, False], "cfg": [0.5, None]}, ["sound on, cfg 0.5", "sound on, no cfg",
                                                        "sound off, cfg 0.5", "sound off, no cfg"]),
        ({"images": ["a.png", "b.png"]}, [""]),
        ({"images": [["a.png"], ["a.png", "b.png"]]}, ["images a.png", "images a.png, b.png"]),
        ({"shots": [("first", 2), ("then", 3)]}, [""]),
        ({"shots": [["[2s] first"], ["[2s] first", "[3s] then"]]}, ["shots [2s] first", "shots [2s] first, [3s] then"]),
        ({"set": [{"a": 1}, {"a": 2}]}, ["set a=1", "set a=2"]),
        ({"image": [b"1", b"2"]}, ["image image 1", "image image 2"]),
        ({"gateway": ["kling", "fal"], "negative": [None, "blur"]}, ["kling, no negative", "kling, negative blur",
                                                                    "fal, no negative", "fal, negative blur"]),
    ],
)  # fmt: skip
def test_variants(axes: dict[str, Any], labels: list[str]) -> None:
    """A list is an axis, except where one value is a list; labels say only what differs."""
    assert [variant.label for variant in variants(axes)] == labels


def test_an_empty_axis() -> None:
    """Nothing to make is a mistake and no empty bench."""
    with pytest.raises(OptionError, match=r"mode=\[\] leaves nothing"):
        variants({"mode": []})


def test_the_product(make: Make) -> None:
    """Prompts x axes x takes, prompt by prompt; each id is the fingerprint that the lab gives the same request."""
    bench = make(["a {red|blue} fox", "a hen"], mode=["std", "pro"], aspect=["16:9", "1:1"], takes=3)
    asked = [(cell.entry.text, *map(cell.variant.settings.get, ("mode", "aspect")), cell.take) for cell in bench.cells]
    prompts = ["a red fox", "a blue fox", "a hen"]
    assert asked == list(itertools.product(prompts, ["std", "pro"], ["16:9", "1:1"], [1, 2, 3]))
    assert len({cell.id for cell in bench.cells}) == len(bench) == 36
    for cell in bench.cells[::7]:
        (plan,) = bench.lab.plans([cell.keywords], bench.lab.gateway(cell.gateway))
        assert (plan.fingerprint, plan.request.take) == (cell.id, cell.take)
        assert plan.price
        assert plan.price.usd == cell.usd


def test_ids_are_the_same_in_every_kernel(make: Make, tmp_path: Path) -> None:
    """Another folder, another order of prompts: the same cells."""
    elsewhere = Lab(Settings(output=str(tmp_path / "elsewhere"), gateway="kling"), env={})
    first = make(["a fox", "a hen"], mode=["std", "pro"])
    second = make(["a hen", "a fox"], mode=["pro", "std"], lab=elsewhere)
    assert {cell.id for cell in first.cells} == {cell.id for cell in second.cells}
    assert not (tmp_path / "elsewhere").exists()  # making one stores nothing, and needs no key


def test_settings_fill_what_is_not_said(lab: Lab) -> None:
    """Defaults of the notebook become part of the cell, so that changing them later does not change it."""
    from kling_nb.bench.bench import Bench  # noqa: PLC0415 - as the fixture does

    lab.settings.model, lab.settings.mode = "kling-v3", "pro"
    bench = Bench("a fox", duration=5, lab=lab)
    lab.settings.mode = "std"
    (cell,) = bench.cells
    assert (cell.keywords["mode"], cell.model) == ("pro", "kling-v3")


def test_a_row_has_options_of_its_own(make: Make) -> None:
    """A column of the prompts comes before what is the same for all; against a list it is a mistake."""
    rows = [{"prompt": "a fox", "mode": "pro"}, {"prompt": "a hen"}]
    assert [cell.keywords["mode"] for cell in make(rows, mode="std").cells] == ["pro", "std"]
    with pytest.raises(OptionError, match="mode is a column of the prompts and a list here"):
        make(rows, mode=["std", "pro"])
    gateways = [{"prompt": "a fox", "gateway": "agentsflare"}, {"prompt": "a hen"}]
    assert [cell.gateway for cell in make(gateways).cells] == ["agentsflare", "kling"]


def test_gateways_are_an_axis(make: Make) -> None:
    """Each gateway's own cells, also where the sandbox plays it; equal requests there are different cells."""
    bench = make("a fox", gateway=["kling", "agentsflare"], sandboxed=True)
    assert [(cell.gateway, cell.free) for cell in bench.cells] == [
        ("kling@sandbox", True),
        ("agentsflare@sandbox", True),
    ]
    assert len({cell.id for cell in bench.cells}) == 2


@pytest.mark.parametrize(
    "exclude",
    [
        [{"model": "kling-v2-6", "duration": [5, 7]}],
        {"model": "kling-v2-6", "duration": 5},
        lambda asked: asked["model"] == "kling-v2-6" and asked["duration"] == 5,
    ],
)
def test_exclude(make: Make, exclude: Any) -> None:
    """Combinations are left out by a rule or a function, and the dry run says how many."""
    bench = make("a fox", model=["kling-v2-6", "kling-v3"], duration=[5, 10], exclude=exclude, takes=2)
    assert [(cell.model, cell.keywords["duration"]) for cell in bench.cells[::2]] == [
        ("kling-v2-6", 10),
        ("kling-v3", 5),
        ("kling-v3", 10),
    ]
    assert "2 left out by exclude" in str(bench.dry_run())
    with pytest.raises(OptionError, match="leave every combination out"):
        make("a fox", exclude=lambda _: True)


def test_what_the_catalogue_refuses(make: Make) -> None:
    """It is listed in the dry run with its reasons; left out only if so asked."""
    asked = {"model": ["kling-v2-6", "kling-v3"], "duration": [5, 15]}
    bench = make("a fox", **asked)
    assert len(bench) == 4
    told = str(bench.dry_run())
    assert "1 cell would be refused, so run() does not start: skip_refused=True leaves them out." in told
    assert "1 x kling-v2-6" in told
    fewer = make("a fox", **asked, skip_refused=True)
    assert (len(fewer), len(fewer.matrix.refused)) == (3, 1)
    assert "1 cell left out that the catalogue refuses." in str(fewer.dry_run())


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"modle": "x"}, OptionError, "no option 'modle'"),
        ({"duration": [5, "long"]}, OptionError, "Prompt fox-.*: --duration is a whole number"),
        ({"image": "missing.png"}, InputError, "Prompt fox-.*missing.png"),
        ({"gateway": ["kling", "nobody"]}, OptionError, "nobody"),
        ({"takes": 0}, OptionError, "takes is a whole number from 1 on"),
        ({"name": "../.."}, OptionError, "cannot be called"),
        ({"name": "inputs"}, OptionError, "cannot be called 'inputs'"),
    ],
)
def test_mistakes(make: Make, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    """One sentence, which names the prompt that it is about."""
    with pytest.raises(kind, match=words):
        make("a fox", **options)


def test_pictures(make: Make, tmp_path: Path) -> None:
    """A cell's id depends on what its picture shows, not on where it lies."""
    for name, colour in (("a.png", "red"), ("b.png", "red"), ("c.png", "blue")):
        Image.new("RGB", (640, 360), colour).save(tmp_path / name)
    bench = make("a fox", image=[str(tmp_path / name) for name in ("a.png", "c.png")])
    again = make("a fox", image=tmp_path / "b.png")
    assert len({cell.id for cell in bench.cells}) == 2
    assert again.cells[0].id == bench.cells[0].id
