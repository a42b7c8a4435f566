"""Finished clips on a page that can reach no file and whose notebook should not hold them: through the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from kling_nb.panels.assets import css, esm
from kling_nb.panels.films import Films
from kling_nb.panels.link import Linked
from kling_nb.panels.rows import row

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.panels.link import Verb
    from kling_nb.show import JobView


class Screen(Linked):
    """The widget.

    Attributes:
        page: What a saved notebook shows, with posters where this one plays.
        rows: The jobs of those posters, in the page's order, see :func:`kling_nb.panels.rows.row`.
    """

    _esm = esm("screen")
    _css = css()
    page = traitlets.Unicode().tag(sync=True)
    rows: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)

    def __init__(self, lab: Lab, page: str, views: Sequence[JobView]) -> None:
        self._films = Films(lab)
        super().__init__(lab, page=page, rows=[row(view) for view in views])

    def verbs(self) -> Mapping[str, Verb]:
        """What the browser asks."""
        return self._films.verbs()

    def view(self) -> dict[str, Any]:
        """The MIME bundle that displays it."""
        return dict((self._repr_mimebundle_() or ({},))[0])
