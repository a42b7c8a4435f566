"""From a table of shots to one film: one request where the model cuts by itself, else a chain of clips, stitched."""

from kling_nb.storyboard.board import Storyboard
from kling_nb.storyboard.drift import Drift, Join
from kling_nb.storyboard.film import Film, Scene
from kling_nb.storyboard.run import FilmRun
from kling_nb.storyboard.stitching import stitch

__all__ = ["Drift", "Film", "FilmRun", "Join", "Scene", "Storyboard", "stitch"]
