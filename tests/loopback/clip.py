"""A real MP4, as small as they come."""

from __future__ import annotations

import functools
import io

import av
import numpy as np


@functools.cache
def make_clip(width: int = 64, height: int = 36, frames: int = 12, fps: int = 12) -> bytes:
    """One second of H.264 in which a bright bar walks to the right."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for n in range(frames):
            picture = np.full((height, width, 3), 40, np.uint8)
            picture[:, n * width // frames : (n + 1) * width // frames] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()
