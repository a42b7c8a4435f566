"""Clips whose every frame and sample is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 48_000


@dataclass(frozen=True, slots=True)
class Made:
    """What a clip shall be.

    Attributes:
        start: Where its square stands in the first frame, in pixels from the left; it moves ``pace`` a frame.
        shift: Added to red, green and blue of every frame.
        tone: Hertz of its sound; 0 for none.
        beep: Seconds at which the tone sounds for 0.1 s; None for throughout.
        options: Of libx264.
    """

    width: int = 128
    height: int = 72
    frames: int = 12
    fps: int = 12
    start: int = 0
    pace: int = 4
    shift: tuple[int, int, int] = (0, 0, 0)
    tone: float = 0.0
    beep: float | None = None
    options: tuple[tuple[str, str], ...] = (("crf", "10"), ("bf", "0"))

    def frame(self, index: int) -> NDArray[np.uint8]:
        """One frame as it goes into the encoder: a bright square on a slope of greys, in tinted light."""
        picture = np.zeros((self.height, self.width, 3), np.float64)
        picture += np.linspace(50, 150, self.width)[None, :, None]
        left = self.start + index * self.pace
        picture[self.height // 3 : self.height * 2 // 3, left : left + self.width // 6] = (220, 60, 60)
        return np.asarray(np.clip(picture + np.array(self.shift), 0, 255), np.uint8)

    def write(self, path: Path) -> Path:
        """Write it."""
        with av.open(str(path), "w", format="mp4") as file:
            stream = file.add_stream("libx264", rate=self.fps, options=dict(self.options))
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
            sound = file.add_stream("aac", rate=RATE, layout="stereo") if self.tone else None
            for index in range(self.frames):
                file.mux(stream.encode(av.VideoFrame.from_ndarray(self.frame(index), format="rgb24")))
            file.mux(stream.encode(None))
            if sound:
                wave = self._wave()
                for begin in range(0, wave.shape[1], 1024):
                    block = np.ascontiguousarray(wave[:, begin : begin + 1024])
                    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
                    frame.sample_rate, frame.pts = RATE, begin
                    file.mux(sound.encode(frame))
                file.mux(sound.encode(None))
        return path

    def _wave(self) -> NDArray[np.float32]:
        clock = np.arange(round(self.frames / self.fps * RATE)) / RATE
        wave = 0.5 * np.sin(2 * np.pi * self.tone * clock)
        if self.beep is not None:
            wave *= (clock >= self.beep) & (clock < self.beep + 0.1)
        return np.asarray(np.stack((wave, wave)), np.float32)


def pictures(path: Path) -> list[NDArray[Any]]:
    """Every frame of a file, as wide numbers."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in file.decode(video=0)]


def heard(path: Path) -> NDArray[np.float32]:
    """The left channel of a file's sound, from the film's beginning."""
    with av.open(str(path)) as file:
        turn = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        frames = [part for frame in file.decode(audio=0) for part in turn.resample(frame)]
        blocks = [np.asarray(frame.to_ndarray(), np.float32)[0] for frame in frames]
        begin = round(float(frames[0].time or 0) * RATE)
    wave = np.concatenate(blocks)
    return wave[-begin:] if begin < 0 else np.concatenate((np.zeros(begin, np.float32), wave))


def packets(path: Path) -> list[bytes]:
    """The coded pictures of a file."""
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


def left_of(picture: NDArray[Any]) -> int:
    """Where the square stands in a frame."""
    row = picture[picture.shape[0] // 2]
    return int(np.argmax(row[:, 0] - row[:, 1] > 80))
