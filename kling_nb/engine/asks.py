"""What may be sent again: questions a few times, the paid request only after proof of no sale.

An :class:`Engine` serves one gateway on one event loop. It signs requests to the gateway's own
origin and nothing else, and masks keys in every answer before a codec sees it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from kling_nb.engine.download import CLIP_CAP, Download, Progress
from kling_nb.engine.encoding import encoded
from kling_nb.engine.failures import BrokenError, NotSentError
from kling_nb.engine.http import Http, Place
from kling_nb.errors import OutageError, UnknownOutcomeError
from kling_nb.pace import Allowance
from kling_nb.wire import Answer, Ask, Flow, Inline
from kling_nb.worker import off_loop

if TYPE_CHECKING:
    from kling_nb.credentials import Credentials

T = TypeVar("T")
Pause = Callable[[Answer, float], float | None]
Unsent = Literal["busy", "unreachable"]
"""Proof that a paid ask was not accepted: it was turned away, or never reached the gateway."""
Sending = Callable[[Ask | Unsent], Awaitable[None]]

FREE_TRIES = 4
"""How often a free request is sent before its trouble is reported."""

UNSENT_TRIES = 6
"""How often a paid request is tried while no connection can be made at all."""

_SERVER_ERROR = 500
_UNAUTHORIZED = 401
_TOO_MANY = 429


class Engine:
    """HTTP for one gateway on the running event loop.

    Args:
        pause: The codec's word on how long to wait before an ask may be repeated.
        read_input: Bytes of a stored input by its SHA-256; called on the worker thread.
        allowance: The gateway's request budget: counts what is sent, learns from what is answered.
        sleep, now, jitter: Replaced by a virtual clock in tests.
    """

    def __init__(
        self,
        place: Place,
        credentials: Credentials,
        pause: Pause,
        read_input: Callable[[str], bytes],
        *,
        allowance: Allowance | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.place = place
        self._credentials = credentials
        self._pause = pause
        self._read_input = read_input
        self._sleep = sleep
        self._now = now
        self._jitter = jitter
        self.allowance = allowance or Allowance(None, now())
        self._http = Http(place)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def run(self, flow: Flow[T], *, sending: Sending | None = None, counted: bool = False) -> T:
        """Drive a flow to its end.

        Args:
            flow: From a codec.
            sending: Awaited with the paid ask before each time it is sent, so that it can be journalled
                first, and with the reason when it provably was not accepted.
            counted: The allowance has been charged for the first ask already.

        Raises:
            KlingError: What the flow raised, or OutageError, UnknownOutcomeError.
        """
        try:
            ask = next(flow)
            while True:
                if not counted:
                    self.allowance.spend(self._now())
                counted = False
                ask = flow.send(await (self._send_paid(ask, sending) if ask.paid else self._send_free(ask)))
        except StopIteration as end:
            result: T = end.value
            return result

    async def download(self, url: str, part: Path, *, cap: int = CLIP_CAP, progress: Progress | None = None) -> None:
        """Fetch a result into ``part``; see :class:`kling_nb.engine.download.Download`."""
        await Download(self._http, self.place, self._sleep, self._jitter).fetch(url, part, cap, progress)

    async def _send_free(self, ask: Ask) -> Answer:
        wait = 0.5
        tries = 0
        while True:
            tries += 1
            asked = None
            try:
                answer = await self._exchange(ask)
            except (NotSentError, BrokenError) as error:
                if tries == FREE_TRIES:
                    raise OutageError(self._unreachable(error)) from None
            else:
                asked = self._pause(answer, self._now())
                if tries == FREE_TRIES or (asked is None and answer.status < _SERVER_ERROR):
                    return answer
            await self._sleep(wait * (0.5 + self._jitter()) if asked is None else asked)
            wait = min(wait * 2, 8.0)

    async def _send_paid(self, ask: Ask, sending: Sending | None) -> Answer:
        wait = 1.0
        unsent = 0
        while True:
            if sending:
                await sending(ask)
            asked: float | None = wait
            why: Unsent = "busy"
            try:
                answer = await self._exchange(ask)
            except NotSentError as error:
                unsent += 1
                why = "unreachable"
                if unsent == UNSENT_TRIES:
                    raise OutageError(self._unreachable(error)) from None
            except BrokenError as error:
                raise UnknownOutcomeError(
                    f"The connection to {self.place.label} broke after the request was sent ({error}): "
                    "it may have been accepted and charged."
                ) from None
            else:
                asked = self._pause(answer, self._now())
            if asked is None:
                return answer
            if sending:
                await sending(why)
            await self._sleep(max(asked, wait) * (1.0 + 0.25 * self._jitter()))
            wait = min(wait * 2, 30.0)

    async def _exchange(self, ask: Ask) -> Answer:
        """One exchange. A 401 to a token that may have expired is asked once more with a new one."""
        answer = await self._signed(ask)
        if answer.status == _UNAUTHORIZED and ask.auth and self._credentials.signs:
            self._credentials.renew()
            answer = await self._signed(ask)
        return answer

    async def _signed(self, ask: Ask) -> Answer:
        url = ask.path if "://" in ask.path else self.place.base_url + ask.path
        headers = dict(ask.headers)
        if ask.auth and self.place.owns(url) and (signed := self._credentials.authorization(self._now())):
            headers["authorization"] = signed
        request: dict[str, Any] = {"method": ask.method, "url": url, "headers": headers}
        if ask.params:
            request["params"] = dict(ask.params)
        if ask.part:
            data = await off_loop(self._read_input, ask.part.sha256)
            request["files"] = {ask.part.field: (ask.part.filename, data, ask.part.media_type)}
        elif ask.body is not None:
            headers.setdefault("content-type", "application/json")
            heavy = _has_inline(ask.body)
            request["content"] = await off_loop(self._encode, ask.body) if heavy else self._encode(ask.body)
        answer = await self._http.exchange(request, paid=ask.paid)
        self._learn(answer)
        scrub = self._credentials.scrub
        clean = {name: scrub(value.encode()).decode() for name, value in answer.headers.items()}
        return Answer(answer.status, clean, scrub(answer.body))

    def _learn(self, answer: Answer) -> None:
        now = self._now()
        self.allowance.heard(answer.headers, now)
        if answer.status == _TOO_MANY and (seconds := self._pause(answer, now)) is not None:
            self.allowance.refused(seconds, now)

    def _encode(self, body: Any) -> bytes:
        return encoded(body, self._read_input)

    def _unreachable(self, error: Exception) -> str:
        return (
            f"{self.place.label} ({self.place.host}) cannot be reached ({error}). Nothing was charged by this "
            "try: check the network, then run the cell again."
        )


def _has_inline(body: Any) -> bool:
    if isinstance(body, Inline):
        return True
    if isinstance(body, Mapping):
        return any(map(_has_inline, body.values()))
    return isinstance(body, list | tuple) and any(map(_has_inline, body))
