"""Without a notebook: scripts, ``asyncio.run`` and IPython's terminal make the same clips, and then end."""

from __future__ import annotations

import pytest

from .programs import Done, run_all

PROGRAMS = {
    "plain": ("plain.py",),
    "in_loop": ("in_loop.py",),
    "terminal": ("-m", "IPython", "--no-banner", "--colors=NoColor", "cells.ipy"),
}
FILES = {
    "plain.py": """
import sys
import kling_nb as kling
job = kling.submit("A heron at dawn", duration=5)
video = job.wait(timeout=60)
again = kling.submit("A heron at dawn", duration=5)
print(job.status, video.path.is_file(), again.id == job.id, again.wait().path == video.path)
print("asyncio patched:", "nest_asyncio2" in sys.modules)
""",
    "in_loop.py": """
import asyncio
import sys
import kling_nb as kling
async def main():
    one, two = kling.submit("An otter", takes=2)
    first, second = await asyncio.gather(asyncio.wait_for(one, 60), two)
    print(one.status, first.path.is_file(), second.path.is_file(), first.path != second.path)
asyncio.run(main())
print("asyncio patched:", "nest_asyncio2" in sys.modules)
""",
    "cells.ipy": """
%load_ext kling_nb
get_ipython().run_cell_magic("kling", "lynx --no-wait", "A lynx")
for _ in range(2):
    %kling wait
video = await lynx
print(lynx.status, video.path.is_file(), lynx.wait().path == video.path, lynx.done())
""",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """All programs at once."""
    return run_all(tmp_path_factory.mktemp("terminal"), PROGRAMS, FILES)


@pytest.mark.parametrize("program", PROGRAMS)
def test_makes_a_clip(program: str, runs: dict[str, Done]) -> None:
    """The clip is there, asking again gives the same one, and the process ends by itself and without a complaint."""
    done = runs[program]
    assert done.code == 0, done.said
    assert "done True True True\n" in done.said
    assert "asyncio patched: True" not in done.said
    for complaint in ("Traceback", "Error", "Exception", "never retrieved", "never awaited"):
        assert complaint not in done.said


def test_terminal_shows_text(runs: dict[str, Done]) -> None:
    """A terminal cannot replace what it has printed: it gets the first word and the last, once each, as plain text."""
    said = runs["terminal"].said
    # Two cards, the cell's own and the one that %kling wait shows, each with a beginning and an end.
    assert (said.count("A lynx"), said.count("kling_outputs/lynx")) == (4, 2), said
    assert "nothing charged" in said
    assert "<" not in said
