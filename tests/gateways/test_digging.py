"""The tolerant readers: each gives what was hoped for or an empty value, and never raises."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb.gateways.digging import clip, dig, identifier, message, number, segment, share, text, web_url
from kling_nb.gateways.words import phase, speaks_of_content_rules, speaks_of_money

SWITCH: Any = True
READ: list[tuple[Any, Any]] = [
    (dig({"a": [{"b": 1}]}, "a", 0, "b"), 1),
    (dig({"a": [1]}, "a", 1), None),
    (dig({"a": [1, 2]}, "a", -1), 2),
    (dig([1], "a"), None),
    (dig("abc", 0), None),
    (text("  two\r\nlines\x1b[31m \ud800\u202e"), "two lines [31m"),
    (text(SWITCH), ""),
    (text(86), "86"),
    (text({"a": 1}), ""),
    (clip("x" * 301), "x" * 299 + "…"),
    (clip("x" * 300), "x" * 300),
    (message(["a", {}, "b"]), "a; b"),
    (message({"message": "m"}), "m"),
    (message([{"loc": [], "msg": "m"}, {"message": "n"}]), "m; n"),
    (message([]), ""),
    (message(None), ""),
    (identifier(867283741759111202), "867283741759111202"),
    (identifier("i" * 301), ""),
    (segment(".."), "%2E%2E"),
    (segment("a/b é\ud800"), "a%2Fb%20%C3%A9%3F"),
    (segment("v1.2"), "v1.2"),
    (number("5.041"), 5.041),
    (number(" 30% "), 30.0),
    (number("nan"), None),
    (number(10**400), None),
    (number(SWITCH), None),
    (number([]), None),
    (share("250%"), 1.0),
    (share(-1), 0.0),
    (share("x"), None),
    (web_url("https://a.example/v.mp4?x=1"), "https://a.example/v.mp4?x=1"),
    (web_url("HTTP://A.example"), "HTTP://A.example"),
    (web_url("https://"), ""),
    (web_url("https://a.example/ b"), ""),
    (web_url("https://a.example/\n"), ""),
    (web_url("http://[::1"), ""),
    (web_url("https://a.example:99999/"), ""),
    (web_url("//a.example/v.mp4"), ""),
    (web_url("data:video/mp4;base64,AA"), ""),
    (web_url({"url": 1}), ""),
]


@pytest.mark.parametrize(("got", "expected"), READ)
def test_reader(got: Any, expected: Any) -> None:
    """One value read."""
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("submitted", "queued"),
        ("Pending", "queued"),
        ("NOT_START", "queued"),
        ("In Progress", "running"),
        ("in-progress", "running"),
        ("unknown", "running"),
        ("SUCCESS", "done"),
        ("succeed", "done"),
        ("Succeeded", "done"),
        ("completed", "done"),
        ("failure", "failed"),
        ("error", "failed"),
        ("canceled", "failed"),
        ("CANCELLED", "failed"),
    ],
)
def test_known_status_word(word: str, expected: str) -> None:
    """Known words come down to four phases, in any case and with any separator."""
    assert phase(word) == (expected, "")


def test_unknown_status_word() -> None:
    """A word that no vendor has used yet is running, with a note."""
    assert phase("Polishing") == ("running", "unknown status word “Polishing”, taken as running")


@pytest.mark.parametrize(
    ("words", "money", "content"),
    [
        ("Insufficient account balance", True, False),
        ("You exceeded your current quota, check your billing", True, False),
        ("not enough credits", True, False),
        ("余额不足", True, False),
        ("quota of 5 requests per minute", False, False),
        ("too many concurrent tasks for your credit plan", False, False),
        ("insufficient permissions", False, False),
        ("Failure to pass the risk control system", False, True),
        ("violates our content policy", False, True),
        ("violates the community guidelines", False, True),
        ("The prompt contains sensitive information", False, True),
        ("keys are case-sensitive", False, False),
        ("2 violations: port missing", False, False),
    ],
)
def test_telling_words(words: str, money: bool, content: bool) -> None:  # noqa: FBT001 - a table's columns
    """Complaints about money and about content are told from their neighbours."""
    assert (speaks_of_money(words), speaks_of_content_rules(words)) == (money, content)
