"""Set painters: each paints one kind of place, as layers from far to near."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.sandbox.film.scenery.cosmos import space
from kling_nb.sandbox.film.scenery.harbour import harbour
from kling_nb.sandbox.film.scenery.indoors import stage
from kling_nb.sandbox.film.scenery.land import dunes, forest, hills, mountains
from kling_nb.sandbox.film.scenery.palms import beach, jungle
from kling_nb.sandbox.film.scenery.site import Site
from kling_nb.sandbox.film.scenery.town import city
from kling_nb.sandbox.film.scenery.water import sea

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_nb.sandbox.film.layers import Layer

PAINTERS: dict[str, Callable[[Site], list[Layer]]] = {
    "sea": sea,
    "beach": beach,
    "harbour": harbour,
    "city": city,
    "stage": stage,
    "forest": forest,
    "jungle": jungle,
    "dunes": dunes,
    "space": space,
    "hills": hills,
    "mountains": mountains,
}

__all__ = ["PAINTERS", "Site"]
