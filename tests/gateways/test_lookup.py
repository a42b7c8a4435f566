"""Gateways by name: the surface's table, near names, registering one's own."""

from __future__ import annotations

import re

import pytest

from kling_nb import gateways
from kling_nb.errors import MissingKeyError, OptionError
from kling_nb.gateways import Gateway, codec, gateway, names, register
from kling_nb.request import Frame, VideoRequest
from kling_nb.wire import Order, Ticket

MINE = Gateway(
    name="relay",
    label="My relay",
    dialect="openai-video",
    base_url="https://relay.example",
    base_url_env="RELAY_BASE_URL",
    keys=(("RELAY_KEY",),),
    prefix="/sub",
)


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "_registered", {})


@pytest.mark.parametrize(
    ("name", "dialect", "base_url", "override", "keys", "values"),
    [
        ("sandbox", "kling", "https://sandbox.kling-nb.invalid", None, "", ()),
        (
            "kling",
            "kling",
            "https://api-singapore.klingai.com",
            "KLINGAI_BASE_URL",
            "KLINGAI_API_KEY, or KLINGAI_ACCESS_KEY and KLINGAI_SECRET_KEY",
            (),
        ),
        (
            "agentsflare",
            "kling",
            "https://api.agentsflare.com",
            "AGENTSFLARE_BASE_URL",
            "AGENTSFLARE_API_KEY",
            (),
        ),
        (
            "imarouter",
            "openai-video",
            "https://api.imarouter.com",
            "IMAROUTER_BASE_URL",
            "IMAROUTER_API_KEY",
            (),
        ),
        (
            "wireflow",
            "wireflow",
            "https://www.wireflow.ai/api/v1",
            "WIREFLOW_BASE_URL",
            "WIREFLOW_API_KEY",
            ("WIREFLOW_WORKFLOW_ID",),
        ),
        ("fal", "fal", "https://queue.fal.run", "FAL_BASE_URL", "FAL_KEY", ()),
        ("replicate", "replicate", "https://api.replicate.com", "REPLICATE_BASE_URL", "REPLICATE_API_TOKEN", ()),
    ],
)
def test_built_in(
    name: str, dialect: str, base_url: str, override: str | None, keys: str, values: tuple[str, ...]
) -> None:
    """The built-in gateways are the ones of the surface, with these addresses and variables."""
    known = gateway(name)
    assert (known.dialect, known.base_url, known.base_url_env) == (dialect, base_url, override)
    assert (known.key_names, known.values) == (keys, values)
    assert codec(known, dict.fromkeys(values, "v")).dialect == dialect


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (
            "imaroute",
            "Did you mean imarouter? Known are sandbox, kling, agentsflare, imarouter, wireflow, fal, replicate.",
        ),
        ("Wireflow", "Did you mean wireflow?"),
        ("zzz", "No gateway is called “zzz”. Known are sandbox"),
    ],
)
def test_unknown_name(typed: str, says: str) -> None:
    """An unknown name lists the known ones and the nearest."""
    with pytest.raises(OptionError, match=re.escape(says)):
        gateway(typed)


def test_registered_gateway_speaks_its_dialect() -> None:
    """A gateway of one's own is found by name, asked below its prefix, and may take files inline."""
    register(MINE)
    register(MINE)
    assert names()[-1] == "relay"
    assert names().count("relay") == 1
    speaker = codec(gateway("relay"), {})
    frame = Frame(sha256="cd" * 32, size=5, name="x.png")
    ask = next(speaker.submit(Order(VideoRequest(model="kling-v2-6", image=frame), "k")))
    assert ask.path == "/sub/v1/videos"
    assert ask.body["image"].sha256 == "cd" * 32
    assert next(speaker.poll(Ticket("7"))).path == "/sub/v1/videos/7"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "kling"}, "built in"),
        ({"name": "My Relay"}, "small letters"),
        ({"dialect": "soap"}, "known are kling, openai-video, wireflow, fal, replicate"),
        ({"dialect": "wireflow"}, "the variable that holds the workflow's id"),
    ],
)
def test_unusable_registration(change: dict[str, str], says: str) -> None:
    """What cannot be registered says why, and is not registered."""
    fields = {"name": "relay", "label": "x", "dialect": "kling", "base_url": "https://relay.example"}
    with pytest.raises(OptionError, match=re.escape(says)):
        register(Gateway(**(fields | change)))  # type: ignore[arg-type]
    assert "relay" not in names()


def test_missing_value_is_named() -> None:
    """Without its workflow, Wireflow names the variable and offers the sandbox."""
    with pytest.raises(MissingKeyError, match=r"WIREFLOW_WORKFLOW_ID.*--gateway sandbox"):
        codec(gateway("wireflow"), {"WIREFLOW_WORKFLOW_ID": ""})


def test_what_settles_a_lost_answer() -> None:
    """Only a documented look-up or key proves that nothing was accepted; finding is offered where one may work."""
    order = Order(VideoRequest(prompt="p", model="kling-v2-6"), "kn-key")
    told = {}
    for name in names():
        flow = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf"}).find(order)
        told[name] = (gateway(name).settles, flow and next(flow).path)
    assert told == {
        "sandbox": ("lookup", "/v1/videos/text2video/kn-key"),
        "kling": ("lookup", "/v1/videos/text2video/kn-key"),
        "agentsflare": ("lookup", "/klingai/v1/videos/text2video/kn-key"),
        "imarouter": ("nothing", None),
        "wireflow": ("idempotency-key", None),
        "fal": ("nothing", None),
        "replicate": ("nothing", None),
    }
