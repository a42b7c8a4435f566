"""The jobs of a lab as they look at this moment: views, and the bundle that a cell shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kling_nb import show
from kling_nb.lab import sandboxed as sandbox
from kling_nb.lab.views import job_view
from kling_nb.pipeline import run_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kling_nb.lab.job import Job
    from kling_nb.lab.lab import Lab
    from kling_nb.pace import Latency
    from kling_nb.show import JobView


def views(lab: Lab, jobs: Sequence[Job], *, posters: bool = True) -> list[JobView]:
    """The jobs as the look wants them.

    Args:
        lab: Theirs.
        jobs: In this order.
        posters: Whether the pictures of finished clips are read.
    """
    notebook, folder, now, note = lab.notebook, lab.folder, lab.now(), _ready_note(lab)

    def view(job: Job) -> JobView:
        latency = _latency(lab, job, folder)
        label = sandbox.label(job.gateway)
        shown = job_view(job, job.video, label, notebook, now, note, latency, posters=posters)
        return sandbox.view(_with_steps(job, shown), job, note)

    return [view(job) for job in jobs]


def bundle(lab: Lab, jobs: Sequence[Job]) -> dict[str, str]:
    """The jobs as they are now: a live card, a result or a grid."""
    statuses = [job.status for job in jobs]
    under_way = any(status != "done" for status in statuses) and not (len(jobs) > 1 and all(job.done() for job in jobs))
    places = show.chosen(statuses)
    fresh = views(lab, [jobs[index] for index in places], posters=not under_way)
    found = dict(zip(places, fresh if under_way else lab.playable(fresh), strict=True))
    others = [index for index in range(len(jobs)) if index not in found]
    found |= zip(others, _glances(lab, [jobs[index] for index in others]), strict=True)
    seen = [found[index] for index in range(len(jobs))]
    if under_way:
        return show.bundle(show.card(seen), show.card_text(seen))
    if len(seen) == 1:
        return show.bundle(show.result(seen[0]), show.result_text(seen[0]))
    return show.bundle(show.grid(seen), show.grid_text(seen))


def _glances(lab: Lab, jobs: Sequence[Job]) -> list[JobView]:
    """Jobs that are not shown, as they looked when something last happened to them: enough to count them."""
    stale = [job for job in jobs if job.glance is None or job.glance[0] is not job.state]
    for job, view in zip(stale, views(lab, stale, posters=False), strict=True):
        job.glance = job.state, view
    return [job.glance[1] for job in jobs if job.glance]


def _latency(lab: Lab, job: Job, folder: Path) -> Latency | None:
    """How long an open job is believed to take."""
    if job.state.terminal:
        return None
    return lab.desks.history(folder, job.gateway).latency(job.gateway, job.request)


def _ready_note(lab: Lab) -> str:
    ready = lab.ready_gateways()
    if not ready:
        return ""
    names = " or ".join(f"--gateway {g.name}" for g in ready)
    return f"{' and '.join(g.label for g in ready)} ready: {names} makes the real thing."


def _with_steps(job: Job, view: JobView) -> JobView:
    """The view with the steps of a run that has some, and with what helps once such a run has failed."""
    if run_of(job.state.request.get("extra", {})) is None:
        return view
    anew = "Its finished steps were charged. Run the cell again to send it anew."
    failed = job.status == "failed" and job.state.charged
    return replace(view, steps=show.step_views(job.state.nodes), next_step=anew if failed else view.next_step)
