"""The blind arena: two clips of one prompt, nobody says which is whose, and what a person thinks is written down.

The model knows; whoever looks gets tokens. The ballots are one append-only file of JSON lines, which several
kernels and people may write at once; the next kernel goes on where this one ended.
"""

from __future__ import annotations

import os
import secrets
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kling_nb.bench.votes import WINNERS, Clip, Pairs, Purse, Ranking, Vote, counted, rank, retraction
from kling_nb.bench.votes.table import ranking_bundle
from kling_nb.errors import InputError, OptionError, StorageError
from kling_nb.lab import the_lab

if TYPE_CHECKING:
    from kling_nb.lab import Lab


@dataclass(frozen=True, slots=True)
class Candidate:
    """One finished clip that can be shown.

    Attributes:
        id: Of its job.
        variant: What is compared: a model, a mode, a wording.
        prompt_id: Only clips of one prompt are shown together, and votes on one prompt are one cluster.
        prompt: Its words.
        path: The MP4.
        poster: Its first picture (JPEG), or None.
        cost_usd: What it cost; None where that is not known.
        free: Nothing was charged for it, and ``cost_usd`` is what Kling's list asks.
    """

    id: str
    variant: str
    prompt_id: str
    prompt: str
    path: Path
    poster: Path | None = None
    cost_usd: float | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clips on their sides, as the person who votes may know them.

    Attributes:
        token: Of this showing: a vote needs it, and counts once.
        left, right: Tokens of the clips, for :meth:`Arena.clip`; they mean nothing in any other kernel.
        prompt: The words that both were made from; "" if they differ, because then the words would tell them apart.
        number: Of the vote to come, from 1.
    """

    token: str
    left: str
    right: str
    prompt: str
    number: int


@dataclass(frozen=True, slots=True)
class _Dealt:
    """The pair that is shown, and who they are."""

    pair: Pair
    left: Clip
    right: Clip
    since: float


class Arena:
    """Blind votes on clips. A notebook shows it as two players; :meth:`ranking` is the table afterwards.

    Args:
        candidates: Clips of at least two variants that share a prompt.
        ballots: The JSON lines file; made when the first vote is cast.
        criterion: What is asked, ``"overall"`` or ``"follows the prompt"``; each is counted by itself.
        voter: Who votes; each sees every pair for himself.
        seed: Of sides and order. The same seed and votes give the same next pair.
        lab: Of the notebook that shows it; this kernel's lab if None.
        now: Unix time in seconds.

    Raises:
        OptionError: There is nothing to compare, or two clips have one id.
    """

    def __init__(
        self,
        candidates: Iterable[Candidate],
        ballots: str | Path,
        *,
        criterion: str = "overall",
        voter: str = "me",
        seed: int = 0,
        lab: Lab | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.candidates = tuple(candidates)
        self.ballots = Path(ballots)
        self.criterion = criterion
        self.voter = voter
        self._seed = (seed, zlib.crc32(f"{voter}\n{criterion}".encode()))
        self._lab = lab
        self._now = now
        self._known = {one.id: one for one in self.candidates}
        if len(self._known) < len(self.candidates):
            raise OptionError("Two clips of this arena have the same id: give each clip once.")
        self._pairs = Pairs([Clip(one.id, one.variant, one.prompt_id) for one in self.candidates])
        if not len(self._pairs):
            raise OptionError("An arena needs clips of at least two variants that share a prompt: make these first.")
        self._open = self._pairs
        self._tokens = {one.id: secrets.token_hex(12) for one in self.candidates}
        self._clips = {token: self._known[name] for name, token in self._tokens.items()}
        self._read_to = 0
        self._lines: list[str] = []
        self._standing: list[Vote] | None = None
        self._dealt: _Dealt | None = None
        self._cast = [vote.token for vote in self._own()]

    def __repr__(self) -> str:
        count = len(self.votes)
        return f"<Arena of {len(self.candidates)} clips and {len(self._pairs.variants)} variants, {count} votes>"

    # --- voting -------------------------------------------------------------------------------

    @property
    def pair(self) -> Pair:
        """The pair to look at now; the same until there is a vote."""
        return self._deal().pair

    def vote(self, winner: str, token: str, *, ms: int | None = None, replays: int = 0) -> bool:
        """Say what you think of the pair that is shown.

        Args:
            winner: ``"left"``, ``"right"``, ``"tie"`` or ``"both bad"``.
            token: ``pair.token``; a second vote with the same one is not counted.
            ms: Milliseconds from the first look to the vote; counted from when the pair was dealt if None.
            replays: How often both were started again.

        Returns:
            Whether it counts.

        Raises:
            OptionError: There is no such answer.
            StorageError: It cannot be written; then it does not count.
        """
        said = next((one for one in WINNERS if one == winner), None)
        if said is None:
            raise OptionError(f"A vote is {', '.join(map(repr, WINNERS))}, not {winner!r}.")
        dealt = self._dealt
        if dealt is None or dealt.pair.token != token:
            return False
        left, right = dealt.left, dealt.right
        taken = round(1000 * (self._now() - dealt.since)) if ms is None else ms
        vote = Vote(
            left.id, right.id, left.variant, right.variant, left.prompt, said, self.criterion, self.voter,
            dealt.since, max(0, int(taken)), max(0, int(replays)), token=token,
        )  # fmt: skip
        self._append(vote.to_line())
        self._cast.append(token)
        self._dealt = None
        return True

    def undo(self) -> bool:
        """Take back this voter's last vote; the file keeps both. Its pair comes again.

        Raises:
            StorageError: It cannot be written; then the vote stands.
        """
        standing = {vote.token for vote in self._own()}
        while self._cast and self._cast[-1] not in standing:
            self._cast.pop()
        if not self._cast:
            return False
        self._append(retraction(self._cast[-1]))
        self._cast.pop()
        self._dealt = None
        return True

    def clip(self, token: str) -> Candidate:
        """The clip behind a token of :attr:`pair`.

        Raises:
            InputError: There is none.
        """
        if token not in self._clips:
            raise InputError("This clip belongs to another arena: run its cell again.")
        return self._clips[token]

    def leave_out(self, token: str) -> None:
        """Show a clip no more in this kernel, because it cannot be played; votes on it still count.

        Raises:
            InputError: There is no such clip, or nothing is left to compare.
        """
        self._leave_out({self.clip(token).id})

    def soon(self) -> list[str]:
        """Tokens of clips that may be needed after the next vote, the likeliest first."""
        dealt = self._deal()
        left, right, pair = dealt.left, dealt.right, dealt.pair
        own, found = self._own(), list[str]()
        for winner in WINNERS:
            guess = Vote(left.id, right.id, left.variant, right.variant, left.prompt, winner, self.criterion)
            found += [self._tokens[clip.id] for clip in self._next([*own, guess])]
        wanted = [token for token in found if token not in {pair.left, pair.right}]
        return sorted(dict.fromkeys(wanted), key=lambda token: -wanted.count(token))

    # --- what came out ------------------------------------------------------------------------

    @property
    def votes(self) -> list[Vote]:
        """The votes that stand, of all voters, on this criterion and these clips.

        Raises:
            StorageError: The file is there and cannot be read.
        """
        self._read()
        if self._standing is None:
            self._standing = [self._now_called(vote) for vote in counted(self._lines) if self._is_ours(vote)]
        return list(self._standing)

    def ranking(self, votes: Sequence[Vote] | None = None) -> Ranking:
        """Who is how good, how sure that is, and what a usable clip costs. It names the variants.

        Args:
            votes: To rank by; :attr:`votes` if None.
        """
        return rank(self.votes if votes is None else votes, self._purses, criterion=self.criterion)

    def bundle(self) -> dict[str, str]:
        """The ranking as HTML and text that need neither widget nor kernel."""
        return ranking_bundle(self.ranking())

    @cached_property
    def _purses(self) -> dict[str, Purse]:
        found = {}
        for name in self._pairs.variants:
            its = [one for one in self.candidates if one.variant == name]
            free = all(one.free for one in its)
            costs = [one.cost_usd for one in its if free or not one.free]
            usd = None if None in costs else sum(cost for cost in costs if cost is not None)
            found[name] = Purse([one.id for one in its], usd, free)
        return found

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Any:
        return self._home.drawn(self)

    @property
    def _home(self) -> Lab:
        """The lab, which has been told where it is, as the front door does: the table would name everybody."""
        lab = self._lab or the_lab()
        if lab.arena_shower is None and lab.drawer is None:
            import_module("kling_nb.live").attach_if_interactive(lab)
        return lab

    def _ipython_display_(self) -> None:
        if not self._home.show_arena(self):
            raise NotImplementedError  # IPython then asks for the MIME bundle

    # --- dealing and the file -----------------------------------------------------------------

    def _is_ours(self, vote: Vote) -> bool:
        return vote.criterion == self.criterion and vote.left in self._known and vote.right in self._known

    def _now_called(self, vote: Vote) -> Vote:
        """The vote with the names that its clips have in this arena."""
        left, right = self._known[vote.left], self._known[vote.right]
        return replace(vote, left_variant=left.variant, right_variant=right.variant, prompt=left.prompt_id)

    def _own(self) -> list[Vote]:
        return [vote for vote in self.votes if vote.voter == self.voter]

    def _next(self, own: Sequence[Vote]) -> tuple[Clip, Clip]:
        # Only of the seed and the votes, so that a vote taken back brings its pair again, and a new kernel goes on.
        return self._open.next(own, np.random.default_rng([*self._seed, len(own)]))

    def _deal(self) -> _Dealt:
        if self._dealt is None:
            own = self._own()
            left, right = self._next(own)
            while gone := {clip.id for clip in (left, right) if not self._known[clip.id].path.is_file()}:
                self._leave_out(gone)
                left, right = self._next(own)
            words = {self._known[clip.id].prompt for clip in (left, right)}
            told = words.pop() if len(words) == 1 else ""
            sides = self._tokens[left.id], self._tokens[right.id]
            pair = Pair(secrets.token_hex(12), *sides, told, len(own) + 1)
            self._dealt = _Dealt(pair, left, right, self._now())
        return self._dealt

    def _leave_out(self, names: Collection[str]) -> None:
        shown = {clip.id: clip for pair in self._open.pairs for clip in pair}
        rest = Pairs([clip for name, clip in shown.items() if name not in names])
        if not len(rest):
            raise InputError("No two clips of one prompt are left that can be shown: make them again.")
        self._open, self._dealt = rest, None

    def _read(self) -> None:
        """Take in the whole lines that were added since, by whomever; a line that is still being written waits."""
        try:
            size = self.ballots.stat().st_size if self.ballots.exists() else 0
            if size < self._read_to:  # somebody has begun a new file
                self._read_to, self._lines, self._standing = 0, [], None
            if size == self._read_to:
                return
            with self.ballots.open("rb") as file:
                file.seek(self._read_to)
                data = file.read()
        except OSError as error:
            raise StorageError(f"{self.ballots} cannot be read ({error.strerror or error}).") from None
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        self._lines += whole.decode("utf-8", "replace").split("\n")  # splitlines knows ends that JSON does not escape
        self._standing = None

    def _append(self, text: str) -> None:
        """One write at the end of the file, on the disk before this returns."""
        try:
            self.ballots.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.ballots, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
            try:
                size = os.fstat(descriptor).st_size
                os.lseek(descriptor, max(0, size - 1), os.SEEK_SET)
                torn = size and os.read(descriptor, 1) != b"\n"  # a kernel died in the middle of a line
                line = (b"\n" if torn else b"") + text.encode() + b"\n"
                if os.write(descriptor, line) != len(line):
                    raise OSError("the disk is full")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StorageError(f"The vote was not written to {self.ballots} ({error.strerror or error}).") from None
