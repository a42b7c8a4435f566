"""The one way in which the sandbox says no: Kling's numbered errors.

A dialect that has other words for them translates at its own door.
"""

from __future__ import annotations

_STATUS = {1200: 400, 1201: 400, 1202: 404, 1203: 404, 1301: 400, 1302: 429, 1303: 429, 5000: 500}
"""HTTP status of each code (error table of Kling's document-api, "Error Code")."""


class RefusalError(Exception):
    """A request that the sandbox answers with an error.

    Attributes:
        code: Kling's error code.
        status: The HTTP status that belongs to it.
        message: What is wrong and what is allowed.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = _STATUS[code]
        self.message = message


class ReusedError(RefusalError):
    """The client's own id of a task was used before (1201)."""

    def __init__(self, key: str) -> None:
        super().__init__(1201, f"external_task_id {key!r} was used before")


def bad_value(message: str) -> RefusalError:
    """Code 1201: a key or a value is not allowed."""
    return RefusalError(1201, message)
