"""The lab: one object that a notebook talks to, holding its settings, its jobs and its desks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kling_nb import show
from kling_nb.errors import OptionError
from kling_nb.journal import FILE
from kling_nb.lab import leaving, ordering, questions, showing
from kling_nb.lab import sandboxed as sandbox
from kling_nb.lab.comparison import Comparison, gallery_of, gathered
from kling_nb.lab.desks import Desks
from kling_nb.lab.embedding import embedded
from kling_nb.lab.history import History
from kling_nb.lab.job import Followed, Job, Jobs
from kling_nb.lab.loops import Home
from kling_nb.lab.plan import Plan, matrix, opens_pictures
from kling_nb.lab.reach import Reach, marimo_folder, reach
from kling_nb.lab.running import Running
from kling_nb.lab.video import Video
from kling_nb.places import Facts
from kling_nb.settings import Settings, notebook_folder
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.gateways import Gateway
    from kling_nb.journal import Journal
    from kling_nb.lab.admission import Admission
    from kling_nb.lab.desks import Desk
    from kling_nb.life import Event, JobState
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
        self._running = Running(self)

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

    def desk(self, place: Gateway) -> Desk:
        """The desk of a gateway, on the loop that jobs run on.

        Raises:
            SetupError: The key is missing or the address is not allowed.
        """
        desk = self._desks.desk(place, self.folder, self.home.loop(), self.settings.patience)
        desk.poller.patience = self.settings.poll_patience
        return desk

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
                :class:`kling_nb.Pipeline`), or workflow (a stored one's id) with its inputs.

        Returns:
            A :class:`Job`, or :class:`Jobs` where several were asked for.

        Raises:
            KlingError: Its type says whose fault it is; nothing was spent.
        """
        requests, several = matrix(prompt, takes, options)
        jobs = self.order(requests, gateway=gateway, budget=budget, yes=yes, fresh=fresh, force=force)
        return jobs if several else jobs[0]

    def dry_run(
        self, prompt: str | Sequence[str] = "", *, gateway: str | None = None, takes: int | None = None, **options: Any
    ) -> show.Shown:
        """What :meth:`submit` would send, cost and be warned of: no network, no key needed, nothing is stored.

        Raises:
            KlingError: What was asked for cannot be read.
        """
        return show.Shown(self.rehearse(matrix(prompt, takes, options)[0], gateway))

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
        place, requests = ordering.placed(self, requests, gateway)
        plans = self.plans(requests, place)
        admission = ordering.admitted(self, plans, place, budget, yes=yes, fresh=fresh, force=force)
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
        place, requests = ordering.placed(self, requests, gateway)
        heavy = any(map(opens_pictures, requests))
        plans = await off_loop(self.plans, requests, place) if heavy else self.plans(requests, place)
        admission = ordering.admitted(self, plans, place, budget, yes=yes, fresh=fresh, force=force)
        if admission.has_inputs:
            await off_loop(admission.keep_inputs)
        return self._begin(admission)

    def _begin(self, admission: Admission) -> Jobs:
        """Write the plans down and start what is to be sent; nothing was spent before, and nothing is awaited here."""
        return Jobs(self, self._running.attach(admission.journalled(self._now()), admission.requests))

    def plans(self, requests: Iterable[Mapping[str, Any]], gateway: Gateway, *, rehearsal: bool = False) -> list[Plan]:
        """Read and check requests without sending or storing anything."""
        return ordering.plans(self, requests, gateway, rehearsal=rehearsal)

    def rehearse(self, requests: Iterable[Mapping[str, Any]], gateway: str | None = None) -> dict[str, str]:
        """The dry run: every HTTP request, note and price, as a MIME bundle. No network, no key needed."""
        return ordering.rehearsal(self, requests, gateway)

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
        return show.node_types(questions.of_pipelines(self, gateway, "node_types"))

    def workflow_inputs(self, workflow: str, gateway: str = "wireflow") -> show.Listing[WorkflowInput]:
        """What a stored workflow can be given by ``submit(workflow=…, inputs={node: value})``. Blocks for one answer.

        Raises:
            RequestError: The gateway stores no workflows.
            KlingError: It refused to tell.
        """
        inputs = questions.of_pipelines(self, gateway, "workflow_inputs", workflow)
        return show.workflow_inputs(inputs, workflow, gateway)

    def ask(self, place: Gateway, flow: Flow[T]) -> T:
        """Put a free question to a gateway and block for its answer.

        Raises:
            KlingError: The key is missing, or the gateway refused to tell.
        """
        return self.home.answer(self.desk(place).engine.run(flow))

    # --- coming back to them ------------------------------------------------------------------

    def jobs(self, limit: int = 20) -> Jobs:
        """The newest jobs of the output folder, newest first."""
        return Jobs(self, [self._running.handle(state) for state in self.journal.recent(limit)])

    def job(self, job_id: str) -> Job:
        """One job by its id or the beginning of it.

        Raises:
            OptionError: There is none, or several begin like that.
        """
        state = self.journal.get(job_id)
        if state is None:
            recent = ", ".join(found.id for found in self.journal.recent(3))
            raise OptionError(f"There is no job {job_id!r} in {self.folder}. The newest are {recent or 'none yet'}.")
        return self._running.handle(state)

    def those(self, job_ids: Iterable[str]) -> Jobs:
        """Several jobs by their ids; see :meth:`job`."""
        return Jobs(self, [self.job(name) for name in job_ids])

    def known(self, fingerprints: Sequence[str]) -> dict[str, JobState]:
        """The job that each of many requests means, whatever became of it; never asked for, never in it."""
        there = (self.folder / FILE).is_file()  # looking makes no folder
        return self.journal.known(fingerprints) if there else {}

    def handles(self, states: Iterable[JobState]) -> Jobs:
        """Handles of jobs for looking; none of them is started by it."""
        return Jobs(self, [self._running.handle(state) for state in states])

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
            return Jobs(self, self._running.attach([self.job(name).state for name in job_ids]))
        # What runs here may not have been sent yet, and is open all the same.
        running = {job.id: job.state for job in tuple(self._running.jobs.values())}
        states = {state.id: state for state in self.journal.open_jobs()} | running
        return Jobs(self, self._running.attach(list(states.values())))

    def stop(self, job: Job) -> None:
        """Stop waiting for a job; see :meth:`Job.cancel`."""
        leaving.stop(self, self._running, job)

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
        return Video.stored(self.folder, state) if state.video else None

    def history(self, job_id: str) -> list[Event]:
        """The events of a job, oldest first."""
        return self.journal.events(job_id)

    def views(self, jobs: Sequence[Job]) -> list[JobView]:
        """The jobs as the look wants them."""
        return showing.views(self, jobs)

    def playable(self, views: Sequence[JobView]) -> list[JobView]:
        """The views with their clips inside, where no address leads from a page to a file."""
        return embedded(views, self.reach, self.settings.embeds(self._env), self.settings.embed_limit)

    def drawn(self, thing: Any) -> Any:
        """What a front end without IPython draws for a handle: a widget, if one was offered, else the bundle."""
        return (self.drawer and self.drawer(thing)) or show.Shown(thing._repr_mimebundle_())

    def bundle(self, jobs: Sequence[Job]) -> dict[str, str]:
        """The jobs as they are now: a live card, a result or a grid."""
        return showing.bundle(self, jobs)
