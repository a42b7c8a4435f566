"""A desk for each gateway, folder and event loop: codec, credentials, engine, journal, store."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_nb import gateways
from kling_nb.credentials import MASK, Credentials, read_credentials
from kling_nb.errors import MissingKeyError, OptionError
from kling_nb.journal import Journal
from kling_nb.lab.history import History
from kling_nb.lab.leases import Leases
from kling_nb.lab.polling import Poller
from kling_nb.lab.sandboxed import SandboxHistory, is_sandbox
from kling_nb.lab.sandboxed import codec as sandboxed_codec
from kling_nb.lab.sharing import Sharing
from kling_nb.lab.slots import Slots
from kling_nb.lab.store import Store
from kling_nb.pace import Allowance
from kling_nb.pipeline import StoredRun, Trigger, run_of
from kling_nb.request import VideoRequest
from kling_nb.settings import checked_base_url
from kling_nb.wire import Order, batching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_nb.engine import Engine
    from kling_nb.gateways import Gateway
    from kling_nb.lab.plan import Plan
    from kling_nb.wire import Codec, TaskState, Ticket

_SHORTEST_KEY = 6
"""Characters of a key; what is shorter may stand in a text by chance."""

_SANDBOX_FLOOR = 0.25
"""Seconds between two polls of a job in the sandbox, which is this process."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the jobs of one gateway share on one event loop.

    Attributes:
        patience: Minutes after which a job's card says how to go on without it.
    """

    gateway: Gateway
    codec: Codec
    engine: Engine
    journal: Journal
    store: Store
    leases: Leases
    history: History
    poller: Poller
    slots: Slots
    patience: float = 30.0
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Desks:
    """Makes desks, and makes each only once.

    Args:
        env: The environment.
        now: Unix time in seconds.
        sleep: Waits; replaced together with ``now`` by a virtual clock in tests.
    """

    def __init__(
        self,
        env: Mapping[str, str] = os.environ,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._env = env
        self._now = now
        self._sleep = sleep
        self._desks: dict[tuple[Any, ...], Desk] = {}
        self._journals: dict[Path, Journal] = {}
        self._leases: dict[Journal, Leases] = {}
        self._histories: dict[tuple[Path, str], History] = {}

    def journal(self, folder: Path) -> Journal:
        """The journal of an output folder."""
        if folder not in self._journals or not folder.exists():
            self._journals[folder] = Journal(folder)
        return self._journals[folder]

    def leases(self, folder: Path) -> Leases:
        """This kernel's leases in a folder's journal."""
        journal = self.journal(folder)
        if journal not in self._leases:
            self._leases[journal] = Leases(journal)
        return self._leases[journal]

    def history(self, folder: Path, gateway: str) -> History:
        """How long the folder's finished jobs took on a gateway."""
        key = (folder, gateway)
        if key not in self._histories:
            if is_sandbox(gateway):
                self._histories[key] = SandboxHistory(self._sandbox_options().get("latency"))
            else:
                self._histories[key] = History()
            for state in self.journal(folder).finished(gateway):
                self._histories[key].add(state, VideoRequest.model_validate(state.request))
        return self._histories[key]

    def codec(self, gateway: Gateway, *, rehearsal: bool = False) -> Codec:
        """The gateway's codec; a rehearsal puts a placeholder where a value is not set.

        Raises:
            MissingKeyError: A value that it needs is not set.
        """
        if is_sandbox(gateway.name):
            return sandboxed_codec(gateway)
        values = {name: self._env.get(name, "").strip() for name in gateway.values}
        if rehearsal:
            values = {name: value or f"({name})" for name, value in values.items()}
        return gateways.codec(gateway, values)

    def base_url(self, gateway: Gateway) -> str:
        """Where the gateway is, with its override from the environment.

        Raises:
            BaseUrlError: The override would leak the key.
        """
        variable = gateway.base_url_env
        return checked_base_url((variable and self._env.get(variable, "").strip()) or gateway.base_url,
                                variable or f"The base URL of {gateway.name}")  # fmt: skip

    def credentials(self, gateway: Gateway) -> Credentials:
        """The gateway's credentials.

        Raises:
            MissingKeyError: They are not set.
        """
        return read_credentials(gateway.label, gateway.scheme, gateway.keys, self._env)

    def held(self, gateway: Gateway) -> frozenset[str]:
        """The names of the gateway's variables that are set, never what they hold."""
        variables = (*(name for names in gateway.keys for name in names), *gateway.values)
        return frozenset(name for name in variables if self._env.get(name, "").strip())

    def check_keys(self, gateway: Gateway, requests: Iterable[VideoRequest]) -> None:
        """Look whether the keys that are set can sign just these requests.

        Raises:
            MissingKeyError: One of them needs another key than there is.
        """
        trouble = getattr(self.codec(gateway), "key_trouble", None)
        if trouble is None:
            return
        for request in requests:
            if sentence := trouble(request, self.held(gateway)):
                raise MissingKeyError(sentence)

    def opened(self, gateway: Gateway, requests: Iterable[VideoRequest]) -> Gateway:
        """The gateway without its key if none is set and none is needed: a webhook is open to everybody."""
        runs = [run_of(request.extra) for request in requests]
        if all(isinstance(run, StoredRun | Trigger) for run in runs):
            gateway = replace(gateway, values=())
        if all(isinstance(run, Trigger) for run in runs):
            try:
                self.credentials(gateway)
            except MissingKeyError:
                return replace(gateway, keys=())
        return gateway

    def tells_prices(self, gateway: Gateway, plans: Iterable[Plan]) -> bool:
        """Whether the gateway can be asked for every price that no list has."""
        codec = self.codec(gateway)
        return all(codec.estimate(Order(plan.request, "")) is not None for plan in plans if plan.price is None)

    def ready(self) -> list[Gateway]:
        """Gateways other than the sandbox whose keys are set."""
        every = [gateways.gateway(name) for name in gateways.names()]
        return [
            g
            for g in every
            if g.keys
            and any(all(self._env.get(name, "").strip() for name in names) for names in g.keys)
            and all(self._env.get(name, "").strip() for name in g.values)
        ]

    def key_in(self, text: str) -> str:
        """The variable of this machine whose key stands in a text; "" where there is none."""
        every = (gateways.gateway(name) for name in gateways.names())
        variables = dict.fromkeys(name for known in every for names in known.keys for name in names)
        held = {name: self._env.get(name, "").strip() for name in variables}
        return next((name for name, key in held.items() if len(key) >= _SHORTEST_KEY and key in text), "")

    def scrubbed(self, text: str) -> str:
        """The text with every key of this machine masked, should one stand in it."""
        while name := self.key_in(text):
            text = text.replace(self._env[name].strip(), MASK)
        return text

    def desk(self, gateway: Gateway, folder: Path, loop: asyncio.AbstractEventLoop, patience: float) -> Desk:
        """The desk of a gateway; it is made anew when its key or address has changed.

        Raises:
            SetupError: The key is missing or the address is not allowed.
        """
        variables = [name for names in gateway.keys for name in names] + [*gateway.values]
        told = hash(tuple(self._env.get(name) for name in variables))
        base_url = self.base_url(gateway)
        key = (gateway, base_url, folder, id(loop), told, patience)
        if key not in self._desks:
            from kling_nb.engine import Engine, Place  # noqa: PLC0415 - the HTTP library takes 100 ms to import

            store = Store(folder)
            codec = self.codec(gateway)
            app = self._sandbox(store.sandbox) if is_sandbox(gateway.name) else None
            place = Place(gateway.label, base_url, app, gateway.user_agent)
            now, sleep = self._now, self._sleep
            allowance = Allowance(gateway.per_minute, now())
            engine = Engine(
                place,
                self.credentials(gateway),
                codec.pause,
                store.read_input,
                allowance=allowance,
                sleep=sleep,
                now=now,
            )
            slots = Slots(sleep, gateway.parallel)
            self._desks[key] = Desk(
                gateway,
                codec,
                engine,
                self.journal(folder),
                store,
                self.leases(folder),
                self.history(folder, gateway.name),
                Poller(
                    allowance,
                    _sharing(codec, engine, now),
                    shortest=_SANDBOX_FLOOR if app else 1.0,
                    remaining=lambda: slots.remaining,
                    now=now,
                    sleep=sleep,
                ),
                slots,
                patience,
                now,
                sleep,
            )
        return self._desks[key]

    def _sandbox(self, state_dir: Path) -> Any:
        from kling_nb.sandbox import Options, create_app  # noqa: PLC0415 - only who uses the sandbox loads it

        return create_app(state_dir=state_dir, options=Options(**self._sandbox_options()))

    def _sandbox_options(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for word in self._env.get("KLING_NB_SANDBOX", "").split():
            name, _, value = word.partition("=")
            if name not in {"latency", "fail", "throttle", "resolution", "seed"}:
                raise OptionError(
                    f"KLING_NB_SANDBOX does not know {name!r}: write for example 'latency=0.5 resolution=tiny'."
                )
            given[name] = value if name == "resolution" else float(value) if name in {"latency", "fail"} else int(value)
        return given


def _sharing(codec: Codec, engine: Engine, now: Callable[[], float]) -> Sharing | None:
    """How jobs share a question, where the codec can ask one about several; the poller has counted its request."""
    many = batching(codec)
    if many is None:
        return None

    async def look(tickets: Sequence[Ticket]) -> Mapping[str, TaskState]:
        return await engine.run(many.poll_many(tickets), counted=True)

    return Sharing(look, many.at_once, many.beside, now)
