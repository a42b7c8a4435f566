"""Free questions that only a gateway with pipelines answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_nb.errors import RequestError

if TYPE_CHECKING:
    from kling_nb.lab.lab import Lab


def of_pipelines(lab: Lab, gateway: str, verb: str, *arguments: str) -> Any:
    """Put the question that a codec has under this name, and block for the answer.

    Raises:
        RequestError: The gateway runs no pipelines.
        KlingError: It refused to tell.
    """
    place = lab.gateway(gateway)
    question = getattr(lab.desks.codec(place), verb, None)
    if question is None:
        raise RequestError(f'{place.label} makes single clips only: pipelines run with gateway="wireflow".')
    return lab.ask(place, question(*arguments))
