"""The living faces: anywidget panels in front of the lab. Each is a ``.py`` with its ``.js`` and ``.css`` beside it.

A panel holds no truth: what was asked for is in the journal, what was made is on the disk, and what a
notebook keeps is HTML that needs no widget. Close the page or restart the kernel, and no job changes.
"""
