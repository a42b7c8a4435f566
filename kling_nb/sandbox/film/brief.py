"""What a film is made from: one frozen value, so that the same brief gives the same film."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brief:
    """One clip to make.

    Attributes:
        prompt: What to show; any text at all.
        width: Pixels; an odd number loses one, as H.264 with 4:2:0 colour needs even sides.
        height: Pixels, as above.
        seconds: Length of the film; at least one frame is made.
        fps: Frames per second.
        sound: Add a stereo bed in the scene's mood.
        seed: Takes differ by it; the same brief gives the same bytes.
        first: Encoded image (JPEG, PNG) that the film starts on.
        last: Encoded image that it ends on.
        shots: (prompt, seconds) of each shot; hard cuts. Empty is one shot of ``prompt``.
        slate: Short words about the clip, set in one small line; two spaces part words as well.
        negative: What must not be seen; its words are not looked for in the prompt.
    """

    prompt: str
    width: int
    height: int
    seconds: float
    fps: int = 24
    sound: bool = False
    seed: int = 0
    first: bytes | None = None
    last: bytes | None = None
    shots: tuple[tuple[str, float], ...] = ()
    slate: tuple[str, ...] = ()
    negative: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the film: even, and at least 16."""
        return max(16, self.width // 2 * 2), max(16, self.height // 2 * 2)
