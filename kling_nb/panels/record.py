"""What a notebook keeps of a panel: the clips that were made in it, as HTML that needs neither widget nor kernel.

It stands below the panel and is hidden there while the panel lives, because the panel shows the same clips; the
panel's own style sheet does that, and goes with it. Without a kernel it is the other way round: a notebook says of
the panel that its model was not found, and the record's style sheet hides that line.
"""

from __future__ import annotations

from contextvars import copy_context
from secrets import token_hex
from typing import TYPE_CHECKING

from kling_nb.show import bundle, markup

if TYPE_CHECKING:
    from IPython.core.displaypub import DisplayPublisher

    from kling_nb.lab import Jobs, Lab

_MOST = 6
"""Submissions that are kept in sight."""

_INTRO = "This was a panel of kling_nb; it lives as long as its kernel. Run the cell again to have it back."


_LINE = ".jp-OutputArea-output:not(:has(*))"
"""Where Lab and Notebook show a widget, as long as it is none: words and no element."""


class Record:
    """The record of one panel."""

    def __init__(self, lab: Lab) -> None:
        self.id = token_hex(8)
        self._lab = lab
        self._submissions: list[Jobs] = []
        self._publisher: DisplayPublisher | None = None

    def show(self, publisher: DisplayPublisher) -> None:
        """Display it below the panel, in the current cell."""
        self._publisher = publisher
        self._context = copy_context()  # of this cell: it routes later updates here
        self._say(update=False)

    def add(self, jobs: Jobs) -> None:
        """A submission was made; the same clips once more stand there once."""
        known = {job.id for job in jobs}
        self._submissions = [jobs, *(old for old in self._submissions if not {job.id for job in old} <= known)]
        self.refresh()

    def refresh(self) -> None:
        """Say how everything stands now."""
        if self._publisher is not None:
            self._context.copy().run(self._say, update=True)

    def bundle(self) -> dict[str, str]:
        """As HTML and as text."""
        shown = [self._lab.bundle(jobs) for jobs in self._submissions[:_MOST]]
        rest = len(self._submissions) - len(shown)
        more = f" {rest} earlier submissions are in `%kling jobs`." if rest > 0 else ""
        said = markup.root("card", (f'<div class="kling-nb-say"><p>{markup.prose(_INTRO + more)}</p></div>',))
        html = "".join([said, *(one["text/html"] for one in shown)])
        text = "\n\n".join([_INTRO + more.replace("`", ""), *(one["text/plain"] for one in shown)])
        return bundle(marked(html, self.id), text)

    def _say(self, *, update: bool) -> None:
        if self._publisher is not None:
            shown = {"display_id": f"kling-nb-record-{self.id}"}
            self._publisher.publish(data=self.bundle(), metadata={}, transient=shown, update=update)


def hidden_beside(shown: dict[str, str]) -> tuple[dict[str, str], str]:
    """A MIME bundle marked so that a panel can hide it while it lives, and the mark."""
    mark = token_hex(8)
    return bundle(marked(shown["text/html"], mark), shown["text/plain"]), mark


def marked(html: str, mark: str) -> str:
    """HTML that a panel can hide while it lives, and that hides the words in place of a panel that is gone."""
    name = f"kling-nb-record-{mark}"
    hide = f".jp-OutputArea-child:has(+.jp-OutputArea-child .{name})>{_LINE}{{display:none}}"
    return f'<div class="{name}"><style>{hide}</style>{html}</div>'
