"""The README is true: its snippets run, and what it names exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import kling_nb as kling
from kling_nb.cell import LINE_COMMANDS, OPTIONS
from kling_nb.magic import KlingMagics
from tests.notebook.kernels import Kernel, environment

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = FENCE.findall(TEXT)
PROSE = FENCE.sub("", TEXT)
SPANS = [(double or single).strip() for double, single in re.findall(r"``(.+?)``|`([^`\n]+)`", PROSE)]
ROWS = [row.split(" | ", 1)[0] for row in PROSE.splitlines() if row.startswith("| ")]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
OURS = ("KLING", "IMAROUTER", "AGENTSFLARE", "WIREFLOW", "FAL", "REPLICATE")
SHELL = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines()]
TYPED = [
    command for line in [*SHELL, *SPANS] for command in line.split(" && ") if re.match(r"(\S*/)?(python|pip)", command)
]


def test_the_cells_run(tmp_path: Path) -> None:
    """In their order, in a real kernel, for a user who has set nothing."""
    with Kernel(tmp_path, environment(tmp_path / "home")) as kernel:
        kernel.ready()
        cells = [kernel.run(block) for language, block in BLOCKS if language in {"", "python"}]
        assert [cell.error for cell in cells] == [None] * len(cells)
        printed = "".join(cell.text for cell in cells).split()
        assert (Path(printed[0]).suffix, round(float(printed[1]))) == (".mp4", 5)
        assert (tmp_path / printed[0]).is_file()
        awaited = kernel.run("clip = await fox\nclip.path, clip.poster, clip.manifest['request']['prompt']")
        assert awaited.error is None
        assert ".mp4" in awaited.result
        assert "A red fox" in awaited.result
        beside = {path.suffix for path in (tmp_path / "kling_outputs").iterdir()}
        assert beside >= {".mp4", ".jpg", ".json"}


def test_the_shell_lines() -> None:
    """The first opens a notebook that is there; the other is, to the letter, what CI runs; and there are no more."""
    start, tests = SHELL
    (notebook,) = re.findall(r"/jupyter lab (\S+)$", start)
    assert (ROOT / notebook).is_file()
    (pattern,) = re.findall(r"grep -m1 -- '(.+)' README\.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert [line for line in TEXT.splitlines() if re.search(pattern, line)] == [tests]
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", TYPED)
def test_what_is_typed_into_a_shell(command: str) -> None:
    """Extras, scripts, their options and modules are there."""
    for extras in re.findall(r"\[([\w,]+)\]'", command):
        assert set(extras.split(",")) <= set(EXTRAS)
    for script in re.findall(r"python3? (\S+\.py)", command):
        text = (ROOT / script).read_text(encoding="utf-8")
        assert [option for option in re.findall(r"--[a-z-]+", command) if option not in text] == []
    for module in re.findall(r"-m (kling_nb[\w.]*)", command):
        place = ROOT / module.replace(".", "/")
        assert (place / "__main__.py").is_file()


@pytest.mark.parametrize("span", [span for span in dict.fromkeys(SPANS) if span.startswith(("--", "%%kling"))])
def test_options(span: str) -> None:
    """Every option of a cell is one."""
    assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", span)) <= {option.long for option in OPTIONS}


@pytest.mark.parametrize("row", [row for row in [*ROWS, *(f"`{span}`" for span in SPANS)] if "`%kling " in row])
def test_line_commands(row: str) -> None:
    """``%kling jobs``, and ``show ID`` after it in the same cell of a table, with the options that they have."""
    for span in re.findall(r"`([^`]+)`", row):
        found = re.match(r"(?:%kling )?([a-z]+)(?: |$)", span)
        if found is None:
            continue  # another kind of thing beside it: an option, a line of Python
        assert found[1] in LINE_COMMANDS
        for option in re.findall(r"--[a-z]+", span):
            assert option in LINE_COMMANDS[found[1]]


@pytest.mark.parametrize("span", [span for span in dict.fromkeys(SPANS) if re.match(r"kling\.", span)])
def test_python_names(span: str) -> None:
    """``kling.NAME``, and ``.METHOD`` of what it makes."""
    names = re.match(r"kling\.(\w+)(?:\(.*\)\.(\w+))?", span)
    assert names
    thing = getattr(kling, names[1])
    assert names[2] is None or callable(getattr(thing, names[2]))


def test_settings() -> None:
    """Each configured trait and each variable of the environment is read somewhere."""
    traits = set(re.findall(r"KlingMagics\.(\w+)", TEXT))
    assert traits
    assert traits <= set(KlingMagics.class_trait_names(config=True))
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "kling_nb").rglob("*.py"))
    variables = set(re.findall(rf"\b(?:{'|'.join(OURS)})[A-Z]*_[A-Z_]+\b", TEXT))
    assert len(variables) > len(OURS)
    assert [name for name in sorted(variables) if f'"{name}"' not in sources] == []


def test_links() -> None:
    """Each link into the repository and each picture leads to a file."""
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", PROSE)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
