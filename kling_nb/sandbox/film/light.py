"""The light of a scene: sky, sun, haze and how it falls on things, by the words that ask for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kling_nb.sandbox.film.canvas import Colour, mix

COLOURS: dict[str, Colour] = {
    "crimson": (196, 30, 58),
    "scarlet": (214, 44, 36),
    "orange": (244, 140, 50),
    "amber": (255, 180, 60),
    "gold": (232, 186, 92),
    "yellow": (244, 212, 84),
    "emerald": (28, 140, 96),
    "green": (84, 150, 84),
    "teal": (30, 140, 148),
    "turquoise": (60, 190, 188),
    "cyan": (60, 200, 220),
    "azure": (60, 140, 224),
    "blue": (52, 96, 190),
    "indigo": (66, 54, 150),
    "violet": (132, 84, 190),
    "purple": (122, 62, 168),
    "magenta": (204, 50, 150),
    "pink": (240, 140, 176),
    "lavender": (168, 148, 214),
    "sepia": (150, 112, 74),
}
"""Colour names that tint a whole scene. Red, black, white and brown are left to the subject (a red fox)."""


LOW_SUN = 0.47
"""A sun below this height, as a fraction of the frame, is going down."""


@dataclass(frozen=True, slots=True)
class Light:
    """One light. Colours are red, green, blue, 0 to 255.

    Attributes:
        words: The pattern that asks for it.
        hints: Words that only lean towards it: they count where no light is named outright.
        zenith: The sky above, ``middle`` half way down, ``horizon`` at its foot.
        sun: The disc of sun or moon; ``glow`` is the air round it.
        height: Of the sun over the frame's bottom, as a fraction of the frame's height.
        disc: Radius of the disc as a fraction of the frame's shorter side; 0 hides it.
        key: Light on the sunny side of things, ``fill`` in their shadow.
        haze: What far things fade into.
        strength: Of the glow, 0 to 1.
        stars: Stars can be seen.
    """

    words: str
    hints: str
    zenith: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    glow: Colour
    height: float
    disc: float
    key: Colour
    fill: Colour
    haze: Colour
    strength: float = 0.8
    stars: bool = False

    @property
    def dark(self) -> bool:
        """Whether lamps are on: by night, and while the sun is low."""
        return self.stars or self.height < LOW_SUN

    def tinted(self, colour: Colour) -> Light:
        """The same light through a filter of this colour."""
        return replace(
            self,
            zenith=mix(self.zenith, _dim(colour, self.zenith), 0.5),
            middle=mix(self.middle, colour, 0.3),
            horizon=mix(self.horizon, colour, 0.18),
            haze=mix(self.haze, colour, 0.3),
            fill=mix(self.fill, _dim(colour, self.fill), 0.4),
        )


def _dim(colour: Colour, like: Colour) -> Colour:
    """The colour as bright as another one."""
    bright = (0.2126 * like[0] + 0.7152 * like[1] + 0.0722 * like[2]) / max(
        1.0, 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
    )
    return (min(255, colour[0] * bright), min(255, colour[1] * bright), min(255, colour[2] * bright))


LIGHTS: dict[str, Light] = {
    "blue": Light(
        r"blue hour",
        "",
        (7, 17, 50),
        (28, 64, 128),
        (124, 158, 206),
        (255, 214, 168),
        (196, 168, 168),
        0.39,
        0.0,
        (132, 164, 214),
        (34, 52, 98),
        (76, 110, 168),
        0.42,
    ),
    "golden": Light(
        r"golden( hour)?|sunset|evening|low sun|amber light",
        r"warm( light| glow| tones?)?|autumn(al)?",
        (46, 66, 122),
        (176, 122, 124),
        (255, 190, 118),
        (255, 240, 204),
        (255, 166, 78),
        0.50,
        0.045,
        (255, 206, 150),
        (96, 84, 124),
        (232, 164, 122),
        0.95,
    ),
    "dusk": Light(
        r"dusk|twilight|nightfall|after sunset|evening glow|gloaming",
        "",
        (18, 22, 60),
        (84, 62, 124),
        (244, 136, 118),
        (255, 206, 170),
        (255, 112, 100),
        0.44,
        0.035,
        (236, 150, 140),
        (58, 56, 104),
        (150, 92, 128),
        0.8,
    ),
    "dawn": Light(
        r"dawn|sunrise|daybreak|first light",
        r"morning|pastels?|dream(y|like)|soft light",
        (98, 132, 186),
        (206, 178, 200),
        (255, 214, 184),
        (255, 246, 228),
        (255, 190, 160),
        0.48,
        0.042,
        (255, 226, 206),
        (120, 122, 160),
        (226, 184, 186),
        0.8,
    ),
    "neon": Light(
        r"neon|cyberpunk|synthwave|vaporwave|retrowave|nightclub|blade ?runner|holograms?",
        "",
        (10, 8, 34),
        (54, 18, 92),
        (232, 58, 148),
        (255, 150, 190),
        (255, 50, 150),
        0.46,
        0.10,
        (255, 110, 190),
        (44, 40, 110),
        (110, 36, 130),
        0.9,
    ),
    "moonlight": Light(
        r"moon(light|lit|rise)?|full moon|lunar",
        "",
        (8, 14, 36),
        (22, 40, 78),
        (70, 98, 138),
        (238, 242, 250),
        (120, 156, 214),
        0.72,
        0.06,
        (150, 172, 210),
        (26, 36, 66),
        (52, 76, 116),
        0.6,
        stars=True,
    ),
    "night": Light(
        r"night|midnight|nocturnal|starry|starlit|stars|milky way|campfire|fireflies",
        r"dark(ness)?|lanterns?",
        (7, 11, 30),
        (18, 32, 68),
        (58, 84, 122),
        (226, 234, 248),
        (92, 124, 184),
        0.78,
        0.028,
        (118, 140, 184),
        (20, 28, 54),
        (40, 60, 98),
        0.4,
        stars=True,
    ),
    "aurora": Light(
        r"aurora|northern lights|polar lights",
        "",
        (6, 14, 34),
        (14, 46, 66),
        (52, 110, 112),
        (226, 240, 236),
        (60, 200, 150),
        0.80,
        0.0,
        (120, 190, 170),
        (18, 36, 58),
        (34, 80, 90),
        0.3,
        stars=True,
    ),
    "fire": Light(
        r"fire|lava|volcan(o|ic)|embers?|infernos?|flames?|burning|apocaly\w+|mars|martian",
        "",
        (34, 12, 20),
        (112, 34, 28),
        (238, 112, 48),
        (255, 214, 140),
        (255, 110, 36),
        0.40,
        0.05,
        (255, 140, 70),
        (70, 30, 40),
        (150, 58, 40),
        0.95,
    ),
    "storm": Light(
        r"storm(y)?|thunder(storm)?|tempest",
        r"gloomy|moody|noir|ominous|dramatic",
        (34, 42, 54),
        (72, 84, 98),
        (152, 162, 166),
        (220, 226, 226),
        (170, 184, 190),
        0.62,
        0.0,
        (176, 186, 194),
        (62, 72, 88),
        (120, 132, 142),
        0.5,
    ),
    "overcast": Light(
        r"overcast|cloudy|(grey|gray) (sky|day|light)",
        r"grey|gray|fog(gy)?|mist(y)?|rain(y|ing)?|drizzle|haz[ey]|winter|pale|muted|desaturated|bleak",
        (126, 140, 156),
        (172, 182, 190),
        (220, 222, 220),
        (250, 248, 240),
        (240, 236, 226),
        0.66,
        0.0,
        (224, 226, 228),
        (112, 122, 136),
        (190, 198, 202),
        0.5,
    ),
    "noon": Light(
        r"(after)?noon|midday|day(light|time)?|sunny|sunshine|sunlight|sunlit|(blue|clear) sk(y|ies)",
        r"bright|summer|tropical|spring",
        (34, 104, 190),
        (112, 178, 228),
        (214, 234, 238),
        (255, 253, 242),
        (255, 246, 214),
        0.82,
        0.035,
        (255, 248, 228),
        (112, 136, 170),
        (176, 206, 222),
        0.55,
    ),
    "studio": Light(
        r"studio|softbox|spotlight|backlit|rim light|low[- ]key|chiaroscuro|product shot|cinematic light(ing)?",
        "",
        (17, 16, 20),
        (32, 29, 34),
        (62, 53, 52),
        (255, 232, 204),
        (214, 164, 118),
        0.62,
        0.0,
        (255, 222, 186),
        (44, 42, 54),
        (40, 35, 38),
        0.6,
    ),
}

USUAL: dict[str, tuple[str, ...]] = {
    "sea": ("golden", "noon", "dusk"),
    "beach": ("noon", "golden", "dusk"),
    "harbour": ("blue", "golden", "dusk"),
    "city": ("dusk", "neon", "golden"),
    "stage": ("studio",),
    "forest": ("dawn", "golden", "overcast"),
    "jungle": ("noon", "golden", "dawn"),
    "dunes": ("golden", "noon", "dusk"),
    "space": ("night",),
    "hills": ("golden", "dawn", "noon"),
    "mountains": ("golden", "dawn", "dusk"),
}
"""The lights that suit a place whose prompt names none."""


def choose(name: str, place: str, draw: int) -> str:
    """The name of a scene's light: the one that was named, or one that suits the place; ``draw`` picks among those."""
    if place == "stage" and name in {"", "night"}:  # "a dark set" is lit all the same
        return "studio"
    return name or USUAL[place][draw % len(USUAL[place])]
