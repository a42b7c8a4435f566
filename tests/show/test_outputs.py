"""What each output says, how large it is, and that it stands without its style sheet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kling_nb.show import (
    Cell,
    Code,
    JobView,
    PlanView,
    RequestView,
    State,
    VideoView,
    bundle,
    card,
    card_text,
    dry_run,
    dry_run_text,
    failure,
    failure_text,
    grid,
    grid_text,
    result,
    result_text,
    table,
    table_text,
)
from kling_nb.show.differ import Change, changes
from kling_nb.wire import Inline, Part

Make = Callable[..., JobView]
Read = Callable[[str], Any]


def test_a_result_is_a_poster_a_player_and_a_caption(make: Make, video: VideoView, read: Read) -> None:
    """The relative path is kept as it is, and nothing in it needs a script."""
    view = make("done", elapsed=92.0, charged_usd=0.35, video=video, notes=("Sound was left out.",))
    page = read(result(view))
    (player,) = page.all("video")
    assert player["src"] == "kling_outputs/fox%20one.mp4"
    assert player["poster"].startswith("data:image/jpeg;base64,/9j/")
    assert {"controls", "playsinline"} <= set(player)
    assert player["preload"] == "metadata"
    assert [link["href"] for link in page.all("a")] == [player["src"]]
    for said in (
        view.prompt,
        "kling-v2-6, pro, 16:9, 5 s",
        "ImaRouter, ready in 1:32",
        "Charged USD 0.35 (expected 0.35).",
        "Sound was left out.",
        "1920 \N{MULTIPLICATION SIGN} 1080, 5 s",
    ):
        assert said in page.text
    assert not page.all("script")


def test_a_result_in_the_sandbox_names_the_real_gateway(make: Make, video: VideoView, read: Read) -> None:
    """Nothing charged, what it would cost, and how to choose a gateway that is ready."""
    view = make("done", sandbox=True, gateway="Sandbox", video=video, ready_note="Add `--gateway imarouter`.")
    page = read(result(view))
    assert "Sandbox: nothing charged. On Kling about USD 0.35." in page.text
    assert "Add --gateway imarouter." in page.text


def test_a_result_without_a_clip_is_a_mistake_of_the_caller(make: Make) -> None:
    """Any other state has its card."""
    with pytest.raises(ValueError, match="k3f9"):
        result(make("failed"))


@pytest.mark.parametrize("prompt", ["A red fox", "\u96ea\u4e2d\u7684\u72d0\u72f8" * 500, '<&">' * 500])
def test_a_result_adds_at_most_16_kb(prompt: str, make: Make, video: VideoView) -> None:
    """HTML and text as they are saved, with a poster of 7.5 kB and the longest prompts."""
    view = make("done", prompt=prompt, elapsed=92.0, charged_usd=0.35, video=video, ready_note="Add it." * 10)
    saved = json.dumps(bundle(result(view), result_text(view)), ensure_ascii=False)
    assert len(saved.encode()) <= 16_000


@pytest.mark.parametrize(
    "draw", [card, grid, lambda views: result(views[0]), lambda views: dry_run([PlanView(views[0])])]
)
def test_a_style_sheet_stays_small_and_to_itself(
    draw: Callable[[list[JobView]], str], make: Make, video: VideoView
) -> None:
    """At most 3.6 kB, every rule below our own prefix, no remote addresses, no page background."""
    html = draw([make("done", video=video), make("done", video=video)])
    (css,) = re.findall(r"<style>(.*?)</style>", html)
    assert len(css) <= 3_600
    plain = re.sub(r"@(media|container)[^{]*\{((?:[^{}]*\{[^{}]*\})*)\}", r"\2", css)
    selectors = re.findall(r"(?:^|\})([^{}@]+)\{", re.sub(r"@keyframes [\w-]+\{(?:[^{}]*\{[^{}]*\})*\}", "", plain))
    assert selectors
    assert all(one.strip().startswith(".kling-nb") for rule in selectors for one in rule.split(","))
    assert "url(" not in css
    assert "box-shadow" not in css


def test_one_card_for_many_jobs(make: Make, read: Read) -> None:
    """A summary, a line for each job, the total; what all share stands once."""
    views = [
        make("running", id="a", elapsed=25.0, expected=(55, 80), settings=("kling-v3", "pro", "5 s")),
        make("queued", id="b", settings=("kling-v2-6", "pro", "5 s")),
        make("failed", id="c", settings=("kling-v1-6", "pro", "5 s"), moderated=True, charged=False, reason="Rules."),
    ]
    page = read(card(views, title="Foxes"))
    assert "3 clips, 1 generating, 1 waiting in queue, 1 refused by moderation" in page.text
    assert page.text.count(views[0].prompt) == 1
    assert page.text.count("5 s, ImaRouter") == 1
    assert "About USD 0.70 in total." in page.text
    assert len(page.all("li")) == 3
    assert [tag["aria-label"] for tag in page.all("div") if tag.get("role") == "progressbar"] == [
        "0:25 so far, ready in 30 to 55 s"
    ]
    text = card_text(views, title="Foxes").splitlines()
    assert text[0] == "Foxes"
    assert text[-1] == "About USD 0.70 in total."
    assert "  Rules." in text


def test_a_card_of_very_many_jobs_shows_those_that_matter(make: Make, read: Read) -> None:
    """Failures first, then what is under way; the rest is counted and findable."""
    views = [make("done", id=f"d{n}", elapsed=9.0) for n in range(100)] + [make("failed", id="bad", reason="Broken.")]
    page = read(card(views))
    assert len(page.all("li")) == 48
    assert "Broken." in page.text
    assert "53 more: type %kling jobs." in page.text
    text = card_text(views)
    assert len(text.splitlines()) < 60
    assert "Broken." in text
    assert "53 more: type %kling jobs." in text


def test_a_grid_of_very_many_clips_shows_a_page_of_them(make: Make, read: Read) -> None:
    """A thousand players would help nobody; the rest is counted, and a page of all is offered."""
    film = VideoView(src="a.mp4", path="a.mp4", width=1280, height=720, seconds=5.0)
    views = [make("done", id=f"d{n}", elapsed=9.0, video=film) for n in range(1000)]
    page = read(grid([*views, make("failed", id="bad", reason="Broken.")]))
    assert len(page.all("video")) == 47
    assert "Broken." in page.text
    assert "953 more: type kling.gallery(1001)." in page.text
    text = grid_text(views)
    assert len(text.splitlines()) < 110
    assert "952 more: type kling.gallery(1000)." in text


def test_no_jobs_at_all(read: Read) -> None:
    """An empty card, grid and table say so instead of being blank."""
    for html in (card([]), grid([]), table(["ID"], [])):
        assert "Nothing here yet." in read(html).text
    assert card_text([]) == grid_text([]) == table_text(["ID"], []) == "Nothing here yet."


def test_a_failure_shows_its_reason(make: Make, read: Read) -> None:
    """Reason, money and what to type, in this order."""
    view = make(
        "failed", ticket="t-77", reason="Task failed: 5002", charged=False, next_step="Type `%kling show k3f9`."
    )
    text = read(failure(view)).text
    places = [
        text.index(said) for said in ("Failed", "Task failed: 5002", "t-77", "Not charged.", "Type %kling show k3f9.")
    ]
    assert places == sorted(places)
    assert "t-77" in failure_text(view)
    assert "t-77" not in card_text([replace(view, status="running")])


def test_grid_captions_say_only_what_differs(make: Make, video: VideoView, read: Read) -> None:
    """Common settings and the prompt stand once above; a changed word is marked."""
    first = make("done", elapsed=92.0, charged_usd=0.35, video=video)
    second = replace(first, settings=("kling-v3", "pro", "16:9", "5 s"), elapsed=130.0)
    third = replace(first, prompt=first.prompt.replace("slow dolly-in", "handheld"))
    html = grid([first, second, third])
    page = read(html)
    assert page.text.count("pro, 16:9, 5 s, ImaRouter") == 1
    assert page.text.count("golden hour") == 1
    assert re.findall(r"<mark>(.*?)</mark> for <s>(.*?)</s>", html) == [("handheld", "slow dolly-in")]
    assert [page.text.count(model) for model in ("kling-v3", "kling-v2-6")] == [1, 2]
    assert page.text.count("pro,") == 1
    assert "Charged USD 1.05." in page.text
    lines = grid_text([first, second]).splitlines()
    assert lines[:2] == [first.prompt, "pro, 16:9, 5 s, ImaRouter"]
    assert lines[2] == "Done, ready in 1:32, USD 0.35: kling-v2-6"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fox.mp4", "fox.mp4"),
        ("red-fox-trots-through-fresh_kling-v2-6_pro_3fa9c1d2-t1-x7k2b1.mp4", None),
        ("a" * 200 + "_3fa9c1d2-t1-x7k2b1.mp4", "a" * 63 + "\u2026-t1-x7k2b1.mp4"),
    ],
)
def test_a_file_name_keeps_its_end(name: str, shown: str | None, make: Make, read: Read) -> None:
    """However long it is, the job's id and the suffix are there, apart from what the style sheet may cut off."""
    html = result(make("done", video=VideoView("a.mp4", f"clips/{name}")))
    page = read(html)
    assert page.text.endswith(shown or name)
    (link,) = page.all("a")
    assert link["title"] == f"clips/{name}"[:199] + ("\u2026" if len(name) > 194 else "")
    assert f"</span>{name[-14:]}</a>" in html


@pytest.mark.parametrize(
    ("count", "tall", "columns"),
    [(2, False, [2]), (3, False, [3, 2]), (4, False, [2]), (4, True, [4, 2]), (8, False, [4, 2]), (20, False, [])],
)
def test_rows_of_a_grid_come_out_even(
    count: int,
    tall: bool,  # noqa: FBT001 - a table
    columns: list[int],
    make: Make,
    video: VideoView,
) -> None:
    """Eight clips are four and four or two by two, never three, three and two; very many fill the width."""
    shape = replace(video, width=1080, height=1920) if tall else video
    html = grid([make("done", video=shape)] * count)
    (style,) = re.findall(r'"--m:([^"]*)"', html)
    assert [int(share) for share in re.findall(r"100%/(\d)", style)] == columns
    assert bool(columns) == ("100cqi" in style)


def test_a_grid_of_different_prompts_gives_each_its_own(make: Make, video: VideoView, read: Read) -> None:
    """And a job without a clip keeps its place, with its reason and the next step."""
    views = [
        make("done", video=video),
        make("failed", prompt="Crowd scene at night", moderated=True, charged=False, reason="Content rules"),
    ]
    page = read(grid(views))
    assert not page.all("mark")
    for said in (views[0].prompt, "Crowd scene at night", "Refused by moderation", "Content rules", "run it again"):
        assert said in page.text
    assert len(page.all("video")) == 1
    assert not page.all("script")


def test_playing_in_step_is_small_and_not_needed(make: Make, video: VideoView) -> None:
    """One script of at most 1.5 kB; without it every player still has its own controls."""
    html = grid([make("done", video=video)] * 2)
    (script,) = re.findall(r"<script>(.*?)</script>", html)
    assert len(script) <= 1_500
    assert html.count("<video class") == html.count(" controls ") == 2
    assert "<button" not in html.replace(script, "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a red fox in snow", "a red fox in snow", ()),
        ("a red fox in snow", "A red wolf in snow", (Change("replace", "wolf", "fox"),)),
        ("a red fox in snow", "a red fox in deep snow", (Change("insert", "deep", ""),)),
        ("a big red fox in snow", "a red fox in snow", (Change("delete", "", "big"),)),
        ("a red fox in snow", "luxury fragrance on marble", None),
        ("", "a fox", None),
    ],
)
def test_changed_words(old: str, new: str, expected: tuple[Change, ...] | None) -> None:
    """Word by word, regardless of capitals; two different prompts are not a change."""
    assert changes(old, new) == expected


def test_a_dry_run_shows_the_exact_request(make: Make, read: Read) -> None:
    """Method, address, headers, legible JSON; stored and loose base64 are named and measured, not printed."""
    body = {
        "model": "kling-v2-6",
        "image": Inline("ab" * 32, 212_000, "fox.png"),
        "tail": "data:image/png;base64," + "QUJD" * 1000,
        "shots": [{"prompt": "\u96ea", "duration": 5}],
    }
    upload = RequestView("POST", "https://h/files", part=Part("cd" * 32, filename="fox.png", media_type="image/png"))
    send = RequestView("POST", "https://h/v1/videos", {"Accept": "*/*"}, body, note="after the upload")
    plans = [PlanView(make("planned", notes=("A doubt.",)), (upload, send))]
    page, text = read(dry_run(plans)), dry_run_text(plans)
    for said in ("<base64 of fox.png, 212 kB>", "<base64, 3 kB>", "file: <file fox.png, image/png>", '"duration": 5'):
        assert said in page.raw
        assert said in text
    assert '"prompt": "\u96ea"' in text
    assert "QUJDQUJD" not in page.raw + text
    assert [("open" in tag) for tag in page.all("details")] == [True, False]
    for said in ("1 clip, 2 requests", "A doubt.", "after the upload", "About USD 0.35.", "Nothing was sent."):
        assert said in page.text


def test_a_dry_run_of_several_adds_up(make: Make, read: Read) -> None:
    """Each job has its price; the total stands below, and all blocks are folded."""
    plans = [PlanView(make("planned"), (RequestView("POST", "https://h/"),))] * 2
    page = read(dry_run(plans))
    assert page.text.count("About USD 0.35.") == 2
    assert "About USD 0.70 in total. Nothing was sent." in page.text
    assert not any("open" in tag for tag in page.all("details"))
    assert dry_run_text(plans).endswith("About USD 0.70 in total. Nothing was sent.")


def test_a_table_sets_numbers_to_the_right(read: Read) -> None:
    """A column of numbers shares its decimals; a state has dot and word; the terminal gets columns."""
    rows: list[list[Cell]] = [[Code("k3"), State("done"), 0.35, 1], [None, State("failed", "Refused"), 0.125, None]]
    page = read(table(["ID", "State", "USD", "Takes"], rows, title="Jobs", note="Type `%kling show ID`."))
    assert [tag.get("class") for tag in page.all("th")] == [None, None, "kling-nb-n", "kling-nb-n"]
    assert "0.350 1" in " ".join(re.sub(r"(?<=\d)(?=1$)", " ", page.raw.split("Done")[1].split("Refused")[0]).split())
    assert {"kling-nb-st kling-nb-good", "kling-nb-st kling-nb-bad"} <= {tag.get("class") for tag in page.all("b")}
    assert table_text(["ID", "State", "USD", "Takes"], rows).splitlines() == [
        "ID  State      USD  Takes",
        "k3  Done     0.350      1",
        "    Refused  0.125",
    ]


@pytest.mark.parametrize(
    ("header", "amounts", "shown"),
    [
        ("USD", (0.7, 0.7), ["0.70", "0.70"]),
        ("charged USD", (0.0, 21.0), ["0.00", "21.00"]),
        ("USD a clip", (0.7, 0.125), ["0.700", "0.125"]),
        ("seconds", (0.7, 2.0), ["0.7", "2.0"]),
    ],
)
def test_amounts_have_cents(header: str, amounts: tuple[float, ...], shown: list[str]) -> None:
    """Where a header says USD, however round they all are; other numbers have the decimals that they need."""
    assert table_text([header], [[amount] for amount in amounts]).split()[-2:] == shown
    page = table([header], [[amount] for amount in amounts])
    assert re.findall(r"<td[^>]*>([^<]*)</td>", page) == shown


def test_a_folded_table(read: Read) -> None:
    """All of it is behind its summary, closed; the terminal has nothing to fold."""
    html = table(["a"], [["b"]], note="What b is.", fold="Two <b>&")
    page = read(html)
    assert page.all("details") == [{}]
    assert page.text == "Two <b>&abWhat b is."
    assert html.index("<summary>") < html.index("<table") < html.index("What b is") < html.index("</details>")
    assert not read(table(["a"], [["b"]])).all("details")


def test_a_table_refuses_a_crooked_row() -> None:
    """It would be silently misread otherwise."""
    with pytest.raises(ValueError, match="needs 2 cells"):
        table(["a", "b"], [[1]])


def test_outputs_stand_without_their_style_sheet(make: Make, video: VideoView) -> None:
    """Untrusted notebooks drop it: the player keeps a size, the caption stands beside it, words stay apart."""
    html = re.sub(r"<style>.*?</style>", "", result(make("done", video=video)))
    assert 'width="520"' in html
    assert "max-width:100%" in html
    assert "display:flex;flex-wrap:wrap" in html
    rows = re.sub(r"<[^>]+>", "", card([make("running"), make("queued")]).split("</style>")[1])
    assert "GeneratingA" not in rows
    assert " USD 0.35" in rows


def test_a_bundle_has_both_twins() -> None:
    """HTML for notebooks, text for everything else."""
    assert bundle("<b>a</b>", "a") == {"text/html": "<b>a</b>", "text/plain": "a"}
