"""Answers that show themselves: a MIME bundle as it is, and a list that people see as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from kling_nb.show.tables import table, table_text
from kling_nb.show.view import Code

if TYPE_CHECKING:
    from kling_nb.pipeline import NodeType, WorkflowInput
    from kling_nb.show.view import Cell

T = TypeVar("T")


class Shown:
    """Something to look at that is not a job.

    Args:
        bundle: ``text/html`` and ``text/plain``.
    """

    def __init__(self, bundle: Mapping[str, str]) -> None:
        self._bundle = dict(bundle)

    def __repr__(self) -> str:
        return self._bundle["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self._bundle


class Listing(Sequence[T]):
    """Items with a table.

    Args:
        items: What the listing holds.
        headers: Of the table.
        rows: One for each item.
        note: A sentence below the table.
    """

    def __init__(self, items: Sequence[T], headers: Sequence[str], rows: Sequence[Sequence[Cell]], note: str) -> None:
        self._items = tuple(items)
        self._headers = tuple(headers)
        self._rows = tuple(rows)
        self._note = note

    def __repr__(self) -> str:
        return table_text(self._headers, self._rows, note=self._note)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._items[index]

    def _repr_html_(self) -> str:
        return table(self._headers, self._rows, note=self._note)


def node_types(found: Sequence[NodeType]) -> Listing[NodeType]:
    """What a gateway's pipelines can be made of."""
    rows: list[list[Cell]] = [
        [Code(entry.type), entry.label, ", ".join(entry.inputs), ", ".join(entry.outputs)] for entry in found
    ]
    note = "`pipe.check(kling.node_types())` holds a pipeline against this list."
    return Listing(found, ("type", "label", "inputs", "outputs"), rows, note)


def workflow_inputs(found: Sequence[WorkflowInput], workflow: str, gateway: str) -> Listing[WorkflowInput]:
    """What a stored workflow can be given."""
    rows: list[list[Cell]] = [
        [
            Code(entry.node),
            entry.label,
            entry.type,
            "yes" if entry.required else "",
            "" if entry.default is None else str(entry.default),
            entry.description,
        ]
        for entry in found
    ]
    note = f'`kling.submit(workflow="{workflow}", inputs={{"node": value}}, gateway="{gateway}")` runs it.'
    return Listing(found, ("node", "label", "type", "required", "default", "description"), rows, note)
