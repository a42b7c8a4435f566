"""Clips side by side, from wherever they come: jobs of this folder, finished videos, or files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb import player, show
from kling_nb.errors import InputError, NotAVideoError, OptionError, StorageError
from kling_nb.lab.embedding import beyond
from kling_nb.lab.export import KINDS, Side, write
from kling_nb.lab.job import Job, Jobs
from kling_nb.lab.sandboxed import is_sandbox, label
from kling_nb.lab.store import relative_url
from kling_nb.lab.video import Video
from kling_nb.lab.views import settings_of
from kling_nb.media import poster, probe
from kling_nb.player import LIMIT, Clip, GalleryRow
from kling_nb.player.clips import board
from kling_nb.show import JobView, VideoView
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.lab.lab import Lab
    from kling_nb.player.clips import Placed

_FEWEST = 2


class Comparison:
    """Two to twelve clips in step. Shown by being a cell's last value; :meth:`save` makes a film or a sheet of it.

    Args:
        lab: Knows jobs and folders.
        clips: Jobs (also unfinished ones), finished videos, or paths of MP4s.
        title: A line above.
    """

    def __init__(self, lab: Lab, clips: Sequence[Job | Video], title: str = "") -> None:
        refuse_count(len(clips))
        self.clips = tuple(clips)
        self.title = title
        self._lab = lab
        self._files: dict[Path, JobView] = {}

    def __repr__(self) -> str:
        return self.bundle()["text/plain"]

    @property
    def jobs(self) -> list[Job]:
        """Those of the clips that are jobs."""
        return [clip for clip in self.clips if isinstance(clip, Job)]

    @property
    def folder(self) -> Path:
        """Of the notebook, from which the clips' paths count."""
        return self._lab.notebook

    @property
    def served(self) -> bool:
        """Whether pages of this front end reach files beside the notebook at all."""
        return self._lab.reach.place.serves

    def done(self) -> bool:
        """Whether nothing more will come."""
        return all(job.done() for job in self.jobs)

    def views(self) -> list[Clip]:
        """The clips as the player wants them, as they are now."""
        views = iter(self._lab.views(self.jobs))
        return [Clip(next(views) if isinstance(clip, Job) else self._file(clip)) for clip in self.clips]

    def playable(self) -> list[Clip]:
        """The clips as a saved page has to hold them: with their films inside, where no address leads to a file."""
        clips = self.views()
        views = self._lab.playable([clip.view for clip in clips])
        return [replace(clip, view=view) for clip, view in zip(clips, views, strict=True)]

    def beyond(self) -> bool:
        """Whether a saved page shows some of the clips as posters only."""
        return bool(beyond([clip.view for clip in self.playable()]))

    def bundle(self) -> dict[str, str]:
        """The durable player, and its twin for terminals."""
        clips = self.playable()
        return show.bundle(player.compare(clips, title=self.title), player.compare_text(clips, title=self.title))

    def save(self, path: str | Path, *, sound: int | str | bool | None = True) -> Path:
        """Write the whole comparison into one file, its labels burnt in. Blocks until it is there.

        Args:
            path: ``.mp4`` plays the clips side by side (H.264 and AAC); ``.png`` or ``.jpg`` is a contact sheet.
            sound: Whose sound a film has: by default that of the first clip that has any; a clip's index in
                :attr:`clips`, from 0; or its name as it is burnt in, with its number (``"2: kling-v3"``) or
                without; None or False for a silent film. One clip is heard, never a mix; silence follows when it
                is shorter than the film.

        Raises:
            OptionError: Another kind of file, no such clip, or the one that was named has no sound.
            PatienceError: A clip is not there yet.
            StorageError: It cannot be written.
        """
        target = Path(path).expanduser()
        if target.suffix.lower() not in KINDS:
            raise OptionError(f"A comparison is saved as {', '.join(KINDS)}, not as {target.suffix or target.name!r}.")
        placed = board(self.views()).clips
        paths = [clip.result().path if isinstance(clip, Job) else clip.path for clip in self.clips]
        sides = [Side(paths[one.index], one.name) for one in placed]
        one = _to_hear(placed, sound)
        heard = paths[one.index] if one else None
        try:
            self._lab.home.answer(off_loop(write, sides, target, self.title, heard))
        except OSError as error:
            raise StorageError(f"{target} cannot be written ({error.strerror or error}).") from None
        return target

    def _file(self, video: Video) -> JobView:
        if video.path not in self._files:
            self._files[video.path] = _file_view(video, self._lab.notebook)
        return self._files[video.path]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Any:
        return self._lab.drawn(self)

    def _ipython_display_(self) -> None:
        if not self._lab.show_comparison(self):
            raise NotImplementedError  # IPython then asks for the MIME bundle


def _to_hear(placed: Sequence[Placed], sound: int | str | bool | None) -> Placed | None:  # noqa: FBT001 - see save
    """The clip whose sound was asked for."""
    if sound is None or isinstance(sound, bool):
        return next(filter(_sounds, placed), None) if sound else None
    if isinstance(sound, str):
        found = [one for one in placed if sound in {one.name, one.name.partition(": ")[2]}]
    else:
        found = [one for one in placed if one.index in {sound, sound + len(placed)}]
    names = ", ".join(repr(one.name) for one in placed)
    if len(found) != 1:
        raise OptionError(f"sound={sound!r} names no clip: it is 0 to {len(placed) - 1}, one of {names}, or None.")
    if not _sounds(found[0]):
        heard = " and ".join(repr(one.name) for one in placed if _sounds(one))
        told = f"{heard} {'have' if ' and ' in heard else 'has'}" if heard else "none of them has any"
        raise OptionError(f"{found[0].name!r} has no sound: {told}; sound=None makes a silent film.")
    return found[0]


def _sounds(placed: Placed) -> bool:
    video = placed.clip.view.video
    return video is not None and video.has_audio


def refuse_count(count: int) -> None:
    """Complain about a comparison of too few or too many clips.

    Raises:
        OptionError: There are not 2 to 12 of them.
    """
    if count < _FEWEST:
        raise OptionError(
            f"A comparison needs two to {LIMIT} clips, and there {'is one' if count else 'are none'}: "
            "a comma list, several prompts or --takes 2 makes more."
        )
    if count > LIMIT:
        raise OptionError(f"A comparison shows at most {LIMIT} clips, and these are {count}: choose fewer of them.")


def gathered(lab: Lab, clips: Iterable[Any]) -> list[Job | Video]:
    """The clips that were named: jobs, ``Jobs``, videos, paths of files, and ids of jobs; sequences are opened.

    Raises:
        OptionError: Something else, or there is no such job.
        InputError: A file that is not there, or no video.
    """
    return [found for clip in clips for found in _named(lab, clip)]


def gallery_of(jobs: Sequence[Job], views: Sequence[JobView], notebook: Path) -> show.Shown:
    """Finished jobs as a gallery."""
    rows = [_row(job, view, notebook) for job, view in zip(jobs, views, strict=True)]
    return show.Shown(show.bundle(player.gallery(rows), player.gallery_text(rows)))


def _row(job: Job, view: JobView, notebook: Path) -> GalleryRow:
    day = datetime.fromtimestamp(job.state.created, UTC).astimezone().date().isoformat()
    still = job.video.poster if job.video else None
    return GalleryRow(view, day, relative_url(still, notebook) if still else "")


def _named(lab: Lab, clip: Any) -> Iterator[Job | Video]:
    if isinstance(clip, Job | Video):
        yield clip
    elif isinstance(clip, Path) or (isinstance(clip, str) and clip.lower().endswith((".mp4", ".webm", ".mov", ".m4v"))):
        path = Path(clip).expanduser()
        yield _read(path if path.is_absolute() else next(filter(Path.is_file, (path, lab.notebook / path)), path))
    elif isinstance(clip, str):
        yield lab.job(clip)
    elif isinstance(clip, Jobs | Sequence) or hasattr(clip, "__iter__"):
        for item in clip:
            yield from _named(lab, item)
    else:
        raise OptionError(f"{clip!r} is no clip: compare takes jobs, videos, paths of MP4s and ids of jobs.")


def _read(path: Path) -> Video:
    if not path.is_file():
        raise InputError(f"There is no readable file {path}: compare takes the path of an MP4.")
    try:
        return Video.from_mp4(path)
    except NotAVideoError:
        raise InputError(f"{path.name} is not a video that can be played: compare takes MP4s.") from None


def _file_view(video: Video, notebook: Path) -> JobView:
    """A clip that no job of this folder stands for, as far as its manifest tells."""
    told = video.manifest
    request = video.request
    gateway = str(told.get("gateway") or "")
    found = probe(video.path)
    still = video.poster.read_bytes() if video.poster else poster(video.path)
    charge = told.get("charge") or {}
    sent, ready = told.get("sent_at"), told.get("ready_at")
    return JobView(
        id=video.path.stem,
        status="done",
        prompt=(request.prompt or " / ".join(shot.prompt for shot in request.shots)) if request else "",
        settings=settings_of(request, gateway) if request else (video.path.name,),
        gateway=str(told.get("gateway_label") or (label(gateway) if gateway else "")),
        sandbox=is_sandbox(gateway),
        elapsed=ready - sent if sent and ready else None,
        charged_usd=charge.get("usd"),
        charged_units=charge.get("units"),
        charged_credits=charge.get("credits"),
        from_disk=True,
        video=VideoView(
            src=relative_url(video.path, notebook),
            path=str(video.path),
            poster=still,
            width=video.width,
            height=video.height,
            seconds=video.seconds,
            fps=video.fps,
            size=found.size,
            has_audio=found.audio,
        ),
    )
