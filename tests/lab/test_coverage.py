"""Nothing is dropped in silence: each option x gateway x kind x model is on the wire, or something is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kling_nb import catalog, gateways
from kling_nb.errors import KlingError
from kling_nb.lab import Lab
from kling_nb.lab.coverage import BASES, OPTIONS, Sample, carries, makes, takes, try_option
from kling_nb.lab.rehearse import asks
from kling_nb.lab.tables import gateways_table, models_table
from kling_nb.request import KINDS, VideoRequest
from kling_nb.wire import Order

if TYPE_CHECKING:
    from kling_nb.request import Kind
    from kling_nb.wire import Codec

MODELS = [model.name for model in catalog.models()]
OFF = {
    "sound": Sample(value=False, needs={}),
    "keep_sound": Sample(value=True, needs=OPTIONS["keep_sound"].needs),
    "watermark": Sample(value=False, needs={}),
    "cfg": Sample(0.0, {}),
    "refer": Sample("base", OPTIONS["refer"].needs),
    "orientation": Sample("image", {}),
    "camera": Sample(OPTIONS["camera"].value, {"mode": "pro"}),
}
"""Options whose other value may be forgotten, because it is false."""


def codec(name: str) -> Codec:
    """A gateway's codec."""
    known = gateways.gateway(name)
    return gateways.codec(known, dict.fromkeys(known.values, "wf"))


def test_every_field_of_a_request_has_a_sample() -> None:
    """A new field cannot be left out of this table."""
    assert set(VideoRequest.model_fields) - {"prompt", "model", "kind", "take"} == set(OPTIONS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", gateways.names())
def test_on_the_wire_or_said(name: str, kind: Kind) -> None:
    """With every model: the body differs, or a finding is there with the option and not without."""
    speaker = codec(name)
    samples = [*OPTIONS.items(), *OFF.items()]
    silent = []
    for model in MODELS:
        for option, sample in samples:
            trial = try_option(speaker, name, kind, model, option, sample)
            if trial and not trial.sent and not trial.said:
                silent.append((model, option, sample.value))
    assert silent == []


def wire(name: str, request: VideoRequest) -> object:
    """The body of the paid ask; None where the codec refuses to write one."""
    try:
        *_, paid = asks(codec(name).submit(Order(request, "kn-key")))
    except KlingError:
        return None
    return paid.to_json()


@pytest.mark.parametrize("name", gateways.names())
@pytest.mark.parametrize("option", OPTIONS)
def test_codecs_alone_are_not_silent_either(name: str, option: str) -> None:
    """With a model of which the catalogue knows nothing: the codec sends the option, or speaks of it beforehand."""
    silent = []
    for kind in KINDS:
        plain = VideoRequest(**{"prompt": "a fox", "model": "kling-v9", "kind": kind} | BASES[kind])
        wished = plain.model_copy(update={option: OPTIONS[option].value})
        notes = [note for note in codec(name).notes(wished) if note not in codec(name).notes(plain)]
        sent = wire(name, wished)
        if getattr(plain, option) == OPTIONS[option].value:
            continue
        refused = sent is None and not any(note.level == "error" for note in codec(name).notes(wished))
        if refused or (sent == wire(name, plain) and sent is not None and not notes):
            silent.append(kind)
    assert silent == []


CARRIED = {
    # a few fixed points: if these move, the table above has lost its meaning
    ("kling", "voice"): "yes",
    ("agentsflare", "shots"): "yes",
    ("imarouter", "images"): "yes",
    ("imarouter", "refer"): "note",
    ("imarouter", "camera"): "note",
    ("imarouter", "voice"): "no",
    ("imarouter", "callback"): "note",
    ("wireflow", "tail"): "no",
    ("wireflow", "watermark"): "note",
    ("fal", "element"): "no",
}


@pytest.mark.parametrize(("name", "option"), CARRIED)
def test_what_a_gateway_carries(name: str, option: str) -> None:
    """Sent, doubtful or refused."""
    assert carries(codec(name), name, option) == CARRIED[name, option]


def test_what_a_gateway_makes() -> None:
    """Kling makes every kind; ImaRouter's one omni model takes references, nobody else's motion."""
    assert [makes(codec("kling"), "kling", kind) for kind in KINDS] == ["yes"] * 5
    assert [makes(codec("imarouter"), "imarouter", kind) for kind in KINDS] == ["yes", "yes", "no", "note", "no"]


@pytest.mark.parametrize(
    ("kind", "model", "option", "carried"),
    [
        ("image2video", "kling-v1-5", "camera", "yes"),  # in mode pro only
        ("image2video", "kling-v1", "mask", "yes"),
        ("image2video", "kling-v2-6", "voice", "yes"),
        ("text2video", "kling-v3", "shots", "yes"),
        ("text2video", "kling-v3", "camera", "note"),
        ("motion-control", "kling-v2-6", "element", "no"),
        ("motion-control", "kling-v3", "orientation", "yes"),
    ],
)
def test_what_a_model_takes(kind: Kind, model: str, option: str, carried: str) -> None:
    """In the best of its modes."""
    assert takes(codec("kling"), "kling", option, kind, model) == carried


def test_tables_show_it() -> None:
    """``%kling gateways`` has a column a gateway and a row an option; ``%kling models`` says what a kind takes."""
    both = gateways_table(Lab(env={}))
    text = both["text/plain"]
    row = next(line for line in text.splitlines() if line.startswith("--keep-sound"))
    assert row.split()[1:5] == ["yes", "yes", "yes", "note"]
    assert all(f"<code>--{name}</code>" in both["text/html"] for name in ("voice", "shot-type", "set"))
    places, folded = both["text/html"].split("<details><summary>")
    assert "KLINGAI_API_KEY" in places
    assert "<code>--voice</code>" not in places
    assert folded.startswith("What each gateway makes and carries")
    rows = [line for line in models_table("kling-v2-6")["text/plain"].splitlines() if line.startswith("kling-v2-6")]
    assert [row.split()[1] for row in rows] == ["text2video", "image2video", "motion-control"]
    assert "as the video" in rows[2]
    assert "--orientation" in rows[2]
