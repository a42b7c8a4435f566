"""What can be counted of a variant: votes, clips that can be used, and what each of those has cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_nb.bench.votes.ballot import Vote


@dataclass(frozen=True, slots=True)
class Purse:
    """A variant's clips and what they have cost.

    Attributes:
        clips: Their ids.
        usd: What they cost together; None where one has no known price.
        free: Nothing was charged for them, and ``usd`` is what Kling's list asks.
    """

    clips: Collection[str]
    usd: float | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one variant.

    Attributes:
        wins, losses, ties, both_bad: Its votes.
        prompts: On which it was voted.
        accepted: Clips that have won or tied and were never among two bad ones.
        judged: Clips that were voted on.
        clips: All of them.
        spent: What they cost in USD; None where that is not known.
        free: Nothing was charged for them, and ``spent`` is what Kling's list asks.
    """

    wins: int
    losses: int
    ties: int
    both_bad: int
    prompts: int
    accepted: int
    judged: int
    clips: int
    spent: float | None
    free: bool = False

    @property
    def cost_per_accepted(self) -> float | None:
        """USD for each clip that can be used, by the list where nothing is charged; None without one, or its price."""
        return self.spent / self.accepted if self.spent is not None and self.accepted else None


def tally(variant: str, votes: Sequence[Vote], purse: Purse | None = None) -> Tally:
    """Count what was said of a variant.

    Args:
        variant: Its name.
        votes: On one criterion.
        purse: Its clips; without one, those that were voted on, of unknown price.
    """
    said = Counter[str]()
    liked, disliked, seen, prompts = set[str](), set[str](), set[str](), set[str]()
    for vote in votes:
        for side, clip, name in (("left", vote.left, vote.left_variant), ("right", vote.right, vote.right_variant)):
            if name != variant:
                continue
            word = vote.winner if vote.winner in {"tie", "both bad"} else "won" if vote.winner == side else "lost"
            said[word] += 1
            seen.add(clip)
            prompts.add(vote.prompt)
            if word == "both bad":
                disliked.add(clip)
            elif word != "lost":
                liked.add(clip)
    clips, spent = (len(purse.clips), purse.usd) if purse else (len(seen), None)
    return Tally(
        wins=said["won"],
        losses=said["lost"],
        ties=said["tie"],
        both_bad=said["both bad"],
        prompts=len(prompts),
        accepted=len(liked - disliked),
        judged=len(seen),
        clips=clips,
        spent=spent,
        free=bool(purse and purse.free),
    )
