"""A client that others wrote, unchanged: the ``openai`` package's ``videos`` against the sandbox as a server."""

from __future__ import annotations

import io
import socket
import threading
from typing import TYPE_CHECKING, Any

import av
import pytest
import uvicorn
from PIL import Image

from kling_nb.sandbox import Options, create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API")  # the package says so of OpenAI's own models

FOX: dict[str, Any] = {"prompt": "a red fox in the snow", "model": "kling-v2-6", "seconds": "5", "size": "1280x720"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    """The package's client, pointed at a sandbox that listens on a free port of this machine."""
    from openai import OpenAI  # noqa: PLC0415 - takes a second to import

    app = create_app(state_dir=tmp_path_factory.mktemp("sandbox"), options=Options(latency=0, resolution="tiny"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        with OpenAI(api_key="any", base_url=f"http://127.0.0.1:{listening.getsockname()[1]}/v1", max_retries=0) as made:
            yield made
        server.should_exit = True
        thread.join()


def seen(data: bytes) -> tuple[str, int, int]:
    """Codec, width and height of an MP4."""
    with av.open(io.BytesIO(data), "r") as container:
        (stream,) = container.streams.video
        return stream.codec_context.name, stream.width, stream.height


def test_create_and_poll_and_download(client: OpenAI) -> None:
    """The way of the package's own documentation, from a prompt to an MP4."""
    video = client.videos.create_and_poll(**FOX, poll_interval_ms=20)
    assert (video.object, video.status, video.progress, video.error) == ("video", "completed", 100, None)
    assert (video.model, video.seconds, video.size, video.prompt) == ("kling-v2-6", "5", "1280x720", FOX["prompt"])
    assert video.completed_at is not None
    assert video.completed_at >= video.created_at
    assert seen(client.videos.download_content(video.id).read()) == ("h264", 64, 36)


def test_create_then_retrieve(client: OpenAI) -> None:
    """Step by step, with a first frame in the form; the list has the newest first."""
    frame = io.BytesIO()
    Image.new("RGB", (360, 640), "teal").save(frame, "PNG")
    queued = client.videos.create(**FOX, input_reference=("fox.png", frame.getvalue(), "image/png"))
    assert queued.status in ("queued", "in_progress")
    done = client.videos.poll(queued.id, poll_interval_ms=20)
    assert client.videos.retrieve(queued.id) == done
    assert seen(client.videos.download_content(done.id).read()) == ("h264", 36, 64)
    assert client.videos.list(limit=1).data[0].id == queued.id


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seconds": "4"}, "allowed: 5, 10"),
        ({"model": "sora-2"}, "its name looks like kling-v2-6"),
        ({"prompt": " "}, "prompt"),
    ],
)
def test_a_refusal_is_the_packages_own_error(client: OpenAI, changes: dict[str, str], says: str) -> None:
    """What is wrong arrives as an ``APIStatusError`` that says what is allowed."""
    from openai import APIStatusError  # noqa: PLC0415 - takes a second to import

    with pytest.raises(APIStatusError) as raised:
        client.videos.create(**{**FOX, **changes})
    assert raised.value.status_code in (400, 404)
    assert says in str(raised.value)


def test_content_that_is_not_there(client: OpenAI) -> None:
    """An unknown task has no content, and a failed one says so in words."""
    from openai import BadRequestError, NotFoundError  # noqa: PLC0415 - takes a second to import

    with pytest.raises(NotFoundError):
        client.videos.download_content("task_of_nobody")
    failed = client.videos.create_and_poll(
        **FOX, poll_interval_ms=20, extra_body={"sandbox": '{"fail": "no <fox>"}', "metadata": '{"mode": "pro"}'}
    )
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.message == "no <fox>"
    with pytest.raises(BadRequestError, match="current status: failed"):
        client.videos.download_content(failed.id)
