"""A bench: one matrix of clips that is priced, run, resumed, looked at, measured and promoted."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb.bench import faces, files, ladder, looking, spec
from kling_nb.bench import rows as tables
from kling_nb.bench.cells import matrix, variants
from kling_nb.bench.ladder import Rung
from kling_nb.bench.measuring import Measuring, scores_of
from kling_nb.bench.prompts import Suite, read
from kling_nb.bench.purse import hold
from kling_nb.bench.running import WINDOW, BenchRun
from kling_nb.bench.suites import STARTER, suite
from kling_nb.cell.options import AXES
from kling_nb.errors import OptionError, RequestError
from kling_nb.show import Shown
from kling_nb.show.words import plural

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from kling_nb.bench.arena import Arena
    from kling_nb.bench.cells import Cell, Exclude, Matrix, Variant
    from kling_nb.bench.ladder import By
    from kling_nb.bench.report import Report
    from kling_nb.bench.rows import Retry, Standing
    from kling_nb.lab import Jobs, Lab, Video
    from kling_nb.lab.comparison import Comparison

_FIRST_REASONS = 3


class Bench:
    """Prompts x settings x takes, each cell a clip. Making one sends nothing and needs no key.

    A cell's id is the fingerprint of its request, gateway and take, and the journal knows what became of it. So
    the same bench in another kernel finds its clips, and running it again fills the gaps only.

    Args:
        prompts: A text, a list, a DataFrame, the path of a table or suite, or ``"starter"``;
            see :func:`kling_nb.bench.prompts.read`. ``{a|b|c}`` is one of several, ``{name}`` is filled in.
        name: Of its folder beside the clips.
        takes: Samples of each request.
        variables: All values of each ``{name}`` that no column of the prompts fills.
        gateway: Where the clips are made; a list is an axis. Default as set, else the sandbox.
        exclude: Combinations to leave out: a function of a cell's options, or mappings of options of which one
            fits, such as ``[{"model": "kling-v3", "mode": "4k"}]``.
        skip_refused: Leave out what the catalogue refuses, instead of not starting.
        lab: This notebook's, if None.
        **axes: Options of ``submit``. Each one given as a list is an axis of the matrix.

    Raises:
        KlingError: Prompts or options cannot be read.
    """

    def __init__(
        self,
        prompts: Any = STARTER,
        *,
        name: str = "bench",
        takes: int = 1,
        variables: Mapping[str, Any] | None = None,
        gateway: str | Sequence[str] | None = None,
        exclude: Exclude = (),
        skip_refused: bool = False,
        lab: Lab | None = None,
        **axes: Any,
    ) -> None:
        lab = lab or _notebooks_lab()
        if not isinstance(takes, int) or takes < 1:
            raise OptionError(f"takes is a whole number from 1 on, not {takes!r}.")
        if isinstance(prompts, Rung):
            found, pairs = Suite({entry.id: entry for entry, _ in prompts.pairs}.values(), name), prompts.pairs
        else:
            found = suite() if isinstance(prompts, str) and prompts == STARTER else read(prompts, variables)
            defaults = {axis: value for axis in AXES if (value := getattr(lab.settings, axis))}
            given = {key: value for key, value in axes.items() if value is not None}
            every = variants({**defaults, "gateway": gateway or lab.gateway().name, **given})
            _refuse_both(found, every)
            pairs = tuple(itertools.product(found, every))
        self.lab = lab
        self.name = files.named(name)
        self.prompts = found
        self._found = matrix(lab, pairs, takes=takes, exclude=exclude, skip_refused=skip_refused)
        self._run: BenchRun | None = None
        if not self._found.cells:
            raise OptionError("Nothing is left of this bench: exclude and skip_refused leave every combination out.")

    # --- what it is ---------------------------------------------------------------------------

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell, prompt by prompt."""
        return self._found.cells

    @property
    def matrix(self) -> Matrix:
        """The cells and what was left out of them."""
        return self._found

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants' labels."""
        return tuple(dict.fromkeys(cell.variant.label for cell in self.cells))

    @property
    def axes(self) -> tuple[str, ...]:
        """The options that were given as lists."""
        return tuple(dict.fromkeys(name for variant in self._found.examples for name in variant.settings))

    @property
    def folder(self) -> Path:
        """Where its spec, scores and votes lie; made by the first run."""
        return self.lab.folder / self.name

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return f"<Bench {self.name}: {plural(len(self), 'cell')}>"

    # --- running it ---------------------------------------------------------------------------

    def dry_run(self, *, retry_failed: Retry = True) -> Shown:
        """What a run would send, what of it is there already, and what the rest costs. Nothing is sent or stored."""
        standing: Counter[tuple[str, str]] = Counter()
        todo: list[Cell] = []
        new: list[Cell] = []
        for found in self.standings():
            standing[found.cell.variant.label, found.status] += 1
            if tables.to_do(found, retry_failed):
                todo.append(found.cell)
                if not found.sent or found.status == "failed":
                    new.append(found.cell)
        seconds = self.lasting(todo, WINDOW)
        return Shown(faces.dry_run(self.name, self._found, standing, todo, new, seconds))

    def run(
        self,
        budget: float | None = None,
        *,
        yes: bool = False,
        parallel: int = WINDOW,
        retry_failed: Retry = True,
    ) -> BenchRun:
        """Send what has no clip yet, and fetch what is on its way. Returns at once; await it, or call its ``wait``.

        Args:
            budget: USD that this run may spend. It does not start if all of it may cost more, and it stops sending
                when clips turn out dearer than the list says. What earlier runs have spent does not count.
            yes: Accept a price above the confirmation threshold, or prices that nobody knows.
            parallel: Cells that are open at once.
            retry_failed: Send failed cells again; those that were or may have been charged only with ``"charged"``.

        Raises:
            BudgetError: Dearer than allowed; nothing was sent.
            RequestError: The catalogue refuses some of it; nothing was sent.
            MissingKeyError: A gateway's key is not set.
        """
        if self._run and not self._run.done():
            return self._run
        if parallel < 1:
            raise OptionError(f"parallel is a whole number from 1 on, not {parallel!r}.")
        self._refuse()
        todo: list[Cell] = []
        paid: set[str] = set()
        for found in self.standings():
            if tables.to_do(found, retry_failed):
                todo.append(found.cell)
                if found.accepted:
                    paid.add(found.cell.id)
        new = [cell for cell in todo if cell.id not in paid]
        hold(new, budget, self.lab.settings.confirm_above, yes=yes)
        for name in {cell.gateway for cell in todo}:
            place = self.lab.gateway(name)
            self.lab.desks.codec(place)
            self.lab.desks.credentials(place)
        if todo:
            spec.write(self)
        self._run = BenchRun(self, todo, paid=frozenset(paid), budget=budget, parallel=int(parallel))
        return self._run

    def resume(self, budget: float | None = None, **options: Any) -> BenchRun:
        """The same as :meth:`run`: what is missing is sent, what is open is fetched, nothing is paid twice."""
        return self.run(budget, **options)

    def stop(self) -> None:
        """Send no more; what is open is still fetched."""
        if self._run:
            self._run.stop()

    def lasting(self, cells: Sequence[Cell], parallel: int) -> float:
        """Seconds that cells are believed to take, so many at once, at the pace that this folder has taught."""
        counts = Counter(cell.variant for cell in cells)
        medians = {
            variant: self.lab.pace(
                next(c.gateway for c in cells if c.variant is variant), self._found.examples[variant]
            )
            for variant in counts
        }
        every = [(medians[variant].median, count) for variant, count in counts.items()]
        longest = max((median for median, _ in every), default=0.0)
        return max(longest, sum(median * count for median, count in every) / parallel)

    # --- what came of it ----------------------------------------------------------------------

    def status(self) -> dict[str, int]:
        """How many cells are where: done, failed, running …, ``missing`` for those never sent."""
        counted = Counter(found.status for found in self.standings())
        return {"cells": len(self), **dict(counted.most_common())}

    def standings(self) -> Iterator[Standing]:
        """Each cell with its job, out of the journal."""
        return tables.standings(self.lab, self.cells)

    def rows(self) -> list[dict[str, Any]]:
        """One mapping for each cell: prompt, settings, job, status, money, times, file, scores."""
        return list(self._rows())

    def frame(self) -> Any:
        """The rows as a pandas DataFrame, tags as text, ``var_`` and ``score_`` columns.

        Raises:
            SetupError: pandas is not installed.
        """
        return tables.frame(self._rows())

    def save(self, path: str | Path) -> Path:
        """Write the rows to a ``.jsonl``, ``.csv`` or ``.parquet`` file.

        Raises:
            OptionError: Another kind of file.
            SetupError: Parquet needs pandas and pyarrow.
        """
        return tables.save(self._rows(), Path(path).expanduser())

    @property
    def jobs(self) -> Jobs:
        """The jobs of all cells that have one."""
        return self.lab.handles([found.state for found in self.standings() if found.state])

    def videos(self, prompt: str | int | None = None, variants: str | Sequence[str] | None = None) -> list[Video]:
        """The finished clips; of one prompt (its id, number or words) and of some variants, if so asked."""
        return self.lab.handles(looking.finished(self, prompt, variants)).videos

    def compare(
        self, prompt: str | int | None = None, variants: str | Sequence[str] | None = None, title: str = ""
    ) -> Comparison:
        """Up to twelve finished clips side by side.

        Args:
            prompt: Its id, number (from 0) or words; the first prompt that has two clips, if None.
            variants: Labels, or the beginnings of them; all, if None.
            title: A line above; the prompt, if empty.

        Raises:
            OptionError: There are none, or more than twelve.
        """
        return looking.compare(self, prompt, variants, title)

    def arena(self, criterion: str = "overall", *, voter: str = "me", seed: int = 0) -> Arena:
        """Blind votes on the finished clips; see :class:`kling_nb.bench.arena.Arena`.

        Raises:
            OptionError: There are no two variants with a clip of one prompt.
        """
        return looking.arena(self, criterion, voter=voter, seed=seed)

    def measure(self, executor: Executor | None = None, metrics: Sequence[str] | None = None) -> Measuring:
        """Measure the finished clips that have no score yet; await it, or call its ``wait``, for the rows with defects.

        Args:
            executor: Any of ``concurrent.futures``, also a cluster's; this machine's cores, if None.
            metrics: Names of :func:`kling_nb.metrics.metrics`; the standard ones, if None.
        """
        return Measuring(self, executor, metrics)

    def promote(self, by: By = "votes", *, keep: int = 1, name: str = "", takes: int = 1, **fields: Any) -> Bench:
        """The next rung of the ladder: the best drafts of each prompt again, dearer.

        Args:
            by: ``"votes"``: the clips of each prompt that people preferred; ``"ranking"``: the variants that they
                preferred over all prompts; ``"rule"``: clips without a defect; a metric's name: of those, the best
                by it; or a function of a row whose largest values win (None leaves a clip out).
            keep: How many variants of each prompt (by ranking: of all prompts).
            name: Of the new bench; this one's and ``-pro``, if empty.
            takes: Samples of each.
            **fields: What is different now, such as ``mode="pro"``.

        Raises:
            OptionError: Nothing to choose by, or nothing that was chosen.
        """
        rung = ladder.promoted(self, by, keep, fields)
        return Bench(rung, name=name or f"{self.name}-pro", takes=takes, lab=self.lab)

    def report(
        self, path: str | Path = "report", *, question: str = "", notes: str = "", embed: float = 25.0
    ) -> Report:
        """Write a report that opens from the disk, with no kernel and no network; what stands there of it is replaced.

        Args:
            path: A folder with the page, the clips and all tables; or, if it ends with ``.html``, one page.
            question: What the bench was made to find out; stands above the answer.
            notes: Whatever else should stand there.
            embed: MB of clips that a single page holds; of the others it has the posters.

        Raises:
            OptionError: Something else is there.
            StorageError: It cannot be written.
        """
        from kling_nb.bench import report  # noqa: PLC0415 - its rankings need numpy

        facts = report.gather(self, question=question, notes=notes)
        return report.write(facts, Path(path).expanduser(), self.lab.notebook, self.lab.desks.scrubbed, embed)

    # --- how it looks -------------------------------------------------------------------------

    def bundle(self) -> dict[str, str]:
        """What there is, a line for each variant."""
        scores = scores_of(self.folder)
        found = ((one, scores.get(one.state.id if one.state else "", {})) for one in self.standings())
        return faces.summary(self.name, self._found, tables.tallies(found))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Shown:
        return Shown(self.bundle())  # for front ends without IPython (marimo)

    def _rows(self) -> Iterator[dict[str, Any]]:
        scores, folder, axes = scores_of(self.folder), self.lab.folder, self.axes
        shares = ladder.shares_of(self.folder)
        for found in self.standings():
            job = found.state.id if found.state else ""
            yield tables.row(found, folder, scores.get(job, {}), axes) | {"preferred": shares.get(job)}

    def _refuse(self) -> None:
        ruled_out = [cell for cell in self.cells if cell.errors]
        if ruled_out:
            reasons = list(dict.fromkeys(itertools.chain.from_iterable(cell.errors for cell in ruled_out)))
            raise RequestError(
                f"{len(ruled_out)} of {plural(len(self), 'cell')} would be refused: "
                f"{' '.join(reasons[:_FIRST_REASONS])} Leave them out with exclude=… or skip_refused=True; "
                "dry_run() lists all reasons."
            )


def _refuse_both(prompts: Suite, every: Sequence[Variant]) -> None:
    """One option must not be a column of the prompts and an axis: its column would make the variants the same."""
    axes = {name for name in every[0].settings if len({repr(one.options[name]) for one in every}) > 1}
    for entry in prompts:
        if both := axes & set(entry.options):
            name = min(both)
            raise OptionError(f"{name} is a column of the prompts and a list here: leave one of them out.")


def _notebooks_lab() -> Lab:
    lab: Lab = import_module("kling_nb")._lab()  # noqa: SLF001 - the front door's own, which knows the notebook
    return lab
