"""The steps on a card and in a result: quiet, escaped, few, and within the size of a result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.show import Listing, VideoView, bundle, card, card_text, result, result_text, step_views
from tests.show.conftest import make, read

if TYPE_CHECKING:
    from kling_nb.show import JobView
    from tests.show.conftest import Page

__all__ = ["make", "read"]

STEPS: list[dict[str, Any]] = [
    {"id": "flux", "label": "Flux 2", "phase": "done", "seconds": 4.2, "credits": 1.0,
     "outputs": [{"url": "https://cdn.example/a.png", "media_type": "image/png"}]},
    {"id": "kling", "label": "Kling", "phase": "running", "progress": 0.4},
    {"id": "up", "phase": "queued"},
    {"id": "bad", "label": "Grade", "phase": "failed", "reason": "no colours", "credits": 3.0},
]  # fmt: skip


def test_card(make: Callable[..., JobView], read: Callable[[str], Page]) -> None:
    """Label, state word, seconds, credits, and a text link to the picture."""
    view = make(steps=step_views(STEPS))
    page = read(card([view]))
    said = "Flux 2 done, 4.2 s, 1 credit, pictureKling running 40%up waitingGrade failed, 3 credits, no colours"
    assert said in page.text
    (link,) = page.all("a")
    assert link == {"href": "https://cdn.example/a.png", "target": "_blank", "rel": "noopener noreferrer"}
    assert not page.all("img")
    lines = card_text([view]).splitlines()
    assert "  Flux 2: done, 4.2 s, 1 credit" in lines
    assert "  up: waiting" in lines


def test_a_plain_clip_has_none(make: Callable[..., JobView]) -> None:
    """Nothing of it is in the card of a clip, not even its style."""
    assert "kling-nb-steps" not in card([make()])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example/x", "data:text/html,x", "x.png", "https:\\x"])
def test_links_are_http(make: Callable[..., JobView], read: Callable[[str], Page], url: str) -> None:
    """Anything but http and https is no link."""
    step = {"id": "a", "phase": "done", "outputs": [{"url": url, "media_type": "image/png"}]}
    assert read(card([make(steps=step_views([step]))])).all("a") == []


def test_strangers_words_are_escaped(make: Callable[..., JobView], read: Callable[[str], Page]) -> None:
    """A label, a reason and a link that try to be HTML stay text."""
    evil = '<script>alert(1)</script>"><b onmouseover=x>'
    url = 'https://cdn.example/"><script>'
    step = {"id": "a", "label": evil, "phase": "failed", "reason": evil,
            "outputs": [{"url": url, "media_type": evil}]}  # fmt: skip
    html = card([make(steps=step_views([step]))])
    page = read(html)
    assert page.all("script") == []
    assert [link["href"] for link in page.all("a")] == [url]
    assert "<script>" not in html


def test_many_steps_are_few_lines(make: Callable[..., JobView]) -> None:
    """Of a hundred steps twelve are shown, those under way and failed first; the rest is counted."""
    many = [{"id": f"n{number}", "phase": "done"} for number in range(98)]
    text = card_text([make(steps=step_views([*many, {"id": "r", "phase": "running"}, {"id": "f", "phase": "failed"}]))])
    assert "  r: running" in text.splitlines()
    assert "  f: failed" in text.splitlines()
    assert "  88 further steps" in text.splitlines()


@pytest.mark.parametrize("prompt", ["A red fox", "\u96ea\u4e2d\u7684" * 500, '<&">' * 500])
def test_a_result_stays_small(make: Callable[..., JobView], prompt: str) -> None:
    """With a full poster, the longest prompts and the most steps and links it still adds at most 16 kB."""
    long = {"url": "https://cdn.example/" + "a" * 150, "media_type": "image/png"}
    told = [{"id": f"n{number}", "label": "Upscaler" * 9, "phase": "done", "seconds": 1.5, "credits": 2.0,
             "outputs": [long, long]} for number in range(100)]  # fmt: skip
    video = VideoView("kling_outputs/a.mp4", "kling_outputs/a.mp4", b"\xff\xd8\xff" * 2500, 1920, 1080, 5.0)
    view = make("done", prompt=prompt, elapsed=92.0, charged_credits=3.0, video=video, steps=step_views(told))
    saved = json.dumps(bundle(result(view), result_text(view)), ensure_ascii=False)
    assert 1 <= saved.count("cdn.example") <= 2
    assert len(saved.encode()) <= 16_000
    assert "95 further steps" in result_text(view)


def test_a_listing_is_a_list_and_a_table(read: Callable[[str], Page]) -> None:
    """Programs get the items, people the table, escaped."""
    listing = Listing([1, 2, 3], ("n", "what"), [[1, "<b>"], [2, "b"], [3, "c"]], "a note")
    assert (len(listing), listing[0], list(listing[1:]), 2 in listing) == (3, 1, [2, 3], True)
    assert "a note" in repr(listing)
    assert "<b>" in read(listing._repr_html_()).text
