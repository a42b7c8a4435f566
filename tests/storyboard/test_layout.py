"""How a film will be made is the catalogue's to say; the dry run tells it, with the price, and sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.catalog.load import catalogue
from kling_nb.errors import KlingError, OptionError, RequestError
from kling_nb.lab import Lab
from kling_nb.storyboard import Storyboard

if TYPE_CHECKING:
    from pathlib import Path

    from tests.storyboard.conftest import Studio

TWO = ("[5s] a boat in the harbour", "[5s] it leaves")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab without keys in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Lab(env={})


def board(lab: Lab, shots: Any = TWO, **options: Any) -> Storyboard:
    """A storyboard of that lab."""
    return Storyboard(shots, lab=lab, **options)


@pytest.mark.parametrize(
    ("options", "one"),
    [
        ({"model": "kling-v3"}, True),
        ({"model": "kling-v3", "multi_shot": False}, False),
        ({"model": "kling-v3-omni", "aspect": "16:9"}, True),
        ({"model": "kling-3.0-turbo", "gateway": "kling"}, True),
        ({"model": "kling-v3", "gateway": "wireflow"}, False),
        ({"model": "kling-v3", "gateway": "fal"}, False),
        ({"model": "kling-v2-6"}, False),
        ({"model": "kling-v9"}, False),
        ({"model": "kling-v2-6", "multi_shot": True}, True),
        ({}, False),
    ],
)
def test_the_catalogue_chooses(lab: Lab, options: dict[str, Any], one: bool) -> None:  # noqa: FBT001 - what is expected
    """One request where model and gateway make several shots of one, else a chain; by hand whatever is asked."""
    laid = board(lab, **options).layout
    assert laid.one is one
    assert len(laid.steps) == (1 if one else 2)
    assert [step.continues for step in laid.steps] == ([False] if one else [False, True])


def test_limits_of_one_request(lab: Lab) -> None:
    """The catalogue's own: how many shots, how long together, how long a prompt; beyond them it is a chain."""
    limits = catalogue().limits.shots
    most = ["[2s] a boat"] * limits.most
    assert board(lab, most, model="kling-v3").layout.one
    longer = board(lab, [*most, "[2s] a boat"], model="kling-v3").layout
    assert not longer.one
    assert f"{limits.fewest} to {limits.most} shots" in longer.why
    assert not board(lab, ["[8s] a boat", "[8s] it leaves"], model="kling-v3").layout.one
    assert board(lab, ["[5s] " + "x" * limits.prompt_max, TWO[1]], model="kling-v3").layout.one
    assert not board(lab, ["[5s] " + "x" * (limits.prompt_max + 1), TWO[1]], model="kling-v3").layout.one


def test_what_shots_do_not_share(lab: Lab) -> None:
    """A mode of its own makes a chain; a picture of its own makes a cut in it; what all have the same is no matter."""
    own = [{"prompt": "a", "duration": 5, "mode": "pro"}, {"prompt": "b", "duration": 5}]
    assert board(lab, own, model="kling-v3").layout.one, "the first one's is that of all"
    own[1]["mode"] = "std"
    laid = board(lab, own, model="kling-v3").layout
    assert laid.why == "Shot 2 has its own mode, which one request cannot say of a single shot."
    assert [step.plan.request.mode for step in laid.steps] == ["pro", "std"]
    url = "https://example.com/boat.png"
    cut = board(lab, [*TWO, {"prompt": "elsewhere", "image": url}, "[5s] and on"], model="kling-v3").layout
    assert [step.continues for step in cut.steps] == [False, True, False, True]
    image = cut.steps[2].plan.request.image
    assert image
    assert image.url == url


def test_the_film_s_own_first_and_last_frame(lab: Lab) -> None:
    """What is given for the whole begins the first shot and ends the last one."""
    boat, night = "https://example.com/boat.png", "https://example.com/night.png"
    laid = board(
        lab, [*TWO, "[5s] night"], model="kling-v2-6", mode="pro", image=boat, tail=night, aspect="16:9"
    ).layout
    requests = [step.plan.request for step in laid.steps]
    assert [request.image and request.image.url for request in requests] == [boat, None, None]
    assert [request.tail and request.tail.url for request in requests] == [None, None, night]
    assert [step.continues for step in laid.steps] == [False, True, True]
    assert [request.aspect for request in requests] == ["16:9", None, None]
    tall = board(lab, model="kling-v2-6", mode="pro", aspect="9:16").layout.steps[1].plan.request.image
    assert tall
    assert (tall.width, tall.height) == (1080, 1920), "what stands in for a frame has the size that it will have"


def test_lengths(lab: Lab) -> None:
    """A shot without one takes the storyboard's, else the model's."""
    laid = board(lab, ["a", "[10s] b"], model="kling-v2-6").layout
    assert [step.lengths for step in laid.steps] == [(5.0,), (10.0,)]
    assert laid.seconds == 15
    assert board(lab, ["a", "[5s] b"], model="kling-v2-6", duration=10).layout.steps[0].lengths == (10.0,)
    (one,) = board(lab, ["a", "[4s] b"], model="kling-v3").layout.steps
    assert [shot.seconds for shot in one.plan.request.shots] == [5, 4]


def test_the_dry_run(lab: Lab) -> None:
    """Shots, where each begins, the price of the whole, why it is a chain, and each request; nothing is stored."""
    told = board(lab, name="The <boat>", model="kling-v2-6", mode="std").dry_run()._repr_mimebundle_()
    text, page = told["text/plain"], told["text/html"]
    assert "The <boat>: 2 shots, 10 s, about USD 0.42 on Kling" in text
    assert "The &lt;boat&gt;" in page
    assert "<boat>" not in page
    assert "last frame of 1" in text
    assert "kling-v2-6 does not work with several shots" in text
    assert "<base64 of the last frame of shot 1" in text
    assert text.count("POST ") == 2
    assert "Nothing was sent." in text
    assert not lab.folder.exists()
    dearer = board(lab, model="kling-v2-6", mode="pro", sound=True).dry_run()._repr_mimebundle_()
    assert [line.split()[-1] for line in dearer["text/plain"].splitlines()[1:4]] == ["USD", "0.70", "0.70"]
    assert dearer["text/html"].count(">0.70</td>") == 2
    one = repr(board(lab, model="kling-v3").dry_run())
    assert "One request: kling-v3 cuts by itself." in one
    assert one.count("POST ") == 1
    assert board(lab, model="kling-v2-6", mode="std").price == 0.42
    assert board(lab, model="kling-v9").price is None


@pytest.mark.parametrize(
    ("shots", "options", "kind", "said"),
    [
        (TWO, {"takes": 2}, OptionError, "takes no takes"),
        (TWO, {"model": "kling-v2-6", "mode": ["std", "pro"]}, OptionError, "one mode for all shots"),
        (TWO, {"modle": "kling-v2-6"}, OptionError, "no option 'modle'"),
        ([*TWO, {"prompt": "x", "durration": 5}], {}, OptionError, "no option 'durration'"),
        (TWO, {"external_id": "boat"}, OptionError, "--external-id boat names one task"),
        (["[2s] a", "[3s] b"], {"model": "kling-v2-6"}, RequestError, "Shot 1: kling-v2-6 makes clips of"),
        (TWO, {"model": "kling-v2-6", "multi_shot": True}, RequestError, "does not work with several shots"),
        (["a", "[5s] b"], {"model": "kling-v9", "multi_shot": True}, OptionError, "Shot 1 says no length"),
    ],
)
def test_refusals(lab: Lab, shots: Any, options: dict[str, Any], kind: type[KlingError], said: str) -> None:
    """One sentence, before anything is sent."""
    with pytest.raises(kind) as raised:
        board(lab, shots, **options).make()
    assert said in raised.value.sentence


def test_a_gateway_that_takes_no_files(studio: Studio) -> None:
    """ImaRouter fetches pictures itself, so no chain can be made there: said before the first clip is paid for."""
    with pytest.raises(RequestError, match="Shot 2: ImaRouter fetches pictures itself"):
        Storyboard(TWO, lab=Lab(env={"IMAROUTER_API_KEY": "k"}), model="kling-v2-6", gateway="imarouter").make()
    assert not studio.gw.requests
