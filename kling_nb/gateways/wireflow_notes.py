"""What can be said about a clip or a run on Wireflow before anything is sent.

Source: Wireflow's two Kling pages and wireflowINC/wireflow-skill (references/api.md): what the Kling node has no
port or setting for, and what is only guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.catalog import model, offer, wire_name
from kling_nb.catalog.findings import Finding
from kling_nb.gateways.fields import uncarried
from kling_nb.pipeline import Graph, run_of

if TYPE_CHECKING:
    from kling_nb.request import Frame, VideoRequest

_CATALOGUE = "wireflow"  # the words belong to the node, whatever a gateway of this dialect is called
_UPLOAD_BYTES = 25 * 1024 * 1024  # POST /media/upload takes 25 MB (wireflow-skill, references/api.md)
# What the Kling node takes, and what the notes on a clip speak of themselves.
_SPOKEN_OF = frozenset({"mode", "aspect", "duration", "negative", "cfg", "image", "tail", "camera", "sound"})


def notes(request: VideoRequest, label: str) -> tuple[Finding, ...]:
    """All of it, for a plain clip, a pipeline, a stored workflow or a webhook; ``label`` is the gateway's."""
    run = run_of(request.extra)
    if run is None:
        return (*_too_large(request, label), *_of_a_clip(request, label))
    idle = run.idle if isinstance(run, Graph) else ()
    last = f"{run.last.title} ({run.last.id})" if isinstance(run, Graph) else ""
    lost = (f"{node.title} ({node.id}) leads nowhere: nothing of it reaches {last}." for node in idle)
    return (*_too_large(request, label), *(Finding("warning", "extra", sentence) for sentence in lost))


def pictures(request: VideoRequest) -> tuple[Frame, ...]:
    """What may have to be uploaded: a clip's first frame, or the pictures of a run."""
    if run_of(request.extra) is not None:
        return request.images
    return (request.image,) if request.image else ()


def model_version(request: VideoRequest) -> str | None:
    """The node's word for model and mode; None where it has none, so that no other model is paid for.

    A name that the catalogue does not know may be the node's own and travels as it was typed.
    """
    word, known = wire_name(request, _CATALOGUE), model(request.model)
    return None if known and word == known.name else word


def _too_large(request: VideoRequest, label: str) -> tuple[Finding, ...]:
    most = _UPLOAD_BYTES >> 20
    return tuple(
        Finding(
            "error",
            "image",
            f"{label} takes uploads of up to {most} MB and {frame.name or 'the picture'} has "
            f"{frame.size / (1 << 20):.1f} MB: make it smaller, or give a URL.",
        )
        for frame in pictures(request)
        if frame.size and frame.size > _UPLOAD_BYTES
    )


def _of_a_clip(request: VideoRequest, label: str) -> tuple[Finding, ...]:
    found = [*uncarried(request, _SPOKEN_OF, label)]
    if request.tail:
        sentence = (
            f"{label} does not document where its Kling node takes a last frame: leave --tail out, or "
            "choose another --gateway."
        )
        found.append(Finding("error", "tail", sentence))
    if request.camera:
        sentence = f"{label}'s Kling node has no camera setting: describe the move in the prompt."
        found.append(Finding("error", "camera", sentence))
    if request.sound is not None:
        sentence = f"{label}'s Kling node has no documented switch for sound: leave --sound out."
        found.append(Finding("error" if request.sound else "warning", "sound", sentence))
    for name, key in (("cfg", "cfg_scale"), ("negative", "negative_prompt")):
        if getattr(request, name) is not None:
            sentence = f"{label} does not name the setting for --{name}: it is sent as {key} and may be ignored."
            found.append(Finding("warning", name, sentence))
    if not request.image:
        sentence = f"{label} lists the picture of its Kling node as required: without --image it may refuse the clip."
        found.append(Finding("warning", "image", sentence))
    if request.mode and not model(request.model):
        sentence = f"{label} takes {request.model} as it is typed: --mode is not sent."
        found.append(Finding("warning", "mode", sentence))
    if "model_version" not in request.extra and model_version(request) is None:
        found.append(Finding("error", "model", _no_version(request, label)))
    return tuple(found)


def _no_version(request: VideoRequest, label: str) -> str:
    found = offer(request.model, _CATALOGUE)
    if found and found.words:
        return f"{label} has {request.model} only with --mode {' or --mode '.join(found.words)}."
    return f"{label}'s Kling node does not have {request.model}: choose another --model or --gateway."
