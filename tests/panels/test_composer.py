"""The composer without a browser: messages come late, twice, out of order and from other threads."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kling_nb.errors import SetupError
from kling_nb.lab import Lab
from kling_nb.lab.compose import Form
from kling_nb.panels.composer import Composer
from kling_nb.panels.pieces import PIECE

from .conftest import KEY, Browser, composer, png

Play = Callable[[Callable[..., Any]], None]


def shown(widget: Composer, **form: Any) -> dict[str, Any]:
    """What a browser sends with a submission: the form, and what stands there of clips and price."""
    return {"form": {**widget.form.to_json(), **form}, "clips": widget.state["clips"], "price": widget.state["price"]}


def test_asked_twice_it_sends_once(play: Play) -> None:
    """A submission that the browser repeats, because it heard nothing, is one submission."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        answer = await browser.ask("submit", again=3, **shown(widget))
        assert answer["says"] == "The clip is on its way."
        await browser.settled()
        assert [job.status for job in lab.jobs()] == ["done"]
        assert len(widget.jobs) == 1

    play(scene)


def test_from_another_thread(play: Play) -> None:
    """Widget callbacks may come on a subshell's thread: the job lives on the kernel's loop all the same."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        message = {**shown(widget), "verb": "submit", "view": "v1", "number": 1}
        await asyncio.to_thread(widget._received, widget, message, [])
        assert "trouble" not in (await browser.answer(1))[0]
        await browser.settled()
        assert widget.jobs[0].status == "done"

    play(scene)


def test_overtaken_forms_say_nothing(play: Play) -> None:
    """Of two changes that arrive in the wrong order the newer one stands; another view's counts for itself."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        await browser.ask("form", form={"prompts": ["new"]}, seq=2)
        await browser.ask("form", form={"prompts": ["old"]}, seq=1)
        assert widget.state["form"]["prompts"] == ["new"]
        other = Browser(widget, view="v2")
        await other.ask("form", form={"prompts": ["other"]}, seq=1)
        assert widget.state["form"]["prompts"] == ["other"]

    play(scene)


def test_a_picture_in_pieces(play: Play, tmp_path: Path) -> None:
    """Pieces come shuffled and twice, one is lost at first: what is kept is the file, and the form follows it."""
    data = png(tmp_path / "teal.png", (400, 400))

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab, model="kling-v2-5-turbo")
        parts = [data[at : at + 100] for at in range(0, len(data), 100)]
        head = {"slot": "image", "upload": "u1", "pieces": len(parts), "name": "teal.png"}
        order = [*range(len(parts)), 0]
        random.Random(7).shuffle(order)
        for index in order:
            if index != 1:
                await browser.ask("piece", parts[index], index=index, **head)
        assert (await browser.ask("pieces", **head))["missing"] == [1]
        await browser.ask("piece", parts[1], index=1, **head)
        told = await browser.ask("pieces", **head)
        assert (told["width"], told["height"], told["bytes"]) == (400, 400, len(data))
        assert widget.state["aspect"] == "The clip follows the picture."
        cell = (await browser.ask("cell", form=widget.form.to_json()))["cell"]
        (stored,) = (tmp_path / "kling_outputs" / "inputs").iterdir()
        assert stored.read_bytes() == data
        assert f"--image kling_outputs/inputs/{stored.name}" in cell
        await browser.ask("drop", slot="image")
        assert widget.state["aspect"] == ""

    play(scene)


BROKEN: tuple[tuple[str, dict[str, Any], bytes, str], ...] = (
    ("piece", {"slot": "image", "upload": "u", "pieces": 65, "index": 0}, b"x", "at most 64 MB"),
    ("piece", {"slot": "image", "upload": "u", "pieces": 2, "index": 2}, b"x", "damaged"),
    ("piece", {"slot": "image", "upload": "u", "pieces": 2, "index": 0}, b"x" * (PIECE + 1), "damaged"),
    ("piece", {"slot": "../etc", "upload": "u", "pieces": 1, "index": 0}, b"x", "first and one for a last frame"),
    ("source", {"slot": "image", "text": "missing.png"}, b"", "there is no file"),
    ("source", {"slot": "image", "job": "nothing"}, b"", "There is no job"),
    ("clip", {"id": "nothing", "index": 0}, b"", "There is no job"),
    ("cancel", {"id": "nothing"}, b"", "There is no job"),
    ("submit", {"form": {"prompts": [""]}}, b"", "Write a prompt first."),
    ("submit", {"form": {"prompts": ["A fox"]}, "clips": 1, "price": "USD 0.01"}, b"", "has changed"),
    ("submit", {"form": {"prompts": [KEY]}}, b"", "The key of IMAROUTER_API_KEY"),
    ("form", {"form": {"prompts": ["A fox"], "negative": KEY}, "seq": 1}, b"", "The key of IMAROUTER_API_KEY"),
)


@pytest.mark.parametrize(("verb", "content", "data", "says"), BROKEN)
def test_trouble_is_a_sentence(verb: str, content: dict[str, Any], data: bytes, says: str, play: Play) -> None:
    """Whatever a page sends, the answer is one sentence, nothing is asked for, and no key stays anywhere."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        answer = await browser.ask(verb, *([data] if data else []), **content)
        assert says in answer["trouble"], answer
        assert not lab.jobs()
        assert KEY not in json.dumps([answer, widget.get_state(["state", "rows"])])

    play(scene)


def test_what_is_no_message_is_ignored(play: Play) -> None:
    """Other things that arrive on the comm do not end the panel."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        for content in (
            None,
            [],
            "x",
            {},
            {"view": 1, "number": "a", "verb": "form"},
            {"view": "v", "number": 1, "verb": "eval"},
        ):
            widget._received(widget, content, [])
        await browser.ask("form", form={"prompts": ["still here"]}, seq=1)
        assert widget.state["form"]["prompts"] == ["still here"]

    play(scene)


def test_a_ping_is_answered_at_once(play: Play) -> None:
    """Even while a cell holds the loop up: nothing is awaited before the answer."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        widget._received(widget, {"verb": "ping", "view": "v1", "number": 0}, [])
        assert browser.answers == [({"view": "v1", "number": 0}, ())]

    play(scene)


def test_a_budget_holds(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel with a budget blocks what is above what it leaves, and says how much that is."""

    async def scene(lab: Lab) -> None:
        widget = Composer(lab, Form(prompts=("A fox",), gateway="imarouter", model="kling-v2-6", takes=9), budget=1.0)
        browser = Browser(widget)
        assert widget.state["blocked"] == "This would cost USD 1.89, and USD 1.00 are left in the budget."
        ordered: list[Any] = []
        monkeypatch.setattr(lab, "order", lambda *a, **k: ordered.append((a, k)))
        assert "left in the budget" in (await browser.ask("submit", **shown(widget)))["trouble"]
        assert not ordered

    play(scene)


def test_clip_and_record(play: Play) -> None:
    """The finished clip comes in pieces; the record keeps it as HTML, once, however often it is asked for."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        for _ in range(2):
            await browser.ask("submit", **shown(widget))
            await browser.settled()
        job = widget.jobs[0]
        widget._draw()
        assert widget.rows[0]["word"] == "Done"
        await browser.ask("clip", id=job.id, index=0)
        content, buffers = await browser.answer(browser.number)
        assert job.video is not None
        assert content["count"] == 1
        assert buffers[0] == job.video.path.read_bytes()
        kept = widget.record.bundle()
        assert kept["text/html"].count("<video") == 1
        assert "Run the cell again" in kept["text/plain"]

    play(scene)


def test_two_panels(play: Play) -> None:
    """Two panels that send at once have a clip each; one that asks for the other's clip joins it."""

    async def scene(lab: Lab) -> None:
        (one, left), (two, right) = composer(lab), composer(lab, prompts=["A hare"])
        await asyncio.gather(left.ask("submit", **shown(one)), right.ask("submit", **shown(two)))
        await right.ask("form", form={"prompts": ["A fox"]}, seq=1)
        await right.ask("submit", **shown(two))
        await left.settled()
        await right.settled()
        assert len(lab.jobs()) == 2
        assert {job.id for job in one.jobs} < {job.id for job in two.jobs}

    play(scene)


def test_without_a_loop_it_says_what_to_use() -> None:
    """In a terminal or a script there is no panel."""
    with pytest.raises(SetupError, match="needs a notebook"):
        Composer(Lab(env={}), Form())


def test_widgets_are_closed(play: Play) -> None:
    """A closed widget answers nothing any more and stops no job."""

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab)
        await browser.ask("submit", **shown(widget))
        widget.close()
        await browser.settled()
        assert widget.jobs[0].status == "done"

    play(scene)


def test_a_path_an_address_and_a_clip_as_frames(play: Play, tmp_path: Path) -> None:
    """A path and a clip's last frame go to the browser, to be cropped there; an address is taken as it is."""
    data = png(tmp_path / "boat.png")

    async def scene(lab: Lab) -> None:
        widget, browser = composer(lab, model="kling-v2-6")
        await browser.ask("source", slot="image", text="boat.png")
        assert bytes((await browser.answer(browser.number))[1][0]) == data
        assert widget.places.frames == {}
        await browser.ask("submit", **shown(widget))
        await browser.settled()
        clips = (await browser.ask("clips"))["clips"]
        assert [clip["prompt"] for clip in clips] == ["A fox"]
        await browser.ask("source", slot="image", job=clips[0]["id"])
        content, buffers = await browser.answer(browser.number)
        assert content["name"].startswith("last frame of fox")
        assert buffers[0].startswith(b"\x89PNG")
        told = await browser.ask("source", slot="image", text="https://example.com/boat.png")
        assert told["url"] == "https://example.com/boat.png"
        cell = (await browser.ask("cell", form=widget.form.to_json()))["cell"]
        assert "--image https://example.com/boat.png" in cell

    play(scene)
