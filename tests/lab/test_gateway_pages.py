"""A cell becomes the very request that a gateway's page shows, and a clip on disk.

The bodies are the literal examples of the pages of ImaRouter (Kling family), AgentsFlare
(docs.agentsflare.com/en/api-examples/kling) and Wireflow (executions, workflow schema).
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from PIL import Image

from kling_nb.media import POSTER_BYTES, probe, read_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_nb.lab import Video
    from tests.lab.conftest import Notebook

DOCS = Path(__file__).parents[2] / ".github" / "GATEWAY_EXAMPLES.md"
WATCH = "Luxury watch campaign, dramatic studio lighting, smooth dolly move, premium motion design feel"
RABBIT = "A cute little rabbit running on the road fast as a racing car"
SMILE = "Camera zooms out, the girl smiles"
GIRL = "https://p2-kling.klingai.com/kcdn/cdn-kcdn112452/kling-qa-test/multi-2.png"
GIRL_LAST = "https://p2-kling.klingai.com/kcdn/cdn-kcdn112452/kling-qa-test/multi-1.png"
BOAT, DRAIN = "https://img.example/boat.png", "https://img.example/drain.png"
FOX = "https://img.example/fox.png"


@dataclass(frozen=True, slots=True)
class Page:
    """One example: what a person types, and what the page sends."""

    line: str
    body: str
    path: str
    json: dict[str, Any]

    @property
    def gateway(self) -> str:
        """The name behind ``-g``."""
        return self.line.split()[1]


RABBIT_JSON = {
    "model_name": "kling-v3",
    "prompt": RABBIT,
    "negative_prompt": "",
    "duration": "5",
    "mode": "pro",
    "sound": "off",
    "aspect_ratio": "1:1",
    "callback_url": "",
    "external_task_id": "",
}
GIRL_JSON = {
    "model_name": "kling-v3",
    "image": GIRL,
    "image_tail": GIRL_LAST,
    "prompt": SMILE,
    "negative_prompt": "",
    "duration": "5",
    "mode": "pro",
    "sound": "off",
    "callback_url": "",
    "external_task_id": "",
}
RABBIT_CELL = "-m kling-v3 --mode pro -d 5 -a 1:1 --sound off"
GIRL_CELL = f"-m kling-v3 --mode pro -d 5 --sound off --image {GIRL} --tail {GIRL_LAST}"

WIREFLOW_GRAPH: dict[str, Any] = json.loads("""
{
 "nodes": [
  {"id":"n_img","type":"basedNode","position":{"x":0,"y":0},
   "data":{"label":"First frame","nodeType":"input:image","category":"input",
           "config":{"imageUrl":"https://img.example/fox.png"},
           "params":{"imageUrl":"https://img.example/fox.png"},
           "inputs":[],"outputs":[{"id":"image","label":"Image","type":"IMAGE"}]}},
  {"id":"n_txt","type":"basedNode","position":{"x":0,"y":200},
   "data":{"label":"Prompt","nodeType":"input:text","category":"input",
           "config":{"prompt":"the fox turns its head"},"params":{"prompt":"the fox turns its head"},
           "inputs":[],"outputs":[{"id":"prompt","label":"Prompt","type":"TEXT"}]}},
  {"id":"n_kling","type":"basedNode","position":{"x":400,"y":100},
   "data":{"label":"Kling","nodeType":"video:kling_video_2_5_i2v","category":"video",
           "config":{"model_version":"2.5-pro","duration":"5","aspect_ratio":"16:9"},
           "params":{"model_version":"2.5-pro","duration":"5","aspect_ratio":"16:9"},
           "inputs":[{"id":"image_url","type":"IMAGE","label":"Image","required":true},
                     {"id":"prompt","type":"TEXT","label":"Prompt","required":true}],
           "outputs":[{"id":"video","label":"Video","type":"VIDEO"}]}}],
 "edges": [
  {"id":"e1","source":"n_img","sourceHandle":"out-image","target":"n_kling","targetHandle":"in-image_url"},
  {"id":"e2","source":"n_txt","sourceHandle":"out-prompt","target":"n_kling","targetHandle":"in-prompt"}],
 "targetNodeId":"n_kling"
}
""")

FILM = "https://your-public-video.mp4"
DANCER = "https://p2-kling.klingai.com/kcdn/cdn-kcdn112452/kling-qa-test/multi-3.ng.png"
GREY_SHIRT = "The girl is wearing a loose gray T-shirt and denim shorts"
MOTION_JSON = {
    "model_name": "kling-v2-6",
    "image_url": DANCER,
    "video_url": FILM,
    "prompt": GREY_SHIRT,
    "keep_original_sound": "yes",
    "character_orientation": "image",
    "mode": "pro",
    "callback_url": "",
    "external_task_id": "demo-motion-001",
}
MOTION_CELL = (
    f"-m kling-v2-6 --mode pro --image {DANCER} --video {FILM} --keep-sound on --orientation image "
    "--external-id demo-motion-001"
)
NEXT_SHOT = "Based on <<<video_1>>>, generate the next shot."
OMNI_JSON = {
    "model_name": "kling-video-o1",
    "prompt": NEXT_SHOT,
    "video_list": [{"video_url": FILM, "refer_type": "feature", "keep_original_sound": "yes"}],
    "aspect_ratio": "16:9",
    "mode": "pro",
}
OMNI_CELL = f"-m kling-video-o1 --mode pro -a 16:9 --video {FILM} --refer feature --keep-sound on"
CITY = "[2s] Wide shot of the city at dusk\n[3s] Camera pushes toward the balcony"
CITY_JSON = {
    "model_name": "kling-v3-omni",
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": 1, "prompt": "Wide shot of the city at dusk", "duration": 2},
        {"index": 2, "prompt": "Camera pushes toward the balcony", "duration": 3},
    ],
    "aspect_ratio": "16:9",
    "mode": "pro",
}
# The page's two pictures are placeholders, <image_1> and <image_2>.
SMOOTH = "smooth transition between the two images"
SMOOTH_JSON = {
    "model_name": "kling-v1-6",
    "image_list": [{"image": BOAT}, {"image": DRAIN}],
    "prompt": SMOOTH,
    "aspect_ratio": "16:9",
    "duration": "5",
}

PAGES: dict[str, Page] = {
    "ImaRouter, text": Page(
        "-g imarouter -m kling-v2-6 --mode pro -d 10 -a 16:9",
        WATCH,
        "/v1/videos",
        {"model": "kling-v2-6", "prompt": WATCH, "duration": 10, "size": "16:9", "metadata": {"mode": "pro"}},
    ),
    "ImaRouter, first and last frame": Page(
        f"-g imarouter -m kling-v2-6 --mode pro -d 5 -a 16:9 --image {BOAT} --tail {DRAIN}",
        "a paper boat drifts down a gutter",
        "/v1/videos",
        {
            "model": "kling-v2-6",
            "prompt": "a paper boat drifts down a gutter",
            "duration": 5,
            "size": "16:9",
            "image": BOAT,
            "metadata": {"mode": "pro", "image_tail": DRAIN},
        },
    ),
    "AgentsFlare, text": Page(f"-g agentsflare {RABBIT_CELL}", RABBIT, "/klingai/v1/videos/text2video", RABBIT_JSON),
    "AgentsFlare, frames": Page(f"-g agentsflare {GIRL_CELL}", SMILE, "/klingai/v1/videos/image2video", GIRL_JSON),
    "AgentsFlare, motion control": Page(
        f"-g agentsflare {MOTION_CELL}", GREY_SHIRT, "/klingai/v1/videos/motion-control", MOTION_JSON
    ),
    "AgentsFlare, omni video": Page(
        f"-g agentsflare {OMNI_CELL}", NEXT_SHOT, "/klingai/v1/videos/omni-video", OMNI_JSON
    ),
    "AgentsFlare, shots": Page(
        "-g agentsflare -m kling-v3-omni --mode pro -a 16:9 --shots", CITY, "/klingai/v1/videos/omni-video", CITY_JSON
    ),
    "AgentsFlare, several images": Page(
        f"-g agentsflare -m kling-v1-6 -d 5 -a 16:9 --images {BOAT},{DRAIN}",
        SMOOTH,
        "/klingai/v1/videos/multi-image2video",
        SMOOTH_JSON,
    ),
    "Kling, text": Page(f"-g kling {RABBIT_CELL}", RABBIT, "/v1/videos/text2video", RABBIT_JSON),
    "Kling, frames": Page(f"-g kling {GIRL_CELL}", SMILE, "/v1/videos/image2video", GIRL_JSON),
    "Wireflow, first frame": Page(
        f"-g wireflow -m kling-v2-5-turbo --mode pro -d 5 -a 16:9 --image {FOX}",
        "the fox turns its head",
        "/api/v1/workflows/wf_demo01/execute",
        WIREFLOW_GRAPH,
    ),
}


def without_empty(body: dict[str, Any]) -> dict[str, Any]:
    """The page's body without the optional fields that it leaves empty."""
    return {name: value for name, value in body.items() if value != ""}


def assert_finished(nb: Notebook, key: str) -> Video:
    """The clip, its poster and its manifest are on disk, nothing else is, and no key is among them."""
    job, (task,) = nb.fox, nb.gw.charged
    video = job.video
    assert job.status == "done"
    assert video is not None
    assert video.poster is not None
    found = probe(video.path)
    assert (found.width, found.height, found.codec) == (64, 36, "h264")
    assert video.poster.read_bytes()[:2] == b"\xff\xd8"
    assert video.poster.stat().st_size <= POSTER_BYTES
    sidecar = json.loads(video.path.with_suffix(".json").read_text())
    assert read_tag(video.path) == sidecar
    told = (sidecar["request"].get("prompt", ""), sidecar["gateway"], sidecar["task"], sidecar["job"])
    assert told == (job.request.prompt, job.gateway, task.id, job.id)
    assert {path.suffix for path in nb.folder.iterdir()} == {".mp4", ".jpg", ".json", ".sqlite"}
    assert not [path.name for path in nb.folder.iterdir() if key.encode() in path.read_bytes()]
    return video


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_example_of_a_page(nb: Notebook, page: Page) -> None:
    """Method, path, Authorization and JSON are the page's; a finished clip lies on disk."""
    nb.cell(page.line, page.body)
    (seen,) = nb.gw.paid
    key = page.json.get("external_task_id") or f"kn-{nb.fox.id}"
    expected = without_empty(page.json) | (
        {} if page.gateway in {"imarouter", "wireflow"} else {"external_task_id": key}
    )
    assert (seen.method, seen.path, seen.query, seen.json) == ("POST", page.path, {}, expected)
    assert seen.headers["authorization"] == f"Bearer {nb.gw.key}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers.get("idempotency-key") == (key if page.gateway == "wireflow" else None)
    assert_finished(nb, nb.gw.key)


@pytest.mark.parametrize("name", PAGES)
def test_the_docs_list_it(name: str) -> None:
    """The table of examples names the page, the cell's line and its body."""
    page, (gateway, example) = PAGES[name], name.split(", ", 1)
    body = page.body.replace("<", "&lt;").replace("\n", "<br>")
    assert f"| {gateway} | {example} | `%%kling {page.line}` | {body} |\n" in DOCS.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_dry_run_shows_the_example(nb: Notebook, page: Page) -> None:
    """The dry run prints the same path and body, asks nobody and masks the key."""
    nb.cell(f"{page.line} --dry-run", page.body)
    text = nb.outputs[-1]["text/plain"]
    assert f"POST {nb.gw.url}{page.path}" in text
    for name, value in without_empty(page.json).items():
        assert f'"{name}"' in text, value
    assert nb.gw.requests == []
    assert nb.gw.key not in json.dumps(nb.outputs)


@pytest.mark.parametrize("name", ["Kling, text", "Kling, frames"])
def test_access_and_secret_key(nb: Notebook, name: str) -> None:
    """Kling's other credentials make a signed token that the gateway accepts; neither key travels."""
    gw, page = nb.gw, PAGES[name]
    del nb.env["KLINGAI_API_KEY"]
    nb.env |= {"KLINGAI_ACCESS_KEY": gw.access_key, "KLINGAI_SECRET_KEY": gw.secret_key}
    nb.cell(page.line, page.body)
    (seen,) = gw.paid
    token = seen.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, gw.secret_key, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False})
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert (claims["iss"], claims["exp"] - claims["nbf"]) == (gw.access_key, 1805)
    assert seen.json == without_empty(page.json) | {"external_task_id": f"kn-{nb.fox.id}"}
    assert_finished(nb, gw.secret_key)


@pytest.mark.parametrize("off", [pytest.param(-60.0, id="1003"), pytest.param(2000.0, id="1004")])
@pytest.mark.parametrize("request_", [pytest.param(0, id="submit"), pytest.param(1, id="poll")])
def test_token_is_renewed(nb: Notebook, off: float, request_: int) -> None:
    """A token that the gateway calls early or expired is signed anew at once; the clip is paid once."""
    gw = nb.gw
    del nb.env["KLINGAI_API_KEY"]
    nb.env |= {"KLINGAI_ACCESS_KEY": gw.access_key, "KLINGAI_SECRET_KEY": gw.secret_key}
    moments = iter([0.0] * request_ + [off])
    gw.clock = lambda: nb.clock.now() + next(moments, 0.0)
    nb.cell(PAGES["Kling, text"].line, RABBIT)
    assert (len(gw.charged), len(gw.paid)) == (1, 2 - request_)
    assert_finished(nb, gw.secret_key)


# --- local pictures ---------------------------------------------------------------------------------


@pytest.fixture
def picture(nb: Notebook) -> Iterator[bytes]:
    """``fox_picture`` in the notebook: the bytes of a PNG that every gateway takes."""
    file = io.BytesIO()
    Image.new("RGB", (400, 320), "orange").save(file, "PNG")
    nb.shell.user_ns["fox_picture"] = file.getvalue()
    yield file.getvalue()
    del nb.shell.user_ns["fox_picture"]


@pytest.mark.parametrize("gateway", ["kling", "agentsflare"])
def test_local_picture_as_base64(nb: Notebook, picture: bytes, gateway: str) -> None:
    """Bare base64 without a data prefix; the very bytes, because there is nothing to strip."""
    nb.cell(f"-g {gateway} -m kling-v2-6 --image fox_picture")
    (seen,) = nb.gw.paid
    assert base64.b64decode(seen.json["image"], validate=True) == picture


def test_local_picture_is_uploaded(nb: Notebook, picture: bytes) -> None:
    """Wireflow gets the file first, free and signed, and its address in the graph."""
    nb.cell("-g wireflow -m kling-v2-5-turbo --mode pro --image fox_picture")
    (upload,) = (seen for seen in nb.gw.requests if seen.line == "POST /api/v1/media/upload")
    assert upload.bearer == nb.gw.key
    assert picture in upload.body
    (paid,) = nb.gw.paid
    url = paid.json["nodes"][0]["data"]["config"]["imageUrl"]
    assert url == f"{nb.gw.cdn_url}/cdn/uploads/input-1"
