"""The comparison while its clips are still being made: each appears as it finishes, and the player plays on.

It shows what :func:`kling_nb.player.compare` would show, so that at the end that durable form can take its place
without anything changing on the screen. Notebooks resolve relative links in HTML but not inside of widgets, so here
the clips come through the widget's own channel, in pieces.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from kling_nb import player

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIECE = 1 << 20
"""Bytes of one message: of the sizes that were measured, the fastest that every front end takes."""


class ComparePanel(anywidget.AnyWidget):
    """One comparison.

    Attributes:
        sheet: The style sheet; inside the output and not on the page, so that it also holds in a shadow root.
        parts: ``{id, head, shape, cells: [[key, html], …], foot}``, see :class:`kling_nb.player.Parts`. A clip whose
            key has not changed keeps its element, and so goes on playing.
    """

    _esm = player.module() + Path(__file__).with_suffix(".js").read_text("utf-8")
    sheet = traitlets.Unicode(player.style()).tag(sync=True)
    parts = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, Path] = {}
        self.on_msg(self._asked)

    def fill(self, clips: Sequence[player.Clip], folder: Path, title: str = "") -> None:
        """Show these clips as they are now.

        Args:
            clips: In order.
            folder: Of the notebook, from which their paths count.
            title: A line above.
        """
        found = player.parts(clips, title=title)
        self._files |= {
            found.keys[index]: folder / one.view.video.path for index, one in enumerate(clips) if one.view.video
        }
        cells = [list(cell) for cell in found.cells]
        self.parts = {"id": found.id, "head": found.head, "shape": found.shape, "cells": cells, "foot": found.foot}

    def view(self) -> dict[str, Any]:
        """The MIME bundle that displays it."""
        bundle = self._repr_mimebundle_()
        return dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})

    def close(self) -> None:
        """Take it out of the kernel and out of every page, its layout included."""
        layout = self.layout
        super().close()
        layout.close()

    def _asked(self, _: object, content: dict[str, Any], __: object) -> None:
        """Send the next piece of a clip's file, or an empty one at its end."""
        key, at = str(content.get("key")), content.get("at")
        data = b""
        if key in self._files and isinstance(at, int) and at >= 0:
            try:
                with self._files[key].open("rb") as file:
                    file.seek(at)
                    data = file.read(_PIECE)
            except OSError:
                data = b""
        self.send({"key": key, "at": at}, [data])
