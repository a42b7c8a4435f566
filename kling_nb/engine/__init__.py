"""The only room that speaks HTTP: drives flows, retries what is free, sends what is paid once.

:mod:`.http` holds the HTTP library behind three small names, :mod:`.lines` the short way that
most requests take, :mod:`.asks` decides what may be sent again, :mod:`.download` brings the clip home.
"""

from kling_nb.engine.asks import Engine, Unsent
from kling_nb.engine.http import Place

__all__ = ["Engine", "Place", "Unsent"]
