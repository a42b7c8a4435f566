"""What happens to a submit and to a question about a task; knows tasks and films, no HTTP."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import Counter
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from kling_nb.sandbox.mischief import NONE, Mischief, read_mischief
from kling_nb.sandbox.options import DEFAULTS, Options
from kling_nb.sandbox.order import read_order
from kling_nb.sandbox.plan import Plan, film_name, make_plan, take_of
from kling_nb.sandbox.refusal import RefusalError, ReusedError, bad_value
from kling_nb.sandbox.shelf import Shelf
from kling_nb.sandbox.studio import Render, Studio, render_film
from kling_nb.sandbox.tasks import Ledger, Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kling_nb.sandbox.pictures import Picture
    from kling_nb.sandbox.submission import Submission

_FILM_BYTES = 200_000_000
_INPUT_BYTES = 200_000_000
_SPREAD = 0.25  # of the latency's logarithm
_MAX_EXTERNAL_ID = 512


class Desk:
    """The sandbox behind its routes. Methods block for a few milliseconds and may be called from any thread."""

    def __init__(
        self,
        state_dir: Path,
        *,
        options: Options = DEFAULTS,
        clock: Callable[[], float] = time.time,
        render: Render = render_film,
    ) -> None:
        self._options = options
        self._clock = clock
        self._ledger = Ledger(state_dir / "ledger.sqlite3")
        self._films = Shelf(state_dir / "films", _FILM_BYTES)
        self._inputs = Shelf(state_dir / "inputs", _INPUT_BYTES)
        self._studio = Studio(films=self._films, inputs=self._inputs, render=render, settle=self._settle)
        self._turned_away: Counter[str] = Counter()

    def now(self) -> float:
        """The time by the sandbox's clock, Unix seconds."""
        return self._clock()

    def submit(self, asked: Submission) -> tuple[Task, Mischief]:
        """Accept an order; its film is begun at once.

        Raises:
            RefusalError: With the code that Kling would give.
        """
        mischief = read_mischief(asked.mischief)
        key = _checked(asked.key)
        order = read_order(asked.route, asked.fields)
        take = asked.take or take_of(key)
        unsaid = {} if mischief.slate else {"slate": False}
        film = film_name(order, {**asked.fields, **unsaid}, take, self._options)
        self._refuse_on_demand(mischief, key or film)
        plan = make_plan(order, film, take, self._options)
        plan = plan if mischief.slate else replace(plan, slate=())
        attempt = self._ledger.count(film)
        task = Task(
            id=asked.task_id,
            dialect=asked.dialect,
            external_id=key or None,
            route=asked.route,
            film=film,
            plan=plan.to_json(),
            created=self._clock(),
            latency=self._draw_latency(film) if mischief.latency is None else mischief.latency,
            failure=mischief.fail or asked.doom or self._draw_failure(film, attempt),
            memory=json.dumps(asked.memory),
        )
        self._keep(order.first, plan.first)
        self._keep(order.last, plan.last)
        try:
            self._ledger.add(task, at_most_open=self._options.throttle)
        except ReusedError:
            first = self._ledger.find(asked.dialect, key)
            if not (asked.repeatable and first and first.film == film):
                raise
            return first, NONE
        self._begin(task)
        return task, mischief

    def look(self, dialect: str, key: str, route: str = "") -> Task:
        """A task by its id or external id; has its film made if a dead process never did.

        Raises:
            RefusalError: 1203 when that dialect (on that route, if one is named) knows no such task.
        """
        task = self._ledger.find(dialect, key, route)
        if task is None:
            where = f"{route} knows" if route else "there is"
            cure = "; ask on the route that it was made on" if route else ""
            raise RefusalError(1203, f"{where} no task {key!r}{cure}")
        self._begin(task)
        return task

    def page(self, dialect: str, number: int, size: int, route: str = "") -> list[Task]:
        """A dialect's tasks, newest first."""
        return self._ledger.page(dialect, number, size, route)

    def upload(self, data: bytes) -> str:
        """Keep a picture for a later order; gives the name to ask for it by."""
        name = hashlib.sha256(data).hexdigest()
        self._inputs.put(name, data)
        return name

    def uploaded(self, name: str) -> bytes | None:
        """A picture that was uploaded, unless it was tidied away."""
        path = self._inputs.path(name)
        return path.read_bytes() if path.is_file() else None

    def film(self, film: str) -> Path | None:
        """The film, made anew if it was tidied away: waits for that. None if there is no such film."""
        path = self._films.path(_file(film))
        if not path.exists():
            task = self._ledger.for_film(film)
            if task is None or not self._studio.want(_file(film), Plan.from_json(task.plan)).result():
                return None
        return path

    def finish(self) -> None:
        """Wait until every film that was begun is made or has failed."""
        self._studio.finish()

    def _begin(self, task: Task) -> None:
        if task.waits_for_film:
            self._studio.want(_file(task.film), Plan.from_json(task.plan))

    def _settle(self, file: str, failure: str | None) -> None:
        self._ledger.settle(file.removesuffix(".mp4"), rendered=self._clock(), failure=failure)

    def _keep(self, picture: Picture | None, digest: str) -> None:
        if picture and picture.data:
            self._inputs.put(digest, picture.data)

    def _refuse_on_demand(self, mischief: Mischief, key: str) -> None:
        if mischief.moderation:
            raise RefusalError(1301, "the content policy refuses this, as the sandbox was asked to play content rules")
        if self._turned_away[key] < mischief.throttle:
            self._turned_away[key] += 1
            raise RefusalError(1302, "too many requests")

    def _draw_latency(self, film: str) -> float:
        """Around the median, always the same for the same film."""
        z = NormalDist().inv_cdf(0.001 + 0.998 * self._chance("latency", film))
        return self._options.latency * math.exp(_SPREAD * z)

    def _draw_failure(self, film: str, attempt: int) -> str | None:
        """A failure for the share of tasks that shall fail; a second attempt draws anew."""
        if self._chance("fail", film, attempt) < self._options.fail:
            return f"The sandbox fails {self._options.fail:.0%} of its tasks, as it was started to do."
        return None

    def _chance(self, *what: object) -> float:
        digest = hashlib.sha256(repr((self._options.seed, *what)).encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48


def _file(film: str) -> str:
    return f"{film}.mp4"


def _checked(key: str) -> str:
    if len(key) > _MAX_EXTERNAL_ID or not key.isprintable():
        raise bad_value(f"external_task_id must be a string of at most {_MAX_EXTERNAL_ID} printable characters")
    return key
