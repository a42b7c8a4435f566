"""Scores of finished clips: what is missing is measured wherever the executor is, and appended to a log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kling_nb import catalog
from kling_nb.bench import files
from kling_nb.bench.work import Work
from kling_nb.lab.store import Store
from kling_nb.request import VideoRequest
from kling_nb.show import bundle, markup
from kling_nb.show.markup import esc
from kling_nb.show.style import BAR, FOOT, STATE
from kling_nb.show.words import clip, line, plural

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from kling_nb.bench.bench import Bench
    from kling_nb.bench.rows import Standing

FILE = "scores.jsonl"
_BATCH = 16
_PROXIES = "Scores are proxies of defects: none of them says whether a clip is good."


class Measuring(Work["list[dict[str, Any]]"]):
    """Measuring of a bench. ``await`` gives the rows of the clips that have a defect.

    Attributes:
        total: Clips that lacked a score.
        measured: Clips that have it now.
        errors: Clips that could not be measured, or of which a metric could not.
        reason: The last such error.
    """

    name = "measuring"
    resumes = "measure again: only what is missing is measured."

    def __init__(self, bench: Bench, executor: Executor | None, metrics: Sequence[str] | None) -> None:
        super().__init__(bench.lab)
        from kling_nb.metrics import STANDARD  # noqa: PLC0415 - OpenCV and friends load with the first measurement
        from kling_nb.metrics.registry import find  # noqa: PLC0415 - see above

        self._bench = bench
        self._executor = executor
        versions = {name: find(name).version for name in (STANDARD if metrics is None else metrics)}
        have = {job: found["versions"] for job, found in scores_of(bench.folder).items()}
        folder = bench.lab.folder
        self._jobs = [
            (found, job)
            for found in bench.standings()
            if found.status == "done" and (job := _job(found, folder, versions, have))
        ]
        self.total = len(self._jobs)
        self.measured = 0
        self.errors = 0
        self.reason = ""
        self._begin(self._off_loop())

    def outcome(self) -> list[dict[str, Any]]:
        """The rows with defects."""
        return [row for row in self._bench.rows() if row["defects"]]

    def bundle(self) -> dict[str, str]:
        """How far it is."""
        name = line(self._bench.name, 80)
        text = f"{name}: {self.measured:,} of {plural(self.total, 'clip')} measured"
        text += f", {self.errors:,} with errors" if self.errors else ""
        share = self.measured / self.total if self.total else 1.0
        bar = f'<div class="kling-nb-bar" style="--f:{share:.1%};--s:{share:.1%};--l:100%;--h:100%"><i></i></div>'
        why = clip(self.reason, 240)
        said = f'<div class="kling-nb-say"><b>{esc(text)}</b>{f"<p>{esc(why)}</p>" if why else ""}</div>'
        html = markup.root("card", (said, "" if self.done() else bar, markup.foot(esc(_PROXIES))), FOOT, STATE, BAR)
        return bundle(html, "\n".join(filter(None, (text, why and f"  {why}", _PROXIES))))

    async def _off_loop(self) -> None:
        # A thread of its own: the package's worker stores clips that arrive meanwhile.
        await asyncio.to_thread(self._measure)

    def _measure(self) -> None:
        from kling_nb.metrics import spread  # noqa: PLC0415 - see above

        log, ready = self._bench.folder / FILE, list[dict[str, Any]]()
        for answer in spread(self._executor, [job for _, job in self._jobs]):
            standing, _ = self._jobs[answer["number"]]
            self._note(answer)
            if answer.get("scores"):
                ready.append(_line(standing, answer))
            if len(ready) == _BATCH:
                files.append(log, ready)
                ready = []
            self._changed()
        if ready:
            files.append(log, ready)

    def _note(self, answer: Mapping[str, Any]) -> None:
        trouble = [answer["error"]] if answer.get("error") else list(answer.get("errors", {}).values())
        self.measured += bool(answer.get("scores"))
        if trouble:
            self.errors += 1
            self.reason = str(trouble[0])


def scores_of(folder: Path) -> dict[str, dict[str, Any]]:
    """What the log says of each job: ``sha256``; ``scores`` and ``versions`` by metric; ``defects`` and ``badges``."""
    told: dict[str, dict[str, Any]] = {}
    for row in files.lines(folder / FILE):
        if isinstance(row.get("job"), str) and isinstance(row.get("scores"), dict):
            found = told.setdefault(row["job"], {"sha256": row.get("sha256"), "full": {}})
            found["full"] |= {name: score for name, score in row["scores"].items() if isinstance(score, dict)}
    if told:
        from kling_nb.metrics import badges, verdict  # noqa: PLC0415 - nothing to judge, nothing to import

        for found in told.values():
            full = found.pop("full")
            found["scores"] = {name: score.get("value") for name, score in full.items()}
            found["versions"] = {name: score.get("version") for name, score in full.items()}
            found["defects"] = list(verdict(full))
            found["badges"] = badges(full)
    return told


def _job(
    found: Standing, folder: Path, versions: Mapping[str, int], have: Mapping[str, Mapping[str, int]]
) -> dict[str, Any] | None:
    """What :func:`kling_nb.metrics.measure` is to do for a cell; None if it has all its scores."""
    state = found.state
    if state is None or state.video is None:
        return None
    there = have.get(state.id, {})
    names = [name for name, version in versions.items() if there.get(name) != version]
    if not names:
        return None
    request = VideoRequest.model_validate(state.request)
    return {
        "path": str(folder / str(state.video["path"])),
        "names": names,
        "asked": dict(_asked(request, state.gateway.partition("@")[0], folder)),
    }


def _asked(request: VideoRequest, gateway: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """What a clip is held against; what nobody has said is left out."""
    assumed = catalog.resolved(request, gateway)
    if assumed.seconds:
        yield "seconds", float(assumed.seconds)
    if assumed.aspect:
        yield "aspect", assumed.aspect
    if request.sound is not None:
        yield "sound", request.sound
    if request.shots:
        yield "shots", len(request.shots)
    where = Store(folder).input_path
    for name, frame in (("first_frame", request.image), ("last_frame", request.tail)):
        if frame and frame.sha256 and (path := where(frame.sha256, frame.media_type)).is_file():
            yield name, str(path)


def _line(standing: Standing, answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "job": standing.state.id if standing.state else "",
        "cell": standing.cell.id,
        "sha256": answer.get("sha256"),
        "scores": answer["scores"],
        "errors": answer.get("errors") or {},
    }
