"""Clips inside of an output: only where no address leads to the file, and only up to a size."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kling_nb import player, show
from kling_nb.lab.embedding import beyond, embedded
from kling_nb.lab.reach import Reach
from kling_nb.places import PLACES
from kling_nb.player import Clip
from kling_nb.settings import Settings
from kling_nb.show import JobView, VideoView

if TYPE_CHECKING:
    from kling_nb.places import Name
    from kling_nb.settings import Embed

FILM = b"\x00\x00\x00\x18ftypmp42" * 1000


def views(folder: Path, count: int = 1) -> list[JobView]:
    """Finished jobs whose files lie beside a notebook in ``folder``."""
    found = []
    for number in range(count):
        name = f"kling_outputs/fox-{number}.mp4"
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(FILM)
        video = VideoView(src=name, path=name, poster=b"\xff\xd8poster", width=640, height=360, size=len(FILM))
        found.append(JobView(f"job-{number}", "done", "A fox", ("kling-v2-6",), "Sandbox", sandbox=True, video=video))
    return found


def shown(folder: Path, place: Name, embed: Embed = "auto", limit: float = 2.0, count: int = 1) -> list[JobView]:
    """What becomes of them."""
    return embedded(views(folder, count), Reach(PLACES[place], folder), embed, limit)


def film_in(html: str) -> bytes:
    """The one film that a page holds."""
    (found,) = re.findall(r' src="data:video/mp4;base64,([^"]+)"', html)
    return b64decode(found)


@pytest.mark.parametrize("place", ["jupyter", "headless"])
def test_served_clips_stay_files(tmp_path: Path, place: Name) -> None:
    """Where an address leads to the file nothing changes."""
    assert shown(tmp_path, place) == views(tmp_path)


@pytest.mark.parametrize("place", ["vscode", "colab", "databricks", "voila", "marimo"])
def test_embedded_where_nothing_is_served(tmp_path: Path, place: Name) -> None:
    """The page holds the very file, alone and beside others; the caption still says where it is."""
    (view,) = shown(tmp_path, place)
    for html in (show.result(view), show.grid([view])):
        assert film_in(html) == FILM
        assert "<img" not in html
        assert "fox-0.mp4" in html
    assert ('href="kling_outputs/fox-0.mp4"' in show.result(view)) == PLACES[place].links
    pair = shown(tmp_path, place, count=2)
    assert player.compare([Clip(one) for one in pair]).count('src="data:video/mp4') == 2


def test_a_large_clip_is_a_poster_that_says_why(tmp_path: Path) -> None:
    """No player without a film: the poster, the path, and what to type."""
    (view,) = shown(tmp_path, "vscode", limit=len(FILM) / 1e6 - 0.001)
    assert beyond([view]) == [view]
    assert view.video is not None
    for html in (show.result(view), show.grid([view]), player.compare([Clip(view), Clip(view)])):
        assert "<video" not in html
        assert '<img class="kling-nb-film" src="data:image/jpeg;base64,' in html
        assert "kling.board()" in html
        assert "embed_limit = 1" in html
    assert "kling.board()" in show.result_text(view)


def test_an_output_keeps_four_times_the_limit(tmp_path: Path) -> None:
    """A notebook is read and written as a whole."""
    found = shown(tmp_path, "marimo", limit=len(FILM) / 1e6, count=6)
    assert [bool(view.video and view.video.film) for view in found] == [True] * 4 + [False] * 2
    assert len(beyond(found)) == 2


def test_never_and_always(tmp_path: Path) -> None:
    """The person decides; what is too large for ``always`` keeps its address where that leads somewhere."""
    assert shown(tmp_path, "colab", "never") == views(tmp_path)
    (kept,) = shown(tmp_path, "jupyter", "always")
    assert film_in(show.result(kept)) == FILM
    assert 'href="kling_outputs/fox-0.mp4"' in show.result(kept)
    assert shown(tmp_path, "jupyter", "always", limit=0.0) == views(tmp_path)


def test_a_lost_file_and_an_open_job(tmp_path: Path) -> None:
    """Nothing is raised: a poster, and a card as before."""
    (view,) = views(tmp_path)
    (tmp_path / "kling_outputs/fox-0.mp4").unlink()
    running = replace(view, status="running", video=None)
    lost, going = embedded([view, running], Reach(PLACES["vscode"], tmp_path), "auto", 2.0)
    assert "<video" not in show.result(lost)
    assert going == running


def test_a_film_of_unknown_origin_is_only_data(tmp_path: Path) -> None:
    """Bytes go in as base64, and an address that may not be linked is none in the embedded form either."""
    (view,) = shown(tmp_path, "vscode")
    assert view.video is not None
    evil = replace(view, video=replace(view.video, src="javascript:alert(1)", film=b'"><script>'))
    html = show.result(evil)
    assert "javascript" not in html
    assert film_in(html) == b'"><script>'


@pytest.mark.parametrize(
    ("setting", "env", "meant"),
    [
        ("auto", "", "auto"), ("auto", "always", "always"), ("auto", "NEVER ", "never"), ("auto", "perhaps", "auto"),
        ("never", "always", "never"), ("always", "", "always"),
    ],
)  # fmt: skip
def test_setting_then_environment(setting: Embed, env: str, meant: Embed) -> None:
    """``%config`` goes before ``KLING_NB_EMBED``."""
    assert Settings(embed=setting).embeds({"KLING_NB_EMBED": env}) == meant
