"""A mistake costs one sentence: no traceback, nothing sent, nothing in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from .kernels import Kernel

CASES = [
    # code, type of the error, words that must be in the sentence
    ("%%kling --gateway imarouter\nA fox", "MissingKeyError", ["IMAROUTER_API_KEY", "--gateway sandbox"]),
    ("%%kling -g kling\nA fox", "MissingKeyError", ["KLINGAI_API_KEY", "KLINGAI_SECRET_KEY"]),
    ("%%kling --duratio 5\nA fox", "OptionError", ["--duratio", "--duration"]),
    ("%%kling --gateway nope\nA fox", "OptionError", ["nope", "sandbox", "wireflow"]),
    ("%kling models kling-v9", "OptionError", ["kling-v9", "%kling models"]),
    ("%%kling --model kling-v2-6 --duration 7\nA fox", "RequestError", ["5 or 10", "--duration 5", "--force"]),
    ("%%kling --duration soon\nA fox", "OptionError", ["--duration", "whole number"]),
    ("%%kling --aspect wide\nA fox", "OptionError", ["--aspect", "16:9"]),
    ("%%kling\nA {fxo}", "OptionError", ["{fxo}", "{fox}", "{{fxo}}"]),
    ("%%kling --negative {fxo}\nA fox", "OptionError", ["{fxo}", "{fox}"]),
    ("%%kling\n", "OptionError", ["no prompt", "below"]),
    ("%%kling\n  \n---\n", "OptionError", ["no prompt"]),
    ("%%kling --image nope.png\nA fox", "InputError", ["--image", "nope.png"]),
    ("%%kling --image small.png\nA fox", "RequestError", ["--image", "299", "300"]),
    ("%%kling --image text.png\nA fox", "InputError", ["--image"]),
    ("%%kling --image {number}\nA fox", "InputError", ["--image"]),
    ("%%kling --wait --no-wait\nA fox", "OptionError", ["--wait", "--no-wait"]),
    ("%%kling A red fox\n", "OptionError", ["'red'", "below"]),
    ("%%kling 'fox\nA fox", "OptionError", ["quotation mark"]),
    ("%%kling --budget 0.01 --gateway kling\nA fox", "BudgetError", ["USD 0.01", "--budget"]),
    ("%kling A red fox", "OptionError", ["'A'", "jobs", "%%kling"]),
    ("%kling show", "OptionError", ["%kling jobs"]),
    ("%kling show nothing", "OptionError", ["nothing"]),
]


@pytest.fixture(scope="module")
def _material(one_kernel: Kernel) -> None:
    """Pictures that cannot be used, and variables that a typing mistake comes near to."""
    Image.new("RGB", (299, 400), "teal").save(one_kernel.folder / "small.png")
    (one_kernel.folder / "text.png").write_text("this is no picture")
    assert one_kernel.run("fox, number = 'fox', 7").ok


@pytest.mark.usefixtures("_material")
@pytest.mark.parametrize(("code", "kind", "words"), CASES, ids=[case[0].replace("\n", " ") for case in CASES])
def test_one_sentence(kernel: Kernel, code: str, kind: str, words: list[str]) -> None:
    """The error output is the sentence alone; it names the cure; the folder has no job afterwards."""
    cell = kernel.run(code)
    assert cell.error is not None
    name, sentence, traceback = cell.error
    assert (name, traceback) == (kind, [f"{kind}: {sentence}"])
    assert [word for word in words if word not in sentence] == []
    assert sentence.endswith((".", ".)"))
    assert "\n" not in sentence
    assert (cell.displays, cell.text) == ([], "")
    assert kernel.run("import kling_nb; len(kling_nb.jobs())").result == "0"


def test_unknown_model(kernel: Kernel) -> None:
    """A model that the catalogue does not know is sent, with a note that says so and names near ones."""
    cell = kernel.run("%%kling --model kling-v2-66 --dry-run\nA fox")
    assert cell.ok
    assert "no model kling-v2-66" in cell.shown["text/plain"]
    assert "Did you mean kling-v2-6," in cell.shown["text/plain"]
