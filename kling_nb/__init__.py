"""kling_nb: the notebook lab for Kling video.

In a notebook::

    %load_ext kling_nb

    %%kling fox --model kling-v2-6 --mode pro --aspect 16:9 --duration 5
    A red fox trots through fresh snow, slow dolly-in, golden hour

or, in any Python::

    import kling_nb as kling

    job = kling.submit("A red fox trots through fresh snow", model="kling-v2-6", duration=5)
    video = await job            # or job.wait() where there is no event loop
    video.path                   # an MP4 beside the notebook, with its poster and manifest

Without a key everything runs on the embedded sandbox, which paints real MP4s and charges nothing.
``gateway="kling"`` (or imarouter, agentsflare, wireflow, fal, replicate) makes the real thing, and
:func:`register_gateway` adds one's own. Every job is journalled before money moves: :func:`resume` finishes
what a killed kernel left open.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from kling_nb.bench.bench import Bench
    from kling_nb.bench.suites import suite
    from kling_nb.doctor import Report
    from kling_nb.errors import KlingError
    from kling_nb.gateways import Gateway
    from kling_nb.gateways.webhooks import verify_webhook
    from kling_nb.lab import Job, Jobs, Lab, Video
    from kling_nb.lab.accounts import Account
    from kling_nb.lab.comparison import Comparison
    from kling_nb.lab.relays import register_gateway
    from kling_nb.metrics import metric
    from kling_nb.panels.board import BoardDisplay
    from kling_nb.panels.composer import Panel
    from kling_nb.pipeline import Node, NodeType, Pipeline, WorkflowInput
    from kling_nb.request import VideoRequest
    from kling_nb.show import Listing, Shown
    from kling_nb.storyboard import Storyboard, stitch

__version__ = "0.1.0"
__all__ = [
    "Account",
    "Bench",
    "Gateway",
    "Job",
    "Jobs",
    "KlingError",
    "Lab",
    "Node",
    "Pipeline",
    "Storyboard",
    "Video",
    "VideoRequest",
    "balance",
    "board",
    "checkup",
    "compare",
    "dry_run",
    "gallery",
    "jobs",
    "metric",
    "node_types",
    "panel",
    "register_gateway",
    "resume",
    "stitch",
    "submit",
    "suite",
    "trigger",
    "verify_webhook",
    "workflow_inputs",
]

# Heavy names are imported when they are first used: loading the extension takes milliseconds.
_HOME = {
    "Account": "lab.accounts",
    "Bench": "bench.bench",
    "Gateway": "gateways",
    "Job": "lab",
    "Jobs": "lab",
    "KlingError": "errors",
    "Lab": "lab",
    "Node": "pipeline",
    "Pipeline": "pipeline",
    "Storyboard": "storyboard",
    "Video": "lab",
    "VideoRequest": "request",
    "metric": "metrics",
    "register_gateway": "lab.relays",
    "stitch": "storyboard",
    "suite": "bench.suites",
    "verify_webhook": "gateways.webhooks",
}


def submit(prompt: str | Sequence[str] = "", **options: Any) -> Job | Jobs:
    """Ask for a clip and return at once; see :meth:`Lab.submit` for the options."""
    return _lab().submit(prompt, **options)


def dry_run(prompt: str | Sequence[str] = "", **options: Any) -> Shown:
    """What :func:`submit` would send, cost and be warned of; takes its options, needs no network and no key."""
    return _lab().dry_run(prompt, **options)


def jobs(limit: int = 20) -> Jobs:
    """The newest jobs of the output folder, newest first."""
    return _lab().jobs(limit)


def compare(*clips: Any, title: str = "") -> Comparison:
    """Two to twelve clips side by side: jobs, ``Jobs``, videos, paths of MP4s or ids; its ``save`` makes a film."""
    return _lab().compare(*clips, title=title)


def gallery(limit: int = 60) -> Shown:
    """The finished clips among the newest ``limit`` jobs of the output folder, to filter and to compare."""
    return _lab().gallery(limit)


def panel(prompt: str | Sequence[str] = "", **options: Any) -> Panel:
    """A form to compose clips in, see :class:`kling_nb.panels.composer.Panel` for the options; needs a notebook."""
    made: Panel = import_module("kling_nb.live").panels("composer").Panel(_lab(), prompt, **options)
    return made


def board(limit: int = 200) -> BoardDisplay:
    """The newest jobs of the output folder on a board that follows them; needs a notebook."""
    made: BoardDisplay = import_module("kling_nb.live").panels("board").BoardDisplay(_lab(), limit)
    return made


def resume(*job_ids: str) -> Jobs:
    """Go on with every job that an earlier kernel left open, or with those named."""
    return _lab().resume(job_ids)


def trigger(webhook: str, data: Any = None, *, gateway: str = "wireflow", fresh: bool = False) -> Job:
    """Start a run by its webhook, which needs no key; see :meth:`Lab.trigger`."""
    return _lab().trigger(webhook, data, gateway=gateway, fresh=fresh)


def balance(gateway: str | None = None) -> Account:
    """What your account at a gateway has left, asked for now; see :func:`kling_nb.lab.accounts.balance`."""
    found: Account = import_module("kling_nb.lab.accounts").balance(_lab(), gateway)
    return found


def checkup(*, offline: bool = False) -> Report:
    """What ``%kling doctor`` finds: this machine, its folders and keys, and how to mend them; asks free questions."""
    found: Report = import_module("kling_nb.doctor").examine(_lab(), offline=offline)
    return found


def node_types(gateway: str = "wireflow") -> Listing[NodeType]:
    """The types of nodes that a :class:`Pipeline` can have there, asked for now."""
    return _lab().node_types(gateway)


def workflow_inputs(workflow: str, gateway: str = "wireflow") -> Listing[WorkflowInput]:
    """What a stored workflow can be given by ``submit(workflow=…, inputs={node: value})``, asked for now."""
    return _lab().workflow_inputs(workflow, gateway)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext kling_nb``."""
    import_module("kling_nb.magic").load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext kling_nb``."""
    import_module("kling_nb.magic").unload(shell)


def _lab() -> Lab:
    lab: Lab = import_module("kling_nb.lab").the_lab()
    if lab.shower is None:
        import_module("kling_nb.live").attach_if_interactive(lab)
    return lab


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kling_nb' has no attribute {name!r}")
    return getattr(import_module(f"kling_nb.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
