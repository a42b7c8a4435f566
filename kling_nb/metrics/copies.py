"""Small copies of clips: a contact sheet, and the same clip at another size. Plain data in and out, as measuring."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

import av
from PIL import Image

from kling_nb.errors import InputError
from kling_nb.media import open_video
from kling_nb.metrics.reel import wind

_GAP = 4
_PAPER = (16, 18, 22)


def sheet(path: str, frames: int = 5) -> dict[str, Any]:
    """A contact sheet: frames from the first to the last side by side, 320 pixels wide each.

    Returns:
        ``path`` and ``jpeg``, its bytes; or ``path`` and ``error``, a sentence.
    """
    try:
        reel = wind(Path(path))
    except InputError as error:
        return {"path": str(path), "error": error.sentence}
    count = max(1, min(frames, len(reel)))
    height, width = reel.frames.shape[1:3]
    made = Image.new("RGB", (count * (width + _GAP) - _GAP, height), _PAPER)
    for place in range(count):
        frame = reel.frames[round(place * (len(reel) - 1) / max(1, count - 1))]
        made.paste(Image.fromarray(frame), (place * (width + _GAP), 0))
    out = io.BytesIO()
    made.save(out, "JPEG", quality=85)
    return {"path": str(path), "jpeg": out.getvalue()}


def transcode(path: str, target: str, height: int = 360, crf: int = 26) -> dict[str, Any]:
    """Write the clip anew as H.264 in an MP4, its sound and its manifest copied; it is there whole or not at all.

    Args:
        path: The clip.
        target: The MP4 to write; one that is there is replaced.
        height: Pixels; a clip that is lower keeps its own.
        crf: Quality of x264, 0 to 51; less is better and larger.

    Returns:
        ``path``, ``target`` and ``size`` in bytes; or ``path`` and ``error``, a sentence.
    """
    goal = Path(target)
    part = goal.with_name(f"{goal.stem}.{uuid.uuid4().hex[:8]}.part.mp4")
    try:
        _write(Path(path), part, height, crf)
        part.replace(goal)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return {"path": str(path), "error": f"{path} cannot be written as {target} ({error})."}
    finally:
        part.unlink(missing_ok=True)
    return {"path": str(path), "target": str(target), "size": goal.stat().st_size}


def _write(source: Path, target: Path, height: int, crf: int) -> None:
    with (
        open_video(source) as inside,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as outside,
    ):
        if not inside.streams.video:
            raise ValueError("it holds no video")
        outside.metadata.update(inside.metadata)
        video, sounds = inside.streams.video[0], inside.streams.audio[:1]
        video.thread_type = "AUTO"
        scale = min(1.0, height / video.height)
        made = outside.add_stream("libx264", rate=video.average_rate or 24, options={"crf": str(crf)})
        made.width, made.height = (max(2, round(side * scale / 2) * 2) for side in (video.width, video.height))
        made.pix_fmt = "yuv420p"
        copies = {sound.index: outside.add_stream_from_template(sound) for sound in sounds}
        for packet in inside.demux([video, *sounds]):
            if packet.stream.index in copies:
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    outside.mux(packet)
                continue
            for frame in video.decode(packet):
                outside.mux(made.encode(frame.reformat(made.width, made.height, "yuv420p")))
        outside.mux(made.encode(None))
