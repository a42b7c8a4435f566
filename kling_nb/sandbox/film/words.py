"""Read a prompt the way a set painter would: which place, light, weather, subject and camera."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from kling_nb.sandbox.film.camera import MOVES
from kling_nb.sandbox.film.light import COLOURS, LIGHTS

PLACES: dict[str, str] = {
    "beach": r"beach(es)?|seaside|surf(er|ing)?|lagoon|palm( tree)?s?",
    "sea": r"sea|seas|oceans?|waves?|coast(al)?|shores?|islands?|bay|lakes?|rivers?|sail(s|ing)|water|fjord",
    "harbour": r"harbou?rs?|marinas?|ports?|docks?|quays?|wharf|piers?|jett(y|ies)|waterfront|canals?|venice",
    "city": r"city|cities|streets?|skylines?|urban|downtown|tokyo|new york|paris|london|shanghai|hong kong|"
    r"alleys?|skyscrapers?"
    r"|rooftops?|traffic|neon|cyberpunk|metropolis|towers?|crowds?|market|motorcycles?",
    "stage": r"studio|products?|pedestals?|marble|podium|sneakers?|shoes?|rooms?|interiors?|kitchens?|stages?"
    r"|tables?|vases?|jewel(le)?ry|rings?|phones?|robots?|statues?|portraits?|cosmetics?"
    r"|lipstick|headphones|museum|gallery|library|office|desk|chess|pianos?|singers?|band",
    "forest": r"forests?|woods?|woodland|trees|pines?|parks?|groves?|birch(es)?|redwoods?|bamboo|trail",
    "jungle": r"jungles?|rain ?forests?|waterfalls?|cascades?|amazon",
    "dunes": r"deserts?|dunes?|sand|sahara|camels?|mars|canyons?|oasis|caravan|arid",
    "space": r"space|galax(y|ies)|planets?|nebulae?|nebulas|cosmos|cosmic|astronauts?|spaceships?|orbital station|"
    r"asteroids?|universe",
    "hills": r"hills?|fields?|meadows?|grass(land)?|farm(house)?|village|countryside|vineyards?|lavender|wheat|"
    r"valley|prairie|savannah?"
    r"|tuscany|garden|flowers?|sheep|cows?|windmills?",
    "mountains": r"mountains?|peaks?|alps|alpine|summit|ridges?|cliffs?|glaciers?|himalayas?|volcano(es)?"
    r"|snow(y|fields?)?",
}
WEATHER: dict[str, str] = {
    "snow": r"snow(s|y|ing|fall|flakes?|storm|fields?)?|blizzard|flurries|winter",
    "rain": r"rain(s|y|ing|fall|drops?|storm)?|drizzl(e|ing)|downpour|storm(y)?|thunderstorm",
    "mist": r"fog(gy)?|mist(y|s)?|haz(e|y)|smok(e|y|ing)|steam(y|ing)?|vapou?r",
    "dust": r"dust(y)?|sandstorm|pollen|motes?|particles",
    "embers": r"embers?|sparks?|fire(s|place)?|campfire|flames?|lava|volcano|burning|forge|bonfire",
    "petals": r"petals?|cherry blossoms?|blossoms?|sakura|confetti|roses?",
    "leaves": r"leaf|leaves|autumn(al)?|foliage",
    "bubbles": r"bubbles?|underwater|champagne|soda|splash(es|ing)?|fizz(y)?",
    "fireflies": r"fireflies|firefly|glow ?worms?|magic(al)?|fairy",
    "stars": r"stars?|starry|starlit|milky way|night sky|galax(y|ies)|cosmos",
}
SUBJECTS: dict[str, str] = {
    "fox": r"fox(es)?",
    "wolf": r"wol(f|ves)|coyotes?|jackals?",
    "cat": r"cats?|kittens?|kitty",
    "dog": r"dogs?|pupp(y|ies)|retriever|husky|corgi",
    "deer": r"deer|stags?|elk|moose|reindeer",
    "horse": r"horses?|stallion|ponies|pony|mustangs?",
    "balloon": r"(hot[- ]air )?balloons?",
    "lantern": r"(paper |sky |floating |silk )?lanterns?",
    "birds": r"birds?|gulls?|seagulls?|eagles?|cranes? fly\w*|swallows?|flock|crows?|hawks?|geese",
    "boat": r"boats?|ships?|sail(ing|boats?)?|yachts?|schooner|fishing boat",
    "lighthouse": r"lighthouses?",
    "car": r"cars?|taxis?|convertible|sedan|roadster|sports ?car|coupe",
    "bottle": r"bottles?|perfumes?|fragrances?|whisk(e)?y|wine|serum",
    "can": r"(tin|soda|beer|beverage|drinks?|alumin\w+) cans?|cans? of|beverage|soda|beer",
    "watch": r"watch(es)?(?! (the|as|how|him|her|them|it))|chronograph|wristwatch",
    "cup": r"cups?|coffee|tea|mugs?|espresso|cappuccino|latte",
    "house": r"houses?|cabins?|cottages?|huts?|farmhouse|chalet|barn",
    "dancer": r"dancers?|danc(e|es|ing)|ballerinas?|ballet",
    "person": r"m[ae]n|wom[ae]n|girls?|boys?|person|people|hikers?|travell?ers?|child(ren)?|figures?|samurai|monk|"
    r"knight|explorer"
    r"|walkers?|detective|warrior|wanderer|surfers?|portrait|singers?|he|she|couple|fisherman|princess|king|queen",
    "astronaut": r"astronauts?|cosmonauts?|space ?(man|woman|suit)",
    "tree": r"lone(ly)? tree|single tree|tree|oak|bonsai",
}
_HOMES: dict[str, str] = {
    "sea": "boat lighthouse birds",
    "harbour": "lantern",
    "city": "car cat",
    "stage": "bottle can watch cup dancer",
    "forest": "deer",
    "hills": "horse house tree dog balloon",
    "mountains": "fox wolf person",
    "space": "astronaut",
}
HOMES: dict[str, str] = {subject: place for place, subjects in _HOMES.items() for subject in subjects.split()}
"""Where a subject stands when the prompt names no place."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt asks to see.

    Attributes:
        place: A key of :data:`PLACES`.
        light: A key of :data:`kling_nb.sandbox.film.light.LIGHTS`, or "" when none was named.
        weather: Keys of :data:`WEATHER`, in the table's order.
        subject: A key of :data:`SUBJECTS`, or "".
        moves: Keys of :data:`kling_nb.sandbox.film.camera.MOVES`.
        tint: A colour that the prompt names, or None.
    """

    place: str
    light: str = ""
    weather: tuple[str, ...] = ()
    subject: str = ""
    moves: tuple[str, ...] = ()
    tint: tuple[float, float, float] | None = None

    def has(self, weather: str) -> bool:
        """Whether this weather was asked for."""
        return weather in self.weather


def read(prompt: str, negative: str = "") -> Reading:
    """Understand a prompt; every text gives a scene, the empty one too."""
    text = _plain(prompt)
    unwanted = _plain(negative)
    # "no snow" and "without people" are negatives inside the prompt.
    for no in re.finditer(r"\b(?:no|without)\s+(\w+(?:\s+(?:(?:and|or)\s+)?\w+)?)", text):
        if not no.group().startswith("no camera"):
            unwanted += f" {no.group(1)}"
            text = text.replace(no.group(), " ")
    subject = _first(SUBJECTS, text, unwanted)
    # A place may go by many words, and only the unwanted ones of them do not count.
    place = _first(PLACES, _minus(_without(text, MOVES), unwanted), "")
    if subject and (not place or (subject in {"person", "cat", "dog", "birds"} and place == HOMES[subject])):
        place = HOMES[subject]
    # The time of day (earlier in the table) says more about the light than the weather does.
    named = [n for words in (LIGHT_WORDS, LIGHT_HINTS) for n, w in words.items()
             if _found(w, text) and not _found(w, unwanted)]  # fmt: skip
    weather = tuple(w for w in WEATHER if _found(WEATHER[w], text) and not _found(WEATHER[w], unwanted))
    moves = tuple(m for m in MOVES if _found(MOVES[m], text) and not _found(MOVES[m], unwanted))
    colour = _first(COLOUR_WORDS, text, unwanted)
    return Reading(
        place=place or "mountains",
        light=named[0] if named else "",
        weather=weather,
        subject=subject,
        moves=_settled(moves),
        tint=COLOURS[colour] if colour else None,
    )


LIGHT_WORDS: dict[str, str] = {name: light.words for name, light in LIGHTS.items()}
LIGHT_HINTS: dict[str, str] = {name: light.hints for name, light in LIGHTS.items() if light.hints}
COLOUR_WORDS: dict[str, str] = {name: name for name in COLOURS}


def _settled(moves: tuple[str, ...]) -> tuple[str, ...]:
    """Without the second of two that contradict each other."""
    for a, b in (("in", "out"), ("pan-left", "pan-right"), ("up", "down"), ("truck-left", "truck-right")):
        if a in moves and b in moves:
            moves = tuple(m for m in moves if m != b)
    return moves


def _plain(text: str) -> str:
    # Two thousand letters are more than any gateway takes; the patterns stay quick.
    return unicodedata.normalize("NFKC", text[:3000]).casefold()


@cache
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)")


def _found(words: str, text: str) -> bool:
    return _pattern(words).search(text) is not None


def _first(table: dict[str, str], text: str, unwanted: str) -> str:
    """The entry whose word comes first in the text and is not unwanted."""
    places = {
        name: match.start()
        for name, words in table.items()
        if (match := _pattern(words).search(text)) and not _found(words, unwanted)
    }
    return min(places, key=lambda name: places[name]) if places else ""


def _without(text: str, table: dict[str, str]) -> str:
    for words in table.values():
        text = _pattern(words).sub(" ", text)
    return text


def _minus(text: str, unwanted: str) -> str:
    words = set(unwanted.replace(",", " ").split())
    return re.sub(r"\w+", lambda word: " " if word.group() in words else word.group(), text)
