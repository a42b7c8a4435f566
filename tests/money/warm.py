"""What each forked kernel would else load by itself: the server of the forks imports this once."""

from __future__ import annotations

from importlib import import_module

from PIL import Image

from kling_nb import catalog

Image.preinit()
catalog.models()
for name in ("kling_nb.catalog.checks", "kling_nb.catalog.prices", "httpcore", "av.subtitles.stream"):
    import_module(name)
