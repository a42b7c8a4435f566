"""What a person types into a cell becomes plain values, or one sentence that says what to type."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb.cell import LINE_COMMANDS, OPTIONS, CellOrder, parse, usage, words
from kling_nb.errors import OptionError

PICTURE = b"\x89PNG"
NAMES: dict[str, Any] = {
    "animal": "fox",
    "animals": ["fox", "hare"],
    "seconds": 5,
    "picture": PICTURE,
    "tier": "pro",
    "url": "https://img.example/fox.png",
    "print": print,
    "_hidden": 1,
}
BODY = "a red fox"


def one(line: str, body: str = BODY) -> dict[str, Any]:
    """The only request of a cell."""
    (request,) = parse(line, body, NAMES).requests
    return dict(request)


def wrong(line: str, body: str = BODY) -> str:
    """The complaint about a cell: one sentence."""
    with pytest.raises(OptionError) as raised:
        parse(line, body, NAMES)
    assert "\n" not in raised.value.sentence
    return raised.value.sentence


# --- the line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("fox", {}),
        ("-m kling-v3", {"model": "kling-v3"}),
        ("--model kling-v3", {"model": "kling-v3"}),
        ("--model=kling-v3", {"model": "kling-v3"}),
        ("-a 16:9 -d 5", {"aspect": "16:9", "duration": "5"}),
        ("-d {seconds} --mode {tier}", {"duration": "5", "mode": "pro"}),
        ('--negative "dogs, cats"', {"negative": "dogs, cats"}),
        ("--negative 'it is'", {"negative": "it is"}),
        ("--negative {animal}", {"negative": "fox"}),
        ("--negative ''", {"negative": ""}),
        ("--negative a=b", {"negative": "a=b"}),
        ("--negative=a=b", {"negative": "a=b"}),
        ("--negative #1", {"negative": "#1"}),
        ("--sound ON", {"sound": "ON"}),
        ("--camera simple:zoom=5", {"camera": "simple:zoom=5"}),
        ("--image C:\\clips\\new\\fox.png", {"image": "C:\\clips\\new\\fox.png"}),
        ('--image "C:\\my clips\\fox.png"', {"image": "C:\\my clips\\fox.png"}),
        ("--image https://img.example/a.png?w=1&h=2", {"image": "https://img.example/a.png?w=1&h=2"}),
        ("--image picture", {"image": PICTURE}),
        ("--image {picture}", {"image": PICTURE}),
        ("--image {url}", {"image": "https://img.example/fox.png"}),
        ("--image {animal}.png", {"image": "fox.png"}),
        ("--image print", {"image": "print"}),
        ("--image fox.png --tail picture", {"image": "fox.png", "tail": PICTURE}),
        ("--images a.png,picture", {"images": ["a.png", PICTURE]}),
        ("--set seed=7", {"set": {"seed": 7}}),
        ("--set seed=7 --set note=hello", {"set": {"seed": 7, "note": "hello"}}),
        ('--set \'box={"x": [1, 2.5], "on": true}\'', {"set": {"box": {"x": [1, 2.5], "on": True}}}),
        ("--set text=a=b", {"set": {"text": "a=b"}}),
        ("--set nothing=null", {"set": {"nothing": None}}),
        ("--set who={animal}", {"set": {"who": "fox"}}),
        ("--set long=18446744073709551617", {"set": {"long": 18446744073709551617}}),
    ],
)
def test_options(line: str, expected: dict[str, Any]) -> None:
    """Options become keywords of ``submit``; quotes group, backslashes stay, variables are filled in."""
    assert one(line) == {"prompt": BODY, "take": 1, **expected}


def test_order_around_the_requests() -> None:
    """Name, gateway, budget and switches are not part of a request."""
    order = parse("fox -g imarouter --budget $2.50 --wait --fresh --yes", BODY, NAMES)
    assert order == CellOrder(
        "fox", ({"prompt": BODY, "take": 1},), frozenset({"wait", "fresh", "yes"}), "imarouter", 2.5
    )


@pytest.mark.parametrize("line", ["--help", "-h", "fox --help -m kling-v3"])
def test_help_asks_for_nothing_else(line: str) -> None:
    """Help is given also where there is no prompt."""
    assert parse(line, "", NAMES) == CellOrder(flags=frozenset({"help"}))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--modle kling-v3", ["--modle is not an option", "--model"]),
        ("--durations 5", ["--durations", "--duration"]),
        ("--zzz", ["--zzz is not an option", "--help"]),
        ("-x", ["-x is not an option"]),
        ("fox hare", ["'hare' is left over", "below"]),
        ("1fox", ["'1fox' cannot be a variable's name"]),
        ("a-red-fox", ["cannot be a variable's name", "below"]),
        ("--model", ["--model needs a value: --model NAME"]),
        ("--model --mode pro", ["--model needs a value"]),
        ("--model ,", ["--model needs a value"]),
        ("--model= ,", ["--model needs a value"]),
        ("-m a -m b", ["--model was given twice", "comma list"]),
        ("--image a --image b", ["--image was given twice"]),
        ("--wait=yes", ["--wait takes no value"]),
        ("--wait --no-wait", ["exclude each other"]),
        ("--sound loud", ["--sound is on or off", "'loud'"]),
        ("--takes 0", ["--takes", "from 1"]),
        ("--takes 1.5", ["--takes", "'1.5'"]),
        ("--takes ²", ["--takes"]),
        ("--take 2 --takes 3", ["--take", "--takes", "one of them"]),
        ("--takes 10001", ["--takes"]),
        ("--takes 6000 -m a,b", ["12000 clips", "at most 10000"]),
        ("--budget -1", ["--budget", "USD"]),
        ("--budget nan", ["--budget"]),
        ("--budget inf", ["--budget"]),
        ("--set seed", ["--set takes KEY=VALUE", "'seed'"]),
        ("--set =7", ["--set takes KEY=VALUE"]),
        ("--negative 'open", ["quotation mark"]),
        ("--negative {anmial}", ["{anmial} is not defined", "{animal}"]),
        ("--image {pictures}", ["{pictures} is not defined", "{picture}"]),
    ],
)
def test_wrong_lines(line: str, said: list[str]) -> None:
    """The sentence names what was typed, what is near it, and what is allowed."""
    sentence = wrong(line)
    assert [part for part in said if part not in sentence] == []


# --- the body ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "prompts"),
    [
        ("  a fox  \n", ["a fox"]),
        ("a fox\nin the snow", ["a fox\nin the snow"]),
        ("a fox\n---\na hare", ["a fox", "a hare"]),
        ("---\na fox\n-----\n\n---\na hare\n---\n", ["a fox", "a hare"]),
        ("a fox --- in the snow", ["a fox --- in the snow"]),
        ("a fox\n--\na hare", ["a fox\n--\na hare"]),
        ("a {animal}", ["a fox"]),
        ("a {{animal}}", ["a {animal}"]),
        ("{{{animal}}}", ["{fox}"]),
        ("{ animal } {1} {} {a.b} {a b}", ["{ animal } {1} {} {a.b} {a b}"]),
        ('{"light": "gold", "n": [1, {"x": 2}]}', ['{"light": "gold", "n": [1, {"x": 2}]}']),
        ("}{ and { alone", ["}{ and { alone"]),
        ("{seconds} s of {animals}", ["5 s of ['fox', 'hare']"]),
        ("-m is no option here", ["-m is no option here"]),
        ("狐 \N{FOX FACE} ü", ["狐 \N{FOX FACE} ü"]),
    ],
)
def test_prompts(body: str, prompts: list[str]) -> None:
    """Dashes on a line of their own part prompts; only braces around an identifier mean a variable."""
    assert [request["prompt"] for request in parse("", body, NAMES).requests] == prompts


@pytest.mark.parametrize("text", ["{animal}", "---", "{{x}}", "a\n---\nb"])
def test_a_variable_is_not_read_again(text: str) -> None:
    """What a variable holds is text, even if it looks like this language."""
    (request,) = parse("", "say {said}", {"said": text}).requests
    assert request["prompt"] == f"say {text}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", ["no prompt", "below"]),
        (" \n---\n \n", ["no prompt"]),
        ("a {anmial}", ["{anmial} is not defined", "{animal}", "{{anmial}}"]),
        ("a {zzzzzz}", ["{zzzzzz} is not defined"]),
        ("a {hidden}", ["{hidden} is not defined"]),
    ],
)
def test_wrong_bodies(body: str, said: list[str]) -> None:
    """An undefined name is told with those near it, and how to mean the braces."""
    sentence = wrong("", body)
    assert [part for part in said if part not in sentence] == []
    assert "_hidden" not in sentence


def test_shots() -> None:
    """Each line is a beat of one clip, with or without the s."""
    assert one("--shots", "[2s] a {animal}\n\n  [ 3 ]  it turns [1s] round ") == {
        "prompt": "",
        "take": 1,
        "shots": [{"prompt": "a fox", "seconds": 2}, {"prompt": "it turns [1s] round", "seconds": 3}],
    }


@pytest.mark.parametrize("line", ["a fox", "[s] a fox", "[2s]", "[-1s] a fox", "2s a fox"])
def test_wrong_shots(line: str) -> None:
    """The sentence says which shot and how it should look."""
    sentence = wrong("--shots", f"[1s] a hare\n{line}")
    assert sentence.startswith("Shot 2 must look like '[2s]")


# --- the matrix -------------------------------------------------------------------------------------


def test_matrix_order() -> None:
    """Prompts outermost, then model, mode, aspect, duration, and takes innermost."""
    order = parse("-d 5,10 --mode std,pro -m v3,v2-6 --takes 2 --negative dogs", "a fox\n---\na hare", NAMES)
    made = [(r["prompt"], r["model"], r["mode"], r["duration"], r["take"]) for r in order.requests]
    assert len(made) == 32
    assert made[:4] == [
        ("a fox", "v3", "std", "5", 1),
        ("a fox", "v3", "std", "5", 2),
        ("a fox", "v3", "std", "10", 1),
        ("a fox", "v3", "std", "10", 2),
    ]
    assert (made[4][2], made[8][1], made[16][0]) == ("pro", "v2-6", "a hare")
    assert len(set(made)) == 32
    assert {request["negative"] for request in order.requests} == {"dogs"}


@pytest.mark.parametrize(
    ("line", "takes"), [("--takes 3", [1, 2, 3]), ("--take 3", [3]), ("--takes 1", [1]), ("", [1])]
)
def test_takes(line: str, takes: list[int]) -> None:
    """All of the first N, or only the N-th."""
    assert [request["take"] for request in parse(line, BODY, NAMES).requests] == takes


def test_empty_places_in_a_list() -> None:
    """A comma too many does no harm."""
    assert [r["model"] for r in parse('-m "a, b,,c,"', BODY, NAMES).requests] == ["a", "b", "c"]


# --- help -------------------------------------------------------------------------------------------


def test_usage_lists_everything() -> None:
    """Every option and every line command is on the page, in lines that fit."""
    page = usage()
    assert [option.long for option in OPTIONS if option.long not in page] == []
    assert [name for name in LINE_COMMANDS if f"  {name}" not in page] == []
    assert [line for line in page.splitlines() if len(line) > 110] == []


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("show fox-1 hare", ["show", "fox-1", "hare"]),
        ("a'b c'd", ["ab cd"]),
        ("a\\ b", ["a\\", "b"]),
        ("", []),
        ("\t a  ", ["a"]),
    ],
)
def test_words(line: str, split: list[str]) -> None:
    """Like a shell, but a backslash is a letter."""
    assert words(line) == split
