"""One clip, decoded once: what every metric needs of it, small enough to hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation

from kling_nb.errors import InputError
from kling_nb.media import open_video

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.floating[Any]]

WIDTH = 320
"""Pixels across of the small frames; every threshold of this room belongs to this width."""

STILLS = 5
"""Full-size frames that are kept, spread from the first to the last."""

STEP = 0.125
"""Seconds between frames where motion is judged: VBench does so at 8 frames a second."""

_MOST = 160_000_000
"""Bytes of small frames that are held; a clip of more (42 s at 24 frames a second) is held in smaller frames."""

_MOST_FRAMES = 20_000
_LARGEST = 7680 * 4320
_MOVED = 0.95
_STIR = 1.0
"""Mean difference that a twentieth of the blocks exceed: a rough stand-in for optical flow, tried on few clips."""

BLOCK = 8
_SD = 576
"""Lines of the tallest picture that players take for BT.601 where the file does not say."""

_UNSAID = 2
_LUMA = np.uint16(77), np.uint16(150), np.uint16(29)
"""BT.601's shares of red, green and blue in luma, of 256: their sum just fits into 16 bits."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A clip's sound.

    Attributes:
        seconds: How long it lasts.
        peak: Its loudest sample, 0 to 1; 0 is silence.
    """

    seconds: float
    peak: float


class Reel:
    """A decoded clip, as a metric sees it.

    Attributes:
        path: The file.
        sha256: Of the file.
        width: Pixels of the clip itself, likewise ``height``.
        fps: Frames per second, on average.
        seconds: From the first frame to the end of the last, of what could be decoded.
        promised: Seconds that the file says it has.
        times: Seconds at which each frame begins, from 0.
        frames: Every frame ``WIDTH`` pixels wide: count x height x width x red, green, blue; 8 bits.
        stills: Full-size frames (height x width x 3): the first, some between, the last.
        sound: None where the clip has no sound at all.
    """

    def __init__(
        self, path: Path, sha256: str, frames: Bytes, stills: tuple[Bytes, ...], facts: Mapping[str, Any]
    ) -> None:
        self.path = path
        self.sha256 = sha256
        self.frames = frames
        self.stills = stills
        self.height, self.width = stills[0].shape[:2]
        self.times: Floats = np.asarray(facts["times"]) - facts["times"][0]
        self.fps: float = facts["fps"]
        self.promised: float = facts["promised"]
        self.sound: Sound | None = facts["sound"]
        self.seconds = float(self.times[-1]) + (1 / self.fps if self.fps else 0.0)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def stride(self) -> int:
        """Frames that lie ``STEP`` seconds apart."""
        return max(1, round(self.fps * STEP))

    @cached_property
    def luma(self) -> Bytes:
        """The small frames' brightness, 0 to 255."""
        found = np.empty(self.frames.shape[:3], np.uint8)
        for index, frame in enumerate(self.frames):  # one at a time, for the memory that sums need
            found[index] = brightness(frame)
        return found

    @cached_property
    def brightness(self) -> Floats:
        """Mean luma of each frame."""
        found: Floats = self.luma.mean(axis=(1, 2), dtype=np.float64)
        return found

    @cached_property
    def changes(self) -> Floats:
        """By how much each frame's colours differ from the frame before, on average; the first by 0."""
        pairs = zip(self.frames, self.frames[1:], strict=False)
        return np.array([0.0, *(apart(first, second) for first, second in pairs)])

    @property
    def stirring(self) -> bool:
        """Whether anything moves at all, which is that over ``STEP`` a twentieth of the picture changes visibly."""
        stride = self.stride
        pairs = [(self.luma[n], self.luma[n + stride]) for n in range(0, len(self) - stride, stride)]
        steps = [np.quantile(blocks(first, second), _MOVED) for first, second in pairs]
        return bool(steps) and float(np.median(steps)) >= _STIR

    @cached_property
    def dark(self) -> Floats:
        """Share of each frame's pixels that are practically black."""
        found: Floats = (self.luma < 20).mean(axis=(1, 2))  # noqa: PLR2004 - above a black that was encoded
        return found


def brightness(rgb: Bytes) -> Bytes:
    """A picture's luma (BT.601), 0 to 255."""
    red, green, blue = _LUMA
    total = rgb[..., 0] * red
    total += rgb[..., 1] * green
    total += rgb[..., 2] * blue
    total += 128
    total >>= 8
    return total.astype(np.uint8)


def apart(first: Bytes, second: Bytes) -> float:
    """Mean absolute difference of two arrays of bytes (MAE), 0 to 255."""
    return float((np.maximum(first, second) - np.minimum(first, second)).mean(dtype=np.float64))


def blocks(first: Bytes, second: Bytes) -> Floats:
    """Mean absolute difference of each block of 8 x 8 pixels of two brightnesses."""
    height, width = (side // BLOCK for side in first.shape)
    gap = np.maximum(first, second) - np.minimum(first, second)
    tiles = gap[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK)
    sums = tiles.sum(axis=1, dtype=np.uint16).sum(axis=2, dtype=np.uint16)  # 16 bits hold 64 bytes, and are fast
    found: Floats = sums.ravel() / (BLOCK * BLOCK)
    return found


def wind(path: Path) -> Reel:
    """Decode a file, picture and sound, in one pass.

    Raises:
        InputError: There is no such file, or no video in it that can be decoded.
    """
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with open_video(path) as container:
            return _wound(path, sha256, container)
    except OSError as error:  # FFmpeg's errors of reading are among them
        if isinstance(error, av.error.FFmpegError):
            raise InputError(f"{path.name} is not a video that can be decoded.") from None
        raise InputError(f"There is no file {path} that can be read ({error.strerror or error}).") from None
    except (av.error.FFmpegError, ValueError):
        raise InputError(f"{path.name} is not a video that can be decoded.") from None


def _wound(path: Path, sha256: str, container: av.container.InputContainer) -> Reel:
    video = next(iter(container.streams.video), None)
    codec: av.VideoCodecContext | None = video.codec_context if video else None
    if video is None or codec is None or not 0 < codec.width * codec.height <= _LARGEST:
        raise InputError(f"{path.name} holds no video of at most 8K that can be decoded.")
    codec.options = {"max_pixels": str(_LARGEST)}
    video.thread_type = "AUTO"
    codec.thread_count = _threads()
    fps = float(video.average_rate or video.guessed_rate or 24)
    promised = float(video.duration * video.time_base) if video.duration and video.time_base else 0.0
    film = _Film(video.frames or round(promised * fps) or 1, codec)
    ear = _Ear()
    streams = [video, *container.streams.audio[:1]]
    for frame in _decoded(container, streams):
        if isinstance(frame, av.AudioFrame):
            ear.hear(frame)
        elif isinstance(frame, av.VideoFrame):
            film.add(frame, fps)
        if len(film.times) > _MOST_FRAMES:
            raise InputError(f"{path.name} has more than {_MOST_FRAMES} frames: measure a shorter piece of it.")
    if not film.times:
        raise InputError(f"{path.name} holds no picture that can be decoded.")
    sound = Sound(ear.seconds, ear.peak) if container.streams.audio else None
    facts = {"times": film.times, "fps": round(fps, 3), "promised": promised, "sound": sound}
    return Reel(path, sha256, film.frames(), film.stills(), facts)


def _threads() -> int:
    """How many threads may decode: as many as there are processors (0), or what a cluster leaves its worker."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")  # Dask sets it to 1 for workers that share a machine
    return int(allowed) if allowed.isdecimal() else 0


class _Film:
    """Frames as they come out of the decoder."""

    def __init__(self, expected: int, codec: av.VideoCodecContext) -> None:
        self.times: list[float] = []
        width = min(WIDTH, codec.width)
        height = codec.height * width / codec.width
        shrink = min(1.0, (_MOST / (3.0 * width * height * expected)) ** 0.5)
        self._size = max(16, round(width * shrink)), max(16, round(height * shrink))
        self._room = np.empty((min(expected, _MOST_FRAMES) + 2, self._size[1], self._size[0], 3), np.uint8)
        self._wanted = {round(number * (expected - 1) / (STILLS - 1)) for number in range(STILLS - 1)}
        self._kept: list[av.VideoFrame] = []
        self._last: av.VideoFrame | None = None
        self._shape = codec.width, codec.height

    def add(self, frame: av.VideoFrame, fps: float) -> None:
        """Take one frame in."""
        number = len(self.times)
        if number == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[number] = _rgb(frame, *self._size)
        self.times.append(number / fps if frame.time is None else frame.time)
        if number in self._wanted:
            self._kept.append(frame)
        self._last = frame

    def frames(self) -> Bytes:
        """All of them, small."""
        return self._room[: len(self.times)]

    def stills(self) -> tuple[Bytes, ...]:
        """A few of them as they are; those of another size than the first (which some files have) are fitted."""
        kept = self._kept if not self._last or self._last in self._kept else [*self._kept, self._last]
        width, height = kept[0].width, kept[0].height
        return tuple(_rgb(frame, width, height) for frame in kept)


class _Ear:
    """How long and how loud the sound is."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak = 0.0

    def hear(self, frame: av.AudioFrame) -> None:
        """Take one piece in."""
        wave: NDArray[Any] = frame.to_ndarray()
        scale = 1.0 if wave.dtype.kind == "f" else float(np.iinfo(wave.dtype).max)
        loud = float(np.abs(wave.astype(np.float32)).max(initial=0.0)) / scale
        self.peak = max(self.peak, min(1.0, loud)) if np.isfinite(loud) else self.peak
        self.seconds += frame.samples / frame.sample_rate


def _decoded(container: av.container.InputContainer, streams: list[Any]) -> Iterator[Any]:
    """Pictures and sound up to the first that is damaged."""
    try:
        yield from container.decode(streams)
    except av.error.FFmpegError:
        return


def _rgb(frame: av.VideoFrame, width: int, height: int) -> Bytes:
    found = frame.to_ndarray(
        format="rgb24", width=width, height=height, interpolation=Interpolation.AREA, src_colorspace=_colours(frame)
    )
    return found.astype(np.uint8, copy=False)


def _colours(frame: av.VideoFrame) -> Colorspace | None:
    """What the file says, else what players assume."""
    if frame.colorspace != _UNSAID:
        return None
    return Colorspace.ITU709 if frame.height > _SD else Colorspace.ITU601
