"""Nothing that a user or a gateway wrote becomes markup, a script, a dangerous link or a terminal command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from kling_nb import show
from kling_nb.show.markup import href
from kling_nb.wire import Inline, Part

EVIL = "x\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\x00\x1b[2J\u202e\ud800`<b onclick=y>`"


def _evil(status: Any, **changed: Any) -> show.JobView:
    base: dict[str, Any] = {
        "id": EVIL,
        "status": status,
        "prompt": EVIL,
        "settings": (EVIL, EVIL + "2"),
        "gateway": EVIL,
        "elapsed": 5.0,
        "expected": (40, 70),
        "price_usd": 0.35,
        "price_note": EVIL,
        "reason": EVIL,
        "next_step": EVIL,
        "notes": (EVIL,),
        "ready_note": EVIL,
        "ticket": EVIL,
    }
    return show.JobView(**{**base, **changed})


def _outputs() -> list[tuple[str, str, int]]:
    """Each kind of output filled with evil: HTML, text, and how many scripts of our own it has."""
    clip = show.VideoView(EVIL, EVIL, b"<script>", 1920, 1080, 5.0)
    done = _evil("done", video=clip)
    other = _evil("done", video=clip, prompt=EVIL + " more words", settings=(EVIL,), gateway="b" + EVIL)
    failed, running = _evil("failed"), _evil("running")
    request = show.RequestView(
        EVIL, "https://h/" + EVIL, {EVIL: EVIL}, {EVIL: [EVIL, Inline("", 1, EVIL)]}, Part("", EVIL, EVIL, EVIL), EVIL
    )
    plans = [show.PlanView(_evil("planned"), (request,)), show.PlanView(running)]
    rows: list[Sequence[Any]] = [[EVIL, show.State("done", EVIL)], [show.Code(EVIL), 1]]
    return [
        (show.card([running], title=EVIL), show.card_text([running], title=EVIL), 0),
        (show.card([running, failed, other], title=EVIL), show.card_text([running, failed, other], title=EVIL), 0),
        (show.failure(failed), show.failure_text(failed), 0),
        (show.result(done), show.result_text(done), 0),
        (show.grid([done, other, failed], title=EVIL), show.grid_text([done, other, failed], title=EVIL), 1),
        (show.dry_run(plans), show.dry_run_text(plans), 0),
        (
            show.table([EVIL, "b"], rows, title=EVIL, note=EVIL),
            show.table_text([EVIL, "b"], rows, title=EVIL, note=EVIL),
            0,
        ),
    ]


@pytest.mark.parametrize("index", range(7))
def test_evil_text_stays_text(index: int, read: Callable[[str], Any]) -> None:
    """Script, quotes, NUL, terminal escapes, direction overrides and lone surrogates in every field."""
    html, text, scripts = _outputs()[index]
    page = read(html)
    assert len(page.all("script")) == scripts
    assert not page.all("img")
    assert "<script>alert(1)</script>" in page.raw
    for output in (html, text):
        output.encode("utf-8")
        assert not any(sign in output for sign in "\x00\x1b\u202e")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("kling_outputs/fox%20one.mp4", True),
        ("../clips/a.mp4?x=1&y=2", True),
        ("https://host/a.mp4", True),
        ("HTTP://host/a.mp4", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("\x01javascript:alert(1)", False),
        (" data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//host/a.mp4", False),
        ("\\\\host\\a.mp4", False),
        ("C:\\a.mp4", False),
        ("", False),
    ],
)
def test_only_relative_and_web_addresses_are_linked(
    url: str,
    kept: bool,  # noqa: FBT001 - a table
    make: Callable[..., show.JobView],
    read: Callable[[str], Any],
) -> None:
    """An address that may not be linked leaves no player and no link, only the path as text."""
    page = read(show.result(make("done", video=show.VideoView(url, "clips/a.mp4"))))
    sources = [tag["src"] for tag in page.all("video")] + [tag["href"] for tag in page.all("a")]
    assert sources == ([url, url] if kept else [])
    assert "a.mp4" in page.text
    assert (href(url) is not None) is kept


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer sk-very-secret", "Bearer ••••"),
        ("authorization", "sk-very-secret", "••••"),
        ("X-Api-Key", "sk-very-secret", "••••"),
        ("Cookie", "a=sk-very-secret", "••••"),
        ("X-Other", "Bearer sk-very-secret", "Bearer ••••"),
        ("Authorization", "Bearer <KLINGAI_API_KEY>", "Bearer <KLINGAI_API_KEY>"),
        ("Idempotency-Key", "kn-1", "kn-1"),
        ("Content-Type", "application/json", "application/json"),
    ],
)
def test_a_dry_run_masks_credentials(name: str, value: str, shown: str, make: Callable[..., show.JobView]) -> None:
    """In headers and in the address, whatever the caller passes; where the key comes from may be said."""
    url = "https://me:sk-very-secret@host/v1?api_key=sk-very-secret&page=2"
    plans = [show.PlanView(make("planned"), (show.RequestView("POST", url, {name: value}),))]
    text = show.dry_run_text(plans)
    assert f"{name}: {shown}\n" in text
    assert "POST https://host/v1?api_key=••••&page=2" in text
    assert "secret" not in text + show.dry_run(plans)
