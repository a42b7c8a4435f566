"""What a check has to say about a request: a sentence for a person, and how much it weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one field of a request.

    Attributes:
        level: ``error`` stops the request unless it is forced; ``warning`` is a doubt that the
            sources leave open; ``note`` is something good to know.
        field: The request's field (``mode``), so that a panel can show it there.
        sentence: What is wrong and what is allowed.
    """

    level: Level
    field: str
    sentence: str
