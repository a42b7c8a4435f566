"""Every dialect of the sandbox: through the real codecs and the lab, and as the gateways' pages word it."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from kling_nb import gateways
from kling_nb.cell import parse
from kling_nb.errors import GenerationError, KlingError, ModerationError, OptionError
from kling_nb.lab import Job, Lab
from kling_nb.request import VideoRequest
from kling_nb.sandbox import Options
from kling_nb.sandbox.__main__ import greeting
from kling_nb.settings import Settings
from kling_nb.wire import Answer, Ask, Order, batching, run_flow
from tests.sandbox.test_app import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_nb.lab.loops import Home

PLAYED = ("kling", "agentsflare", "imarouter", "wireflow")
FOX = {"prompt": "a fox in the snow", "model": "kling-v2-5-turbo", "mode": "pro"}
LINK = "https://img.example/fox.png"


def png() -> bytes:
    """A first frame."""
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "PNG")
    return file.getvalue()


# --- through the lab ------------------------------------------------------------------------------


async def nap(seconds: float) -> None:
    """The sandbox keeps its own time and is asked again at once."""
    await asyncio.sleep(min(seconds, 0.01))


@pytest.fixture
def new_lab(home: Home, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Labs of one folder, as several kernels have them; there is no key anywhere."""
    made: list[Lab] = []

    def make(**env: str) -> Lab:
        given = {"KLING_NB_SANDBOX": "latency=0 resolution=tiny", **env}
        lab = Lab(Settings(output=str(tmp_path)), env=given, sleep=nap)
        lab.home = home
        made.append(lab)
        return lab

    yield make
    for lab in made:
        for journal in lab._desks._journals.values():
            journal.close()


def clip(lab: Lab, gateway: str, **options: Any) -> Job:
    """Ask for one clip."""
    job = lab.submit(gateway=gateway, sandboxed=True, **{**FOX, **options})
    assert isinstance(job, Job)
    return job


def film_of(job: Job) -> str:
    """The name of the film at the sandbox, once the job is done."""
    job.wait(timeout=30)
    return Path(str(job.state.outputs[0]["url"])).name


def failed(lab: Lab, gateway: str, **options: Any) -> KlingError:
    """What a clip fails with."""
    with pytest.raises(KlingError) as raised:
        clip(lab, gateway, **options).wait(timeout=30)
    return raised.value


def test_the_same_request_is_the_same_film_everywhere(new_lab: Callable[..., Lab]) -> None:
    """A request and take make one film, whichever dialect brought it; another take or picture makes another."""
    lab = new_lab()
    requests: list[dict[str, Any]] = [
        {},
        {"take": 2},
        {"image": LINK, "aspect": "16:9"},
        {"image": png()},
        {"duration": 10, "aspect": "1:1"},
    ]
    jobs = {
        (number, gateway): clip(lab, gateway, **request)
        for number, request in enumerate(requests)
        for gateway in ("sandbox", *PLAYED)
        if not (gateway == "imarouter" and isinstance(request.get("image"), bytes))
    }
    films: dict[int, set[str]] = {}
    for (number, _), job in jobs.items():
        films.setdefault(number, set()).add(film_of(job))
    assert [len(found) for found in films.values()] == [1] * len(requests)
    assert len(set.union(*films.values())) == len(requests)
    assert {job.gateway for job in jobs.values()} == {"sandbox", *(f"{name}@sandbox" for name in PLAYED)}


@pytest.mark.parametrize(
    "options",
    [
        {"take": 2},
        {"image": png(), "tail": LINK},
        {"prompt": "", "shots": [("a fox", 2), ("a hare", 3)], "sound": True},
    ],
)
def test_both_generations_make_the_same_film(new_lab: Callable[..., Lab], options: dict[str, Any]) -> None:
    """Kling's two spellings of a model go to two dialects of the sandbox."""
    lab = new_lab()
    jobs = [clip(lab, "kling", **{**options, "model": model}) for model in ("kling-v3", "kling-3.0")]
    assert film_of(jobs[0]) == film_of(jobs[1])
    assert [bool((job.state.ticket or {})["extra"]) for job in jobs] == [False, True]


@pytest.mark.parametrize("gateway", PLAYED)
def test_a_result_says_who_was_played(new_lab: Callable[..., Lab], gateway: str) -> None:
    """The caption names the sandbox and the gateway, and nothing was charged."""
    lab = new_lab()
    job = clip(lab, gateway)
    job.wait(timeout=30)
    (view,) = lab.views([job])
    assert view.gateway == f"Sandbox as {lab.gateway(gateway).label}"
    assert view.sandbox
    assert view.price_usd == pytest.approx(0.35)
    assert "Sandbox: nothing charged." in lab.bundle([job])["text/plain"]
    again = clip(new_lab(KLING_NB_GATEWAY=f"{gateway}@sandbox"), "")
    assert (again.id, again.from_disk) == (job.id, True)


@pytest.mark.parametrize("gateway", PLAYED)
def test_a_new_kernel_goes_on(new_lab: Callable[..., Lab], gateway: str) -> None:
    """The journal's name for the gateway is enough to find the task again, without a flag or a key."""
    job = clip(new_lab(), gateway, set={"sandbox": {"latency": 0.3}})
    has_ticket = threading.Event()
    job.watch(lambda: has_ticket.set() if job.state.ticket else None)
    assert job.state.ticket or has_ticket.wait(30)
    job.abort()  # the kernel dies
    (back,) = new_lab().resume([job.id])
    assert back.gateway == f"{gateway}@sandbox"
    assert back.wait(timeout=30).path.is_file()
    assert [event.kind for event in back.history].count("sending") == 1


@pytest.mark.parametrize("gateway", PLAYED)
@pytest.mark.parametrize(
    ("mischief", "error"),
    [({"fail": "no <fox>"}, GenerationError), ({"moderation": True}, ModerationError)],
)
def test_trouble_can_be_rehearsed(
    new_lab: Callable[..., Lab], gateway: str, mischief: dict[str, Any], error: type[KlingError]
) -> None:
    """The sandbox's mischief reaches it in every dialect, and the codec reads what comes back."""
    assert type(failed(new_lab(), gateway, set={"sandbox": mischief})) is error


@pytest.mark.parametrize(("gateway", "sends"), [("wireflow", 2), ("kling", 1), ("agentsflare", 1)])
def test_a_lost_answer_is_settled_as_at_the_gateway(new_lab: Callable[..., Lab], gateway: str, sends: int) -> None:
    """Wireflow by a repeat under the same key, Kling's dialect by a look-up: one task either way."""
    job = clip(new_lab(), gateway, set={"sandbox": {"lose_answer": True}})
    job.wait(timeout=30)
    assert [event.kind for event in job.history].count("sending") == sends
    assert job.status == "done"


def test_the_real_gaps_stay(new_lab: Callable[..., Lab]) -> None:
    """What a gateway does not take is refused before anything is sent, as it would be there."""
    with pytest.raises(KlingError) as raised:
        clip(new_lab(), "imarouter", image=png())
    assert "Sandbox as ImaRouter" in raised.value.sentence
    with pytest.raises(KlingError, match="--camera"):
        clip(new_lab(), "wireflow", camera="forward_up")


def test_what_the_sandbox_cannot_play(new_lab: Callable[..., Lab]) -> None:
    """One sentence that says what it speaks; an unknown gateway is unknown there too."""
    with pytest.raises(OptionError, match=r"cannot play fal\.ai: it speaks kling, openai-video, wireflow"):
        clip(new_lab(), "fal")
    with pytest.raises(OptionError, match="No gateway is called “wireflaw”"):
        new_lab(KLING_NB_GATEWAY="wireflaw@sandbox").gateway()


def test_the_cell_option(new_lab: Callable[..., Lab]) -> None:
    """``--sandboxed`` shows the gateway's own requests in a dry run, on the sandbox's address."""
    order = parse("fox -g wireflow --sandboxed --take 2 --dry-run", "a fox", {})
    text = new_lab().rehearse(order.requests, order.gateway)["text/plain"]
    assert "POST https://sandbox.kling-nb.invalid/api/v1/workflows/sandbox/execute" in text
    assert "X-Kling-Nb-Take: 2" in text
    assert "Authorization" not in text
    real = new_lab().rehearse(parse("fox -g imarouter --take 2 --dry-run", "a fox", {}).requests, "imarouter")
    assert "X-Kling-Nb-Take" not in real["text/plain"]


def test_pipelines_and_the_account_of_wireflow(new_lab: Callable[..., Lab]) -> None:
    """A stored workflow runs by its inputs, and the nodes can be listed."""
    lab = new_lab()
    assert "n_txt" in repr(lab.workflow_inputs("any", "wireflow@sandbox"))
    assert "kling_video_2_5_i2v" in repr(lab.node_types("wireflow@sandbox"))
    run = lab.submit(workflow="any", inputs={"n_txt": FOX["prompt"]}, gateway="wireflow", sandboxed=True)
    assert isinstance(run, Job)
    assert film_of(run) == film_of(clip(lab, "wireflow"))
    (view,) = lab.views([run])
    assert [(step.label, step.phase) for step in view.steps] == [("Prompt", "done"), ("Kling", "done")]


# --- as the pages word it -------------------------------------------------------------------------


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A sandbox with a clock that is turned by hand."""
    return Bench(tmp_path)


def finished(bench: Bench, path: str) -> Any:
    """A task a minute later."""
    bench.time += 60
    bench.app.state.desk.finish()
    return bench.ask("GET", path).json()


def test_agentsflare_answers_sparsely(bench: Bench) -> None:
    """An id of its own behind a date and nothing else; the task is Kling's object, on its own route."""
    path = "/klingai/v1/videos/text2video"
    answer = bench.ask("POST", path, json={"model_name": "kling-v3", "prompt": "a fox"}).json()
    assert answer.keys() == {"code", "message", "data"}
    assert (answer["code"], answer["message"], list(answer["data"])) == (0, "success", ["task_id"])
    task = answer["data"]["task_id"]
    assert re.fullmatch(r"20270115080000[0-9a-f]{16}", task)
    assert finished(bench, f"{path}/{task}")["data"]["task_status"] == "succeed"
    assert bench.ask("GET", f"/klingai/v1/videos/image2video/{task}").json()["code"] == 1203
    assert bench.ask("GET", f"/v1/videos/text2video/{task}").status_code == 404


IMA = "/v1/videos"
FLOW = "/api/v1/workflows/wf_demo01"


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/klingai/v1/videos/text2video", {"model_name": "sora", "prompt": "x"}, 400, {"statusCode": 400}),
        ("/klingai/v1/videos/text2video", {"prompt": "x", "duration": "7"}, 400, {"code": 1201}),
        ("/klingai/v1/videos/flipbook", {}, 404, {"message": "Cannot POST /klingai/v1/videos/flipbook"}),
        (IMA, {"model": "kling-v2-6"}, 400, {"code": "invalid_request", "message": "prompt is required", "data": None}),
        (IMA, {"model": "sora-2", "prompt": "x"}, 404, {"code": "model_not_found"}),
        (IMA, {"prompt": "x", "duration": 7}, 400, {"code": "invalid_request"}),
        (IMA, {"prompt": "x", "metadata": "{"}, 400, {"message": "metadata is not JSON"}),
        (IMA, {"prompt": "x", "sandbox": {"moderation": True}}, 400, {"code": "sensitive_words_detected"}),
        (IMA, {"model": "kling-v3-omni-video", "prompt": "x", "metadata": {}}, 400, {"code": "invalid_request"}),
        (IMA, {"model": "kling-v3-omni-video", "prompt": "x", "image": LINK, "images": [LINK]}, 400, {}),
        (f"{FLOW}/execute", {}, 400, {"error": "Missing required fields: nodes, edges"}),
        (f"{FLOW}/execute", {"nodes": [], "edges": []}, 400, {"error": "At least one node must be provided"}),
        (f"{FLOW}/execute", {"nodes": [{}], "edges": []}, 400, {"error": "All nodes must have an id"}),
        (f"{FLOW}/execute", {"nodes": [{"id": "a"}], "edges": []}, 400, {}),
        (f"{FLOW}/execute", {"nodes": [{"id": "a"}], "edges": [{"source": "a", "target": "b"}]}, 400, {}),
        (f"{FLOW}/run", {"inputs": {"n_txt": ""}}, 400, {"error": "the input n_txt (Prompt) is required"}),
        (f"{FLOW}/run", {"inputs": {"n_more": "x"}}, 400, {}),
        ("/api/v1/media/upload", {"url": "ftp://x"}, 400, {"error": "url must be an https address"}),
        ("/api/v1/elsewhere", {}, 404, {"error": "there is no POST /api/v1/elsewhere"}),
        ("/text-to-video/kling-9", {"prompt": "x"}, 404, {"code": 1203}),
        ("/text-to-video/kling-2.6", {"prompt": "x", "settings": {"duration": "5"}}, 400, {"code": 1201}),
        ("/text-to-video/kling-2.6", {"prompt": "x", "settings": {"resolution": "8k"}}, 400, {"code": 1201}),
        ("/text-to-video/kling-2.6", {"prompt": "x", "settings": {"audio": "loud"}}, 400, {"code": 1201}),
        ("/text-to-video/kling-2.6", {"contents": [{"type": "smell"}]}, 400, {"code": 1201}),
    ],
)
def test_each_dialect_refuses_in_its_own_words(
    bench: Bench, path: str, body: dict[str, Any], status: int, told: dict[str, Any]
) -> None:
    """The status and shape of the gateway's own pages; nothing is begun."""
    answer = bench.ask("POST", path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json().items() >= told.items()
    assert bench.briefs == []


def test_the_video_object_through_its_life(bench: Bench) -> None:
    """Queued, in progress, completed, with the fields of new-api and the price of ImaRouter."""
    made = bench.ask(
        "POST", IMA, json={"model": "kling-v2-6", "prompt": "a fox", "duration": 10, "size": "9:16"}
    ).json()
    assert made["id"] == made["task_id"]
    assert made.items() >= {"object": "video", "status": "queued", "progress": 0, "seconds": "10"}.items()
    bench.time += 2
    running = bench.ask("GET", f"{IMA}/{made['id']}").json()
    assert running["status"] == "in_progress"
    assert 30 < running["progress"] < 100
    content = bench.ask("GET", f"{IMA}/{made['id']}/content")
    assert content.status_code == 400
    assert "current status: in_progress" in content.json()["error"]["message"]
    done = finished(bench, f"{IMA}/{made['id']}")
    assert done.items() >= {"status": "completed", "progress": 100, "amount_usd": 0.0, "size": "9:16"}.items()
    assert bench.ask("GET", done["metadata"]["url"]).content == bench.ask("GET", f"{IMA}/{made['id']}/content").content
    (brief,) = bench.briefs
    assert (brief.width < brief.height, brief.seconds) == (True, 10)


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "x", "image": base64.b64encode(png()).decode()},
        {"prompt": "x", "image": LINK, "metadata": {"image_tail": "data:image/png;base64,AAAA"}},
        {"model": "kling-v3-omni-video", "prompt": "x", "images": ["AAAA"]},
    ],
)
def test_imarouter_fails_on_base64_afterwards(bench: Bench, body: dict[str, Any]) -> None:
    """Accepted, then failed in the words that were seen there."""
    made = bench.ask("POST", IMA, json=body).json()
    assert made["status"] == "queued"
    assert "argument list too long" in finished(bench, f"{IMA}/{made['id']}")["error"]["message"]


@pytest.mark.parametrize(
    ("body", "model", "shown"),
    [
        ({"model": "kling-v2-1-master", "metadata": {"mode": "pro"}}, "kling-v2-1-master", 1280 * 720),
        ({"model": "kling-video-o1", "image": LINK, "metadata": {"mode": "pro"}}, "kling-video-o1", 1920 * 1080),
        ({"model": "kling-v3-omni-video", "image_list": [{"image_url": LINK}], "duration": 3}, "kling-v3-omni", 921600),
        ({"model": "kling-v2-6", "size": "1792x1024", "seconds": "5"}, "kling-v2-6", 1280 * 720),
    ],
)
def test_models_with_manners_of_their_own(bench: Bench, body: dict[str, Any], model: str, shown: int) -> None:
    """Master models have no modes, omni models take lists, pixels stand for a ratio."""
    answer = bench.ask("POST", IMA, json={"prompt": "x", **body})
    assert answer.status_code == 200, answer.text
    bench.app.state.desk.finish()
    (brief,) = bench.briefs
    assert brief.slate[0].startswith(model)
    assert brief.width * brief.height == shown


def test_one_path_two_dialects(bench: Bench) -> None:
    """The shape of the path decides, and each sees its own tasks only."""
    ours = bench.ask("POST", IMA, json={"prompt": "x"}).json()["id"]
    kling = bench.submit()["task_id"]
    assert [video["id"] for video in bench.ask("GET", IMA).json()["data"]] == [ours]
    assert [task["task_id"] for task in bench.ask("GET", f"{IMA}/text2video").json()["data"]] == [kling]
    unknown = bench.ask("GET", f"{IMA}/{kling}")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_exist")


def test_the_list_of_videos_is_paged(bench: Bench) -> None:
    """Newest first or last, from the id where the page before ended."""
    ids = [bench.ask("POST", IMA, json={"prompt": f"fox {n}"}).json()["id"] for n in range(3)]
    page = bench.ask("GET", IMA, params={"limit": 2}).json()
    assert ([video["id"] for video in page["data"]], page["has_more"]) == ([ids[2], ids[1]], True)
    rest = bench.ask("GET", IMA, params={"limit": 2, "after": page["last_id"]}).json()
    assert ([video["id"] for video in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    assert bench.ask("GET", IMA, params={"order": "asc", "limit": 1}).json()["first_id"] == ids[0]
    assert bench.ask("GET", IMA, params={"after": ids[0]}).json()["data"] == []
    assert bench.ask("GET", IMA, params={"limit": 0}).status_code == 400


def graph(**settings: Any) -> dict[str, Any]:
    """A prompt and a picture into the Kling node, and an upscaler behind it."""
    kinds = {"t": "input:text", "i": "input:image", "k": "video:kling_video_2_5_i2v", "u": "upscale:topaz"}
    told = {"t": {"prompt": "a fox"}, "i": {"imageUrl": LINK}, "k": settings, "u": {}}
    edges = [("t", "k", "in-prompt"), ("i", "k", "in-image_url"), ("k", "u", "in-video")]
    return {
        "nodes": [{"id": n, "data": {"nodeType": kind, "label": n, "params": told[n]}} for n, kind in kinds.items()],
        "edges": [{"source": a, "target": b, "targetHandle": port} for a, b, port in edges],
        "targetNodeId": "u",
    }


def test_a_wireflow_run(bench: Bench) -> None:
    """201 with a Location that is polled; every node is told of, under each documented path."""
    answer = bench.ask("POST", f"{FLOW}/execute", json=graph(model_version="2.1-master", aspect_ratio="9:16"))
    assert answer.status_code == 201
    assert answer.headers["x-request-id"].startswith("req_")
    run = answer.json()["executionRuns"][0]["id"]
    assert answer.headers["location"] == f"/api/v1/workflows/executions/{run}/poll"
    first = bench.ask("GET", answer.headers["location"]).json()
    states = {node["nodeId"]: node["status"] for node in first["nodeResults"]["nodeRuns"]}
    assert states == {"t": "COMPLETED", "i": "COMPLETED", "k": "PENDING", "u": "PENDING"}
    done = finished(bench, f"/api/v1/executions/{run}/poll")
    assert done == bench.ask("GET", f"/api/v1/workflows/executions/{run}").json()
    assert done["status"] == "COMPLETED"
    assert [node.get("output") is not None for node in done["nodeResults"]["nodeRuns"]] == [False, False, True, True]
    assert bench.ask("GET", done["nodeResults"]["nodeRuns"][-1]["output"]["video"]["url"]).status_code == 200
    (brief,) = bench.briefs
    assert brief.slate[0].startswith("kling-v2-1-master")
    assert bench.ask("GET", "/api/v1/executions/exec_none/poll").json() == {"error": "there is no task 'exec_none'"}


def test_an_idempotency_key_is_kept(bench: Bench) -> None:
    """The same key and graph give the same answer and one task; another graph under it is a conflict."""
    headers = {"Idempotency-Key": "kn-ab-t2-x"}
    first, second = (bench.ask("POST", f"{FLOW}/execute", json=graph(), headers=headers) for _ in range(2))
    assert first.json() == second.json()
    other = bench.ask("POST", f"{FLOW}/execute", json=graph(duration="10"), headers=headers)
    assert other.status_code == 409
    assert other.json() == {"error": "Idempotency-Key reused with a different body"}
    bench.app.state.desk.finish()
    assert [brief.slate[1] for brief in bench.briefs] == ["take 2  image by URL"]


def test_a_busy_wireflow_names_the_moment(tmp_path: Path) -> None:
    """429 with the Unix time from which it may be tried again."""
    bench = Bench(tmp_path, Options(throttle=1))
    answers = [bench.ask("POST", f"{FLOW}/execute", json=graph()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 429]
    assert answers[1].json()["retryAfter"] == bench.time + 1


def test_a_picture_is_uploaded(bench: Bench) -> None:
    """By form or by address; what was uploaded is the first frame of a graph that names it, and nothing else is."""
    url = bench.ask("POST", "/api/v1/media/upload", files={"file": ("a.png", png(), "image/png")}).json()["data"]["url"]
    assert bench.ask("GET", url).content == png()
    body = graph()
    body["nodes"][1]["data"]["params"]["imageUrl"] = url
    bench.ask("POST", f"{FLOW}/execute", json=body)
    bench.app.state.desk.finish()
    assert bench.briefs[0].first == png()
    given = bench.ask("POST", "/api/v1/media/upload", json={"url": LINK}).json()
    assert given == {"data": {"url": LINK}}
    refused = bench.ask("POST", "/api/v1/media/upload", files={"file": ("a.png", b"<svg>", "image/png")})
    assert (refused.status_code, refused.json()) == (400, {"error": "the file is neither PNG nor JPEG"})
    assert bench.ask("GET", "/uploads/..%2fledger.sqlite3").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"hello", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\nhello\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x--", "multipart/form-data"),
    ],
)
def test_a_broken_form_is_refused(bench: Bench, content: bytes, kind: str) -> None:
    """One sentence for whatever is missing."""
    answer = bench.ask("POST", IMA, content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("take", ["0", "two", "-1", "1000000"])
def test_a_take_is_a_number(bench: Bench, take: str) -> None:
    """In the header that says which sample is meant."""
    answer = bench.ask("POST", IMA, json={"prompt": "x"}, headers={"X-Kling-Nb-Take": take})
    assert "x-kling-nb-take must be a whole number from 1" in answer.json()["message"]


def test_accounts_never_empty(bench: Bench) -> None:
    """Balance, usage and estimate, as far as the pages print them."""
    assert bench.ask("GET", "/api/usage/token/user-balance").json()["data"]["balance_usd"] == 1000.0
    assert bench.ask("GET", "/api/v1/developer/usage").json()["data"]["availableCredits"] == 1000
    told = bench.ask("POST", f"{FLOW}/estimate", json=graph()).json()["data"]
    assert (told["estimatedCredits"], told["sufficient"], told["estimateComplete"]) == (0, True, True)
    assert [line["nodeId"] for line in told["breakdown"]] == ["k", "u"]


def test_the_second_generation(bench: Bench) -> None:
    """One question for many tasks, by either id; unknown ones are left out; it is spelled succeeded."""
    body = {
        "prompt": "a fox",
        "settings": {"resolution": "1080p", "aspect_ratio": "1:1", "duration": 5, "audio": "off"},
        "options": {"external_task_id": "nb-1"},
    }
    first = bench.ask("POST", "/text-to-video/kling-2.6", json=body).json()["data"]
    assert (first["status"], first["external_id"]) == ("submitted", "nb-1")
    frames = [{"type": "prompt", "text": "a fox"}, {"type": "first_frame", "url": LINK}]
    second = bench.ask("POST", "/image-to-video/kling-3.0", json={"contents": frames}).json()["data"]
    third = bench.ask("POST", "/omni-video/kling-o1", json={"contents": frames}).json()["data"]
    listed = finished(bench, f"/tasks?task_ids={first['id']},7,{second['id']},{third['id']}&external_task_ids=nb-1")
    assert [task["id"] for task in listed["data"]] == [first["id"], second["id"], third["id"], first["id"]]
    assert {task["status"] for task in listed["data"]} == {"succeeded"}
    assert listed["data"][0]["outputs"][0]["duration"] == "5.000"
    assert [brief.slate[0].split()[0] for brief in bench.briefs] == ["kling-v2-6", "kling-v3", "kling-video-o1"]
    assert bench.ask("GET", "/tasks").json()["code"] == 1201


def test_the_real_codec_reads_one_answer_about_many(bench: Bench) -> None:
    """Twelve tasks and a stranger in one question: states and links as one question about each would tell them."""
    speaker = gateways.codec(gateways.gateway("kling"), {})
    many = batching(speaker)
    assert many
    asked: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asked.append(ask)
        answer = bench.ask(ask.method, ask.path, params=dict(ask.params), json=ask.body)
        return Answer(answer.status_code, {}, answer.content)

    tickets = [
        run_flow(speaker.submit(Order(VideoRequest(prompt=f"fox {n}", model="kling-2.6"), f"kn-{n}")), send)
        for n in range(12)
    ]
    asked.clear()
    states = run_flow(many.poll_many([*tickets, replace(tickets[0], id="7")]), send)
    assert len(asked) == 1
    assert states.keys() == {ticket.id for ticket in tickets}
    assert {state.phase for state in states.values()} <= {"queued", "running"}
    bench.time += 60
    bench.app.state.desk.finish()
    states = run_flow(many.poll_many(tickets), send)
    assert {state.phase for state in states.values()} == {"done"}
    assert states == {ticket.id: run_flow(speaker.poll(ticket), send) for ticket in tickets}


def test_the_server_says_where_each_dialect_is() -> None:
    """One line for each kind of client, with the base URL to give it."""
    lines = greeting("http://127.0.0.1:8765", Path("here")).splitlines()
    assert dict(re.split(r"\s{2,}", line.strip()) for line in lines[1:]) == {
        "Kling": "http://127.0.0.1:8765",
        "Kling, second generation": "http://127.0.0.1:8765",
        "AgentsFlare": "http://127.0.0.1:8765",
        "ImaRouter": "http://127.0.0.1:8765",
        "the openai package": "http://127.0.0.1:8765/v1",
        "Wireflow": "http://127.0.0.1:8765/api/v1",
    }
