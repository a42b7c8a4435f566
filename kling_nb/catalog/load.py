"""Reads ``models.json`` once, when it is first asked for, into the shapes of ``data``.

Kept apart from the shapes so that the file's layout can change without the words that the
rest of the package uses. A missing key is a broken package and fails loudly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kling_nb.catalog.data import (
    CameraLimits,
    Catalogue,
    Doubt,
    Gateway,
    Generation2,
    ImageLimits,
    KindInputs,
    Limits,
    MaskLimits,
    Model,
    Offer,
    Rate,
    References,
    Row,
    Seconds,
    ShotLimits,
    VideoLimits,
)

_Json = Mapping[str, Any]


@cache
def catalogue() -> Catalogue:
    """The packaged catalogue; read and parsed at the first call, some milliseconds."""
    text = files("kling_nb.catalog").joinpath("models.json").read_text(encoding="utf-8")
    data = json.loads(text)
    unit = data["unit"]
    return Catalogue(
        checked=data["checked"],
        default_model=data["default_model"],
        usd_per_unit=unit["usd"],
        price_source=data["sources"][unit["source"]],
        models={m["name"]: _model(m) for m in data["models"]},
        gateways={name: _gateway(name, g) for name, g in data["gateways"].items()},
        limits=_limits(data["limits"]),
        kinds={kind: KindInputs(tuple(map(tuple, k["needs"])), tuple(k["takes"])) for kind, k in data["kinds"].items()},
        sizes={
            resolution: {aspect: (size[0], size[1]) for aspect, size in by_aspect.items()}
            for resolution, by_aspect in data["sizes"].items()
        },
    )


def _seconds(value: list[int] | Mapping[str, int] | None) -> Seconds:
    if isinstance(value, Mapping):
        return tuple(range(value["from"], value["to"] + 1))
    return tuple(value or ())


def _model(m: _Json) -> Model:
    return Model(
        name=m["name"],
        label=m["label"],
        generation2=_generation2(m["generation2"]),
        routes=tuple(m["routes"]),
        modes=tuple(m["modes"]),
        mode_default=m["mode_default"],
        duration_default=m["duration_default"],
        aspects=tuple(m["aspects"]),
        aspect_default=m["aspect_default"],
        aspect_required=m.get("aspect_required", False),
        can=m["can"],
        references=_references(m.get("references")),
        rows=tuple(_row(r) for r in m["rows"]),
        prices=tuple(_rate(r) for r in m["prices"] if "each" not in r),
        doubts=_doubts(m["doubts"]),
    )


def _generation2(g: _Json | None) -> Generation2 | None:
    return Generation2(g["name"], g.get("prompt_max"), tuple(g["settings"])) if g else None


def _references(r: _Json | None) -> References | None:
    return References(r["max"], r.get("max_with_video"), r.get("no_tail_above")) if r else None


def _row(r: _Json) -> Row:
    return Row(
        kind=r["kind"],
        feature=r["feature"],
        mode=r["mode"],
        seconds=_seconds(r["seconds"]),
        follows_video=r.get("length") == "video",
        resolution=r["resolution"],
        fps=r["fps"],
        audio=r["audio"],
        camera_types=tuple(r.get("camera_types", ())),
        elements_max=r.get("elements_max"),
        confirmed=r.get("confirmed", True),
    )


def _rate(r: _Json) -> Rate:
    return Rate(
        kind=r.get("kind"),
        mode=r["mode"],
        sound=r.get("sound", False),
        voices=r.get("voices", False),
        video=r.get("video", False),
        clip={int(seconds): units for seconds, units in r.get("units", {}).items()},
        per_second=r.get("per_second"),
    )


def _doubts(doubts: Iterable[_Json]) -> tuple[Doubt, ...]:
    return tuple(
        Doubt(
            field=d["field"],
            says=d["says"],
            kinds=tuple(d["when"].get("kind", ())),
            features=tuple(d["when"].get("feature", ())),
            modes=tuple(d["when"].get("mode", ())),
            gateways=tuple(d["when"].get("gateway", ())),
            uses=tuple(d["when"].get("uses", ())),
            lifts=d.get("lifts", False),
        )
        for d in doubts
        if "settled" not in d
    )


def _gateway(name: str, g: _Json) -> Gateway:
    return Gateway(
        name=name,
        label=g["label"],
        offers={model: _offer(o) for model, o in g.get("offers", {}).items()},
        others=g.get("others"),
        prompt_required=tuple(g.get("prompt_required", ())),
        doubts=_doubts(g.get("doubts", ())),
        generation2=g.get("generation2", False),
        free=g.get("free", False),
        list_price=g.get("list_price", False),
    )


def _offer(o: _Json) -> Offer:
    words = o.get("words", {})
    return Offer(
        word=o.get("word"),
        words=words,
        routes=tuple(o.get("routes", ())),
        kinds=tuple(o.get("kinds", ())),
        modes=tuple(o.get("modes", words)),
        mode_default=o.get("mode_default"),
        mode_ignored=o.get("mode_ignored", False),
        seconds=_seconds(o.get("seconds")),
        aspect_required=o.get("aspect_required"),
        fields=tuple(o.get("fields", ())),
    )


def _limits(d: _Json) -> Limits:
    image, camera, shots, masks = d["image"], d["camera"], d["shots"], d["masks"]
    return Limits(
        prompt_max=d["prompt"]["max"],
        negative_max=d["negative"]["max"],
        prompt_required=tuple(d["prompt"]["required_for"]),
        image=ImageLimits(
            max_bytes=image["max_bytes"],
            min_side=image["min_side"],
            max_ratio=image["max_ratio"],
            formats=tuple(image["formats"]),
        ),
        video={
            kind: VideoLimits(
                max_bytes=v["max_bytes"],
                min_side=v["min_side"],
                max_side=v["max_side"],
                formats=tuple(v["formats"]),
                seconds=_seconds(v["seconds"]),
                oriented={way: _seconds(span) for way, span in v.get("oriented", {}).items()},
            )
            for kind, v in d["video"].items()
        },
        camera=CameraLimits(
            types=tuple(camera["types"]),
            config_type=camera["config_type"],
            axes=tuple(camera["axes"]),
            axes_used=camera["axes_used"],
            least=camera["min"],
            most=camera["max"],
        ),
        shots=ShotLimits(fewest=shots["min"], most=shots["max"], prompt_max=shots["prompt_max"]),
        masks=MaskLimits(groups=masks["groups_max"], fewest=masks["points_min"], most=masks["points_max"]),
        voices=d["voices"]["max"],
        exclusive=tuple(tuple(group["fields"]) for group in d["exclusive"]),
    )
