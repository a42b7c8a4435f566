"""Tables of a page: captions, headers and numbers that a screen reader can tell apart, and room to scroll aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kling_nb.show.markup import esc, prose
from kling_nb.show.words import clip, line

Value = str | float | None
"""A text is a text (`backticks` become code), a number stands to the right; None is empty."""

_LIMIT = 300
_LONG = 28
_DECIMALS = 3


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Value]], *, right: Collection[int] = ()) -> str:
    """A table as HTML; columns in which nothing stands are left out, the first one names its row.

    Args:
        caption: What a screen reader says of it.
        heads: Of the columns.
        rows: As wide as the heads.
        right: Columns of texts that are numbers.
    """
    used = [index for index in range(len(heads)) if not index or any(row[index] is not None for row in rows)]
    numeric = {index for index in used if all(not isinstance(row[index], str) for row in rows) and index}
    head = "".join(f'<th scope="col"{_right(index in {*numeric, *right})}>{esc(heads[index])}</th>' for index in used)
    places = {index: _places([row[index] for row in rows]) for index in numeric}
    body = "".join(
        "<tr>"
        + "".join(_cell(row[index], first=not index, places=places.get(index), right=index in right) for index in used)
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide" role="group" tabindex="0" aria-label="{esc(caption)}"><table>'
        f"<caption>{esc(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(value: Value, *, first: bool, places: int | None, right: bool) -> str:
    if places is not None:
        shown = "" if value is None else f"{value:,.{places}f}"
        return f"<td{_right(on=True)}>{shown}</td>"
    text = clip(str(value), _LIMIT) if value is not None else ""
    if first:
        return f'<th scope="row">{esc(line(text, _LIMIT))}</th>'
    kind = _right(right) or (' class="long"' if len(text) > _LONG else "")
    return f"<td{kind}>{prose(text)}</td>"


def _right(on: bool) -> str:  # noqa: FBT001 - whether it is a number
    return ' class="n"' if on else ""


def _places(column: Sequence[Value]) -> int:
    """Decimals that all numbers of a column are written with."""
    told = [f"{value:.{_DECIMALS}f}".rstrip("0").partition(".")[2] for value in column if isinstance(value, float)]
    return max(map(len, told), default=0)
