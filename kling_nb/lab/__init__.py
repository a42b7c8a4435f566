"""Wires the rooms together: submit, resume, wait. The composition root, and it needs no notebook."""

from functools import cache

from kling_nb.lab.job import Job, Jobs
from kling_nb.lab.lab import Lab
from kling_nb.lab.plan import Plan
from kling_nb.lab.video import Video

__all__ = ["Job", "Jobs", "Lab", "Plan", "Video", "the_lab"]


@cache
def the_lab() -> Lab:
    """The one lab of this process, shared by the magic and ``kling.submit``."""
    return Lab()
