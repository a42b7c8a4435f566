"""The test gateway does what it promises; whoever tests against it may rely on this."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import av
import httpx
import jwt
import pytest

from . import Fault, Loopback, Script

if TYPE_CHECKING:
    from collections.abc import Iterator

FOX = {"model_name": "kling-v2-6", "prompt": "a fox", "duration": "5"}
IMA = {"model": "kling-v2-6", "prompt": "a fox", "duration": 5, "size": "16:9"}
GRAPH: dict[str, Any] = {"nodes": [{"id": "n_txt"}, {"id": "n_kling"}], "edges": [], "targetNodeId": "n_kling"}
TEXT = "/v1/videos/text2video"
EXECUTE = "/api/v1/workflows/wf_demo01/execute"


@pytest.fixture
def client(gw: Loopback) -> Iterator[httpx.Client]:
    """A client with the right key."""
    with httpx.Client(base_url=gw.url, headers={"Authorization": f"Bearer {gw.key}"}, timeout=10) as client:
        yield client


def test_official_task(gw: Loopback, client: httpx.Client) -> None:
    """Submit, three polls, by id and by external id; every request is remembered."""
    data = client.post(TEXT, json={**FOX, "external_task_id": "nb-1"}).json()["data"]
    assert (len(data["task_id"]), data["task_status"]) == (18, "submitted")
    words = [client.get(f"{TEXT}/{key}").json()["data"]["task_status"] for key in (data["task_id"], "nb-1", "nb-1")]
    assert words == ["submitted", "processing", "succeed"]
    video = client.get(f"{TEXT}/nb-1").json()["data"]["task_result"]["videos"][0]
    assert video["url"].startswith(gw.cdn_url)
    assert client.get("/v1/videos/image2video/nb-1").json()["code"] == 1203
    assert [task["task_id"] for task in client.get(TEXT).json()["data"]] == [data["task_id"]]
    assert client.post(TEXT, json={**FOX, "external_task_id": "nb-1"}).json()["code"] == 1201
    assert (len(gw.paid), len(gw.charged), len(gw.requests)) == (2, 1, 8)
    assert gw.paid[0].json["prompt"] == "a fox"


def test_second_generation_task(gw: Loopback, client: httpx.Client) -> None:
    """The model in the path, one look at many, the account; a signed token is refused but for the packs."""
    fox = {"prompt": "a fox", "settings": {"duration": 5}, "options": {"external_task_id": "nb-1"}}
    path = "/text-to-video/kling-3.0"
    data = client.post(path, json=fox).json()["data"]
    assert (data["status"], data["external_id"]) == ("submitted", "nb-1")
    other = client.post(path, json={**fox, "options": {}}).json()["data"]["id"]
    looks = [client.get("/tasks", params={"task_ids": f"{data['id']},{other},404"}).json()["data"] for _ in range(3)]
    words = ("submitted", "processing", "succeeded")
    assert [[task["status"] for task in look] for look in looks] == [[word, word] for word in words]
    assert looks[-1][0]["outputs"][0]["url"].startswith(gw.cdn_url)
    assert client.get("/tasks", params={"external_task_ids": "nb-1"}).json()["data"][0]["id"] == data["id"]
    assert client.post(path, json=fox).json()["code"] == 1201
    wrong = [{**fox, "settings": {"duration": "5"}}, {**fox, "contents": []}, {**fox, "settings": {"audio": "on"}}]
    assert {client.post(path, json={**body, "options": {}}).json()["code"] for body in wrong} == {1201}
    assert client.post("/omni-video/kling-3.0", json=fox).json()["code"] == 1203
    signed = jwt.encode({"iss": gw.access_key, "exp": gw.clock() + 60, "nbf": gw.clock() - 5}, gw.secret_key)
    span = {"start_time": 1, "end_time": 2}
    client.headers["Authorization"] = f"Bearer {signed}"
    codes = [client.get("/tasks").json()["code"], client.get("/account/costs", params=span).json()["code"]]
    assert codes == [1002, 0]
    assert len(gw.charged) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", 1200),
        ({**FOX, "duration": 5}, 1201),
        ({**FOX, "image": "data:image/png;base64,AA"}, 1201),
        ({**FOX, "prompt": "x" * 2501}, 1201),
        ({**FOX, "model_name": "sora"}, 1203),
    ],
)
def test_official_validation(gw: Loopback, client: httpx.Client, body: Any, code: int) -> None:
    """What the pages rule out is not charged."""
    answer = client.post(TEXT, content=body) if isinstance(body, bytes) else client.post(TEXT, json=body)
    assert answer.json()["code"] == code
    assert gw.charged == []


def test_official_parallel_limit(gw: Loopback, client: httpx.Client) -> None:
    """1303 until a task has come to its end."""
    gw.kling.manners.parallel = 1
    gw.script(Script(states=("done",)))
    first = client.post(TEXT, json=FOX).json()["data"]["task_id"]
    assert client.get(f"{TEXT}/{first}").json()["data"]["task_status"] == "succeed"
    gw.script(Script(states=("running",)))
    assert client.post(TEXT, json=FOX).status_code == 200
    answer = client.post(TEXT, json=FOX)
    assert (answer.status_code, answer.json()["code"]) == (429, 1303)


@pytest.mark.parametrize(
    ("claims", "secret", "code"),
    [
        ({}, None, 0),
        ({}, "another-secret-that-is-long-enough-for-hs256", 1000),
        ({"iss": "someone"}, None, 1000),
        ({"nbf": 1100}, None, 1003),
        ({"exp": 999}, None, 1004),
        ({"exp": "soon"}, None, 1002),
    ],
)
def test_official_tokens(gw: Loopback, claims: dict[str, Any], secret: str | None, code: int) -> None:
    """Tokens are checked by signature, issuer, begin and end."""
    gw.clock = lambda: 1000.0
    said = {"iss": gw.access_key, "exp": 2800, "nbf": 995, **claims}
    token = jwt.api_jws.encode(_json(said), secret or gw.secret_key, algorithm="HS256")
    answer = httpx.get(f"{gw.url}{TEXT}", headers={"Authorization": f"Bearer {token}"})
    assert (answer.json()["code"], answer.status_code) == (code, 401 if code else 200)


def _json(value: Any) -> bytes:
    return httpx.Request("POST", "http://x", json=value).content


@pytest.mark.parametrize("token", ["no.good.token", "..", "plain", "e30.e30.e30"])
def test_official_tokens_that_are_none(gw: Loopback, token: str) -> None:
    """Code 1002; without a header 1001."""
    answer = httpx.get(f"{gw.url}{TEXT}", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["code"] == 1002
    assert httpx.get(f"{gw.url}{TEXT}").json()["code"] == 1001


def test_agentsflare(gw: Loopback, client: httpx.Client) -> None:
    """A sparse submit, hexadecimal ids, the official envelope afterwards, errors of its own."""
    answer = client.post(f"/klingai{TEXT}", json=FOX).json()
    assert (answer["message"], list(answer["data"])) == ("success", ["task_id"])
    task_id = answer["data"]["task_id"]
    assert client.get(f"/klingai{TEXT}/{task_id}").json()["data"]["task_status"] == "submitted"
    assert client.get(f"/klingai/v1/videos/image2video/{task_id}").status_code == 404
    assert client.post("/klingai/v1/elsewhere").json()["message"] == "Cannot POST /klingai/v1/elsewhere"
    refused = httpx.get(f"{gw.url}/klingai{TEXT}/{task_id}", headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.json()["message"]) == (404, "Key not found")


@pytest.mark.parametrize("place", ["metadata.url", "results", "video", "output"])
@pytest.mark.parametrize("field", ["both", "id", "task_id"])
def test_imarouter(gw: Loopback, client: httpx.Client, place: Any, field: Any) -> None:
    """The id and the result stand where the switches say."""
    gw.imarouter.manners.place, gw.imarouter.manners.id = place, field
    gw.script(Script(states=("unknown", "running", "done")))
    task = client.post("/v1/videos", json=IMA).json()
    assert {"id", "task_id"} & set(task) == ({"id", "task_id"} if field == "both" else {field})
    told = [client.get(f"/v1/videos/{gw.charged[0].id}").json() for _ in range(3)]
    assert [one["status"] for one in told] == ["unknown", "in_progress", "completed"]
    url = f"{gw.cdn_url}/files/{gw.charged[0].id}.mp4"
    places = {"metadata.url": {"url": url}, "video": {"url": url}, "output": [{"url": url}]}
    key = place.partition(".")[0]
    assert told[2]["results"][0]["url"] == url if place == "results" else told[2][key] == places[place]


@pytest.mark.parametrize(
    ("shape", "error"), [("string", "no"), ("object", {"message": "no", "code": "failed"}), ("none", None)]
)
def test_imarouter_failure(gw: Loopback, client: httpx.Client, shape: Any, error: Any) -> None:
    """A failed task says why as text, as object, or not at all."""
    gw.imarouter.manners.error = shape
    gw.script(Script(states=("failed",), reason="no"))
    task_id = client.post("/v1/videos", json=IMA).json()["id"]
    assert client.get(f"/v1/videos/{task_id}").json().get("error") == error


def test_imarouter_refusals(gw: Loopback, client: httpx.Client) -> None:
    """A wrong key, an empty prompt, a field outside the closed schema; base64 fails later."""
    assert httpx.post(f"{gw.url}/v1/videos", json=IMA).status_code == 401
    assert client.post("/v1/videos", json={**IMA, "prompt": ""}).json()["code"] == "invalid_request"
    closed = {"model": "kling-v3-omni-video", "prompt": "a fox", "metadata": {}}
    assert client.post("/v1/videos", json=closed).status_code == 400
    assert client.get("/v1/videos/task_0").json()["code"] == "task_not_exist"
    assert gw.charged == []
    gw.script(Script(states=("done",)))
    task_id = client.post("/v1/videos", json={**IMA, "image": "iVBORw0KGgo="}).json()["id"]
    assert "wget" in client.get(f"/v1/videos/{task_id}").json()["error"]


@pytest.mark.parametrize("shape", ["a", "b", "c"])
@pytest.mark.parametrize("path", ["/api/v1/workflows/executions/{}/poll", "/executions/{}/poll", "/executions/{}"])
def test_wireflow(gw: Loopback, client: httpx.Client, shape: Any, path: str) -> None:
    """201 with a location; three shapes of a poll on each spelling of its path."""
    gw.wireflow.manners.poll = shape
    gw.script(Script(states=("running", "done")))
    answer = client.post(EXECUTE, json=GRAPH)
    assert (answer.status_code, answer.json()["workflowId"]) == (201, "wf_demo01")
    execution = answer.json()["executionRuns"][0]["id"]
    assert answer.headers["location"] == f"/api/v1/workflows/executions/{execution}/poll"
    told = [client.get(path.format(execution)) for _ in range(2)]
    assert all(one.headers["x-request-id"] for one in told)
    word = [(one.json().get("data") or one.json())["status"] for one in told]
    assert word == ["RUNNING", "COMPLETED"]
    assert f"{gw.cdn_url}/cdn/clips/{execution}.mp4" in told[1].text
    assert gw.cdn_url not in told[0].text


@pytest.mark.parametrize("place", ["executionRuns", "executionId", "data", "location"])
def test_wireflow_id_places(gw: Loopback, client: httpx.Client, place: Any) -> None:
    """The id of an execution stands in one place only, besides the location."""
    gw.wireflow.manners.id = place
    answer = client.post(EXECUTE, json=GRAPH)
    assert ("exec_01" in answer.text) == (place != "location")


@pytest.mark.parametrize(
    ("authorization", "message"),
    [(None, "Missing"), ("Bearer wrong", "format"), ("Bearer sk-wrong", "Invalid API key")],
)
@pytest.mark.parametrize("shape", ["string", "object"])
def test_wireflow_keys(gw: Loopback, authorization: str | None, message: str, shape: Any) -> None:
    """401 in either shape of an error."""
    gw.wireflow.manners.error = shape
    headers = {"Authorization": authorization} if authorization else {}
    answer = httpx.post(f"{gw.url}{EXECUTE}", json=GRAPH, headers=headers)
    error = answer.json()["error"]
    assert answer.status_code == 401
    assert message in (error if shape == "string" else error["message"])


def test_wireflow_money(gw: Loopback, client: httpx.Client) -> None:
    """One idempotency key is charged once; without credits 402 with a breakdown."""
    gw.wireflow.manners.credits = 15
    ids = [
        client.post(EXECUTE, json=GRAPH, headers={"Idempotency-Key": "k"}).json()["executionRuns"][0]["id"]
        for _ in range(2)
    ]
    assert (ids, len(gw.charged), len(gw.paid)) == (["exec_01"] * 2, 1, 2)
    assert client.post("/api/v1/workflows/wf/estimate", json=GRAPH).json()["data"]["sufficient"] is False
    answer = client.post(EXECUTE, json=GRAPH)
    assert (answer.status_code, answer.json()["availableCredits"]) == (402, 5)
    assert answer.json()["breakdown"][0]["credits"] == 10
    assert client.post(EXECUTE, json={"nodes": [], "edges": []}).status_code == 400


def test_wireflow_cdn(gw: Loopback, client: httpx.Client) -> None:
    """Uploads come back; the CDN serves browsers only, and the download route anyone."""
    url = client.post("/api/v1/media/upload", files={"file": ("fox.png", b"PNG", "image/png")}).json()["data"]["url"]
    clip = f"{gw.cdn_url}/cdn/clips/exec_01.mp4"
    browser = {"User-Agent": "Mozilla/5.0"}
    assert b"PNG" in httpx.get(url, headers=browser).content
    assert httpx.get(clip).status_code == 403
    assert httpx.get(clip, headers=browser).content == gw.clip_bytes
    assert httpx.get(f"{gw.url}/api/download", params={"url": clip}).content == gw.clip_bytes


def test_the_clip_is_a_video(gw: Loopback) -> None:
    """One second of real H.264, whole or by range, with HEAD."""
    with av.open(str(gw.clip)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12
    url = f"{gw.cdn_url}/files/1.mp4"
    part = httpx.get(url, headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, gw.clip_bytes[100:])
    assert httpx.get(url, headers={"Range": "bytes=9999999-"}).status_code == 416
    assert httpx.head(url).headers["content-length"] == str(len(gw.clip_bytes))
    assert [seen.origin for seen in gw.downloads] == ["cdn"] * 3


def test_fault_answers_once(gw: Loopback, client: httpx.Client) -> None:
    """A status and a body instead of the answer, after the first request, twice."""
    task_id = client.post(TEXT, json=FOX).json()["data"]["task_id"]
    gw.fault(f"GET {TEXT}", Fault(status=503, body={"error": "busy"}, headers={"Retry-After": "1"}), times=2, after=1)
    answers = [client.get(f"{TEXT}/{task_id}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert (answers[1].headers["retry-after"], answers[1].json()) == ("1", {"error": "busy"})
    assert gw.charged[0].polls == 2


@pytest.mark.parametrize(
    ("fault", "charged"),
    [
        (Fault(drop=True), 0),
        (Fault(drop=True, accept=True), 1),
        (Fault.html(), 0),
        (Fault.html(accept=True), 1),
    ],
)
def test_fault_before_or_after_accepting(gw: Loopback, client: httpx.Client, fault: Fault, charged: int) -> None:
    """A lost paid request costs money or not; the client cannot see which."""
    gw.fault("POST", fault)
    if fault.drop:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(TEXT, json=FOX)
    else:
        assert client.post(TEXT, json=FOX).headers["content-type"].startswith("text/html")
    assert (len(gw.charged), len(gw.paid)) == (charged, 1)


def test_fault_in_a_download(gw: Loopback) -> None:
    """Cut short, too long, endless, redirected, held back, something else entirely."""
    url = f"{gw.cdn_url}/files/1.mp4"
    gw.fault("1.mp4", Fault(cut=100))
    with httpx.stream("GET", url) as answer:
        assert answer.headers["content-length"] == str(len(gw.clip_bytes))
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    gw.fault("1.mp4", Fault(status=200, body=b"garbage", headers={"Content-Type": "video/mp4"}))
    assert httpx.get(url).content == b"garbage"
    gw.fault("1.mp4", Fault(endless=True))
    with httpx.stream("GET", url) as answer:
        got = 0
        for piece in answer.iter_bytes():
            got += len(piece)
            if got > 1_000_000:
                break
    assert got > 1_000_000
    gw.fault("1.mp4", Fault.redirect(f"{gw.url}/files/2.mp4"))
    assert httpx.get(url, follow_redirects=True).content == gw.clip_bytes
    gw.fault("1.mp4", Fault(hold=threading.Event()))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, timeout=0.05)


def test_a_fault_of_its_own_fails_the_test() -> None:
    """A mistake inside the gateway is not taken for a dropped connection."""

    def use() -> None:
        with Loopback() as gw, contextlib.suppress(httpx.RemoteProtocolError):
            gw.clip_bytes = None  # type: ignore[assignment]
            httpx.get(f"{gw.cdn_url}/files/1.mp4")

    with pytest.raises(AssertionError, match="gateway itself"):
        use()
