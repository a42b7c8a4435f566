"""Finished clips that no page reaches: the kept page with its posters, and their films on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_nb.lab.embedding import beyond
from kling_nb.panels.screen import Screen
from kling_nb.places import Facts

from .conftest import Browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_nb.lab import Lab


def test_the_film_comes_through_the_kernel(play: Callable[..., None]) -> None:
    """The rows are those of the posters, and a question for one brings its very bytes; the state holds none."""

    async def scene(lab: Lab) -> None:
        lab.shell = lambda: Facts(ipython=True, kernel=True)
        lab.namespace = lambda: {"__vsc_ipynb_file__": "/x.ipynb"}
        lab.settings.embed_limit = 0.0
        jobs = lab.order([{"prompt": "A fox", "take": take} for take in (1, 2)])
        await jobs
        page = lab.bundle(jobs)["text/html"]
        assert page.count('<img class="kling-nb-film"') == 2
        views = beyond(lab.playable(lab.views(jobs)))
        screen = Screen(lab, page, views)
        browser = Browser(screen)
        assert [row["id"] for row in screen.rows] == [job.id for job in jobs]
        await browser.ask("clip", id=jobs[0].id, index=0)
        assert browser.answers[-1][1] == [jobs.videos[0].path.read_bytes()]
        strange = await browser.ask("clip", id=jobs[0].id, index=-1)
        assert "no longer" in strange["trouble"]
        assert not any(isinstance(value, bytes) for value in screen.get_state().values())

    play(scene)


def test_nothing_is_beyond_where_files_are_served(play: Callable[..., None]) -> None:
    """However small the limit is."""

    async def scene(lab: Lab) -> None:
        lab.settings.embed_limit = 0.0
        lab.shell = lambda: Facts(ipython=True, kernel=True)
        jobs = lab.order([{"prompt": "A fox"}])
        await jobs
        views = lab.views(jobs)
        assert beyond(lab.playable(views)) == []
        assert lab.playable(views) == views

    play(scene)
