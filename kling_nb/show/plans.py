"""The dry run: every HTTP request exactly as it would leave, without secrets and without a wall of base64."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from kling_nb.show import markup
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.purse import cost, total
from kling_nb.show.style import FOLD, FOOT, WIRE
from kling_nb.show.words import asked, clean, clip, line, plural, size
from kling_nb.wire import Inline, Part

if TYPE_CHECKING:
    from kling_nb.show.view import JobView, PlanView, RequestView

_SECRET = re.compile(r"auth|key|token|secret|cookie|passw|signature|credential", re.IGNORECASE)
_HARMLESS = re.compile(r"^(idempotency-key|[\w-]*token[\w-]*limit)$", re.IGNORECASE)
_SCHEMED = re.compile(r"^(Bearer|Basic|Token|Key)\s+\S", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"^<[^<>]{1,80}>$")
_BASE64 = re.compile(r"^(?:data:[\w.+/;=-]*;base64,)?[A-Za-z0-9+/_-]{256,}={0,2}$")
_MASK = "••••"
_VALUE_LIMIT = 4000
_NOTHING_SENT = "Nothing was sent."


def dry_run(plans: Sequence[PlanView]) -> str:
    """What would be sent, a foldable block for each request; a single job's first one is open."""
    parts = [_plan(plan, alone=len(plans) == 1) for plan in plans]
    views = [plan.job for plan in plans]
    requests = sum(len(plan.requests) for plan in plans)
    head = f"<b>Dry run</b>, {plural(len(plans), 'clip')}, {plural(requests, 'request')}"
    body = (markup.foot(head), *parts, markup.foot(sums(_price(views)), _NOTHING_SENT))
    return markup.root("plan", body, FOOT, FOLD, WIRE)


def dry_run_text(plans: Sequence[PlanView]) -> str:
    """What would be sent, for a terminal; can be read as an HTTP transcript."""
    blocks = []
    for plan in plans:
        job = plan.job
        blocks.append("\n".join(part for part in (line(job.prompt, 200), asked(job), *map(clean, job.notes)) if part))
        blocks += ["\n".join(_lines(request)) for request in plan.requests]
        if len(plans) > 1:
            blocks.append(cost(job))
    return "\n\n".join([*blocks, f"{_price([plan.job for plan in plans])} {_NOTHING_SENT}"])


def masked(name: str, value: str) -> str:
    """A header's value without its secret: ``Bearer ••••``. A placeholder such as ``<KLINGAI_API_KEY>`` stays."""
    if _HARMLESS.match(name) or not (_SECRET.search(name) or _SCHEMED.match(value)):
        return clean(value)
    scheme, _, secret = value.rpartition(" ")
    kept = f"{clean(scheme)} " if scheme and _SCHEMED.match(value) else ""
    return f"{kept}{clean(secret) if _PLACEHOLDER.match(secret) else _MASK}"


def pretty(body: Any) -> str:
    """A JSON body for reading; stored inputs and long base64 become ``<base64 of fox.png, 212 kB>``."""
    return clean(json.dumps(_legible(body), indent=2, ensure_ascii=False, default=str))


def _price(views: Sequence[JobView]) -> str:
    return cost(views[0]) if len(views) == 1 else total(views)


def _plan(plan: PlanView, *, alone: bool) -> str:
    job = plan.job
    settings = markup.asked((*job.settings, job.gateway))
    said = (
        markup.prompt(job.prompt, 300),
        f"<p>{settings}</p>" if settings else "",
        "" if alone else f"<p>{sums(cost(job))}</p>",
        markup.notes(job),
        f"<p>{prose(clip(job.ready_note, 300))}</p>" if job.ready_note else "",
    )
    folded = [_request(request, opened=alone and index == 0) for index, request in enumerate(plan.requests)]
    return f'<div class="kling-nb-say">{"".join(said)}</div>{"".join(folded)}'


def _request(request: RequestView, *, opened: bool) -> str:
    first, *rest = _lines(request)
    verb, _, url = first.partition(" ")
    note = f' <span class="kling-nb-dim">{prose(line(request.note, 200))}</span>' if request.note else ""
    return (
        f"<details{' open' if opened else ''}><summary><code>{esc(verb)}</code> {esc(url)}{note}</summary>"
        f"<pre>{esc(chr(10).join(rest)) or '<i>no headers, no body</i>'}</pre></details>"
    )


def _lines(request: RequestView) -> list[str]:
    headers = [f"{line(name, 80)}: {line(masked(name, value), 400)}" for name, value in request.headers.items()]
    lines = [f"{line(request.method, 12)} {_address(request.url)}", *headers]
    if request.part:
        lines += ["", _file(request.part)]
    if request.body is not None:
        lines += ["", pretty(request.body)]
    return lines


def _address(url: str) -> str:
    """The URL without passwords and secret parameters."""
    parts = urlsplit(clean(url))
    query = "&".join(
        f"{name}={_MASK}" if value and _SECRET.search(name) else f"{name}{sign}{value}"
        for name, sign, value in (pair.partition("=") for pair in parts.query.split("&"))
    )
    return line(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query)), 500)


def _file(part: Part) -> str:
    return clean(f"{part.field}: <file {part.filename}, {part.media_type}>")


def _legible(value: Any) -> Any:
    if isinstance(value, Inline):
        name = f" of {line(value.name, 80)}" if value.name else ""
        return f"<{'data URI' if value.prefix else 'base64'}{name}, {size(value.size)}>"
    if isinstance(value, Mapping):
        return {str(key): _legible(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_legible(inner) for inner in value]
    if isinstance(value, str) and _BASE64.match(value):
        return f"<base64, {size(len(value.partition(',')[2] or value) * 3 / 4)}>"
    return clip(value, _VALUE_LIMIT) if isinstance(value, str) and len(value) > _VALUE_LIMIT else value
