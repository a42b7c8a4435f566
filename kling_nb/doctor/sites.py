"""The gateways: which keys are set, where requests go, and one free question where there is a key."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from kling_nb import gateways
from kling_nb.errors import BaseUrlError, GatewayError, KeyRefusedError, KlingError, OutageError, SetupError
from kling_nb.lab.accounts import Account
from kling_nb.show.checks import Check
from kling_nb.wire import Answer, Ask

if TYPE_CHECKING:
    from kling_nb.gateways import Gateway
    from kling_nb.lab import Lab
    from kling_nb.wire import Flow

T = TypeVar("T")

_GROUP = "Gateways"
_SKEW = 60.0
"""Seconds by which a clock may be wrong and nobody minds."""

_AHEAD = 5.0
"""Seconds: a token that we sign begins to hold so long before now."""

_ENCODER = "libx264"


def chosen(lab: Lab) -> Iterator[Check]:
    """Which one a cell without ``--gateway`` uses."""
    try:
        place = lab.gateway()
    except KlingError as error:
        yield Check(
            _GROUP, "chosen", "bad", error.sentence, "Set KLING_NB_GATEWAY or `%config KlingMagics.gateway` anew."
        )
        return
    charges = "charges nothing" if place.scheme == "none" else "a cell without --gateway spends money there"
    yield Check(_GROUP, "chosen", "ok", f"{place.label}: {charges}.")


def sandbox() -> Iterator[Check]:
    """Whether the embedded gateway can make films."""
    import av  # noqa: PLC0415 - 43 ms, and only here

    try:
        av.codec.Codec(_ENCODER, "w")
    except ValueError:  # what PyAV raises for a codec that FFmpeg was built without
        yield Check(_GROUP, "sandbox", "bad", f"This PyAV has no {_ENCODER}, so that no film can be made here.",
                    "`%pip install --force-reinstall av`: the wheels have it.")  # fmt: skip
    else:
        yield Check(_GROUP, "sandbox", "ok", "It is in this process, makes H.264 films, and needs no key.")


def names() -> tuple[str, ...]:
    """Every gateway besides the sandbox."""
    return tuple(name for name in gateways.names() if gateways.gateway(name).scheme != "none")


def site(lab: Lab, name: str, *, offline: bool) -> Iterator[Check]:
    """One gateway. Without its key nothing is asked of the network."""
    place = gateways.gateway(name)
    held = lab.desks.held(place)
    names = next((names for names in place.keys if held.issuperset(names)), None)
    if names is None:
        yield Check(_GROUP, place.label, "note", f"No key set; it needs {place.key_names}.")
        return
    have = f"{' and '.join(names)} set"
    if missing := [value for value in place.values if value not in held]:
        yield Check(
            _GROUP, place.label, "warn", f"{have}, but {' and '.join(missing)} not.", f"Set {missing[0]} as well."
        )
        return
    try:
        where = _origin(lab.desks.base_url(place))
    except BaseUrlError as error:
        yield Check(_GROUP, place.label, "bad", f"{have}. {error.sentence}")
        return
    moved = f" at {where} (by {place.base_url_env})" if where != _origin(place.base_url) else ""
    if offline:
        yield Check(_GROUP, place.label, "ok", f"{have}{moved}; not asked.")
        return
    yield from _asked(lab, place, f"{have}{moved}")


def _asked(lab: Lab, place: Gateway, have: str) -> Iterator[Check]:
    answers: list[Answer] = []
    codec = lab.desks.codec(place)
    flow = codec.balance(lab.now())
    try:
        told = lab.ask(place, _heard(flow or _knock(), answers))
    except KeyRefusedError as error:
        yield Check(
            _GROUP, place.label, "bad", f"{have}. {error.sentence}", f"Set {place.key_names} to a key that holds."
        )
    except OutageError as error:
        yield Check(_GROUP, place.label, "bad", f"{have}. {error.sentence}",
                    "Look at your network, the proxies above and the gateway's own status page.")  # fmt: skip
    except SetupError as error:
        yield Check(_GROUP, place.label, "bad", f"{have}. {error.sentence}")
    except GatewayError as error:
        yield Check(_GROUP, place.label, "warn", f"{have}, and it answers: {error.sentence}")
    else:
        yield _told(place, have, told if flow else None)
    yield from _clock(lab, place, answers)


def _told(place: Gateway, have: str, told: Any) -> Check:
    if told is None:
        return Check(
            _GROUP, place.label, "ok", f"{have}, and it answers. It tells no balance, and so nothing of the key."
        )
    account = Account(place.name, place.label, told.usd, told.units, told.credits, told.lines)
    left = account.summary
    amounts = [amount for amount in (told.usd, told.units, told.credits) if amount is not None]
    if amounts and max(amounts) <= 0:
        return Check(_GROUP, place.label, "warn", f"{have}, the key holds, and nothing is left: {left}.",
                     f"Top the account at {place.label} up.")  # fmt: skip
    return Check(_GROUP, place.label, "ok", f"{have}, and the key holds{f': {left} left' if left else ''}.")


def _clock(lab: Lab, place: Gateway, answers: list[Answer]) -> Iterator[Check]:
    """This machine's clock by the gateway's; a signed token holds between two moments."""
    dates = [date for answer in answers if (date := answer.headers.get("date"))]
    try:
        ahead = lab.now() - parsedate_to_datetime(dates[-1]).timestamp() if dates else 0.0
    except ValueError:
        return
    signs = lab.desks.credentials(place).signs
    if abs(ahead) <= _SKEW and not (signs and ahead > _AHEAD):
        return
    said = f"This machine is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} {place.label}"
    why = "; it takes no token from a wrong clock." if signs else "."
    yield Check(_GROUP, "clock", "bad" if signs else "warn", said + why, "Let the system set its clock by the network.")


def _heard(flow: Flow[T], answers: list[Answer]) -> Generator[Ask, Answer, T]:
    """The flow as it is, while its answers are kept."""
    try:
        ask = next(flow)
        while True:
            answer = yield ask
            answers.append(answer)
            ask = flow.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


def _knock() -> Generator[Ask, Answer, Answer]:
    """A question that any server answers somehow."""
    return (yield Ask("GET", "/"))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
