"""The request examples of the gateways' own pages come out of the codecs equal as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb.gateways import codec, gateway
from kling_nb.request import Frame, VideoRequest
from kling_nb.wire import Order, Ticket

GIRL = "https://p2-kling.klingai.com/kcdn/cdn-kcdn112452/kling-qa-test/multi-2.png"
GIRL_LAST = "https://p2-kling.klingai.com/kcdn/cdn-kcdn112452/kling-qa-test/multi-1.png"
WATCH = "Luxury watch campaign, dramatic studio lighting, smooth dolly move, premium motion design feel"
RABBIT = "A cute little rabbit running on the road fast as a racing car"
FOX = "https://img.example/fox.png"

EXAMPLES: dict[str, tuple[str, VideoRequest, str, dict[str, str], dict[str, Any]]] = {
    "ImaRouter's watch": (
        "imarouter",
        VideoRequest(prompt=WATCH, model="kling-v2-6", mode="pro", duration=10, aspect="16:9"),
        "/v1/videos",
        {},
        {
            "model": "kling-v2-6",
            "prompt": WATCH,
            "duration": 10,
            "size": "16:9",
            "metadata": {"mode": "pro"},
        },
    ),
    "ImaRouter's two frames": (
        "imarouter",
        VideoRequest(
            prompt="a paper boat drifts down a gutter",
            model="kling-v2-6",
            mode="pro",
            duration=5,
            aspect="16:9",
            image=Frame(url="https://img.example/boat.png"),
            tail=Frame(url="https://img.example/drain.png"),
        ),
        "/v1/videos",
        {},
        {
            "model": "kling-v2-6",
            "prompt": "a paper boat drifts down a gutter",
            "duration": 5,
            "size": "16:9",
            "image": "https://img.example/boat.png",
            "metadata": {"mode": "pro", "image_tail": "https://img.example/drain.png"},
        },
    ),
    "AgentsFlare's rabbit": (
        "agentsflare",
        VideoRequest(prompt=RABBIT, model="kling-v3", mode="pro", duration=5, aspect="1:1", sound=False),
        "/klingai/v1/videos/text2video",
        {},
        {
            "model_name": "kling-v3",
            "prompt": RABBIT,
            "duration": "5",
            "mode": "pro",
            "sound": "off",
            "aspect_ratio": "1:1",
            "external_task_id": "kn-key",
        },
    ),
    "AgentsFlare's girl": (
        "agentsflare",
        VideoRequest(
            prompt="Camera zooms out, the girl smiles",
            model="kling-v3",
            mode="pro",
            duration=5,
            sound=False,
            image=Frame(url=GIRL),
            tail=Frame(url=GIRL_LAST),
        ),
        "/klingai/v1/videos/image2video",
        {},
        {
            "model_name": "kling-v3",
            "image": GIRL,
            "image_tail": GIRL_LAST,
            "prompt": "Camera zooms out, the girl smiles",
            "duration": "5",
            "mode": "pro",
            "sound": "off",
            "external_task_id": "kn-key",
        },
    ),
    "Wireflow's fox": (
        "wireflow",
        VideoRequest(
            prompt="the fox turns its head",
            model="kling-v2-5-turbo",
            mode="pro",
            duration=5,
            aspect="16:9",
            image=Frame(url=FOX),
        ),
        "/workflows/wf_demo01/execute",
        {"Idempotency-Key": "kn-key"},
        {
            "nodes": [
                {
                    "id": "n_img",
                    "type": "basedNode",
                    "position": {"x": 0, "y": 0},
                    "data": {
                        "label": "First frame",
                        "nodeType": "input:image",
                        "category": "input",
                        "config": {"imageUrl": FOX},
                        "params": {"imageUrl": FOX},
                        "inputs": [],
                        "outputs": [{"id": "image", "label": "Image", "type": "IMAGE"}],
                    },
                },
                {
                    "id": "n_txt",
                    "type": "basedNode",
                    "position": {"x": 0, "y": 200},
                    "data": {
                        "label": "Prompt",
                        "nodeType": "input:text",
                        "category": "input",
                        "config": {"prompt": "the fox turns its head"},
                        "params": {"prompt": "the fox turns its head"},
                        "inputs": [],
                        "outputs": [{"id": "prompt", "label": "Prompt", "type": "TEXT"}],
                    },
                },
                {
                    "id": "n_kling",
                    "type": "basedNode",
                    "position": {"x": 400, "y": 100},
                    "data": {
                        "label": "Kling",
                        "nodeType": "video:kling_video_2_5_i2v",
                        "category": "video",
                        "config": {"model_version": "2.5-pro", "duration": "5", "aspect_ratio": "16:9"},
                        "params": {"model_version": "2.5-pro", "duration": "5", "aspect_ratio": "16:9"},
                        "inputs": [
                            {"id": "image_url", "type": "IMAGE", "label": "Image", "required": True},
                            {"id": "prompt", "type": "TEXT", "label": "Prompt", "required": True},
                        ],
                        "outputs": [{"id": "video", "label": "Video", "type": "VIDEO"}],
                    },
                },
            ],
            "edges": [
                {
                    "id": "e1",
                    "source": "n_img",
                    "sourceHandle": "out-image",
                    "target": "n_kling",
                    "targetHandle": "in-image_url",
                },
                {
                    "id": "e2",
                    "source": "n_txt",
                    "sourceHandle": "out-prompt",
                    "target": "n_kling",
                    "targetHandle": "in-prompt",
                },
            ],
            "targetNodeId": "n_kling",
        },
    ),
}


@pytest.mark.parametrize(("name", "request_", "path", "headers", "body"), EXAMPLES.values(), ids=list(EXAMPLES))
def test_example_of_a_page(
    name: str, request_: VideoRequest, path: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    """The first and only ask is the page's example: method, path, headers, body."""
    speaker = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf_demo01"})
    ask = next(speaker.submit(Order(request_, "kn-key")))
    assert (ask.method, ask.path, dict(ask.headers), ask.paid, ask.part) == ("POST", path, headers, True, None)
    assert ask.body == body


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("sandbox", "/v1/videos/omni-video/a%2Fb%3Fc"),
        ("agentsflare", "/klingai/v1/videos/omni-video/a%2Fb%3Fc"),
        ("imarouter", "/v1/videos/a%2Fb%3Fc"),
        ("wireflow", "/workflows/executions/a%2Fb%3Fc/poll"),
    ],
)
def test_poll_asks_on_the_tickets_route(name: str, path: str) -> None:
    """A poll is one free GET on the ticket's own route; an id cannot leave its segment of the path."""
    speaker = codec(gateway(name), {"WIREFLOW_WORKFLOW_ID": "wf_demo01"})
    ask = next(speaker.poll(Ticket.from_json({"id": "a/b?c", "route": "omni-video"})))
    assert (ask.method, ask.path, ask.body, ask.paid) == ("GET", path, None, False)
