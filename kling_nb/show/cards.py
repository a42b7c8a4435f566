"""The live card: one job or many, what each is doing, how much longer, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kling_nb.show import markup
from kling_nb.show.choice import NEEDS_SOMEBODY, more, shown
from kling_nb.show.differ import Shared, apart, shared
from kling_nb.show.markup import esc, prose, sums
from kling_nb.show.progress import bar, timing
from kling_nb.show.purse import cost, short, total
from kling_nb.show.steps import steps, steps_text
from kling_nb.show.style import BAR, FOOT, ROWS, STATE, STEPS
from kling_nb.show.view import LIVE, JobView
from kling_nb.show.words import clip, line, next_step, plural, where, word

_ALL = "%kling jobs"


def card(views: Sequence[JobView], *, title: str = "") -> str:
    """One job or many as HTML, to be replaced by the result.

    May be shown again about once a second; between two updates the bar moves on by itself, for 3 s at most.
    """
    if len(views) == 1:
        return _one(views[0], title)
    return _many(views, title)


def failure(view: JobView) -> str:
    """A job that ended without a clip: failed, stopped waiting or perhaps paid. Reason, money, next step."""
    return _one(view, "")


def card_text(views: Sequence[JobView], *, title: str = "") -> str:
    """One job or many for a terminal: a line each; failures add their reason and the next step."""
    common = Shared((), "", "")
    head = [line(title, 120)] if title else []
    if len(views) == 1:
        return "\n".join([*head, row_text(views[0], common, priced=False), *steps_text(views[0]), cost(views[0])])
    rows = [row_text(view, common) for view in shown(views)]
    below = [more(views, _ALL).replace("`", ""), total(views) if views else ""]
    return "\n".join([*head, tally(views), *rows, *filter(None, below)])


def tally(views: Sequence[JobView]) -> str:
    """``4 clips, 1 done, 2 generating, 1 refused by moderation``; without states if all are done."""
    if not views:
        return "Nothing here yet."
    clips = plural(len(views), "clip")
    if all(view.status == "done" for view in views):
        return clips
    counted = Counter(word(view).lower() for view in views)
    return ", ".join([clips, *(f"{count} {said}" for said, count in counted.items())])


def row_text(view: JobView, common: Shared, *, priced: bool = True) -> str:
    """One job on a line, with what it needs somebody for below; what is in ``common`` is left out."""
    state = word(view) if common.gateway else where(view)
    said = ", ".join(part for part in (state, timing(view), short(view) if priced else "") if part)
    own = ", ".join(line(setting, 60) for setting in view.settings if setting not in common.settings)
    prompt = "" if common.prompt else line(view.prompt, 80)
    what = f"{prompt} ({own})" if prompt and own else prompt or own
    below = [*view.notes, view.reason, view.video.path if view.video else ""]
    if view.status in NEEDS_SOMEBODY:
        below += [_task(view), next_step(view)]
    return "\n".join([f"{said}: {what}" if what else said, *(f"  {line(part, 300)}" for part in below if part)])


def _one(view: JobView, title: str) -> str:
    ready = prose(clip(view.ready_note, 300)) if view.ready_note else ""
    say = (
        f"<b>{esc(line(title, 120))}</b>" if title else "",
        f'<div class="kling-nb-top">{markup.state(view)} <span class="kling-nb-dim">{esc(timing(view))}</span></div>',
        markup.prompt(view.prompt),
        f"<p>{markup.asked(view.settings)}</p>" if view.settings else "",
        f'<p class="kling-nb-why">{esc(clip(view.reason, 600))}</p>' if view.reason else "",
        steps(view),
        markup.notes(view),
        f'<p class="kling-nb-dim">{prose(_task(view))}</p>' if _task(view) else "",
        f"<p>{ready}</p>" if ready else "",
    )
    body = (
        f'<div class="kling-nb-say">{"".join(say)}</div>',
        _bar(view),
        markup.foot(sums(cost(view)), prose(next_step(view))),
    )
    return markup.root("card", body, FOOT, STATE, BAR, *([STEPS] if view.steps else []))


def _task(view: JobView) -> str:
    """The gateway's own id, for whoever has to ask there what became of it."""
    return (
        f"Task id at the gateway: `{line(view.ticket, 120)}`." if view.ticket and view.status in NEEDS_SOMEBODY else ""
    )


def _bar(view: JobView) -> str:
    drawn = bar(view)
    if drawn is None:
        return ""
    late = " kling-nb-late" if drawn.late else ""
    said = esc(timing(view))
    return (
        f'<div class="kling-nb-bar{late}" role="progressbar" aria-label="{said}" style="{drawn.style}">'
        "<i></i><u></u></div>"
    )


def _many(views: Sequence[JobView], title: str) -> str:
    common = shared(views)
    settings = markup.asked((*common.settings, common.gateway), bold=0)
    head = (
        f"<b>{esc(line(title, 120))}</b>" if title else "",
        markup.prompt(common.prompt),
        f"<p>{counted(views)}{f'<br>{settings}' if settings else ''}</p>",
    )
    rows = "".join(_row(view, common) for view in shown(views))
    live = any(view.status in LIVE for view in views)
    step = "To stop waiting for one, type `%kling cancel ID`." if live else ""
    body = (
        f'<div class="kling-nb-say">{"".join(head)}</div>',
        f'<ul class="kling-nb-rows">{rows}</ul>' if rows else "",
        markup.foot(sums(total(views)), prose(" ".join(filter(None, [more(views, _ALL), step])))) if views else "",
    )
    return markup.root("card", body, FOOT, STATE, BAR, ROWS)


def counted(views: Sequence[JobView]) -> str:
    """The tally as HTML, the number of clips in bold."""
    clips, comma, states = tally(views).partition(",")
    return f'<b>{esc(clips)}</b><span class="kling-nb-dim">{comma}{esc(states)}</span>'


def _row(view: JobView, common: Shared) -> str:
    apart_from = ", ".join(apart(view, common))
    prompt = "" if common.prompt else line(view.prompt, 140)
    what = [f"<p>{esc(prompt)}</p>" if prompt else ""]
    ident = f"<code>{esc(line(view.id, 40))}</code>" if view.status in LIVE or not (prompt or apart_from) else ""
    label = " ".join(part for part in (f"<b>{esc(apart_from)}</b>" if apart_from else "", ident) if part)
    what.append(f"<p>{label}</p>" if label else "")
    if view.reason:
        what.append(f"<p>{esc(line(view.reason, 200))}</p>")
    if view.status in NEEDS_SOMEBODY:
        what.append(f'<p class="kling-nb-dim">{prose(next_step(view))}</p>')
    return (
        f"<li>{markup.state(view, word(view))} <div>{''.join(what)}</div> "
        f'<span class="kling-nb-dim">{esc(timing(view))}</span> '
        f"<span>{esc(short(view))}</span>{_bar(view)}</li>"
    )
