"""``kling.stitch``: any finished clips to one film."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.errors import InputError, KlingError, OptionError
from kling_nb.lab import Job, Video
from kling_nb.lab.sandboxed import is_sandbox
from kling_nb.storyboard.assembly import Take, assemble
from kling_nb.storyboard.film import Film
from kling_nb.storyboard.house import notebooks_lab
from kling_nb.storyboard.run import FilmRun
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.lab import Lab

_MP4S = (".mp4", ".mov", ".m4v", ".webm")


def stitch(
    *clips: Any, path: str | Path | None = None, name: str = "film", match_colour: bool = False, lab: Lab | None = None
) -> Film:
    """Put finished clips behind each other as one film. Blocks until it is there; costs nothing.

    Where a clip goes on from the last frame of the one before, the frame that both have is shown once. The picture is
    copied bit by bit where all clips are coded alike, else encoded anew (H.264) in the first one's size and frames a
    second. Each keeps its sound, with fades of 15 ms at the joins; a silent one among others gets silence.

    Args:
        *clips: Finished jobs, videos, paths of MP4s, ids of jobs, or sequences of them.
        path: An .mp4 to write; None for one in the output folder.
        name: What the film is called.
        match_colour: Take back at each join what the colours have drifted; encodes the film anew.
        lab: Another lab than the notebook's.

    Raises:
        OptionError: No clips, or something that is none.
        InputError: A file that is not there, or no video.
        PatienceError: A job has no clip yet.
        StorageError: The film cannot be written.
    """
    house = lab or notebooks_lab()
    takes = list(_takes(house, clips))
    if not takes:
        raise OptionError("There is nothing to stitch: give finished jobs, videos, or paths of MP4s.")
    target = Path(path).expanduser() if path is not None else None
    return house.home.answer(off_loop(assemble, house, takes, name, target, match_colour=match_colour))


def _takes(lab: Lab, clips: Iterable[Any]) -> Iterator[Take]:
    for clip in clips:
        if isinstance(clip, FilmRun):
            yield _take(clip.result(), None)
        elif isinstance(clip, Job):
            yield _take(clip.result(), clip.price)
        elif isinstance(clip, Video):
            yield _take(clip, (clip.manifest.get("expected_price") or {}).get("usd"))
        elif isinstance(clip, Path) or (isinstance(clip, str) and clip.lower().endswith(_MP4S)):
            yield _take(_read(Path(clip).expanduser(), lab), None)
        elif isinstance(clip, str):
            job = lab.job(clip)
            yield _take(job.result(), job.price)
        elif isinstance(clip, Iterable):
            yield from _takes(lab, clip)
        else:
            raise OptionError(f"{clip!r:.80} is no clip: stitch takes finished jobs, videos and paths of MP4s.")


def _take(video: Video, expected: float | None) -> Take:
    if isinstance(video, Film):
        return Take(video.title, video, None, video.expected, video.free)
    request = video.request
    said = (request.prompt or " / ".join(shot.prompt for shot in request.shots)) if request else ""
    return Take(said or video.path.stem, video, None, expected, is_sandbox(str(video.manifest.get("gateway") or "")))


def _read(path: Path, lab: Lab) -> Video:
    place = path if path.is_absolute() else next(filter(Path.is_file, (path, lab.notebook / path)), path)
    if not place.is_file():
        raise InputError(f"There is no readable file {path}: stitch takes the path of an MP4.")
    try:
        return Video.from_mp4(place)
    except KlingError:
        raise InputError(f"{path.name} is not a video that can be played: a film is stitched from MP4s.") from None
