"""The panel's thinking: whatever is chosen can be sent, whatever cannot be sent says why, and the price is right."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_nb import catalog, gateways
from kling_nb.lab.compose import Composed, Form, Place, Shop, compose
from kling_nb.request import Frame

FIRST = Frame(sha256="a" * 64, media_type="image/png", size=9000, width=1280, height=720, name="first.png")
URL = Frame(url="https://example.com/first.png", name="first.png")
FRAMES: Mapping[str, Mapping[str, Frame]] = {
    "text": {},
    "first": {"image": FIRST},
    "address": {"image": URL},
    "both": {"image": FIRST, "tail": FIRST},
}
CLOSED = {"wireflow": "Wireflow needs a key"}


def shop(**around: Any) -> Shop:
    """Every gateway, one of them without its key."""
    places = {}
    for name in gateways.names():
        known = gateways.gateway(name)
        places[name] = Place(known, gateways.codec(known, dict.fromkeys(known.values, "x")), CLOSED.get(name, ""))
    return Shop(places, "sandbox", **around)


def composed(form: Mapping[str, Any], frames: str = "text", **around: Any) -> Composed:
    """A form thought through."""
    return compose(Form.from_json({"prompts": ["A fox"], **form}), FRAMES[frames], shop(**around))


@pytest.mark.parametrize(
    ("gateway", "model", "frames"),
    list(itertools.product(gateways.names(), [m.name for m in catalog.models()], FRAMES)),
)
def test_what_is_chosen_can_be_sent(gateway: str, model: str, frames: str) -> None:
    """At every gateway, with every model and set of frames: what is open is not refused, what is closed would be."""
    told = composed({"gateway": gateway, "model": model}, frames)
    choices = {"mode": told.offer.modes, "duration": told.offer.durations, "aspect": told.offer.aspects}
    place = shop().places[told.form.gateway]
    (request,) = told.requests
    for field, offered in choices.items():
        chosen = getattr(told.form, field)
        assert chosen in [choice.value for choice in offered if not choice.why] or (chosen is None and not offered)
        for choice in offered:
            # Lengths and sound may depend on the mode: those are settled anew when it changes.
            asked = request.model_copy(update={field: choice.value})
            errors = [*catalog.check(asked, told.form.gateway), *place.codec.notes(asked)]
            refused = any(f.level == "error" and f.field == field for f in errors)
            assert refused == bool(choice.why), (field, choice)
            assert "--" not in choice.why
    assert all(choice.why for choice in told.gateways if choice.value in CLOSED)


SETTLED: tuple[tuple[dict[str, Any], str, dict[str, Any], str], ...] = (
    ({"model": "kling-v2-5-turbo", "mode": "std"}, "both", {"mode": "pro"}, "A last frame needs mode pro"),
    ({"model": "kling-v2-5-turbo", "sound": True}, "text", {"sound": None}, "makes silent clips only"),
    ({"model": "kling-v2-6", "aspect": "16:9"}, "first", {"aspect": None}, "The clip follows the picture."),
    ({"model": "kling-v2-6", "duration": 7}, "text", {"duration": 5}, ""),
    ({"model": "kling-v3", "mode": "4k", "duration": 15}, "text", {"mode": "4k", "duration": 15}, ""),
    ({"gateway": "nowhere", "model": "nothing"}, "text", {"gateway": "sandbox", "model": "nothing"}, ""),
    ({"gateway": "wireflow"}, "text", {"gateway": "sandbox"}, ""),
    ({"takes": 99}, "text", {"takes": 9}, ""),
)


@pytest.mark.parametrize(("form", "frames", "becomes", "because"), SETTLED)
def test_settled(form: dict[str, Any], frames: str, becomes: dict[str, Any], because: str) -> None:
    """What cannot be had is replaced by the usual, and the reason stands there."""
    told = composed(form, frames)
    assert {name: getattr(told.form, name) for name in becomes} == becomes
    offer = told.offer
    whys = [choice.why for choice in (*offer.modes, *offer.durations, *offer.aspects)]
    assert any(because in why for why in (*whys, offer.sound, offer.aspect, "" if because else because))


BLOCKED: tuple[tuple[dict[str, Any], str, dict[str, Any], str], ...] = (
    ({"prompts": [" "]}, "text", {}, "Write a prompt first."),
    ({"prompts": ["x" * 2600]}, "text", {}, "100 more than the 2,500 allowed"),
    ({"prompts": ["A {animal}"]}, "text", {}, "{animal} is not defined"),
    ({"gateway": "imarouter"}, "first", {}, "ImaRouter fetches pictures itself"),
    ({"gateway": "imarouter", "takes": 9}, "text", {"budget": 1.0}, "USD 1.00 are left in the budget"),
    ({"prompts": ["A fox"], "table": "t"}, "text", {"trouble": "There is no table t."}, "There is no table t."),
    ({"prompts": [f"{n}\n---\nfox {n}" for n in range(100)], "takes": 9}, "text", {}, "at most 500"),
)


@pytest.mark.parametrize(("form", "frames", "around", "says"), BLOCKED)
def test_blocked(form: dict[str, Any], frames: str, around: dict[str, Any], says: str) -> None:
    """What cannot be sent says why, and asks for no confirmation."""
    told = composed(form, frames, **around)
    assert says in told.blocked
    assert told.confirm == ""


V26 = {"gateway": "kling", "model": "kling-v2-6"}
PRICED: tuple[tuple[dict[str, Any], dict[str, Any], str, str], ...] = (
    ({}, {}, "Nothing charged", ""),
    ({"takes": 2}, {}, "Nothing charged", "Generate 2 clips on Sandbox? Nothing is charged."),
    (V26, {}, "USD 0.21", ""),
    (V26, {"threshold": 0.1}, "USD 0.21", "Generate 1 clip on Kling for about USD 0.21?"),
    (V26 | {"takes": 3}, {}, "USD 0.63", "Generate 3 clips on Kling for about USD 0.63?"),
    (V26 | {"model": "new"}, {}, "Price not known", "Generate 1 clip on Kling? The price is not known."),
)


@pytest.mark.parametrize(("form", "around", "price", "confirm"), PRICED)
def test_one_price_and_one_confirmation(form: dict[str, Any], around: dict[str, Any], price: str, confirm: str) -> None:
    """The price is that of all clips together; more than one, or a dear one, is confirmed."""
    told = composed(form, **around)
    assert (told.price, told.confirm) == (price, confirm)


def test_filled_from_a_table() -> None:
    """Every prompt with a name is made for each row, others once; a cell has them filled and literal."""
    rows = [{"animal": "fox"}, {"animal": "{hare}"}]
    told = composed({"prompts": ["A {animal} runs", "Snow falls"], "takes": 2}, rows=rows, names={"animal": "cat"})
    assert [r.prompt for r in told.requests[::2]] == ["A fox runs", "A {hare} runs", "Snow falls"]
    assert [r.take for r in told.requests[:2]] == [1, 2]
    assert "A {{hare}} runs" in told.cell(str, "sandbox")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(Form.__dataclass_fields__)), inner)
    ),
    max_leaves=8,
)


@given(data=JSON)
def test_any_json_is_a_form(data: Any) -> None:
    """A page that was tampered with can send anything: it becomes some form that can be thought through."""
    told = compose(Form.from_json(data), {}, SHOP)
    assert told.form == compose(told.form, {}, SHOP).form
    assert Form.from_json(told.form.to_json()) == told.form


SHOP = shop()


def test_it_keeps_up_with_typing() -> None:
    """A form of a hundred prompts is thought through in a blink: the browser asks after every pause."""
    form = {"prompts": [f"A fox number {n}" for n in range(100)]}
    composed(form)
    before = time.process_time()
    composed(form)
    assert time.process_time() - before < 0.25
