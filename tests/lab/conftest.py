"""A notebook in miniature: IPython's own shell, the lab, and the loopback gateway behind every name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from kling_nb import magic
from kling_nb.engine import Engine
from kling_nb.errors import KlingError
from kling_nb.lab import Job, Lab
from tests.kernel import close

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.lab.loops import Home
    from tests.engine.clock import Clock
    from tests.loopback import Loopback, Seen

PAID = r"^POST (?!.*/(estimate|upload)$)"
"""Which requests cost money, for faults: Wireflow also posts free questions and files."""

GATEWAYS = ("kling", "agentsflare", "imarouter", "wireflow")


@dataclass
class Notebook:
    """What a test types into, and what comes of it.

    Attributes:
        env: The environment, empty of everything but what points to the loopback gateway.
        outputs: The MIME bundles that were shown, in order.
    """

    gw: Loopback
    lab: Lab
    env: dict[str, str] = field(repr=False)
    folder: Path
    clock: Clock
    shell: Any
    outputs: list[dict[str, str]] = field(default_factory=list)

    def cell(self, line: str, body: str = "a fox in the snow") -> Any:
        """Run ``%%kling LINE`` and wait for it; the value of ``fox`` afterwards."""
        with capture_output() as said:
            try:
                self.shell.run_cell_magic("kling", f"fox {line} --wait", body)
            finally:
                self.outputs += [output.data for output in said.outputs]
        return self.shell.user_ns.get("fox")

    def fails(self, line: str, body: str = "a fox in the snow") -> KlingError:
        """Run a cell that must fail; its error, after a look at whether it is one sentence for a person."""
        with pytest.raises(KlingError) as raised:
            self.cell(line, body)
        error = raised.value
        assert error._render_traceback_() == [f"{type(error).__name__}: {error.sentence}"]
        assert "\n" not in error.sentence
        assert error.sentence.rstrip("”)")[-1:] in ".!?…"
        return error

    @property
    def fox(self) -> Job:
        """The job of the last cell."""
        job = self.shell.user_ns["fox"]
        assert isinstance(job, Job)
        return job

    def polls(self) -> list[Seen]:
        """The free questions that were asked."""
        return [seen for seen in self.gw.requests if seen.method == "GET" and seen not in self.gw.downloads]


@pytest.fixture(scope="session")
def shell() -> Iterator[InteractiveShell]:
    """One IPython without history file for all tests."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    magic.load(shell)
    yield shell
    magic.unload(shell)
    InteractiveShell.clear_instance()


@pytest.fixture
def nb(
    gw: Loopback, clock: Clock, shell: InteractiveShell, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Notebook]:
    """A notebook in an empty folder, with a key for every gateway and time that costs nothing."""
    env = {
        "KLINGAI_API_KEY": gw.key,
        "KLINGAI_BASE_URL": gw.url,
        "AGENTSFLARE_API_KEY": gw.key,
        "AGENTSFLARE_BASE_URL": gw.url,
        "IMAROUTER_API_KEY": gw.key,
        "IMAROUTER_BASE_URL": gw.url,
        "WIREFLOW_API_KEY": gw.key,
        "WIREFLOW_BASE_URL": f"{gw.url}/api/v1",
        "WIREFLOW_WORKFLOW_ID": "wf_demo01",
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kling_nb.engine.Engine", partial(Engine, jitter=lambda: 0.0))
    lab = Lab(env=env, now=clock.now, sleep=clock.sleep)
    lab.home = home
    monkeypatch.setattr("kling_nb.lab.the_lab", lambda: lab)
    shell.user_ns.pop("fox", None)
    yield Notebook(gw, lab, env, tmp_path / "kling_outputs", clock, shell)
    close(lab)
