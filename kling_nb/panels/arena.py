"""The blind arena's face: two clips in step, a vote by key, and nothing on the page that says which is whose.

Clips come through the widget's own channel as bytes, because their file names tell the prompt and the model. What is
synced and saved holds no variant either, until somebody asks for the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import traitlets

from kling_nb import player
from kling_nb.bench.votes.table import ranking_bundle
from kling_nb.errors import InputError, KlingError
from kling_nb.media import probe
from kling_nb.panels.assets import css, esm
from kling_nb.panels.films import PIECE, piece_of
from kling_nb.panels.link import Answer, Linked
from kling_nb.panels.record import marked
from kling_nb.show import bundle, markup
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from IPython.core.displaypub import DisplayPublisher

    from kling_nb.bench.arena import Arena, Pair
    from kling_nb.bench.votes import Ranking
    from kling_nb.lab import Lab
    from kling_nb.panels.link import Verb

_PLAIN = "A blind arena of kling_nb. It lives as long as its kernel: run this cell again to go on. Votes are kept."
_KEPT = "The table stands here once somebody has asked for it; run the cell again to go on voting."


class ArenaPanel(Linked):
    """The widget.

    Attributes:
        info: ``criterion``, and ``record``, the mark of what is kept below.
    """

    _esm = f"{esm('arena')}\nexport default {player.scoped('{render: (its) => arena(its, Deck)}')};\n"
    _css = css("arena")
    info: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, arena: Arena) -> None:
        self._arena = arena
        self._revealed = False
        self._ranked: tuple[list[str], Ranking] | None = None
        self._sounds: dict[Path, bool] = {}
        self.record = ArenaRecord(token_hex(8))
        super().__init__(lab, info={"criterion": arena.criterion, "record": self.record.mark})

    def verbs(self) -> Mapping[str, Verb]:
        """What the browser asks."""
        return {
            "pair": self._pair,
            "clip": self._clip,
            "vote": self._vote,
            "undo": self._undo,
            "broken": self._broken,
            "standing": self._standing,
        }

    async def _pair(self, _: Mapping[str, Any], __: Sequence[memoryview]) -> Answer:
        return await self._told()

    async def _clip(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        path, index = self._arena.clip(str(content.get("clip"))).path, content.get("index")
        if not isinstance(index, int) or index < 0:
            raise InputError("This clip is no longer on the disk.")
        count, data = await off_loop(piece_of, path, index, PIECE)
        return Answer({"count": count}, [data])

    async def _vote(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        ms, replays = content.get("ms"), content.get("replays")
        counted = self._arena.vote(
            str(content.get("winner")),
            str(content.get("token")),
            ms=ms if isinstance(ms, int) else None,
            replays=replays if isinstance(replays, int) else 0,
        )
        return await self._told(counted=counted)

    async def _undo(self, _: Mapping[str, Any], __: Sequence[memoryview]) -> Answer:
        return await self._told(counted=self._arena.undo())

    async def _broken(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        """A clip that this browser cannot play is not shown again here."""
        self._arena.leave_out(str(content.get("clip")))
        return await self._told()

    async def _standing(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        """How far it is; with ``reveal`` the table, which names the variants."""
        self._revealed = self._revealed or content.get("reveal") is True
        votes = self._arena.votes
        tokens = [vote.token for vote in votes]
        if self._ranked is None or self._ranked[0] != tokens:
            self._ranked = (tokens, await off_loop(self._arena.ranking, votes))
        ranking = self._ranked[1]
        table = ranking_bundle(ranking) if self._revealed else _blind(ranking)
        self.record.say(table)
        shown = {"html": table["text/html"]} if content.get("reveal") is True else {}
        return Answer({"progress": ranking.progress, **shown})

    async def _told(self, **more: Any) -> Answer:
        """The pair that is shown now: tokens, the prompt's words, and whether there is anything to hear."""
        pair = self._arena.pair
        sound = await off_loop(self._has_sound, pair)
        shown = {"token": pair.token, "left": pair.left, "right": pair.right, "prompt": pair.prompt}
        return Answer({**shown, "turn": pair.number, "sound": sound, "soon": self._arena.soon(), **more})

    def _has_sound(self, pair: Pair) -> bool:
        """Whether one of the two has any; of which one the page learns nothing."""
        paths = [self._arena.clip(token).path for token in (pair.left, pair.right)]
        for path in paths:
            if path not in self._sounds:
                try:
                    self._sounds[path] = probe(path).audio
                except KlingError:
                    self._sounds[path] = False
        return any(self._sounds[path] for path in paths)


class ArenaRecord:
    """What a saved notebook keeps: how far it was and, once it was asked for, the table. Hidden while the panel lives.

    Args:
        mark: By which the panel's style sheet finds it.
    """

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._publisher: DisplayPublisher | None = None

    def show(self, publisher: DisplayPublisher) -> None:
        """Display it below the panel, in the current cell."""
        self._publisher = publisher
        self._context = copy_context()  # of this cell: it routes later updates here
        self._publish(_card(_PLAIN), update=False)

    def say(self, shown: Mapping[str, str]) -> None:
        """Let it stand so from now on."""
        if self._publisher is not None:
            self._context.copy().run(self._publish, shown, update=True)

    def _publish(self, shown: Mapping[str, str], *, update: bool) -> None:
        if self._publisher is not None:
            place = {"display_id": f"kling-nb-record-{self.mark}"}
            data = bundle(marked(shown["text/html"], self.mark), shown["text/plain"])
            self._publisher.publish(data=data, metadata={}, transient=place, update=update)


class ArenaDisplay:
    """An arena's panel, and below it what a saved notebook keeps.

    Args:
        lab: On whose loop it lives.
        arena: The model.
    """

    def __init__(self, lab: Lab, arena: Arena) -> None:
        self.widget = ArenaPanel(lab, arena)

    def show(self, publisher: DisplayPublisher) -> None:
        """Display both in the current cell."""
        data = {**(self.widget._repr_mimebundle_() or ({},))[0], "text/plain": _PLAIN}
        publisher.publish(data=data, metadata={})
        self.widget.record.show(publisher)


def _blind(ranking: Ranking) -> dict[str, str]:
    """What can be told before anybody has asked who is who."""
    return _card(f"Blind votes, {ranking.criterion}: {ranking.progress} {_KEPT}")


def _card(sentence: str) -> dict[str, str]:
    said = f'<div class="kling-nb-say"><p>{markup.esc(sentence)}</p></div>'
    return bundle(markup.root("card", (said,)), sentence)
