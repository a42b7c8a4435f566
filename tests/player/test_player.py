"""The comparison as HTML: small, escaped, laid out by the matrix, and saying only what differs."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.player import Clip, GalleryRow, compare, compare_text, gallery, gallery_text, module, parts
from kling_nb.player.assets import inline, style
from kling_nb.player.clips import board

if TYPE_CHECKING:
    from kling_nb.show import JobView, VideoView

FOX = "A red fox trots through fresh snow"
DEEP = "A red fox trots through deep snow"
BOAT = "Blue hour in the harbour, rain"
EVIL = """<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>"""

Make = Callable[..., Any]


def clips(make: Make, video: VideoView, *told: tuple[str, ...], **changed: Any) -> list[Clip]:
    """Finished clips: prompt and settings of each."""
    views = [
        make("done", id=f"j{n}", prompt=prompt, settings=tuple(settings), video=video, charged_usd=0.35, **changed)
        for n, (prompt, *settings) in enumerate(told)
    ]
    return [Clip(view) for view in views]


@pytest.mark.parametrize("count", [2, 4, 12])
def test_size(make: Make, video: VideoView, count: int) -> None:
    """At most 25 kB for the player, and 12 kB for each clip with its poster of 7.5 kB."""
    told = [(f"{FOX}, take {n}, " + "slow dolly-in " * 30, f"kling-v{n}", "pro", "5 s") for n in range(count)]
    page = compare(clips(make, video, *told))
    assert len(page.encode()) <= 25_000 + 12_000 * count
    assert len(inline().encode()) + len(style(state=False).encode()) <= 25_000


def test_it_is_whole_without_its_script(make: Make, video: VideoView, read: Any) -> None:
    """Native players with a name and a poster, a caption and a link for each clip."""
    page = read(compare(clips(make, video, (FOX, "kling-v2-6", "pro"), (FOX, "kling-v3", "pro")), title="Two models"))
    films = page.all("video")
    assert [film["aria-label"] for film in films] == ["1: kling-v2-6", "2: kling-v3"]
    assert all(film["src"] == video.src and film["poster"].startswith("data:image/jpeg") for film in films)
    assert all("controls" in film for film in films)
    assert [link["href"] for link in page.all("a")] == [video.src] * 2
    assert page.text.startswith(f"Two models{FOX}2 clips, pro, ImaRouterkling-v2-6")
    assert page.text.count("pro") == 1, "what is the same stands once above"


@pytest.mark.parametrize("title", [FOX, f" {FOX.replace(' ', chr(10), 1)} "])
def test_a_title_that_is_the_prompt_stands_there_once(make: Make, video: VideoView, read: Any, title: str) -> None:
    """As a bench's comparison of one prompt has it; above prompts that have nothing in common it stays."""
    assert read(compare(clips(make, video, (FOX, "a"), (FOX, "b")), title=title)).text.count(FOX) == 1
    apart = read(compare(clips(make, video, (FOX, "a"), (BOAT, "a")), title=BOAT))
    assert apart.text.startswith(f"{BOAT}2 clips")


def test_everything_is_escaped(make: Make, video: VideoView, read: Any) -> None:
    """Prompts, settings, reasons, badges and names are words, wherever they stand."""
    views = [
        make("done", prompt=EVIL, settings=(EVIL, "5 s"), gateway=EVIL, video=video, notes=(EVIL,)),
        make("failed", prompt=f"{EVIL} {EVIL}", settings=("b", "5 s"), reason=EVIL),
    ]
    told = [Clip(view, badges=(EVIL,)) for view in views]
    page = read(compare(told, title=EVIL))
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert "<img" in page.text
    rows = [GalleryRow(view, "2026-03-09", "a.jpg") for view in views]
    found = read(gallery(rows))
    assert len(found.all("img")) == len(found.all("script")) == 1


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.example/x.mp4", "data:text/html,x"])
def test_only_links_that_may_be_followed(make: Make, video: VideoView, read: Any, address: str) -> None:
    """A clip whose address is none keeps its place, without a player and without a link."""
    bad = type(video)(address, "odd.mp4")
    page = read(compare([Clip(make("done", video=bad)), Clip(make("done", video=video))]))
    assert len(page.all("video")) == 1
    assert address not in str(page.tags)


def test_words_that_changed_are_marked(make: Make, video: VideoView) -> None:
    """One word for another in the second; the first says which word it has there."""
    page = compare(clips(make, video, (FOX, "kling-v3"), (DEEP, "kling-v3")))
    assert "<mark>fresh</mark>" in page
    assert "<mark>deep</mark> for <s>fresh</s>" in page
    assert 'data-name="2: deep"' in page


def _told(prompts: Any, models: Any, others: Any = (("5 s",),)) -> list[tuple[str, ...]]:
    return [(prompt, model, *rest) for prompt, model, rest in product(prompts, models, others)]


@pytest.mark.parametrize(
    ("told", "rows", "columns"),
    [
        (_told([FOX], ["a", "b"]), [2], 2),
        (_told([FOX, DEEP], ["a", "b", "c"]), [3, 3], 3),
        (_told([FOX, BOAT], ["a", "b"]), [2, 2], 2),
        (_told([FOX], ["a", "b"], [("std",), ("pro",)]), [2, 2], 2),
        (_told([FOX, DEEP], ["a", "b"])[:3], [3], 3),
        (_told([FOX], list("abcdefghijkl")), [12], 4),
    ],
    ids=["models", "prompts by models", "unlike prompts", "models by modes", "a hole in the matrix", "twelve"],
)
def test_the_matrix(make: Make, video: VideoView, told: Any, rows: list[int], columns: int) -> None:
    """Prompts down and the rest across; models down where there is one prompt; else as it was given."""
    laid = board(clips(make, video, *told))
    assert [len(row) for row in laid.rows] == rows
    assert laid.columns == columns
    assert sorted(placed.index for placed in laid.clips) == list(range(len(told)))


def test_a_row_says_what_its_clips_share(make: Make, video: VideoView, read: Any) -> None:
    """The prompt's change stands once above its row, and the captions have the model only."""
    told = clips(make, video, *_told([FOX, DEEP], ["kling-v2-6", "kling-v3"]))
    text = read(compare(told)).text
    assert text.count("deep for fresh") == 1
    assert text.count("kling-v3") == 2


def test_badges_and_costs(make: Make, video: VideoView, read: Any) -> None:
    """Metrics that exist stand beside cost and time; what nobody knows is left out."""
    one, two = clips(make, video, (FOX, "a"), (FOX, "b"), elapsed=92.0)
    text = read(compare([Clip(one.view, ("VMAF 93.1", "motion 0.4")), two])).text
    assert "USD 0.35, ready in 1:32, VMAF 93.1, motion 0.4" in text
    assert "Charged USD 0.70." in text
    files = clips(make, video, ("", "a.mp4"), ("", "b.mp4"), gateway="")
    assert "USD" not in read(compare(files)).text


def test_clips_that_are_not_there_say_why(make: Make, video: VideoView, read: Any) -> None:
    """They keep their place: one is being made, one has failed."""
    views = [make("done", video=video), make("running"), make("failed", reason="out of paint", charged=False)]
    text = read(compare([Clip(view) for view in views])).text
    assert "Generating" in text
    assert "out of paint" in text


def test_a_key_changes_with_its_clip(make: Make, video: VideoView) -> None:
    """So that a face that is alive replaces what has changed and leaves the rest alone."""
    done, running = Clip(make("done", id="a", video=video)), Clip(make("running", id="b"))
    before = parts([done, running])
    after = parts([done, Clip(make("done", id="b", video=video))])
    assert before.keys[0] == after.keys[0]
    assert before.keys[1] != after.keys[1]
    assert [key for key, _ in after.cells] == list(after.keys)


def test_the_terminal_gets_lines(make: Make, video: VideoView) -> None:
    """What they share, a line each, the total."""
    said = compare_text(clips(make, video, (FOX, "kling-v2-6"), (FOX, "kling-v3")))
    assert said.splitlines()[0] == FOX
    assert "kling-v3" in said


def test_the_script_is_what_was_written() -> None:
    """Comments and needless spaces are gone; every string of the sources is still there, and nothing is imported."""
    code = module("gallery.js")
    assert not re.search(r"^\s*(//|/\*\*)", code, re.MULTILINE)
    assert "import " not in code
    assert code.count("export") == 1
    for text in ("Pages opened from a file may not save pictures: open it in Jupyter.", "starts later by ", "(?<=\\s)"):
        assert text in code
    assert "</script" not in inline().removesuffix("</script>")


def test_the_gallery_is_a_table(make: Make, video: VideoView, read: Any) -> None:
    """Newest first as given, clips only, thumbnails as links; and in a terminal."""
    view: JobView = make("done", video=video, charged_usd=0.35)
    rows = [GalleryRow(view, "2026-03-09", "kling_outputs/fox%20one.jpg"), GalleryRow(make("running"), "2026-03-10")]
    page = read(gallery(rows))
    assert page.text.startswith("1 clipclippromptsettingsmadeoncostjob")
    assert page.all("img")[0]["src"] == "kling_outputs/fox%20one.jpg"
    assert len(page.all("tr")) == 2
    assert "USD 0.35" in page.text
    assert "2026-03-09" in gallery_text(rows)
    assert "no finished clip" in gallery([])
