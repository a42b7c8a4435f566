"""What votes are worth: ``python tests/benchmarks/bench_votes.py`` (about five minutes; ``--quick`` a tenth of it).

How long the fit and its bootstrap take, how far they are from ``evalica``, how often a "95 %" interval holds the
truth when votes on one prompt resemble each other, and how many votes the next-pair chooser saves. Everything is
simulated from seeds, so that the figures but for the times are the same on every machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import evalica
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kling_nb.bench.votes import Clip, Pairs, Vote, Winner, fits, rank
from kling_nb.bench.votes.fit import bootstrap, per_unit, strengths, widening
from kling_nb.bench.votes.pairs import belief
from kling_nb.bench.votes.power import needed

NAMES = ("a", "b", "c", "d", "e")
SPREAD = np.linspace(-0.7, 0.7, 5)
EFFECT, TIES = 0.8, 0.15
PLANS = ((12, 10), (24, 5), (60, 2))
Z = 1.959964


def cast(rng: np.random.Generator, count: int, prompts: int, size: int, effect: float) -> list[Vote]:
    """So many votes, all pairs in turn, each prompt as often as the others."""
    truth = SPREAD if size == len(NAMES) else np.array([-0.35, 0.35])
    own = rng.normal(0, effect, (prompts, size))
    pairs = [(one, other) for one in range(size) for other in range(one)]
    found = []
    for number, turn in enumerate(rng.permutation(count)):
        (left, right), prompt = pairs[number % len(pairs)], int(turn) % prompts
        ahead = truth[left] + own[prompt, left] - truth[right] - own[prompt, right]
        won: Winner = "left" if rng.random() < 1 / (1 + np.exp(-ahead)) else "right"
        winner: Winner = "tie" if rng.random() < TIES else won
        clips = f"{NAMES[left]}{prompt}", f"{NAMES[right]}{prompt}"
        found.append(Vote(*clips, NAMES[left], NAMES[right], f"p{prompt}", winner))
    return found


def limit(size: int, effect: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """What the fit would say of infinitely many prompts and votes."""
    truth = SPREAD if size == len(NAMES) else np.array([-0.35, 0.35])
    found = truth + np.random.default_rng(0).normal(0, effect, (200_000, size))
    chance = np.array(
        [[(1 / (1 + np.exp(found[:, j] - found[:, i]))).mean() for j in range(size)] for i in range(size)]
    )
    wins = (1 - TIES) * chance + TIES / 2
    np.fill_diagonal(wins, 0)
    return strengths(wins)


def covered(size: int, prompts: int, each: int, contests: int) -> list[float]:
    """Shares of the intervals of differences that hold the truth: votes drawn, prompts drawn, and those widened."""
    truth = limit(size, EFFECT)
    held = np.zeros(3)
    pairs = [(one, other) for one in range(size) for other in range(one)]
    for contest in range(contests):
        votes = cast(np.random.default_rng([size, prompts, contest]), prompts * each, prompts, size, EFFECT)
        single = [Vote(v.left, v.right, v.left_variant, v.right_variant, str(n), v.winner) for n, v in enumerate(votes)]
        for method, its in enumerate((single, votes, votes)):
            fit = fits(its, replicates=400)[0]
            back = 1 / widening(prompts if method else len(votes)) if method < 2 else 1.0
            draws = fit.strengths + (fit.draws - fit.strengths) * back
            for one, other in pairs:
                low, high = np.percentile(draws[:, one] - draws[:, other], (2.5, 97.5))
                held[method] += low <= truth[one] - truth[other] <= high
    return [float(share) for share in held / contests / len(pairs)]


def course(seed: int, votes: int, effect: float, *, informed: bool) -> list[bool]:
    """After each ten votes: does the truly best of five lead?"""
    prompts = 48
    rng = np.random.default_rng(seed)
    truth = dict(zip(NAMES, rng.permutation(SPREAD), strict=True))
    own = {(name, f"p{prompt}"): rng.normal(0, effect) for prompt in range(prompts) for name in NAMES}
    pairs = Pairs([Clip(f"{name}{prompt}", name, f"p{prompt}") for name in NAMES for prompt in range(prompts)])
    order = rng.permutation(len(pairs))
    cast_so_far: list[Vote] = []
    right = []
    for number in range(votes):
        one, other = (
            pairs.next(cast_so_far, np.random.default_rng([seed, number])) if informed else pairs.pairs[order[number]]
        )
        ahead = [truth[clip.variant] + own[clip.variant, clip.prompt] for clip in (one, other)]
        won: Winner = "left" if rng.random() < 1 / (1 + np.exp(ahead[1] - ahead[0])) else "right"
        winner: Winner = "tie" if rng.random() < TIES else won
        cast_so_far.append(Vote(one.id, other.id, one.variant, other.variant, one.prompt, winner))
        if (number + 1) % 10 == 0:
            found, _ = belief(per_unit(cast_so_far, pairs.variants).sum(axis=0))
            right.append(pairs.variants[int(np.argmax(found))] == max(truth, key=lambda name: truth[name]))
    return right


def first(shares: Sequence[float], least: float) -> str:
    """After how many votes the share is reached, and kept on average of the next three."""
    means = [float(np.mean(shares[index : index + 3])) for index in range(len(shares))]
    return next((str(10 * (index + 1)) for index, mean in enumerate(means) if mean >= least), f"> {10 * len(shares)}")


def timed(call: Callable[[], object], repeats: int = 7) -> float:
    """Seconds of the best try."""
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return min(found)


def disagreement(contests: int) -> float:
    """The largest difference from evalica's strengths, in log-odds."""
    named = {"left": evalica.Winner.X, "right": evalica.Winner.Y, "tie": evalica.Winner.Draw}
    worst = 0.0
    for seed in range(contests):
        votes = cast(np.random.default_rng(seed), 500, 24, 5, EFFECT)
        ours = fits(votes, replicates=2, prior=0)[0]
        theirs = evalica.bradley_terry(
            [vote.left_variant for vote in votes], [vote.right_variant for vote in votes],
            [named[vote.winner] for vote in votes], tolerance=1e-9, limit=10_000,
        )  # fmt: skip
        scores = np.log(theirs.scores[list(ours.variants)].to_numpy())
        worst = max(worst, float(np.abs(ours.strengths - scores + scores.mean()).max()))
    return worst


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What votes are worth.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the simulations")
    scale = 10 if parser.parse_args().quick else 1
    say = sys.stdout.write

    votes = cast(np.random.default_rng(1), 500, 24, 5, EFFECT)
    units = per_unit(votes, NAMES)
    wins, added = units.sum(axis=0), 0.1 * (1 - np.eye(5))
    say("500 votes, 5 variants, 24 prompts\n\n| step | ms |\n|---|---|\n")
    say(f"| fit | {1e3 * timed(lambda: strengths(wins + added)):.2f} |\n")
    draw = timed(lambda: bootstrap(units, added, 1_000, np.random.default_rng(0)))
    say(f"| 1,000 bootstraps | {1e3 * draw:.1f} |\n| the whole ranking | {1e3 * timed(lambda: rank(votes)):.0f} |\n")
    pairs = Pairs([Clip(f"{name}{prompt}", name, f"p{prompt}") for name in NAMES for prompt in range(24)])
    each = timed(lambda: pairs.next(votes, np.random.default_rng(0)))
    say(f"| next of {len(pairs)} pairs | {1e3 * each:.2f} ({1 / each:.0f} a second) |\n")
    say(f"\n1,000 bootstraps are {'within' if draw <= 0.5 else 'ABOVE'} 0.5 s.\n")
    away = disagreement(20)
    say(f"Largest difference from evalica in 20 contests: {away:.1e} log-odds.\n")

    say(f'\nShare of "95 %" intervals of a difference that hold the truth, 120 votes, prompt effect {EFFECT}\n\n')
    say(
        "| variants | prompts x votes | votes drawn | prompts drawn | ours: prompts, widened by t |\n"
        "|---|---|---|---|---|\n"
    )
    for size, contests in ((2, 2_000 // scale), (5, 500 // scale)):
        for prompts, count in PLANS:
            shares = " | ".join(f"{share:.3f}" for share in covered(size, prompts, count, contests))
            say(f"| {size} | {prompts} x {count} | {shares} |\n")
            sys.stdout.flush()

    contests = 200 // scale
    say(f"\nVotes until the best of 5 leads, of {contests} contests on 48 prompts, {100 * TIES:.0f} % ties\n\n")
    say("| prompt effect | pairs | in 60 % | in 70 % | in 80 % | after 100 votes |\n|---|---|---|---|---|---|\n")
    for effect in (0.0, EFFECT):
        for informed in (False, True):
            runs = [course(seed, 240, effect, informed=informed) for seed in range(contests)]
            shares_now = list(np.mean(runs, axis=0))
            cells = " | ".join(first(shares_now, least) for least in (0.6, 0.7, 0.8))
            name = "most informative" if informed else "random"
            say(f"| {effect} | {name} | {cells} | {100 * shares_now[9]:.0f} % |\n")
            sys.stdout.flush()

    table = ", ".join(f"{rate}: {needed(rate)}" for rate in (0.55, 0.6, 0.65, 0.7, 0.75, 0.8))
    say(f"\nDecisive votes for 80 % power, by win rate: {table}\n")


if __name__ == "__main__":
    main()
