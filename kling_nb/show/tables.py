"""Plain tables for ``%kling jobs``, ``models`` and ``gateways``: words to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

from kling_nb.show import markup
from kling_nb.show.markup import esc, prose
from kling_nb.show.style import FOLD, FOOT, STATE, TABLE
from kling_nb.show.view import Cell, Code, State
from kling_nb.show.words import WORDS, clip, line, tone

_MOST_DECIMALS = 4
_CENTS = 2
_CELL_LIMIT = 120
_LONG = 24


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str = "",
    remarks: Sequence[str] = (),
    note: str = "",
    fold: str = "",
) -> str:
    """A table as HTML. Amounts, which are what stands below a header with USD in it, have cents at least.

    Args:
        headers: One for each column.
        rows: As wide as the headers; None is an empty cell.
        title: A line above.
        remarks: Sentences below the title, a line each.
        note: A sentence below, or what to do when there are no rows; `backticks` become code.
        fold: What to press for all of it; without one it stands open.

    Raises:
        ValueError: A row is not as wide as the headers.
    """
    right, texts = _columns(headers, rows)
    aligned = ['class="kling-nb-n"' if flag else "" for flag in right]
    head = "".join(f"<th {attr}>{esc(line(name, 80))}</th>" for name, attr in zip(headers, aligned, strict=True))
    body = "".join(f"<tr>{''.join(map(_cell, row, texts[index], aligned))}</tr>" for index, row in enumerate(rows))
    drawn = f'<div class="kling-nb-wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    above = f"<b>{esc(line(title, 120))}</b>" if title else ""
    above += "".join(f'<p class="kling-nb-note">{prose(clip(remark, 400))}</p>' for remark in remarks)
    parts = (
        f"<details><summary>{esc(line(fold, 120))}</summary>" if fold else "",
        f'<div class="kling-nb-say">{above}</div>' if above else "",
        drawn if rows else "",
        markup.foot(prose(clip(note, 400)) if note else "" if rows else "Nothing here yet.")
        if note or not rows
        else "",
        "</details>" if fold else "",
    )
    return markup.root("table", parts, FOOT, STATE, TABLE, *([FOLD] if fold else []))


def table_text(
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str = "",
    remarks: Sequence[str] = (),
    note: str = "",
) -> str:
    """The same for a terminal, in columns; takes what :func:`table` takes, and folds nothing."""
    right, texts = _columns(headers, rows)
    grid = [[line(name, 80) for name in headers], *texts]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if flag else text.ljust(width)
            for text, width, flag in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in grid
    ]
    above = [*([line(title, 120)] if title else []), *(f"  {clip(remark, 400)}" for remark in remarks)]
    below = [clip(note, 400)] if note else [] if rows else ["Nothing here yet."]
    return "\n".join([*above, *(lines if rows else []), *below])


def _columns(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> tuple[list[bool], list[list[str]]]:
    """Which columns are numbers, and every cell's text; floats of a column get the same number of decimals."""
    if any(len(row) != len(headers) for row in rows):
        raise ValueError(f"Every row needs {len(headers)} cells, one for each header.")
    columns = [[row[index] for row in rows] for index in range(len(headers))]
    right = [_is_numeric(column) for column in columns]
    least = [_CENTS if "USD" in name.split() else 0 for name in headers]
    decimals = [max([fewest, *map(_decimals, column)]) for fewest, column in zip(least, columns, strict=True)]
    return right, [[_text(cell, decimals[index]) for index, cell in enumerate(row)] for row in rows]


def _is_numeric(column: Sequence[Cell]) -> bool:
    filled = [cell for cell in column if cell is not None]
    return bool(filled) and all(isinstance(cell, (int, float)) for cell in filled)


def _decimals(cell: Cell) -> int:
    if not isinstance(cell, float):
        return 0
    return len(f"{cell:.{_MOST_DECIMALS}f}".rstrip("0").partition(".")[2])


def _text(cell: Cell, decimals: int) -> str:
    if cell is None:
        return ""
    if isinstance(cell, State):
        return line(cell.word, 80) or WORDS[cell.status][0]
    if isinstance(cell, Code):
        return line(cell.text, _CELL_LIMIT)
    if isinstance(cell, float):
        return f"{cell:.{decimals}f}"
    return line(str(cell), _CELL_LIMIT)


def _cell(cell: Cell, text: str, attr: str) -> str:
    if isinstance(cell, State):
        return f'<td {attr}><b class="kling-nb-st kling-nb-{tone(cell.status)}">{esc(text)}</b></td>'
    attr = attr or ('class="kling-nb-l"' if len(text) > _LONG else "")
    return f"<td {attr}>{f'<code>{esc(text)}</code>' if isinstance(cell, Code) else esc(text)}</td>"
