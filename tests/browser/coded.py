"""Clips that say which frame they are showing, in blocks that a test reads off the screen's own pixels."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from kling_nb.media import poster
from kling_nb.player import Clip, compare
from kling_nb.show import JobView, VideoView

WIDTH, HEIGHT, BITS = 160, 90, 9
BLOCK = WIDTH // BITS

READ = """video => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [%d, %d];
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  pen.drawImage(video, 0, 0, canvas.width, canvas.height);
  let frame = 0;
  for (let bit = 0; bit < %d; bit++)
    if (pen.getImageData(bit * %d + %d, %d, 1, 1).data[0] > 128) frame += 2 ** bit;
  return frame;
}""" % (WIDTH, HEIGHT, BITS, BLOCK, BLOCK // 2, HEIGHT - 10)  # noqa: UP031 - JavaScript is full of braces
"""The number of the frame that a video shows."""


def make_coded(path: Path, *, seconds: float, fps: int = 24, hue: int = 0, sound: bool = False) -> None:
    """Write a clip whose frames carry their number along the lower edge, lowest bit first."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "23", "g": "24", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        beep = container.add_stream("aac", rate=48_000) if sound else None
        for frame in range(round(seconds * fps)):
            picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            picture[: HEIGHT - 20] = (60 + hue, 90, 150 - hue)
            picture[20:50, (frame * 2) % WIDTH : (frame * 2) % WIDTH + 16] = 230
            for bit in range(BITS):
                picture[HEIGHT - 20 :, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (frame >> bit & 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
        if beep is not None:
            for _ in range(round(seconds * 48_000 / 1024)):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.sample_rate = 48_000
                container.mux(beep.encode(silence))
            container.mux(beep.encode())


def clip_view(folder: Path, name: str, number: int, *, seconds: float, fps: int = 24, sound: bool = False) -> Clip:
    """A coded clip in the folder, as the player takes it."""
    path = folder / f"{name}.mp4"
    if not path.exists():
        make_coded(path, seconds=seconds, fps=fps, hue=15 * number, sound=sound)
    still = poster(path)
    video = VideoView(path.name, path.name, still, WIDTH, HEIGHT, seconds, fps, path.stat().st_size, sound)
    settings = (f"kling-v{number + 1}", "pro", f"{seconds:g} s")
    prompt = "A red fox trots through fresh snow"
    return Clip(JobView(f"job-{name}", "done", prompt, settings, "Sandbox", sandbox=True, elapsed=3.0, video=video))


def write_page(folder: Path, name: str, clips: Sequence[Clip], *more: str) -> Path:
    """A page with one comparison, and more HTML behind it."""
    path = folder / f"{name}.html"
    body = compare(clips) + "".join(more)
    path.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title><main>{body}</main>')
    return path


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on 127.0.0.1, with ranges, so that a page may read its clips' pixels; the address."""
    app = Starlette(routes=[Mount("/", StaticFiles(directory=folder))])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
