"""Which front end this is, told from what the environment and the shell say; and what it can do with a clip.

Pure: whoever calls has looked at the process. A front end cannot be asked, so each is known by its traces; where
two fit, the one that says less about itself gives way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Name = Literal["jupyter", "vscode", "colab", "databricks", "voila", "marimo", "headless", "terminal", "script"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be seen of a front end from inside the kernel.

    Attributes:
        ipython: IPython runs this code.
        kernel: As a kernel, not as a terminal.
        headless: Nobody can be asked questions: nbclient, nbconvert and papermill.
        marimo: A marimo notebook is running.
        colab: Colab's own module is loaded.
        told_by_vscode: VS Code has left its variable in the notebook.
        server: A Jupyter server that started this kernel is known.
    """

    ipython: bool = False
    kernel: bool = False
    headless: bool = False
    marimo: bool = False
    colab: bool = False
    told_by_vscode: bool = False
    server: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A front end.

    Attributes:
        name: For programs.
        label: For people.
        serves: A relative address in an output leads to a file beside the notebook.
        links: A relative link can at least be clicked.
        widgets: A widget is drawn while the kernel lives.
        page: Outputs are HTML on a page; a terminal shows text.
        remark: What to know about clips here, a sentence; "" for nothing.
    """

    name: Name
    label: str
    serves: bool = True
    links: bool = True
    widgets: bool = True
    page: bool = True
    remark: str = ""


_EMBEDS = "It serves no files beside the notebook, so that small clips are kept inside of it."

PLACES: Mapping[Name, Place] = {
    place.name: place
    for place in (
        Place("jupyter", "JupyterLab or Notebook"),
        Place("vscode", "VS Code", serves=False, remark=_EMBEDS),
        Place("colab", "Colab", serves=False, links=False, remark=f"{_EMBEDS} Cards change while a cell runs only."),
        Place("databricks", "Databricks", serves=False, links=False, remark=_EMBEDS),
        Place(
            "voila", "Voila", serves=False, links=False,
            remark=f"{_EMBEDS} With file_allowlist for .mp4, %config KlingMagics.embed = 'never' links them instead.",
        ),
        Place(
            "marimo", "marimo", serves=False, links=False,
            remark=f"{_EMBEDS} It has no magics: use kling.submit(…), kling.panel() and kling.checkup().",
        ),
        Place("headless", "A run without a person (nbclient, nbconvert, papermill)", widgets=False),
        Place("terminal", "IPython in a terminal", widgets=False, page=False),
        Place("script", "A script", widgets=False, page=False),
    )
}  # fmt: skip


def detect(env: Mapping[str, str], facts: Facts) -> Place:
    """The front end that the traces belong to.

    Args:
        env: The environment of the kernel.
        facts: The rest.
    """
    traces: Sequence[tuple[Name, bool]] = (
        ("marimo", facts.marimo),
        ("script", not facts.ipython),
        ("colab", facts.colab or "COLAB_RELEASE_TAG" in env),
        ("databricks", "DATABRICKS_RUNTIME_VERSION" in env),
        ("terminal", not facts.kernel),
        ("voila", "VOILA_REQUEST_URL" in env or env.get("SERVER_SOFTWARE", "").startswith("voila/")),
        ("headless", facts.headless),
        ("vscode", _is_vscode(env, facts)),
    )
    return PLACES[next((name for name, found in traces if found), "jupyter")]


def _is_vscode(env: Mapping[str, str], facts: Facts) -> bool:
    """VS Code tells kernels where the notebook is, and names sessions on a server of its own choice its own way.

    Its variables alone prove little: a Jupyter started from a terminal inside VS Code inherits them.
    """
    if facts.told_by_vscode or "-jvsc-" in env.get("JPY_SESSION_NAME", ""):
        return True
    return not facts.server and bool(env.get("VSCODE_PID") or env.get("VSCODE_CWD"))
