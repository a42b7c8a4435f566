"""The type: settings, a running time code and the prompt at the head of the frame, as on a film slate.

Not at its foot, where a paused browser player lays its controls over the picture.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kling_nb.sandbox.film.lens import lay_over

if TYPE_CHECKING:
    from kling_nb.sandbox.film.layers import Frame
    from kling_nb.sandbox.film.lens import Bytes

SMALLEST = 120
"""Frames less wide than this many pixels carry no type: nobody could read it."""


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    # Pillow brings one good sans serif along (Aileron), so type looks the same on every machine.
    return ImageFont.load_default(size)


@cache
def _drawable(letter: str) -> bool:
    """Whether the font has this letter: an absent one looks like any other absent one."""
    font = _font(20)
    if letter == " ":
        return True
    absent = font.getmask("\U0010fffe")
    mask = font.getmask(letter)
    return mask.size != absent.size or bytes(mask) != bytes(absent)


def legible(text: str) -> str:
    """The text on one line with what the font cannot draw left out."""
    text = unicodedata.normalize("NFC", text[:3000])
    kept = "".join(c if c.isprintable() and _drawable(c) else " " for c in text)
    return " ".join(kept.split())


def wrap(text: str, size: int, width: float, lines: int) -> list[str]:
    """The text in so many lines of this width, pixels; what does not fit ends in an ellipsis."""
    font = _font(size)
    out: list[str] = []
    words = text.split()
    while words and len(out) < lines:
        line = words.pop(0)
        while words and font.getlength(f"{line} {words[0]}") <= width:
            line += f" {words.pop(0)}"
        if font.getlength(line) > width or (words and len(out) == lines - 1):
            line = _shortened(line, font, width)
        out.append(line)
    return out


def _shortened(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """As much of a line as fits with an ellipsis behind it."""
    fits, over = 0, len(line) + 1
    while over - fits > 1:
        middle = (fits + over) // 2
        if font.getlength(f"{line[:middle]}…") <= width:
            fits = middle
        else:
            over = middle
    return f"{line[:fits].rstrip(' ,.;:')}…"


@dataclass(frozen=True, slots=True, eq=False)
class Slate:
    """Type ready to be laid over the uppermost rows of frames: premultiplied luma, and what shines through.

    ``through_half`` has every value twice, for the two colours of a pixel.
    """

    luma: Bytes
    through: Bytes
    through_half: Bytes
    digits: tuple[Bytes, ...]
    clock: tuple[int, int]
    fps: int

    def draw(self, frame: Frame, index: int, strength: float = 1.0) -> None:
        """Lay it over a frame; ``index`` is the frame's number, for the time code."""
        if strength <= 0:
            return
        luma, through, half = self.luma, self.through, self.through_half
        if strength < 1:
            part = np.float32(strength)
            luma = (luma * part).astype(np.uint8)
            through, half = _thin(through, part), _thin(half, part)
        lay_over(frame.y[: luma.shape[0]], luma, through)
        grey = ((255 - half.astype(np.uint16)) * 128 // 255).astype(np.uint8)
        lay_over(frame.uv[: half.shape[0]], grey, half)
        self._time(frame.y, index, strength)

    def _time(self, plane: Bytes, index: int, strength: float) -> None:
        seconds, frames = divmod(index, self.fps)
        text = f"{seconds // 60:02d}:{seconds % 60:02d}:{frames:02d}"
        x, y = self.clock
        for letter in text:
            glyph = self.digits["0123456789:".index(letter)]
            height, width = glyph.shape
            area = plane[y : y + height, x : x + width].astype(np.float32)
            weight = glyph[: area.shape[0], : area.shape[1]].astype(np.float32) * np.float32(strength * 0.72 / 255)
            plane[y : y + height, x : x + width] = (area + weight * (235 - area)).astype(np.uint8)
            x += width


def _thin(through: Bytes, part: np.float32) -> Bytes:
    return (255.5 - (255 - through.astype(np.float32)) * part).astype(np.uint8)


def typeset(prompt: str, words: tuple[str, ...], size: tuple[int, int], fps: int) -> Slate | None:
    """Set the type of one shot; None where the frame is too small for type."""
    width, height = size
    if width < SMALLEST or height < SMALLEST // 2:
        return None
    unit = (width * height) ** 0.5
    edge = round(0.042 * min(unit, width * 1.2))
    text_size, small = max(7, round(0.0265 * min(unit, width * 1.35))), max(6, round(0.0158 * min(unit, width * 1.5)))
    digits = _digits(small)
    clock_width = 6 * digits[0].shape[1] + 2 * digits[10].shape[1]
    room = width - 2 * edge
    lines = wrap(
        legible(prompt), text_size, min(room, 0.78 * width if width > height else room), 2 if width > height else 3
    )
    parted = [part for word in words for part in word.split("  ") if part]
    settings = wrap(legible("  ·  ".join(parted)).replace(" · ", "  ·  "), small, room - clock_width - edge, 1)
    leading, baseline = round(text_size * 1.34), edge + small
    rule = baseline + round(small * 0.85)
    block = rule + round(small * 0.35) + leading * len(lines)
    rows = min(height, block + round(0.13 * unit)) // 2 * 2
    ink = Image.new("L", (width, rows))
    draw = ImageDraw.Draw(ink)
    draw.text((edge, baseline), settings[0] if settings else "", fill=190, font=_font(small), anchor="ls")
    draw.rectangle((edge, rule, width - edge - 1, rule + max(0, round(unit / 1100) - 1)), fill=96)
    for number, line in enumerate(lines):
        draw.text((edge, rule + leading * (number + 1)), line, fill=246, font=_font(text_size), anchor="ls")
    type_ = np.asarray(ink, np.float32) / 255
    # A breath of dark behind the type keeps it legible on a bright sky.
    down = np.linspace(1, 0, rows, dtype=np.float32)[:, None]
    scrim = np.broadcast_to(0.46 * down * down * (3 - 2 * down), type_.shape)
    cover = type_ + scrim * (1 - type_)
    half = 0.6 * scrim[::2, ::2] + type_[::2, ::2] * (1 - 0.6 * scrim[::2, ::2])
    return Slate(
        luma=(235 * type_ + 16 * (cover - type_)).astype(np.uint8),
        through=(255.5 - 255 * cover).astype(np.uint8),
        through_half=np.repeat((255.5 - 255 * half).astype(np.uint8), 2, axis=1),
        digits=digits,
        clock=(width - edge - clock_width, baseline - round(small * 0.95)),
        fps=fps,
    )


@cache
def _digits(size: int) -> tuple[Bytes, ...]:
    """The ten digits, all of one width so that running numbers stand still, and the colon."""
    font = _font(size)
    wide = max(int(font.getlength(d) + 0.999) for d in "0123456789")
    out = []
    for letter in "0123456789:":
        across = wide if letter != ":" else max(3, wide // 2)
        picture = Image.new("L", (across, round(size * 1.2)))
        ImageDraw.Draw(picture).text((across / 2, round(size * 0.95)), letter, fill=255, font=font, anchor="ms")
        out.append(np.array(picture, np.uint8))
    return tuple(out)
