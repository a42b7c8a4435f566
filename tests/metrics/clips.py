"""Small clips with planted defects, and jobs for other processes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kling_nb.metrics import Reel, measure, metric

Bytes = NDArray[np.uint8]
WIDTH, HEIGHT, FPS, COUNT, SPEED = 320, 180, 24, 48, 2


def texture(width: int = WIDTH + SPEED * COUNT, height: int = HEIGHT, seed: int = 1) -> Bytes:
    """Something like a landscape: coarse forms and fine grain, in colours."""
    draws = np.random.default_rng(seed)
    found = np.full((height, width, 3), 128.0)
    for cells, strength in ((4, 55), (14, 35), (50, 22), (width // 2, 14), (width, 8)):
        small = draws.uniform(-1, 1, (max(2, cells * height // width), cells, 3))
        layers = [Image.fromarray(small[..., n].astype(np.float32)).resize((width, height), 3) for n in range(3)]
        found += np.stack([np.asarray(layer) for layer in layers], axis=-1) * strength
    return found.clip(0, 255).astype(np.uint8)


def pan(count: int = COUNT, seed: int = 1) -> list[Bytes]:
    """A clean clip: the camera goes to the right."""
    wide = texture(seed=seed)
    return [wide[:, n * SPEED : n * SPEED + WIDTH] for n in range(count)]


def shifted(frame: NDArray[Any], by: Any) -> Bytes:
    """All levels moved or scaled, kept within 8 bits."""
    moved: Bytes = np.clip(np.asarray(frame, np.float64) + by, 0, 255).astype(np.uint8)
    return moved


def write(path: Path, frames: Iterable[Bytes], *, fps: int = FPS, sound: float | None = None) -> Path:
    """A file of frames; ``sound`` is how loud it is, None has none."""
    frames = list(frames)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "18"})
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=44100, layout="mono") if sound is not None else None
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(video.encode())
        if audio:
            count = 44100 * len(frames) // fps
            wave = sound * np.sin(np.arange(count, dtype=np.float32) / 10)[None]
            tone = av.AudioFrame.from_ndarray(wave.astype(np.float32), "fltp", "mono")
            tone.sample_rate = 44100
            for packet in (*audio.encode(tone), *audio.encode()):
                container.mux(packet)
    return path


@metric("elsewhere_glow", unit="levels", better="higher")
def glow(reel: Reel, _: object) -> float:
    """Somebody's own metric, in a file that other processes can import."""
    return float(reel.brightness.mean())


def dies_once(path: str, mark: str) -> dict[str, Any]:
    """Take the whole process down the first time, and measure the second."""
    if not Path(mark).exists():
        Path(mark).touch()
        os._exit(9)
    return measure(path, ("freeze", "pulse"))


def dies(path: str) -> dict[str, Any]:
    """Take the process down, whenever it is tried."""
    os._exit(len(path) and 9)


def who(path: str) -> dict[str, Any]:
    """Which process did it."""
    print("something that does not belong into the answer")  # noqa: T201 - it must not spoil it
    return {"path": path, "pid": os.getpid()}


def fails_once(path: str, mark: str) -> dict[str, Any]:
    """Raise the first time."""
    if not Path(mark).exists():
        Path(mark).touch()
        raise OSError("not yet")
    return {"path": path}
