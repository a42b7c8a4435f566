"""The output folder: what lies in it, and under which names.

kling_outputs/
kling_journal.sqlite
red-fox-trots-through-fresh_kling-v2-6_pro_3fa9c1d2-t1-x7k2.mp4     the clip, manifest in its comment tag
red-fox-trots-through-fresh_kling-v2-6_pro_3fa9c1d2-t1-x7k2.jpg     its poster
red-fox-trots-through-fresh_kling-v2-6_pro_3fa9c1d2-t1-x7k2.json    its manifest
inputs/                                                        images that were sent, by content
sandbox/                                                       the sandbox's own tasks
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from kling_nb import media
from kling_nb.errors import InputError, NotAVideoError, StorageError

if TYPE_CHECKING:
    from kling_nb.life import JobState

_SUFFIX = {"image/png": ".png", "image/jpeg": ".jpg", "video/mp4": ".mp4"}
_SLUG_LENGTH = 48


class Store:
    """Files of one output folder. Every name it makes stays inside of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def sandbox(self) -> Path:
        """Where the sandbox keeps its tasks and films."""
        return self.folder / "sandbox"

    def keep_input(self, sha256: str, data: bytes, media_type: str | None) -> None:
        """Store an input by its content, so that a later kernel can repeat or explain the request."""
        path = self.input_path(sha256, media_type)
        if path.exists():
            return
        with self._trouble():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)

    def input_path(self, sha256: str, media_type: str | None) -> Path:
        """Where :meth:`keep_input` puts an input."""
        return self.folder / "inputs" / f"{sha256}{_SUFFIX.get(media_type or '', '.bin')}"

    def read_input(self, sha256: str) -> bytes:
        """Bytes of a stored input.

        Raises:
            InputError: It was deleted.
        """
        for path in (self.folder / "inputs").glob(f"{sha256}.*"):
            if path.suffix != ".part":
                return path.read_bytes()
        raise InputError(f"The image that this request needs was deleted from {self.folder / 'inputs'}: give it again.")

    def stem(self, state: JobState) -> str:
        """A file name without suffix that a person can tell from the others."""
        request = state.request
        told = [str(text)[:_SLUG_LENGTH] for text in (request.get("model", ""), request.get("mode") or "", state.id)]
        shots = request.get("shots") or ()
        prompt = str(request.get("prompt") or "") or " ".join(str(shot.get("prompt", "")) for shot in shots)
        return "_".join(filter(None, [_slug(prompt) or "clip", *map(_safe, told)]))

    def path(self, name: str) -> Path:
        """The file of that name in the folder.

        Raises:
            StorageError: The name would lead out of the folder.
        """
        found = self.folder / name
        if Path(name).name != name or name in {"", ".", ".."}:
            raise StorageError(f"{name!r} is no file name inside {self.folder}.")
        return found

    def write_json(self, path: Path, value: Mapping[str, Any]) -> None:
        """Write a JSON file in one step, each of its fields on a line."""
        # Indented by hand: json.dumps with an indent is written in Python, and ten times as slow.
        told = (f" {json.dumps(name)}: {json.dumps(field, ensure_ascii=False)}" for name, field in value.items())
        self.write_bytes(path, "{{\n{}\n}}".format(",\n".join(told)).encode("utf-8", "replace"))

    def write_bytes(self, path: Path, data: bytes) -> None:
        """Write a file in one step: it is there whole, or not at all."""
        with self._trouble():
            part = path.with_name(path.name + ".part")
            part.write_bytes(data)
            part.replace(path)

    def put_away(self, part: Path, stem: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Check a download, tag it, and give it, its poster and its manifest their names.

        Returns:
            What the journal keeps of the clip.

        Raises:
            NotAVideoError: It is no clip, and is no longer there.
            StorageError: A file cannot be written; what has arrived is kept.
        """
        clip, poster, sidecar = (self.path(stem + suffix) for suffix in (".mp4", ".jpg", ".json"))
        try:
            with media.examined(part) as download:
                found = download.found
                seen = {"seconds": round(found.seconds, 3), "width": found.width, "height": found.height,
                        "fps": found.fps, "audio": found.audio}  # fmt: skip
                full = {**record, "video": seen}
                self.write_bytes(poster, download.picture)
                media.finish(part, clip, full, download.container)
        except NotAVideoError:
            part.unlink(missing_ok=True)  # the next try must not go on behind what is no clip
            raise
        self.write_json(sidecar, full)
        return {"path": clip.name, "poster": poster.name, "size": clip.stat().st_size, **seen}

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"{self.folder} cannot be written ({error.strerror or error}): free some space or choose another "
                "folder with KLING_NB_OUTPUT or %config KlingMagics.output."
            ) from None


def relative_url(path: Path, notebook: Path) -> str:
    """The link from a notebook's folder to a file, percent-encoded: what Jupyter serves and keeps working offline."""
    relative = os.path.relpath(path.resolve(), notebook.resolve())  # pathlib walks up only from Python 3.12
    return quote(Path(relative).as_posix())


def manifest(state: JobState, label: str) -> dict[str, Any]:
    """The record that travels with a clip: the full request and what became of it; no key, no signed link."""
    request = {k: _without_query(v) for k, v in state.request.items()}
    return {
        "made_with": "kling_nb",
        "job": state.id,
        "gateway": state.gateway,
        "gateway_label": label,
        "request": request,
        "fingerprint": state.fingerprint,
        "task": (state.ticket or {}).get("id"),
        "route": (state.ticket or {}).get("route"),
        "planned_at": state.created,
        "sent_at": state.sent,
        "ready_at": state.ready,
        "expected_price": dict(state.price) if state.price else None,
        "charge": dict(state.charge) if state.charge else None,
        "notes": list(state.notes),
    }


def _without_query(value: Any) -> Any:
    """Links without their query, which is where signatures are."""
    if isinstance(value, Mapping):
        return {k: _without_query(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_query(v) for v in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        with contextlib.suppress(ValueError):
            return urlunsplit(urlsplit(value)._replace(query="", fragment=""))
    return value


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    if words and words[0] in {"a", "an", "the"}:
        words = words[1:]
    slug = ""
    for word in words:
        if len(slug) + len(word) + 1 > _SLUG_LENGTH:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug or "".join(words)[:_SLUG_LENGTH]


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip(".-")
