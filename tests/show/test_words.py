"""Numbers with their units, and the words of every status."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from kling_nb.show import JobView, Status, card, card_text
from kling_nb.show.progress import bar, timing
from kling_nb.show.purse import cost, short, total
from kling_nb.show.words import WORDS, clean, clip, clock, lasting, money, next_step, size, span, word

Make = Callable[..., JobView]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (money(0), "USD 0.00"),
        (money(0.35), "USD 0.35"),
        (money(0.1 + 0.2), "USD 0.30"),
        (money(0.098), "USD 0.098"),
        (money(12.5), "USD 12.50"),
        (clock(41), "0:41"),
        (clock(59.6), "1:00"),
        (clock(92), "1:32"),
        (clock(3723), "1:02:03"),
        (clock(-1), "0:00"),
        (lasting(5), "5 s"),
        (lasting(2.04), "2 s"),
        (lasting(150), "2:30"),
        (span(40, 70), "40 to 70 s"),
        (span(70, 40), "40 to 70 s"),
        (span(41, 68), "40 to 70 s"),
        (span(3, 3.2), "3 s"),
        (span(70, 150), "1:10 to 2:30"),
        (size(0), "0 B"),
        (size(940), "940 B"),
        (size(999.7), "1 kB"),
        (size(212_000), "212 kB"),
        (size(999_900), "1.0 MB"),
        (size(2_130_000), "2.1 MB"),
        (size(3e9), "3.0 GB"),
        (clip("  a long word ", 7), "a long…"),
        (clean("a\x00b\x1b[31mc\u202ed\ud800e\r\nf"), "ab[31mcd\ufffde\nf"),
    ],
)
def test_numbers_and_text(said: str, expected: str) -> None:
    """Units are always there, and nothing that a terminal or an encoder would choke on."""
    assert said == expected


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_has_a_word_a_colour_and_a_next_step(
    status: Status, make: Make, read: Callable[[str], object]
) -> None:
    """Alone and among others, in HTML and in the terminal."""
    view = make(status, elapsed=12.0, expected=(40, 70))
    named, tone = WORDS[status]
    step = next_step(view)
    assert step.endswith(".")
    html, text = card([view]), card_text([view, make(status, id="b")])
    page = read(html)
    assert f"{named} on ImaRouter" in page.text  # type: ignore[attr-defined]
    assert step.replace("`", "") in page.text  # type: ignore[attr-defined]
    assert f"kling-nb-st kling-nb-{tone}" in html
    assert text.count(named) == 2


def test_a_failure_by_content_rules_says_so(make: Make) -> None:
    """And a failure that was paid for is fetched, not sent again."""
    assert word(make("failed", moderated=True)) == "Refused by moderation"
    assert "`%kling resume`" in next_step(make("failed", charged=True))
    assert next_step(make("failed", next_step="Type `x`.")) == "Type `x`."


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"status": "running"}, "About USD 0.35."),
        ({"status": "planned", "price_note": "list of May."}, "About USD 0.35 (list of May)."),
        ({"status": "running", "price_usd": None}, "Price not known."),
        ({"status": "done", "charged_usd": 0.4}, "Charged USD 0.40 (expected 0.35)."),
        ({"status": "done", "charged_units": 3.5}, "Charged 3.5 units (expected USD 0.35)."),
        ({"status": "done", "charged_credits": 1.0, "price_usd": None}, "Charged 1 credit."),
        ({"status": "done"}, "The gateway does not say what it charged (about USD 0.35)."),
        ({"status": "failed", "charged": False}, "Not charged."),
        ({"status": "failed", "charged": True}, "The gateway does not say what it charged (about USD 0.35)."),
        ({"status": "cancelled"}, "It is not known whether this was charged (about USD 0.35)."),
        ({"status": "unknown"}, "Perhaps charged, about USD 0.35."),
        ({"status": "done", "sandbox": True}, "Sandbox: nothing charged. On Kling about USD 0.35."),
        ({"status": "done", "sandbox": True, "price_usd": None}, "Sandbox: nothing charged."),
        ({"status": "failed", "sandbox": True}, "Sandbox: nothing charged."),
        (
            {"status": "done", "from_disk": True, "charged_usd": 0.35},
            "Nothing charged now: this clip was there already. It cost USD 0.35 then.",
        ),
    ],
)
def test_the_money_sentence(changed: dict[str, object], expected: str, make: Make) -> None:
    """Money before and after, and what nobody knows is not shown as a number."""
    assert cost(make(**changed)) == expected


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([{}, {"price_usd": 0.56}], "About USD 0.91 in total."),
        ([{"charged_usd": 0.35, "status": "done"}, {}], "Charged USD 0.35, about USD 0.35 more expected."),
        ([{"price_usd": None}, {}], "About USD 0.35 in total, 1 price not known."),
        ([{"status": "failed", "charged": False}], "Charged USD 0.00."),
        ([{"status": "unknown"}], "About USD 0.35 in total."),
        ([{"sandbox": True}, {"sandbox": True}], "Sandbox: nothing charged. On Kling about USD 0.70."),
        (
            [{"sandbox": True}, {"sandbox": True, "status": "failed"}],
            "Sandbox: nothing charged. On Kling about USD 0.35.",
        ),
        ([{"sandbox": True, "status": "failed"}] * 2, "Sandbox: nothing charged."),
        ([{"sandbox": True}, {}], "About USD 0.35 in total."),
        ([{"status": "done", "from_disk": True, "charged_usd": 0.35}], "Charged USD 0.00."),
    ],
)
def test_the_total(jobs: list[dict[str, object]], expected: str, make: Make) -> None:
    """What was charged and what is still to come are kept apart."""
    assert total([make(**changed) for changed in jobs]) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "USD 0.35"),
        ({"sandbox": True}, "free"),
        ({"price_usd": None}, "no price"),
        ({"status": "failed", "charged": False}, "not charged"),
        ({"status": "failed"}, "not known"),
        ({"status": "done", "charged_credits": 12.0}, "12 credits"),
    ],
)
def test_money_in_a_narrow_column(changed: dict[str, object], expected: str, make: Make) -> None:
    """An amount or a word."""
    assert short(make(**changed)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"elapsed": None, "expected": (40, 70)}, "ready in 40 to 70 s"),
        ({"elapsed": 41, "expected": (81, 111)}, "0:41 so far, ready in 40 to 70 s"),
        ({"elapsed": 52, "expected": (40, 70)}, "0:52 so far, ready within 18 s"),
        ({"elapsed": 95, "expected": (40, 70)}, "longer than usual: 1:35 so far, usually 40 to 70 s"),
        ({"elapsed": 41}, "0:41 so far"),
        ({"elapsed": 41, "progress": 0.6}, "0:41 so far, 60% by the gateway's count"),
        ({"elapsed": 9, "status": "queued", "position": 3}, "0:09 so far, 3 ahead"),
        ({"elapsed": 92, "status": "done"}, "ready in 1:32"),
        ({"elapsed": 92, "status": "done", "from_disk": True}, ""),
        ({"elapsed": 31, "status": "failed"}, "after 0:31"),
        ({}, ""),
    ],
)
def test_timing(changed: dict[str, object], expected: str, make: Make) -> None:
    """What remains is said while there is a range to say, then that it takes longer than usual."""
    assert timing(make(**changed)) == expected


def test_the_bar_moves_forward_and_never_sticks_at_its_end(make: Make) -> None:
    """The fill grows up to a cap; once late, it is the range that moves."""
    bars = [bar(make(elapsed=float(at), expected=(40, 70))) for at in range(0, 400, 5)]
    assert all(drawn is not None for drawn in bars)
    drawn = [each for each in bars if each]
    fills = [each.fill for each in drawn]
    assert fills == sorted(fills)
    assert max(each.soon for each in drawn) <= 0.96
    assert all(0 <= each.fill <= each.soon and each.low < each.high < 1 for each in drawn)
    assert [each.late for each in drawn] == [at > 70 for at in range(0, 400, 5)]
    assert drawn[-1].high < drawn[20].high


@pytest.mark.parametrize(
    ("changed", "drawn"),
    [
        ({"status": "done", "elapsed": 9.0, "expected": (4, 7)}, False),
        ({"elapsed": 9.0}, False),
        ({"expected": (4, 7)}, False),
        ({"elapsed": 9.0, "progress": 0.5}, True),
        ({"elapsed": 9.0, "expected": (0, 0)}, True),
    ],
)
def test_no_bar_without_anything_to_say(changed: dict[str, object], drawn: bool, make: Make) -> None:  # noqa: FBT001 - a table
    """A bar needs a clock and something to compare it with."""
    assert (bar(make(**changed)) is not None) is drawn
