"""The options of ``%%kling`` as one table: parsing, help and Tab completion all read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Takes = Literal["flag", "one", "list", "many"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        name: Long name without dashes; also the keyword of ``kling.submit``.
        takes: ``flag`` no value; ``one`` value; ``list`` comma-separated axis of the matrix or list of
            inputs; ``many`` may be repeated.
        metavar: Shown in the usage for its value.
        choices: Completed with Tab and, where they are all there is, enforced.
        closed: Whether ``choices`` are all there is.
    """

    name: str
    help: str
    takes: Takes = "one"
    metavar: str = ""
    short: str = ""
    choices: tuple[str, ...] = ()
    closed: bool = False

    @property
    def long(self) -> str:
        """As typed: ``--dry-run``."""
        return "--" + self.name.replace("_", "-")


OPTIONS: tuple[Option, ...] = (
    Option("model", "model, as Kling spells it", "list", "NAME", "m"),
    Option("mode", "quality tier", "list", "TIER", choices=("std", "pro", "4k")),
    Option("aspect", "aspect ratio", "list", "W:H", "a", choices=("16:9", "9:16", "1:1")),
    Option("duration", "seconds", "list", "S", "d", choices=("5", "10")),
    Option("takes", "samples of each request", metavar="N"),
    Option("take", "the N-th sample only", metavar="N"),
    Option("negative", "what must not be seen", metavar="TEXT"),
    Option("cfg", "prompt adherence, 0 to 1", metavar="X"),
    Option("sound", "sound in the clip", metavar="on|off", choices=("on", "off"), closed=True),
    Option("camera", "camera preset, or simple:AXIS=AMOUNT", metavar="MOVE"),
    Option("image", "first frame: URL, path or variable", metavar="SOURCE"),
    Option("tail", "last frame: URL, path or variable", metavar="SOURCE"),
    Option("images", "reference pictures: <<<image_1>>> in the prompt", "list", "A,B"),
    Option("video", "reference video: a public URL", metavar="SOURCE"),
    Option(
        "refer",
        "what the video is for: a new clip, or an edit",
        metavar="feature|base",
        choices=("feature", "base"),
        closed=True,
    ),
    Option("keep_sound", "the reference video's own sound", metavar="on|off", choices=("on", "off"), closed=True),
    Option(
        "orientation",
        "motion control: face as in the image or the video",
        metavar="image|video",
        choices=("image", "video"),
        closed=True,
    ),
    Option("element", "element ids", "list", "ID,ID"),
    Option("voice", "voice ids", "list", "ID,ID"),
    Option("mask", "what must not move in the first frame", metavar="SOURCE"),
    Option("masks", "what moves in it and where: JSON, .json file, variable", metavar="LIST"),
    Option("kind", "override the inferred kind", metavar="KIND"),
    Option("shots", "each line of the body, '[2s] text', is one shot of one clip", "flag"),
    Option(
        "shot_type",
        "who cuts: you (--shots), or the model by itself",
        metavar="WHO",
        choices=("customize", "intelligence"),
        closed=True,
    ),
    Option("watermark", "a second file with a watermark", metavar="on|off", choices=("on", "off"), closed=True),
    Option("callback", "address that the gateway shall report to", metavar="URL"),
    Option("external_id", "your own id of the task at the gateway", metavar="ID"),
    Option("gateway", "where to generate", metavar="NAME", short="g"),
    Option("sandboxed", "let the sandbox play that gateway: no key, no charge", "flag"),
    Option("set", "raw extra field of the gateway's wire (JSON value)", "many", "KEY=VALUE"),
    Option("wait", "wait inside the cell", "flag"),
    Option("no_wait", "do not wait", "flag"),
    Option("dry_run", "show each exact HTTP request and the price; no network", "flag"),
    Option("budget", "refuse to start if the cell may cost more", metavar="USD"),
    Option("yes", "accept a price above the confirmation threshold", "flag"),
    Option("fresh", "generate anew although a finished identical clip is here", "flag"),
    Option("force", "send what the catalogue would refuse", "flag"),
    Option("compare", "show the finished clips side by side", "flag"),
    Option("help", "this page", "flag"),
)

_BY_NAME = {option.name: option for option in OPTIONS}
_BY_TYPED = (
    {option.long: option for option in OPTIONS}
    | {"-" + o.short: o for o in OPTIONS if o.short}
    | {"-h": _BY_NAME["help"]}
)

LINE_COMMANDS: dict[str, str] = {
    "panel": "compose clips in a form instead of a cell",
    "jobs": "[--live]: the newest jobs of this folder, or a board that follows them",
    "show": "ID: one job's result again",
    "compare": "ID ID …: clips side by side, in step; also files",
    "gallery": "the finished clips of this folder, to filter and to compare",
    "wait": "[ID …]: wait for these jobs, or for all that are open",
    "resume": "[ID …]: finish what an earlier kernel started",
    "cancel": "ID: stop it there if the gateway can, else stop waiting (and pay)",
    "models": "[NAME]: what each model can do and costs",
    "gateways": "[NAME]: where clips can be made, keys, options; of one, what is left",
    "cost": "what was spent, by gateway, model and day",
    "doctor": "[--offline] [--load [N]]: how this machine, folder and keys are, what to mend",
    "help": "this page",
}


def by_name(name: str) -> Option | None:
    """The option of that long name, with underscores."""
    return _BY_NAME.get(name)


def by_typed(word: str) -> Option | None:
    """The option as it was typed, ``-m`` or ``--model``."""
    return _BY_TYPED.get(word)


def typed_names() -> Iterable[str]:
    """Everything that may be typed as an option."""
    return _BY_TYPED


def usage() -> str:
    """The page behind ``%kling?`` and ``--help``."""
    lines = ["%%kling [name] [options]      one prompt; several are separated by a line ---", ""]
    for option in OPTIONS:
        typed = f"-{option.short}, {option.long}" if option.short else f"    {option.long}"
        value = f" {option.metavar}" if option.metavar else ""
        axis = " (comma list makes a matrix)" if option.takes == "list" and option.name in AXES else ""
        lines.append(f"  {typed + value:<29} {option.help}{axis}")
    lines += ["", "%kling COMMAND", ""]
    lines += [f"  {name:<29} {text}" for name, text in LINE_COMMANDS.items()]
    lines += [
        "",
        "{name} in the body or in an option is the notebook's variable; {{ and }} are literal braces.",
        "Defaults: %config KlingMagics.model = 'kling-v2-6' and so on; %config KlingMagics lists them.",
    ]
    return "\n".join(lines)


AXES: tuple[str, ...] = ("model", "mode", "aspect", "duration")
"""Options whose comma lists multiply into a matrix, outermost first."""
