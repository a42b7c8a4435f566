"""Kling's second generation: bodies equal to those of its pages, who speaks it, and one look at many tasks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kling_nb import catalog
from kling_nb.errors import KeyRefusedError, KlingError, RequestError
from kling_nb.gateways import codec, gateway
from kling_nb.gateways.conformance import Sample, broken_promises
from kling_nb.gateways.kling_generations import KlingGenerationsCodec
from kling_nb.lab.coverage import BASES, OPTIONS, try_option
from kling_nb.request import KINDS, Camera, Footage, Frame, Shot, VideoRequest
from kling_nb.wire import Answer, Ask, Flow, Inline, Order, TaskState, Ticket, batching, run_flow

if TYPE_CHECKING:
    from collections.abc import Sequence

KLING = KlingGenerationsCodec(gateway("kling"))
TRAIN = Frame(url="https://img.example/train.png", width=1280, height=720)
GIRL = Frame(url="https://img.example/girl.png", width=1280, height=720)
LOCAL = Frame(sha256="00", size=9, media_type="image/png", width=640, height=360)
FILM = Footage(url="https://img.example/parrot.mp4", seconds=5)
WORDS = "A girl sat on the train"
SECOND = [m.generation2.name for m in catalog.models() if m.generation2]


def says(body: Any, status: int = 200) -> Answer:
    """An answer of JSON."""
    return Answer(status, {}, json.dumps(body).encode())


def asked(**fields: Any) -> Ask:
    """The paid ask of a request."""
    request = VideoRequest(**{"prompt": WORDS, "model": "kling-3.0"} | fields)
    return next(KLING.submit(Order(request, "kn-key")))


def prompt(text: str = WORDS) -> dict[str, str]:
    """The prompt among the contents."""
    return {"type": "prompt", "text": text}


BODIES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    # the pages' own examples, with the fields that they leave empty left out
    "text, 3.0 turbo": (
        {"model": "kling-3.0-turbo", "aspect": "16:9", "duration": 5},
        "/text-to-video/kling-3.0-turbo",
        {"prompt": WORDS, "settings": {"resolution": "720p", "aspect_ratio": "16:9", "duration": 5}},
    ),
    "text, 3.0": (
        {"mode": "pro", "aspect": "16:9", "duration": 5, "sound": False, "watermark": False},
        "/text-to-video/kling-3.0",
        {
            "prompt": WORDS,
            "settings": {
                "resolution": "1080p",
                "aspect_ratio": "16:9",
                "duration": 5,
                "audio": "off",
                "multi_shot": False,
            },
            "options": {"watermark_info": {"enabled": False}},
        },
    ),
    "first frame, 3.0": (
        {"mode": "4k", "duration": 10, "sound": False, "image": TRAIN, "callback": "https://xxx.example/callback"},
        "/image-to-video/kling-3.0",
        {
            "contents": [prompt(), {"type": "first_frame", "url": TRAIN.url}],
            "settings": {"resolution": "4k", "duration": 10, "audio": "off", "multi_shot": False},
            "options": {"callback_url": "https://xxx.example/callback"},
        },
    ),
    "both frames and an element, 3.0": (
        {"mode": "pro", "sound": True, "image": TRAIN, "tail": GIRL, "element": ("163",), "watermark": True},
        "/image-to-video/kling-3.0",
        {
            "contents": [
                prompt(),
                {"type": "first_frame", "url": TRAIN.url},
                {"type": "last_frame", "url": GIRL.url},
                {"type": "element", "element_id": "163", "id": "element_1"},
            ],
            "settings": {"resolution": "1080p", "audio": "native", "multi_shot": False},
            "options": {"watermark_info": {"enabled": True}},
        },
    ),
    "voices, 2.6": (
        {
            "model": "kling-2.6",
            "mode": "pro",
            "sound": True,
            "image": TRAIN,
            "voice": ("7",),
            "prompt": "<<<voice_1>>> says hello",
        },
        "/image-to-video/kling-2.6",
        {
            "contents": [
                prompt("@voice_1 says hello"),
                {"type": "first_frame", "url": TRAIN.url},
                {"type": "voice", "voice_id": "7", "id": "voice_1"},
            ],
            "settings": {"resolution": "1080p", "audio": "native"},
        },
    ),
    "first frame and reference, omni": (
        {
            "model": "kling-3.0-omni",
            "duration": 5,
            "sound": True,
            "image": TRAIN,
            "images": (GIRL,),
            "prompt": "<<<image_1>>> boards",
        },
        "/omni-video/kling-3.0-omni",
        {
            "contents": [
                prompt("@image_1 boards"),
                {"type": "refer_image", "url": GIRL.url, "id": "image_1"},
                {"type": "first_frame", "url": TRAIN.url, "id": "image_2"},
            ],
            "settings": {"resolution": "1080p", "duration": 5, "audio": "native", "multi_shot": False},
        },
    ),
    "a video to refer to, omni": (
        {
            "model": "kling-3.0-omni",
            "video": FILM,
            "refer": "feature",
            "aspect": "1:1",
            "prompt": "the next shot of <<<video_1>>>",
        },
        "/omni-video/kling-3.0-omni",
        {
            "contents": [
                prompt("the next shot of @video_1"),
                {"type": "feature_video", "url": FILM.url, "id": "video_1"},
            ],
            "settings": {"resolution": "1080p", "aspect_ratio": "1:1"},
        },
    ),
    "a video to edit, o1": (
        {"model": "kling-o1", "mode": "std", "video": FILM, "keep_sound": True},
        "/omni-video/kling-o1",
        {
            "contents": [prompt(), {"type": "base_video", "url": FILM.url, "id": "video_1"}],
            "settings": {"resolution": "720p", "audio": "original"},
        },
    ),
    "motion control": (
        {"mode": "pro", "image": GIRL, "video": FILM, "orientation": "video", "keep_sound": True},
        "/motion-control/kling-3.0",
        {
            "contents": [prompt(), {"type": "image", "url": GIRL.url}, {"type": "video", "url": FILM.url}],
            "settings": {"resolution": "1080p", "audio": "original", "character_orientation": "video"},
        },
    ),
    # what is ours
    "shots are written inside the prompt": (
        {
            "prompt": "",
            "shots": (Shot(prompt="<<<element_1>>>; rain", seconds=2), Shot(prompt="sun", seconds=3)),
            "image": TRAIN,
            "element": ("1",),
        },
        "/image-to-video/kling-3.0",
        {
            "contents": [
                prompt("shot 1, 2, @element_1, rain; shot 2, 3, sun;"),
                {"type": "first_frame", "url": TRAIN.url},
                {"type": "element", "element_id": "1", "id": "element_1"},
            ],
            "settings": {"resolution": "720p", "duration": 5, "multi_shot": True},
        },
    ),
    "shots of a model that has no switch for them": (
        {"model": "kling-3.0-turbo", "prompt": "", "shots": (Shot(prompt="rain", seconds=3),)},
        "/text-to-video/kling-3.0-turbo",
        {"prompt": "shot 1, 3, rain;", "settings": {"resolution": "720p", "duration": 3}},
    ),
    "the model cuts": (
        {"shot_type": "intelligence"},
        "/text-to-video/kling-3.0",
        {"prompt": WORDS, "settings": {"resolution": "720p", "multi_shot": True}},
    ),
    "a file travels as base64": (
        {"image": LOCAL, "model": "kling-2.5-turbo"},
        "/image-to-video/kling-2.5-turbo",
        {
            "contents": [prompt(), {"type": "first_frame", "url": Inline("00", 9)}],
            "settings": {"resolution": "720p"},
        },
    ),
    "a model that nobody knows yet": (
        {"model": "kling-9.1", "sound": True, "mode": "pro"},
        "/text-to-video/kling-9.1",
        {"prompt": WORDS, "settings": {"resolution": "1080p", "audio": "native"}},
    ),
    "raw fields merge, and our id stays": (
        {
            "model": "kling-2.6",
            "extra": {"settings": {"seed": 7}, "options": {"external_task_id": "x", "a": 1}, "b": 2},
        },
        "/text-to-video/kling-2.6",
        {"prompt": WORDS, "settings": {"resolution": "720p", "seed": 7}, "options": {"a": 1}, "b": 2},
    ),
}


@pytest.mark.parametrize(("fields", "path", "body"), BODIES.values(), ids=list(BODIES))
def test_bodies(fields: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    """Path and JSON, and ours is the id under which the job is found again."""
    ask = asked(**fields)
    options = body.get("options", {}) | {"external_task_id": "kn-key"}
    assert (ask.method, ask.path, ask.paid) == ("POST", path, True)
    assert ask.body == body | {"options": options}


def test_the_users_own_id_goes_before_ours() -> None:
    """It is sent and looked for."""
    order = Order(VideoRequest(prompt="p", model="kling-3.0", external_id="mine"), "kn-key")
    assert next(KLING.submit(order)).body["options"] == {"external_task_id": "mine"}
    assert next(KLING.find(order)).params == {"external_task_ids": "mine"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"negative": "rain"},
        (
            "Text-to-video does not take --negative: leave out --negative, or use a --model named like kling-v3, "
            "which is on Kling's first generation."
        ),
    ),
    ({"camera": Camera(type="down_back")}, "Text-to-video does not take --camera: leave out --camera"),
    ({"image": GIRL, "cfg": 0.5}, "Image-to-video does not take --cfg"),
    ({"images": (GIRL, TRAIN)}, "Kling's second generation has no multi-image2video: leave out --kind"),
    ({"image": GIRL, "video": FILM}, "add --orientation image or --orientation video."),
    ({"model": "kling-9.0", "mode": "8k"}, "There is no mode 8k: use --mode std, pro or 4k."),
    (
        {"model": "kling-o1", "video": FILM, "sound": True, "keep_sound": True},
        "one setting for all sound: leave out --sound or --keep-sound.",
    ),
]


@pytest.mark.parametrize(("fields", "sentence"), REFUSED)
def test_what_cannot_be_carried_is_refused_before_it_is_sent(fields: dict[str, Any], sentence: str) -> None:
    """One sentence, and the way out."""
    with pytest.raises(RequestError) as caught:
        asked(**fields)
    assert sentence in caught.value.sentence


NOTED: list[tuple[dict[str, Any], str, str]] = [
    ({"model": "kling-2.5-turbo", "sound": False}, "warning", "kling-2.5-turbo has no switch for sound"),
    ({"image": GIRL, "aspect": "1:1"}, "note", "The clip follows the picture"),
    ({"image": GIRL, "video": FILM, "orientation": "image", "duration": 5}, "note", "as long as the reference video"),
    ({"shots": (Shot(prompt="a; b", seconds=3),)}, "note", "it is sent as a comma"),
    ({"model": "kling-2.6", "shot_type": "intelligence"}, "warning", "kling-2.6 has no switch for --shot-type"),
    ({"shot_type": "customize"}, "warning", "no --shot-type customize without shots"),
    ({"extra": {"options": {"external_task_id": "x"}}}, "warning", "choose it with --external-id"),
]


@pytest.mark.parametrize(("fields", "level", "sentence"), NOTED)
def test_what_is_carried_differently_is_said(fields: dict[str, Any], level: str, sentence: str) -> None:
    """Nothing is dropped in silence."""
    request = VideoRequest(**{"prompt": WORDS, "model": "kling-3.0"} | fields)
    assert any(f.level == level and sentence in f.sentence for f in KLING.notes(request)), KLING.notes(request)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*SECOND, "kling-9.0"])
def test_on_the_wire_or_said(name: str, kind: Any) -> None:
    """Every option with every model that is named as on the second generation."""
    silent = []
    for option, sample in OPTIONS.items():
        if catalog.model(name):
            trial = try_option(KLING, "kling", kind, name, option, sample)
            silent += [option] if trial and not trial.sent and not trial.said else []
            continue
        bases = {"orientation": "image"} | BASES[kind] if kind == "motion-control" else BASES[kind]
        plain = VideoRequest(prompt="a fox", model=name, kind=kind, **bases)
        wished = plain.model_copy(update={option: sample.value})
        if isinstance(_wire(plain), str):
            assert kind == "multi-image2video"  # the one kind that this generation does not have
            continue
        new = [f for f in KLING.notes(wished) if f not in KLING.notes(plain)]
        if getattr(plain, option) != sample.value and not new and _wire(wished) == _wire(plain):
            silent.append(option)
    assert silent == []


def _wire(request: VideoRequest) -> object:
    try:
        return next(KLING.submit(Order(request, "kn-key"))).to_json()
    except KlingError as error:
        return error.sentence


def test_every_promise_is_kept() -> None:
    """The answers that the pages document, through the checks that a codec of one's own goes through."""
    sample = Sample(
        says({"code": 0, "data": {"id": "7", "status": "submitted"}}),
        lambda word: says({"code": 0, "data": [{"id": "7", "status": word}]}),
        VideoRequest(prompt="a fox", model="kling-3.0"),
    )
    assert broken_promises(KLING, sample, gateway("kling")) == ()


class _Careless(KlingGenerationsCodec):
    """Names every task in a question of its own, and believes that all of them are alike."""

    def poll_many(self, tickets: Sequence[Ticket]) -> Flow[dict[str, TaskState]]:
        found = {}
        for ticket in tickets:
            found[ticket.id] = yield from self.poll(ticket)
        return found


def test_a_careless_list_is_noticed() -> None:
    """What is promised of one question about many holds for codecs of one's own too."""
    sample = Sample(
        says({"code": 0, "data": {"id": "7", "status": "submitted"}}),
        lambda word: says({"code": 0, "data": [{"status": word}]}),
        VideoRequest(prompt="a fox", model="kling-3.0"),
    )
    broken = " ".join(broken_promises(_Careless(gateway("kling")), sample, gateway("kling")))
    assert "poll_many asks 20 times about 20 tasks of the 50 that at_once allows." in broken
    assert "of tasks that its answer does not name" in broken


def test_relays_and_the_sandbox_speak_the_first_generation_only() -> None:
    """There the same name asks for the same model on the route that they have."""
    request = VideoRequest(prompt="p", model="kling-3.0")
    for name in ("sandbox", "agentsflare"):
        ask = next(codec(gateway(name), {}).submit(Order(request, "kn-key")))
        assert ask.path.endswith("/v1/videos/text2video")
        assert ask.body["model_name"] == "kling-v3"


@pytest.mark.parametrize(
    ("model", "held", "words"),
    [
        ("kling-3.0", {"KLINGAI_API_KEY"}, ""),
        ("kling-3.0", {"KLINGAI_API_KEY", "KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY"}, ""),
        ("kling-v3", {"KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY"}, ""),
        ("kling-3.0", {"KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY"}, "set KLINGAI_API_KEY, use --model kling-v3, which"),
        ("kling-3.0-turbo", {"KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY"}, "set KLINGAI_API_KEY, use another --model"),
        ("kling-9.0", set(), "set KLINGAI_API_KEY, use another --model"),
    ],
)
def test_a_signed_token_cannot_ask_for_it(model: str, held: set[str], words: str) -> None:
    """The first generation takes every key, the second one only the API key."""
    sentence = KLING.key_trouble(VideoRequest(prompt="p", model=model), held)
    assert words in sentence
    assert bool(sentence) == bool(words)


def test_one_look_at_many_tasks() -> None:
    """Fifty ids an ask; others' tasks and unreadable entries are left out."""
    tickets = [Ticket(str(number), "text-to-video", {"generation": 2}) for number in range(120)]
    odd = [Ticket("7,8", "text-to-video", {"generation": 2})]
    asks: list[Ask] = []

    def send(ask: Ask) -> Answer:
        asks.append(ask)
        ids = ask.params["task_ids"].split(",")
        told = [{"id": name, "status": "processing"} for name in ids if name != "3"]
        return says({"code": 0, "data": [*told, {"id": "stranger", "status": "failed"}, {"id": "3"}, 17]})

    found = run_flow(KLING.poll_many([*tickets, tickets[0], *odd]), send)
    assert [len(ask.params["task_ids"].split(",")) for ask in asks] == [50, 50, 20]
    assert {ask.path for ask in asks} == {"/tasks"}
    assert found == {ticket.id: TaskState("running", "processing") for ticket in tickets if ticket.id != "3"}


def test_a_refused_look_at_many_is_an_error() -> None:
    """Silence would leave every job of the kernel waiting."""
    with pytest.raises(KeyRefusedError):
        run_flow(
            KLING.poll_many([Ticket("1", extra={"generation": 2})]),
            lambda _: says({"code": 1002, "message": "no AK/SK"}, 401),
        )
    assert run_flow(KLING.poll_many([]), lambda _: says({}, 500)) == {}


def test_who_can_share_a_question() -> None:
    """On Kling's own gateway: fifty tasks of the second generation, or what a list shows of one route of the first."""
    many = batching(KLING)
    assert many
    asked = [Ticket("1", extra={"generation": 2}), Ticket("1,2", extra={"generation": 2}), Ticket("1", "text2video")]
    assert [many.at_once(ticket) for ticket in asked] == [50, 1, 500]
    first, other = Ticket("1", "text2video"), Ticket("2", "image2video")
    assert len({many.beside(ticket) for ticket in (asked[0], first, other)}) == 3
    for name in ("sandbox", "agentsflare", "imarouter", "fal", "replicate"):
        assert batching(codec(gateway(name), {})) is None
