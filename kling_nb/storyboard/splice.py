"""Several clips to one MP4: the pictures as they are where that is safe, else encoded anew. Blocks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.filter import Graph

from kling_nb.media import decodable, open_video
from kling_nb.storyboard.sound import Sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kling_nb.storyboard.drift import Tint
    from kling_nb.storyboard.reels import Reel

_OPTIONS = {"crf": "16", "preset": "veryfast"}
"""Of libx264: what is encoded a second time must not be seen to be, and an hour's wait helps nobody."""

_COLOURS = ("color_primaries", "color_trc", "colorspace")
_FILM_RANGE = 1
"""FFmpeg's number of the range from 16 to 235."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip in the film.

    Attributes:
        frames: How many of its frames are shown, from the first.
        tint: What is done to its colours.
    """

    reel: Reel
    frames: int
    tint: Tint | None = None

    def seconds(self, rate: Fraction) -> Fraction:
        """How long it is shown in a film of so many frames a second: a whole number of the film's frames."""
        return Fraction(round(self.frames / self.reel.rate * rate)) / rate


def can_copy(pieces: Sequence[Piece]) -> bool:
    """Whether the packets of all clips can stand behind each other unchanged."""
    first = pieces[0].reel.coding
    return first is not None and all(
        piece.reel.coding == first
        and piece.tint is None
        and (piece.frames == piece.reel.frames or (piece.frames == piece.reel.frames - 1 and piece.reel.loose))
        for piece in pieces
    )


def splice(pieces: Sequence[Piece], target: Path) -> None:
    """Write the film: size and frames a second of the first clip.

    Raises:
        OSError: It cannot be written; FFmpeg's own errors say the same.
    """
    rate = pieces[0].reel.rate
    with av.open(str(target), "w", format="mp4") as film:
        pictures = _copied(film, pieces) if can_copy(pieces) else _encoded(film, pieces)
        next(pictures)  # the stream is there: the picture comes before the sound
        sound = Sound(film, pieces, rate) if any(piece.reel.audio for piece in pieces) else None
        for frames in pictures:
            if sound:
                sound.until(frames / rate)
        if sound:
            sound.close()


def _copied(film: av.container.OutputContainer, pieces: Sequence[Piece]) -> Iterator[int]:
    """Write the packets of all clips as they are; yields how many frames there are so far."""
    with open_video(pieces[0].reel.path) as first:
        stream = film.add_stream_from_template(first.streams.video[0])
    yield 0
    written = 0
    for piece in pieces:
        with open_video(piece.reel.path) as clip:
            packets = [packet for packet in clip.demux(clip.streams.video[0]) if packet.size][: piece.frames]
            shift = written * piece.reel.step - min(packet.pts or 0 for packet in packets)
            for packet in packets:
                packet.pts = (packet.pts or 0) + shift
                packet.dts = (packet.dts or 0) + shift
                packet.stream = stream
                film.mux(packet)
                written += 1
                yield written


def _encoded(film: av.container.OutputContainer, pieces: Sequence[Piece]) -> Iterator[int]:
    """Write the pictures of all clips anew; yields how many frames there are so far."""
    first = pieces[0].reel
    stream = film.add_stream("libx264", rate=first.rate, options=_OPTIONS)
    stream.width, stream.height = _even(first.width), _even(first.height)
    stream.pix_fmt = "yuv420p"
    with open_video(first.path) as clip:
        for name in _COLOURS:  # else players guess, and others than they did for the clips
            setattr(stream.codec_context, name, getattr(clip.streams.video[0].codec_context, name))
    stream.codec_context.color_range = _FILM_RANGE
    stream.codec_context.time_base = 1 / first.rate
    yield 0
    written = 0
    for piece in pieces:
        wanted = int(piece.seconds(first.rate) * first.rate)
        for frame in _frames(piece, (stream.width, stream.height), first.rate, wanted):
            frame.pts, frame.time_base = written, 1 / first.rate
            frame.pict_type = av.video.frame.PictureType.NONE
            film.mux(stream.encode(frame))
            written += 1
            yield written
    film.mux(stream.encode(None))


def _frames(piece: Piece, size: tuple[int, int], rate: Fraction, count: int) -> Iterator[av.VideoFrame]:
    """Exactly ``count`` pictures of a clip, fitted into a size; the last one stays if there are too few."""
    last: av.VideoFrame | None = None
    given = 0
    with open_video(piece.reel.path) as clip:
        stream = clip.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in _filtered(clip, stream, _chain(piece, size, rate)):
            if given == count:
                return
            last = frame
            given += 1
            yield frame
    while last is not None and given < count:
        given += 1
        yield last


def _chain(piece: Piece, size: tuple[int, int], rate: Fraction) -> list[tuple[str, str]]:
    """The filters of a clip: nothing but the format where it has the film's size and rate already."""
    reel = piece.reel
    width, height = size
    found = [("fps", f"{rate.numerator}/{rate.denominator}")] if reel.rate != rate else []
    if (reel.width, reel.height) != size:
        found += [
            ("scale", f"{width}:{height}:force_original_aspect_ratio=decrease:flags=lanczos"),
            ("pad", f"{width}:{height}:-1:-1"),
            ("setsar", "1"),
        ]
    if reel.full:
        found.append(("scale", "out_range=tv"))
    if piece.tint:
        found += [("format", "gbrp"), ("lutrgb", piece.tint.filter)]
    return [*found, ("format", "yuv420p")]


def _filtered(
    clip: av.container.InputContainer, stream: av.video.stream.VideoStream, chain: Sequence[tuple[str, str]]
) -> Iterator[av.VideoFrame]:
    graph = Graph()
    nodes = [graph.add_buffer(template=stream), *(graph.add(name, words) for name, words in chain)]
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    for frame in decodable(clip, stream):
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, av.error.EOFError):
            return
        if isinstance(frame, av.VideoFrame):
            yield frame


def _even(side: int) -> int:
    return max(2, side // 2 * 2)
