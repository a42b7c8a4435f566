"""Rules on what a model can do: kind, features, mode, length, sound, aspect ratio, tuning.

A combination without a row in the catalogue is ruled out by the sources and is an error;
what they leave open is a warning. The rows carry their own sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.catalog.findings import Finding
from kling_nb.catalog.load import catalogue
from kling_nb.catalog.lookup import models
from kling_nb.catalog.words import (
    FEATURES,
    FOLLOWS_VIDEO,
    flag,
    follows_picture,
    join,
    lengths,
    opening,
    use,
    use_length,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.catalog.case import Case
    from kling_nb.catalog.data import Row
    from kling_nb.catalog.findings import Level

_FIELD = {
    "start_end_frame": "tail",
    "end_frame_only": "tail",
    "multi_shot": "shots",
    "camera_control": "camera",
    "motion_brush": "masks",
    "elements": "element",
    "voice_control": "voices",
    "image_reference": "images",
    "video_reference_feature": "video",
    "video_edit_base": "video",
}
_ABILITY = {"shots": "shots", "camera": "camera", "masks": "masks", "element": "elements"}


def kind(case: Case) -> Iterator[Finding]:
    """The model has rows for what the request is."""
    name = case.model.name
    if case.model.of(case.kind):
        return
    able = [m.name for m in models() if m.of(case.kind)]
    if case.kind == "text2video":
        cure = f"add --image, or use --model {_suggested(able)}"
        yield Finding("error", "image", f"{name} cannot make a clip from text alone: {cure}.")
    else:
        can = f"{join(able, 'and')} can" if able else "no model can"
        yield Finding("error", "kind", f"{name} cannot do {case.kind}: {can}.")


def features(case: Case) -> Iterator[Finding]:
    """Each feature that the request calls for exists for this kind."""
    name = case.model.name
    for group in case.features if case.model.of(case.kind) else ():
        feature = group[0]
        if feature == "generate" or case.rows(group):
            continue
        field, what = _FIELD[feature], FEATURES[feature]
        leave = f"leave out {flag(field)}"
        elsewhere = sorted({r.kind for r in case.model.rows if r.feature == feature})
        able = [m.name for m in models() if m.of(case.kind, feature)]
        if field in _ABILITY and case.model.can[_ABILITY[field]] is None:
            sentence = f"No source says whether {name} works with {what}: {flag(field)} may have no effect."
            yield Finding("warning", field, sentence)
        elif feature == "end_frame_only" and case.rows(("start_end_frame",)):
            yield Finding("error", "tail", f"{name} needs a first frame besides the last one: add --image.")
        elif elsewhere:
            only = f"{name} works with {what} for {join(elsewhere, 'and')} only, not for {case.kind}"
            yield Finding("error", field, f"{only}: {leave}.")
        else:
            or_use = f", or use --model {_suggested(able)}" if able else ""
            yield Finding("error", field, f"{name} does not work with {what}: {leave}{or_use}.")


def mode(case: Case) -> Iterator[Finding]:
    """The mode exists, and every feature of the request exists in it."""
    name, asked = case.model.name, case.request.mode
    if asked and case.offer and case.offer.mode_ignored and (not case.model.modes or asked in case.model.modes):
        where = case.gateway.label if case.gateway else ""
        yield Finding("note", "mode", f"{where} makes no difference between the modes of {name}.")
    elif asked and not case.model.modes:
        yield Finding("error", "mode", f"{name} has no modes: leave out --mode.")
        return
    elif asked and asked not in case.model.modes:
        cure = use("--mode", case.model.modes)
        yield Finding("error", "mode", f"{name} has no mode {asked}: {cure}.")
        return
    for rows in case.groups:
        here = case.in_mode(rows)
        modes = [m for m in case.model.modes if any(r.mode == m for r in rows)]
        if not here:
            what = _with(rows[0])
            cure = f"{'use' if asked else 'add'} {join((f'--mode {m}' for m in modes), 'or')}"
            sentence = f"{opening(what)} needs mode {join(modes, 'or')} on {name}: {cure}."
            yield Finding("error", "mode", sentence)
        elif not any(r.confirmed for r in here):
            tier = f" in mode {case.mode}" if case.mode else ""
            says = f"No source confirms {_with(here[0])}{tier} on {name}: it may be refused."
            yield Finding("warning", "mode", says)


def duration(case: Case) -> Iterator[Finding]:
    """The length is one that the model makes with these features in this mode."""
    name, request = case.model.name, case.request
    if case.follows_video:
        if request.duration:
            yield Finding("note", "duration", FOLLOWS_VIDEO)
        return
    added = sum(shot.seconds for shot in request.shots) if case.rows(("multi_shot",)) else 0
    wanted = request.duration or added
    field = "duration" if request.duration else "shots"
    for rows in case.groups if wanted else ():
        allowed = sorted({s for r in (case.in_mode(rows) or rows) for s in r.seconds})
        if allowed and wanted not in allowed:
            plain = rows[0].feature == "generate"
            subject = name if plain else f"With {FEATURES[rows[0].feature]}, {name}"
            cure = use_length(allowed, wanted) if field == "duration" else "change the lengths of the shots"
            sentence = f"{subject} makes clips of {lengths(allowed)}, not {wanted}: {cure}."
            yield Finding("error", field, sentence)
            return
    there = case.offer.seconds if case.offer else ()
    if wanted and there and wanted not in there and case.gateway:
        cure = use_length(there, wanted) if field == "duration" else "change the lengths of the shots"
        sentence = f"{case.gateway.label} makes clips of {lengths(there)} with {name}, not {wanted}: {cure}."
        yield Finding("error", field, sentence)


def sound(case: Case) -> Iterator[Finding]:
    """Sound is asked for only where there is some, and is on where it has to be."""
    name = case.model.name
    audio = [{r.audio for r in case.in_mode(rows)} for rows in case.groups]
    if {"always"} in audio:
        if case.request.sound is not None:
            level: Level = "note" if case.request.sound else "warning"
            yield Finding(level, "sound", f"{name} makes its clips with sound, always: --sound has no effect.")
        return
    if not case.request.sound:
        if {"required"} in audio:
            yield Finding("error", "sound", f"Voices need sound on {name}: add --sound on.")
        return
    for rows, heard in zip(case.groups, audio, strict=True):
        if not heard or heard & {"optional", "required"}:
            continue
        feature = rows[0].feature
        modes = [m for m in case.model.modes if any(r.mode == m and r.audio == "optional" for r in rows)]
        if feature in FEATURES and any(r.audio == "optional" for r in case.model.rows):
            cure = f"use --sound off, or leave out {flag(_FIELD.get(feature, 'video'))}"
            says = f"{name} makes no sound with {FEATURES[feature]}: {cure}."
        elif modes:
            verb = "use" if case.request.mode else "add"
            cure = f"{verb} {join((f'--mode {m}' for m in modes), 'or')}"
            says = f"Sound needs mode {join(modes, 'or')} on {name}: {cure}."
        elif "original" in heard:
            says = f"{name} makes no sound for {case.kind}, it can keep the video's own: use --sound off."
        else:
            says = f"{name} makes silent clips only: use --sound off."
        yield Finding("error", "sound", says)
        return


def aspect(case: Case) -> Iterator[Finding]:
    """The aspect ratio is one of the model's, given where it must be, and not where it is moot."""
    asked, name, allowed = case.request.aspect, case.model.name, case.model.aspects
    if case.follows_picture:
        if asked:
            yield Finding("note", "aspect", follows_picture(asked))
    elif asked and allowed and asked not in allowed:
        cure = use("--aspect", allowed)
        yield Finding("error", "aspect", f"{name} has no aspect ratio {asked}: {cure}.")
    elif not asked and not case.edits and _must_name_aspect(case):
        cure = f"add --aspect {join(allowed, 'or')}"
        yield Finding("error", "aspect", f"{name} needs an aspect ratio: {cure}.")


def tuning(case: Case) -> Iterator[Finding]:
    """CFG and the negative prompt reach only models that use them."""
    what = {"cfg": "CFG", "negative": "a negative prompt"}
    disputed = {doubt.field for doubt in case.doubts}
    for field in ("cfg", "negative"):
        if field not in case.uses:
            continue
        can = case.model.can[field]
        if can is False:
            sentence = f"{case.model.name} does not use {what[field]}: leave out --{field}."
            yield Finding("error", field, sentence)
        elif can is None and field not in disputed:
            sentence = f"No source says whether {case.model.name} uses {what[field]}."
            yield Finding("warning", field, sentence)


def _suggested(able: list[str]) -> str:
    """The default model where it is among the able ones, else all of them."""
    default = catalogue().default_model
    return default if default in able else join(able, "or")


def _with(row: Row) -> str:
    return FEATURES.get(row.feature, row.kind)


def _must_name_aspect(case: Case) -> bool:
    there = case.offer.aspect_required if case.offer else None
    return case.model.aspect_required if there is None else there


ABILITIES = (kind, features, mode, duration, sound, aspect, tuning)
"""The rules in the order in which a person reads their findings."""
