"""The words gateways use, and the few that matter: for the state of a task, for money, for content rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.wire import Phase

_PHASES: dict[Phase, tuple[str, ...]] = {
    "queued": ("submitted", "queued", "pending", "not_start"),
    # new-api spells NOT_START as "unknown" (dto/openai_video.go), so that word is no news.
    "running": ("processing", "in_progress", "running", "unknown"),
    "done": ("succeed", "succeeded", "success", "completed"),
    "failed": ("failed", "failure", "fail", "error", "cancelled", "canceled"),
}
_PHASE_OF = {word: phase for phase, words in _PHASES.items() for word in words}

_CONTENT_RULES = re.compile(
    r"risk control|content[ _-](?:policy|safety|moderation|filter)|moderat(?:ed|ion)|nsfw|usage polic"
    r"|(?<!case.)\bsensitive|policy violation|violat\w+ (?:\w+ ){0,3}(?:polic|guideline)",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(
    r"balance|credits?\b|quota|arrears|overdue|funds|top.?up|recharge|billing|payment required"
    "|余额|额度|欠费",  # new-api answers in Chinese by default: balance, quota, arrears
    re.IGNORECASE,
)
_TOO_FAST = re.compile(
    r"rate.?limit|per (?:second|minute|hour)|too many|too frequent|concurren|parallel|slow down",
    re.IGNORECASE,
)


def phase(word: str) -> tuple[Phase, str]:
    """The phase of a status word in any case, and a note where nobody knows the word.

    An unknown word means running, never done: a vendor may add one at any time.
    """
    found = _PHASE_OF.get(re.sub(r"[\s-]+", "_", word.strip().casefold()))
    return (found, "") if found else ("running", f"unknown status word “{word}”, taken as running")


def speaks_of_content_rules(words: str) -> bool:
    """Whether a complaint is about what the prompt or the image shows."""
    return bool(_CONTENT_RULES.search(words))


def speaks_of_money(words: str) -> bool:
    """Whether a complaint is about an empty account, which no waiting fills."""
    return bool(_NO_MONEY.search(words)) and not _TOO_FAST.search(words)
