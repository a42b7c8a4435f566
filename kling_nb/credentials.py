"""Keys that do not print, and the Authorization header made of them.

Nothing here has a ``repr`` that shows a key, nothing can be pickled, and :meth:`Credentials.scrub`
takes the keys out of whatever a gateway echoes before anyone else reads it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import NoReturn

import jwt

from kling_nb.errors import MissingKeyError

MASK = "•••"
_TOKEN_SECONDS = 1800
_RENEW_BEFORE = 60
_SHORTEST_SECRET = 6


class Secret:
    """A string that shows itself only to who calls :meth:`reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the moment it is put on the wire."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


class Credentials:
    """What one gateway needs to know us, and how it wants to be told.

    Args:
        scheme: ``none``, ``bearer``, ``key`` (fal.ai writes ``Key`` for ``Bearer``), or ``kling`` (an API key as
            bearer token, or a JSON Web Token signed with access and secret key; kling.ai/document-api,
            "Authentication").
        secrets: By the name of their environment variable.
    """

    def __init__(self, scheme: str, secrets: Mapping[str, Secret] | None = None) -> None:
        self.scheme = scheme
        self._secrets = dict(secrets or {})
        self._token: Secret | None = None
        self._token_ends = 0.0

    def __repr__(self) -> str:
        return f"Credentials({self.scheme!r}, {', '.join(self._secrets) or 'none'})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials cannot be pickled")

    @property
    def signs(self) -> bool:
        """Whether the header is a token that expires and can be signed anew."""
        return self.scheme == "kling" and len(self._secrets) > 1

    def authorization(self, now: float) -> str | None:
        """The Authorization header at a Unix time, or None where none is needed."""
        if not self._secrets:
            return None
        if not self.signs:
            (secret,) = self._secrets.values()
            return f"{'Key' if self.scheme == 'key' else 'Bearer'} {secret.reveal()}"
        if self._token is None or now > self._token_ends - _RENEW_BEFORE:
            self._sign(now)
        return f"Bearer {self._token.reveal()}" if self._token else None

    def renew(self) -> None:
        """Forget the current token, because the gateway calls it expired or not yet valid."""
        self._token = None

    def _sign(self, now: float) -> None:
        access, secret = self._secrets.values()
        # kling.ai/document-api, "Authentication": valid for 1800 s, from 5 s ago.
        claims = {"iss": access.reveal(), "exp": int(now) + _TOKEN_SECONDS, "nbf": int(now) - 5}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the vendor chose the key's length, and nobody here can change it
            token = jwt.encode(claims, secret.reveal(), algorithm="HS256", headers={"typ": "JWT"})
        self._token = Secret(token)
        self._token_ends = now + _TOKEN_SECONDS

    def scrub(self, data: bytes) -> bytes:
        """The bytes with every key and token in them masked."""
        held = [*self._secrets.values(), *([self._token] if self._token else [])]
        for secret in held:
            value = secret.reveal().encode()
            if len(value) >= _SHORTEST_SECRET:
                data = data.replace(value, MASK.encode())
        return data


def read_credentials(
    label: str, scheme: str, alternatives: Iterable[tuple[str, ...]], env: Mapping[str, str]
) -> Credentials:
    """The first alternative whose variables are all set.

    Raises:
        MissingKeyError: None is; the sentence names the variables and offers the sandbox.
    """
    choices = tuple(alternatives)
    for names in choices:
        secrets = {name: Secret(env.get(name, "").strip()) for name in names}
        if all(secret.reveal() for secret in secrets.values()):
            return Credentials(scheme, secrets)
    if not choices:
        return Credentials(scheme)
    wanted = ", or ".join(" and ".join(names) for names in choices)
    del env  # a traceback that shows local variables must not show all keys of this machine
    raise MissingKeyError(
        f"{label} needs a key: set {wanted} in the environment before the kernel starts (or with %env), "
        "or try the same cell for free with --gateway sandbox."
    )
