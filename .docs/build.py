"""Build the site: ``python .docs/build.py [folder]``, by default into ``build/site``. A warning of Sphinx is an error.

Everything but the pages beside this file is written elsewhere and brought in: the README as the front page, the
notebooks, the changelog, the pages of ``.github``. A link from one to another is made to lead to its page, and one to
any other file of the repository to the repository.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.cmd.build import build_main

from kling_nb.cell import usage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REPOSITORY = "https://github.com/kling-nb/kling_nb/blob/main/"
PICTURES = {".jpg", ".png", ".webp"}
NOTEBOOKS = (
    "quickstart", "gateways_and_keys", "frames_and_references", "shots", "panel", "side_by_side", "benchmark_prompts",
    "benchmark_vbench", "money_and_recovery", "pipelines", "your_own_gateway",
)  # fmt: skip
"""The order in which one would read them; others follow."""
REFERENCE = ("cell", "asking", "clips", "benchmarks", "gateways", "errors")
CHAPTERS = {
    "Guide": ("pages/questions", "github/PLACES", "github/GATEWAY_EXAMPLES"),
    "Reference": tuple(f"pages/reference/{name}" for name in REFERENCE),
    "Project": ("github/ARCHITECTURE", "github/CONTRIBUTING", "github/SECURITY", "CHANGELOG"),
}
_LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def main(folder: Path) -> int:
    """Build the site into a folder; the exit code of Sphinx, which is not 0 after a warning."""
    with TemporaryDirectory(prefix="kling_nb-docs-") as temporary:
        source = Path(temporary)
        gather(source)
        strictly = ("-W", "--keep-going", "-q")
        return build_main([*strictly, "-d", f"{source}/.read", "-c", str(HERE), str(source), str(folder)])


def gather(source: Path) -> None:
    """Write every page and picture into the folder that Sphinx reads."""
    places = dict(_places())
    for path, place in places.items():
        there = source / place
        there.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in PICTURES:
            shutil.copyfile(path, there)
            continue
        text = path.read_text(encoding="utf-8")
        linked = _linker(path, places)
        made = _notebook(text, linked) if path.suffix == ".ipynb" else linked(text)
        there.write_text(made + _contents(places) if place == "index.md" else made, encoding="utf-8")
    (source / "pages" / "reference" / "usage.txt").write_text(usage(), encoding="utf-8")


def _places() -> Iterator[tuple[Path, str]]:
    """Every file of the site, and its place there."""
    yield ROOT / "README.md", "index.md"
    yield ROOT / "CHANGELOG.md", "CHANGELOG.md"
    for folder, place, kinds in (
        (ROOT / ".github", "github", {".md"}),
        (ROOT / ".github" / "pictures", "github/pictures", PICTURES),
        (ROOT / "notebooks", "notebooks", {".ipynb"}),
        (ROOT / "notebooks" / "pictures", "notebooks/pictures", PICTURES),
        (HERE / "pages", "pages", {".md"}),
        (HERE / "pages" / "reference", "pages/reference", {".md"}),
    ):
        for path in sorted(folder.iterdir()):
            if path.suffix in kinds:
                yield path, f"{place}/{path.name}"


def _linker(path: Path, places: dict[Path, str]) -> Callable[[str], str]:
    """Rewrites a text's links as they must be where the text will stand: seen from the site's root."""

    def one(match: re.Match[str]) -> str:
        target = path.parent.joinpath(match[2]).resolve()
        if not target.exists():
            raise FileNotFoundError(f"{path.relative_to(ROOT)} links to {match[2]}, which is not there.")
        place = places.get(target)
        shown = f"/{place}" if place else REPOSITORY + target.relative_to(ROOT).as_posix()
        return f"{match[1]}{shown}{match[3] or ''})"

    return lambda text: _LINK.sub(one, text)


def _notebook(text: str, linked: Callable[[str], str]) -> str:
    """A notebook whose texts have their links rewritten, and whose magics are coloured as such."""
    book = json.loads(text)
    book["metadata"]["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = linked("".join(cell["source"]))
    return json.dumps(book)


def _contents(places: dict[Path, str]) -> str:
    """The table of contents, which Sphinx wants on the front page and shows at the side."""
    books = [Path(place).stem for place in places.values() if place.endswith(".ipynb")]
    ordered = [name for name in NOTEBOOKS if name in books] + [name for name in books if name not in NOTEBOOKS]
    chapters = {"Notebooks": tuple(f"notebooks/{name}" for name in ordered)} | CHAPTERS
    return "".join(
        "\n```{{toctree}}\n:hidden:\n:caption: {}\n\n{}\n```\n".format(caption, "\n".join(pages))
        for caption, pages in chapters.items()
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "build" / "site"))
