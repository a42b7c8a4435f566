"""A gateway as the sandbox plays it: ``imarouter@sandbox`` is ImaRouter's own codec on a wire that goes nowhere.

Whatever ``--gateway`` names can be tried with ``--sandboxed``: its real requests, its refusals and its gaps, no key,
no charge. The name in the journal says where a job was, so any later kernel finds its way back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from kling_nb import catalog, gateways
from kling_nb.errors import OptionError
from kling_nb.lab.history import History
from kling_nb.lab.views import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kling_nb.gateways import Gateway
    from kling_nb.lab.job import Job
    from kling_nb.lab.plan import Plan
    from kling_nb.life import JobState
    from kling_nb.pace import Latency
    from kling_nb.request import VideoRequest
    from kling_nb.show import JobView
    from kling_nb.wire import Codec, Flow, Order, Ticket

SANDBOX = "sandbox"
FLAG = "sandboxed"
"""The keyword, and with dashes the option, that asks for it."""

TAKE_HEADER = "X-Kling-Nb-Take"
"""Tells the sandbox which take is meant where the dialect has no place for our key."""

_MARK = f"@{SANDBOX}"
_ORIGIN = "https://sandbox.kling-nb.invalid"  # in-process; RFC 6761: .invalid never resolves
_BASES = {"kling": "", "openai-video": "", "wireflow": "/api/v1"}
"""Where the sandbox speaks each dialect."""

_PREFIXES = ("/klingai",)
"""Prefixes that it knows: below them it has the manners of the gateway that has them."""


def is_sandbox(name: str) -> bool:
    """Whether a gateway of this name, as a journal has it, is the sandbox."""
    return name == SANDBOX or name.endswith(_MARK)


def gateway(name: str, *, sandboxed: bool = False) -> Gateway:
    """The gateway of that name, as the sandbox plays it if the name or the flag says so.

    Raises:
        OptionError: There is none, or the sandbox does not speak its dialect.
    """
    real = gateways.gateway(name.removesuffix(_MARK))
    if real.name == SANDBOX or not (sandboxed or name.endswith(_MARK)):
        return real
    if real.dialect not in _BASES or real.codec is not None:
        raise OptionError(
            f"The sandbox cannot play {real.label}: it speaks {', '.join(_BASES)}. Leave --sandboxed out, "
            "or take --gateway sandbox."
        )
    return replace(
        real,
        name=real.name + _MARK,
        label=label(real.name + _MARK),
        base_url=_ORIGIN + _BASES[real.dialect],
        base_url_env=None,
        keys=(),
        scheme="none",
        prefix=real.prefix if real.prefix in _PREFIXES else "",
        user_agent=None,
        per_minute=None,
        parallel=None,
    )


def label(name: str) -> str:
    """A gateway's name for people."""
    real = gateways.label(name.removesuffix(_MARK))
    return f"Sandbox as {real}" if name.endswith(_MARK) else real


def played(known: Gateway) -> Gateway:
    """The gateway under the name by which the catalogue knows it."""
    return replace(known, name=known.name.removesuffix(_MARK)) if known.name.endswith(_MARK) else known


def codec(known: Gateway) -> Codec:
    """The real codec of a gateway that the sandbox plays; it needs nothing from the environment."""
    if known.name == SANDBOX:
        return gateways.codec(known, {})  # its dialect carries our key, and the key says which take it is
    return cast("Codec", _Marked(gateways.codec(played(known), dict.fromkeys(known.values, SANDBOX))))


def split(requests: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """The requests without the flag, and whether it was given."""
    listed = [dict(request) for request in requests]
    flags = [bool(request.pop(FLAG, False)) for request in listed]
    return listed, any(flags)


def placed(plan: Plan, place: Gateway) -> Plan:
    """A plan that was checked by the gateway's own rules; if the sandbox plays that gateway, it costs nothing."""
    if not place.name.endswith(_MARK):
        return plan
    return replace(plan, gateway=place, price=catalog.price(plan.request, SANDBOX))


def view(shown: JobView, job: Job, ready_note: str) -> JobView:
    """The view of a job, which says whose defaults hold, and that nothing is charged, where the sandbox plays."""
    real = job.gateway.removesuffix(_MARK)
    if real == job.gateway:
        return shown
    return replace(shown, sandbox=True, ready_note=ready_note, settings=settings_of(job.request, real))


_SOONEST = 0.3
"""Seconds in which even a small film is hardly painted."""


class SandboxHistory(History):
    """What the sandbox took: as long for one gateway that it plays as for another.

    Args:
        seconds: That a task takes, where the sandbox was told; None is its own default.
    """

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__()
        self._seconds = seconds

    def add(self, state: JobState, request: VideoRequest) -> None:
        """Take a finished job into account, once."""
        super().add(replace(state, gateway=SANDBOX), request)

    def latency(self, gateway: str, request: VideoRequest) -> Latency:
        """What to expect of a request, whatever gateway is played."""
        del gateway
        return super().latency(SANDBOX, request)

    def _prior(self, gateway: str, seconds: float | None, mode: str | None) -> Latency:
        usual = super()._prior(gateway, seconds, mode)
        return usual if self._seconds is None else replace(usual, median=max(self._seconds, _SOONEST))


class _Marked:
    """A codec whose paid ask says which take it is, in a header that only the sandbox reads."""

    def __init__(self, real: Codec) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def submit(self, order: Order) -> Flow[Ticket]:
        """As the codec submits it, with the header on every take but the first."""
        flow = self._real.submit(order)
        try:
            ask = next(flow)
            while True:
                if ask.paid and order.request.take > 1:
                    ask = replace(ask, headers={**ask.headers, TAKE_HEADER: str(order.request.take)})
                ask = flow.send((yield ask))
        except StopIteration as end:
            ticket: Ticket = end.value
            return ticket
