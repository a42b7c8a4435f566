"""From a brief to a file: shots in order, one thread painting scenery while another finishes and encodes frames."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from kling_nb.sandbox.film.mp4 import Mp4
from kling_nb.sandbox.film.scene import Scene, stage_shot
from kling_nb.sandbox.film.slate import Slate, typeset
from kling_nb.sandbox.film.sound import bed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kling_nb.sandbox.film.brief import Brief
    from kling_nb.sandbox.film.layers import Frame

AHEAD = 2
"""How many frames may be in the making or wait for the encoder; more would only cost memory.

One painter, because scenery takes about as long as all the rest. numpy lets go of the interpreter, so both run at
once; a second painter spends a tenth more on taking turns than it gains.
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """A shot's place in the film, as frame numbers."""

    prompt: str
    start: int
    end: int


def cuts(brief: Brief) -> list[Cut]:
    """The film's shots in frames; a shot shorter than one frame is left out."""
    total = max(1, round(brief.seconds * brief.fps))
    if not brief.shots:
        return [Cut(brief.prompt, 0, total)]
    edges, clock = [0], 0.0
    for _, seconds in brief.shots:
        clock += seconds
        edges.append(min(total, round(clock * brief.fps)))
    edges[-1] = total
    return [Cut(prompt, a, b) for (prompt, _), (a, b) in zip(brief.shots, pairwise(edges), strict=True) if b > a]


def render(brief: Brief, path: Path) -> None:
    """Make the film of a brief. Blocks; call it in a worker thread.

    Args:
        brief: What to make.
        path: The MP4 to write (H.264, yuv420p, the index first; AAC stereo with ``sound``);
            removed again on failure.

    Raises:
        OSError: The path cannot be written, or ``first`` or ``last`` is no image that Pillow can read.
    """
    plan = cuts(brief)
    opening = _scene(brief, plan[0], plan)
    loop = bed(opening.reading, opening.light, brief.seed) if brief.sound else None
    try:
        with Mp4(path, brief.size, brief.fps, loop, plan[-1].end) as film:
            for frame in _finished(stills(brief, plan, opening)):
                film.write(frame)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _scene(brief: Brief, cut: Cut, plan: list[Cut]) -> Scene:
    return stage_shot(
        cut.prompt,
        brief.negative,
        brief.size,
        (cut.end - cut.start) / brief.fps,
        brief.seed,
        first=brief.first if cut is plan[0] else None,
        last=brief.last if cut is plan[-1] else None,
    )


@dataclass(frozen=True, slots=True)
class Still:
    """One frame to be made; frames know nothing of one another.

    Attributes:
        t: Its place in its cut, 0 to 1.
        index: Its number in the film.
        strength: How visible the type is, 0 to 1.
    """

    scene: Scene
    slate: Slate | None
    t: float
    index: int
    strength: float

    def paint(self) -> Frame:
        """The scenery, which is about half of the work."""
        return self.scene.shoot(self.t)

    def finish(self, frame: Frame) -> Frame:
        """What lies before the scenery: the air and the type."""
        self.scene.fill_air(frame, self.t)
        if self.slate:
            self.slate.draw(frame, self.index, self.strength)
        return frame


def stills(brief: Brief, plan: list[Cut], opening: Scene) -> Iterator[Still]:
    """Every frame of the film in order, yet to be made."""
    total = plan[-1].end
    for cut in plan:
        scene = opening if cut is plan[0] else _scene(brief, cut, plan)
        slate = typeset(cut.prompt or brief.prompt, brief.slate, brief.size, brief.fps) if brief.slate else None
        for index in range(cut.start, cut.end):
            t = (index - cut.start) / max(1, cut.end - cut.start - 1)
            yield Still(scene, slate, t, index, _type_strength(brief, index, total))


def _type_strength(brief: Brief, index: int, total: int) -> float:
    """Type is there from the first frame (posters show it), except over one that must equal a given picture.

    It is gone at the end, whose last frame may be the first of the next clip.
    """
    fade = max(1.0, 0.5 * brief.fps)
    strength = min(1.0, (total - 1 - index) / fade)
    return strength if brief.first is None else min(strength, index / fade)


def _finished(frames: Iterator[Still]) -> Iterator[Frame]:
    """The frames in order, their scenery painted a little ahead in a thread of its own."""
    waiting: deque[tuple[Still, Future[Frame]]] = deque()
    with ThreadPoolExecutor(1, "film painter") as painter:
        for still in frames:
            waiting.append((still, painter.submit(still.paint)))
            if len(waiting) > AHEAD:
                ready, frame = waiting.popleft()
                yield ready.finish(frame.result())
        for ready, frame in waiting:
            yield ready.finish(frame.result())
