"""What may be sent again: questions a few times, the paid request only after proof of no sale."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb.credentials import MASK, Credentials, Secret
from kling_nb.engine import Engine, Place
from kling_nb.errors import OutageError, UnknownOutcomeError
from kling_nb.wire import Answer, Ask, Inline, Part
from tests.engine.conftest import IMAGE, Bench, asking
from tests.loopback import Fault

if TYPE_CHECKING:
    from tests.engine.clock import Clock

TEXT = "/v1/videos/text2video"
LIST = Ask("GET", TEXT)
FOX = Ask("POST", TEXT, body={"model_name": "kling-v2-6", "prompt": "a fox", "duration": "5"}, paid=True)
BUSY = Fault(status=429, headers={"Retry-After": "7"})


@pytest.fixture
def nobody() -> str:
    """A base URL where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("fault", "times", "status", "sleeps"),
    [
        (Fault(status=503), 2, 200, [0.5, 1.0]),
        (Fault(status=503), 9, 503, [0.5, 1.0, 2.0]),
        (Fault(status=599), 1, 200, [0.5]),
        (Fault(status=999), 1, 200, [0.5]),
        (Fault(drop=True), 3, 200, [0.5, 1.0, 2.0]),
        (Fault(cut=5), 1, 200, [0.5]),
        (BUSY, 1, 200, [7.0]),
        (BUSY, 9, 429, [7.0, 7.0, 7.0]),
        (Fault(status=429), 9, 429, []),
        (Fault(status=204), 9, 204, []),
        (Fault(status=304), 9, 304, []),
        (Fault(status=401), 9, 401, []),
        (Fault(status=404), 9, 404, []),
        (Fault(status=418), 9, 418, []),
    ],
)
def test_question(bench: Bench, fault: Fault, times: int, status: int, sleeps: list[float]) -> None:
    """A free ask is sent four times at most, with growing pauses or those that were asked for."""
    bench.gw.fault("GET", fault, times=times)
    assert bench.ask(LIST).status == status
    assert (bench.clock.sleeps, len(bench.gw.requests)) == (sleeps, len(sleeps) + 1)


def test_question_without_any_answer(bench: Bench) -> None:
    """After the fourth cut connection the sentence says who cannot be reached and that it cost nothing."""
    bench.gw.fault("GET", Fault(drop=True), times=None)
    with pytest.raises(OutageError, match=r"Test \(127\.0\.0\.1\) cannot be reached .*Nothing was charged"):
        bench.ask(LIST)
    assert (bench.clock.sleeps, len(bench.gw.requests)) == ([0.5, 1.0, 2.0], 4)


@pytest.mark.parametrize(("luck", "sleeps"), [(0.0, [0.25, 0.5, 1.0]), (1.0, [0.75, 1.5, 3.0])])
def test_jitter(bench: Bench, luck: float, sleeps: list[float]) -> None:
    """A pause is half to one and a half of its length, so that many notebooks do not knock in step."""
    bench.jitter = luck
    bench.gw.fault("GET", Fault(status=500), times=None)
    bench.ask(LIST)
    assert bench.clock.sleeps == sleeps


@pytest.mark.parametrize("ask", [LIST, FOX])
def test_nobody_listens(bench: Bench, nobody: str, ask: Ask) -> None:
    """A refused connection proves that nothing was sent: tried again, then reported as not charged."""
    bench.base_url, bench.jitter = nobody, 0.0
    with pytest.raises(OutageError) as raised:
        bench.ask(ask)
    assert raised.value.charged is False
    assert bench.clock.sleeps == ([1.0, 2.0, 4.0, 8.0, 16.0] if ask.paid else [0.25, 0.5, 1.0])


def test_paid_once_the_network_is_back(bench: Bench, nobody: str) -> None:
    """The paid ask waits for the network, and is paid once."""
    bench.base_url = nobody

    async def work(engine: Engine) -> Answer:
        async def back(seconds: float) -> None:
            engine.place = Place("Test", bench.gw.url)
            await bench.clock.sleep(seconds)

        engine._sleep = back
        return await engine.run(asking(FOX))

    assert bench.run(work).status == 200
    assert len(bench.gw.paid) == len(bench.gw.charged) == 1


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(drop=True, accept=True), Fault(cut=3)])
def test_paid_answer_lost(bench: Bench, fault: Fault) -> None:
    """A connection that breaks after the send is never followed by a second paid request."""
    bench.gw.fault("POST", fault)
    with pytest.raises(UnknownOutcomeError, match="may have been accepted and charged") as raised:
        bench.ask(FOX)
    assert raised.value.charged is None
    assert (len(bench.gw.paid), bench.clock.sleeps, bench.journal) == (1, [], [True])


@pytest.mark.parametrize("status", [200, 202, 302, 400, 402, 409, 429, 500, 502, 503, 504, 999])
def test_paid_answer_is_final(bench: Bench, status: int) -> None:
    """Whatever was answered, the codec decides; only proof of refusal sends again."""
    bench.gw.fault("POST", Fault(status=status, body={"said": status}), times=None)
    answer = bench.ask(FOX)
    assert (answer.status, answer.json()) == (status, {"said": status})
    assert (len(bench.gw.paid), bench.journal) == (1, [True])


def test_paid_waits_for_a_place(bench: Bench) -> None:
    """Throttling proves the refusal: journalled as unsent, waited out, sent again, paid once."""
    bench.jitter = 0.0
    bench.gw.fault("POST", BUSY, times=2)
    assert bench.ask(FOX).status == 200
    assert (bench.journal, bench.clock.sleeps) == ([True, False, True, False, True], [7.0, 7.0])
    assert (len(bench.gw.paid), len(bench.gw.charged)) == (3, 1)


def test_paid_pause_grows(bench: Bench) -> None:
    """A gateway that asks for no pause at all is still not hammered."""
    bench.jitter = 0.0
    bench.gw.fault("POST", Fault(status=429, headers={"Retry-After": "0"}), times=7)
    assert bench.ask(FOX).status == 200
    assert bench.clock.sleeps == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_paid_leaves_on_a_fresh_connection(bench: Bench) -> None:
    """A kept connection may be dead already, which would leave the paid request in doubt."""

    async def work(engine: Engine) -> list[int]:
        counts = []
        for ask in (LIST, LIST, FOX, FOX):
            await engine.run(asking(ask))
            counts.append(bench.gw.connections)
        return counts

    assert bench.run(work) == [1, 1, 2, 3]


# --- credentials ----------------------------------------------------------------------------------


@pytest.fixture
def signed(bench: Bench) -> Bench:
    """The same bench with access and secret key, so that tokens are signed."""
    keys = {"ACCESS": Secret(bench.gw.access_key), "SECRET": Secret(bench.gw.secret_key)}
    bench.credentials = Credentials("kling", keys)
    return bench


def test_token_is_renewed_in_time(signed: Bench) -> None:
    """A token lives 1800 s and is replaced in its last minute; the gateway never sees a stale one."""

    async def work(engine: Engine) -> list[int]:
        statuses = []
        for moment in (0, 1739, 1741, 3000, 9000):
            signed.clock.time = 1_795_150_800.0 + moment
            statuses.append((await engine.run(asking(LIST))).status)
        return statuses

    assert signed.run(work) == [200] * 5
    tokens = [seen.bearer for seen in signed.gw.requests]
    assert tokens[0] == tokens[1] != tokens[2] == tokens[3] != tokens[4]


@pytest.mark.parametrize("off", [pytest.param(-100.0, id="1003"), pytest.param(4000.0, id="1004")])
@pytest.mark.parametrize("ask", [LIST, FOX])
def test_token_refused_once(signed: Bench, clock: Clock, ask: Ask, off: float) -> None:
    """A token that the gateway calls early or expired is signed anew and asked once more; paid once."""
    moments = [off, 0.0]
    signed.gw.clock = lambda: clock.now() + moments.pop(0)
    assert signed.ask(ask).status == 200
    assert (len(signed.gw.requests), len(signed.gw.charged)) == (2, int(ask.paid))


def test_token_refused_twice(signed: Bench, clock: Clock) -> None:
    """A clock that is really wrong is reported, not asked about for ever."""
    signed.gw.clock = lambda: clock.now() - 100.0
    assert signed.ask(FOX).json()["code"] == 1003
    assert (len(signed.gw.paid), signed.gw.charged, clock.sleeps) == (2, [], [])


def test_refused_key_is_not_asked_again(bench: Bench) -> None:
    """An API key does not get better by asking."""
    bench.credentials = Credentials("bearer", {"KEY": Secret("sk-wrong-key")})
    assert bench.ask(FOX).status == 401
    assert len(bench.gw.paid) == 1


def test_key_stays_at_its_origin(bench: Bench) -> None:
    """An absolute URL elsewhere, and an ask that wants no signature, go out unsigned."""
    for ask in (LIST, Ask("GET", f"{bench.gw.cdn_url}{TEXT}"), Ask("GET", TEXT, auth=False)):
        bench.ask(ask)
    assert [seen.bearer for seen in bench.gw.requests] == [bench.gw.key, None, None]


def test_redirect_is_an_answer(bench: Bench) -> None:
    """An API that redirects is not followed: neither key nor order goes elsewhere."""
    bench.gw.fault("POST", Fault.redirect(f"{bench.gw.cdn_url}{TEXT}", 307))
    assert bench.ask(FOX).status == 307
    assert [seen.origin for seen in bench.gw.requests] == ["api"]


def test_echoed_key_is_masked(bench: Bench) -> None:
    """A gateway that repeats the key in body or header is masked before a codec reads it."""
    key = bench.gw.key
    bench.gw.fault("GET", Fault(status=400, body={"error": f"no {key}"}, headers={"X-Said": f"Bearer {key}"}))
    answer = bench.ask(LIST)
    assert answer.json() == {"error": f"no {MASK}"}
    assert answer.headers["x-said"] == f"Bearer {MASK}"


# --- bodies ---------------------------------------------------------------------------------------


def test_body_travels_as_json(bench: Bench) -> None:
    """UTF-8 as it was typed, stored inputs as bare base64, also deep inside lists."""
    picture = Inline("0" * 64, len(IMAGE), "fox.jpg")
    body: dict[str, Any] = {"prompt": "狐 ü", "image": picture, "list": [{"image_url": picture}]}
    bench.ask(Ask("POST", "/anything", body=body, params={"page": "2"}))
    seen, encoded = bench.gw.requests[0], base64.b64encode(IMAGE).decode()
    assert seen.json == {"prompt": "狐 ü", "image": encoded, "list": [{"image_url": encoded}]}
    assert "狐 ü".encode() in seen.body
    assert (seen.headers["content-type"], seen.query) == ("application/json", {"page": "2"})


def test_lone_surrogate_travels(bench: Bench) -> None:
    """A character that no encoding knows does not stop the request."""
    bench.ask(Ask("POST", "/anything", body={"prompt": "a\ud800b"}))
    assert bench.gw.requests[0].json == {"prompt": "a?b"}


def test_upload_is_multipart(bench: Bench) -> None:
    """One file, under the name and type that the codec chose."""
    bench.ask(Ask("POST", "/upload", part=Part("0" * 64, "file", "first-frame.jpg", "image/jpeg")))
    seen = bench.gw.requests[0]
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="first-frame.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + IMAGE in seen.body


def test_endless_answer_is_capped(bench: Bench) -> None:
    """An answer without end costs 16 MB, not the memory."""
    bench.gw.fault("GET", Fault(endless=True))
    assert len(bench.ask(LIST).body) == 16 * 1024 * 1024
