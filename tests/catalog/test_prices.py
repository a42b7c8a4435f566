"""Prices against the official list of May 2026, copied by hand: units, and 0.14 dollars each."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb import catalog
from kling_nb.request import Footage, Frame, VideoRequest

FRAME = Frame(url="https://img.example/fox.png")
VIDEO = Footage(url="https://img.example/fox.mp4", seconds=4)
VOICES = {"voice_list": [{"voice_id": "1"}]}


@pytest.mark.parametrize(
    ("model", "asked", "units", "usd"),
    [
        ("kling-v1", {}, 1, 0.14),
        ("kling-v1", {"mode": "pro"}, 3.5, 0.49),
        ("kling-v1", {"mode": "pro", "duration": 10}, 7, 0.98),
        ("kling-v1-5", {"image": FRAME}, 2, 0.28),
        ("kling-v1-6", {"mode": "pro", "duration": 10}, 7, 0.98),
        ("kling-v1-6", {"images": (FRAME, FRAME)}, 2, 0.28),
        ("kling-v2-master", {}, 10, 1.4),
        ("kling-v2-1", {"mode": "pro", "image": FRAME, "tail": FRAME}, 3.5, 0.49),
        ("kling-v2-1-master", {"duration": 10}, 20, 2.8),
        ("kling-v2-5-turbo", {}, 1.5, 0.21),
        ("kling-v2-5-turbo", {"mode": "pro"}, 2.5, 0.35),
        ("kling-v2-6", {"mode": "pro", "duration": 10}, 5, 0.7),
        ("kling-v2-6", {"mode": "pro", "sound": True}, 5, 0.7),
        ("kling-v2-6", {"mode": "pro", "sound": True, "extra": VOICES, "image": FRAME}, 6, 0.84),
        ("kling-v2-6", {"mode": "pro", "image": FRAME, "video": VIDEO}, 3.2, 0.448),
        ("kling-v3", {"duration": 3}, 1.8, 0.252),
        ("kling-v3", {"sound": True}, 4.5, 0.63),
        ("kling-v3", {"mode": "pro", "sound": True, "duration": 15}, 18, 2.52),
        ("kling-v3", {"mode": "4k"}, 15, 2.1),
        ("kling-v3", {"mode": "4k", "sound": True}, 15, 2.1),
        ("kling-v3", {"image": FRAME, "video": VIDEO}, 3.6, 0.504),
        ("kling-video-o1", {"aspect": "1:1"}, 4, 0.56),
        ("kling-video-o1", {"mode": "std", "video": VIDEO}, 3.6, 0.504),
        ("kling-v3-omni", {"aspect": "1:1", "mode": "pro", "sound": True}, 5, 0.7),
        ("kling-v3-omni", {"aspect": "1:1", "mode": "4k"}, 15, 2.1),
    ],
)
def test_the_list_price(model: str, asked: dict[str, Any], units: float, usd: float) -> None:
    """By the clip or by the second, with sound, voices, a video, on the assumed mode and length."""
    price = catalog.price(VideoRequest(model=model, prompt="a fox", **asked), "kling")
    assert price is not None
    assert [price.units, price.usd] == pytest.approx([units, usd])


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("kling-v9", {}),
        ("kling-v2-6", {"duration": 7}),
        ("kling-v2-6", {"sound": True}),
        ("kling-v2-6", {"mode": "8k"}),
        ("kling-v2-1", {}),
        ("kling-v2-6", {"image": FRAME, "video": Footage(url="https://img.example/fox.mp4")}),
        ("kling-v2-6", {"image": FRAME, "video": Footage(url="https://a.example", seconds=float("inf"))}),
    ],
)
def test_an_unknown_price_is_none(model: str, asked: dict[str, Any]) -> None:
    """Nothing is guessed: unknown model, length, mode or combination."""
    assert catalog.price(VideoRequest(model=model, prompt="a fox", **asked), "kling") is None


def test_the_price_says_whose_it_is() -> None:
    """Kling's list for Kling, marked for resellers, free in the sandbox; dated and with a source."""
    request = VideoRequest(model="kling-v2-5-turbo", prompt="a fox", mode="std")
    prices = {g: catalog.price(request, g) for g in ("kling", "imarouter", "sandbox", "my-relay")}
    notes = {g: (p.note, p.free, p.usd) for g, p in prices.items() if p}
    assert notes == {
        "kling": ("", False, 0.21),
        "imarouter": ("ImaRouter may charge another price: this is Kling's list price.", False, 0.21),
        "sandbox": ("Free here; this is what Kling would charge.", True, 0.21),
        "my-relay": ("This gateway may charge another price: this is Kling's list price.", False, 0.21),
    }
    kling = prices["kling"]
    assert kling
    assert kling.checked.count("-") == 2
    assert "official price list" in kling.source


def test_a_gateway_with_another_default_mode_is_priced_by_it() -> None:
    """Wireflow's Kling node takes pro where nothing is said."""
    request = VideoRequest(model="kling-v2-5-turbo", prompt="a fox", image=FRAME)
    price = catalog.price(request, "wireflow")
    assert price
    assert price.units == 2.5


def test_a_disputed_price_says_so() -> None:
    """Two lists give two prices for sound."""
    price = catalog.price(VideoRequest(model="kling-v3", prompt="a fox", sound=True), "kling")
    assert price
    assert "disagree" in price.note
