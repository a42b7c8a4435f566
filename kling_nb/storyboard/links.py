"""The frame that leads from one clip to the next: taken once, kept, and the same bytes ever after.

A request is known again by the bytes of its first frame. Decoders and PNG encoders change with their versions,
and a chain whose frames came out otherwise one day would be paid for twice; so what was sent is kept beside the clips.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from kling_nb.lab.store import Store
from kling_nb.request import Frame

if TYPE_CHECKING:
    from kling_nb.lab import Lab, Video


def last_frame(lab: Lab, video: Video) -> bytes:
    """The frame that a clip of this lab ends with, as a PNG. Blocks; worker thread only."""
    path = _place(lab, video.path)
    if not path.is_file():
        file = io.BytesIO()
        video.last_frame().convert("RGB").save(file, "PNG")
        path.parent.mkdir(parents=True, exist_ok=True)
        Store(path.parent).write_bytes(path, file.getvalue())
    return path.read_bytes()


def kept_frame(lab: Lab, video: Video | None) -> Frame | None:
    """What a request says of that frame if it was taken before; None where no later clip can have begun with it."""
    path = _place(lab, video.path) if video else None
    if path is None or not path.is_file():
        return None
    return Frame(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), media_type="image/png")


def _place(lab: Lab, clip: Path) -> Path:
    return lab.folder / "inputs" / f"last-of-{clip.stem}.png"
