"""The arena's panel without a browser: it deals tokens, counts a vote once, and names nobody before it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.bench.arena import Arena, Candidate
from kling_nb.live import _drawn, attach
from kling_nb.panels import films
from kling_nb.panels.arena import ArenaDisplay, ArenaPanel

from .conftest import Browser

if TYPE_CHECKING:
    from kling_nb.lab import Lab

Play = Callable[[Callable[..., Any]], None]
VARIANTS = ("kestrel-alpha", "osprey-beta")
FILM = bytes(range(256)) * 10


def arena_in(folder: Path, **options: Any) -> Arena:
    """Two variants of eight prompts."""
    made = []
    for name in VARIANTS:
        for prompt in range(8):
            path = folder / f"scene-{prompt}_{name}.mp4"
            path.write_bytes(FILM + name.encode())
            made.append(Candidate(f"{name}-{prompt}", name, f"p{prompt}", f"Scene {prompt}", path, cost_usd=0.3))
    return Arena(made, folder / "ballots.jsonl", **options)


class Publisher:
    """What a cell has shown."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []

    def publish(self, data: dict[str, Any], **_: Any) -> None:
        """Keep it."""
        self.shown.append(data)


def named(*told: Any) -> list[str]:
    """The variants that stand in what was told."""
    text = repr(told)
    return [name for name in VARIANTS if name in text]


def test_a_vote_by_message(play: Play, tmp_path: Path) -> None:
    """A question that is asked twice is answered twice and counts once; so does a second key press."""

    async def scene(lab: Lab) -> None:
        arena = arena_in(tmp_path)
        browser = Browser(ArenaPanel(lab, arena))
        pair = await browser.ask("pair")
        vote: Mapping[str, Any] = {"winner": "left", "token": pair["token"], "ms": 900, "replays": 1}
        after = await browser.ask("vote", again=2, **vote)
        assert after["counted"] is True
        assert after["turn"] == 2
        assert (await browser.ask("vote", **vote))["counted"] is False
        assert [(one.ms, one.replays) for one in arena.votes] == [(900, 1)]
        assert "trouble" in await browser.ask("vote", winner="maybe", token=after["token"])
        back = await browser.ask("undo")
        assert (back["counted"], back["turn"], back["left"]) == (True, 1, pair["left"])
        assert (await browser.ask("undo"))["counted"] is False
        assert arena.votes == []

    play(scene)


def test_films_come_in_pieces_under_tokens(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole and in order; what belongs to no token is refused in a sentence that names nobody."""
    monkeypatch.setattr("kling_nb.panels.arena.PIECE", 1000)
    assert films.PIECE > 1000

    async def scene(lab: Lab) -> None:
        arena = arena_in(tmp_path)
        browser = Browser(ArenaPanel(lab, arena))
        token = (await browser.ask("pair"))["left"]
        data, index, count = b"", 0, 1
        while index < count:
            count = (await browser.ask("clip", clip=token, index=index))["count"]
            data += (await browser.answer(browser.number))[1][0]
            index += 1
        assert data == arena.clip(token).path.read_bytes()
        assert count == 3
        for strange in ({"clip": "nothing", "index": 0}, {"clip": token, "index": -1}, {"clip": token}):
            told = await browser.ask("clip", **strange)
            assert "trouble" in told
            assert named(told) == []
        arena.clip(token).path.unlink()
        assert named(await browser.ask("clip", clip=token, index=0)) == []
        assert (await browser.ask("broken", clip=token))["left"] != token

    play(scene)


def test_nobody_is_named_before_it_is_asked(play: Play, tmp_path: Path) -> None:
    """Neither in an answer, nor in the widget's state, nor in what the notebook keeps; then in all but the state."""

    async def scene(lab: Lab) -> None:
        display = ArenaDisplay(lab, arena_in(tmp_path))
        widget, publisher = display.widget, Publisher()
        display.show(publisher)  # type: ignore[arg-type]
        browser = Browser(widget)
        pair = await browser.ask("pair")
        for winner in ("left", "tie", "both bad", "right") * 3:
            pair = await browser.ask("vote", winner=winner, token=pair["token"])
            standing = await browser.ask("standing", reveal=False)
        assert "12 votes" in standing["progress"]
        assert "html" not in standing
        told = [content for content, _ in browser.answers]
        assert named(told, widget.get_state(), publisher.shown) == []
        assert "12 votes" in publisher.shown[-1]["text/plain"]
        shown = await browser.ask("standing", reveal=True)
        assert named(shown["html"]) == [*VARIANTS]
        assert named(publisher.shown[-1]) == [*VARIANTS]
        assert named(widget.get_state()) == []
        mark = widget.info["record"]
        assert all(f"kling-nb-record-{mark}" in one["text/html"] for one in publisher.shown if "text/html" in one)
        pair = await browser.ask("vote", winner="left", token=pair["token"])
        again = await browser.ask("standing", reveal=False)
        assert named(again, pair) == []
        assert "13 votes" in publisher.shown[-1]["text/plain"]

    play(scene)


def test_sound_tells_nothing(play: Play, tmp_path: Path) -> None:
    """That one of the two has sound is said of both; what is no video has none."""

    async def scene(lab: Lab) -> None:
        arena = arena_in(tmp_path)
        panel = ArenaPanel(lab, arena)
        browser = Browser(panel)
        assert (await browser.ask("pair"))["sound"] is False
        panel._sounds.update({one.path: one.variant == VARIANTS[0] for one in arena.candidates})
        told = await browser.ask("pair")
        assert told["sound"] is True
        assert set(told) == {"token", "left", "right", "prompt", "turn", "sound", "soon", "view", "number"}

    play(scene)


def test_it_is_shown_where_somebody_can_vote(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a live notebook the panel; where nobody sees a widget, the table."""

    class Shell:
        """As much of IPython's as showing takes."""

        def __init__(self) -> None:
            self.display_pub = Publisher()
            self.user_ns: dict[str, Any] = {}
            self.kernel: Any = None

    async def scene(lab: Lab) -> None:
        shell = Shell()
        attach(lab, shell)  # type: ignore[arg-type]
        lab.home.own_thread = False
        arena = arena_in(tmp_path, lab=lab)
        with pytest.raises(NotImplementedError):
            arena._ipython_display_()
        monkeypatch.setattr("kling_nb.live.has_kernel", lambda _: True)
        arena._ipython_display_()
        widget, record = shell.display_pub.shown
        assert any("widget-view" in kind for kind in widget)
        assert "text/html" in record
        assert named(json.dumps(widget), record) == []

    play(scene)


def test_marimo_draws_the_panel_and_not_the_table(play: Play, tmp_path: Path) -> None:
    """It asks for no MIME bundle where there is something to draw."""

    async def scene(lab: Lab) -> None:
        arena = arena_in(tmp_path, lab=lab)
        lab.drawer = partial(_drawn, lab)
        assert isinstance(arena._display_(), ArenaPanel)

    play(scene)


def test_one_script_of_two_rooms() -> None:
    """The player's deck has names that panels have, too: it stays in a scope of its own."""
    code = ArenaPanel._esm
    assert code.index("class Link") < code.index("class Ring") < code.index("export default (() => {")
    assert code.index("export default (() => {") < code.index("class Deck") < code.index("arena(its, Deck)")
