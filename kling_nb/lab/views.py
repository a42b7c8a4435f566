"""A job as the look wants it: plain values, nothing that can change under the painter's hands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb import catalog
from kling_nb.lab.keeping import expiry
from kling_nb.lab.store import relative_url
from kling_nb.show import JobView, VideoView

if TYPE_CHECKING:
    from kling_nb.lab.job import Job
    from kling_nb.lab.video import Video
    from kling_nb.life import JobState
    from kling_nb.pace import Latency
    from kling_nb.request import VideoRequest


def settings_of(request: VideoRequest, gateway: str) -> tuple[str, ...]:
    """What a caption says besides the prompt, the model first, with what the gateway assumes filled in."""
    assumed = catalog.resolved(request, gateway)
    told = (
        request.model,
        assumed.mode,
        assumed.aspect,
        f"{assumed.seconds:g} s" if assumed.seconds else None,
        "with sound" if assumed.sound else None,
        *_material(request),
        f"take {request.take}" if request.take > 1 else None,
    )
    return tuple(item for item in told if item)


def _material(request: VideoRequest) -> tuple[str | None, ...]:
    """What went in besides the prompt, in words that tell two clips apart."""
    frames = {(True, True): "first and last frame", (True, False): "first frame", (False, True): "last frame"}
    motion = catalog.endpoint(request) == "motion-control"
    camera = request.camera
    axes = ", ".join(f"{axis} {amount:+g}" for axis, amount in camera.config.items() if amount) if camera else ""
    return (
        "motion control" if motion else frames.get((request.image is not None, request.tail is not None)),
        _count(len(request.images), "picture"),
        None
        if request.video is None or motion
        else "new from a video"
        if request.refer == "feature"
        else "edited video",
        {True: "its own sound", False: "its sound off", None: None}[request.keep_sound],
        f"facing as in the {request.orientation}" if request.orientation else None,
        _count(len(request.element), "element"),
        _count(len(request.voice), "voice"),
        _count(len(request.masks) + (request.mask is not None), "mask"),
        f"camera {axes or camera.type.replace('_', ' ')}" if camera else None,
        "cut by the model" if request.shot_type == "intelligence" else _count(len(request.shots), "shot"),
    )


def _count(number: int, what: str) -> str | None:
    return f"{number} {what}{'s' if number > 1 else ''}" if number else None


def job_view(
    job: Job,
    video: Video | None,
    label: str,
    notebook: Path,
    now: float,
    ready_note: str,
    latency: Latency | None,
    *,
    posters: bool = True,
) -> JobView:
    """The job at this moment; ``posters`` reads the picture of a finished clip."""
    state = job.state
    request = job.request
    sandbox = state.gateway == "sandbox"
    charge = state.charge or {}
    return JobView(
        id=state.id,
        status=state.status,
        prompt=request.prompt or " / ".join(shot.prompt for shot in request.shots),
        settings=settings_of(request, state.gateway),
        gateway=label,
        sandbox=sandbox,
        elapsed=_elapsed(state, now),
        expected=latency.expected_range() if latency else None,
        progress=state.progress,
        position=state.position,
        price_usd=(state.price or {}).get("usd"),
        price_note=str((state.price or {}).get("note") or ""),
        charged=state.charged,
        charged_usd=charge.get("usd"),
        charged_units=charge.get("units"),
        charged_credits=charge.get("credits"),
        reason=_reason(job),
        moderated=state.error == "ModerationError",
        notes=(*state.notes, *filter(None, (job.waiting_for, expiry(state, now)))),
        ready_note=ready_note if sandbox else "",
        ticket=str((state.ticket or {}).get("id", "")),
        video=_video_view(video, state, notebook, posters=posters) if video else None,
        from_disk=job.from_disk,
    )


def _elapsed(state: JobState, now: float) -> float | None:
    if state.sent is None:
        return None
    if state.terminal:
        return (state.ready or state.updated) - state.sent
    return max(now - state.sent, 0.0)


def _reason(job: Job) -> str:
    if job.state.status == "failed":
        return job.state.reason
    return job.trouble.sentence if job.trouble else job.state.reason


def _video_view(video: Video, state: JobState, notebook: Path, *, posters: bool) -> VideoView:
    stored: Any = state.video or {}
    return VideoView(
        src=relative_url(video.path, notebook),
        path=_short(video.path, notebook),
        poster=video.poster.read_bytes() if video.poster and posters else None,
        width=video.width,
        height=video.height,
        seconds=video.seconds,
        fps=video.fps,
        size=int(stored.get("size", 0)),
        has_audio=bool(stored.get("audio")),
    )


def _short(path: Path, notebook: Path) -> str:
    try:
        return path.relative_to(notebook).as_posix()
    except ValueError:
        return str(path)
