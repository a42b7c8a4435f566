"""A job to vary, and a strict reader of the HTML that comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from kling_nb.show import JobView, VideoView

FOX = "A red fox trots through fresh snow, slow dolly-in, golden hour"
_VOID = {"br"}


@dataclass
class Page:
    """What a browser would get to see."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    raw: str = ""

    @property
    def text(self) -> str:
        """All text outside style and script, with single spaces."""
        return " ".join(self.raw.split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every such element."""
        return [attrs for name, attrs in self.tags if name == tag]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.open = Page(), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"attribute twice in <{tag}>"
        self.page.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.page.raw += data


def _read(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"never closed: {reader.open}"
    for tag, attrs in reader.page.tags:
        assert not [name for name in attrs if name.startswith("on")], f"event handler in <{tag}>"
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)
    return reader.page


@pytest.fixture
def read() -> Callable[[str], Page]:
    """Parses HTML; fails on anything unbalanced, on event handlers and on control characters."""
    return _read


@pytest.fixture
def make() -> Callable[..., JobView]:
    """A running job on a real gateway; keywords vary it."""

    def build(status: str = "running", **changed: Any) -> JobView:
        base: dict[str, Any] = {
            "id": "k3f9",
            "status": status,
            "prompt": FOX,
            "settings": ("kling-v2-6", "pro", "16:9", "5 s"),
            "gateway": "ImaRouter",
            "price_usd": 0.35,
        }
        return JobView(**{**base, **changed})

    return build


@pytest.fixture
def video() -> VideoView:
    """A clip with a poster of 7.5 kB."""
    return VideoView(
        "kling_outputs/fox%20one.mp4", "kling_outputs/fox one.mp4", b"\xff\xd8\xff" * 2500, 1920, 1080, 5.0
    )
