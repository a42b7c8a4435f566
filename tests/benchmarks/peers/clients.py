"""The clients that are measured: ours on three dialects, and the ways in which others submit, poll and give up.

Each keeps its own poll interval, divided by the time factor; its retries and back-offs are as shipped. A client's
library is imported only when it runs: what is not installed is left out of the table.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

One = Callable[[int], Awaitable[object]]
"""Submits ``task-<i>`` and returns when its clip is there; raises when it gives up."""

CLIENTS: dict[str, tuple[str, Callable[[str, float, Path], Awaitable[One]]]] = {}
"""By name: the PyPI package that it needs (empty for ours), and ``make(base_url, time_factor, folder)``."""


def client(name: str, package: str) -> Callable[[Any], Any]:
    """Enter a client into the list."""

    def add(make: Any) -> Any:
        CLIENTS[name] = package, make
        return make

    return add


def lab_on(gateway: str, base: str, scale: float, folder: Path) -> Any:
    """Our client (:class:`kling_nb.lab.Lab`) for a gateway at ``base``, its clock ``scale`` times as fast."""
    import kling_nb.gateways as known  # noqa: PLC0415 - see above
    from kling_nb.lab import Lab  # noqa: PLC0415 - see above
    from kling_nb.settings import Settings  # noqa: PLC0415 - see above

    begin = time.time()

    def now() -> float:
        return begin + (time.time() - begin) * scale

    def sleep(seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds / scale)

    unlimited = replace(known.gateway(gateway), per_minute=None)  # ten requests a minute would take an hour
    known.gateway = lambda _: unlimited  # type: ignore[assignment]
    env = {name: "fake-key" for names in unlimited.keys[:1] for name in names}
    env |= dict.fromkeys(unlimited.values, "workflow")
    env[unlimited.base_url_env or ""] = base + ("/api/v1" if gateway == "wireflow" else "")
    return Lab(Settings(output=str(folder), gateway=gateway, confirm_above=1e9), env=env, now=now, sleep=sleep)


async def _ours(gateway: str, base: str, scale: float, folder: Path) -> One:
    lab = lab_on(gateway, base, scale, folder)

    async def one(number: int) -> object:
        job = lab.submit(f"task-{number}", model="kling-v2-6", duration=5)
        return (await job).path

    return one


for _gateway in ("kling", "wireflow", "imarouter"):
    CLIENTS[f"kling_nb on {_gateway}"] = "", partial(_ours, _gateway)


@client("ComfyUI-like loop", "aiohttp")
async def _comfy(base: str, scale: float, _: Path) -> One:
    """5 s; a submit is tried three times, a poll ten times with growing pauses, a 429 sixteen times."""
    import aiohttp  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - see above

    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def call(method: str, url: str, tries: int, **how: Any) -> Any:
        pause, failures, refusals = 1.0, 0, 0
        while True:
            try:
                async with http.request(method, url, **how) as reply:
                    if reply.status == 429:
                        refusals += 1
                    else:
                        reply.raise_for_status()
                        return await reply.json()
            except aiohttp.ClientError:
                failures += 1
            if failures >= tries or refusals >= 16:
                raise ConnectionError(url)
            await asyncio.sleep(pause)
            pause = min(pause * 1.4, 30.0)

    async def one(number: int) -> object:
        made = await call("POST", f"{base}/v1/videos", 3, json={"prompt": f"task-{number}"})
        for _ in range(480):
            state = await call("GET", f"{base}/v1/videos/{made['id']}", 10)
            if state["status"] == "completed":
                return state["id"]
            await asyncio.sleep(5 / scale)
        raise TimeoutError

    return one


@client("openai", "openai")
async def _openai(base: str, scale: float, _: Path) -> One:
    from openai import AsyncOpenAI  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - see above

    api = AsyncOpenAI(api_key="x", base_url=f"{base}/v1")

    async def one(number: int) -> object:
        prompt = f"task-{number}"
        video = await api.videos.create_and_poll(prompt=prompt, model="sora-2", poll_interval_ms=int(1000 / scale))
        assert video.status == "completed"
        return video.id

    return one


@client("fal-client", "fal-client")
async def _fal(base: str, _scale: float, _: Path) -> One:
    """At its own 0.1 s: divided by the factor it would do nothing but poll."""
    import fal_client.client as fal  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - see above

    fal.QUEUE_URL_FORMAT = f"{base}/"
    api = fal.AsyncClient(key="x:y")

    async def one(number: int) -> object:
        return (await api.subscribe("fal-ai/kling", {"prompt": f"task-{number}"}, interval=0.1))["video"]["url"]

    return one


@client("replicate", "replicate")
async def _replicate(base: str, scale: float, _: Path) -> One:
    from replicate.client import Client  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - see above

    api = Client(api_token="x", base_url=base)
    api.poll_interval = 0.5 / scale

    async def one(number: int) -> object:
        prediction = await api.predictions.async_create(version="v", input={"prompt": f"task-{number}"})
        await prediction.async_wait()
        assert prediction.status == "succeeded"
        return prediction.id

    return one


@client("bare loop", "aiohttp")
async def _bare(base: str, scale: float, _: Path) -> One:
    """3 s and no retry: the loop of the gateways' own pages."""
    import aiohttp  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - see above

    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def one(number: int) -> object:
        async with http.post(f"{base}/v1/videos", json={"prompt": f"task-{number}"}) as reply:
            reply.raise_for_status()
            made = await reply.json()
        while True:
            async with http.get(f"{base}/v1/videos/{made['id']}") as reply:
                reply.raise_for_status()
                if (await reply.json())["status"] == "completed":
                    return made["id"]
            await asyncio.sleep(3 / scale)

    return one
