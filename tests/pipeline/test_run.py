"""Runs against the loopback gateway, from what is typed to a clip on disk, with the journal as the witness."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import kling_nb as kling
from kling_nb.errors import (
    BudgetError,
    InputError,
    KeyRefusedError,
    KlingError,
    MissingKeyError,
    NoCreditError,
    NotFoundError,
    OptionError,
    RejectedError,
    RequestError,
    UnknownOutcomeError,
)
from tests.loopback import Fault, Script

if TYPE_CHECKING:
    from kling_nb.lab import Job
    from tests.lab.conftest import Notebook

SLOW = Script(states=("running", "running", "running", "done"))
ESTIMATE = "POST .*/estimate"


def film() -> kling.Pipeline:
    """An image generator, Kling and an upscaler."""
    pipe = kling.Pipeline()
    still = pipe.node("generate:flux_2", prompt="A lighthouse at dusk")
    clip = pipe.node("video:kling_video_2_5_i2v", label="Kling", model_version="2.5-pro", duration="5")
    large = pipe.node("utility:upscale", label="Upscaler", factor=2)
    pipe.connect(still, "image", clip, "image_url")
    pipe.connect(clip, "video", large, "video")
    return pipe


def submit(nb: Notebook, **options: Any) -> Job:
    """One job on Wireflow."""
    job = nb.lab.submit(**{"gateway": "wireflow", **options})
    assert isinstance(job, kling.Job)
    return job


def fails(nb: Notebook, kind: type[KlingError], **options: Any) -> str:
    """The sentence with which a submit, or the job of it, fails."""
    with pytest.raises(kind) as raised:
        submit(nb, **options).wait()
    assert type(raised.value) is kind
    return raised.value.sentence


@pytest.mark.parametrize("shape", ["a", "b", "c"])
def test_from_a_still_to_a_large_clip(nb: Notebook, shape: Any) -> None:
    """Three steps, one paid request: states in the journal, on the card, in the result and in the manifest."""
    gw = nb.gw
    gw.wireflow.manners.details, gw.wireflow.manners.poll = True, shape
    gw.script(SLOW)
    job = submit(nb, pipeline=film())
    video = job.wait()
    assert (len(gw.paid), len(gw.charged), job.status) == (1, 1, "done")
    phases = [[node["phase"] for node in event.data["nodes"]] for event in job.history if "nodes" in event.data]
    assert phases == [
        ["running", "queued", "queued"],
        ["done", "running", "queued"],
        ["done", "done", "running"],
        ["done", "done", "done"],
    ]
    last = job.state.nodes[0]
    assert (last["label"], last["seconds"], last["credits"]) == ("Flux 2", 2.5, 4.0)
    shown = nb.lab.bundle([job])
    assert "  Upscaler: done, 2.5 s, 4 credits" in shown["text/plain"].splitlines()
    assert "Charged 12 credits." in shown["text/plain"]
    html = shown["text/html"]
    assert ('<a href="' + f'{gw.cdn_url}/cdn/pictures/flux_2.png"' in html) == (shape != "b")
    sidecar = json.loads(Path(video.path).with_suffix(".json").read_text())
    assert sidecar["request_id"] == next(f"req_{n}" for n, seen in enumerate(gw.requests, 1) if seen in gw.paid)
    assert [step["label"] for step in sidecar["steps"]] == ["Flux 2", "Kling", "Upscaler"]
    assert "cdn/pictures" not in json.dumps(sidecar)


def test_a_plain_clip_shows_no_steps(nb: Notebook) -> None:
    """Its one node is in the journal, and the card stays as it was."""
    nb.gw.wireflow.manners.details = True
    job = submit(nb, prompt="a fox", model="kling-v2-5-turbo", mode="pro")
    job.wait()
    assert [node["id"] for node in job.state.nodes] == ["n_kling"]
    assert "kling-nb-steps" not in nb.lab.bundle([job])["text/html"]


def test_a_failed_step(nb: Notebook) -> None:
    """The step that failed says why; what the others took is charged, and that is said."""
    nb.gw.wireflow.manners.details = True
    nb.gw.script(Script(states=("running", "failed"), reason="no such colour"))
    job = submit(nb, pipeline=film())
    with pytest.raises(KlingError, match=r"no such colour\. It was charged."):
        job.wait()
    assert [node["phase"] for node in job.state.nodes] == ["done", "failed", "queued"]
    assert (job.state.charged, job.state.charge) == (True, {"credits": 4.0})
    text = nb.lab.bundle([job])["text/plain"]
    assert "  Kling: failed, no such colour" in text.splitlines()
    assert "Its finished steps were charged." in text


def test_the_same_pipeline_is_not_sent_twice(nb: Notebook) -> None:
    """Neither by asking again nor after a lost answer: the very body goes out under the same key."""
    nb.gw.fault("POST .*/execute", Fault(drop=True, accept=True))
    jobs = [submit(nb, pipeline=film()) for _ in range(2)]
    for job in jobs:
        job.wait()
    assert (len({job.id for job in jobs}), len(nb.gw.charged), len(nb.gw.paid)) == (1, 1, 2)
    assert len({(seen.body, seen.headers["idempotency-key"]) for seen in nb.gw.paid}) == 1
    assert len([seen for seen in nb.gw.requests if seen.path.endswith("/estimate")]) == 1
    assert submit(nb, pipeline=film(), take=2).wait()
    assert (len(nb.gw.charged), nb.gw.paid[-1].json["force"]) == (2, True)


def test_pictures_of_this_machine(nb: Notebook, tmp_path: Path) -> None:
    """A path and a PIL image are uploaded, signed and free, and stay beside the notebook for a later kernel."""
    image = Image.new("RGB", (400, 320), "orange")
    image.save(tmp_path / "fox.png")
    pipe = film()
    pipe.node("input:image", imageUrl=tmp_path / "fox.png")
    pipe.connect("image", "image", "upscale", "mask")
    pipe.node("input:image", imageUrl=image.rotate(90))
    pipe.connect("image_2", "image", "upscale", "still")
    pipe.end_at("upscale")
    job = submit(nb, pipeline=pipe)
    job.wait()
    assert len(nb.gw.wireflow.uploads) == 2
    sent = [node["data"]["config"].get("imageUrl") for node in nb.gw.paid[0].json["nodes"][3:]]
    assert sent == [f"{nb.gw.cdn_url}/cdn/uploads/input-{number}" for number in (1, 2)]
    assert len(list((nb.folder / "inputs").iterdir())) == 2
    assert fails(nb, InputError, workflow="wf", inputs={"n_pic": b"no picture"}).startswith("The input")


def test_a_stored_workflow(nb: Notebook) -> None:
    """Its inputs are listed, it is run by them, and what is missing is said in the gateway's words."""
    listing = nb.lab.workflow_inputs("wf_123")
    assert [(entry.node, entry.required) for entry in listing] == [("n_text", True), ("n_pic", False)]
    assert "kling.submit(workflow=" in repr(listing)
    picture = io.BytesIO()
    Image.new("RGB", (400, 320), "orange").save(picture, "PNG")
    inputs = {"n_text": "a fox", "n_pic": picture.getvalue()}
    job = submit(nb, workflow="wf_123", inputs=inputs)
    assert job.wait().path.name.startswith("fox_workflow-wf-123_")
    (seen,) = nb.gw.paid
    assert (seen.path, seen.headers["idempotency-key"]) == ("/api/v1/workflows/wf_123/run", f"kn-{job.id}")
    assert seen.json == {"inputs": {"n_text": "a fox", "n_pic": f"{nb.gw.cdn_url}/cdn/uploads/input-1"}}
    assert job.request.prompt == "a fox"
    assert "Missing required inputs: n_text" in fails(nb, RejectedError, workflow="wf_123")


def test_a_webhook(nb: Notebook) -> None:
    """Triggered without a key, watched with it; the same data again shows the same clip."""
    job = nb.lab.trigger("wh_1", {"text": "a fox"})
    job.wait()
    (seen,) = nb.gw.paid
    assert (seen.path, seen.json, seen.bearer) == ("/api/v1/workflow/wh_1/trigger", {"text": "a fox"}, None)
    assert not [seen for seen in nb.gw.requests if seen.path.endswith("/estimate")]
    assert (nb.lab.trigger("wh_1", {"text": "a fox"}).id, len(nb.gw.paid)) == (job.id, 1)
    nb.lab.trigger("wh_1", {"text": "a fox"}, fresh=True).wait()
    assert len(nb.gw.paid) == 2


def test_a_webhook_without_a_key(nb: Notebook) -> None:
    """The run starts, its number is told and journalled; with a key a later kernel fetches the clip."""
    key = nb.env.pop("WIREFLOW_API_KEY")
    job = nb.lab.trigger("wh_1")
    with pytest.raises(KeyRefusedError, match="has started the run exec_01, and watching it needs a key"):
        job.wait()
    assert (job.status, len(nb.gw.charged)) == ("queued", 1)
    nb.env["WIREFLOW_API_KEY"] = key
    (again,) = nb.lab.resume([job.id])
    assert again.wait()
    assert len(nb.gw.paid) == 1
    del nb.env["WIREFLOW_API_KEY"]
    assert "WIREFLOW_API_KEY" in fails(nb, MissingKeyError, pipeline=film())


def test_a_webhooks_lost_answer_is_not_repeated(nb: Notebook) -> None:
    """There is no key under which a repeat would be the same run: perhaps paid, and left at that."""
    nb.gw.fault("POST .*/trigger", Fault(drop=True, accept=True))
    with pytest.raises(UnknownOutcomeError, match="Perhaps paid"):
        nb.lab.trigger("wh_1").wait()
    assert len(nb.gw.paid) == 1


def test_a_webhook_that_sleeps(nb: Notebook) -> None:
    """An inactive workflow says so, and nothing is charged."""
    nb.gw.wireflow.manners.active = False
    with pytest.raises(RejectedError, match="Workflow is not active") as raised:
        nb.lab.trigger("wh_1").wait()
    assert (raised.value.charged, nb.gw.charged) == (False, [])


# --- the price beforehand ----------------------------------------------------------------------------


def test_the_estimate_is_the_price(nb: Notebook) -> None:
    """It is asked right before the paid request and journalled with it."""
    nb.gw.wireflow.manners.estimate = {"estimatedProviderCostUsd": 0.42, "warnings": ["fan-out is not known"]}
    job = submit(nb, pipeline=film())
    job.wait()
    lines = [seen.path.rsplit("/", 1)[-1] for seen in nb.gw.requests if seen.method == "POST"]
    assert lines == ["estimate", "execute"]
    assert nb.gw.requests[0].json == nb.gw.requests[1].json
    (sending,) = [event for event in job.history if event.kind == "sending"]
    assert sending.data["price"] == {"usd": 0.42, "credits": 10.0, "note": "Wireflow's estimate: 10 credits"}
    assert (job.price, job.state.notes) == (0.42, ("fan-out is not known",))


def test_a_list_price_stays_beside_credits(nb: Notebook) -> None:
    """Where the estimate tells credits only, the list's USD stay, and both sources are named."""
    job = submit(nb, prompt="a fox", model="kling-v2-5-turbo", mode="pro")
    job.wait()
    assert job.price == pytest.approx(0.35, abs=0.2)
    assert job.state.price
    assert job.state.price["note"].startswith("Wireflow's estimate: 10 credits; ")
    assert "Kling's list price" in job.state.price["note"]


def test_not_enough_credits(nb: Notebook) -> None:
    """Said before anything is sent; the failed job shows what it would have cost."""
    nb.gw.wireflow.manners.credits = 3
    sentence = fails(nb, NoCreditError, pipeline=film())
    assert "not enough for this of about 10: nothing was sent. 3 credits are left. Top up" in sentence
    assert (nb.gw.paid, nb.lab.jobs()[0].state.charged) == ([], False)
    nb.gw.wireflow.manners.credits = 30
    assert submit(nb, pipeline=film()).wait()  # a failed job is sent anew


@pytest.mark.parametrize("fault", [Fault(status=404, body={"error": "Not found"}), Fault.html(502), Fault(drop=True),
                                   Fault(body=b"{}", status=200)])  # fmt: skip
def test_an_estimate_that_fails(nb: Notebook, fault: Fault) -> None:
    """It stops nothing: the clip is made, and a note says that there was none."""
    nb.gw.fault(ESTIMATE, fault, times=None)
    job = submit(nb, pipeline=film())
    job.wait()
    assert (job.status, len(nb.gw.paid)) == ("done", 1)
    assert job.state.notes[-1].startswith("No estimate beforehand: Wireflow")


BUDGETS: list[tuple[dict[str, Any], float, str]] = [
    ({"estimatedProviderCostUsd": 0.42}, 0.5, ""),
    ({"estimatedProviderCostUsd": 0.42}, 0.4, "Wireflow estimates USD 0.42, above what the budget leaves"),
    ({}, 5.0, "did not say what this costs in USD, so the budget cannot be kept"),
]


@pytest.mark.parametrize(("estimate", "budget", "says"), BUDGETS)
def test_a_budget_holds_against_the_estimate(
    nb: Notebook, estimate: dict[str, float], budget: float, says: str
) -> None:
    """Where no list has a price, the estimate keeps the budget, or the job is not sent."""
    nb.gw.wireflow.manners.estimate = estimate
    if says:
        assert says in fails(nb, BudgetError, pipeline=film(), budget=budget)
        assert says in str(nb.lab.jobs()[0].error)
    else:
        assert submit(nb, pipeline=film(), budget=budget).wait()
    assert len(nb.gw.paid) == (not says)


def test_a_budget_is_shared(nb: Notebook) -> None:
    """Two takes get half of it each; a failing estimate keeps a budget by sending nothing."""
    nb.gw.wireflow.manners.estimate = {"estimatedProviderCostUsd": 0.42}
    jobs = nb.lab.submit(pipeline=film(), takes=2, budget=0.8, gateway="wireflow")
    assert isinstance(jobs, kling.Jobs)
    jobs.block()
    assert [type(job.error) for job in jobs] == [BudgetError, BudgetError]
    nb.gw.fault(ESTIMATE, Fault(status=404, body={}), times=None)
    fails(nb, BudgetError, pipeline=film(), budget=9.0)
    with pytest.raises(BudgetError, match="price of this request is not known"):
        nb.lab.order([{"webhook": "wh"}], gateway="wireflow", budget=9.0)
    assert nb.gw.paid == []


# --- before anything is sent -------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], type[KlingError], str]] = [
    ({"pipeline": film(), "gateway": "sandbox"}, RequestError, "Sandbox makes single clips only: a pipeline runs with"),
    ({"workflow": "wf", "gateway": "kling"}, RequestError, "Kling makes single clips only"),
    ({"pipeline": kling.Pipeline()}, RequestError, "The pipeline is empty"),
    ({"pipeline": film(), "image": "fox.png"}, OptionError, "leave out image"),
    ({"pipeline": film(), "prompt": "a fox"}, OptionError, "leave out prompt"),
    ({"pipelines": film()}, OptionError, "Did you mean pipeline"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "says"), MISTAKES)
def test_mistakes(nb: Notebook, options: dict[str, Any], kind: type[KlingError], says: str) -> None:
    """One sentence, nothing asked, nothing journalled."""
    assert says in fails(nb, kind, **options)
    assert (nb.gw.requests, len(nb.lab.jobs())) == ([], 0)


def test_dry_run(nb: Notebook) -> None:
    """The whole graph, the key masked, and no network at all."""
    bundle = nb.lab.rehearse([{"pipeline": film()}], "wireflow")
    assert "POST " + f"{nb.gw.url}/api/v1/workflows/wf_demo01/execute" in bundle["text/plain"]
    assert '"targetNodeId": "upscale"' in bundle["text/plain"]
    assert nb.gw.requests == []


def test_the_list_of_nodes(nb: Notebook) -> None:
    """A pipeline is held against the gateway's own list; a gateway without one says so."""
    known = nb.lab.node_types()
    assert film().check(known) == ()
    assert "generate:flux_2" in known._repr_html_()
    with pytest.raises(RequestError, match="Kling makes single clips only"):
        nb.lab.node_types("kling")
    nb.gw.fault("GET .*/run", Fault(status=404, body={"error": "Workflow not found"}))
    with pytest.raises(NotFoundError):
        nb.lab.workflow_inputs("wf_none")


def test_front_door(nb: Notebook) -> None:
    """The names of the package lead to the same places."""
    job = kling.trigger("wh_1", [1])
    assert isinstance(job, kling.Job)
    job.wait()
    assert len(kling.node_types()) == len(nb.lab.node_types())
    assert [entry.node for entry in kling.workflow_inputs("wf")] == ["n_text", "n_pic"]
    assert kling.Node("a", "b:c").tail == "c"
