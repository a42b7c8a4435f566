"""The comparison player: plain values in, one self-contained HTML out that plays clips in step.

The page is whole without its script: native players, captions, links. The script (one plain ES module, see
``deck.js``, ``stage.js`` and ``player.js``) travels inside the output, so that the player works in a reopened
notebook, in an exported page and in a shared folder, with no kernel and no network.
"""

from __future__ import annotations

from kling_nb.player.assets import module, scoped, style
from kling_nb.player.clips import LIMIT, Clip
from kling_nb.player.gallery import GalleryRow, gallery, gallery_text
from kling_nb.player.html import Parts, compare, compare_text, films, parts

__all__ = [
    "LIMIT",
    "Clip",
    "GalleryRow",
    "Parts",
    "compare",
    "compare_text",
    "films",
    "gallery",
    "gallery_text",
    "module",
    "parts",
    "scoped",
    "style",
]
