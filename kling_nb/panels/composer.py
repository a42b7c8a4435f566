"""The composer, which ``kling.panel()`` shows: :mod:`kling_nb.lab.compose` says what to offer, the lab makes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets
from IPython import get_ipython

from kling_nb import gateways
from kling_nb.errors import InputError, OptionError
from kling_nb.lab import Jobs
from kling_nb.lab.compose import Form, Place, Shop, compose, keywords, read_rows, stored_in, tables
from kling_nb.panels.assets import css, esm
from kling_nb.panels.films import Films
from kling_nb.panels.frames import FramePlaces
from kling_nb.panels.link import Answer, Linked
from kling_nb.panels.pacing import follow
from kling_nb.panels.record import Record
from kling_nb.panels.rows import row

if TYPE_CHECKING:
    from kling_nb.lab import Job, Lab
    from kling_nb.lab.compose import Composed
    from kling_nb.panels.link import Verb

_NAMED = re.compile(r"\{[A-Za-z_]\w*\}")
_MOST_ROWS = 60
_PLAIN = "A panel of kling_nb. It lives as long as its kernel: run this cell again to have it back."


class Composer(Linked):
    """The widget.

    Attributes:
        state: What the browser shows: the form, what can be chosen, remarks, price (see ``Composed.to_json``), and
            ``seq`` and ``view``, which say to which change of which view it is the answer.
        rows: The jobs that were sent from here, the newest first.
    """

    _esm = esm("crop", "upload", "frames", "choices", "prompts", "remarks", "results", "composer")
    _css = css("frames", "composer")
    state: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)

    def __init__(self, lab: Lab, form: Form, *, budget: float | None = None, given: Any = None) -> None:
        self.form = form
        self.budget = budget
        self.given = given
        self.jobs: list[Job] = []
        self.record = Record(lab)
        self.places = FramePlaces(lab, self._frames_changed)
        self._films = Films(lab)
        self._seen: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._ended: set[str] = set()
        super().__init__(lab, rows=[])
        self._think(view="", seq=0)
        self.start(follow(self._draw, self._finish, self._wake, asleep=True))

    def verbs(self) -> Mapping[str, Verb]:
        """What the browser asks."""
        own: dict[str, Verb] = {
            "form": self._form,
            "submit": self._submit,
            "cell": self._cell,
            "cancel": self._cancel,
        }
        return {**own, **self.places.verbs(), **self._films.verbs()}

    # --- thinking -----------------------------------------------------------------------------

    def _form(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        view, seq = str(content["view"]), int(content.get("seq", 0))
        if seq > self._seen.get(view, -1):  # what was overtaken on the way says nothing any more
            self._seen[view] = seq
            self.form = self._read(content)
            self._think(view, seq)
        return Answer()

    def _frames_changed(self) -> None:
        self._think(self.state.get("view", ""), self.state.get("seq", 0))

    def _read(self, content: Mapping[str, Any]) -> Form:
        """The form, unless a key was typed into it: what is in a widget may be saved with the notebook."""
        form = Form.from_json(content.get("form"))
        if name := self.lab.key_in("\n".join((*form.prompts, form.negative, form.table))):
            raise OptionError(
                f"The key of {name} stands in this form: take it out. It belongs in the environment alone; "
                "nothing of it was kept."
            )
        return form

    def _think(self, view: str, seq: int) -> Composed:
        shop = self._shop()
        composed = compose(self.form, self.places.frames, shop)
        self.form = composed.form
        self.state = {
            **composed.to_json(),
            "view": view,
            "seq": seq,
            "record": self.record.id,
            "braces": any(_NAMED.search(text) for text in self.form.prompts),
            "tables": list(tables(shop.names, self.lab.notebook)),
        }
        return composed

    def _shop(self) -> Shop:
        lab = self.lab
        ready = {known.name for known in lab.ready_gateways()}
        places = {}
        for name in gateways.names():
            known = gateways.gateway(name)
            needs = ", ".join(filter(None, [known.key_names, *known.values]))
            why = "" if name in ready or not known.keys else f"{known.label} needs {needs} in the environment."
            places[name] = Place(known, gateways.codec(known, dict.fromkeys(known.values, "sample")), why)
        names = {**lab.namespace(), **({"table": self.given} if self.given is not None else {})}
        rows: Sequence[Mapping[str, str]] = ()
        trouble = ""
        if self.form.table.strip():
            try:
                rows = read_rows(self.form.table.strip(), names, lab.notebook)
            except InputError as error:
                trouble = error.sentence
        chosen = lab.gateway().name
        if places[chosen].why:
            chosen = next(name for name, place in places.items() if not place.why)
        left = None if self.budget is None else max(self.budget - self._spent(), 0.0)
        settings = lab.settings
        return Shop(places, chosen, settings.model, names, rows, trouble, settings.confirm_above, left)

    def _spent(self) -> float:
        """USD that the jobs of this panel have cost or may still cost."""
        total = 0.0
        for job in self.jobs:
            if gateways.gateway(job.gateway).scheme != "none" and job.state.charged is not False:
                charged = (job.state.charge or {}).get("usd")
                total += (job.price or 0.0) if charged is None else charged
        return total

    # --- acting -------------------------------------------------------------------------------

    async def _submit(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        self.form = self._read(content)
        composed = self._think(str(content["view"]), self._seen.get(str(content["view"]), 0))
        if composed.blocked:
            raise OptionError(composed.blocked)
        if (content.get("clips"), content.get("price")) != (len(composed.requests), composed.price):
            raise OptionError("What this costs has changed: look at the price, then press Generate again.")
        await self.places.keep()
        locate = stored_in(self.lab.folder)
        wanted = [keywords(request, locate) for request in composed.requests]
        jobs = self.lab.order(wanted, gateway=composed.form.gateway, yes=True)
        here = sum(job.done() for job in jobs)
        fresh = {job.id for job in jobs}
        self.jobs = [*jobs, *(job for job in self.jobs if job.id not in fresh)]
        for job in jobs:
            job.watch(self._wake.set)
        self._ended -= fresh
        self.record.add(jobs)
        self._wake.set()
        return Answer({"says": _sent(len(jobs), here), "here": here == len(jobs)})

    async def _cell(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        self.form = self._read(content)
        shop = self._shop()
        composed = compose(self.form, self.places.frames, shop)
        await self.places.keep()
        return Answer({"cell": composed.cell(stored_in(self.lab.folder), self.lab.gateway().name)})

    def _cancel(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        self.lab.job(str(content.get("id"))).cancel()
        self._wake.set()
        return Answer()

    # --- showing ------------------------------------------------------------------------------

    def _draw(self) -> bool:
        shown = self.jobs[:_MOST_ROWS]
        self.rows = [row(view) for view in self.lab.views(shown)]
        ended = {job.id for job in self.jobs if job.done()}
        if ended - self._ended:
            self._ended = ended
            self.record.refresh()
        return len(ended) < len(self.jobs)

    def _finish(self) -> None:
        self.send_state("rows")
        self.record.refresh()


class Panel:
    """A composer and the record below it.

    Args:
        lab: Makes the clips.
        prompt: The text to begin with, or a list of texts.
        budget: USD that this panel may spend; None for no limit.
        table: Fills ``{names}`` in prompts: a DataFrame, a list of dictionaries, or the path of a CSV file.
        **options: What is chosen at first: gateway, model, mode, aspect, duration, sound, negative, takes.

    Raises:
        SetupError: There is no notebook.
        OptionError: An option that the panel does not have.
    """

    def __init__(
        self,
        lab: Lab,
        prompt: str | Sequence[str] = "",
        *,
        budget: float | None = None,
        table: Any = None,
        **options: Any,
    ) -> None:
        known = set(Form.__dataclass_fields__) - {"prompts", "table"}
        if strange := set(options) - known:
            raise OptionError(f"panel() has no option {min(strange)!r}: it has {', '.join(sorted(known))}.")
        settings = lab.settings
        first = {"mode": settings.mode, "aspect": settings.aspect, "duration": settings.duration or None}
        texts = [prompt] if isinstance(prompt, str) else list(prompt)
        named = table if isinstance(table, str) else "table" if table is not None else ""
        form = Form.from_json({**first, **options, "prompts": texts, "table": named})
        self.widget = Composer(lab, form, budget=budget, given=None if isinstance(table, str) else table)

    def __repr__(self) -> str:
        return f"<Panel with {len(self.widget.jobs)} jobs>"

    @property
    def jobs(self) -> Jobs:
        """The jobs that were sent from it, newest first."""
        return Jobs(self.widget.lab, self.widget.jobs)

    def _display_(self) -> Composer:
        """What marimo draws."""
        return self.widget

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        if shell is None:
            return
        data = {**(self.widget._repr_mimebundle_() or ({},))[0], "text/plain": _PLAIN}
        shell.display_pub.publish(data=data, metadata={})
        self.widget.record.show(shell.display_pub)


def _sent(count: int, here: int) -> str:
    another = "For another sample, raise Takes."
    if here == count:
        return f"{'This clip was' if count == 1 else 'These clips were'} here already: nothing was sent. {another}"
    told = "The clip is on its way." if count == 1 else f"{count - here} clips are on their way."
    return f"{told} {here} {'was' if here == 1 else 'were'} here already." if here else told
