"""The three things that can be run besides a plain clip, and how a request carries them.

They stand as JSON under one key of :attr:`kling_nb.request.VideoRequest.extra`, so that the journal, the
fingerprint and a later kernel have them without knowing what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kling_nb.errors import RequestError
from kling_nb.pipeline.graph import Graph, plain

RUN = "$run"
"""The key in ``extra``; no gateway's own field begins with a dollar sign."""

_PICTURE = "$image"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A workflow that lies at the gateway, run by its inputs: node id to value."""

    workflow: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.workflow.strip():
            raise RequestError('workflow= takes the id of a stored workflow, for example workflow="wf_123".')

    @property
    def summary(self) -> str:
        """For captions."""
        return f"workflow {self.workflow}"

    @property
    def words(self) -> str:
        """The texts among its inputs, for captions."""
        return " / ".join(text for text in self.inputs.values() if isinstance(text, str) and "://" not in text)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A webhook that starts a run; ``data`` becomes the run's trigger data."""

    webhook: str
    data: Any = None

    def __post_init__(self) -> None:
        if not self.webhook.strip():
            raise RequestError('trigger() takes the id of a webhook, for example trigger("wh_123", {"text": "…"}).')

    @property
    def summary(self) -> str:
        """For captions."""
        return f"webhook {self.webhook}"

    @property
    def words(self) -> str:
        """Nothing: what its data means is the workflow's business."""
        return ""


Run = Graph | StoredRun | Trigger


def to_extra(run: Run) -> dict[str, Any]:
    """The run as it is carried in ``extra``.

    Raises:
        RequestError: It holds something that is no JSON value.
    """
    if isinstance(run, Graph):
        return {RUN: {"pipeline": run.to_json()}}
    if isinstance(run, StoredRun):
        for node, value in run.inputs.items():
            plain(value, f"The input {node}")
        return {RUN: {"workflow": run.workflow, "inputs": dict(run.inputs)}}
    plain(run.data, "The data")
    return {RUN: {"webhook": run.webhook, "data": run.data}}


def run_of(extra: Mapping[str, Any]) -> Run | None:
    """What :func:`to_extra` put there; None for a plain clip.

    Raises:
        RequestError: It is damaged.
    """
    carried = extra.get(RUN)
    if carried is None:
        return None
    if isinstance(carried, Mapping):
        if "pipeline" in carried:
            return Graph.from_json(carried["pipeline"])
        if "workflow" in carried and isinstance(carried.get("inputs"), Mapping):
            return StoredRun(str(carried["workflow"]), carried["inputs"])
        if "webhook" in carried:
            return Trigger(str(carried["webhook"]), carried.get("data"))
    raise RequestError(f"“{RUN}” is a name of kling_nb's own: leave it out of --set.")


def others(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The raw fields beside the run."""
    return {name: value for name, value in extra.items() if name != RUN}


def picture(number: int) -> dict[str, int]:
    """Stands for the request's picture of that number (from 0) until it has an address."""
    return {_PICTURE: number}


def with_addresses(value: Any, urls: tuple[str, ...]) -> Any:
    """The value with every :func:`picture` in it replaced by its URL."""
    if isinstance(value, Mapping):
        number = value.get(_PICTURE)
        if len(value) == 1 and isinstance(number, int) and 0 <= number < len(urls):
            return urls[number]
        return {name: with_addresses(inner, urls) for name, inner in value.items()}
    return [with_addresses(inner, urls) for inner in value] if isinstance(value, list | tuple) else value
