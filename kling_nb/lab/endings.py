"""How a job ended, as the error that whoever asks for its clip is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.errors import (
    BudgetError,
    GenerationError,
    KeyRefusedError,
    KlingError,
    ModerationError,
    NoCreditError,
    NotFoundError,
    OutageError,
    PatienceError,
)
from kling_nb.lab.stopping import STOPPED_BY_USER, stopped_by_user
from kling_nb.life import OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_nb.lab.job import Job
    from kling_nb.life import JobState


def failure(state: JobState) -> KlingError:
    """The error of a failed job, as it was when it failed."""
    if state.error == STOPPED_BY_USER:
        return stopped_by_user(state)
    kinds = (BudgetError, GenerationError, ModerationError, KeyRefusedError, NoCreditError, NotFoundError, OutageError)
    by_name: Mapping[str, type[KlingError]] = {kind.__name__: kind for kind in kinds}
    kind = by_name.get(state.error, GenerationError)
    reason = state.reason or "no reason was given"
    if state.ticket is None:
        return kind(reason, charged=state.charged)
    money = "" if state.charged is None else " It was charged." if state.charged else " It was not charged."
    cure = "Reword the prompt" if kind is ModerationError else "Run the cell again to try anew"
    return kind(f"The generation failed: {reason.rstrip('.')}.{money} {cure}.", charged=state.charged)


def ended(job: Job) -> Job:
    """The handle of a job that nobody works on here, with its trouble if it has no clip."""
    state = job.state
    if state.status == "failed":
        job.trouble = failure(state)
    elif state.status != "done":
        went_on = "run %kling resume to go on." if state.status in OPEN else "run the cell again."
        job.trouble = PatienceError(f"{state.id} is {state.status} and nobody waits for it here: {went_on}")
    elif job.video is None:
        job.trouble = NotFoundError(
            f"The file of {state.id} is no longer in the output folder: %kling resume {state.id} fetches it again "
            "while its link lives.", charged=True,
        )  # fmt: skip
    job.ended.set_result(None)
    return job
