"""The ``wireflow`` dialect: one run of a graph that travels along, of a stored workflow, or of a webhook.

Source: www.wireflow.ai/docs/api (executions, run, webhooks, errors, rate-limits), wireflowINC/wireflow-skill
(references/api.md, scripts/wf.sh) and Wireflow's two Kling pages, which disagree on where an answer
keeps its id, its state and its URL: every documented place is looked into. A repeat under the same
``Idempotency-Key`` settles a lost answer; a webhook's run has no such key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kling_nb.errors import GatewayError, KeyRefusedError
from kling_nb.gateways.digging import clip, dig, identifier, message, segment, share, text, web_url
from kling_nb.gateways.fields import digits, given, stop_on_error
from kling_nb.gateways.refusals import closed, is_fine, refusal
from kling_nb.gateways.waits import pause
from kling_nb.gateways.wireflow_about import estimate_in, inputs_in, node_types_in, usage_in
from kling_nb.gateways.wireflow_graph import BODY_FIELDS, TARGET, body, film
from kling_nb.gateways.wireflow_notes import model_version, notes, pictures
from kling_nb.gateways.wireflow_poll import charge_of, nodes_in, outputs_of, run_in, states_of
from kling_nb.gateways.words import phase, speaks_of_content_rules
from kling_nb.pipeline import Graph, StoredRun, Trigger, others, run_of, with_addresses
from kling_nb.wire import Answer, Ask, Balance, Estimate, Flow, Order, Part, TaskState, Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_nb.catalog.findings import Finding
    from kling_nb.gateways.cures import Stage
    from kling_nb.gateways.table import Gateway
    from kling_nb.pipeline import NodeType, WorkflowInput
    from kling_nb.request import Frame, VideoRequest

_SECONDS_WHEN_THROTTLED = 30.0  # wf.sh sleeps so long on a 429
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}
_EXECUTION = re.compile(r"executions/([^/?#\s]+)")
_NOT_YET_UPLOADED = "https://uploaded.invalid/picture.png"  # RFC 6761; a price does not depend on the picture


class WireflowCodec:
    """Uploads local pictures, starts the run in the user's workflow, polls the execution and its nodes."""

    dialect = "wireflow"

    def __init__(self, gateway: Gateway, workflow: str) -> None:
        self._gateway = gateway
        self._workflow = workflow

    def notes(self, request: VideoRequest) -> tuple[Finding, ...]:
        """What the run or the Kling node has no known port or setting for, and what is only guessed."""
        return notes(request, self._gateway.label)

    def submit(self, order: Order) -> Flow[Ticket]:
        """``POST /media/upload`` for each local picture, then the one paid ask.

        A plain clip and a pipeline are executed as a graph (201), a stored workflow is run by its inputs
        (202), a webhook is triggered without a key (202).

        Raises:
            AskError: The request cannot be written in this dialect; nothing was sent.
            GatewayError: The gateway refused, or its answer was lost on the way.
        """
        request = order.request
        stop_on_error(self.notes(request))
        run = run_of(request.extra)
        urls: list[str] = []
        for number, frame in enumerate(pictures(request), 1):
            name = "first-frame" if run is None else f"picture-{number}"
            urls.append((yield from self._public_url(frame, name)))
        if isinstance(run, Trigger):
            path = f"{self._gateway.prefix}/workflow/{segment(run.webhook)}/trigger"
            answer = yield Ask("POST", path, body={} if run.data is None else run.data, paid=True, auth=False)
        else:
            verb = "run" if isinstance(run, StoredRun) else "execute"
            path, sent = self._asked(request, tuple(urls), verb)
            answer = yield Ask("POST", path, body=sent, headers={"Idempotency-Key": order.key}, paid=True)
        execution = _execution(answer)
        if not is_fine(answer) or not execution:
            raise self._refused(answer, "paid")
        return Ticket(execution, extra=_memory(run, answer))

    def poll(self, ticket: Ticket) -> Flow[TaskState]:
        """``GET /workflows/executions/{id}/poll``.

        Raises:
            GatewayError: The gateway refused to tell, or told nothing that can be read.
        """
        path = f"{self._gateway.prefix}/workflows/executions/{segment(ticket.id)}/poll"
        answer = yield Ask("GET", path)
        run = run_in(answer.json())
        nodes = nodes_in(run)
        own = [node for node in nodes if dig(node, "nodeId") == ticket.extra.get("target")] or nodes[::-1]
        word = text(dig(run, "status"))
        state, note = phase(word)
        outputs = outputs_of(run, own)
        if not is_fine(answer) or not word or (state == "done" and not outputs):
            raise self._refused(answer, "look", ticket.id)
        told = (message(dig(thing, "error")) for thing in (run, *own, *nodes))
        reason = next(filter(None, told), "") if state == "failed" else ""
        return TaskState(
            phase=state,
            word=word,
            progress=share(dig(own, 0, "progress")),
            outputs=outputs,
            reason=reason,
            moderated=speaks_of_content_rules(reason),
            charge=charge_of(run, nodes) if state in {"done", "failed"} else None,
            note=note,
            nodes=states_of(nodes, _labels(ticket)),
        )

    def find(self, order: Order) -> None:
        """No look-up: repeating the paid ask under the same ``Idempotency-Key`` gives the same run."""

    def cancel(self, ticket: Ticket) -> None:
        """Nothing: the gateway's pages offer no way to stop a task."""

    def balance(self, now: float) -> Flow[Balance]:
        """``GET /developer/usage``: the credits, and the plan's limits as the answer's headers tell them.

        Raises:
            GatewayError: It refused, or its answer is no object.
        """
        del now  # it tells of this moment only
        answer = yield Ask("GET", f"{self._gateway.prefix}/developer/usage")
        found = usage_in(answer)
        if not is_fine(answer) or found is None:
            raise self._refused(answer, "look")
        return found

    def estimate(self, order: Order) -> Flow[Estimate] | None:
        """``POST /workflows/{id}/estimate`` with what would be sent; None for a webhook, whose graph is not known."""
        return None if isinstance(run_of(order.request.extra), Trigger) else self._estimate(order.request)

    def node_types(self) -> Flow[tuple[NodeType, ...]]:
        """``GET /nodes``.

        Raises:
            GatewayError: It refused, or lists nothing that can be read.
        """
        answer = yield Ask("GET", f"{self._gateway.prefix}/nodes")
        found = node_types_in(answer)
        if not is_fine(answer) or not found:
            raise self._refused(answer, "look")
        return found

    def workflow_inputs(self, workflow: str) -> Flow[tuple[WorkflowInput, ...]]:
        """``GET /workflows/{id}/run``: what a stored workflow can be given.

        Raises:
            GatewayError: It refused, or there is no such workflow.
        """
        answer = yield Ask("GET", f"{self._gateway.prefix}/workflows/{segment(workflow)}/run")
        found = inputs_in(answer)
        if not is_fine(answer) or found is None:
            raise self._refused(answer, "look")
        return found

    def pause(self, answer: Answer, now: float) -> float | None:
        """Seconds before the same ask may be repeated; half a minute where nobody tells."""
        return pause(answer, now, _SECONDS_WHEN_THROTTLED)

    def _asked(self, request: VideoRequest, urls: tuple[str, ...], verb: str) -> tuple[str, dict[str, Any]]:
        """Path and body of a run; ``urls`` are the addresses of its pictures."""
        run, extra = run_of(request.extra), others(request.extra)
        if isinstance(run, StoredRun):
            path = f"{self._gateway.prefix}/workflows/{segment(run.workflow)}/{verb}"
            return path, {"inputs": with_addresses(run.inputs, urls), **extra}
        if isinstance(run, Graph):
            graph = run.read(lambda _node, _name, value: with_addresses(value, urls))
        else:
            settings = _settings(request) | {name: extra.pop(name) for name in extra.keys() - BODY_FIELDS}
            graph = film(request.prompt, next(iter(urls), None), settings)
        # Without it a second take of the same graph is answered from the result cache (references/api.md).
        anew = {"force": True} if request.take > 1 else {}
        path = f"{self._gateway.prefix}/workflows/{segment(self._workflow)}/{verb}"
        return path, body(graph, {**anew, **extra})

    def _estimate(self, request: VideoRequest) -> Flow[Estimate]:
        urls = tuple(frame.url or _NOT_YET_UPLOADED for frame in pictures(request))
        path, sent = self._asked(request, urls, "estimate")
        answer = yield Ask("POST", path, body=sent)
        found = estimate_in(answer)
        if not is_fine(answer) or found is None:
            raise self._refused(answer, "prepare")
        return found

    def _public_url(self, frame: Frame, name: str) -> Flow[str]:
        if frame.url:
            return frame.url
        suffix = _SUFFIXES.get(frame.media_type or "", "bin")
        part = Part(
            frame.sha256 or "",
            filename=f"{name}.{suffix}",  # never the user's own path
            media_type=frame.media_type or "application/octet-stream",
        )
        answer = yield Ask("POST", f"{self._gateway.prefix}/media/upload", part=part)
        said = answer.json()
        url = web_url(dig(said, "data", "url")) or web_url(dig(said, "url"))
        if not is_fine(answer) or not url:
            raise self._refused(answer, "prepare")
        return url

    def _refused(self, answer: Answer, stage: Stage, execution: str = "") -> GatewayError:
        """The error, with the number under which Wireflow's support finds the answer."""
        error = refusal(self._gateway, answer, stage)
        if execution and not self._gateway.keys and isinstance(error, KeyRefusedError):
            return KeyRefusedError(
                f"{self._gateway.label} has started the run {clip(execution, 80)}, and watching it needs a key: set "
                "the variable that %kling gateways names, then type %kling resume.",
                charged=None,
            )
        more = []
        if number := text(answer.headers.get("x-request-id")):
            more.append(f"Its support finds this as {closed(clip(number, 80))}")
        return type(error)(" ".join((error.sentence, *more)), charged=error.charged) if more else error


def _settings(request: VideoRequest) -> dict[str, Any]:
    return given(
        model_version=model_version(request),
        duration=digits(request.duration),
        aspect_ratio=request.aspect,
        cfg_scale=request.cfg,
        negative_prompt=request.negative,
    )


def _execution(answer: Answer) -> str:
    said = answer.json()
    ids = (
        dig(said, "executionRuns", 0, "id"),
        dig(said, "executionId"),
        dig(said, "data", "executionId"),
        dig(said, "data", "executionRuns", 0, "id"),
    )
    location = _EXECUTION.search(answer.headers.get("location", ""))
    return next(filter(None, map(identifier, ids)), identifier(location[1]) if location else "")


def _memory(run: Graph | StoredRun | Trigger | None, answer: Answer) -> dict[str, Any]:
    """What a later kernel needs for reading polls, and the number of the answer for Wireflow's support."""
    kept: dict[str, Any] = {"target": TARGET} if run is None else {}
    if isinstance(run, Graph):
        kept = {"target": run.last.id, "labels": {node.id: node.title for node in run.order()}}
    number = clip(text(answer.headers.get("x-request-id")), 80)
    return kept | ({"request_id": number} if number else {})


def _labels(ticket: Ticket) -> Mapping[str, str]:
    labels = ticket.extra.get("labels")
    return {str(node): str(label) for node, label in labels.items()} if isinstance(labels, dict) else {}
