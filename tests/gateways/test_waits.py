"""When an ask may be repeated: from which place the wait is read, and when waiting does not help."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_nb.gateways import codec, gateway
from kling_nb.wire import Answer

NOW = 1_795_150_800.0

WAITS: list[tuple[str, int, dict[str, str], Any, float | None]] = [
    # the wait's sources, in their order
    ("wireflow", 429, {"retry-after": "7", "x-ratelimit-reset": str(NOW + 50)}, {"retryAfter": NOW + 60}, 7.0),
    ("wireflow", 429, {"retry-after": "Fri, 20 Nov 2026 05:00:20 GMT"}, {}, 20.0),
    ("wireflow", 429, {"x-ratelimit-reset": str(NOW + 50)}, {"retryAfter": NOW + 60}, 50.0),
    ("wireflow", 429, {"x-ratelimit-reset": str((NOW + 50) * 1000)}, {}, 50.0),
    ("wireflow", 429, {}, {"error": "Too many workflow executions", "retryAfter": NOW + 60}, 60.0),
    ("wireflow", 429, {}, {"error": {"message": "Too many", "retryAfter": 12}}, 12.0),
    ("wireflow", 429, {}, {}, 30.0),
    ("kling", 429, {}, {"code": 1302}, 1.0),
    ("kling", 429, {}, {"code": 1303, "message": "parallel task over resource pack limit"}, 1.0),
    ("kling", 200, {}, {"code": 1303}, 1.0),
    ("imarouter", 429, {}, None, 5.0),
    # nonsense is not a wait
    ("wireflow", 429, {"retry-after": "soon"}, {"retryAfter": "later"}, 30.0),
    ("wireflow", 429, {"retry-after": "nan", "x-ratelimit-reset": "inf"}, {}, 30.0),
    # from 0 to 300 s
    ("wireflow", 429, {"retry-after": "-3"}, {}, 0.0),
    ("wireflow", 429, {"retry-after": "86400"}, {}, 300.0),
    ("wireflow", 429, {"x-ratelimit-reset": str(NOW - 5)}, {}, 0.0),
    ("wireflow", 429, {"retry-after": "Fri, 20 Nov 2020 05:00:20 GMT"}, {}, 0.0),
    # the 429s that no waiting cures
    ("kling", 429, {"retry-after": "1"}, {"code": 1101, "message": "arrears"}, None),
    ("kling", 429, {"retry-after": "1"}, {"code": 1102}, None),
    ("kling", 429, {}, {"code": 1304}, None),
    ("agentsflare", 429, {}, {"statusCode": 429, "message": "Your balance is exhausted"}, None),
    ("imarouter", 429, {}, {"error": {"type": "insufficient_quota", "message": "x"}}, None),
    # nothing proves that these were not accepted
    ("kling", 503, {"retry-after": "1"}, {"code": 5001}, None),
    ("kling", 503, {"retry-after": "1"}, {"code": 1303}, None),
    ("kling", 500, {}, {"code": 5000}, None),
    ("kling", 200, {}, {"code": 0}, None),
    ("kling", 200, {}, {"code": 1303, "data": {"task_id": "1"}}, None),
    ("imarouter", 200, {}, {"status": "failed", "error": {"code": "rate_limit_exceeded"}}, None),
    ("kling", 401, {"retry-after": "1"}, {"code": 1004}, None),
]


@pytest.mark.parametrize(("name", "status", "headers", "body", "seconds"), WAITS)
def test_pause(name: str, status: int, headers: dict[str, str], body: Any, seconds: float | None) -> None:
    """The wait is the gateway's own word where it gives one, and None where waiting proves nothing."""
    speaker = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"})
    answer = Answer(status, headers, b"" if body is None else json.dumps(body).encode())
    assert speaker.pause(answer, NOW) == seconds
