"""The file: H.264 and AAC in an MP4 that browsers play while it loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import av
import numpy as np

from kling_nb.sandbox.film.sound import RATE, samples

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.stream import AudioStream

    from kling_nb.sandbox.film.layers import Frame
    from kling_nb.sandbox.film.noise import Floats

CODEC_OPTIONS = {
    "preset": "ultrafast",
    "crf": "26",
    "threads": "1",  # the painters keep the other cores busy, and one thread decides alike on every machine
    # The two things that the fastest preset leaves out and smooth skies need; a key frame every two seconds at
    # 24 frames per second; and colours as canvas.yuv makes them, so that players need not guess (H.264, annex E.2.1).
    "x264-params": "no-deblock=0:deblock=0,0:aq-mode=1:keyint=48"
    ":colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv",
}
"""Options of libx264: several times faster than real time."""


class Mp4:
    """An MP4 being written; a context manager.

    Args:
        path: Where; an existing file is replaced.
        size: Width and height, even.
        fps: Frames per second.
        loop: A bed of sound for the whole clip, or None for a silent one.
        frames: How many frames will come, which is how long the sound lasts.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int, loop: Floats | None, frames: int) -> None:
        self._file = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._file.add_stream("libx264", rate=fps, options=CODEC_OPTIONS)
        self._video.width, self._video.height = size
        self._video.pix_fmt = "nv12"  # how x264 keeps 4:2:0 pictures; the file is yuv420p all the same
        self._fps, self._count = fps, 0
        self._loop, self._played, self._total = loop, 0, round(frames * RATE / fps)
        self._audio: AudioStream | None = None
        if loop is not None:
            self._audio = self._file.add_stream("aac", rate=RATE, layout="stereo")
            self._audio.bit_rate = 128_000

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        try:
            if failure is None:
                self._file.mux(self._video.encode(None))
                self._play(self._total)
                if self._audio:
                    self._file.mux(self._audio.encode(None))
        finally:
            self._file.close()

    def write(self, frame: Frame) -> None:
        """Add one frame, and the sound that belongs to it."""
        picture = av.VideoFrame.from_ndarray(frame.buffer, format="nv12")
        picture.pts = self._count
        self._count += 1
        self._file.mux(self._video.encode(picture))
        self._play(min(self._total, self._count * RATE // self._fps))

    def _play(self, until: int) -> None:
        if self._audio is None or self._loop is None:
            return
        while self._played < until:
            count = min(1024, self._total - self._played)
            if self._played + count > until and until < self._total:
                return
            wave = np.ascontiguousarray(samples(self._loop, self._played, count, self._total), np.float32)
            sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
            sound.sample_rate, sound.pts = RATE, self._played
            self._played += count
            self._file.mux(self._audio.encode(sound))
