"""A body with pictures in it is the JSON that would be made in one go."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from kling_nb.engine.encoding import STEP, encoded
from kling_nb.wire import Inline

SIZES = {"nothing": 0, "one": 1, "two": 2, "step": STEP, "more": STEP + 1, "steps": 2 * STEP + 2}
STORE = {name: random.Random(name).randbytes(size) for name, size in SIZES.items()}


def at_once(body: Any) -> bytes:
    """The same body by the standard library alone."""

    def text(value: Inline) -> str:
        return value.prefix + base64.b64encode(STORE[value.sha256]).decode("ascii")

    return json.dumps(body, default=text, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", 'a "quoted" préfix\n'])
def test_one_picture(name: str, prefix: str) -> None:
    """Whatever its length, at the beginning, within and at the end."""
    picture = Inline(name, prefix=prefix)
    for body in (picture, [picture], {"image": picture, "prompt": "a fox"}, {"prompt": "a fox", "image": picture}):
        assert encoded(body, STORE.__getitem__) == at_once(body)


def test_many_pictures() -> None:
    """In the order of the body, also the same one twice."""
    body = {
        "shots": [{"n": n, "image": Inline(name)} for n, name in enumerate([*SIZES, *SIZES])],
        "tail": Inline("one"),
    }
    assert encoded(body, STORE.__getitem__) == at_once(body)


@pytest.mark.parametrize(
    "body", [{}, [], "ein Füchslein 🦊", {"prompt": 'say "hi"\n\u2028', "n": 1.5, "sound": None}, "half a \ud800 pair"]
)
def test_no_picture(body: Any) -> None:
    """UTF-8 as it is written; half of a surrogate pair is no reason to fail."""
    assert encoded(body, STORE.__getitem__) == at_once(body)


@pytest.mark.parametrize(("value", "kind"), [(b"raw", "bytes"), (object(), "object"), ({1}, "set")])
def test_no_json(value: Any, kind: str) -> None:
    """What is neither JSON nor a picture is not sent as something else, and no picture is read for it."""
    read: list[str] = []

    def read_input(name: str) -> bytes:
        read.append(name)
        return STORE[name]

    with pytest.raises(TypeError, match=f"{kind} cannot be sent as JSON"):
        encoded({"image": Inline("one"), "other": value}, read_input)
    assert read == []
