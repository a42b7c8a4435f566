"""The same scores through threads, processes and a Dask cluster; whoever dies loses nothing."""

from __future__ import annotations

import multiprocessing
import os
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kling_nb.metrics import measure, metric, registry, sheet, spread, transcode
from kling_nb.metrics.alone import alone
from kling_nb.metrics.spreading import AHEAD
from tests.metrics.clips import dies, dies_once, fails_once, glow, pan, shifted, who, write

SPAWN = multiprocessing.get_context("spawn")
NAMES = ("freeze", "black", "pulse", "flicker", "sharpness", "drift", "elsewhere_glow")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four clips that differ."""
    folder = tmp_path_factory.mktemp("clips")
    return [str(write(folder / f"{n}.mp4", [shifted(frame, 10 * n) for frame in pan(14)])) for n in range(4)]


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A cluster of one process on this machine; several would only take longer to start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own affair, here and below
        from distributed import Client, LocalCluster  # noqa: PLC0415 - takes a second

        with (
            LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield client


def jobs(clips: list[str]) -> list[dict[str, Any]]:
    """Every clip, all names, and one that does not exist."""
    return [{"path": path, "names": NAMES} for path in [*clips, "/no/such.mp4"]]


def scores(executor: Executor | None, clips: list[str]) -> dict[int, Any]:
    """What comes back, by number."""
    found = {answer["number"]: answer for answer in spread(executor, jobs(clips))}
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found[4]["error"].startswith("There is no file /no/such.mp4")
    return {number: (found[number]["path"], found[number]["scores"], found[number]["errors"]) for number in range(4)}


def test_threads(clips: list[str]) -> None:
    """Ours, and given ones, as if measured one by one."""
    wanted: dict[int, Any] = {n: (path, measure(path, NAMES)["scores"], {}) for n, path in enumerate(clips)}
    assert scores(None, clips) == wanted
    with ThreadPoolExecutor(2) as threads:
        assert scores(threads, clips) == wanted


def test_processes(clips: list[str]) -> None:
    """Spawned ones, which know nothing of metrics that were registered here but where to import them."""
    with ProcessPoolExecutor(1, mp_context=SPAWN) as processes:
        assert scores(processes, clips) == scores(None, clips)


@pytest.mark.filterwarnings("ignore")
def test_dask(clips: list[str], dask: Any) -> None:
    """The same on a cluster."""
    assert scores(dask.get_executor(), clips) == scores(None, clips)


@pytest.mark.filterwarnings("ignore")
def test_dask_worker_killed(clips: list[str], dask: Any, tmp_path: Path) -> None:
    """The work of a worker that dies under it is done again."""
    mark = str(tmp_path / "died")
    found = list(spread(dask.get_executor(), ({"path": path, "mark": mark} for path in clips), dies_once))
    assert Path(mark).exists()
    assert sorted(answer["number"] for answer in found) == [0, 1, 2, 3]
    assert all(set(answer["scores"]) == {"freeze", "pulse"} for answer in found)


@pytest.mark.filterwarnings("ignore")
def test_dask_tries_once_more(dask: Any, tmp_path: Path) -> None:
    """A second try is a new call, though its arguments are those of the first, which Dask remembers as failed."""
    (answer,) = spread(dask.get_executor(), [{"path": "a", "mark": str(tmp_path / "failed")}], fails_once)
    assert answer == {"path": "a", "number": 0}


def test_pool_killed(clips: list[str], tmp_path: Path) -> None:
    """A broken pool stays broken: the rest is done by processes of their own, and nothing is lost."""
    mark = str(tmp_path / "died")
    with ProcessPoolExecutor(1, mp_context=SPAWN) as processes:
        found = list(spread(processes, ({"path": path, "mark": mark} for path in clips[:2]), dies_once))
    assert Path(mark).exists()
    assert sorted((answer["number"], *answer["scores"]) for answer in found) == [
        (0, "freeze", "pulse"),
        (1, "freeze", "pulse"),
    ]


def test_deadly_job(clips: list[str]) -> None:
    """What kills each process it is given to is an error; this process lives."""
    answer = alone(who, {"path": clips[0]})
    assert answer["pid"] != os.getpid()
    pool = ThreadPoolExecutor(1)
    pool.shutdown()  # an executor that takes nothing any more
    (answer,) = spread(pool, [{"path": clips[0]}], dies)
    assert answer == {
        "path": clips[0],
        "number": 0,
        "error": "Tried twice, and failed twice (ChildProcessError: the process ended with 9).",
    }


def test_tried_once_more() -> None:
    """A job that failed is tried again, once, and its second answer counts."""
    tries: list[str] = []

    def shaky(path: str, falls: int) -> dict[str, Any]:
        tries.append(path)
        if tries.count(path) <= falls:
            raise OSError(f"fall {tries.count(path)}")
        return {"path": path}

    falls = {"a": 0, "b": 1, "c": 9}
    found = {one["path"]: one for one in spread(None, [{"path": p, "falls": n} for p, n in falls.items()], shaky)}
    assert found["a"] == {"path": "a", "number": 0}
    assert found["b"] == {"path": "b", "number": 1}
    assert found["c"]["error"] == "Tried twice, and failed twice (OSError: fall 2)."
    assert sorted(tries) == ["a", "b", "b", "c", "c"]


class Slow(Executor):
    """Counts what it holds; finishes the oldest when it is asked for more than it likes."""

    def __init__(self) -> None:
        self.open: list[Future[Any]] = []
        self.most = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hold it until another comes, and then do both."""
        made: Future[Any] = Future()
        self.open.append(made)
        self.most = max(self.most, len(self.open))
        done = partial(self._finish, made, fn, args, kwargs)
        threading.Timer(0.001, done).start()
        return made

    def _finish(self, made: Future[Any], fn: Any, args: Any, kwargs: Any) -> None:
        if made.set_running_or_notify_cancel():
            self.open.remove(made)
            made.set_result(fn(*args, **kwargs))


def test_bounded() -> None:
    """Ten thousand jobs are never all handed out, nor even asked for."""
    taken: list[int] = []

    def many() -> Iterator[dict[str, Any]]:
        for n in range(10_000):
            taken.append(n)
            yield {"path": str(n)}

    executor = Slow()
    answers = spread(executor, many(), lambda path: {"path": path}, ahead=7)
    assert len({next(answers)["path"] for _ in range(50)}) == 50
    answers.close()  # type: ignore[attr-defined]
    assert executor.most <= 7
    assert len(taken) <= 57 + 7
    assert AHEAD <= 64


def test_stopping_early_cancels(clips: list[str]) -> None:
    """Whoever breaks off leaves nothing waiting in the executor."""
    gate = threading.Event()
    begun: list[str] = []

    def waits(path: str) -> dict[str, Any]:
        begun.append(path)
        return {"path": path, "waited": len(begun) == 1 or gate.wait(5)}

    with ThreadPoolExecutor(1) as threads:
        answers = spread(threads, [{"path": path} for path in clips], waits)
        next(answers)
        threading.Timer(0.05, gate.set).start()
        answers.close()  # type: ignore[attr-defined]
    assert len(begun) <= 2


def test_notebook_metrics_work_in_threads(clips: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that only the notebook has is measured by threads; a spawned process would say what to do."""
    monkeypatch.setattr(registry, "_METRICS", dict(registry._METRICS))

    @metric("cell_metric")
    def only_here(reel: Any, _: Any) -> float:
        return float(len(reel))

    monkeypatch.setattr(only_here, "__module__", "__main__")
    job = {"path": clips[0], "names": ("cell_metric", "black")}
    (here,) = spread(None, [job])
    assert here["scores"]["cell_metric"]["value"] == 14
    there = alone(measure, {**job, "homes": registry.homes(job["names"])})
    assert list(there["scores"]) == ["black"]
    assert there["errors"]["cell_metric"].endswith("put it into a file beside the notebook and import it.")
    assert registry.homes(("elsewhere_glow",)) == {"elsewhere_glow": f"{glow.__module__}:glow"}


def test_copies_go_the_same_way(clips: list[str], tmp_path: Path) -> None:
    """Contact sheets and smaller copies are jobs like any other."""
    sheets = {one["number"]: one["jpeg"][:2] for one in spread(None, [{"path": path} for path in clips], sheet)}
    assert sheets == dict.fromkeys(range(4), b"\xff\xd8")
    target = tmp_path / "small.mp4"
    (made,) = spread(None, [{"path": clips[0], "target": str(target), "height": 90}], transcode)
    assert made["size"] == target.stat().st_size
