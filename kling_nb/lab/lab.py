"""The lab: one object that a notebook talks to, holding its settings, its jobs and its desks."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kling_nb import show
from kling_nb.cell.options import AXES
from kling_nb.errors import KlingError, MissingKeyError, NotFoundError, OptionError, PatienceError, RequestError
from kling_nb.journal import FILE
from kling_nb.lab import sandboxed as sandbox
from kling_nb.lab.admission import Admission
from kling_nb.lab.comparison import Comparison, gallery_of, gathered
from kling_nb.lab.desks import Desks
from kling_nb.lab.embedding import embedded
from kling_nb.lab.history import History
from kling_nb.lab.job import Followed, Job, Jobs, Video
from kling_nb.lab.loops import Home, wait_for
from kling_nb.lab.plan import Plan, make_plan, opens_pictures, refuse, refuse_twins
from kling_nb.lab.reach import Reach, marimo_folder, reach
from kling_nb.lab.rehearse import plan_view
from kling_nb.lab.run import failure, run_job
from kling_nb.lab.stopping import can_stop, in_loop, offers, stop_there
from kling_nb.lab.views import job_view
from kling_nb.life import OPEN, Event, JobState
from kling_nb.pipeline import StoredRun, Trigger, run_of
from kling_nb.places import Facts
from kling_nb.settings import Settings, notebook_folder
from kling_nb.wire import Order
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.frames import Opened
    from kling_nb.gateways import Gateway
    from kling_nb.journal import Journal
    from kling_nb.lab.run import Desk
    from kling_nb.pace import Latency
    from kling_nb.pipeline import NodeType, WorkflowInput
    from kling_nb.request import VideoRequest
    from kling_nb.show import JobView
    from kling_nb.wire import Flow

T = TypeVar("T")


class Lab:
    """Everything of one kernel.

    Args:
        settings: Defaults, changed by ``%config``.
        env: The environment; read anew each time, so ``%env`` works.
        namespace: The notebook's variables, where there is a notebook.
        now: Unix time in seconds.
        sleep: Waits; replaced together with ``now`` by a virtual clock in tests.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        env: Mapping[str, str] = os.environ,
        namespace: Callable[[], Mapping[str, Any]] = dict,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings or Settings()
        self.home = Home()
        self.shower: Callable[[Sequence[Job]], bool] | None = None
        self.comparison_shower: Callable[[Comparison], bool] | None = None
        self.arena_shower: Callable[[Any], bool] | None = None
        self.follower: Callable[[Followed], bool] | None = None
        self.drawer: Callable[[Any], Any] | None = None
        self.shell: Callable[[], Facts] = Facts
        self._env = env
        self.namespace = namespace
        self._now = now
        self._desks = Desks(env, now, sleep)
        self._running: dict[str, Job] = {}

    # --- where things are ---------------------------------------------------------------------

    @property
    def notebook(self) -> Path:
        """Folder of the running notebook."""
        return marimo_folder() or notebook_folder(self.namespace(), self._env)

    @property
    def reach(self) -> Reach:
        """The front end, and which files its pages can reach."""
        return reach(self.shell(), self.namespace(), self._env, self.notebook)

    @property
    def folder(self) -> Path:
        """The output folder."""
        return self.settings.folder(self.notebook, self._env)

    @property
    def journal(self) -> Journal:
        """The journal of the output folder."""
        return self._desks.journal(self.folder)

    def gateway(self, name: str | None = None, *, sandboxed: bool = False) -> Gateway:
        """The gateway of that name, or the chosen one; if ``sandboxed``, as the sandbox plays it.

        Raises:
            OptionError: There is none of that name, or the sandbox does not speak its dialect.
        """
        return sandbox.gateway(name or self.settings.chosen_gateway(self._env), sandboxed=sandboxed)

    def ready_gateways(self) -> list[Gateway]:
        """Real gateways whose keys are set."""
        return self._desks.ready()

    @property
    def desks(self) -> Desks:
        """What is known of each gateway on this machine: its codec, its address, which of its keys are set."""
        return self._desks

    def now(self) -> float:
        """Unix time in seconds."""
        return self._now()

    def key_in(self, text: str) -> str:
        """The environment variable whose key stands in a text; "" where there is none."""
        return self._desks.key_in(text)

    # --- asking for clips ---------------------------------------------------------------------

    def submit(
        self,
        prompt: str | Sequence[str] = "",
        *,
        gateway: str | None = None,
        takes: int | None = None,
        budget: float | None = None,
        yes: bool = False,
        fresh: bool = False,
        force: bool = False,
        **options: Any,
    ) -> Job | Jobs:
        """Ask for a clip and return at once; await the job, or call its ``wait``.

        Args:
            prompt: The text; a list of texts makes several clips.
            gateway: Name of a gateway; default as set, else the sandbox.
            takes: So many samples of the request.
            budget: USD; refuse to start if all of it may cost more.
            yes: Accept a price above the confirmation threshold.
            fresh: Generate anew although a finished identical clip is here.
            force: Send what the catalogue would refuse.
            **options: As in ``%%kling``: model, mode, aspect, duration, negative, cfg, sound, camera, image,
                tail, images, video, refer, keep_sound, orientation, element, voice, mask, masks, kind, shots,
                shot_type, watermark, callback, external_id, take, set. A list for model, mode, aspect or
                duration makes a matrix. ``sandboxed``: the gateway's own requests, played by the sandbox:
                no key, no charge. Where the gateway runs such: pipeline (a
                :class:`kling_nb.pipeline.Pipeline`), or workflow (a stored one's id) with its inputs.

        Returns:
            A :class:`Job`, or :class:`Jobs` where several were asked for.

        Raises:
            KlingError: Its type says whose fault it is; nothing was spent.
        """
        requests, several = _requests(prompt, takes, options)
        jobs = self.order(requests, gateway=gateway, budget=budget, yes=yes, fresh=fresh, force=force)
        return jobs if several else jobs[0]

    def dry_run(
        self, prompt: str | Sequence[str] = "", *, gateway: str | None = None, takes: int | None = None, **options: Any
    ) -> show.Shown:
        """What :meth:`submit` would send, cost and be warned of: no network, no key needed, nothing is stored.

        Raises:
            KlingError: What was asked for cannot be read.
        """
        return show.Shown(self.rehearse(_requests(prompt, takes, options)[0], gateway))

    def order(
        self,
        requests: Iterable[Mapping[str, Any]],
        *,
        gateway: str | None = None,
        budget: float | None = None,
        yes: bool = False,
        fresh: bool = False,
        force: bool = False,
    ) -> Jobs:
        """Ask for several clips, each a mapping of :meth:`submit`'s options. All are checked before one is sent."""
        place, requests = self._placed(requests, gateway)
        admission = self._admit(self.plans(requests, place), place, budget, yes=yes, fresh=fresh, force=force)
        admission.keep_inputs()
        return self._begin(admission)

    async def ordered(
        self,
        requests: Iterable[Mapping[str, Any]],
        *,
        gateway: str | None = None,
        budget: float | None = None,
        yes: bool = False,
        fresh: bool = False,
        force: bool = False,
    ) -> Jobs:
        """As :meth:`order`, for who can await it: pictures are opened and kept on the worker thread.

        Cancelled while that goes on, nothing was asked for.
        """
        place, requests = self._placed(requests, gateway)
        heavy = any(map(opens_pictures, requests))
        plans = await off_loop(self.plans, requests, place) if heavy else self.plans(requests, place)
        admission = self._admit(plans, place, budget, yes=yes, fresh=fresh, force=force)
        if admission.has_inputs:
            await off_loop(admission.keep_inputs)
        return self._begin(admission)

    def _placed(
        self, requests: Iterable[Mapping[str, Any]], gateway: str | None
    ) -> tuple[Gateway, list[dict[str, Any]]]:
        """Where requests go, and the requests without what said so."""
        requests, sandboxed = sandbox.split(requests)
        place = self.gateway(gateway, sandboxed=sandboxed)
        if all(request.get("workflow") or request.get("webhook") for request in requests):
            place = replace(place, values=())  # they bring the workflow's id themselves
        return place, requests

    def _admit(
        self, plans: Sequence[Plan], place: Gateway, budget: float | None, *, yes: bool, fresh: bool, force: bool
    ) -> Admission:
        """Everything that may stop plans from being sent; nothing is written down yet."""
        refuse_twins(plans)
        place = self._open_place(place, [plan.request for plan in plans])
        if not force:
            for plan in plans:
                refuse(plan)
        admission = Admission(self.journal, plans, fresh=fresh)
        bill = admission.bill
        estimated = self._tells_prices(place, admission.to_send)
        bill.hold_against(budget, self.settings.confirm_above, place.label, yes=yes, estimated=estimated)
        admission.limit = bill.share(budget)
        self._desks.check_keys(place, [plan.request for plan in plans])
        self._desk(place)  # a missing key stops here, before any journal entry
        return admission

    def _begin(self, admission: Admission) -> Jobs:
        """Write the plans down and start what is to be sent; nothing was spent before, and nothing is awaited here."""
        return Jobs(self, self._attach(admission.journalled(self._now())))

    def plans(self, requests: Iterable[Mapping[str, Any]], gateway: Gateway, *, rehearsal: bool = False) -> list[Plan]:
        """Read and check requests without sending or storing anything."""
        codec = self._desks.codec(gateway, rehearsal=rehearsal)
        requests = list(requests)
        opens: dict[str | int, Opened] = {}
        return [
            sandbox.placed(make_plan(request, sandbox.played(gateway), codec, self.settings, opens), gateway)
            for request in requests
        ]

    def rehearse(self, requests: Iterable[Mapping[str, Any]], gateway: str | None = None) -> dict[str, str]:
        """The dry run: every HTTP request, note and price, as a MIME bundle. No network, no key needed."""
        requests, sandboxed = sandbox.split(requests)
        place = self.gateway(gateway, sandboxed=sandboxed)
        codec = self._desks.codec(place, rehearsal=True)
        base_url = self._desks.base_url(place)
        plans = self.plans(requests, place, rehearsal=True)
        views = [plan_view(replace(plan, gateway=sandbox.played(place)), codec, base_url) for plan in plans]
        return show.bundle(show.dry_run(views), show.dry_run_text(views))

    async def rehearsed(self, requests: Iterable[Mapping[str, Any]], gateway: str | None = None) -> dict[str, str]:
        """As :meth:`rehearse`, for who can await it: pictures are opened on the worker thread."""
        requests = list(requests)
        heavy = any(map(opens_pictures, requests))
        return await off_loop(self.rehearse, requests, gateway) if heavy else self.rehearse(requests, gateway)

    def trigger(self, webhook: str, data: Any = None, *, gateway: str = "wireflow", fresh: bool = False) -> Job:
        """Start a run by its webhook; needs no key, but watching the run does.

        Args:
            webhook: Its id.
            data: Any JSON value; becomes the run's trigger data.
            gateway: One that has webhooks.
            fresh: Start another run although the same was triggered before.

        Raises:
            KlingError: Its type says whose fault it is.
        """
        return self.order([{"webhook": webhook, "data": data}], gateway=gateway, fresh=fresh)[0]

    def node_types(self, gateway: str = "wireflow") -> show.Listing[NodeType]:
        """The types of nodes that a gateway's pipelines are made of, with their ports. Blocks for one answer.

        Raises:
            RequestError: The gateway runs no pipelines.
            KlingError: It refused to tell.
        """
        return show.node_types(self._asked(gateway, "node_types"))

    def workflow_inputs(self, workflow: str, gateway: str = "wireflow") -> show.Listing[WorkflowInput]:
        """What a stored workflow can be given by ``submit(workflow=…, inputs={node: value})``. Blocks for one answer.

        Raises:
            RequestError: The gateway stores no workflows.
            KlingError: It refused to tell.
        """
        return show.workflow_inputs(self._asked(gateway, "workflow_inputs", workflow), workflow, gateway)

    def _asked(self, gateway: str, verb: str, *arguments: str) -> Any:
        """One free question to a gateway that runs pipelines, and its answer."""
        place = self.gateway(gateway)
        ask = getattr(self._desks.codec(place), verb, None)
        if ask is None:
            raise RequestError(f'{place.label} makes single clips only: pipelines run with gateway="wireflow".')
        return self.ask(place, ask(*arguments))

    def ask(self, place: Gateway, flow: Flow[T]) -> T:
        """Put a free question to a gateway and block for its answer.

        Raises:
            KlingError: The key is missing, or the gateway refused to tell.
        """
        desk = self._desk(place)
        ended: Future[None] = Future()
        found: list[T] = []
        trouble: list[Exception] = []

        async def work() -> None:
            try:
                found.append(await desk.engine.run(flow))
            except Exception as error:  # noqa: BLE001 - raised below, to whoever asked
                trouble.append(error)
            finally:
                ended.set_result(None)

        self.home.start(work(), self.home.loop())
        wait_for(ended, None)
        for error in trouble:
            raise error
        return found[0]

    def _open_place(self, place: Gateway, requests: Iterable[VideoRequest]) -> Gateway:
        """The gateway without its key if none is set and none is needed: a webhook is open to everybody."""
        runs = [run_of(request.extra) for request in requests]
        if all(isinstance(run, StoredRun | Trigger) for run in runs):
            place = replace(place, values=())
        if all(isinstance(run, Trigger) for run in runs):
            try:
                self._desks.credentials(place)
            except MissingKeyError:
                return replace(place, keys=())
        return place

    def _tells_prices(self, place: Gateway, plans: Iterable[Plan]) -> bool:
        """Whether the gateway can be asked for every price that no list has."""
        codec = self._desks.codec(place)
        return all(codec.estimate(Order(plan.request, "")) is not None for plan in plans if plan.price is None)

    def _desk(self, place: Gateway) -> Desk:
        desk = self._desks.desk(place, self.folder, self.home.loop(), self.settings.patience)
        desk.poller.patience = self.settings.poll_patience
        return desk

    def _go(self, job: Job) -> Job:
        loop = self.home.loop()
        desk = self._desk(self._open_place(sandbox.gateway(job.gateway), [job.request]))
        self._running[job.id] = job
        job.ended.add_done_callback(lambda _: self._running.pop(job.id, None))
        job.abort = self.home.start(run_job(job, desk), loop)
        return job

    def _attach(self, states: Sequence[JobState]) -> list[Job]:
        """Running jobs, or jobs that go on where their journal says they are; each only once."""
        open_ones = [state.id for state in states if not state.terminal and state.id not in self._running]
        if open_ones:
            self._desks.leases(self.folder).take(open_ones)  # all in one disk flush
        return [self._join(state) for state in states]

    def _join(self, state: JobState) -> Job:
        if running := self._running.get(state.id):
            return running
        if state.status == "cancelled":
            state = self.journal.record(state.id, Event("resumed", self._now())).result()
        job = Job(self, state, from_disk=state.status == "done")
        if state.terminal and (state.status == "failed" or self.video(state)):
            return _ended(job)
        return self._go(job)

    # --- coming back to them ------------------------------------------------------------------

    def jobs(self, limit: int = 20) -> Jobs:
        """The newest jobs of the output folder, newest first."""
        return Jobs(self, [self._seen(state) for state in self.journal.recent(limit)])

    def job(self, job_id: str) -> Job:
        """One job by its id or the beginning of it.

        Raises:
            OptionError: There is none, or several begin like that.
        """
        state = self.journal.get(job_id)
        if state is None:
            recent = ", ".join(found.id for found in self.journal.recent(3))
            raise OptionError(f"There is no job {job_id!r} in {self.folder}. The newest are {recent or 'none yet'}.")
        return self._seen(state)

    def those(self, job_ids: Iterable[str]) -> Jobs:
        """Several jobs by their ids; see :meth:`job`."""
        return Jobs(self, [self.job(name) for name in job_ids])

    def known(self, fingerprints: Sequence[str]) -> dict[str, JobState]:
        """The job that each of many requests means, whatever became of it; never asked for, never in it."""
        there = (self.folder / FILE).is_file()  # looking makes no folder
        return self.journal.known(fingerprints) if there else {}

    def handles(self, states: Iterable[JobState]) -> Jobs:
        """Handles of jobs for looking; none of them is started by it."""
        return Jobs(self, [self._seen(state) for state in states])

    def pace(self, gateway: str, request: VideoRequest) -> Latency:
        """How long such a clip is believed to take, learned from this folder's finished ones."""
        if (self.folder / FILE).is_file():
            return self._desks.history(self.folder, gateway).latency(gateway, request)
        return History().latency(gateway, request)

    def compare(self, *clips: Any, title: str = "") -> Comparison:
        """Two to twelve clips side by side, in step.

        Args:
            *clips: Jobs (also unfinished ones, which appear as they finish), ``Jobs``, videos, paths of MP4s, ids.
            title: A line above.

        Raises:
            OptionError: Too few, too many, or something that is no clip.
            InputError: A file that is not there, or no video.
        """
        return Comparison(self, gathered(self, clips), title)

    def gallery(self, limit: int = 60) -> show.Shown:
        """The finished clips among the newest ``limit`` jobs of the output folder, to filter and to compare."""
        done = [job for job in self.jobs(limit) if job.video]
        return gallery_of(done, self.views(done), self.notebook)

    def resume(self, job_ids: Sequence[str] = ()) -> Jobs:
        """Go on with every job that an earlier kernel left open and with this one's own, or with those named."""
        if job_ids:
            return Jobs(self, self._attach([self.job(name).state for name in job_ids]))
        # What runs here may not have been sent yet, and is open all the same.
        running = {job.id: job.state for job in tuple(self._running.values())}
        states = {state.id: state for state in self.journal.open_jobs()} | running
        return Jobs(self, self._attach(list(states.values())))

    def stop(self, job: Job) -> None:
        """Stop waiting for a job; see :meth:`Job.cancel`."""
        state = job.state
        if state.terminal:
            return
        job.stopping = True
        after = _aftermath(state)
        if state.sent is not None and (desk := self._stopper(job)):
            place = desk.gateway.label
            if can_stop(state, desk.codec):
                self._stop_there(job, desk)
                return
            if state.status in {"sending", "unknown"}:
                after = f"It may be there already: when it has a task id, %kling cancel {job.id} tells {place} to stop."
        job.trouble = PatienceError(f"Stopped waiting for {job.id}. {after}", charged=state.charged)
        if state.status == "sending" and job.id in self._running:
            return  # its answer is worth having: it stops once the ticket is written down
        if job.id not in self._running or self._desks.leases(self.folder).holds(job.id):
            job.changed(self.journal.record(job.id, Event("stopped", self._now())).result())
        self._leave(job)

    def _stopper(self, job: Job) -> Desk | None:
        """The desk of a gateway that can be told to stop a task, if this is one and its key is still here."""
        try:
            desk = self._desk(sandbox.gateway(job.gateway))
        except KlingError:
            return None
        return desk if offers(desk.codec) else None

    def _stop_there(self, job: Job, desk: Desk) -> None:
        """Have the gateway stop it. In a notebook the answer comes after the cell, elsewhere before this returns."""
        ours = job.id not in self._running or self._desks.leases(self.folder).holds(job.id)
        asking = f"{desk.gateway.label} is being told to stop {job.id}: %kling show {job.id} has its answer."
        job.trouble = PatienceError(asking, charged=job.state.charged)
        answered: Future[None] = Future()

        async def ask() -> None:
            try:
                await stop_there(job, desk, ours=ours)
            finally:
                self._leave(job)
                answered.set_result(None)

        self.home.start(ask(), self.home.loop())
        if not in_loop():
            wait_for(answered, None)

    def _leave(self, job: Job) -> None:
        """Nothing more is done for a job in this kernel."""
        self._running.pop(job.id, None)
        job.abort()
        if not job.ended.done():
            job.ended.set_result(None)
        job.changed()

    def _seen(self, state: JobState) -> Job:
        """A handle for looking; a job that is not running here is not started by looking at it."""
        if running := self._running.get(state.id):
            return running
        job = Job(self, state, from_disk=state.status == "done")
        return _ended(job)

    # --- showing them (what a handle asks its keeper for) ---------------------------------------

    def show(self, jobs: Sequence[Job]) -> bool:
        """Show a live card, if a notebook has offered to."""
        return bool(self.shower and self.shower(jobs))

    def follow(self, work: Followed) -> bool:
        """Show work on many jobs while it goes on, if a notebook has offered to."""
        return bool(self.follower and self.follower(work))

    def show_comparison(self, comparison: Comparison) -> bool:
        """Show clips side by side, if a notebook has offered to."""
        return bool(self.comparison_shower and self.comparison_shower(comparison))

    def show_arena(self, arena: Any) -> bool:
        """Show a blind arena (:class:`kling_nb.bench.arena.Arena`, a room above), if a notebook has offered to."""
        return bool(self.arena_shower and self.arena_shower(arena))

    def video(self, state: JobState) -> Video | None:
        """The stored clip, if its file is still there."""
        if state.video is None:
            return None
        stored = state.video
        folder = self.folder
        path, poster = folder / str(stored["path"]), folder / str(stored.get("poster", ""))
        if not path.is_file():
            return None
        usd = (state.charge or {}).get("usd")
        return Video(
            path,
            poster if poster.is_file() else None,
            stored["seconds"],
            stored["width"],
            stored["height"],
            stored["fps"],
            usd,
            {"job": state.id, "gateway": state.gateway, "request": dict(state.request), "charge": state.charge},
        )

    def history(self, job_id: str) -> list[Event]:
        """The events of a job, oldest first."""
        return self.journal.events(job_id)

    def views(self, jobs: Sequence[Job]) -> list[JobView]:
        """The jobs as the look wants them."""
        notebook, folder, now, note = self.notebook, self.folder, self._now(), self._ready_note()
        return [self._view(job, notebook, folder, now, note) for job in jobs]

    def playable(self, views: Sequence[JobView]) -> list[JobView]:
        """The views with their clips inside, where no address leads from a page to a file."""
        return embedded(views, self.reach, self.settings.embeds(self._env), self.settings.embed_limit)

    def drawn(self, thing: Any) -> Any:
        """What a front end without IPython draws for a handle: a widget, if one was offered, else the bundle."""
        return (self.drawer and self.drawer(thing)) or show.Shown(thing._repr_mimebundle_())

    def _view(self, job: Job, notebook: Path, folder: Path, now: float, note: str) -> JobView:
        label, latency = sandbox.label(job.gateway), self._latency(job, folder)
        shown = job_view(job, job.video, label, notebook, now, note, latency)
        return sandbox.view(_with_steps(job, shown), job, note)

    def _latency(self, job: Job, folder: Path) -> Latency | None:
        """How long an open job is believed to take."""
        if job.state.terminal:
            return None
        return self._desks.history(folder, job.gateway).latency(job.gateway, job.request)

    def bundle(self, jobs: Sequence[Job]) -> dict[str, str]:
        """The jobs as they are now: a live card, a result or a grid."""
        views = self.views(jobs)
        if any(view.status != "done" for view in views) and not (len(views) > 1 and all(job.done() for job in jobs)):
            return show.bundle(show.card(views), show.card_text(views))
        views = self.playable(views)
        if len(views) == 1:
            return show.bundle(show.result(views[0]), show.result_text(views[0]))
        return show.bundle(show.grid(views), show.grid_text(views))

    def _ready_note(self) -> str:
        ready = self.ready_gateways()
        if not ready:
            return ""
        names = " or ".join(f"--gateway {g.name}" for g in ready)
        return f"{' and '.join(g.label for g in ready)} ready: {names} makes the real thing."


def _requests(
    prompt: str | Sequence[str], takes: int | None, options: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], bool]:
    """One mapping for each clip of a matrix, and whether several were asked for."""
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    axes = {axis: options[axis] for axis in AXES if isinstance(options.get(axis), list | tuple)}
    numbers = range(1, takes + 1) if takes else [options.get("take") or 1]
    requests = [
        {**options, "prompt": text, **dict(zip(axes, chosen, strict=True)), "take": take}
        for text in prompts
        for *chosen, take in itertools.product(*axes.values(), numbers)
    ]
    return requests, bool(takes or axes or not isinstance(prompt, str))


def _with_steps(job: Job, view: JobView) -> JobView:
    """The view with the steps of a run that has some, and with what helps once such a run has failed."""
    if run_of(job.state.request.get("extra", {})) is None:
        return view
    anew = "Its finished steps were charged. Run the cell again to send it anew."
    failed = job.status == "failed" and job.state.charged
    return replace(view, steps=show.step_views(job.state.nodes), next_step=anew if failed else view.next_step)


def _aftermath(state: JobState) -> str:
    """What becomes of a job that nobody waits for any more, at a gateway that cannot be told to stop."""
    place = sandbox.label(state.gateway)
    bills = "" if sandbox.is_sandbox(state.gateway) else " and bills it"
    fetch = f"%kling resume {state.id} fetches the clip."
    if state.sent is None:
        return "It was not sent."
    if state.status == "unknown":
        return f"Nobody knows whether {place} has accepted it: look at your account there before you ask for it anew."
    if state.status == "downloading":
        return f"{place} has finished it: {fetch}"
    return f"{place} cannot be told to stop: it goes on{bills}. {fetch}"


def _ended(job: Job) -> Job:
    state = job.state
    if state.status == "failed":
        job.trouble = failure(state)
    elif state.status != "done":
        went_on = "run %kling resume to go on." if state.status in OPEN else "run the cell again."
        job.trouble = PatienceError(f"{state.id} is {state.status} and nobody waits for it here: {went_on}")
    elif job.video is None:
        job.trouble = NotFoundError(
            f"The file of {state.id} is no longer in the output folder: %kling resume {state.id} fetches it again "
            "while its link lives.", charged=True,
        )  # fmt: skip
    job.ended.set_result(None)
    return job
