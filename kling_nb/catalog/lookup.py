"""Finds things in the catalogue: models, their names on a gateway, near names, limits."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kling_nb.catalog.load import catalogue

if TYPE_CHECKING:
    from kling_nb.catalog.data import Gateway, ImageLimits, Model, Offer

_CLOSE = 0.5
_SECOND = re.compile(r"kling-o?\d")  # the legacy API has a v before its numbers


def models() -> tuple[Model, ...]:
    """Every model of Kling's, oldest first."""
    return tuple(catalogue().models.values())


def model(name: str) -> Model | None:
    """The model of that name, spelled by either generation of Kling's API or by a gateway that has one name for it.

    Returns:
        None for a name that the catalogue does not know.
    """
    known = catalogue().models
    second = (m for m in known.values() if m.generation2 and m.generation2.name == name)
    return known.get(name) or known.get(_by_word().get(name, "")) or next(second, None)


def second_generation(name: str) -> bool:
    """Whether a model's name is spelled as on Kling's second-generation API; the spelling is the choice of the API.

    An unknown name counts by its form, because new models appear there first.
    """
    return bool(_SECOND.match(name))


def named_by(word: str) -> tuple[Gateway, ...]:
    """The gateways whose own name for a model this is; empty for Kling's names."""
    if word in catalogue().models:
        return ()
    every = catalogue().gateways.values()
    return tuple(g for g in every if any(o.word == word for o in g.offers.values()))


def gateway(name: str) -> Gateway | None:
    """What is known of a gateway's models; None for a gateway that the user registered."""
    return catalogue().gateways.get(name)


def offer(name: str, gateway_name: str) -> Offer | None:
    """What the gateway's pages say about a model; None where they say nothing."""
    known, there = model(name), gateway(gateway_name)
    return there.offers.get(known.name) if known and there else None


def default_model(gateway_name: str | None = None) -> str:
    """The model to take where none is named: the one that every gateway lists."""
    name = catalogue().default_model
    there = gateway(gateway_name) if gateway_name else None
    return name if not there or not there.offers or name in there.offers else next(iter(there.offers))


def near(name: str) -> tuple[str, ...]:
    """At most three known names that may have been meant, likeliest first."""
    typed = "-".join(name.lower().replace(".", " ").replace("_", " ").split())
    keys: dict[str, str] = {}
    for m in models():
        for key in (m.name, m.generation2.name if m.generation2 else m.name, m.label):
            keys.setdefault("-".join(key.lower().replace(".", " ").split()), m.name)
    keys |= {word.replace(".", "-"): meant for word, meant in _by_word().items()}
    if typed in keys:
        return (keys[typed],)
    likely = [keys[k] for k in get_close_matches(typed, keys, n=6, cutoff=_CLOSE)]
    return tuple(dict.fromkeys(likely))[:3]


def image_limits() -> ImageLimits:
    """What a frame may be."""
    return catalogue().limits.image


def _by_word() -> dict[str, str]:
    every = catalogue().gateways.values()
    return {o.word: name for g in every for name, o in g.offers.items() if o.word}
