"""What the journal teaches about latency: by gateway, model, kind, mode and length, coarser where data is thin."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from kling_nb import catalog
from kling_nb.pace import RECENT, Latency, learned, prior

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kling_nb.life import JobState
    from kling_nb.request import VideoRequest

_LONGEST = 24 * 3600.0
Key = tuple[str, str, str, str | None, float | None]
"""Gateway, model, kind, mode and seconds: what a task's latency hangs on."""


class History:
    """Seconds that finished jobs took, grouped so that a new one finds its like.

    Asked from the thread that draws large cards too, so what is looked through is a copy.
    """

    def __init__(self) -> None:
        self._took: dict[Key, deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._beliefs: dict[Key, Latency] = {}
        self._seen: set[str] = set()

    def add(self, state: JobState, request: VideoRequest) -> None:
        """Take a finished job into account, once."""
        if state.id in self._seen or state.sent is None or state.ready is None:
            return
        took = state.ready - state.sent
        if 0 < took < _LONGEST:
            self._seen.add(state.id)
            self._took[_key(state.gateway, request)].append((state.ready, took))
            self._beliefs.clear()

    def latency(self, gateway: str, request: VideoRequest) -> Latency:
        """What to expect of a request: the prior, sharpened group by group from coarse to fine."""
        key = _key(gateway, request)
        belief = self._beliefs.get(key)
        if belief is None:
            belief = self._beliefs[key] = self._believed(key)
        return belief

    def _believed(self, key: Key) -> Latency:
        gateway, model, _, mode, seconds = key
        # Each job counts once, in the finest group that it shares: counted in all of them it would say the same thrice.
        known = tuple(self._took)
        cousins = [other for other in known if other[0] == gateway and other[1] != model]
        siblings = [other for other in known if other[:2] == key[:2] and other != key]
        belief = self._prior(gateway, seconds, mode)
        for group in (cousins, siblings, [key]):
            belief = learned(belief, self._latest(group))
        return belief

    def _prior(self, gateway: str, seconds: float | None, mode: str | None) -> Latency:
        """What to expect before anything was seen."""
        return prior(gateway, seconds, mode)

    def _latest(self, group: Iterable[Key]) -> list[float]:
        """What the jobs of several groups took, oldest first."""
        return [took for _, took in sorted(pair for key in group for pair in tuple(self._took.get(key, ())))]


def _key(gateway: str, request: VideoRequest) -> Key:
    assumed = catalog.resolved(request, gateway)
    return gateway, request.model, catalog.endpoint(request), assumed.mode, assumed.seconds
