"""A callback is believed only with the right signature, in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_nb import verify_webhook
from kling_nb.errors import OptionError

# The test vector of a public description of Kling's signature.
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
MOMENT = 1781080794
BODY = b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
GOOD = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="
HEADERS = {"webhook-id": "9876543210", "webhook-timestamp": str(MOMENT), "webhook-signature": GOOD}


@pytest.mark.parametrize(
    ("headers", "body", "late", "genuine"),
    [
        ({}, BODY, 0, True),
        ({"webhook-signature": f"v1,AAAA {GOOD} v2,BBBB"}, BODY, 0, True),
        ({}, BODY, 299, True),
        ({}, BODY, -299, True),
        ({}, BODY, 301, False),
        ({}, BODY, -301, False),
        ({}, BODY + b" ", 0, False),
        ({"webhook-id": "9876543211"}, BODY, 0, False),
        ({"webhook-timestamp": str(MOMENT + 1)}, BODY, 0, False),
        ({"webhook-timestamp": "soon"}, BODY, 0, False),
        ({"webhook-timestamp": "²"}, BODY, 0, False),
        ({"webhook-signature": GOOD.replace("v1,", "v2,")}, BODY, 0, False),
        ({"webhook-signature": ""}, BODY, 0, False),
    ],
)
def test_a_message_is_genuine(headers: dict[str, str], body: bytes, late: float, *, genuine: bool) -> None:
    """One of several signatures is enough; five minutes either way; not a byte may differ."""
    assert verify_webhook(SECRET, HEADERS | headers, body, MOMENT + late) is genuine


def test_header_names_come_in_any_case_and_may_be_missing() -> None:
    """Servers spell them as they like."""
    shouted = {name.title(): value for name, value in HEADERS.items()}
    assert verify_webhook(SECRET, shouted, BODY, MOMENT)
    for name in HEADERS:
        assert not verify_webhook(SECRET, {n: v for n, v in HEADERS.items() if n != name}, BODY, MOMENT)


@pytest.mark.parametrize("secret", ["", "whsec_", "dGVzdA==", "whsec_***", "whsec_ä"])
def test_what_is_no_secret_is_said(secret: str) -> None:
    """A mistyped secret would refuse every message in silence."""
    with pytest.raises(OptionError, match="begins with whsec_"):
        verify_webhook(secret, HEADERS, BODY, MOMENT)


@given(st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(max_size=20)), st.binary(max_size=20))
def test_any_message_is_judged(headers: dict[str, str], body: bytes) -> None:
    """Nothing that a stranger sends raises, and nothing of it is believed."""
    assert not verify_webhook(SECRET, headers, body, MOMENT)
