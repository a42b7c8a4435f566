"""How a film will be made: in one request where the model cuts by itself, else as a chain of clips."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image

from kling_nb import catalog
from kling_nb.errors import OptionError, RequestError
from kling_nb.lab.plan import refuse_twins

if TYPE_CHECKING:
    from kling_nb.gateways import Gateway
    from kling_nb.lab import Lab, Plan
    from kling_nb.storyboard.table import Row

_SIZE = (1280, 720)
_FOLLOWS, _ENDS = "image", "tail"
"""The options for the frame that a clip goes on from, and for the one it ends with."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        rows: The shots that it makes.
        options: As ``kling.submit`` takes them.
        plan: What it is, doubts and price; of one that continues, with a stand-in for its first frame.
        continues: Its first frame is the last one of the step before.
    """

    rows: tuple[Row, ...]
    options: Mapping[str, Any]
    plan: Plan
    continues: bool = False

    @property
    def lengths(self) -> tuple[float, ...]:
        """Seconds of each shot, as far as they are known; 0 where they are not."""
        if len(self.rows) > 1:
            return tuple(float(row.seconds or 0) for row in self.rows)
        request = self.plan.request
        return (catalog.resolved(request, self.plan.gateway.name.partition("@")[0]).seconds or 0.0,)


@dataclass(frozen=True, slots=True)
class Layout:
    """The requests of a film in order.

    Attributes:
        why: Why the shots are not made in one request; "" where they are, or where nobody asked.
    """

    steps: tuple[Step, ...]
    place: Gateway
    why: str = ""

    @property
    def one(self) -> bool:
        """Whether one request makes several shots."""
        return len(self.steps[0].rows) > 1

    @property
    def price(self) -> float | None:
        """USD of the whole by the price list; None where a part is not known."""
        prices = [step.plan.price for step in self.steps]
        return None if None in prices else round(sum(price.usd for price in prices if price), 6)

    @property
    def seconds(self) -> float:
        """Length of the film, before the frames that clips have in common are dropped."""
        return sum(sum(step.lengths) for step in self.steps)

    def refuse(self) -> None:
        """Raise what the catalogue rules out.

        Raises:
            RequestError: With every reason, by shot.
        """
        told = [
            f"{'' if self.one else f'Shot {number}: '}{sentence}"
            for number, step in enumerate(self.steps, 1)
            for sentence in step.plan.errors
        ]
        if told:
            hint = f" Not in one request either: {self.why}" if self.why else ""
            raise RequestError(f"{' '.join(dict.fromkeys(told))}{hint} (force=True sends it all the same.)")


def lay_out(
    lab: Lab,
    rows: Sequence[Row],
    options: Mapping[str, Any],
    place: Gateway,
    *,
    multi_shot: bool | None = None,
    rehearsal: bool = False,
) -> Layout:
    """Decide how a film is made; nothing is sent or stored.

    Args:
        lab: Knows settings and codecs.
        rows: The shots.
        options: What all of them have, as ``kling.submit`` takes it.
        place: Where the requests go.
        multi_shot: One request (True) or a chain (False); None takes one request where the catalogue allows it.
        rehearsal: Do without what is missing in the environment.

    Raises:
        OptionError: An option that cannot be read, or shots that differ in what one request can say only once.
        InputError: A picture that cannot be used.
    """
    chain = None if multi_shot else _chain(lab, rows, options, place, rehearsal=rehearsal)
    if multi_shot is False or len(rows) == 1:
        return Layout(chain or _chain(lab, rows, options, place, rehearsal=rehearsal), place)
    lengths = [row.seconds for row in rows] if chain is None else [_whole(step) for step in chain]
    try:
        merged = _merged(rows, lengths, options)
    except OptionError as error:
        if chain is None:
            raise
        return Layout(chain, place, error.sentence)
    (plan,) = lab.plans([merged], place, rehearsal=rehearsal)
    timed = tuple(replace(row, seconds=length) for row, length in zip(rows, lengths, strict=True))
    one = Layout((Step(timed, merged, plan),), place)
    why = "" if chain is None else _doubt(plan, chain[0].plan)
    return Layout(chain, place, why) if chain and why else one


def _chain(
    lab: Lab, rows: Sequence[Row], options: Mapping[str, Any], place: Gateway, *, rehearsal: bool
) -> tuple[Step, ...]:
    """A request for each shot; each but the first, and those with a picture of their own, goes on from the last."""
    asked: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        own = {**options, **row.options, "prompt": row.prompt}
        if row.seconds:
            own["duration"] = row.seconds
        if number and _FOLLOWS not in row.options:
            own.pop(_FOLLOWS, None)
            own.pop("aspect", None)  # the picture gives it
        if number < len(rows) - 1 and _ENDS not in row.options:
            own.pop(_ENDS, None)  # the film's last frame
        asked.append(own)
    going = [bool(number) and _FOLLOWS not in row.options for number, row in enumerate(rows)]
    (first,) = lab.plans(asked[:1], place, rehearsal=rehearsal)
    held = _stand_in(first) if any(going) else b""
    rest = [{**own, _FOLLOWS: held} if goes else own for own, goes in zip(asked[1:], going[1:], strict=True)]
    plans = [first, *lab.plans(rest, place, rehearsal=rehearsal)]
    refuse_twins(plans)
    return tuple(
        Step((row,), own, _named(plan, number) if goes else plan, goes)
        for number, (row, own, plan, goes) in enumerate(zip(rows, asked, plans, going, strict=True))
    )


def _merged(rows: Sequence[Row], lengths: Sequence[int | None], options: Mapping[str, Any]) -> dict[str, Any]:
    """All shots in one request.

    Raises:
        OptionError: A length is missing, or shots want different things that a request says once.
    """
    common = {**options, **rows[0].options}
    common.pop("duration", None)
    for number, row in enumerate(rows[1:], 2):
        for name, value in row.options.items():
            if name not in common or (common[name] is not value and common[name] != value):
                raise OptionError(f"Shot {number} has its own {name}, which one request cannot say of a single shot.")
    if not all(lengths):
        raise OptionError(f"Shot {[*map(bool, lengths)].index(False) + 1} says no length, which one request needs.")
    shots = [(row.prompt, length) for row, length in zip(rows, lengths, strict=True)]
    return {**common, "prompt": "", "shots": shots}


def _doubt(plan: Plan, single: Plan) -> str:
    """Why the catalogue does not vouch for a request of several shots; "" if it does.

    What is wrong with a single shot too is no reason to make a chain of them.
    """
    if catalog.model(plan.request.model) is None:
        return f"The catalogue does not know whether {plan.request.model} cuts by itself."
    bad = [f.sentence for f in plan.findings if f.level == "error" or (f.level == "warning" and f.field == "shots")]
    why = next((sentence for sentence in bad if sentence not in single.errors), "")
    return f"{why.partition(': ')[0].rstrip('.')}." if why else ""  # the cure is what this does: a chain


def _whole(step: Step) -> int | None:
    (seconds,) = step.lengths
    return int(seconds) if seconds and float(seconds).is_integer() else None


def _stand_in(plan: Plan) -> bytes:
    """A picture of the size that the first clip should have, for what is not there yet."""
    expected = catalog.expected(plan.request, plan.gateway.name.partition("@")[0])
    return _grey(expected.width or _SIZE[0], expected.height or _SIZE[1])


@cache
def _grey(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (128, 128, 128)).save(file, "PNG")
    return file.getvalue()


def _named(plan: Plan, number: int) -> Plan:
    """The plan whose stand-in says what it stands for."""
    image = plan.request.image
    named = image.model_copy(update={"name": f"the last frame of shot {number}"}) if image else None
    return replace(plan, request=plan.request.model_copy(update={"image": named}))
