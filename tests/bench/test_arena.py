"""The arena's model: blind, once per showing, append-only, and taken up again by the next kernel."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kling_nb.bench.arena import Arena, Candidate
from kling_nb.errors import InputError, OptionError, StorageError

VARIANTS = ("kestrel", "osprey", "heron")


def candidates(folder: Path, prompts: int = 4) -> list[Candidate]:
    """Three variants of each prompt, as empty files."""
    made = []
    for name in VARIANTS:
        for prompt in range(prompts):
            path = folder / f"scene-{prompt}_{name}.mp4"
            path.touch()
            made.append(Candidate(f"{name}-{prompt}", name, f"p{prompt}", f"Scene {prompt}", path, cost_usd=0.5))
    return made


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Arena]:
    """An arena on the ballots of this folder, as one kernel makes it."""

    def made(**options: Any) -> Arena:
        return Arena(candidates(tmp_path), tmp_path / "votes" / "ballots.jsonl", **options)

    return made


def vote(arena: Arena, *winners: str) -> None:
    """Vote on what is shown, one after another."""
    for winner in winners:
        assert arena.vote(winner, arena.pair.token)


def shown(arena: Arena) -> tuple[str, str]:
    """Who is on which side."""
    return arena.clip(arena.pair.left).id, arena.clip(arena.pair.right).id


def test_the_pair_tells_nothing(make: Callable[..., Arena]) -> None:
    """Tokens and the prompt's words; the same clip has another token in another kernel."""
    arena, other = make(), make()
    pair = arena.pair
    assert arena.pair == pair
    assert all(name not in repr(pair) for name in VARIANTS)
    assert pair.prompt.startswith("Scene ")
    assert shown(arena) == shown(other)
    assert {pair.left, pair.right}.isdisjoint({other.pair.left, other.pair.right})
    assert all(name not in repr(arena) for name in VARIANTS)


def test_words_that_differ_are_not_shown(tmp_path: Path) -> None:
    """Where wordings are compared, the words would say whose clip it is."""
    made = [Candidate(one.id, one.variant, "p", one.variant, one.path) for one in candidates(tmp_path, 1)]
    assert Arena(made, tmp_path / "b.jsonl").pair.prompt == ""


def test_a_vote_is_written_once(make: Callable[..., Arena]) -> None:
    """A second key press brings the token of a pair that is gone."""
    times = iter([100.0, 102.5, 110.0, 111.0])
    arena = make(now=lambda: next(times), voter="Zoë")
    left, right = shown(arena)
    token = arena.pair.token
    assert arena.vote("left", token)
    assert not arena.vote("right", token)
    assert not arena.vote("right", "")
    (line,) = arena.ballots.read_text("utf-8").splitlines()
    written = json.loads(line)
    assert (written["left"], written["right"], written["winner"]) == (left, right, "left")
    assert (written["voter"], written["shown_at"], written["ms"], written["blind"]) == ("Zoë", 100.0, 2500, True)
    assert arena.vote("tie", arena.pair.token, ms=70, replays=2)
    assert (arena.votes[1].ms, arena.votes[1].replays) == (70, 2)
    with pytest.raises(OptionError, match="not 'maybe'"):
        arena.vote("maybe", arena.pair.token)


def test_undo_takes_back_and_shows_again(make: Callable[..., Arena]) -> None:
    """The file keeps both lines; the pair comes again on the same sides; nothing is left to take back after all."""
    arena = make()
    vote(arena, "left", "tie")
    third = shown(arena)
    vote(arena, "both bad")
    assert arena.undo()
    assert shown(arena) == third
    assert (len(arena.votes), arena.pair.number) == (2, 3)
    assert len(arena.ballots.read_text().splitlines()) == 4
    assert arena.undo()
    assert arena.undo()
    assert not arena.undo()
    assert arena.votes == []


def test_the_next_kernel_goes_on(make: Callable[..., Arena]) -> None:
    """With the same next pair, and it can take back what the last one voted."""
    first = make()
    vote(first, *["left", "right", "tie"] * 3)
    second = make()
    assert shown(second) == shown(first)
    assert second.pair.number == 10
    assert second.undo()
    assert len(first.votes) == 8


def test_a_torn_line_costs_only_itself(make: Callable[..., Arena]) -> None:
    """A kernel died while it wrote: what follows is a line of its own."""
    first = make()
    vote(first, "left", "left")
    with first.ballots.open("ab") as file:
        file.write(b'{"left":"kestrel-0","rig')
    second = make()
    assert len(second.votes) == 2
    vote(second, "right")
    assert [one.winner for one in make().votes] == ["left", "left", "right"]
    assert [one.winner for one in first.votes] == ["left", "left", "right"]


def test_a_line_that_is_being_written_waits(make: Callable[..., Arena]) -> None:
    """Half of it is no vote yet, and no vote lost."""
    arena = make()
    vote(arena, "left")
    whole = arena.ballots.read_bytes().replace(arena.votes[0].token.encode(), b"other")
    with arena.ballots.open("ab") as file:
        file.write(whole[:40])
    assert len(arena.votes) == 1
    with arena.ballots.open("ab") as file:
        file.write(whole[40:])
    assert len(arena.votes) == 2


def test_voters_and_criteria_have_their_own_pairs(make: Callable[..., Arena]) -> None:
    """Votes of others count in the table and not in what I have seen; another criterion counts nowhere."""
    mine, yours, motion = make(), make(voter="you"), make(criterion="motion")
    vote(mine, "left", "left", "left")
    vote(yours, "right")
    vote(motion, "tie")
    assert (mine.pair.number, yours.pair.number, motion.pair.number) == (4, 2, 2)
    assert (len(mine.votes), len(yours.votes), len(motion.votes)) == (4, 4, 1)
    assert not Arena(mine.candidates, mine.ballots, voter="nobody").undo()


def test_a_new_file_begins_anew(make: Callable[..., Arena]) -> None:
    """Somebody has moved the ballots away."""
    arena = make()
    vote(arena, "left", "left")
    arena.ballots.unlink()
    assert arena.votes == []
    vote(arena, "tie")
    assert [one.winner for one in arena.votes] == ["tie"]


def test_missing_clips_are_left_out(make: Callable[..., Arena], tmp_path: Path) -> None:
    """Also those that a browser cannot play; with nothing left, one sentence says so."""
    arena = make()
    for name in VARIANTS[:2]:
        (tmp_path / f"scene-0_{name}.mp4").unlink()
    arena.leave_out(arena.pair.left)
    gone = {"kestrel-0", "osprey-0"}
    for _ in range(30):
        assert gone.isdisjoint(shown(arena))
        vote(arena, "tie")
    for path in tmp_path.glob("scene-*"):
        path.unlink()
    with pytest.raises(InputError, match="make them again"):
        _ = arena.pair
    with pytest.raises(InputError, match="another arena"):
        arena.clip("nothing")


def test_what_may_come_next(make: Callable[..., Arena]) -> None:
    """Whatever is voted, the next pair is among the clips that were announced, or is shown already."""
    arena = make()
    for winner in ("left", "right", "tie", "both bad") * 3:
        here = {arena.pair.left, arena.pair.right}
        soon = set(arena.soon())
        assert soon.isdisjoint(here)
        vote(arena, winner)
        assert {arena.pair.left, arena.pair.right} <= soon | here


def test_the_table(make: Callable[..., Arena]) -> None:
    """All variants, also before any vote, with what a usable clip costs."""
    arena = make()
    assert [row.tally.clips for row in arena.ranking().rows] == [4, 4, 4]
    vote(arena, *["tie"] * 12)
    ranking = arena.ranking()
    assert {row.variant for row in ranking.rows} == set(VARIANTS)
    assert {row.tally.cost_per_accepted for row in ranking.rows} == {0.5}
    bundle = arena._repr_mimebundle_()
    assert all(name in bundle["text/html"] and name in bundle["text/plain"] for name in VARIANTS)


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [(lambda made: made[:0], "at least two variants"), (lambda made: made[:4], "at least two variants"),
     (lambda made: [*made, made[0]], "same id")],
)  # fmt: skip
def test_nothing_to_compare(
    chosen: Callable[[list[Candidate]], list[Candidate]], sentence: str, tmp_path: Path
) -> None:
    """One sentence, before anything is shown."""
    with pytest.raises(OptionError, match=sentence):
        Arena(chosen(candidates(tmp_path)), tmp_path / "b.jsonl")


def test_a_vote_that_cannot_be_written_does_not_count(make: Callable[..., Arena]) -> None:
    """The pair stays, so that it can be tried again."""
    arena = make()
    pair = arena.pair
    arena.ballots.parent.touch()  # a file where the folder should be
    with pytest.raises(StorageError, match="was not written"):
        arena.vote("left", pair.token)
    arena.ballots.parent.unlink()
    assert arena.pair == pair
    assert arena.vote("left", pair.token)


def _vote_in_another_kernel(folder: str, voter: str, count: int) -> None:
    arena = Arena(candidates(Path(folder)), Path(folder) / "ballots.jsonl", voter=voter)
    vote(arena, *["left"] * count)


def test_two_kernels_at_once(tmp_path: Path) -> None:
    """Both write into one file; no line is lost or torn."""
    names: Sequence[str] = ("me", "you")
    spawned = [
        multiprocessing.get_context("spawn").Process(target=_vote_in_another_kernel, args=(str(tmp_path), name, 40))
        for name in names
    ]
    for process in spawned:
        process.start()
    for process in spawned:
        process.join(60)
    lines = (tmp_path / "ballots.jsonl").read_text().splitlines()
    assert len(lines) == 80
    votes = Arena(candidates(tmp_path), tmp_path / "ballots.jsonl").votes
    assert [sum(one.voter == name for one in votes) for name in names] == [40, 40]
