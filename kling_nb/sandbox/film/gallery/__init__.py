"""The drawings: each subject as a handful of points, by the names that the words module gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.sandbox.film.gallery.animals import BIRDS, CAT, DEER, DOG, FOX, HORSE, WOLF
from kling_nb.sandbox.film.gallery.people import ASTRONAUT, DANCER, PERSON
from kling_nb.sandbox.film.gallery.places import BALLOON, BOAT, CAR, HOUSE, LIGHTHOUSE, TREE
from kling_nb.sandbox.film.gallery.things import BOTTLE, CAN, CUP, LANTERN, ORB, WATCH

if TYPE_CHECKING:
    from kling_nb.sandbox.film.shapes import Shape

SHAPES: dict[str, Shape] = {
    "fox": FOX,
    "wolf": WOLF,
    "cat": CAT,
    "dog": DOG,
    "deer": DEER,
    "horse": HORSE,
    "birds": BIRDS,
    "balloon": BALLOON,
    "boat": BOAT,
    "lighthouse": LIGHTHOUSE,
    "car": CAR,
    "bottle": BOTTLE,
    "can": CAN,
    "watch": WATCH,
    "cup": CUP,
    "house": HOUSE,
    "person": PERSON,
    "astronaut": ASTRONAUT,
    "dancer": DANCER,
    "tree": TREE,
    "lantern": LANTERN,
    "orb": ORB,
}
