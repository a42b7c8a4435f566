"""The storyboard: a table of shots, priced before it is made, and made into one film."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_nb import show
from kling_nb.cell.options import AXES
from kling_nb.errors import OptionError
from kling_nb.lab.rehearse import plan_view
from kling_nb.lab.sandboxed import label, played
from kling_nb.show.words import lasting, money, plural
from kling_nb.storyboard.house import notebooks_lab
from kling_nb.storyboard.layout import lay_out
from kling_nb.storyboard.money import bill
from kling_nb.storyboard.run import FilmRun
from kling_nb.storyboard.table import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.lab import Lab
    from kling_nb.show import Cell
    from kling_nb.storyboard.layout import Layout
    from kling_nb.storyboard.table import Row

_NOT_HERE = ("prompt", "shots", "takes", "budget", "yes", "fresh", "force")


class Storyboard:
    """A table of shots that becomes one film.

    A model that cuts by itself makes all of it in one request, where its limits allow that. Otherwise each shot is a
    clip of its own whose first frame is the last frame of the one before, and the clips are stitched. A shot that has
    its own ``image`` begins with that instead: a cut.

    Args:
        shots: A list of ``"[5s] text"``, ``(text, seconds)`` or mappings of ``kling.submit``'s options (prompt,
            duration, image, camera, mode ...); one text with a shot on each line; a DataFrame; the path of a CSV file.
        name: What the film is called, in its caption and in its file's name.
        model: For all shots; else as set, else the gateway's usual one.
        gateway: Where the clips are made.
        multi_shot: One request (True) or a chain (False); None takes one request where the catalogue allows it.
        match_colour: Take back at each join of a chain what the colours have drifted.
        lab: Another lab than the notebook's.
        **options: What all shots have, as in ``kling.submit``: mode, aspect, duration, sound, negative, take ...
            ``image`` and ``tail`` are the first and the last frame of the whole film.

    Raises:
        OptionError: A shot or an option that cannot be read.
        InputError: A file that is not there.
    """

    def __init__(
        self,
        shots: Any,
        *,
        name: str = "film",
        model: str | None = None,
        gateway: str | None = None,
        multi_shot: bool | None = None,
        match_colour: bool = False,
        lab: Lab | None = None,
        **options: Any,
    ) -> None:
        self._lab = lab or notebooks_lab()
        self.name = str(name).strip() or "film"
        self.shots: tuple[Row, ...] = read_table(shots, self._lab.notebook)
        self.multi_shot = multi_shot
        self.match_colour = match_colour
        for option in _NOT_HERE:
            if option in options:
                raise OptionError(
                    f"A storyboard takes no {option}: budget, yes and force are make()'s, take=2 makes another."
                )
        self._sandboxed = bool(options.pop("sandboxed", False))
        self._options = {**options, "model": model} if model else options
        for option in AXES:
            if isinstance(self._options.get(option), list | tuple):
                raise OptionError(f"A film has one {option} for all shots, or one in each row, not a list.")
        self._gateway = gateway

    def __len__(self) -> int:
        return len(self.shots)

    def __repr__(self) -> str:
        return f"<Storyboard {self.name}: {plural(len(self), 'shot')}>"

    @property
    def layout(self) -> Layout:
        """How it will be made, with the lab's settings as they are now."""
        return self._laid_out(rehearsal=True)

    @property
    def price(self) -> float | None:
        """USD of the whole film by the price list; None where a part is not known."""
        return self.layout.price

    def dry_run(self) -> show.Shown:
        """How it will be made, what it costs, every doubt and every request; no network, no key, nothing is stored.

        Raises:
            KlingError: A shot that cannot be read.
        """
        laid = self._laid_out(rehearsal=True)
        told = _table(self.name, laid)
        codec = self._lab.desks.codec(laid.place, rehearsal=True)
        base_url = self._lab.desks.base_url(laid.place)
        views = [plan_view(replace(step.plan, gateway=played(laid.place)), codec, base_url) for step in laid.steps]
        html, text = show.dry_run(views), show.dry_run_text(views)
        return show.Shown(show.bundle(f"{show.table(**told)}\n{html}", f"{show.table_text(**told)}\n\n{text}"))

    def make(self, *, budget: float | None = None, yes: bool = False, force: bool = False) -> FilmRun:
        """Make the film and return at once; await it, or call its ``wait``.

        Making it again costs nothing: what is there is shown, what is open is joined, what is missing is made.

        Args:
            budget: USD that the whole film may cost; refuse to start if it may cost more.
            yes: Accept a price above the confirmation threshold.
            force: Send what the catalogue would refuse.

        Raises:
            KlingError: Its type says whose fault it is; nothing was spent.
        """
        laid = self._laid_out()
        if not force:
            laid.refuse()
        sum_of_all, estimated = bill(self._lab, laid)
        threshold = self._lab.settings.confirm_above
        sum_of_all.hold_against(budget, threshold, label(laid.place.name), yes=yes, estimated=estimated)
        run = FilmRun(self._lab, laid, self.name, budget=budget, force=force, match_colour=self.match_colour)
        run.start()
        return run

    def _laid_out(self, *, rehearsal: bool = False) -> Layout:
        place = self._lab.gateway(self._gateway, sandboxed=self._sandboxed)
        return lay_out(self._lab, self.shots, self._options, place, multi_shot=self.multi_shot, rehearsal=rehearsal)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.dry_run()._repr_mimebundle_()

    def _display_(self) -> Any:
        return self.dry_run()


def _table(name: str, laid: Layout) -> dict[str, Any]:
    """The shots, where each begins, and how they become one film, as :func:`kling_nb.show.table` takes it."""
    rows = list(_rows(laid))
    price = laid.price
    free = all(step.plan.price and step.plan.price.free for step in laid.steps)
    about = "a price that is not known" if price is None else f"about {money(price)}{' on Kling' * free}"
    if laid.one:
        how = f"One request: {laid.steps[0].plan.request.model} cuts by itself."
    elif len(laid.steps) == 1:
        how = "One clip."
    else:
        how = "A chain of clips, each from the last frame of the one before, stitched at the end."
    why = f" Not in one request: {laid.why}" if laid.why else ""
    return {
        "headers": ("shot", "what happens", "seconds", "begins with", "USD"),
        "rows": rows,
        "title": f"{name}: {plural(len(rows), 'shot')}, {lasting(laid.seconds)}, {about}",
        "note": how + why,
    }


def _rows(laid: Layout) -> Iterator[list[Cell]]:
    number = 0
    for step in laid.steps:
        usd = step.plan.price.usd if step.plan.price else None
        for place, (row, length) in enumerate(zip(step.rows, step.lengths, strict=True)):
            number += 1
            picture = "its picture" if step.plan.request.image else "its prompt"
            begins = f"last frame of {number - 1}" if step.continues else "a cut" if place else picture
            yield [number, row.prompt, length or None, begins, None if laid.one and place else usd]
