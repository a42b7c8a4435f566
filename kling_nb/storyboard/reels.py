"""Finished clips as the splicer needs them: how many frames, how they are coded, what they begin and end with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from kling_nb.errors import InputError, NotAVideoError
from kling_nb.media import frame_at, open_video, probe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_COPIED = "h264"
"""The one codec whose packets are copied; every player of MP4s has it."""

_FULL = 2
"""FFmpeg's number of the range from 0 to 255."""


@dataclass(frozen=True, slots=True)
class Reel:
    """One clip.

    Attributes:
        width, height: Pixels.
        rate: Frames a second.
        frames: How many there are.
        audio: Whether there is a sound track.
        coding: What has to be the same for packets of two clips to stand behind each other in one stream; None where
            they cannot.
        step: Length of a frame in the stream's own time.
        full: Its brightness goes from 0 to 255 (a screen's range) instead of 16 to 235 (a film's).
        loose: Nothing needs the last frame to be decoded: it can be left out of a copy.
        first, last: The pictures it begins and ends with: rows, columns, red, green and blue.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    audio: bool
    coding: tuple[Any, ...] | None
    step: int
    full: bool
    loose: bool
    first: Pixels
    last: Pixels


def read(path: Path) -> Reel:
    """Look at a clip. Blocks: decodes its first and its last frame.

    Raises:
        InputError: It is no video that can be played.
    """
    try:
        found = probe(path)
        first, last = (np.asarray(frame_at(path, share).convert("RGB")) for share in (0, 1))
        with open_video(path) as container:
            stream = container.streams.video[0]
            packets = [packet for packet in container.demux(stream) if packet.size]
            stamps = [(packet.pts, packet.dts) for packet in packets]
            step = _step(stamps)
            even = 1 / (step * stream.time_base) if step and stream.time_base else None
            told = stream.average_rate or stream.guessed_rate or Fraction(24)
            rate = even or Fraction(int(told.numerator), int(told.denominator))
            context = stream.codec_context
            coding = (
                (
                    context.extradata,
                    context.pix_fmt,
                    (found.width, found.height),
                    stream.time_base,
                    step,
                    stream.sample_aspect_ratio,
                )
                if found.codec == _COPIED and step and packets[0].is_keyframe
                else None
            )
    except (NotAVideoError, av.error.FFmpegError, OSError):
        raise InputError(f"{path.name} is not a video that can be played: a film is stitched from MP4s.") from None
    return Reel(
        path=path,
        width=found.width,
        height=found.height,
        rate=rate,
        frames=len(packets),
        audio=found.audio,
        coding=coding,
        step=step,
        full=int(context.color_range) == _FULL,
        loose=coding is not None and stamps[-1] == max(stamps, key=lambda pair: pair[0] or 0),
        first=first,
        last=last,
    )


def _step(stamps: list[tuple[int | None, int | None]]) -> int:
    """The length of every frame, if all have the same; else 0."""
    shown = sorted(pts for pts, dts in stamps if pts is not None and dts is not None)
    steps = {after - before for before, after in pairwise(shown)}
    return steps.pop() if len(steps) == 1 and len(shown) == len(stamps) else 0
