"""The panel's thinking, with no panel in it: a form in; choices, remarks, price and the same request as a cell out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kling_nb import catalog
from kling_nb.cell.braces import fill
from kling_nb.errors import KlingError
from kling_nb.lab.compose import cells, offers
from kling_nb.lab.compose.offers import Choice, Offer, plain
from kling_nb.request import Frame, VideoRequest
from kling_nb.show.words import money, plural

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Level
    from kling_nb.gateways import Gateway
    from kling_nb.lab.compose.cells import Locate
    from kling_nb.lab.compose.form import Form
    from kling_nb.wire import Codec

MOST_CLIPS = 500
"""Clips of one submission."""

_ORDER = {"error": 0, "warning": 1, "note": 2}
_USEFUL_SIDE = 1920
"""Pixels of a frame's longer side where the catalogue does not say what the model makes of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway that could be chosen.

    Attributes:
        why: Why it cannot; "" where it can.
    """

    gateway: Gateway
    codec: Codec
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything around a form.

    Attributes:
        places: By name, in the order in which they are offered.
        chosen: The gateway of a form that names none; a cell for it need not name it either.
        model: The model of a form that names none; "" for the gateway's own.
        names: What fills ``{names}`` where no table does.
        rows: Those of the form's table.
        trouble: Why its table cannot be read, as a sentence.
        threshold: USD above which one clip, too, wants a confirmation.
        budget: USD that the panel may still spend; None for no limit.
    """

    places: Mapping[str, Place]
    chosen: str
    model: str = ""
    names: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Mapping[str, str]] = ()
    trouble: str = ""
    threshold: float = 5.0
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence beside a field."""

    level: Level
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Composed:
    """What a form comes to.

    Attributes:
        form: As it will be sent: what could not be chosen is replaced.
        requests: One for each clip.
        bodies: The prompts as they stand in a cell.
        usd: Price of all clips by the list; None where one of them has none.
        free: The gateway charges nothing; ``usd`` is what Kling would.
        blocked: Why it cannot be sent now; "" where it can.
        confirm: What has to be agreed to before it is sent; "" for nothing.
    """

    form: Form
    gateways: tuple[Choice, ...]
    models: tuple[Choice, ...]
    offer: Offer
    remarks: tuple[Remark, ...]
    requests: tuple[VideoRequest, ...]
    bodies: tuple[str, ...]
    usd: float | None
    free: bool
    note: str
    blocked: str
    confirm: str
    side: int

    def cell(self, locate: Locate, chosen: str) -> str:
        """The same request as a cell; ``chosen`` is the gateway that it need not name."""
        first = self.requests[0] if self.requests else None
        if first is None:
            return ""
        gateway = "" if self.form.gateway == chosen else self.form.gateway
        first = first.model_copy(update={"take": 1})
        return cells.cell(first, locate, prompts=self.bodies, gateway=gateway, takes=self.form.takes)

    def to_json(self) -> dict[str, Any]:
        """As the browser takes it."""
        limits = catalog.image_limits()
        return {
            "form": self.form.to_json(),
            "gateways": [choice.to_json() for choice in self.gateways],
            "models": [choice.to_json() for choice in self.models],
            **self.offer.to_json(),
            "remarks": [{"level": r.level, "field": r.field, "says": r.sentence} for r in self.remarks],
            "clips": len(self.requests),
            "price": self.price,
            "priceNote": self.note,
            "blocked": self.blocked,
            "confirm": self.confirm,
            "limits": {
                "bytes": limits.max_bytes,
                "least": limits.min_side,
                "ratio": limits.max_ratio,
                "side": self.side,
            },
        }

    @property
    def price(self) -> str:
        """The price in words."""
        if self.free:
            return "Nothing charged"
        return "Price not known" if self.usd is None else money(self.usd)


def compose(form: Form, frames: Mapping[str, Frame], shop: Shop) -> Composed:
    """Think a form through.

    Args:
        form: What stands there; it may ask for what cannot be.
        frames: ``image`` and ``tail``, as far as they are there.
        shop: The gateways, and what is around.
    """
    chosen = form.gateway if form.gateway in shop.places and not shop.places[form.gateway].why else shop.chosen
    place = shop.places[chosen]
    models = offers.models(chosen, frames, extra=form.model or shop.model)
    form = replace(form, gateway=chosen, model=_model(form.model or shop.model, models, chosen))

    def judge(request: VideoRequest) -> Sequence[Any]:
        return (*catalog.check(request, chosen), *place.codec.notes(request))

    form, offer = offers.settle(form, frames, judge, chosen)
    texts, bodies, trouble = _filled(form, shop)
    common: dict[str, Any] = {
        "model": form.model,
        "mode": form.mode,
        "aspect": form.aspect,
        "duration": form.duration,
        "sound": form.sound,
        "negative": (form.negative.strip() or None) if not offer.negative else None,
        **frames,
    }
    each = [VideoRequest(prompt=text, **common) for text in texts or [""]]
    remarks = _remarks(each, judge, trouble)
    requests = tuple(r.model_copy(update={"take": t}) for r in each for t in range(1, form.takes + 1)) if texts else ()
    prices = [catalog.price(request, chosen) for request in each]
    usd = None if None in prices else round(sum(price.usd for price in prices if price) * form.takes, 6)
    free = place.gateway.scheme == "none"
    composed = Composed(
        form=form,
        gateways=tuple(Choice(name, p.gateway.label, p.why) for name, p in shop.places.items()),
        models=models,
        offer=offer,
        remarks=remarks,
        requests=requests,
        bodies=tuple(bodies),
        usd=usd,
        free=free,
        note=_note(usd, shop, free=free, notes=[price.note for price in prices if price]),
        blocked="",
        confirm="",
        side=_side(form.model, chosen),
    )
    blocked = _blocked(composed, shop)
    return replace(composed, blocked=blocked, confirm="" if blocked else _confirm(composed, place, shop))


def _model(wish: str, models: Sequence[Choice], gateway: str) -> str:
    possible = [str(choice.value) for choice in models if not choice.why]
    known = catalog.model(wish)
    for name in (wish, known.name if known else "", catalog.default_model(gateway)):
        if name in possible:
            return name
    return possible[0] if possible else wish or catalog.default_model(gateway)


def _filled(form: Form, shop: Shop) -> tuple[list[str], list[str], list[Remark]]:
    """The prompts to send, the same as a cell has them, and what keeps one from being filled."""
    texts: list[str] = []
    bodies: list[str] = []
    trouble = [Remark("error", "table", shop.trouble)] if shop.trouble else []
    for text in form.texts:
        try:
            filled = list(dict.fromkeys(fill(text, {**dict(shop.names), **row}) for row in shop.rows or ({},)))
        except KlingError as error:
            trouble.append(Remark("error", "prompt", error.sentence))
            continue
        texts += filled
        bodies += [cells.literal(one) for one in filled] if shop.rows else [text]
    return texts, bodies, trouble


def _remarks(each: Sequence[VideoRequest], judge: Any, trouble: Sequence[Remark]) -> tuple[Remark, ...]:
    found: dict[Remark, None] = dict.fromkeys(trouble)
    for number, request in enumerate(each, 1):
        for finding in judge(request):
            which = f"Prompt {number}: " if finding.field == "prompt" and len(each) > 1 else ""
            found[Remark(finding.level, finding.field, which + plain(finding.sentence))] = None
    return tuple(sorted(found, key=lambda remark: _ORDER[remark.level]))


def _note(usd: float | None, shop: Shop, *, free: bool, notes: Sequence[str]) -> str:
    if free:
        return "" if usd is None else f"On Kling about {money(usd)}."
    if shop.budget is not None:
        return f"of {money(shop.budget)} left in the budget"
    return " ".join(dict.fromkeys(note for note in notes if note))


def _blocked(composed: Composed, shop: Shop) -> str:
    errors = [remark for remark in composed.remarks if remark.level == "error"]
    if not composed.form.texts and all(remark.field == "prompt" for remark in errors):
        return "Write a prompt first."
    if errors:
        return errors[0].sentence
    if len(composed.requests) > MOST_CLIPS:
        return f"These are {len(composed.requests):,} clips: one submission takes at most {MOST_CLIPS}."
    if shop.budget is not None and not composed.free:
        if composed.usd is None:
            return "The price is not known, so the budget cannot be kept."
        if composed.usd > shop.budget:
            return f"This would cost {money(composed.usd)}, and {money(shop.budget)} are left in the budget."
    return ""


def _confirm(composed: Composed, place: Place, shop: Shop) -> str:
    count, usd = len(composed.requests), composed.usd
    if count == 1 and (composed.free or (usd is not None and usd <= shop.threshold)):
        return ""
    asked = f"Generate {plural(count, 'clip')} on {place.gateway.label}"
    if composed.free:
        return f"{asked}? Nothing is charged."
    return f"{asked}? The price is not known." if usd is None else f"{asked} for about {money(usd)}?"


def _side(model: str, gateway: str) -> int:
    """Pixels of the longer side beyond which a frame shows nothing more in any clip of the model."""
    known = catalog.model(model)
    request = VideoRequest(model=model, aspect="16:9")
    made = [catalog.expected(request.model_copy(update={"mode": mode}), gateway).width or 0
            for mode in (known.modes if known else ())]  # fmt: skip
    return max([_USEFUL_SIDE, *made])
