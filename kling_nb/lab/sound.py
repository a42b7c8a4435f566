"""The sound of a film that is made of clips: one clip's own, as long as the film. Blocks; worker thread only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from kling_nb.media import open_video

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 48_000
"""Samples a second, whatever the clip has."""

_BITS = 192_000
_CHANNELS = 2
_SILENCE = RATE // 10
_FORMAT = "fltp"


class Track:
    """The sound track of a film that is being written.

    Args:
        movie: Open for writing.
        path: The clip that is heard; a stereo mix of it, silent before it begins and after it has ended.
        seconds: Length of the film.
    """

    def __init__(self, movie: av.container.OutputContainer, path: Path, seconds: float) -> None:
        self._movie = movie
        self._stream = movie.add_stream("aac", rate=RATE, layout="stereo")
        self._stream.bit_rate = _BITS
        self._pieces = _lasting(_heard(path), round(seconds * RATE))
        self._written = 0

    def write(self, until: float) -> None:
        """Write on, up to a moment in seconds or a little further."""
        while self._written < until * RATE:
            piece = next(self._pieces, None)
            if piece is None:
                return
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format=_FORMAT, layout="stereo")
            frame.sample_rate, frame.pts = RATE, self._written
            self._written += piece.shape[1]
            self._movie.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write the rest."""
        self.write(float("inf"))
        self._movie.mux(self._stream.encode(None))


def _lasting(pieces: Iterator[tuple[int, NDArray[Any]]], total: int) -> Iterator[NDArray[Any]]:
    """Exactly ``total`` samples: every piece where it belongs, silence between, nothing twice."""
    at = 0
    for start, piece in pieces:
        yield from _silence(min(start, total) - at)
        at = max(at, min(start, total))
        kept = piece[:, at - start : total - start]
        if kept.shape[1]:
            yield kept
            at += kept.shape[1]
        if at >= total:
            return
    yield from _silence(total - at)


def _silence(samples: int) -> Iterator[NDArray[Any]]:
    while samples > 0:
        yield np.zeros((_CHANNELS, min(samples, _SILENCE)), np.float32)
        samples -= _SILENCE


def _heard(path: Path) -> Iterator[tuple[int, NDArray[Any]]]:
    """Where each piece begins, in samples from the clip's beginning, and the piece; ends where it is damaged."""
    with open_video(path) as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None:
            return
        resampler = av.AudioResampler(_FORMAT, "stereo", RATE)
        begin, passed = None, 0
        frames = container.decode(stream)
        while True:
            try:
                frame = next(frames, None)
            except av.error.FFmpegError:
                return
            if begin is None and frame is not None:
                begin = round((frame.time or 0.0) * RATE)
            for made in resampler.resample(frame):
                yield (begin or 0) + passed, made.to_ndarray()
                passed += made.samples
            if frame is None:
                return
