"""A gateway of one's own, registered in a cell and used in the next one; every mistake is one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import kling_nb as kling
from kling_nb import gateways
from kling_nb.complete import _candidates
from kling_nb.errors import BaseUrlError, KlingError, MissingKeyError, OptionError
from kling_nb.gateways.openai_video import OpenAIVideoCodec

if TYPE_CHECKING:
    from kling_nb.wire import Codec
    from tests.lab.conftest import Notebook


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "_registered", {})


def relay(nb: Notebook, name: str = "relay", **fields: Any) -> gateways.Gateway:
    """Register a relay that is the loopback gateway."""
    nb.env["RELAY_KEY"] = nb.gw.key
    return kling.register_gateway(name, **{"dialect": "kling", "base_url": nb.gw.url, "key_env": "RELAY_KEY"} | fields)


def test_a_registered_relay_films(nb: Notebook) -> None:
    """One call, then a cell with --gateway: the clip is there, paid once, signed with the named variable."""
    relay(nb, prefix="/klingai", label="My relay")
    job = nb.cell("-g relay -m kling-v2-5-turbo")
    assert job.video.path.is_file()
    assert [seen.path for seen in nb.gw.paid] == ["/klingai/v1/videos/text2video"]
    assert nb.gw.paid[0].bearer == nb.gw.key


def test_a_registered_relay_is_offered(nb: Notebook) -> None:
    """It is in the table of gateways and among Tab's proposals, and it can be registered again."""
    relay(nb)
    relay(nb, label="Again")
    nb.shell.run_line_magic("kling", "gateways")
    assert "relay" in _candidates("%%", ["--gateway"], "re")
    assert nb.lab.gateway("relay").label == "Again"
    assert [place.name for place in nb.lab.ready_gateways()][-1] == "relay"


def test_its_number_of_tasks_at_once_is_where_the_queue_starts(nb: Notebook) -> None:
    """What was registered holds before the first refusal; who tells nothing has no limit."""
    for name, parallel in (("narrow", 2), ("wide", None)):
        place = relay(nb, name, parallel=parallel)
        assert nb.cell(f"-g {name} -m kling-v2-6").status == "done"
        assert nb.lab.desk(place).slots.limit == parallel


def test_a_codec_of_ones_own_films(nb: Notebook) -> None:
    """A class is called with the gateway and what its values hold, and its clips arrive like any other."""
    held: list[dict[str, str]] = []

    def mine(place: gateways.Gateway, values: Any) -> Codec:
        held.append(dict(values))
        return OpenAIVideoCodec(place)

    nb.env["RELAY_ROOM"] = "17"
    place = relay(nb, dialect="", codec=mine, values=("RELAY_ROOM",))
    assert place.dialect == "own"
    assert nb.cell("-g relay -m kling-v2-5-turbo").video.path.is_file()
    assert held[-1] == {"RELAY_ROOM": "17"}
    del nb.env["RELAY_ROOM"]
    assert isinstance(nb.fails("-g relay -m kling-v2-6"), MissingKeyError)


MISTAKES: list[tuple[dict[str, Any], type[KlingError], str]] = [
    ({"dialect": ""}, OptionError, "needs dialect=…, one of kling, openai-video, wireflow, fal, replicate, or codec=…"),
    ({"dialect": "soap"}, OptionError, "No dialect is called “soap”"),
    ({"name": "kling"}, OptionError, "is built in"),
    ({"name": "My Relay"}, OptionError, "use small letters"),
    ({"base_url": "http://relay.example"}, BaseUrlError, "plain http to relay.example"),
    ({"base_url": "relay.example"}, BaseUrlError, "must be an https URL"),
    ({"base_url": "https://me:pw@relay.example"}, BaseUrlError, "must not carry a user name"),
    ({"key_env": "sk-123-secret"}, OptionError, "takes the name of an environment variable"),
    ({"key_env": ["RELAY_KEY", "sk 1"]}, OptionError, "never what it holds"),
    ({"values": ("no name",)}, OptionError, "values and base_url_env takes the name"),
    ({"scheme": "basic"}, OptionError, "scheme is one of none, bearer, key, kling, not 'basic'"),
    ({"scheme": "none"}, OptionError, "does not fit"),
    ({"key_env": None, "scheme": "bearer"}, OptionError, "without one it is none"),
    ({"settles": "hope"}, OptionError, "settles is one of lookup, idempotency-key, nothing"),
    ({"prefix": "kling"}, OptionError, "must begin with a /"),
    ({"prefix": "/kling/"}, OptionError, "not end with one"),
    ({"per_minute": 0}, OptionError, "per_minute=0 is no limit"),
    ({"parallel": "many"}, OptionError, "parallel='many' is no limit"),
    ({"codec": "mine"}, OptionError, "give the codec's class or a function"),
    ({"dialect": "wireflow"}, OptionError, "the variable that holds the workflow's id"),
]


@pytest.mark.parametrize(("change", "error", "says"), MISTAKES)
def test_mistake(nb: Notebook, change: dict[str, Any], error: type[KlingError], says: str) -> None:
    """It says what is allowed, never repeats what may be a key, and registers nothing."""
    before = gateways.names()
    with pytest.raises(error) as raised:
        relay(nb, **{"name": "relay"} | change)
    assert says in raised.value.sentence
    assert "secret" not in raised.value.sentence
    assert gateways.names() == before
