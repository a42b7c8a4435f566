"""The next pair: of one prompt, never twice before all, sides by lot, and worth more than a random one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kling_nb.bench.votes import Clip, Pairs, Vote, Winner
from kling_nb.bench.votes.fit import per_unit
from kling_nb.bench.votes.pairs import belief

NAMES = ("a", "b", "c")


def clips(prompts: int, takes: int = 1, names: tuple[str, ...] = NAMES) -> list[Clip]:
    """So many of each variant."""
    return [
        Clip(f"{name}{prompt}.{take}", name, f"p{prompt}")
        for name in names for prompt in range(prompts) for take in range(takes)
    ]  # fmt: skip


def said(left: Clip, right: Clip, winner: Winner) -> Vote:
    """A vote on two clips."""
    return Vote(left.id, right.id, left.variant, right.variant, left.prompt, winner)


def play(pairs: Pairs, count: int, seed: int, winner: Winner = "tie") -> list[tuple[Clip, Clip]]:
    """So many pairs, each voted on."""
    votes: list[Vote] = []
    shown = []
    for number in range(count):
        pair = pairs.next(votes, np.random.default_rng([seed, number]))
        shown.append(pair)
        votes.append(said(*pair, winner))
    return shown


def test_only_clips_of_one_prompt_and_two_variants() -> None:
    """Two takes of one variant are never shown together."""
    pairs = Pairs(clips(4, takes=2))
    assert len(pairs) == 4 * 3 * 4
    assert all(one.prompt == other.prompt and one.variant != other.variant for one, other in play(pairs, 60, 0))
    assert len(Pairs([Clip("x", "a", "p"), Clip("y", "b", "q"), Clip("z", "a", "p")])) == 0


def test_never_twice_before_all_were_seen() -> None:
    """Then each a second time, whatever is said of them."""
    pairs = Pairs(clips(5))
    for winner in ("tie", "left"):
        shown = [frozenset((one.id, other.id)) for one, other in play(pairs, 2 * len(pairs), 1, winner)]
        assert len(set(shown[: len(pairs)])) == len(pairs)
        assert set(Counter(shown).values()) == {2}


def test_a_seed_decides() -> None:
    """The same seed shows the same, another seed something else; both sides get their share."""
    pairs = Pairs(clips(8))
    assert play(pairs, 24, 3) == play(pairs, 24, 3)
    assert play(pairs, 24, 3) != play(pairs, 24, 4)
    left = sum(one.variant < other.variant for seed in range(10) for one, other in play(pairs, 24, seed))
    assert 90 <= left <= 150


def test_prompts_share_the_votes() -> None:
    """More prompts say more than more votes on each."""
    shown = play(Pairs(clips(12)), 12, 0)
    assert len({one.prompt for one, _ in shown}) == 12


def test_the_undecided_come_first() -> None:
    """Once one variant has lost every time, the other two are shown to each other."""
    made = clips(30)
    pairs, place = Pairs(made), {clip.id: clip for clip in made}
    votes = [said(place[f"{name}{n}.0"], place[f"c{n}.0"], "left") for n in range(8) for name in "ab"]
    one, other = pairs.next(votes, np.random.default_rng(0))
    assert {one.variant, other.variant} == {"a", "b"}


def test_there_is_no_pair() -> None:
    """The arena refuses that before anybody looks."""
    with pytest.raises(IndexError):
        Pairs([]).next([], np.random.default_rng(0))


def best_found(seed: int, votes: int, *, informed: bool) -> bool:
    """Whether the truly best of five leads after so many votes."""
    names, prompts = ("a", "b", "c", "d", "e"), 24
    rng = np.random.default_rng(seed)
    truth = dict(zip(names, rng.permutation(np.linspace(-0.7, 0.7, 5)), strict=True))
    pairs = Pairs(clips(prompts, names=names))
    order = rng.permutation(len(pairs))
    cast: list[Vote] = []
    for number in range(votes):
        one, other = pairs.next(cast, np.random.default_rng([seed, number])) if informed else pairs.pairs[order[number]]
        chance = 1 / (1 + np.exp(truth[other.variant] - truth[one.variant]))
        cast.append(said(one, other, "left" if rng.random() < chance else "right"))
    found, _ = belief(per_unit(cast, pairs.variants).sum(axis=0))
    return pairs.variants[int(np.argmax(found))] == max(truth, key=lambda name: truth[name])


def test_it_finds_the_best_of_five_sooner_than_chance() -> None:
    """In 24 seeded contests of 50 votes; ``tests/benchmarks/bench_votes.py`` measures by how much."""
    informed, by_chance = (sum(best_found(seed, 50, informed=flag) for seed in range(24)) for flag in (True, False))
    assert informed > by_chance
