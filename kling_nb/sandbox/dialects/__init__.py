"""The wire formats that the sandbox speaks, a module for each: read a request, word an answer, nothing else.

Each is written from the gateway's own pages and shares no code with :mod:`kling_nb.gateways`. Their paths do not
collide, so one server speaks them all at once; where two share a path, its shape decides (``POST /v1/videos`` is
ImaRouter's, ``POST /v1/videos/text2video`` is Kling's).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_nb.sandbox.dialects import agentsflare, generation2, kling, openai_video, wireflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.routing import BaseRoute

    from kling_nb.sandbox.serving import Refuse


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format.

    Attributes:
        routes: Makes its routes.
        bases: Whose clients speak it, and the path of the base URL that each is given.
        refuse: Words a refusal.
        prefix: What all of its paths begin with; empty for those who share the root.
    """

    routes: Callable[[], Sequence[BaseRoute]]
    refuse: Refuse
    bases: tuple[tuple[str, str], ...]
    prefix: str = ""


DIALECTS = (
    Dialect(kling.routes, kling.refuse, (("Kling", ""),)),
    Dialect(generation2.routes, kling.refuse, (("Kling, second generation", ""),)),
    Dialect(agentsflare.routes, agentsflare.refuse, (("AgentsFlare", ""),), agentsflare.PREFIX),
    Dialect(openai_video.routes, openai_video.refuse, (("ImaRouter", ""), ("the openai package", "/v1"))),
    Dialect(wireflow.routes, wireflow.refuse, (("Wireflow", wireflow.PREFIX),), wireflow.PREFIX),
)
"""In the order in which a path is looked up."""


def refuse_at(path: str) -> Refuse:
    """How an unknown path is answered: as whoever has the prefix does, else as Kling does."""
    return next((d.refuse for d in DIALECTS if d.prefix and path.startswith(f"{d.prefix}/")), kling.refuse)
