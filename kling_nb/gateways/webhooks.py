"""Whether a callback really comes from Kling: its second generation signs them as *Standard Webhooks*.

Source: kling.ai/document-api/api/get-started/callbacks and standardwebhooks.com. For those who run a server of
their own behind ``--callback``; this package itself polls.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

from kling_nb.errors import OptionError

_PREFIX = "whsec_"
_MOMENT = re.compile(r"[0-9]{1,12}")
_TOLERANCE = 300.0
"""Seconds that the sender's clock may differ from ours, either way; older messages may be replayed ones."""


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a message is signed with the secret, and of these minutes.

    Args:
        secret: As the console shows it: ``whsec_`` and base64.
        headers: With ``webhook-id``, ``webhook-timestamp`` (Unix seconds) and ``webhook-signature`` (one or several
            ``v1,BASE64``, separated by spaces), in any case.
        body: The raw bytes, before anything has read them as JSON.
        now: Unix time in seconds; a message of more than five minutes before or after it is not accepted.

    Raises:
        OptionError: The secret is not one.
    """
    key = _key(secret)
    told = {name.lower(): value for name, value in headers.items()}
    name, moment, signatures = (told.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not name or not _MOMENT.fullmatch(moment) or abs(now - int(moment)) > _TOLERANCE:
        return False
    signed = hmac.new(key, f"{name}.{moment}.".encode("utf-8", "replace") + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(signed).decode()}".encode()
    given = (signature.encode("utf-8", "replace") for signature in signatures.split())
    return any(hmac.compare_digest(expected, one) for one in given)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not key:
        raise OptionError(f"This is not a webhook's secret: it begins with {_PREFIX} and goes on in base64.")
    return key
