"""The kernel's half of the frame zones: takes pictures in, opens them, and knows them when a clip is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kling_nb.errors import InputError
from kling_nb.frames import open_frame
from kling_nb.lab.store import Store
from kling_nb.media import frame_at
from kling_nb.panels.link import Answer
from kling_nb.panels.pieces import Arrivals
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_nb.frames import Opened
    from kling_nb.lab import Lab
    from kling_nb.panels.link import Verb
    from kling_nb.request import Frame

PLACES = ("image", "tail")
_CLIPS = 12
_NAMES = {"image": "The first frame", "tail": "The last frame"}


class FramePlaces:
    """First and last frame of one form.

    Args:
        lab: Where clips and files are.
        changed: Called whenever a frame was taken or dropped.
    """

    def __init__(self, lab: Lab, changed: Callable[[], None]) -> None:
        self._lab = lab
        self._changed = changed
        self._arrivals = Arrivals()
        self._opened: dict[str, Opened] = {}

    @property
    def frames(self) -> dict[str, Frame]:
        """What is there, by place."""
        return {place: opened.frame for place, opened in self._opened.items()}

    async def keep(self) -> None:
        """Write the frames to the output folder, so that a cell and a later kernel find them."""
        store = Store(self._lab.folder)
        for opened in tuple(self._opened.values()):
            if opened.data is not None and opened.frame.sha256:
                await off_loop(store.keep_input, opened.frame.sha256, opened.data, opened.frame.media_type)

    def verbs(self) -> Mapping[str, Verb]:
        """What a frame zone asks."""
        return {
            "piece": self._piece,
            "pieces": self._pieces,
            "source": self._source,
            "drop": self._drop,
            "clips": self._clips,
        }

    def _piece(self, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> Answer:
        self._arrivals.keep(_place(content), content, bytes(buffers[0]) if buffers else b"")
        return Answer()

    async def _pieces(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        place = _place(content)
        if missing := self._arrivals.missing(place, content):
            return Answer({"missing": missing})
        opened = await off_loop(open_frame, self._arrivals.take(place), _NAMES[place])
        named = opened.frame.model_copy(update={"name": str(content.get("name", ""))[:80]})
        self._take(place, type(opened)(named, opened.data))
        frame = opened.frame
        return Answer({"width": frame.width, "height": frame.height, "bytes": frame.size})

    async def _source(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        """Open a path, an address or a clip's last frame. What has pixels goes to the browser, to be cropped there."""
        place = _place(content)
        if content.get("job"):
            video = self._lab.job(str(content["job"])).video
            if video is None:
                raise InputError("That clip is no longer on the disk: choose another one.")
            still, name = await off_loop(frame_at, video.path, 1.0), f"last frame of {video.path.name}"
            opened = await off_loop(open_frame, still, _NAMES[place])
        else:
            text = str(content.get("text", ""))
            value = text if "://" in text else self._lab.notebook / text
            opened = await off_loop(open_frame, value, _NAMES[place])
            name = opened.frame.name
        if opened.data is None:
            self._take(place, opened)
            return Answer({"url": opened.frame.url, "name": name})
        return Answer({"name": name, "type": opened.frame.media_type}, [opened.data])

    def _drop(self, content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        self._arrivals.forget(_place(content))
        if self._opened.pop(_place(content), None):
            self._changed()
        return Answer()

    def _clips(self, _content: Mapping[str, Any], _: Sequence[memoryview]) -> Answer:
        done = [job for job in self._lab.jobs(100) if job.video]
        return Answer({"clips": [{"id": job.id, "prompt": job.request.prompt[:120]} for job in done[:_CLIPS]]})

    def _take(self, place: str, opened: Opened) -> None:
        self._opened[place] = opened
        self._changed()


def _place(content: Mapping[str, Any]) -> str:
    place = content.get("slot")
    if place not in PLACES:
        raise InputError("There is a place for a first and one for a last frame only.")
    return str(place)
