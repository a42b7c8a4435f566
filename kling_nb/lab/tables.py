"""What ``%kling jobs``, ``models``, ``gateways`` and ``cost`` list."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kling_nb import catalog, gateways
from kling_nb.catalog.words import lengths
from kling_nb.errors import OptionError
from kling_nb.lab import coverage
from kling_nb.lab.sandboxed import label
from kling_nb.lab.views import settings_of
from kling_nb.request import KINDS, VideoRequest
from kling_nb.show import Code, State, bundle, table, table_text

if TYPE_CHECKING:
    from kling_nb.lab.lab import Lab
    from kling_nb.show import Cell
    from kling_nb.wire import Codec

_KLING = "kling"
_FOLDED = "What each gateway makes and carries, option by option"
_FURTHER = (
    "negative",
    "cfg",
    "camera",
    "shots",
    "element",
    "voice",
    "mask",
    "masks",
    "refer",
    "orientation",
    "keep_sound",
)


def _both(headers: Sequence[str], rows: Sequence[Sequence[Cell]], note: str, title: str = "") -> dict[str, str]:
    return bundle(table(headers, rows, note=note, title=title), table_text(headers, rows, note=note, title=title))


def jobs_table(lab: Lab, limit: int = 20) -> dict[str, str]:
    """The newest jobs of the folder."""
    rows: list[list[Cell]] = []
    for job in lab.jobs(limit):
        request = job.request
        settings = ", ".join(settings_of(request, job.gateway))
        usd = job.price
        rows.append([Code(job.id), State(job.status), request.prompt, settings,
                     label(job.gateway), usd])  # fmt: skip
    note = "`%kling show ID` shows one again; the beginning of an id is enough."
    return _both(("job", "state", "prompt", "settings", "gateway", "USD"), rows, note)


def gateways_table(lab: Lab) -> dict[str, str]:
    """Where clips can be generated and which keys are set (never the keys)."""
    ready = {g.name for g in lab.ready_gateways()}
    chosen = lab.gateway().name
    rows: list[list[Cell]] = []
    for name in gateways.names():
        known = gateways.gateway(name)
        state = "ready" if name in ready or not known.keys else "no key"
        needs = ", ".join(filter(None, [known.key_names, *known.values])) or "nothing"
        rows.append([Code(name), "chosen" if name == chosen else "", state, needs, known.dialect])
    note = "Choose with `--gateway NAME`, `%config KlingMagics.gateway = 'NAME'` or the variable KLING_NB_GATEWAY."
    places = _both(("gateway", "chosen", "state", "needs", "dialect"), rows, note)
    matrix = _carried_table()
    return bundle(*(f"{places[kind]}\n{matrix[kind]}" for kind in ("text/html", "text/plain")))


def _carried_table() -> dict[str, str]:
    """What each gateway makes and carries, as its own codec answers it; takes about a second."""
    codecs = {name: _codec(name) for name in gateways.names()}
    rows: list[list[Cell]] = [
        [kind, *(coverage.makes(codec, name, kind) for name, codec in codecs.items())] for kind in KINDS
    ]
    rows += [
        [Code(_typed(option)), *(coverage.carries(codec, name, option) for name, codec in codecs.items())]
        for option in coverage.OPTIONS
    ]
    note = (
        "yes: with at least one model. note: sent with a doubt, or left out, and the cell says so. no: refused, with a "
        "sentence, before anything is sent. `--dry-run` tells for one request."
    )
    headers = ("", *codecs)
    return bundle(table(headers, rows, note=note, fold=_FOLDED), table_text(headers, rows, note=note))


def _codec(name: str) -> Codec:
    known = gateways.gateway(name)
    return gateways.codec(known, dict.fromkeys(known.values, "sample"))


def _typed(option: str) -> str:
    return "--set" if option == "extra" else f"--{option.replace('_', '-')}"


def models_table(name: str = "") -> dict[str, str]:
    """Every model, or one with what it costs.

    Raises:
        OptionError: There is no such model in the catalogue.
    """
    known = catalog.models()
    if name:
        found = catalog.model(name)
        if found is None:
            near = catalog.near(name)
            guess = f" Did you mean {' or '.join(near)}?" if near else ""
            raise OptionError(f"The catalogue has no model {name!r}.{guess} %kling models lists them.")
        known = (found,)
    codec = _codec(_KLING)
    rows: list[list[Cell]] = []
    for model in known:
        for kind in KINDS:
            offer = catalog.choices(model.name, kind, _KLING)
            if offer is None:
                continue
            seconds = lengths(offer.durations).rpartition(" ")[0] if offer.durations else "as the video"
            price = catalog.price(VideoRequest(prompt="x", model=model.name, kind=kind), _KLING)
            more = {option: coverage.takes(codec, _KLING, option, kind, model.name) for option in _FURTHER}
            takes = [_typed(option) + " ?" * (word == "note") for option, word in more.items() if word != "no"]
            rows.append([
                Code(model.name), kind, ", ".join(offer.modes), seconds, ", ".join(offer.tail_modes) or "no",
                "yes" if offer.sound else "no", price.usd if price else None, " ".join(takes),
            ])  # fmt: skip
    note = (
        "USD: Kling's list price of the model's default clip; `--dry-run` gives that of a cell. A question mark: the "
        "sources leave it open."
    )
    return _both(("model", "kind", "modes", "seconds", "last frame", "sound", "USD", "also takes"), rows, note)


def cost_table(lab: Lab) -> dict[str, str]:
    """What was spent, by day, gateway and model: the gateway's own figure where it gives one."""
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0])
    for state in lab.journal.sent():
        day = time.strftime("%Y-%m-%d", time.localtime(state.sent or state.created))
        row = sums[(day, label(state.gateway), str(state.request.get("model", "")))]
        row[0] += 1
        row[1] += (state.price or {}).get("usd") or 0.0
        row[2] += (state.charge or {}).get("usd") or 0.0
        row[3] += state.status == "unknown"
    rows: list[list[Cell]] = [[*key, int(n), round(expected, 4), round(charged, 4), int(doubt)]
                              for key, (n, expected, charged, doubt) in sorted(sums.items(), reverse=True)]  # fmt: skip
    note = "Expected: by price list. Charged: what gateways reported; many report nothing. The sandbox charges nothing."
    return _both(("day", "gateway", "model", "clips", "expected USD", "charged USD", "perhaps paid"), rows, note)
