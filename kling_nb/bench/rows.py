"""What became of each cell, as rows: out of the journal, the scores and the votes, whenever they are asked for."""

from __future__ import annotations

import csv
import io
import itertools
import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kling_nb.bench import files
from kling_nb.bench.purse import charged
from kling_nb.errors import OptionError, SetupError
from kling_nb.life import OPEN

if TYPE_CHECKING:
    from kling_nb.bench.cells import Cell
    from kling_nb.lab import Lab
    from kling_nb.life import JobState

KINDS = (".jsonl", ".csv", ".parquet")
MISSING, GONE = "missing", "gone"
"""Statuses that a job has not: never asked for, or its file was deleted."""

Retry = bool | Literal["charged"]
"""Whether failed cells are sent again: none, those that cost nothing, or also those that were or may be charged."""

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A cell and the job that it means.

    Attributes:
        status: The job's, ``missing`` where there is none, or ``gone`` where its file was deleted.
    """

    cell: Cell
    state: JobState | None
    status: str

    @property
    def sent(self) -> bool:
        """Whether an earlier run has sent it, so that money may have moved."""
        state = self.state
        return state is not None and state.sent is not None and state.charged is not False

    @property
    def accepted(self) -> bool:
        """Whether nothing more has to be paid for its clip; a request of unknown fate may have to be sent again."""
        state = self.state
        return self.sent and state is not None and state.ticket is not None and self.status != "failed"


@dataclass(slots=True)
class Tally:
    """One variant, added up.

    Attributes:
        usd: Charged for it, expected prices where the gateway does not say; None where nobody knows.
        listed: What its finished clips cost by the list.
        wait: Median seconds from the sending to the finished task.
        defects: Clips that have one; None where none was measured.
    """

    label: str
    cells: int = 0
    done: int = 0
    failed: int = 0
    open: int = 0
    missing: int = 0
    usd: float | None = 0.0
    listed: float = 0.0
    wait: float | None = None
    defects: int | None = None


def standings(lab: Lab, cells: Iterable[Cell]) -> Iterator[Standing]:
    """Each cell with its job, a few hundred at a time, so that ten thousand need no more memory than a few hundred."""
    folder, rest = lab.folder, iter(cells)
    while chunk := list(itertools.islice(rest, _CHUNK)):
        known = lab.known([cell.id for cell in chunk])
        for cell in chunk:
            state = known.get(cell.id)
            yield Standing(cell, state, _status(state, folder))


def _status(state: JobState | None, folder: Path) -> str:
    if state is None or (state.status == "cancelled" and state.sent is None):
        return MISSING
    if state.status == "done" and not (state.video and (folder / str(state.video["path"])).is_file()):
        return GONE
    return state.status


def to_do(standing: Standing, retry_failed: Retry) -> bool:
    """Whether a run has to see to a cell. What failed and may have been charged is never sent again by itself."""
    if standing.status == "failed":
        return retry_failed == "charged" or (bool(retry_failed) and not standing.sent)
    return standing.status != "done"


def row(standing: Standing, folder: Path, scores: Mapping[str, Any], axes: Sequence[str]) -> dict[str, Any]:
    """One cell as plain values."""
    cell, state = standing.cell, standing.state
    video: Mapping[str, Any] = (state.video if state and standing.status == "done" else None) or {}
    sent, ready = (state.sent, state.ready) if state else (None, None)
    usd = ((state.price or {}).get("usd") if state else None) or cell.usd
    return {
        "cell": cell.id,
        "prompt": cell.entry.text,
        "prompt_id": cell.entry.id,
        "tags": list(cell.entry.tags),
        "vars": dict(cell.entry.vars),
        "variant": cell.variant.label,
        "gateway": cell.gateway,
        "model": cell.model,
        **{name: cell.variant.settings.get(name) for name in axes if name not in {"gateway", "model"}},
        "take": cell.take,
        "job": state.id if state else None,
        "status": standing.status,
        "error": state.reason if state and state.status in {"failed", "unknown"} else None,
        "charged": state.charged if state else None,
        "usd_expected": usd,
        "usd_charged": (state.charge or {}).get("usd") if state else None,
        "latency": round(ready - sent, 3) if sent and ready else None,
        "path": str(folder / str(video["path"])) if video else None,
        "sha256": scores.get("sha256"),
        **{name: video.get(name) for name in ("seconds", "width", "height", "fps")},
        "scores": dict(scores.get("scores", {})),
        "defects": list(scores.get("defects", ())),
    }


def tallies(found: Iterable[tuple[Standing, Mapping[str, Any]]]) -> list[Tally]:
    """The variants in their order, added up."""
    made: dict[str, Tally] = {}
    waits: dict[str, list[float]] = {}
    for standing, scored in found:
        label = standing.cell.variant.label
        tally = made.setdefault(label, Tally(label))
        tally.cells += 1
        tally.done += standing.status == "done"
        tally.failed += standing.status == "failed"
        tally.open += standing.status in OPEN | {"planned", "cancelled"}
        tally.missing += standing.status in {MISSING, GONE}
        _pay(tally, standing)
        state = standing.state
        if state and standing.status == "done" and state.sent and state.ready:
            waits.setdefault(label, []).append(state.ready - state.sent)
            tally.listed = round(tally.listed + (standing.cell.usd or 0.0), 6)
        if scored:
            tally.defects = (tally.defects or 0) + bool(scored.get("defects"))
    for label, tally in made.items():
        tally.wait = round(statistics.median(waits[label]), 1) if label in waits else None
    return list(made.values())


def _pay(tally: Tally, standing: Standing) -> None:
    state = standing.state
    if state is None or state.sent is None:
        return
    listed = (state.price or {}).get("usd")
    told = (state.charge or {}).get("usd")
    if listed is None and told is None and state.charged is not False:
        tally.usd = None
    elif tally.usd is not None:
        tally.usd = round(tally.usd + charged(state, listed or 0.0), 6)


def flat(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows for a table: tags as one text, ``var_`` and ``score_`` columns instead of mappings."""
    listed = list(rows)
    words = sorted({name for found in listed for name in found["vars"]})
    metrics = sorted({name for found in listed for name in found["scores"]})
    nested = ("vars", "scores", "tags", "defects")
    return [
        {
            **{name: value for name, value in found.items() if name not in nested},
            "tags": ", ".join(found["tags"]),
            "defects": "; ".join(found["defects"]),
            **{f"var_{name}": found["vars"].get(name) for name in words},
            **{f"score_{name}": found["scores"].get(name) for name in metrics},
        }
        for found in listed
    ]


def frame(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as a pandas DataFrame.

    Raises:
        SetupError: pandas is not installed.
    """
    try:
        pandas: Any = import_module("pandas")  # an extra
    except ImportError:
        raise SetupError("A DataFrame needs pandas: pip install 'kling-nb[bench]'; rows() needs nothing.") from None
    return pandas.DataFrame(flat(rows))


def save(rows: Iterable[Mapping[str, Any]], path: Path) -> Path:
    """Write rows to a file, in one step.

    Raises:
        OptionError: Another kind of file.
        SetupError: Parquet needs pandas and pyarrow.
        StorageError: It cannot be written.
    """
    kind = path.suffix.lower()
    if kind == ".jsonl":
        text = "".join(json.dumps(found, ensure_ascii=False, default=str) + "\n" for found in rows)
        files.write(path, text.encode("utf-8", "replace"))
    elif kind == ".csv":
        listed, out = flat(rows), io.StringIO(newline="")
        writer = csv.DictWriter(out, fieldnames=list(listed[0]) if listed else ["cell"])
        writer.writeheader()
        writer.writerows(listed)
        files.write(path, out.getvalue().encode("utf-8", "replace"))
    elif kind == ".parquet":
        made = frame(rows)
        try:
            data: bytes = made.to_parquet(index=False)
        except ImportError:
            raise SetupError("Parquet needs pyarrow: pip install 'kling-nb[bench]'. .jsonl needs nothing.") from None
        files.write(path, data)
    else:
        raise OptionError(f"A bench is saved as {', '.join(KINDS)}, not as {path.suffix or path.name!r}.")
    return path
