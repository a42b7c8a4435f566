"""The durable result: the clip, a sentence, what it cost. It needs no script and no kernel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kling_nb.show import markup
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.progress import timing
from kling_nb.show.purse import cost
from kling_nb.show.steps import RESULT, steps, steps_text
from kling_nb.show.style import NAME, PLAYER, STEPS
from kling_nb.show.words import asked, clip, lasting, line, size

if TYPE_CHECKING:
    from kling_nb.show.view import JobView, VideoView

_AREA = 520 * 292
"""Pixels that a clip takes on screen; the same for all shapes, so that a tall clip is no louder than a wide one."""

_PROMPT_BESIDE_STEPS = 160
"""Characters: the prompt of a pipeline makes room for its steps."""


def result(view: JobView) -> str:
    """The finished clip as HTML: player, poster and caption. Below 16 kB with a poster of 7.5 kB.

    Raises:
        ValueError: The job has no clip; :func:`kling_nb.show.card` shows any other state.
    """
    video = _video(view)
    width = round(math.sqrt(_AREA * (video.width / video.height if video.width and video.height else 16 / 9)))
    tall = " kling-nb-tall" if video.height > video.width else ""
    origin = ", ".join(part for part in (esc(line(view.gateway, 60)), esc(timing(view))) if part)
    settings = f'{markup.asked(view.settings)}<br><span class="kling-nb-dim">{origin}</span>'
    say = (
        markup.prompt(view.prompt, _PROMPT_BESIDE_STEPS if view.steps else markup.PROMPT_LIMIT),
        f"<p>{settings}</p>",
        steps(view, RESULT),
        markup.notes(view),
        f'<p class="kling-nb-end">{sums(cost(view))}</p>',
        f"<p>{prose(clip(view.ready_note, 300))}</p>" if view.ready_note else "",
        f'<p class="kling-nb-dim">{"<br>".join(part for part in (esc(_facts(video)), markup.link(video)) if part)}</p>',
        f"<p>{prose(clip(view.next_step, 300))}</p>" if view.next_step else "",
    )
    player = markup.film(video, width)
    body = (
        f'<div class="kling-nb-pair" style="display:flex;flex-wrap:wrap">'
        f'<div class="kling-nb-shot{tall}" style="--w:{width}">{player}</div>'
        f'<div class="kling-nb-say" style="flex:1 1 250px;min-width:0;padding:14px 16px">{"".join(say)}</div></div>'
    )
    return markup.root("result", (body,), NAME, PLAYER, *([STEPS] if view.steps else []))


def result_text(view: JobView) -> str:
    """The finished clip for a terminal: prompt, settings, cost and where the file is."""
    video = _video(view)
    made = ", ".join(part for part in (line(view.gateway, 60), timing(view)) if part)
    lines = (
        line(view.prompt, 200),
        "; ".join(part for part in (asked(view), made) if part),
        *steps_text(view, RESULT),
        cost(view),
        *(line(note, 400) for note in view.notes),
        f"{line(video.path, 300)} ({_facts(video)})" if _facts(video) else line(video.path, 300),
        line(view.ready_note, 300),
        line(view.next_step, 300),
    )
    return "\n".join(said for said in lines if said)


def _video(view: JobView) -> VideoView:
    if view.video is None:
        raise ValueError(f"Job {view.id} has no clip to show.")
    return view.video


def _facts(video: VideoView) -> str:
    """``1280 x 720, 24 fps, 5 s, with sound, 2.1 MB``, as far as it is known."""
    return ", ".join(
        fact
        for fact in (
            f"{video.width} \N{MULTIPLICATION SIGN} {video.height}" if video.width and video.height else "",
            f"{video.fps:.4g} fps" if video.fps else "",
            lasting(video.seconds) if video.seconds else "",
            "with sound" if video.has_audio else "",
            size(video.size) if video.size else "",
        )
        if fact
    )
