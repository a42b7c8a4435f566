"""A mistake costs one sentence and no money, and the type of the error says whose fault it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from kling_nb.errors import (
    BaseUrlError,
    BudgetError,
    InputError,
    KlingError,
    MissingKeyError,
    OptionError,
    RequestError,
    StorageError,
)

if TYPE_CHECKING:
    from tests.lab.conftest import Notebook

PUBLIC = "https://img.example/fox.png"


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    """An encoded picture."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "orange").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("line", "body", "kind", "words"),
    [
        # what was typed
        ("--modle kling-v3", "a fox", OptionError, ["--modle", "--model"]),
        ("-m kling-v3 -m kling-v2-6", "a fox", OptionError, ["--model was given twice"]),
        ("--duration", "a fox", OptionError, ["--duration needs a value"]),
        ("--takes two", "a fox", OptionError, ["--takes", "'two'"]),
        ("--duration five", "a fox", OptionError, ["--duration", "'five'"]),
        ("--duration -5", "a fox", OptionError, ["--duration"]),
        ("--cfg much", "a fox", OptionError, ["--cfg", "'much'"]),
        ("--cfg 2", "a fox", OptionError, ["--cfg"]),
        ("--sound loud", "a fox", OptionError, ["on or off"]),
        ("--camera zoom=far", "a fox", OptionError, ["--camera", "zoom"]),
        ("--kind film", "a fox", OptionError, ["--kind", "text2video"]),
        ("--aspect wide", "a fox", OptionError, ["--aspect", "16:9"]),
        ("--set 17", "a fox", OptionError, ["KEY=VALUE"]),
        ("--budget lots", "a fox", OptionError, ["--budget", "USD"]),
        ("--negative 'no dogs", "a fox", OptionError, ["quotation mark"]),
        ("-g imaruter", "a fox", OptionError, ["imaruter", "imarouter"]),
        ("", "  \n \n", OptionError, ["no prompt", "below"]),
        ("", "a {colour_of_fox} fox", OptionError, ["{colour_of_fox}", "not defined"]),
        ("--negative {nothing_there}", "a fox", OptionError, ["{nothing_there}"]),
        ("--video clip.mp4", "a fox", InputError, ["--video clip.mp4", "put it at a public https address"]),
        (f"--video {PUBLIC},{PUBLIC}", "a fox", OptionError, ["one reference video, not 2"]),
        ("--refer edit", "a fox", OptionError, ["--refer is feature or base", "'edit'"]),
        ("--masks missing.json", "a fox", InputError, ["no readable file missing.json", "--masks takes a list"]),
        ("--masks '[1]'", "a fox", OptionError, ["--masks, mask 1", "trajectories"]),
        ("--masks '[oops'", "a fox", OptionError, ["this is no JSON"]),
        ("--callback example.com", "a fox", OptionError, ["--callback 'example.com'", "https://example.com/done"]),
        ("--external-id 'a b'", "a fox", OptionError, ["--external-id 'a b'", "letters, digits"]),
        ("--external-id a --takes 2", "a fox", OptionError, ["--external-id a", "names one task"]),
        # what the model cannot do
        ("-m kling-v2-6 --duration 7", "a fox", RequestError, ["kling-v2-6", "5", "10", "not 7", "--force"]),
        ("-m kling-v2-6 --mode 4k", "a fox", RequestError, ["kling-v2-6", "4k", "pro"]),
        ("-m kling-v2-6 --mode std --sound on", "a fox", RequestError, ["Sound needs mode pro", "--mode pro"]),
        ("-m kling-v2-6 -a 21:9", "a fox", RequestError, ["21:9", "16:9"]),
        ("-m kling-v2-6", "x" * 2501, RequestError, ["1 more than the 2,500"]),
        ("--shots", "[2s] a fox\n[3s] a hare", RequestError, ["does not work with several shots"]),
        ("-m kling-v3 -d 6 --shots", "[2s] a fox\n[3s] a hare", RequestError, ["add up to 5", "--duration 5"]),
        (f"-m kling-v2-6 --images {PUBLIC},{PUBLIC}", "a fox", RequestError, ["cannot do multi-image2video"]),
        ("-m kling-video-o1 -a 1:1", "as <<<image_1>>> says", RequestError, ["<<<image_1>>>", "add --images"]),
        # what goes in
        ("--image missing.png", "a fox", InputError, ["--image", "no file", "missing.png"]),
        ("--tail missing.png", "a fox", InputError, ["--tail", "missing.png"]),
        ("--image text.png", "a fox", InputError, ["text.png", "not an image", "JPEG or PNG"]),
        ("--image {number}", "a fox", InputError, ["--image", "int"]),
        ("--image .", "a fox", InputError, ["no file"]),
        ("-m kling-v2-6 --image small.png", "a fox", RequestError, ["300"]),
        ("-m kling-v2-6 --image flat.png", "a fox", RequestError, ["2.5"]),
        ("-m kling-v2-6 --image large.png", "a fox", RequestError, ["10 MB"]),
        # money
        ("-m kling-v2-6 --mode pro -d 10 --budget 0.10", "a fox", BudgetError, ["0.10", "--budget"]),
        ("-m kling-from-tomorrow --budget 9", "a fox", BudgetError, ["not known", "--budget"]),
        ("-m kling-v2-6 --mode pro -d 10 --takes 40", "a fox", BudgetError, ["--yes"]),
    ],
)
def test_mistake(nb: Notebook, tmp_path: Path, line: str, body: str, kind: type[KlingError], words: list[str]) -> None:
    """One sentence that names what is wrong and what to type; nothing is sent, journalled or bound."""
    (tmp_path / "text.png").write_text("I am no picture")
    (tmp_path / "small.png").write_bytes(picture(200, 400))
    (tmp_path / "flat.png").write_bytes(picture(1000, 310))
    (tmp_path / "large.png").write_bytes(picture(320, 320) + bytes(11_000_000))
    nb.shell.user_ns["number"] = 17
    error = nb.fails(line if "-g " in line else f"-g kling {line}", body)
    assert type(error) is kind
    assert [word for word in words if word not in error.sentence] == []
    assert error.charged is False
    assert nb.gw.requests == []
    assert "fox" not in nb.shell.user_ns
    assert not nb.lab.jobs()


KEYS = {
    "kling": ["KLINGAI_API_KEY", "KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY"],
    "agentsflare": ["AGENTSFLARE_API_KEY"],
    "imarouter": ["IMAROUTER_API_KEY"],
    "wireflow": ["WIREFLOW_API_KEY"],
}


@pytest.mark.parametrize("gateway", KEYS)
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_no_key(nb: Notebook, gateway: str, empty: str | None) -> None:
    """The sentence names the variables and offers the sandbox."""
    if empty is None:
        del nb.env[KEYS[gateway][0]]
    else:
        nb.env[KEYS[gateway][0]] = empty
    error = nb.fails(f"-g {gateway} -m kling-v2-5-turbo --mode pro")
    assert type(error) is MissingKeyError
    assert [name for name in [*KEYS[gateway], "--gateway sandbox"] if name not in error.sentence] == []
    assert nb.gw.requests == []
    assert not nb.lab.jobs()


def test_half_a_key(nb: Notebook) -> None:
    """An access key without its secret is no key."""
    del nb.env["KLINGAI_API_KEY"]
    nb.env["KLINGAI_ACCESS_KEY"] = nb.gw.access_key
    assert type(nb.fails("-g kling")) is MissingKeyError


def test_no_workflow(nb: Notebook) -> None:
    """Wireflow's second variable is asked for by name."""
    del nb.env["WIREFLOW_WORKFLOW_ID"]
    error = nb.fails("-g wireflow -m kling-v2-5-turbo --mode pro")
    assert type(error) is MissingKeyError
    assert "WIREFLOW_WORKFLOW_ID" in error.sentence


LEAKY = (
    "http://api.example.com",
    "http://198.51.100.7:8080",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://0.0.0.0:80",
    "ftp://127.0.0.1",
    "api.example.com",
    "https://",
    "https://[::1",
    "https://user:password@api.example.com",
)


@pytest.mark.parametrize(
    ("variable", "gateway", "url"),
    [
        *(("KLINGAI_BASE_URL", "kling", url) for url in LEAKY),
        ("AGENTSFLARE_BASE_URL", "agentsflare", LEAKY[0]),
        ("IMAROUTER_BASE_URL", "imarouter", LEAKY[0]),
        ("WIREFLOW_BASE_URL", "wireflow", LEAKY[0]),
    ],
)
def test_base_url_that_would_leak_the_key(nb: Notebook, variable: str, gateway: str, url: str) -> None:
    """Plain http is for this machine only; the sentence names the variable and repeats no password."""
    nb.env[variable] = url
    error = nb.fails(f"-g {gateway} -m kling-v2-5-turbo --mode pro")
    assert type(error) is BaseUrlError
    assert variable in error.sentence
    assert "password@" not in error.sentence
    assert nb.gw.requests == []


def test_unknown_model_passes_with_a_note(nb: Notebook) -> None:
    """A model of tomorrow is sent as it was typed; the result says that nobody knows it."""
    nb.cell("-g kling -m kling-v2-66")
    assert nb.gw.paid[0].json["model_name"] == "kling-v2-66"
    assert nb.fox.status == "done"
    assert any("kling-v2-66" in note and "kling-v2-6" in note for note in nb.fox.state.notes)
    assert "kling-v2-66" in nb.outputs[-1]["text/plain"]


def test_force_sends_what_the_catalogue_refuses(nb: Notebook) -> None:
    """--force is the way out when the catalogue is wrong; the doubt stays visible."""
    nb.cell("-g kling -m kling-v2-6 --duration 7 --force")
    assert nb.gw.paid[0].json["duration"] == "7"
    assert any("not 7" in note for note in nb.fox.state.notes)


def _blocked(folder: Path) -> None:
    folder.write_text("a file where the folder should be")


def _damaged(folder: Path) -> None:
    folder.mkdir()
    (folder / "kling_journal.sqlite").write_bytes(b"not a database at all " * 99)


@pytest.mark.parametrize("spoil", [_blocked, _damaged])
def test_folder_that_cannot_be_used(nb: Notebook, spoil: Callable[[Path], None]) -> None:
    """Without a journal nothing is sent, because nobody would remember that it was paid."""
    spoil(nb.folder)
    error = nb.fails("-g kling")
    assert type(error) is StorageError
    assert nb.gw.requests == []
