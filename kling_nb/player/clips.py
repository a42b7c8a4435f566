"""What is compared: clips, the matrix they form, and what sets each apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_nb.show.differ import Change, apart, base_of, changes, shared
from kling_nb.show.words import line

if TYPE_CHECKING:
    from kling_nb.show import JobView
    from kling_nb.show.differ import Shared

LIMIT = 12
"""Most clips of one comparison: more neither fit on a screen nor decode at once."""

_NAME = 40

_COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3}
_TALL_COLUMNS = {**_COLUMNS, 4: 4, 5: 5, 6: 6}
_MOST_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of a comparison.

    Attributes:
        view: The job behind it; one without a clip keeps its place and says why.
        badges: Metrics that exist, as they shall be read: ``"VMAF 93.1"``.
    """

    view: JobView
    badges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """One clip in its place.

    Attributes:
        index: Its number in the comparison as it was given.
        name: The shortest words that tell it from the others.
        settings: Those that not all have, without what the row says.
        changed: The changed words of its prompt, from ``Board.base``; None where the whole prompt has to be said.
        kept: Of the clip whose prompt is ``Board.base`` itself, the words that the others change.
    """

    clip: Clip
    index: int
    name: str
    settings: tuple[str, ...]
    changed: tuple[Change, ...] | None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """The whole comparison, laid out.

    Attributes:
        rows: One row without a heading, or one for each prompt (or model) of a full matrix.
        columns: Clips beside each other where there is room.
        ratio: Width by height of the widest clip.
        base: The prompt that stands above all; "" if they have too little in common.
        prompts: Whether each row is one prompt.
    """

    rows: tuple[tuple[Placed, ...], ...]
    columns: int
    ratio: float
    base: str
    prompts: bool
    common: Shared

    @property
    def clips(self) -> tuple[Placed, ...]:
        """All of them, row by row."""
        return tuple(placed for row in self.rows for placed in row)


def board(clips: Sequence[Clip]) -> Board:
    """Lay clips out by the matrix they form: prompts (else models) down, everything else across."""
    views = [clip.view for clip in clips]
    common = shared(views)
    base = base_of(views)
    placed = [_place(clip, index, base, views, common) for index, clip in enumerate(clips)]
    sizes = [v.video.width / v.video.height for v in views if v.video and v.video.width and v.video.height]
    ratio = max(sizes, default=16 / 9)
    for prompts, keys in ((True, [v.prompt for v in views]), (False, [_model(v) for v in views])):
        rows = _matrix(placed, keys)
        if rows:
            return Board(rows, len(rows[0]), ratio, base, prompts, common)
    count = len(clips)
    columns = (_TALL_COLUMNS if ratio < 1 else _COLUMNS).get(count, _MOST_COLUMNS)
    return Board((tuple(placed),), columns, ratio, base, prompts=False, common=common)


def _matrix(placed: Sequence[Placed], keys: Sequence[str]) -> tuple[tuple[Placed, ...], ...] | None:
    """Rows by key, if there are several and each has the same clips otherwise, in the same order."""
    grouped: dict[str, list[Placed]] = {}
    for one, key in zip(placed, keys, strict=True):
        grouped.setdefault(key, []).append(one)
    across = {
        tuple(tuple(s for s in one.settings if s != key) for one in group) for key, group in grouped.items()
    }  # the model is no difference within its own row
    wide = len(next(iter(grouped.values()), ()))
    whole = len(grouped) > 1 and len(across) == 1 and 1 < wide <= _MOST_COLUMNS
    return tuple(map(tuple, grouped.values())) if whole else None


def _place(clip: Clip, index: int, base: str, views: Sequence[JobView], common: Shared) -> Placed:
    view = clip.view
    settings = apart(view, common)
    changed = changes(base, view.prompt) if base else None
    kept = () if changed else _kept(base, views)
    words = [*(change.new or f"without {change.old}" for change in changed or ()), *kept]
    told = [*settings, *words] or ([] if base else [line(view.prompt, _NAME)])
    name = line(", ".join(told), _NAME)
    return Placed(clip, index, f"{index + 1}: {name}" if name else f"Clip {index + 1}", settings, changed, kept)


def _kept(base: str, views: Sequence[JobView]) -> tuple[str, ...]:
    """The words of the first prompt that others have changed."""
    changed = [changes(base, view.prompt) or () for view in views] if base else []
    return tuple(dict.fromkeys(change.old for found in changed for change in found if change.old))


def _model(view: JobView) -> str:
    return line(view.settings[0], 60) if view.settings else ""
