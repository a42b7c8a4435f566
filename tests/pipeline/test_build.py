"""A pipeline as it is typed: what it becomes, and the one sentence for everything that does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kling_nb.errors import OptionError, RequestError
from kling_nb.pipeline import (
    MAX_EDGES,
    MAX_NODES,
    RUN,
    Edge,
    Graph,
    Node,
    NodeType,
    Pipeline,
    StoredRun,
    Trigger,
    kind_in,
    picture,
    read,
    run_of,
    to_extra,
    with_addresses,
)

KLING = "video:kling_video_2_5_i2v"


def film() -> Pipeline:
    """An image generator, Kling and an upscaler."""
    pipe = Pipeline()
    still = pipe.node("generate:flux_2", prompt="A lighthouse at dusk")
    clip = pipe.node(KLING, label="Kling", model_version="2.5-pro", duration="5", prompt="the light turns")
    large = pipe.node("utility:upscale", factor=2)
    pipe.connect(still, "image", clip, "image_url")
    pipe.connect(clip, "video", large, "video")
    return pipe


def test_what_is_typed_is_what_it_is() -> None:
    """Ids come from the types, the last node makes the clip, captions say what works and what was said."""
    graph = film().graph
    assert [node.id for node in graph.nodes] == ["flux_2", "kling_video_2_5_i2v", "upscale"]
    assert [node.title for node in graph.nodes] == ["Flux 2", "Kling", "Upscale"]
    assert graph.last.id == "upscale"
    assert graph.summary == "flux_2 → kling_video_2_5_i2v → upscale"
    assert graph.words == "A lighthouse at dusk / the light turns"
    assert graph.depths() == {"flux_2": 0, "kling_video_2_5_i2v": 1, "upscale": 2}
    assert graph.idle == ()
    assert repr(film()) == "<Pipeline of 3: flux_2 → kling_video_2_5_i2v → upscale>"
    assert repr(Pipeline()) == "<Pipeline: empty>"


def test_a_node_twice() -> None:
    """Two nodes of one type get two ids; nodes may be named by their ids, and any node may make the clip."""
    pipe = Pipeline()
    pipe.node("a:x")
    pipe.node("b:x", settings={"label": "a setting of that name"})
    pipe.connect("x", "o", "x_2", "i")
    pipe.end_at("x")
    assert (pipe.graph.last.id, [node.id for node in pipe.graph.idle]) == ("x", ["x_2"])
    assert pipe.graph["x_2"].settings == {"label": "a setting of that name"}


def test_what_was_sent_stays() -> None:
    """A graph that was taken does not change with the pipeline."""
    pipe = film()
    before = pipe.graph
    pipe.node("utility:grade")
    assert (before.last.id, pipe.graph.last.id) == ("upscale", "grade")


def test_long_summaries_are_cut() -> None:
    """A caption names the first and the last steps of many, and leaves mere inputs out."""
    pipe = Pipeline()
    for name in ("input:text", *(f"do:s{number}" for number in range(9))):
        pipe.node(name)
    assert pipe.graph.summary == "s0 → s1 → s2 → … → s7 → s8"


def many(count: int) -> tuple[Node, ...]:
    """So many nodes."""
    return tuple(Node(f"n{number}", "do:it") for number in range(count))


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "unknown node": (lambda: film().connect("flux2", "image", "upscale", "x"), "no node “flux2”; it has flux_2,"),
    "near node": (lambda: film().end_at("upscal"), "Did you mean upscale?"),
    "into an empty one": (lambda: Pipeline().end_at("x"), "it is still empty."),
    "cycle": (lambda: film().connect("upscale", "video", "flux_2", "image"), "go round in a circle ("),
    "itself": (lambda: film().connect("upscale", "video", "upscale", "video"), "circle (upscale → upscale)"),
    "duplicate id": (lambda: film().node("a:b", node_id="upscale"), "Two nodes have the id “upscale”"),
    "no type": (lambda: film().node(" "), "needs an id and a type"),
    "no port": (lambda: film().connect("flux_2", "", "upscale", "x"), "needs the names of both ports"),
    "no nodes": (lambda: Pipeline().graph.last, "The pipeline is empty: add a step"),
    "too many nodes": (lambda: Graph(many(MAX_NODES + 1)), "at most 100 nodes, not 101"),
    "too many edges": (
        lambda: Graph(many(2), (Edge("n0", "o", "n1", "i"),) * (MAX_EDGES + 1)),
        "at most 500 edges, not 501",
    ),
    "no target": (lambda: Graph(many(2), target="n9"), "no node “n9”"),
    "no JSON": (lambda: Graph((Node("a", "b:c", "", {"x": {1, 2}}),)).to_json(), "x of a is a set that JSON"),
    "not a number": (lambda: Graph((Node("a", "b:c", "", {"x": float("nan")}),)).to_json(), "x of a is a float"),
    "no pipeline text": (lambda: Pipeline.from_json("{"), "This is no pipeline"),
    "another JSON": (lambda: Pipeline.from_json('{"nodes": [1]}'), "This is no pipeline"),
    "short edge": (lambda: Graph.from_json({"nodes": [], "edges": [["a"]]}), "This is no pipeline"),
    "no workflow": (lambda: StoredRun(" "), "takes the id of a stored workflow"),
    "no webhook": (lambda: Trigger(""), "takes the id of a webhook"),
    "inputs no JSON": (lambda: to_extra(StoredRun("w", {"n": {1}})), "The input n is a set"),
    "a name of ours": (lambda: run_of({RUN: {"x": 1}}), "“$run” is a name of kling_nb's own"),
}


@pytest.mark.parametrize(("make", "says"), WRONG.values(), ids=list(WRONG))
def test_what_does_not_fit(make: Callable[[], Any], says: str) -> None:
    """One sentence, at the line that is wrong."""
    with pytest.raises(RequestError) as raised:
        make()
    assert says in raised.value.sentence
    assert raised.value.sentence[-1] in ".?"


def test_the_largest_pipeline() -> None:
    """The documented limits themselves are allowed, and are built in a moment."""
    nodes = many(MAX_NODES)
    edges = [Edge(f"n{a}", "o", f"n{b}", "i") for a in range(20) for b in range(20, 45)]
    assert len(Graph(nodes, tuple(edges)).order()) == MAX_NODES


@pytest.mark.parametrize(
    "run",
    [film().graph, StoredRun("wf_1", {"n": "x", "m": picture(0)}), Trigger("wh_1", [1, None]), Trigger("wh_1")],
    ids=["pipeline", "stored", "webhook", "webhook without data"],
)
def test_round_trip(run: Graph | StoredRun | Trigger) -> None:
    """Through JSON text and back it is the same, as a journal needs it."""
    assert run_of(json.loads(json.dumps(to_extra(run)))) == run
    assert run_of({}) is None


def test_pipeline_as_text() -> None:
    """A pipeline can be kept beside a notebook."""
    assert Pipeline.from_json(film().to_json()) == film()


def test_addresses() -> None:
    """Pictures get their addresses wherever they stand; nothing else is touched."""
    value = {"a": picture(1), "b": [picture(0), "text"], "c": {"$image": 9}, "d": {"$image": 0, "x": 1}}
    urls = ("https://a.example/0", "https://a.example/1")
    assert with_addresses(value, urls) == {
        "a": urls[1],
        "b": [urls[0], "text"],
        "c": {"$image": 9},
        "d": {"$image": 0, "x": 1},
    }


KEYWORDS: list[tuple[dict[str, Any], str]] = [
    ({"pipeline": film(), "workflow": "wf"}, "pipeline= and workflow= exclude each other"),
    ({"pipeline": film(), "mode": "pro", "prompt": "x"}, "carries its own settings: leave out mode, prompt"),
    ({"workflow": "wf", "data": 1}, "leave out data"),
    ({"inputs": {}}, "inputs= belongs to workflow="),
    ({"data": {}}, "data= belongs to webhook="),
    ({"pipeline": "flux"}, "takes a kling.Pipeline, not str"),
    ({"workflow": "wf", "inputs": [1]}, "takes a dict of node id and value"),
]


@pytest.mark.parametrize(("keywords", "says"), KEYWORDS)
def test_keywords_that_do_not_go_together(keywords: dict[str, Any], says: str) -> None:
    """What a run cannot take is said, not dropped."""
    with pytest.raises(OptionError) as raised:
        read(kind_in(keywords), keywords, lambda *_: None)
    assert says in raised.value.sentence


def test_pictures_are_what_is_no_json() -> None:
    """Bytes, and a path where a link should stand, are opened; links, words and numbers pass."""
    pipe = Pipeline()
    pipe.node("input:image", imageUrl="fox.png")
    pipe.node("input:image", imageUrl="https://img.example/fox.png")
    pipe.node("do:it", still=b"\x89PNG", prompt="fox.png", factor=2, sure=True)
    opened: list[tuple[Any, str]] = []

    def take(value: Any, what: str) -> Any:
        opened.append((value, what))
        return picture(len(opened) - 1)

    keywords = {"pipeline": pipe, "take": 2, "prompt": ""}
    graph = read(kind_in(keywords), keywords, take)
    assert isinstance(graph, Graph)
    assert opened == [("fox.png", "imageUrl of image"), (b"\x89PNG", "still of it")]
    assert [node.settings for node in graph.nodes] == [
        {"imageUrl": {"$image": 0}},
        {"imageUrl": "https://img.example/fox.png"},
        {"still": {"$image": 1}, "prompt": "fox.png", "factor": 2, "sure": True},
    ]


def test_the_gateways_own_list() -> None:
    """Unknown types and ports, and required inputs that nothing feeds, are a sentence each."""
    known = [
        NodeType("generate:flux_2", inputs=("prompt",), outputs=("image",)),
        NodeType(KLING, inputs=("image_url", "prompt"), required=("image_url", "prompt"), outputs=("video",)),
        NodeType("utility:upscale_2"),
    ]
    assert film().check(known) == (
        "upscale: the gateway lists no node type utility:upscale. Did you mean utility:upscale_2?",
    )
    pipe = Pipeline()
    pipe.node("generate:flux_2")
    pipe.node(KLING)
    pipe.connect("flux_2", "picture", "kling_video_2_5_i2v", "image")
    assert pipe.check(known) == (
        "flux_2: generate:flux_2 has no output picture; it has image.",
        f"kling_video_2_5_i2v: {KLING} has no input image; it has image_url, prompt.",
        "kling_video_2_5_i2v: nothing feeds its required input image_url.",
        "kling_video_2_5_i2v: nothing feeds its required input prompt.",
    )
