"""The jobs board: one widget for any number of jobs, fed from the journal, so that it shows other kernels' jobs too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets
from IPython import get_ipython

from kling_nb import player
from kling_nb.lab.comparison import refuse_count
from kling_nb.lab.compose import cell, keywords, stored_in
from kling_nb.lab.tables import jobs_table
from kling_nb.panels.assets import css, esm
from kling_nb.panels.films import Films
from kling_nb.panels.link import Answer, Linked
from kling_nb.panels.pacing import follow
from kling_nb.panels.record import hidden_beside
from kling_nb.panels.rows import row

if TYPE_CHECKING:
    from kling_nb.lab import Job, Lab
    from kling_nb.panels.link import Verb

_AT_FIRST = 200
_SEARCHED = 2000
"""The newest jobs that a search looks through."""

_PLAIN = "A board of kling_nb's jobs. It lives as long as its kernel: %kling jobs lists them at any time."


class Board(Linked):
    """The widget.

    Attributes:
        rows: The jobs, newest first, see :func:`kling_nb.panels.rows.row`.
        info: ``search``, ``limit``, whether there is ``more``, and ``record``, the id of what is kept below.
    """

    _esm = f"{esm('chosen', 'board')}\nexport default {player.scoped('{render(its) { return board(its, mount) }}')};\n"
    _css = css("board")
    rows: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    info: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, record: str, limit: int = _AT_FIRST) -> None:
        self._films = Films(lab)
        self._jobs: list[Job] = []
        self._drawn: dict[str, tuple[float, dict[str, Any]]] = {}
        self._mark: Any = None
        self._wake = asyncio.Event()
        super().__init__(lab, rows=[], info={"search": "", "limit": limit, "more": False, "record": record})
        self._draw()
        self.start(follow(self._draw, self._finish, self._wake, asleep=False))

    def verbs(self) -> Mapping[str, Verb]:
        """What the browser asks."""
        own: dict[str, Verb] = {
            "look": self._look,
            "cell": self._cell,
            "cancel": self._cancel,
            "retry": self._retry,
            "compare": self._side_by_side,
        }
        return {**own, **self._films.verbs()}

    # --- what is shown ------------------------------------------------------------------------

    def _look(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        limit = content.get("limit")
        limit = min(limit, _SEARCHED) if isinstance(limit, int) and limit > 0 else _AT_FIRST
        self.info = {**self.info, "search": str(content.get("search", ""))[:200], "limit": limit}
        self._mark = None
        self._draw()
        return Answer({"found": len(self.rows)})

    def _draw(self) -> bool:
        """Read the journal if it has changed, and draw what has changed in it."""
        path = self.lab.journal.path
        mark = (path.stat().st_mtime_ns, path) if path.exists() else None
        if mark is None or mark != self._mark:
            self._mark = mark
            self._jobs = self._found()
        live = [job for job in self._jobs if self._fresh(job)]
        for job, view in zip(live, self.lab.views(live), strict=True):
            # History, not an answer to a request: what it cost then counts.
            self._drawn[job.id] = (job.state.updated, row(replace(view, from_disk=False)))
        self.rows = [self._drawn[job.id][1] for job in self._jobs]
        return any(not shown["over"] for shown in self.rows)

    def _fresh(self, job: Job) -> bool:
        """Whether its row has to be drawn anew: it is under way, or has changed."""
        updated, shown = self._drawn.get(job.id, (-1.0, {"over": False}))
        return not shown["over"] or updated != job.state.updated or (shown["status"] != job.status)

    def _found(self) -> list[Job]:
        words, limit = self.info["search"].lower().split(), self.info["limit"]
        newest = list(self.lab.jobs(_SEARCHED if words else limit + 1))
        found = [job for job in newest if all(word in _text(job) for word in words)] if words else newest
        self.info = {**self.info, "more": len(found) > limit}
        return found[:limit]

    def _finish(self) -> None:
        self.send_state("rows")

    # --- acting -------------------------------------------------------------------------------

    def _cell(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        job = self.lab.job(str(content.get("id")))
        gateway = "" if job.gateway == self.lab.gateway().name else job.gateway
        return Answer({"cell": cell(job.request, stored_in(self.lab.folder), gateway=gateway)})

    def _cancel(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        self.lab.job(str(content.get("id"))).cancel()
        self._wake.set()
        return Answer()

    def _retry(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        """Go on with what is open; send what has failed anew, which the lab does only if it may."""
        job = self.lab.job(str(content.get("id")))
        if job.status == "failed" and not job.state.charged:
            wanted = keywords(job.request, stored_in(self.lab.folder))
            jobs = self.lab.order([wanted], gateway=job.gateway)
        else:
            jobs = self.lab.resume([job.id])
        self._wake.set()
        return Answer({"id": jobs[0].id})

    def _side_by_side(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        """The comparison as HTML without its script, and the jobs whose films it plays, in its order."""
        named = content.get("ids")
        jobs = [self.lab.job(str(one)) for one in named] if isinstance(named, list) else []
        refuse_count(len(jobs))
        clips = [player.Clip(replace(view, from_disk=False)) for view in self.lab.views(jobs)]
        return Answer({"page": player.compare(clips, script=False), "films": player.films(clips)})


class BoardDisplay:
    """A board and the table below it, which a saved notebook keeps.

    Args:
        lab: Whose jobs.
        limit: How many are shown at first, the newest.
    """

    def __init__(self, lab: Lab, limit: int = _AT_FIRST) -> None:
        self._lab = lab
        self._table, self._record = hidden_beside(jobs_table(lab))
        self.widget = Board(lab, self._record, limit)

    def __repr__(self) -> str:
        return f"<Board of {len(self.widget.rows)} jobs>"

    def _display_(self) -> Board:
        """What marimo draws."""
        return self.widget

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        if shell is None:
            return
        data = {**(self.widget._repr_mimebundle_() or ({},))[0], "text/plain": _PLAIN}
        shell.display_pub.publish(data=data, metadata={})
        shell.display_pub.publish(data=self._table, metadata={})


def _text(job: Job) -> str:
    request = job.state.request
    told = (job.id, job.status, job.gateway, *(str(request.get(name) or "") for name in ("prompt", "model", "mode")))
    return " ".join((*told, job.state.reason)).lower()
