"""The style sheets, in pieces, so that each output carries only what it uses (about 3 kB).

Colours come from the host: Jupyter's ``--jp-*``, then VS Code's ``--vscode-*``, then the text colour
around and the system's. Text and hairlines are mixed from the ink, so that they hold on any
background; there is none of our own. ``light-dark()`` follows the page's own colour scheme, not
the system's, since a dark system may well show a light page. Sizes follow the space that the output has
(container queries). Prefix ``kling-nb-`` throughout: Lab's pages already use most short names.
"""

from __future__ import annotations

import re

BASE = """
.kling-nb{
  container-type:inline-size;width:100%;min-width:260px;max-width:1120px;box-sizing:border-box;
  margin:2px 0;overflow:hidden;
  border:1px solid var(--line);border-radius:8px;color:var(--ink);
  font:13px/1.5 var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif));
  font-variant-numeric:tabular-nums;
  --ink:var(--jp-content-font-color1,var(--vscode-editor-foreground,currentColor));
  --dim:color-mix(in srgb,var(--ink) 68%,transparent);
  --line:color-mix(in srgb,var(--ink) 16%,transparent);
  --wash:color-mix(in srgb,var(--ink) 5%,transparent);
  --accent:var(--jp-brand-color1,var(--vscode-textLink-foreground,light-dark(#1763d1,#74adff)));
  --good:var(--jp-success-color1,var(--vscode-charts-green,light-dark(#1b7f46,#5cc98a)));
  --doubt:var(--jp-warn-color1,var(--vscode-charts-orange,light-dark(#b26a00,#e6aa4d)));
  --bad:var(--jp-error-color1,var(--vscode-errorForeground,light-dark(#c0352b,#f0776c)))}
.kling-nb p{margin:0;max-width:76ch;overflow-wrap:anywhere}
.kling-nb .kling-nb-prompt{font-size:15px;line-height:1.4;white-space:pre-line;text-wrap:pretty}
.kling-nb-sum{white-space:nowrap}
.kling-nb-dim{color:var(--dim)}
.kling-nb b{font-weight:600}
.kling-nb code{font:.92em var(--jp-code-font-family,var(--vscode-editor-font-family,ui-monospace,monospace));
  padding:1px 5px;border-radius:3px;background:var(--wash);white-space:nowrap}
.kling-nb.kling-nb a{color:var(--accent)}
.kling-nb :focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.kling-nb-say{display:flex;flex-direction:column;gap:8px;padding:14px 16px}
.kling-nb .kling-nb-note{padding-left:10px;border-left:2px solid var(--doubt)}
"""
"""The frame, type and colours; every output has them."""

FOOT = """
.kling-nb-top{display:flex;flex-wrap:wrap;gap:0 16px;justify-content:space-between}
.kling-nb-foot{display:flex;flex-wrap:wrap;gap:2px 24px;align-items:center;justify-content:space-between;
  padding:9px 16px;border-top:1px solid var(--line)}
.kling-nb-foot>:not(:first-child){color:var(--dim)}
"""
"""First and last line of a card: what is said left and right."""

STATE = """
.kling-nb-st{color:color-mix(in srgb,var(--c) 82%,var(--ink));white-space:nowrap}
.kling-nb-st:before{content:"";display:inline-block;box-sizing:border-box;width:8px;height:8px;margin-right:7px;
  border:2px solid;border-radius:50%;background:var(--d)}
.kling-nb-quiet{--c:var(--dim)}
.kling-nb-busy{--c:var(--accent)}
.kling-nb-good{--c:var(--good);--d:currentColor}
.kling-nb-doubt{--c:var(--doubt);--d:currentColor}
.kling-nb-bad{--c:var(--bad);--d:currentColor}
.kling-nb .kling-nb-why{padding-left:10px;border-left:2px solid var(--bad)}
"""
"""The dot and word of a status: a ring while it is open, filled when it is settled."""

BAR = """
.kling-nb-bar{position:relative;height:3px;background:var(--line)}
.kling-nb-bar i,.kling-nb-bar u{position:absolute;inset:0 auto 0 0;background:var(--accent)}
.kling-nb-bar i{width:var(--f);animation:kling-nb-on 3s linear both}
.kling-nb-bar u{left:var(--l);width:calc(var(--h) - var(--l));opacity:.32}
.kling-nb-late i{background:var(--doubt)}
.kling-nb-bar+.kling-nb-foot{border-top:0}
@keyframes kling-nb-on{from{width:var(--f)}to{width:var(--s)}}
@media(prefers-reduced-motion:reduce){.kling-nb-bar i{animation:none}}
"""
"""Time as a line: the fill, and the usual range as a lighter band."""

NAME = """
.kling-nb-name{display:flex;white-space:pre}
.kling-nb-name span{overflow:hidden;text-overflow:ellipsis}
"""
"""A file's name on a line of its own; what does not fit is left out of its middle."""

STEPS = """
.kling-nb .kling-nb-steps{margin:0;padding:0 0 0 1.6em;overflow-wrap:anywhere}
.kling-nb .kling-nb-steps li{margin:0;padding:0}
"""
"""The steps of a pipeline: a plain list."""

PLAYER = """
.kling-nb-film{display:block;width:100%;height:auto;background:var(--wash);object-fit:contain}
.kling-nb-shot{width:calc(var(--w)*clamp(.8px,.105cqi,1.4px));background:var(--wash)}
.kling-nb .kling-nb-end{margin-top:auto;max-width:none;padding-top:8px;border-top:1px solid var(--line)}
@container(width<700px){.kling-nb-shot:not(.kling-nb-tall){width:100%;background:none}}
@container(width<520px){.kling-nb-shot{width:100%!important}.kling-nb-shot .kling-nb-film{max-height:480px}}
"""
"""The clip with its caption: beside it where there is room, else below."""

GRID = """
.kling-nb-cells{display:grid;margin-left:-1px;grid-template-columns:repeat(auto-fit,minmax(min(100%,var(--m)),1fr))}
.kling-nb-cells>div{width:auto!important;margin:0!important;border:solid var(--line);border-width:1px 0 0 1px}
.kling-nb-cells .kling-nb-say{gap:2px;padding:9px 16px 13px}
.kling-nb-film{display:block;width:100%;height:auto;background:var(--wash);object-fit:contain}
.kling-nb-cells .kling-nb-film{max-height:570px}
.kling-nb-gap{display:grid;place-content:center;padding:16px;box-sizing:border-box;background:var(--wash)}
.kling-nb mark{padding:0 3px;border-radius:3px;color:inherit;
  background:color-mix(in srgb,var(--accent) 22%,transparent)}
.kling-nb s{color:var(--dim)}
.kling-nb button{font:inherit;font-weight:600;padding:1px 10px;border:1px solid var(--line);border-radius:5px;
  color:var(--accent);background:none;cursor:pointer}
"""
"""Clips side by side, like a contact sheet; their captions say what differs."""

ROWS = """
.kling-nb-rows{list-style:none;margin:0!important;padding:0!important}
.kling-nb-rows li{position:relative;display:grid;gap:0 16px;padding:7px 16px;margin:0;border-top:1px solid var(--line);
  grid-template:"s p t m"/14.5em minmax(12em,1fr) fit-content(17em) 6.5em}
.kling-nb-rows li>:nth-child(2){grid-area:p}
.kling-nb-rows li>:nth-child(3){grid-area:t;text-align:right}
.kling-nb-rows li>:nth-child(4){grid-area:m;text-align:right;white-space:nowrap}
.kling-nb-rows .kling-nb-bar{position:absolute;inset:auto 0 -2px 0;z-index:1}
@container(width<720px){.kling-nb-rows li{grid-template:"s m" "p p" "t t"/1fr auto}
  .kling-nb-rows li>:nth-child(3){text-align:left}}
"""
"""Many jobs in one card, a line each; the hairline below a line is its progress."""

TABLE = """
.kling-nb-wide{overflow-x:auto}
.kling-nb table{width:100%;margin:0;border-collapse:collapse;font:inherit;table-layout:auto}
.kling-nb.kling-nb.kling-nb tbody tr{background:none}
.kling-nb.kling-nb th,.kling-nb.kling-nb td{padding:6px 16px;border:0;border-top:1px solid var(--line);text-align:left;
  vertical-align:baseline;white-space:nowrap;color:inherit}
.kling-nb.kling-nb th{color:var(--dim);font-weight:600;border-top:0;white-space:nowrap}
.kling-nb.kling-nb .kling-nb-l{min-width:15em;white-space:normal}
.kling-nb.kling-nb.kling-nb .kling-nb-n{text-align:right}
"""
"""Plain tables; numbers to the right."""

FOLD = """
.kling-nb details{border-top:1px solid var(--line)}
.kling-nb style+details{border-top:0}
.kling-nb summary{padding:9px 16px;cursor:pointer;overflow-wrap:anywhere}
.kling-nb summary:focus-visible{outline-offset:-2px}
"""
"""What can be opened and closed."""

WIRE = """
.kling-nb-plan>.kling-nb-foot:first-of-type{border:0;padding-bottom:0}
.kling-nb details+.kling-nb-say{border-top:1px solid var(--line)}
.kling-nb.kling-nb pre{margin:0;word-break:normal;
  padding:2px 16px 14px;white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:none;
  font:12px/1.55 var(--jp-code-font-family,var(--vscode-editor-font-family,ui-monospace,monospace))}
.kling-nb pre i{font-style:normal;color:var(--dim)}
"""
"""Exact HTTP requests."""


def pack(*sheets: str) -> str:
    """The sheets as one line."""
    return re.sub(r"\s*\n\s*", "", "".join(sheets))
