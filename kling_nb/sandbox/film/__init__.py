"""The sandbox's film maker: an animatic of the prompt, as a real MP4, without a model and without a network."""

from __future__ import annotations

from kling_nb.sandbox.film.brief import Brief
from kling_nb.sandbox.film.render import render

__all__ = ["Brief", "render"]
