"""The report of a bench: a folder or one page that opens from a disk, with no kernel and no network.

Gathering (:mod:`kling_nb.bench.report.gather`) turns a bench into plain values; everything else turns plain values
into HTML and files. What leaves this room carries no key, no signed link and no path of this machine.
"""

from __future__ import annotations

from kling_nb.bench.report.gather import gather
from kling_nb.bench.report.handle import Report
from kling_nb.bench.report.writing import write

__all__ = ["Report", "gather", "write"]
