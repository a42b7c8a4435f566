"""What a dialect makes of a request before the desk sees it: Kling's own fields, whoever wrote them how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Submission:
    """A request for one clip.

    Attributes:
        dialect: Its tasks are found, and its keys are unique, among its own only.
        route: One of :data:`kling_nb.sandbox.order.ROUTES`; says which fields there are.
        fields: Kling's legacy fields of that route: what every dialect comes down to.
        task_id: A fresh id in the dialect's style.
        key: The client's own id of the task, or empty.
        take: Which sample of the request, where the client says so beside its key.
        mischief: The request's ``sandbox`` object, unread.
        doom: Why the task will fail although it is accepted; empty if nothing speaks against it.
        repeatable: The same key and request again give the first task, as an Idempotency-Key promises.
        memory: What the dialect wants to know when the task is asked about; plain JSON.
    """

    dialect: str
    route: str
    fields: Mapping[str, Any]
    task_id: str
    key: str = ""
    take: int | None = None
    mischief: Any = None
    doom: str = ""
    repeatable: bool = False
    memory: Mapping[str, Any] = field(default_factory=dict)
