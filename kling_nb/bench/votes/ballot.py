"""One vote, as it is written down: plain JSON that says what was seen, where, and what was thought of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Winner = Literal["left", "right", "tie", "both bad"]
"""What can be said of two clips."""

WINNERS: tuple[Winner, ...] = get_args(Winner)

_TAKEN_BACK = "retracts"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person thought of two clips of one prompt.

    Attributes:
        left, right: Ids of the clips, on the sides where they were shown.
        left_variant, right_variant: What was compared: the names that the person did not see.
        prompt: Id of the prompt that both were made from. Votes on one prompt are not independent of each other.
        winner: ``left``, ``right``, ``tie`` or ``both bad``.
        criterion: What was asked; votes on different questions are never counted together.
        voter: Who voted.
        shown_at: Unix time in seconds at which the pair was dealt.
        ms: Milliseconds from the first look to the vote.
        replays: How often both were started again.
        blind: Nothing on the page named the variants.
        token: Of the pair that was shown; one pair that is shown once counts once.
    """

    left: str
    right: str
    left_variant: str
    right_variant: str
    prompt: str
    winner: Winner
    criterion: str = "overall"
    voter: str = "me"
    shown_at: float = 0.0
    ms: int = 0
    replays: int = 0
    blind: bool = True
    token: str = ""

    def to_line(self) -> str:
        """One line of JSON, without its end."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def retraction(token: str) -> str:
    """The line that takes back the vote with this token."""
    return json.dumps({_TAKEN_BACK: token}, separators=(",", ":"))


def from_line(text: str) -> Vote | str | None:
    """What a line says: a vote, the token of a vote that is taken back, or None if it cannot be read."""
    try:
        row = json.loads(text)
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    if isinstance(row.get(_TAKEN_BACK), str):
        return str(row[_TAKEN_BACK])
    return _vote(row)


def counted(lines: Iterable[str]) -> list[Vote]:
    """The votes that stand, in the order in which they were cast.

    A torn or foreign line is passed over. The same shown pair counts once, its first vote; a vote that was taken
    back does not count, wherever its retraction stands.
    """
    read = [from_line(text) for text in lines]
    gone = {entry for entry in read if isinstance(entry, str)}
    standing: list[Vote] = []
    for entry in read:
        if isinstance(entry, Vote) and entry.token not in gone:
            standing.append(entry)
            if entry.token:
                gone.add(entry.token)
    return standing


def _vote(row: dict[str, Any]) -> Vote | None:
    """The vote in a row; fields of a later version are left out."""
    known = {field.name: row[field.name] for field in fields(Vote) if field.name in row}
    try:
        vote = Vote(**known)
        return vote if vote.winner in WINNERS and _is_sound(vote) else None
    except TypeError:
        return None


def _is_sound(vote: Vote) -> bool:
    said = (vote.left, vote.right, vote.left_variant, vote.right_variant, vote.prompt, vote.criterion, vote.voter)
    return all(isinstance(word, str) for word in (*said, vote.token)) and vote.left != vote.right
