"""Keywords to a plan: the validated request, its opened inputs, what is doubtful, what it costs.

Nothing is sent and nothing is spent here. The keywords are those of ``kling.submit`` and, with
dashes, of ``%%kling``.
"""

from __future__ import annotations

import difflib
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kling_nb import catalog
from kling_nb.cell.options import AXES
from kling_nb.errors import OptionError, RequestError
from kling_nb.frames import Opened, open_frame
from kling_nb.lab import values
from kling_nb.pipeline import KEYWORDS, kind_in, picture, read, to_extra
from kling_nb.request import Frame, VideoRequest

if TYPE_CHECKING:
    from kling_nb.catalog.findings import Finding
    from kling_nb.gateways import Gateway
    from kling_nb.settings import Settings
    from kling_nb.wire import Codec

_SWITCHES = ("sound", "keep_sound", "watermark")
_WORDS = ("kind", "orientation", "refer", "shot_type")
_FORMS = {
    "aspect": "write it as two numbers, like 16:9",
    "callback": "write it as an address, like https://example.com/done",
    "external_id": "use letters, digits and any of _ - . :, up to 128",
}
_KEYWORDS = frozenset(VideoRequest.model_fields) - {"extra"} | {"set"} | KEYWORDS


_PICTURES = ("image", "tail", "images", "mask", "masks")
_WEB = ("http://", "https://")


@dataclass(frozen=True)
class Plan:
    """One clip that could be asked for.

    Attributes:
        findings: Errors first; errors stop it unless they are forced.
        price: Expected price, or None where nobody knows.
        inputs: Bytes of local inputs by their SHA-256.
    """

    request: VideoRequest
    gateway: Gateway
    findings: tuple[Finding, ...]
    price: catalog.Price | None
    inputs: Mapping[str, bytes] = field(default_factory=dict)

    @functools.cached_property
    def fingerprint(self) -> str:
        """The same for the same request, take and gateway, in any kernel."""
        return self.request.fingerprint(self.gateway.name)

    @property
    def errors(self) -> tuple[str, ...]:
        """Sentences of what the sources rule out."""
        return tuple(f.sentence for f in self.findings if f.level == "error")

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences of everything else."""
        return tuple(f.sentence for f in self.findings if f.level != "error")


def make_plan(
    keywords: Mapping[str, Any],
    gateway: Gateway,
    codec: Codec,
    settings: Settings,
    opens: dict[str | int, Opened] | None = None,
) -> Plan:
    """Read one request.

    Args:
        keywords: As for ``submit``.
        gateway: Where it would go.
        codec: Of that gateway.
        settings: For what the keywords leave open.
        opens: Frames that are open already; shared by the requests of one cell, so that each is decoded once.

    Raises:
        OptionError: An unknown keyword or a value that cannot be read.
        InputError: An image that cannot be used.
    """
    known = {key: value for key, value in keywords.items() if value is not None}
    for key in known:
        if key not in _KEYWORDS:
            near = difflib.get_close_matches(key, _KEYWORDS, n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise OptionError(f"submit() has no option {key!r}.{hint} The options are {', '.join(sorted(_KEYWORDS))}.")
    inputs: dict[str, bytes] = {}
    if kind := kind_in(known):
        request = _run_request(kind, known, gateway, inputs)
        return Plan(request, gateway, codec.notes(request), None, inputs)
    request = _request(known, gateway, settings, inputs, {} if opens is None else opens)
    findings = (*catalog.check(request, gateway.name), *codec.notes(request))
    order = {"error": 0, "warning": 1, "note": 2}
    unique = dict.fromkeys(sorted(findings, key=lambda finding: order[finding.level]))
    return Plan(request, gateway, tuple(unique), catalog.price(request, gateway.name), inputs)


def matrix(
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


def opens_pictures(keywords: Mapping[str, Any]) -> bool:
    """Whether reading a request may open, decode or encode pictures, which can take a second."""
    if any(keywords.get(name) is not None for name in KEYWORDS):
        return True  # a run takes them anywhere
    given = [item for name in _PICTURES for item in values.several(keywords.get(name))]
    return not all(isinstance(item, str) and item.lower().startswith(_WEB) for item in given)


def refuse(plan: Plan) -> None:
    """Raise what the catalogue rules out.

    Raises:
        RequestError: With every reason, and the way to send it all the same.
    """
    if plan.errors:
        raise RequestError(f"{' '.join(plan.errors)} (--force sends it all the same.)")


def refuse_twins(plans: Iterable[Plan]) -> None:
    """Raise where one id of the user's own would name several tasks: a lost answer is cleared up by that id.

    Raises:
        OptionError: Two different clips have the same ``external_id``.
    """
    seen: dict[str, str] = {}
    for plan in plans:
        name = plan.request.external_id
        if name and seen.setdefault(name, plan.fingerprint) != plan.fingerprint:
            raise OptionError(f"--external-id {name} names one task, and here it would name two: leave it out.")


def _request(
    known: Mapping[str, Any],
    gateway: Gateway,
    settings: Settings,
    inputs: dict[str, bytes],
    opens: dict[str | int, Opened],
) -> VideoRequest:
    def frame(value: Any, option: str) -> Frame:
        key = value if isinstance(value, str) else id(value)  # the caller holds the values while it plans
        if key not in opens:
            opens[key] = open_frame(values.still(value), option)
        opened = opens[key]
        if opened.data is not None and opened.frame.sha256:
            inputs[opened.frame.sha256] = opened.data
        return opened.frame

    fields: dict[str, Any] = {
        "prompt": str(known.get("prompt", "")),
        "model": str(known.get("model") or settings.model or catalog.default_model(gateway.name)),
        "mode": known.get("mode", settings.mode or None),
        "aspect": known.get("aspect", settings.aspect or None),
        "duration": values.whole(known.get("duration", settings.duration or None), "--duration"),
        "negative": known.get("negative"),
        "cfg": values.number(known.get("cfg"), "--cfg"),
        "camera": values.camera(known.get("camera")),
        "take": values.whole(known.get("take", 1), "--take"),
        "shots": tuple(values.shot(item) for item in known.get("shots") or ()),
        "images": tuple(frame(item, "--images") for item in values.several(known.get("images"))),
        "callback": known.get("callback"),
        "external_id": known.get("external_id"),
        "extra": dict(known.get("set") or {}),
    }
    fields |= {name: values.switch(known.get(name), f"--{name.replace('_', '-')}") for name in _SWITCHES}
    fields |= {name: values.word(known.get(name), name) for name in _WORDS}
    fields |= {name: tuple(str(item) for item in values.several(known.get(name))) for name in ("element", "voice")}
    fields |= {name: frame(known[name], f"--{name}") for name in ("image", "tail", "mask") if name in known}
    if "video" in known:
        fields["video"] = values.footage(known["video"])
    if "masks" in known:
        fields["masks"] = values.masks(known["masks"], frame)
    try:
        return VideoRequest(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "request"
        raise OptionError(
            f"--{name.replace('_', '-')} {fields.get(name)!r} is not valid: {_plain(name, first)}."
        ) from None


def _run_request(kind: str, known: Mapping[str, Any], gateway: Gateway, inputs: dict[str, bytes]) -> VideoRequest:
    """A pipeline, a stored workflow or a webhook's run; its prompt and model are captions."""
    if gateway.dialect != "wireflow":
        raise RequestError(f'{gateway.label} makes single clips only: a {kind} runs with gateway="wireflow".')
    frames: list[Frame] = []

    def opened(value: Any, what: str) -> Any:
        found = open_frame(values.still(value), what)
        if found.data is not None and found.frame.sha256:
            inputs[found.frame.sha256] = found.data
        frames.append(found.frame)
        return picture(len(frames) - 1)

    run = read(kind, known, opened)
    return VideoRequest(
        prompt=run.words,
        model=run.summary,
        images=tuple(frames),
        take=values.whole(known.get("take", 1), "--take") or 1,
        extra=to_extra(run) | dict(known.get("set") or {}),
    )


def _plain(name: str, problem: Mapping[str, Any]) -> str:
    if problem.get("type") == "string_pattern_mismatch":
        return _FORMS[name]
    text = str(problem.get("msg", "")).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
