"""``%%kling`` and ``%kling``: called by IPython, decides nothing.

Loading this file costs a few milliseconds: everything that is heavy is imported by the first cell
that needs it.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from IPython import get_ipython
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import CFloat, CInt, Enum, Unicode

from kling_nb.cell import LINE_COMMANDS, parse, usage, words
from kling_nb.errors import KlingError, OptionError, StoppedWaiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from kling_nb.cell.parse import CellOrder
    from kling_nb.doctor import Load, Visit
    from kling_nb.lab import Jobs, Lab


class StoppedReading(StoppedWaiting):
    """The stop button was pressed while a cell's pictures were read."""

    def __str__(self) -> str:
        return "Stopped; nothing was asked for. Run the cell again to do so."


_CALL = re.compile(r"get_ipython\(\)\.run_(cell|line)_magic\('kling', (.*)\)\s*\Z", re.DOTALL)


@magics_class
class KlingMagics(Magics):
    """The defaults of ``%%kling``: ``%config KlingMagics.model = 'kling-v2-6'``."""

    gateway = Unicode("", help="where to generate; empty: KLING_NB_GATEWAY, else the sandbox").tag(config=True)
    model = Unicode("", help="model for cells that name none").tag(config=True)
    mode = Unicode("", help="quality tier for cells that name none").tag(config=True)
    aspect = Unicode("", help="aspect ratio for cells that name none").tag(config=True)
    duration = CInt(0, help="seconds for cells that name none; 0: the gateway's default").tag(config=True)
    output = Unicode("", help="output folder; empty: KLING_NB_OUTPUT, else kling_outputs").tag(config=True)
    wait = Enum(("auto", "always", "never"), "auto", help="wait inside the cell; auto: only in headless runs").tag(
        config=True
    )
    confirm_above = CFloat(5.0, help="a cell dearer than this many USD needs --yes").tag(config=True)
    patience = CFloat(30.0, help="minutes after which a wait says how to go on").tag(config=True)
    poll_patience = CFloat(
        0.007, min=1e-6, max=1.0, help="price of one poll in shares of a clip's time; larger asks less often"
    ).tag(config=True)

    embed = Enum(
        ("auto", "always", "never"),
        "auto",
        help="keep clips inside of the notebook; auto: KLING_NB_EMBED, else where no address leads to their files",
    ).tag(config=True)
    embed_limit = CFloat(2.0, min=0.0, help="MB of the largest clip that is kept inside of the notebook").tag(
        config=True
    )

    _SETTINGS: ClassVar = (
        "gateway", "model", "mode", "aspect", "duration", "output", "wait", "confirm_above", "patience",
        "poll_patience", "embed", "embed_limit",
    )  # fmt: skip

    shell: InteractiveShell

    @property
    def lab(self) -> Lab:
        """The lab, made by the first cell that needs it, with the settings as they are now."""
        from kling_nb.lab import the_lab  # noqa: PLC0415 - takes 200 ms, so not while loading the extension
        from kling_nb.live import attach  # noqa: PLC0415 - see above

        lab = the_lab()
        attach(lab, self.shell)
        for name in self._SETTINGS:
            setattr(lab.settings, name, getattr(self, name))
        return lab

    @no_var_expand
    @line_cell_magic
    def kling(self, line: str = "", cell: str | None = None) -> Any:
        """Replaced below by the usage page, which IPython shows for ``%kling?``."""
        jobs = self._begin(line, cell)
        if jobs is not None:
            jobs.block()
            self._report(jobs)

    kling.__doc__ = usage()

    async def awaited(self, line: str, cell: str | None = None) -> None:
        """The magic as an unindented statement calls it: an interrupt stops the waiting and no job."""
        try:
            jobs = await self._begun(line, cell)
        except asyncio.CancelledError:
            raise StoppedReading from None
        if jobs is None:
            return
        try:
            await jobs.ended()
        except asyncio.CancelledError:
            raise StoppedWaiting from None
        self._report(jobs)

    def _begin(self, line: str, cell: str | None) -> Jobs | Load | Visit | None:
        """Do what is asked; the jobs to wait for, or None if there is nothing to wait for."""
        if cell is None:
            return self._command(line)
        order = self._read(line, cell)
        if order is None:
            return None
        if "dry_run" in order.flags:
            self._show(self.lab.rehearse(order.requests, order.gateway or None))
            return None
        return self._present(order, self.lab.order(order.requests, **self._terms(order)))

    async def _begun(self, line: str, cell: str | None) -> Jobs | Load | Visit | None:
        """As :meth:`_begin`; the loop stays awake while pictures are read."""
        order = None if cell is None else self._read(line, cell)
        if order is None:
            return self._command(line) if cell is None else None
        if "dry_run" in order.flags:
            self._show(await self.lab.rehearsed(order.requests, order.gateway or None))
            return None
        return self._present(order, await self.lab.ordered(order.requests, **self._terms(order)))

    def _read(self, line: str, cell: str) -> CellOrder | None:
        """What a cell asks for; None where that is the help page."""
        order = parse(line, cell, self.shell.user_ns)
        if "help" not in order.flags:
            return order
        print(usage())  # noqa: T201 - a help page is text
        return None

    def _terms(self, order: CellOrder) -> dict[str, Any]:
        """Where to, and under which conditions."""
        from kling_nb.lab.comparison import refuse_count  # noqa: PLC0415 - with the lab

        if "compare" in order.flags:
            refuse_count(len(order.requests))
        given = {name: name in order.flags for name in ("yes", "fresh", "force")}
        return {"gateway": order.gateway or None, "budget": order.budget, **given}

    def _present(self, order: CellOrder, jobs: Jobs) -> Jobs | None:
        """Bind and show the jobs of a cell; those to wait for."""
        if order.name:
            self.shell.user_ns[order.name] = jobs if len(jobs) > 1 else jobs[0]
        if not ("compare" in order.flags and self.lab.show_comparison(self.lab.compare(jobs))):
            self.lab.show(jobs)
        return jobs if self._waits(order.flags) else None

    def _command(self, line: str) -> Jobs | Load | Visit | None:
        name, *arguments = words(line) or ["help"]
        if name not in LINE_COMMANDS:
            raise OptionError(
                f"%kling has no command {name!r}: it has {', '.join(LINE_COMMANDS)}. Prompts need %%kling."
            )
        command: Callable[[Sequence[str]], Jobs | Load | Visit | None] = getattr(self, f"_do_{name}")
        return command(arguments)

    def _do_help(self, _: Sequence[str]) -> None:
        print(usage())  # noqa: T201 - a help page is text

    def _do_jobs(self, arguments: Sequence[str]) -> None:
        from kling_nb.lab.tables import jobs_table  # noqa: PLC0415 - with the lab

        if "--live" in arguments:
            from kling_nb.live import panels  # noqa: PLC0415 - widgets take 50 ms

            panels("board").BoardDisplay(self.lab)._ipython_display_()
        else:
            self._show(jobs_table(self.lab))

    def _do_panel(self, _: Sequence[str]) -> None:
        from kling_nb.live import panels  # noqa: PLC0415 - widgets take 50 ms

        panels("composer").Panel(self.lab)._ipython_display_()

    def _do_models(self, arguments: Sequence[str]) -> None:
        from kling_nb.lab.tables import models_table  # noqa: PLC0415 - with the lab

        self._show(models_table(*arguments[:1]))

    def _do_gateways(self, arguments: Sequence[str]) -> None:
        from kling_nb.lab.accounts import gateway_table  # noqa: PLC0415 - with the lab
        from kling_nb.lab.tables import gateways_table  # noqa: PLC0415 - with the lab

        self._show(gateway_table(self.lab, arguments[0]) if arguments else gateways_table(self.lab))

    def _do_cost(self, _: Sequence[str]) -> None:
        from kling_nb.lab.tables import cost_table  # noqa: PLC0415 - with the lab

        self._show(cost_table(self.lab))

    def _do_doctor(self, arguments: Sequence[str]) -> Load | Visit:
        from kling_nb.doctor import Load, Visit, asked  # noqa: PLC0415 - with the lab

        wanted = asked(arguments)
        if wanted.load is not None:
            return Load(self.lab, wanted.load, lambda figures: self._show(figures.bundle()))
        return Visit(self.lab, offline=wanted.offline, tell=lambda report: self._show(report.bundle()))

    def _do_show(self, arguments: Sequence[str]) -> None:
        jobs = self.lab.those(_ids(arguments, "show"))
        self.lab.show(jobs)

    def _do_compare(self, arguments: Sequence[str]) -> None:
        self.lab.show_comparison(self.lab.compare(*_ids(arguments, "compare")))

    def _do_gallery(self, _: Sequence[str]) -> None:
        self._show(self.lab.gallery()._repr_mimebundle_())

    def _do_resume(self, arguments: Sequence[str]) -> Jobs | None:
        jobs = self._do_wait(arguments)
        return jobs if self._waits(frozenset()) else None

    def _do_wait(self, arguments: Sequence[str]) -> Jobs | None:
        jobs = self.lab.resume(arguments)
        if not jobs:
            print("Nothing is open: every job of this folder has ended.")  # noqa: T201 - one plain sentence
            return None
        self.lab.show(jobs)
        return jobs

    def _do_cancel(self, arguments: Sequence[str]) -> None:
        for job in self.lab.those(_ids(arguments, "cancel")):
            job.cancel()
            print(job.error or f"{job.id} is {job.status} already.")  # noqa: T201 - one plain sentence

    def _show(self, bundle: dict[str, str]) -> None:
        from kling_nb.live import show_bundle  # noqa: PLC0415 - displays only now

        show_bundle(bundle)

    def _report(self, jobs: Jobs | Load | Visit) -> None:
        """Raise if there is not a single clip: a headless run should not go on as if there were."""
        if not isinstance(jobs, Sequence):
            return  # the doctor, who has told everything
        errors = [job.error for job in jobs if job.error]
        if errors and len(errors) == len(jobs):
            raise errors[0]

    def _waits(self, flags: frozenset[str]) -> bool:
        from kling_nb.live import has_kernel, headless  # noqa: PLC0415 - with the lab

        if "wait" in flags or "no_wait" in flags:
            return "wait" in flags
        if self.wait != "auto":
            return bool(self.wait == "always")
        # Nobody is there to see a card change later: nbclient and its kin, or a terminal.
        return not has_kernel(self.shell) or headless(self.shell)


def await_magic(lines: list[str]) -> list[str]:
    """Input transformer: an unindented ``%%kling`` becomes an awaited call, so that its cell is a true async cell.

    Inside another magic's cell (``%%time``, ``%%capture``) nothing is rewritten, because those run their
    code without a loop of their own; the magic then waits by blocking.
    """
    if not any(line.startswith("get_ipython().run_") for line in lines) or _inside_magic() or not _autoawait():
        return lines
    return [_awaited(line) for line in lines]


def _awaited(line: str) -> str:
    match = _CALL.match(line)
    if not match:
        return line
    end = "\n" if line.endswith("\n") else ""
    return f"await get_ipython().magics_manager.registry['KlingMagics'].awaited({match[2]}){end}"


def _autoawait() -> bool:
    """Whether a cell may say ``await`` at all (``%autoawait off`` forbids it)."""
    shell = get_ipython()
    return shell is None or bool(shell.autoawait)


def _inside_magic() -> bool:
    frame = sys._getframe(1)  # noqa: SLF001 - the call stack is the only place that tells
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_code.co_name in {"run_cell_magic", "run_line_magic"}:
            return True
    return False


def _ids(arguments: Sequence[str], command: str) -> Sequence[str]:
    if not arguments:
        raise OptionError(f"%kling {command} needs a job's id: %kling jobs lists them.")
    return arguments


def load(shell: InteractiveShell) -> None:
    """Register magics, transformer and completion."""
    from kling_nb.complete import matcher  # noqa: PLC0415 - a cycle of two small files is not worth it

    unload(shell)
    shell.register_magics(KlingMagics)
    shell.input_transformers_post.append(await_magic)
    shell.Completer.custom_matchers.append(matcher)


def unload(shell: InteractiveShell) -> None:
    """Take all of it out again."""
    from kling_nb.complete import matcher  # noqa: PLC0415 - see load

    manager = shell.magics_manager
    found = manager.registry.pop("KlingMagics", None)
    if found is not None and found in shell.configurables:
        shell.configurables.remove(found)
    for table in manager.magics.values():
        table.pop("kling", None)
    for registered, ours in ((shell.input_transformers_post, await_magic), (shell.Completer.custom_matchers, matcher)):
        while ours in registered:
            registered.remove(ours)


__all__ = ["KlingError", "KlingMagics", "StoppedReading", "await_magic", "load", "unload"]
