"""The look: job in, strings out. Nothing here knows a notebook, a clock or a file.

Each kind of output comes twice, for ``text/html`` and for ``text/plain``; :func:`bundle` puts the
two together. The quiet frame is always the same: what is said above, a hairline (which is the progress
while a job runs), then money on the left and what to do next on the right.
"""

from __future__ import annotations

from kling_nb.show.cards import card, card_text, failure
from kling_nb.show.choice import chosen
from kling_nb.show.grids import grid, grid_text
from kling_nb.show.listing import Listing, Shown, node_types, workflow_inputs
from kling_nb.show.plans import dry_run, dry_run_text
from kling_nb.show.results import result, result_text
from kling_nb.show.steps import step_views
from kling_nb.show.tables import table, table_text
from kling_nb.show.view import Cell, Code, JobView, PlanView, RequestView, State, Status, StepView, VideoView

__all__ = [
    "Cell",
    "Code",
    "JobView",
    "Listing",
    "PlanView",
    "RequestView",
    "Shown",
    "State",
    "Status",
    "StepView",
    "VideoView",
    "bundle",
    "card",
    "card_text",
    "chosen",
    "dry_run",
    "dry_run_text",
    "failure",
    "failure_text",
    "grid",
    "grid_text",
    "node_types",
    "result",
    "result_text",
    "step_views",
    "table",
    "table_text",
    "workflow_inputs",
]


def bundle(html: str, text: str) -> dict[str, str]:
    """The two twins as Jupyter takes them."""
    return {"text/html": html, "text/plain": text}


def failure_text(view: JobView) -> str:
    """A job that ended without a clip, for a terminal."""
    return card_text([view])
