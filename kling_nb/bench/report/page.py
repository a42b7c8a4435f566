"""The page as a whole: one HTML file that brings its style and script along and asks for nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from kling_nb import player
from kling_nb.bench.report import sections
from kling_nb.show.markup import esc
from kling_nb.show.style import pack
from kling_nb.show.words import line

if TYPE_CHECKING:
    from kling_nb.bench.report.facts import Facts

GENERATOR = '<meta name="generator" content="kling_nb report'
"""By this a page is known as one of ours, which may be written anew."""

_POLICY = (
    "default-src 'none'; img-src 'self' file: data: blob:; media-src 'self' file: data: blob:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
"""Whatever a prompt or an answer holds: the browser itself lets this page ask nobody for anything."""


def page(facts: Facts, grid: str, files: list[tuple[str, str]]) -> str:
    """The report as HTML.

    Args:
        facts: What it says.
        grid: The prompts, from :func:`kling_nb.bench.report.grid.grid`.
        files: Names of the files beside it, and what they are.
    """
    parts = [part for part in sections.parts(facts, grid, files) if part[2]]
    links = "".join(f'<li><a href="#{name}">{esc(title)}</a></li>' for name, title, _ in parts)
    body = "".join(sections.section(*part) for part in parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{GENERATOR} {esc(facts.versions["kling-nb"])}">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{esc(line(facts.title, 120))}</title><style>{_style()}</style></head>"
        f"<body><main>{sections.header(facts)}<nav aria-label=Sections><ul>{links}</ul></nav>{body}</main>"
        f"<script>{_script()}</script></body></html>\n"
    )


@cache
def _style() -> str:
    return player.style() + pack(_read("report.css"))


@cache
def _script() -> str:
    code = f"const mount = {player.scoped('mount')};\n{_read('report.js')}"
    return f"{{\n{code}}}".replace("</", "<\\/")


def _read(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")
