"""The sound of a film: each clip's own, silence where one has none, and a short fade at each join against clicks."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from kling_nb.media import open_video

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kling_nb.storyboard.splice import Piece

    Wave = NDArray[np.float32]

RATE = 48_000
"""Samples a second."""

FADE = RATE * 15 // 1000
"""Samples of a fade: 15 ms."""

_BLOCK = 1024
_BITS = 192_000


class Sound:
    """The sound track of a film that is being written. It reads one clip at a time.

    Args:
        film: The file; nothing has been written to it yet.
        pieces: The clips in order.
        rate: Frames a second of the film.
    """

    def __init__(self, film: av.container.OutputContainer, pieces: Sequence[Piece], rate: Fraction) -> None:
        self._film = film
        self._stream = film.add_stream("aac", rate=RATE, layout="stereo")
        self._stream.bit_rate = _BITS
        self._waves = waves(pieces, rate)
        self._ready = np.zeros((2, 0), np.float32)
        self._written = 0

    def until(self, seconds: Fraction) -> None:
        """Write what is heard up to a moment, as far as it fills whole blocks."""
        while self._written + _BLOCK <= seconds * RATE and self._fill():
            self._write(_BLOCK)

    def close(self) -> None:
        """Write the rest."""
        while self._fill() or self._ready.shape[1]:
            self._write(min(_BLOCK, self._ready.shape[1]))
        self._film.mux(self._stream.encode(None))

    def _fill(self) -> bool:
        """Whether a whole block is at hand."""
        while self._ready.shape[1] < _BLOCK:
            more = next(self._waves, None)
            if more is None:
                return False
            self._ready = np.concatenate((self._ready, more), axis=1)
        return True

    def _write(self, count: int) -> None:
        block, self._ready = self._ready[:, :count], self._ready[:, count:]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, self._written
        self._written += count
        self._film.mux(self._stream.encode(frame))


def waves(pieces: Sequence[Piece], rate: Fraction) -> Iterator[Wave]:
    """What each clip adds, left and right in -1..1: exactly as long as its frames are shown."""
    shown, begun = Fraction(0), 0
    for number, piece in enumerate(pieces):
        shown += piece.seconds(rate)
        ends = round(shown * RATE)
        wave = track(piece.reel.path, ends - begun) if piece.reel.audio else np.zeros((2, ends - begun), np.float32)
        ramp = np.linspace(0, 1, min(FADE, wave.shape[1]), dtype=np.float32)
        if number:
            wave[:, : ramp.size] *= ramp
        if number < len(pieces) - 1:
            wave[:, wave.shape[1] - ramp.size :] *= ramp[::-1]
        begun = ends
        yield wave


def track(path: Path, count: int) -> Wave:
    """The first ``count`` samples of a clip's sound, beginning where its picture does; silence behind its end."""
    out = np.zeros((2, count), np.float32)
    with open_video(path) as container:
        picture, stream = container.streams.video[0], container.streams.audio[0]
        begins = float((picture.start_time or 0) * (picture.time_base or 0))
        turn = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        place: int | None = None
        with contextlib.suppress(av.error.FFmpegError):  # damaged there: silence from here on
            for frame in container.decode(stream):
                if place is None:
                    place = round(((frame.time or 0.0) - begins) * RATE)
                for part in turn.resample(frame):
                    place = _put(out, np.asarray(part.to_ndarray(), np.float32), place)
                if place >= count:
                    return out
            for part in turn.resample(None):
                place = _put(out, np.asarray(part.to_ndarray(), np.float32), place or 0)
    return out


def _put(out: Wave, block: Wave, place: int) -> int:
    """Lay a block at its place, as far as it lies within; where the next one goes."""
    first, end = max(place, 0), min(place + block.shape[1], out.shape[1])
    if end > first:
        out[:, first:end] = block[:, first - place : end - place]
    return place + int(block.shape[1])
