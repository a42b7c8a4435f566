"""HS256 tokens, checked by hand: the client signs with PyJWT, and one library must not vouch for itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def token_trouble(token: str, *, access_key: str, secret_key: str, now: float) -> int | None:
    """Kling's error code for a token, or None if it is good.

    1000 a wrong signer, 1002 no such token, 1003 not valid yet, 1004 expired (kling.ai/document-api,
    "Error Code").
    """
    try:
        head, claims, signature = token.split(".")
        header: Any = json.loads(_decoded(head))
        said: Any = json.loads(_decoded(claims))
        signed = hmac.new(secret_key.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
        genuine = hmac.compare_digest(signed, _decoded(signature))
        begins, ends = float(said["nbf"]), float(said["exp"])
        proper = header["alg"] == "HS256" and header["typ"] == "JWT"
        signer = said["iss"]
    except (ValueError, KeyError, TypeError):
        return 1002
    if not proper:
        return 1002
    if not genuine or signer != access_key:
        return 1000
    if begins > now:
        return 1003
    return 1004 if ends <= now else None
