"""The sandbox as a client sees it: through an in-process transport, with a clock and films of our own."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import av
import httpx
import pytest
from PIL import ExifTags, Image

from kling_nb.sandbox import HOST, Options, create_app
from kling_nb.sandbox.__main__ import main
from kling_nb.sandbox.shelf import Shelf
from kling_nb.sandbox.studio import render_film

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.sandbox.film import Brief
    from kling_nb.sandbox.studio import Render

FOX = {"model_name": "kling-v2-6", "prompt": "a fox", "mode": "pro", "duration": "5", "aspect_ratio": "16:9"}
TEXT = "/v1/videos/text2video"
IMAGE = "/v1/videos/image2video"


def picture(width: int = 400, height: int = 300, form: str = "PNG", *, turned: int = 1) -> str:
    """An image as bare base64; ``turned`` is its EXIF orientation."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turned
    Image.new("RGB", (width, height), "teal").save(file, form, exif=exif)
    return base64.b64encode(file.getvalue()).decode()


@dataclass
class Bench:
    """A sandbox on a bench: a clock that one turns by hand, films of a few bytes."""

    folder: Path
    options: Options = field(default_factory=Options)
    time: float = 1_800_000_000.0
    briefs: list[Brief] = field(default_factory=list)
    trouble: str = ""

    def __post_init__(self) -> None:
        self.start()

    def start(self, render: Render | None = None) -> None:
        """A new process on the same folder."""
        self.app = create_app(
            state_dir=self.folder, options=self.options, clock=lambda: self.time, render=render or self.render
        )

    def render(self, brief: Brief, path: Path) -> None:
        """Paint nothing, quickly."""
        self.briefs.append(brief)
        path.write_bytes(b"half")
        if self.trouble:
            raise RuntimeError(self.trouble)
        path.write_bytes(repr(brief).encode())

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())

    def submit(self, path: str = TEXT, **changes: Any) -> dict[str, Any]:
        """Order a fox, with changes; gives the task."""
        answer = self.ask("POST", path, json={**FOX, **changes})
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def look(self, task_id: str, path: str = TEXT, *, later: float = 0.0) -> dict[str, Any]:
        """Poll a task some seconds later, when the studio has nothing left to do."""
        self.time += later
        self.app.state.desk.finish()
        data: dict[str, Any] = self.ask("GET", f"{path}/{task_id}").json()["data"]
        return data

    def clip(self, task_id: str, path: str = TEXT) -> bytes:
        """The finished film."""
        done = self.look(task_id, path, later=60)
        return self.ask("GET", done["task_result"]["videos"][0]["url"]).content


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A fresh sandbox with default options."""
    return Bench(tmp_path)


def test_a_task_goes_through_its_life(bench: Bench) -> None:
    """Submitted, processing, succeed, with the fields and types of Kling's pages."""
    data = bench.submit(external_task_id="nb-1")
    assert re.fullmatch(r"\d{18}", data["task_id"])
    assert data["task_status"] == "submitted"
    assert data["task_info"] == {"external_task_id": "nb-1"}
    assert data["created_at"] == data["updated_at"] == 1_800_000_000_000
    assert bench.look(data["task_id"], later=1.5)["task_status"] == "processing"
    done = bench.look("nb-1", later=30)
    assert done["task_status"] == "succeed"
    assert done["final_unit_deduction"] == "0"
    assert done["updated_at"] > done["created_at"]
    (video,) = done["task_result"]["videos"]
    assert video["duration"] == "5.000"
    assert video["url"].startswith(f"http://{HOST}/files/")


@pytest.mark.parametrize(
    ("path", "changes", "code", "says"),
    [
        (TEXT, {"prompt": " "}, 1201, "must not be empty"),
        (TEXT, {"prompt": "x" * 2501}, 1201, "2501 characters"),
        (TEXT, {"prompt": 7}, 1201, "string"),
        (TEXT, {"negative_prompt": "x" * 2501}, 1201, "negative_prompt"),
        (TEXT, {"duration": "7"}, 1201, "allowed: 5, 10"),
        (TEXT, {"duration": 5}, 1201, "must be a string"),
        (TEXT, {"model_name": "kling-v3", "duration": "16"}, 1201, "allowed: 3, 4"),
        (TEXT, {"mode": "ultra"}, 1201, "std, pro"),
        (TEXT, {"mode": "4k"}, 1201, "std, pro"),
        (TEXT, {"aspect_ratio": "4:3"}, 1201, "16:9, 9:16, 1:1"),
        (TEXT, {"sound": True}, 1201, "on, off"),
        (TEXT, {"cfg_scale": 1.5}, 1201, "0 to 1"),
        (TEXT, {"model_name": "sora"}, 1203, "kling-v2-6"),
        (TEXT, {"camera_control": {"type": "spiral"}}, 1201, "down_back"),
        (TEXT, {"camera_control": {"type": "simple", "config": {"pan": 1, "tilt": 1}}}, 1201, "exactly one"),
        (TEXT, {"camera_control": {"type": "simple", "config": {"pan": 11}}}, 1201, "-10 to 10"),
        (TEXT, {"camera_control": {"type": "down_back", "config": {"pan": 1}}}, 1201, "simple only"),
        (TEXT, {"multi_shot": True, "multi_prompt": []}, 1201, "1 to 6 shots"),
        (TEXT, {"multi_shot": True, "multi_prompt": [{"prompt": "a", "duration": "2"}]}, 1201, "2 s together"),
        (TEXT, {"multi_shot": True, "multi_prompt": [{"prompt": "a", "duration": "x"}]}, 1201, "whole seconds"),
        (TEXT, {"external_task_id": "a\nb"}, 1201, "printable"),
        (TEXT, {"sandbox": {"explode": True}}, 1201, "lose_answer"),
        (TEXT, {"sandbox": {"latency": -1}}, 1201, "sandbox.latency"),
        (TEXT, {"sandbox": {"moderation": True}}, 1301, "content rules"),
        (IMAGE, {}, 1201, "image or image_tail"),
        (IMAGE, {"image": "data:image/png;base64," + picture()}, 1201, "data: prefix"),
        (IMAGE, {"image": "not base64!"}, 1201, "neither a URL nor base64"),
        (IMAGE, {"image": base64.b64encode(b"hello").decode()}, 1201, "JPEG or PNG"),
        (IMAGE, {"image": picture()[:200]}, 1201, "JPEG or PNG"),
        (IMAGE, {"image": picture(form="GIF")}, 1201, "JPEG or PNG"),
        (IMAGE, {"image": picture(299, 299)}, 1201, "at least 300"),
        (IMAGE, {"image": picture(1000, 300)}, 1201, "2.5:1"),
        (IMAGE, {"image": picture(), "image_tail": picture(), "camera_control": {"type": "simple"}}, 1201, "exclude"),
        ("/v1/videos/motion-control", {"image_url": picture()}, 1201, "video_url"),
        ("/v1/videos/multi-image2video", {}, 1201, "1 to 4 images"),
        ("/v1/videos/omni-video", {"image_list": [{"image_url": picture(), "type": "end_frame"}]}, 1201, "first_frame"),
        ("/v1/videos/flipbook", {}, 1202, "text2video"),
    ],
)
def test_what_the_pages_rule_out_is_refused(
    bench: Bench, path: str, changes: dict[str, Any], code: int, says: str
) -> None:
    """Each bad value gets Kling's code and a sentence that says what is allowed; nothing is begun."""
    answer = bench.ask("POST", path, json={**FOX, **changes})
    assert answer.json()["code"] == code
    assert answer.status_code == (404 if code in (1202, 1203) else 400)
    assert says in answer.json()["message"]
    assert "data" not in answer.json()
    assert bench.briefs == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(bench: Bench, body: bytes) -> None:
    """Code 1200, whatever the body is instead."""
    assert bench.ask("POST", TEXT, content=body).json()["code"] == 1200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/videos/text2video/1", 404, 1203),
        ("GET", "/v1/videos/text2video?pageNum=0", 400, 1201),
        ("GET", "/v1/videos/text2video?pageSize=501", 400, 1201),
        ("GET", "/v1/elsewhere", 404, 1202),
        ("DELETE", "/v1/videos/text2video", 404, 1202),
        ("GET", "/files/00112233445566778899aabbccddeeff.mp4", 404, 1203),
        ("GET", "/files/..%2f..%2fetc%2fpasswd.mp4", 404, 1202),
    ],
)
def test_what_does_not_exist_is_not_found(bench: Bench, method: str, path: str, status: int, code: int) -> None:
    """Unknown tasks, routes, pages and films are answered in the envelope."""
    answer = bench.ask(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_task_lives_on_its_own_route(bench: Bench) -> None:
    """Asked on another route, it does not exist."""
    task = bench.submit()
    assert bench.ask("GET", f"{IMAGE}/{task['task_id']}").json()["code"] == 1203


def test_the_list_is_paged_newest_first(bench: Bench) -> None:
    """Tasks of one route only, in pages."""
    ids = [bench.submit(prompt=f"fox {n}")["task_id"] for n in range(3)]
    bench.submit(IMAGE, image=picture())
    pages = [bench.ask("GET", TEXT, params={"pageNum": n, "pageSize": 2}).json()["data"] for n in (1, 2)]
    assert [[task["task_id"] for task in page] for page in pages] == [[ids[2], ids[1]], [ids[0]]]


def test_an_external_id_is_used_once(bench: Bench) -> None:
    """A second task of the same id is refused, so that a repeated submit cannot pay twice."""
    bench.submit(external_task_id="nb-1")
    answer = bench.ask("POST", TEXT, json={**FOX, "external_task_id": "nb-1"})
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)


def test_the_same_request_and_take_make_the_same_film(bench: Bench) -> None:
    """Ids, callbacks and mischief do not change a film; another take, prompt or image does."""
    first = bench.clip(bench.submit(external_task_id="kn-ab-t1-x")["task_id"])
    same = [
        bench.submit(),
        bench.submit(external_task_id="kn-ab-t1-y", callback_url="https://here.example"),
        bench.submit(external_task_id="other", sandbox={"latency": 9}),
    ]
    assert {bench.clip(task["task_id"]) for task in same} == {first}
    other = [bench.submit(external_task_id="kn-ab-t2-x"), bench.submit(prompt="a red fox"), bench.submit(mode="std")]
    assert len({first, *(bench.clip(task["task_id"]) for task in other)}) == 4
    assert len({brief.seed for brief in bench.briefs}) == len(bench.briefs) == 4


@pytest.mark.parametrize(
    ("path", "changes", "size"),
    [
        (TEXT, {"mode": "std"}, (1280, 720)),
        (TEXT, {"mode": "std", "aspect_ratio": "9:16"}, (720, 1280)),
        (TEXT, {"mode": "std", "aspect_ratio": "1:1"}, (960, 960)),
        (TEXT, {"mode": "pro"}, (1920, 1080)),
        (TEXT, {"mode": "pro", "aspect_ratio": "1:1"}, (1440, 1440)),
        (TEXT, {"mode": "4k", "model_name": "kling-v3"}, (3840, 2160)),
        (TEXT, {"mode": None, "model_name": "kling-v2-master"}, (1280, 720)),
        (IMAGE, {"mode": "std", "image": picture(300, 400)}, (832, 1108)),
        (IMAGE, {"mode": "std", "image_tail": picture(640, 360, "JPEG")}, (1280, 720)),
        (IMAGE, {"mode": "std", "image": picture(400, 300, "JPEG", turned=6)}, (832, 1108)),
        (IMAGE, {"mode": "std", "image": "https://img.example/fox.png"}, (1280, 720)),
    ],
)
def test_the_film_has_the_size_that_was_asked_for(
    bench: Bench, path: str, changes: dict[str, Any], size: tuple[int, int]
) -> None:
    """Mode gives the area, aspect or picture the ratio; sides are even."""
    bench.submit(path, **changes)
    bench.app.state.desk.finish()
    (brief,) = bench.briefs
    assert ((brief.width, brief.height), brief.fps) == (size, 24)


def test_the_brief_says_what_was_asked_for(bench: Bench) -> None:
    """Frames, shots, sound, the negative prompt and the slate reach the film maker."""
    shots = [{"index": 1, "prompt": "dusk", "duration": 2}, {"index": 2, "prompt": "night", "duration": "3"}]
    still = picture()
    bench.submit(
        IMAGE,
        model_name="kling-v3",
        image=still,
        image_tail="https://img.example/end.png",
        sound="on",
        negative_prompt="rain",
        multi_shot=True,
        multi_prompt=shots,
        external_task_id="kn-ab-t3-x",
    )
    bench.app.state.desk.finish()
    (brief,) = bench.briefs
    assert (brief.first, brief.last) == (base64.b64decode(still), None)
    assert brief.shots == (("dusk", 2), ("night", 3))
    assert (brief.sound, brief.negative, brief.seconds) == (True, "rain", 5)
    assert brief.slate == ("kling-v3  pro  1662x1248  5 s", "take 3  image by URL", "sandbox")


def test_blank_films_are_one_film(tmp_path: Path) -> None:
    """Thousands of clips of a length are painted once; each is a file of its own."""
    bench = Bench(tmp_path, Options(resolution="blank"))
    for prompt in ("A fox", "A crow"):
        bench.submit(prompt=prompt)
    bench.app.state.desk.finish()
    assert len(bench.briefs) == 2
    assert {(brief.prompt, brief.seed, brief.slate) for brief in bench.briefs} == {("", 0, ())}
    files = [tmp_path / f"{number}.mp4" for number in range(2)]
    for path, brief in zip(files, bench.briefs, strict=True):
        render_film(brief, path)
    assert files[0].read_bytes() == files[1].read_bytes() != b""


def test_a_film_that_does_not_say_what_made_it(bench: Bench) -> None:
    """Without its slate it is another film, and nothing is set in type."""
    for asked in ({}, {"sandbox": {"slate": False}}):
        bench.submit(**asked)
    bench.app.state.desk.finish()
    assert sorted(brief.slate == () for brief in bench.briefs) == [False, True]


def test_small_films_are_small(tmp_path: Path) -> None:
    """Small enough for a notebook to carry, large enough to be looked at."""
    bench = Bench(tmp_path, Options(resolution="small"))
    bench.submit()
    bench.app.state.desk.finish()
    assert [(brief.width, brief.height, brief.fps) for brief in bench.briefs] == [(256, 144, 8)]


def test_tiny_films_are_tiny(tmp_path: Path) -> None:
    """The instant mode keeps the ratio and drops the picture."""
    bench = Bench(tmp_path, Options(resolution="tiny"))
    bench.submit()
    bench.submit(aspect_ratio="1:1")
    bench.app.state.desk.finish()
    assert [(brief.width, brief.height, brief.fps) for brief in bench.briefs] == [(64, 36, 4), (48, 48, 4)]


def test_clips_come_by_range(bench: Bench) -> None:
    """Whole, in part, by HEAD; the ETag stays the same."""
    whole = bench.clip(bench.submit(external_task_id="nb-1")["task_id"])
    url = bench.look("nb-1")["task_result"]["videos"][0]["url"]
    head = bench.ask("HEAD", url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole))
    assert head.headers["content-type"] == "video/mp4"
    part = bench.ask("GET", url, headers={"Range": "bytes=10-19", "If-Range": head.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert bench.ask("GET", url, headers={"Range": "bytes=999999-"}).status_code == 416


def test_tasks_outlive_their_process(bench: Bench) -> None:
    """Time goes on without a process, but a task is done only when its film is there: made when someone asks."""
    bench.app.state.desk._studio.want = lambda *_: None  # dies before the film is begun
    task = bench.submit(IMAGE, image=picture())
    assert bench.look(task["task_id"], IMAGE, later=60)["task_status"] == "processing"
    bench.start()
    bench.ask("GET", f"{IMAGE}/{task['task_id']}")
    assert bench.look(task["task_id"], IMAGE)["task_status"] == "succeed"
    assert len(bench.briefs) == 1


def test_two_processes_share_a_folder(bench: Bench) -> None:
    """A task of one is a task of the other, and its id is taken in both."""
    task = bench.submit(external_task_id="nb-1")
    other = Bench(bench.folder, time=bench.time)
    assert other.look(task["task_id"])["task_status"] == "submitted"
    assert other.ask("POST", TEXT, json={**FOX, "external_task_id": "nb-1"}).json()["code"] == 1201


def test_a_film_that_was_tidied_away_is_made_again(bench: Bench) -> None:
    """The task stays done and the same clip is there."""
    task = bench.submit()
    clip = bench.clip(task["task_id"])
    for film in (bench.folder / "films").iterdir():
        film.unlink()
    assert bench.look(task["task_id"])["task_status"] == "succeed"
    assert bench.clip(task["task_id"]) == clip


def test_a_render_that_fails_is_a_failed_task(bench: Bench) -> None:
    """The reason is told, no half file stays, and a new attempt may succeed."""
    bench.trouble = "no paint left"
    failed = bench.look(bench.submit()["task_id"], later=60)
    assert failed["task_status"] == "failed"
    assert "no paint left" in failed["task_status_msg"]
    assert list((bench.folder / "films").iterdir()) == []
    bench.trouble = ""
    assert bench.look(bench.submit()["task_id"], later=60)["task_status"] == "succeed"


def test_mischief_on_demand(bench: Bench) -> None:
    """A cell can ask for latency, failure, throttling and a lost answer."""
    late = bench.submit(sandbox={"latency": 20}, external_task_id="late")["task_id"]
    assert bench.look(late, later=19)["task_status"] == "processing"
    assert bench.look(late, later=1)["task_status"] == "succeed"
    doomed = bench.submit(sandbox={"fail": "no <fox>"}, external_task_id="doomed")["task_id"]
    assert bench.look(doomed)["task_status"] == "submitted"
    assert bench.look(doomed, later=60)["task_status_msg"] == "no <fox>"
    body = {**FOX, "external_task_id": "busy", "sandbox": {"throttle": 2}}
    codes = [bench.ask("POST", TEXT, json=body).json()["code"] for _ in range(3)]
    assert codes == [1302, 1302, 0]
    lost = bench.ask("POST", TEXT, json={**FOX, "external_task_id": "lost", "sandbox": {"lose_answer": True}})
    assert (lost.status_code, lost.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert bench.look("lost", later=60)["task_status"] == "succeed"


def test_the_throttle_counts_open_tasks(tmp_path: Path) -> None:
    """Over the limit comes 429 with 1303; a finished task frees its slot."""
    bench = Bench(tmp_path, Options(throttle=2))
    bench.submit()
    bench.submit()
    answer = bench.ask("POST", TEXT, json=FOX)
    assert (answer.status_code, answer.json()["code"]) == (429, 1303)
    bench.time += 60
    bench.submit()


def test_the_fail_rate_is_kept_and_new_attempts_draw_anew(tmp_path: Path) -> None:
    """Half of many attempts at one request fail, and the same half each time."""
    bench = Bench(tmp_path, Options(fail=0.5))
    ids = [bench.submit(sandbox={"latency": 0})["task_id"] for _ in range(24)]
    words = [bench.look(task_id)["task_status"] for task_id in ids]
    assert 5 < words.count("failed") < 19
    again = Bench(tmp_path / "again", Options(fail=0.5))
    others = [again.submit(sandbox={"latency": 0})["task_id"] for _ in range(24)]
    assert [again.look(task_id)["task_status"] for task_id in others] == words


def test_latencies_spread_around_the_median(tmp_path: Path) -> None:
    """Each film has its own, the same in every process."""
    desks = [Bench(tmp_path / name, Options(latency=4)).app.state.desk for name in "ab"]
    drawn = [sorted(desk._draw_latency(f"film {n}") for n in range(200)) for desk in desks]
    assert drawn[0] == drawn[1]
    assert 3.5 < drawn[0][100] < 4.5
    assert 1.5 < drawn[0][0] < drawn[0][-1] < 10


@pytest.mark.parametrize("bad", [{"latency": -1}, {"fail": 2}, {"throttle": 0}])
def test_options_out_of_range_are_refused(bad: dict[str, Any]) -> None:
    """The message says what is allowed."""
    with pytest.raises(ValueError, match="must be"):
        Options(**bad)


def test_the_account_costs_nothing(bench: Bench) -> None:
    """One package that is online and full."""
    answer = bench.ask("GET", "/account/costs", params={"start_time": 1, "end_time": 2}).json()
    (pack,) = answer["data"]["resource_pack_subscribe_infos"]
    assert (pack["status"], pack["remaining_quantity"]) == ("online", pack["total_quantity"])


def test_a_broken_folder_is_an_error_of_the_sandbox(tmp_path: Path) -> None:
    """Code 5000 in the envelope, not an exception through the transport."""
    (tmp_path / "state").write_text("a file where a folder should be")
    answer = Bench(tmp_path / "state").ask("POST", TEXT, json=FOX)
    assert (answer.status_code, answer.json()["code"]) == (500, 5000)


def test_a_shelf_forgets_its_oldest_files(tmp_path: Path) -> None:
    """Beyond its limit the oldest go; the one just put stays even if it is too large alone."""
    shelf = Shelf(tmp_path, 100)
    for name in "abc":
        shelf.put(name, bytes(40))
        assert shelf.path(name).exists()
    assert len(list(tmp_path.iterdir())) == 2
    shelf.put("d", bytes(400))
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_the_server_listens_on_this_machine_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``python -m kling_nb.sandbox`` gives its options to the sandbox and 127.0.0.1 to the server."""
    ran: dict[str, Any] = {}
    server = types.SimpleNamespace(run=lambda app, **settings: ran.update(settings, app=app))
    monkeypatch.setitem(sys.modules, "uvicorn", server)
    assert main(["--port", "8123", "--latency", "1", "--tiny", "--folder", str(tmp_path)]) == 0
    assert (ran["host"], ran["port"]) == ("127.0.0.1", 8123)
    assert ran["app"].state.desk._options == Options(latency=1, resolution="tiny")


def test_without_uvicorn_the_server_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, no traceback; likewise for an option out of range."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main([]) == 1
    assert 'pip install "kling-nb[serve]"' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--fail", "2"])
    assert "must be 0 (never) to 1 (always)" in capsys.readouterr().err


def test_a_film_of_the_real_film_maker(tmp_path: Path) -> None:
    """From the submit to an MP4 of the size, length and codec that were asked for."""
    bench = Bench(tmp_path, Options(resolution="tiny"))
    bench.start(render_film)
    clip = bench.clip(
        bench.submit(IMAGE, image=picture(), sound="on", model_name="kling-v3", duration="3")["task_id"], IMAGE
    )
    with av.open(io.BytesIO(clip), "r") as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 56, 42)
        assert len(list(container.decode(stream))) == 12
        assert len(container.streams.audio) == 1
