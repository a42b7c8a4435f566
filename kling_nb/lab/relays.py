"""``kling.register_gateway``: a gateway of one's own in a few lines, checked before it can see a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from kling_nb import gateways
from kling_nb.errors import OptionError
from kling_nb.gateways import Gateway
from kling_nb.gateways.table import Scheme, Settles
from kling_nb.settings import checked_base_url

if TYPE_CHECKING:
    from kling_nb.wire import Codec

    MakesCodec = Callable[[Gateway, Mapping[str, str]], Codec]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OWN = "own"


def register_gateway(  # noqa: PLR0913 - it is a form to fill in, and all but three lines have a default
    name: str,
    *,
    base_url: str,
    dialect: str = "",
    codec: MakesCodec | None = None,
    key_env: str | Sequence[str] | None = None,
    scheme: Scheme | None = None,
    label: str = "",
    base_url_env: str | None = None,
    prefix: str = "",
    values: Sequence[str] = (),
    user_agent: str | None = None,
    settles: Settles = "nothing",
    per_minute: int | None = None,
    parallel: int | None = None,
    inline_images: bool = True,
) -> Gateway:
    """Add a gateway for this session; it is there at once for ``--gateway``, ``%kling gateways`` and Tab.

    ::

        kling.register_gateway("relay", dialect="kling", base_url="https://relay.example.com", key_env="RELAY_KEY")

    Registering a name again replaces it, so the cell can be run again.

    Args:
        name: What is typed after ``--gateway``: small letters, digits, - and _.
        base_url: https, or http on this machine. Every path of the dialect is below it.
        dialect: The wire format it speaks: kling, openai-video, wireflow, fal or replicate.
        codec: A codec of one's own instead: called with the gateway and what its ``values`` hold.
        key_env: Name of the environment variable that holds the key; several are alternatives; None: no key.
        scheme: How the key travels: ``bearer`` (the default), ``key`` (as fal.ai wants it) or ``none``.
        label: Its name in sentences; the name itself unless given.
        base_url_env: Environment variable that overrides ``base_url``.
        prefix: Stands before every path, beginning with ``/``.
        values: Further environment variables that it needs and that are no secrets.
        user_agent: For its downloads, where its CDN insists on one.
        settles: What proves that a lost paid request was not accepted: ``lookup``, ``idempotency-key`` or
            ``nothing``. Promise only what its pages promise: it decides whether a request is sent again.
        per_minute: Requests that it allows per minute.
        parallel: Tasks that it works on at once.
        inline_images: Whether local frames may travel as base64 in the JSON body.

    Returns:
        The gateway.

    Raises:
        OptionError: Something cannot be as it was given; the sentence says what can.
        BaseUrlError: The base URL would leak the key.
    """
    keys = [key_env] if isinstance(key_env, str) else list(key_env or ())
    _check_variables(keys, "key_env")
    _check_variables([*values, *([base_url_env] if base_url_env else [])], "values and base_url_env")
    if not dialect and codec is None:
        raise OptionError(
            f"register_gateway({name!r}) needs dialect=…, one of {', '.join(get_args(gateways.Dialect))}, "
            "or codec=… with a codec of your own."
        )
    if codec is not None and not callable(codec):
        raise OptionError("codec=… is called with the gateway and its values: give the codec's class or a function.")
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise OptionError(f"prefix={prefix!r} must begin with a / and not end with one, like /kling.")
    chosen = scheme or ("bearer" if keys else "none")
    _check_choice("scheme", chosen, get_args(Scheme))
    _check_choice("settles", settles, get_args(Settles))
    if (chosen == "none") == bool(keys):
        raise OptionError(f"scheme={chosen!r} does not fit: with key_env it is bearer or key, without one it is none.")
    for limit, number in (("per_minute", per_minute), ("parallel", parallel)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise OptionError(f"{limit}={number!r} is no limit: give a whole number from 1 up, or leave it out.")
    new = Gateway(
        name=name,
        label=label or name,
        dialect=dialect or str(getattr(codec, "dialect", _OWN)),
        base_url=checked_base_url(base_url, "base_url"),
        base_url_env=base_url_env,
        keys=tuple((variable,) for variable in keys),
        scheme=chosen,
        prefix=prefix,
        values=tuple(values),
        user_agent=user_agent,
        settles=settles,
        per_minute=per_minute,
        parallel=parallel,
        inline_images=inline_images,
        codec=codec,
    )
    gateways.register(new)
    return new


def _check_variables(names: Sequence[str], where: str) -> None:
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise OptionError(  # what was given may be the key itself, so it is not repeated
                f"{where} takes the name of an environment variable, such as RELAY_KEY, never what it holds."
            )


def _check_choice(option: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise OptionError(f"{option} is one of {', '.join(allowed)}, not {given!r}.")
