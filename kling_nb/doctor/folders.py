"""The output folder: whether it can be written and served, and what its journal has open."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kling_nb.errors import KlingError
from kling_nb.journal import FILE, MIGRATIONS
from kling_nb.show.checks import Check
from kling_nb.show.words import plural, size

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.lab.reach import Reach
    from kling_nb.show.checks import Health

_GROUP = "Output folder"
_MOVE = "Choose another with `%config KlingMagics.output = '…'` or KLING_NB_OUTPUT."
_LITTLE, _TOO_LITTLE = 1_000_000_000, 100_000_000
"""Bytes: room for a hundred clips, and for ten."""

_DOUBTFUL = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "afs",
    "fuse",
    "ceph",
    "gluster",
    "lustre",
    "beegfs",
    "gpfs",
    "vboxsf",
    "drvfs",
)
_MOUNTS = Path("/proc/mounts")


def folder(lab: Lab) -> Iterator[Check]:
    """Where clips go."""
    place = lab.folder
    there = next(one for one in (place, *place.parents) if one.exists())
    if trouble := _unwritable(there):
        yield Check(_GROUP, "writable", "bad", f"{place} cannot be written ({trouble}).", _MOVE)
    else:
        coming = "" if place.exists() else ", made by the first job"
        yield Check(_GROUP, "writable", "ok", f"{place}{coming}.")
    free = shutil.disk_usage(there).free
    if free < _LITTLE:
        health: Health = "bad" if free < _TOO_LITTLE else "warn"
        yield Check(
            _GROUP, "space", health, f"{size(free)} are free there; a clip takes 2 to 30 MB.", f"Free some. {_MOVE}"
        )
    else:
        yield Check(_GROUP, "space", "ok", f"{size(free)} are free there.")
    kind = system_of(there, _mounts())
    if kind.startswith(_DOUBTFUL):
        yield Check(
            _GROUP, "disk", "warn", f"It is on {kind}, where files are not always locked: two kernels may disturb each "
            "other's journal.", f"A folder on this machine's own disk is safer. {_MOVE}",
        )  # fmt: skip
    elif kind:
        yield Check(_GROUP, "disk", "ok", f"It is on {kind}, which keeps the journal's locks.")


def served(lab: Lab, reach: Reach) -> Iterator[Check]:
    """Whether a page can play what lies there."""
    if not reach.place.page:
        return
    trouble = reach.trouble(lab.folder)
    limit = lab.settings.embed_limit
    instead = f"Clips up to {limit:g} MB are kept inside of the notebook, larger ones play while its kernel lives."
    if not trouble:
        yield Check(_GROUP, "served", "ok", "Results link their clips by a relative address, which plays here.")
    elif lab.settings.embed == "never":
        yield Check(_GROUP, "served", "warn", f"{trouble} `embed` is `never`, so that nothing plays on the page.",
                    "`%config KlingMagics.embed = 'auto'`")  # fmt: skip
    elif reach.place.serves:
        yield Check(_GROUP, "served", "warn", f"{trouble} {instead}", _MOVE)
    else:
        yield Check(_GROUP, "served", "ok", f"{trouble} {instead}")


def journal(lab: Lab) -> Iterator[Check]:
    """The log of jobs, if there is one already."""
    path = lab.folder / FILE
    if not path.exists():
        yield Check(_GROUP, "journal", "ok", "There is none yet: the first job begins it.")
        return
    try:
        states = lab.journal.open_jobs()
    except KlingError as error:
        yield Check(_GROUP, "journal", "bad", error.sentence)
        return
    doubt = [state for state in states if state.status == "unknown"]
    waiting = len(states) - len(doubt)
    going = f"{plural(waiting, 'job')} open; `%kling resume` goes on with them." if waiting else "nothing is open."
    yield Check(
        _GROUP, "journal", "ok", f"It can be read (version {len(MIGRATIONS)}, {size(path.stat().st_size)}): {going}"
    )
    if doubt:
        ids = ", ".join(f"`{state.id}`" for state in doubt[:5])
        yield Check(
            _GROUP, "perhaps paid", "warn", f"The answer to {plural(len(doubt), 'paid request')} was lost: {ids}.",
            "`%kling resume` looks them up where a gateway can be asked; else see your account. Do not resend them.",
        )  # fmt: skip


def system_of(path: Path, mounts: str) -> str:
    """The kind of file system that holds a path, in the words of a mount table; "" where it does not say."""
    best, kind = "", ""
    for entry in mounts.splitlines():
        parts = entry.split(" ")
        if len(parts) > 2:  # noqa: PLR2004 - device, where, kind
            where = parts[1].replace("\\040", " ")
            if path.is_relative_to(where) and len(where) >= len(best):
                best, kind = where, parts[2]
    return kind


def _mounts() -> str:
    try:
        return _MOUNTS.read_text("utf-8", "replace")
    except OSError:
        return ""


def _unwritable(there: Path) -> str:
    """Why no file can be made in a folder; "" if one can."""
    if not there.is_dir():
        return "it is a file"
    try:
        handle, name = tempfile.mkstemp(prefix=".kling-nb-", dir=there)
    except OSError as error:
        return error.strerror or str(error)
    os.close(handle)
    Path(name).unlink()
    return ""
