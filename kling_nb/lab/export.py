"""A comparison as one file: the clips beside each other as an MP4, or a contact sheet. Blocks; worker thread only."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kling_nb.errors import NotAVideoError
from kling_nb.lab.sound import Track
from kling_nb.media import frame_at, open_video, probe

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = (".mp4", ".png", ".jpg", ".jpeg")

_WIDEST = 1920
_TALLEST_TILE = 1080
_MOST_FPS = 60
_STRIP = 36
_GAP = 4
_SHEET_FRAMES = 5
_SHEET_WIDTH = 320
_INK, _PAPER = (236, 239, 243), (16, 18, 22)
_MANY = 4
"""From so many clips on, films are laid out as near to a square as they can be."""


@dataclass(frozen=True, slots=True)
class Side:
    """One clip and the label that is burnt in below it."""

    path: Path
    label: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where everything stands, in pixels; all even, as H.264 wants it."""

    columns: int
    tile: tuple[int, int]
    size: tuple[int, int]
    top: int

    def spot(self, index: int) -> tuple[int, int]:
        """Upper left corner of a clip."""
        row, column = divmod(index, self.columns)
        width, height = self.tile
        return column * (width + _GAP), self.top + row * (height + _STRIP + _GAP)


def write(sides: Sequence[Side], target: Path, title: str = "", sound: Path | None = None) -> None:
    """Write the film or the sheet, by the suffix of ``target``; it is there whole, or not at all.

    Args:
        sides: In the order in which they stand.
        target: An MP4, a PNG or a JPEG.
        title: A line above.
        sound: The clip that is heard in a film; None for a silent one.

    Raises:
        NotAVideoError: One of the clips has no picture.
        OSError: It cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.stem}.part{target.suffix}")
    try:
        if target.suffix.lower() == ".mp4":
            _film(sides, part, title, sound)
        else:
            _sheet(sides, title).save(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _film(sides: Sequence[Side], target: Path, title: str, sound: Path | None) -> None:
    """All clips from their beginnings; one that is shorter stays on its last frame."""
    probes = [probe(side.path) for side in sides]
    fps = min(_MOST_FPS, round(max(found.fps for found in probes)) or 24)
    seconds = max(found.seconds for found in probes)
    count = max(1, round(seconds * fps))
    layout = _layout([(found.width, found.height) for found in probes], title)
    canvas = np.asarray(_backdrop(layout, [side.label for side in sides], title)).copy()
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(contextlib.closing(_at(side.path, fps, layout.tile))) for side in sides]
        movie = stack.enter_context(av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}))
        stream = movie.add_stream("libx264", rate=fps, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height = layout.size
        stream.pix_fmt = "yuv420p"
        track = Track(movie, sound, count / fps) if sound else None
        for number in range(count):
            for index, reader in enumerate(readers):
                picture = next(reader, None)
                if picture is not None:
                    _paste(canvas, picture, layout, index)
            frame = av.VideoFrame.from_ndarray(canvas, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            movie.mux(stream.encode(frame))
            if track:
                track.write((number + 1) / fps)
        movie.mux(stream.encode())
        if track:
            track.end()


def _at(path: Path, fps: int, tile: tuple[int, int]) -> Generator[NDArray[Any], None, None]:
    """The pictures of one clip at a rate, fitted into a tile; ends where the clip does."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        number, last = 0, None
        for frame in container.decode(stream):
            # The picture of a moment is the last one that begins at or before it.
            while last is not None and (frame.time or 0.0) > (number + 0.5) / fps:
                yield last
                number += 1
            last = _fitted(frame, tile)
        if last is None:
            raise NotAVideoError(f"{path.name} has no picture that can be shown.")
        yield last


def _fitted(frame: av.VideoFrame, tile: tuple[int, int]) -> NDArray[Any]:
    scale = min(tile[0] / frame.width, tile[1] / frame.height)
    size = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    picture: NDArray[Any] = frame.to_ndarray(format="rgb24", width=size[0], height=size[1])
    return picture


def _paste(canvas: NDArray[Any], picture: NDArray[Any], layout: _Layout, index: int) -> None:
    left, top = layout.spot(index)
    height, width = picture.shape[:2]
    left += (layout.tile[0] - width) // 2
    top += (layout.tile[1] - height) // 2
    canvas[top : top + height, left : left + width] = picture


def _layout(sizes: Sequence[tuple[int, int]], title: str) -> _Layout:
    width, height = max(sizes, key=lambda size: size[0] / size[1])
    count = len(sizes)
    tall = height > width
    columns = count if count < _MANY and (tall or count == 2) else math.ceil(math.sqrt(count))  # noqa: PLR2004 - a pair
    columns = min(count, columns)
    scale = min(1.0, (_WIDEST - _GAP * (columns - 1)) / columns / width, _TALLEST_TILE / height)
    tile = _even(width * scale), _even(height * scale)
    rows = math.ceil(count / columns)
    top = _STRIP + _GAP if title else 0
    size = columns * (tile[0] + _GAP) - _GAP, top + rows * (tile[1] + _STRIP + _GAP) - _GAP
    return _Layout(columns, tile, (_even(size[0]), _even(size[1])), top)


def _backdrop(layout: _Layout, labels: Sequence[str], title: str) -> Image.Image:
    """Everything that does not move."""
    image = Image.new("RGB", layout.size, _PAPER)
    pen = ImageDraw.Draw(image)
    if title:
        _say(pen, title, 0, 0, layout.size[0])
    for index, label in enumerate(labels):
        left, top = layout.spot(index)
        pen.rectangle((left, top, left + layout.tile[0] - 1, top + layout.tile[1] - 1), fill=(0, 0, 0))
        _say(pen, label, left, top + layout.tile[1], layout.tile[0])
    return image


def _say(pen: ImageDraw.ImageDraw, text: str, left: int, top: int, width: int) -> None:
    """One line in a strip, shortened until it fits."""
    font = ImageFont.load_default(18)
    said = text
    while said and pen.textlength(said, font) > width - 16:
        said = said.rstrip("…")[:-1].rstrip() + "…" if len(said) > 1 else ""
    pen.text((left + 8, top + _STRIP // 2), said, fill=_INK, font=font, anchor="lm")


def _sheet(sides: Sequence[Side], title: str) -> Image.Image:
    """A row for each clip: five moments from its first to its last frame, its label below."""
    rows = [[frame_at(side.path, n / (_SHEET_FRAMES - 1)) for n in range(_SHEET_FRAMES)] for side in sides]
    widest = max((row[0] for row in rows), key=lambda picture: picture.width / picture.height)
    tile = _SHEET_WIDTH, _even(_SHEET_WIDTH * widest.height / widest.width)
    top = _STRIP + _GAP if title else 0
    size = _SHEET_FRAMES * (tile[0] + _GAP) - _GAP, top + len(rows) * (tile[1] + _STRIP + _GAP) - _GAP
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        _say(pen, title, 0, 0, size[0])
    for index, (side, row) in enumerate(zip(sides, rows, strict=True)):
        down = top + index * (tile[1] + _STRIP + _GAP)
        for column, picture in enumerate(row):
            picture.thumbnail(tile)
            left = column * (tile[0] + _GAP) + (tile[0] - picture.width) // 2
            sheet.paste(picture, (left, down + (tile[1] - picture.height) // 2))
        _say(pen, side.label, 0, down + tile[1], size[0])
    return sheet


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
