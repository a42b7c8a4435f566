"""How often do we ask, and how late do we see it? Our schedule, others' and the best possible, simulated.

    pip install numpy
    python tests/benchmarks/bench_polling.py                 # ten seconds

A task's latency is log-normal (median 60 s, sigma 0.4); *delay* is how late its end was seen, in shares of its
latency. *Cost* is the mean delay plus 0.007 for each poll (the default of ``%config KlingMagics.poll_patience``), as a
multiple of the least that any schedule can reach. For each client the setting of that knob is named at which ours
asks no more often and sees it no later. The second table is a shared allowance: so many tasks always in flight.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kling_nb.lab.polling import Poller, Watched
from kling_nb.pace import DEFAULT_PATIENCE, Allowance, Latency, learned, next_poll, prior
from tests.pace.sky import Sky
from tests.pace.virtual import run

MEDIAN, SIGMA = 60.0, 0.4
DRAWS, HISTORIES = 20_000, 40
_NORMAL = NormalDist()
Point = tuple[float, float, float, float]
"""Polls a task; mean, median and 95th percentile of the delay."""


def _regular(first: float, factor: float = 1.0, cap: float = math.inf) -> Iterator[float]:
    """At once, then with growing pauses: the loop that every client has."""
    age, gap = 1e-3, first
    while True:
        yield age
        age, gap = age + gap, min(gap * factor, cap)


# The clients' own intervals, as read in their source or on the gateways' pages.
PEERS: dict[str, Callable[[], Iterator[float]]] = {
    "fal, 0.1 s": lambda: _regular(0.1),
    "replicate, 0.5 s": lambda: _regular(0.5),
    "openai, KwaiVGI, 1 s": lambda: _regular(1),
    "lumaai, ImaRouter's page, 3 s": lambda: _regular(3),
    "ComfyUI, vercel, 5 s": lambda: _regular(5),
    "runwayml, 6 s": lambda: _regular(6),
    "litellm, 10 s": lambda: _regular(10),
    "google, 20 s": lambda: _regular(20),
    "azure, 30 s": lambda: _regular(30),
    "Wireflow's page, 1 s x1.5 to 10 s": lambda: _regular(1, 1.5, 10),
    "doubling to 10 s": lambda: _regular(1, 2, 10),
    "doubling": lambda: _regular(1, 2),
}


def _ours(belief: Latency, patience: float = DEFAULT_PATIENCE) -> Iterator[float]:
    age = 0.0
    while True:
        age = next_poll(belief, age, patience=patience)
        yield age


def _point(schedule: Iterator[float], latencies: Any) -> Point:
    times = []
    for age in schedule:
        times.append(age)
        if age > latencies.max():
            break
    found = np.searchsorted(times, latencies)
    delay = (np.array(times)[found] - latencies) / latencies
    return float((found + 1).mean()), float(delay.mean()), float(np.median(delay)), float(np.percentile(delay, 95))


def _warm(history: int, latencies: Any, patience: float = DEFAULT_PATIENCE) -> Point:
    """Ours after so many finished tasks, averaged over what these may have been."""
    rows = []
    for seed in range(HISTORIES if history else 1):
        rng = random.Random(seed)
        seen = [MEDIAN * math.exp(SIGMA * rng.gauss(0, 1)) for _ in range(history)]
        rows.append(_point(_ours(learned(prior("kling", 5), seen), patience), latencies))
    polls, mean, median, late = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return polls, mean, median, late


def frontier(patience: float, latencies: Any, points: int = 1200) -> Point:
    """The best that any schedule can do when the distribution is known: found backwards over a fine grid of ages."""
    z = np.linspace(-4.2, 4.6, points)
    ages = np.exp(SIGMA * z)
    done = np.array([_NORMAL.cdf(x) for x in z])
    inverse = math.exp(SIGMA**2 / 2) * np.array([_NORMAL.cdf(x + SIGMA) for x in z])  # E[1/L; L <= age]
    value, onward = np.zeros(points), np.full(points, -1)
    for here in range(points - 2, -1, -1):
        costs = ages[here + 1 :] * (inverse[here + 1 :] - inverse[here]) - (done[here + 1 :] - done[here])
        costs += value[here + 1 :] + patience * (1 - done[here])
        onward[here] = here + 1 + int(costs.argmin())
        value[here] = costs.min()
    here = int((ages * inverse - done + value).argmin())
    times = [ages[here]]
    while (here := onward[here]) >= 0:
        times.append(ages[here])
    growing = itertools.accumulate(itertools.repeat(1.05), lambda age, factor: age * factor, initial=times[-1] * 1.05)
    return _point((MEDIAN * age for age in itertools.chain(times, growing)), latencies)


def _settings(latencies: Any) -> dict[float, Point]:
    """Ours, warm, over the range of the knob, finely enough to find the setting that beats somebody."""
    return {float(knob): _warm(20, latencies, float(knob)) for knob in np.geomspace(1.5e-6, 0.8, 60)}


def _beats(knobs: dict[float, Point], peer: Point) -> str:
    """The setting at which ours is as good or better on both axes, for the mean and the median delay."""
    better = [(polls, knob, row) for knob, row in knobs.items() if (polls := row[0]) <= peer[0]
              and row[1] <= peer[1] and row[2] <= peer[2]]  # fmt: skip
    if not better:
        return "none"
    polls, knob, row = min(better)
    return f"{knob:.2g}: {polls:.1f} polls, {100 * row[2]:.1f} %"


def _polls_table(say: Callable[[str], object]) -> None:
    rng = np.random.default_rng(7)
    latencies = MEDIAN * np.exp(SIGMA * rng.standard_normal(DRAWS))
    best = frontier(DEFAULT_PATIENCE, latencies)
    knobs = _settings(latencies)
    rows = {"**the best possible** at 0.007": (best, "")}
    rows |= {f"**kling_nb**, {n} tasks seen": (_warm(n, latencies), "") for n in (0, 1, 3, 10, 20)}
    for name, make in PEERS.items():
        peer = _point(make(), latencies)
        rows[name] = peer, _beats(knobs, peer)
    say("| schedule | polls | delay: median, mean, p95 % | cost | ours is no worse at |\n|---|---|---|---|---|\n")
    for name, ((polls, mean, median, late), beaten) in rows.items():
        cost = (mean + DEFAULT_PATIENCE * polls) / (best[1] + DEFAULT_PATIENCE * best[0])
        delays = ", ".join(f"{100 * share:.1f}" for share in (median, mean, late))
        say(f"| {name} | {polls:.1f} | {delays} | {cost:.2f} | {beaten} |\n")


def _shared(make: Callable[[Poller, float, float], Any], tasks: int, per_minute: int) -> tuple[list[float], int, int]:
    """An hour of so many tasks always in flight; their delays, requests sent, and how many were over the allowance."""
    delays: list[float] = []
    sent: list[float] = []

    async def keep_busy() -> None:
        now = asyncio.get_running_loop().time
        rng = random.Random(3)
        poller = Poller(Allowance(per_minute, now()), now=now)

        async def one_after_another(wait: float) -> None:
            await asyncio.sleep(wait)
            while now() < 3600:
                started, latency = now(), MEDIAN * math.exp(SIGMA * rng.gauss(0, 1))
                ask = make(poller, started, rng.random())
                while True:
                    await ask()
                    if len(sent) >= per_minute and sent[-per_minute] > now() - 60 and make is not _budgeted:
                        refused[0] += 1  # the gateway's 429: this turn is lost
                        continue
                    sent.append(now())
                    if now() - started >= latency:
                        break
                delays.append((now() - started - latency) / latency)

        await asyncio.gather(*(one_after_another(rng.uniform(0, 60)) for _ in range(tasks)))

    refused = [0]
    run(keep_busy())
    for index, at in enumerate(sent):
        if make is _budgeted and index >= per_minute and sent[index - per_minute] > at - 60:
            refused[0] += 1
    return delays, len(sent), refused[0]


def _budgeted(poller: Poller, started: float, _jitter: float) -> Any:
    watched = Watched(Latency(MEDIAN, SIGMA), started)
    return lambda: poller.turn(watched)


def _loop(first: float, factor: float, cap: float) -> Any:
    def make(_poller: Poller, _started: float, jitter: float) -> Any:
        gaps = _regular(first, factor, cap)
        before = next(gaps)

        async def ask() -> None:
            nonlocal before
            after = next(gaps)
            await asyncio.sleep((after - before) * (0.9 + 0.2 * jitter))
            before = after

        return ask

    return make


def _shared_table(say: Callable[[str], object]) -> None:
    say("\n| tasks, requests a minute | client | delay: median, mean, p95 % | polls a task | refused |\n")
    say("|---|---|---|---|---|\n")
    loops = {"kling_nb": _budgeted, "every 3 s": _loop(3, 1, 3), "1 s x1.5 to 10 s": _loop(1, 1.5, 10)}
    for tasks, per_minute in ((1, 10), (5, 20), (20, 60), (50, 200)):
        for name, make in loops.items():
            delays, sent, refused = _shared(make, tasks, per_minute)
            shares = [np.median(delays), np.mean(delays), np.percentile(delays, 95)]
            told = ", ".join(f"{100 * share:.1f}" for share in shares)
            share = refused / (refused + sent)
            say(f"| {tasks}, {per_minute} | {name} | {told} | {sent / len(delays):.1f} | {share:.0%} |\n")


def _together_table(say: Callable[[str], object]) -> None:
    say("\n| open jobs, requests a minute | sharing | requests a task | delay: median, mean, p95 % |\n")
    say("|---|---|---|---|\n")
    for tasks, per_minute in ((1, None), (2, None), (5, None), (20, None), (20, 20), (100, None), (400, None)):
        for sharing in (False, True):
            sky = Sky(per_minute)

            async def busy(sky: Sky = sky, tasks: int = tasks, *, sharing: bool = sharing) -> None:
                await sky.crowd(sky.poller(sharing=sharing), tasks, each=max(20, 400 // tasks))

            run(busy())
            shares = [np.median(sky.delays), np.mean(sky.delays), np.percentile(sky.delays, 95)]
            told = ", ".join(f"{100 * share:.1f}" for share in shares)
            limit = "no limit" if per_minute is None else per_minute
            per_task = len(sky.asked) / len(sky.delays)
            say(f"| {tasks}, {limit} | {'on' if sharing else 'off'} | {per_task:.2f} | {told} |\n")


def main() -> None:
    """Simulate and print the three tables."""
    _polls_table(sys.stdout.write)
    _shared_table(sys.stdout.write)
    _together_table(sys.stdout.write)


if __name__ == "__main__":
    main()
