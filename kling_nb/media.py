"""MP4s that come back: is it a video, its poster, and the manifest inside it (PyAV).

Everything here blocks and belongs on the worker thread. Nothing is re-encoded.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.video.reformatter import VideoReformatter

from kling_nb.errors import NotAVideoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

POSTER_WIDTH = 480
POSTER_BYTES = 7_500
"""A poster travels as base64 in every saved output; this keeps a result below 16 kB."""

_POSTER_AT = 0.4
_SMALL_FILE = 1024 * 1024

_LARGEST = 7680 * 4320
"""Pixels of the largest picture that is decoded: 8K, twice what any of the models makes in each direction."""

_BEFORE_ALL = -(2**40)
"""Microseconds; no stream begins earlier, not even one whose sound has a lead."""

_LONGEST_TAG = 1_000_000
_OPTIONS = {
    # Playlists (HLS, DASH, concat) are no clips, and would have FFmpeg open the files and addresses they name.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "protocol_whitelist": "file",
}
_LENIENT: dict[str, Any] = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}  # noqa: PLR2004
"""PyAV 19 reads any bytes by itself (as surrogates), and no longer takes the word for it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a video file is.

    Attributes:
        seconds: Duration.
        width, height: Pixels.
        size: Bytes.
    """

    seconds: float
    width: int
    height: int
    fps: float
    codec: str
    audio: bool
    size: int


class _Local(threading.local):
    """Of each thread: what turns pictures into RGB; setting it up takes longer than a small picture."""

    def __init__(self) -> None:
        self.scaler = VideoReformatter()


_LOCAL = _Local()


def probe(path: Path) -> Probe:
    """Open the file and decode its first frame.

    Raises:
        NotAVideoError: It holds no video that can be decoded.
    """
    with _refusing(path), open_video(path) as container:
        stream = _video_of(container)
        frame = next(container.decode(stream), None)
        if frame is None:
            raise NotAVideoError("The result's link delivered a video without a single picture in it.")
        return _described(path, container, stream, frame)


@dataclass(frozen=True, slots=True)
class Examined:
    """A download that is a clip.

    Attributes:
        found: What :func:`probe` says of it.
        picture: What :func:`poster` makes of it.
        container: Still open, where it can be read once more from its very beginning.
    """

    found: Probe
    picture: bytes
    container: av.container.InputContainer | None = None


@contextlib.contextmanager
def examined(path: Path) -> Iterator[Examined]:
    """All that is to be known of a download, from one look into the file.

    Raises:
        NotAVideoError: It holds no video that can be decoded.
    """
    with contextlib.ExitStack() as stack:
        seen = None
        with _refusing(path):
            container = stack.enter_context(open_video(path))
            stream = _video_of(container)
            if path.stat().st_size < _SMALL_FILE:
                stream.codec_context.thread_count = 1  # starting the threads takes as long as all the rest
            frame = _frame_at(container, stream, _POSTER_AT)
            if frame is not None:
                image: Image.Image = _LOCAL.scaler.reformat(frame, format="rgb24").to_image()  # type: ignore[no-untyped-call]
                # In other containers a seek back to the beginning leaves the first sound out.
                again = container if "mp4" in container.format.name.split(",") else None
                picture = _jpeg(image, POSTER_WIDTH, POSTER_BYTES)
                seen = Examined(_described(path, container, stream, frame), picture, again)
        yield seen or Examined(probe(path), poster(path))  # damaged there: perhaps the beginning is not


def poster(path: Path, *, width: int = POSTER_WIDTH, limit: int = POSTER_BYTES) -> bytes:
    """A JPEG of at most ``limit`` bytes from two fifths into the clip, ``width`` pixels wide at most."""
    return _jpeg(frame_at(path, _POSTER_AT), width, limit)


def _jpeg(image: Image.Image, width: int, limit: int) -> bytes:
    while True:
        image.thumbnail((width, width))
        for quality in (78, 70, 60, 50, 40, 30, 20):
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= limit:
                return out.getvalue()
        width = width * 3 // 4


def frame_at(path: Path, share: float) -> Image.Image:
    """The picture at a share (0 to 1) of the clip's length; 1 is the very last frame."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        _limit(stream)
        found = _frame_at(container, stream, share)
    if found is None:
        if share:
            return frame_at(path, 0)  # damaged there: the beginning is better than nothing
        raise NotAVideoError("The clip has no picture that can be shown.")
    image: Image.Image = found.to_image()  # type: ignore[no-untyped-call]
    return image


def _frame_at(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, share: float
) -> av.VideoFrame | None:
    wanted = share * _seconds(container, stream)
    if stream.time_base and wanted:
        with contextlib.suppress(av.error.FFmpegError, OverflowError):  # then from the beginning
            container.seek(int(wanted / stream.time_base), stream=stream, backward=True)
    found = None
    for frame in decodable(container, stream):
        found = frame
        if share < 1 and frame.time is not None and frame.time >= wanted:
            break
    return found


def tag(
    source: Path, target: Path, manifest: Mapping[str, Any], container: av.container.InputContainer | None = None
) -> None:
    """Copy the streams into ``target`` with the manifest in the MP4's ``comment``, index first.

    Args:
        source: Of the streams.
        target: Written anew.
        manifest: Becomes JSON.
        container: The source, if it is open already; closed afterwards.
    """
    with (
        container or open_video(source) as inside,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as outside,
    ):
        if container is not None:
            container.seek(_BEFORE_ALL)
        outside.metadata.update(inside.metadata)
        told = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"))
        outside.metadata["comment"] = told.encode("utf-8", "replace").decode()  # a prompt may hold half a character
        copies = {
            stream.index: outside.add_stream_from_template(stream)
            for stream in inside.streams
            if stream.type in {"video", "audio"}
        }
        for packet in inside.demux([inside.streams[index] for index in copies]):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                outside.mux(packet)


def read_tag(path: Path) -> dict[str, Any] | None:
    """The manifest that :func:`tag` wrote, or None."""
    try:
        with open_video(path) as container:
            told = container.metadata.get("comment", "null")
        found = json.loads(told) if len(told) <= _LONGEST_TAG else None
    except (av.error.FFmpegError, ValueError, OSError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def finish(
    part: Path, final: Path, manifest: Mapping[str, Any], container: av.container.InputContainer | None = None
) -> None:
    """Give a downloaded file its manifest and its final name, in one step that cannot half happen.

    Args:
        part: The download; gone afterwards.
        final: Its name.
        manifest: See :func:`tag`.
        container: See :func:`tag`.
    """
    tagged = part.with_name(part.name + ".tagged")
    try:
        try:
            tag(part, tagged, manifest, container)
        except (av.error.FFmpegError, ValueError):
            # A container that cannot be copied keeps its own bytes; the sidecar has the manifest.
            part.replace(tagged)
        with tagged.open("rb+") as written:
            os.fsync(written.fileno())
        tagged.replace(final)
    except BaseException:
        with contextlib.suppress(OSError):
            tagged.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)


def open_video(path: str | Path) -> av.container.InputContainer:
    """A file, open to be read; what is no UTF-8 in its tags does not make it unreadable."""
    container: av.container.InputContainer = av.open(str(path), options=_OPTIONS, **_LENIENT)
    return container


def _video_of(container: av.container.InputContainer) -> av.video.stream.VideoStream:
    stream = next(iter(container.streams.video), None)
    if stream is None:
        raise NotAVideoError("The result's link delivered a file without a video in it.")
    _limit(stream)
    return stream


def _described(
    path: Path, container: av.container.InputContainer, stream: av.video.stream.VideoStream, frame: av.VideoFrame
) -> Probe:
    return Probe(
        seconds=_seconds(container, stream),
        width=frame.width,
        height=frame.height,
        fps=round(float(stream.average_rate or stream.guessed_rate or 0), 3),
        codec=stream.codec_context.name,
        audio=bool(container.streams.audio),
        size=path.stat().st_size,
    )


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What FFmpeg cannot read is no video, and its first bytes say what it is instead."""
    try:
        yield
    except (av.error.FFmpegError, ValueError) as error:
        raise NotAVideoError(
            f"The result's link delivered something that is not a video ({_first_bytes(path)})."
        ) from error


def _limit(stream: av.video.stream.VideoStream) -> None:
    """Keep a small file that claims huge pictures from taking the memory for them."""
    codec: av.VideoCodecContext | None = stream.codec_context  # None where FFmpeg does not know the codec
    if codec is None:
        raise NotAVideoError("The result's link delivered a video in a format that nobody here can decode.")
    if codec.width * codec.height > _LARGEST:
        raise NotAVideoError("The result's link delivered a video with pictures larger than 8K.")
    codec.options = {"max_pixels": str(_LARGEST)}


def decodable(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> Iterator[av.VideoFrame]:
    """The pictures up to the first one that is damaged."""
    with contextlib.suppress(av.error.FFmpegError):
        yield from container.decode(stream)


def _seconds(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> float:
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(Fraction(container.duration or 0, av.time_base))


def _first_bytes(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(60)
    except OSError:
        return "it cannot be read"
    if not head:
        return "it is empty"
    text = head.decode("ascii", "replace")
    return f"it begins with {''.join(c if c.isprintable() else '.' for c in text)!r}"
