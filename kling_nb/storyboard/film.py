"""The finished film: a video that knows its shots, how its colours drift and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from kling_nb import show
from kling_nb.lab import Video
from kling_nb.lab.store import relative_url
from kling_nb.media import poster, probe
from kling_nb.show import JobView, VideoView, markup
from kling_nb.show.markup import esc, sums
from kling_nb.show.style import NAME, PLAYER, STEPS
from kling_nb.show.words import lasting, line, money, plural
from kling_nb.storyboard.drift import words

if TYPE_CHECKING:
    from kling_nb.lab import Lab
    from kling_nb.storyboard.drift import Drift

_AREA = 520 * 292
"""Pixels that a clip takes on screen, as in a result."""

_MOST = 12
"""Shots, and joins, that a caption lists; the manifest has all of them."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One shot of a film.

    Attributes:
        seconds: How long it is shown.
        clip: Name of the file that it comes from.
    """

    prompt: str
    seconds: float
    clip: str = ""


@dataclass(frozen=True, slots=True)
class Film(Video):
    """One film of several shots; a :class:`kling_nb.Video` in every other respect.

    Attributes:
        title: What it is called.
        shots: In order.
        drift: Of its colours; None where one request made all of it.
        expected: USD by the price list; None where it is not known.
        free: Made on the sandbox: nothing was charged.
    """

    title: str = ""
    shots: tuple[Scene, ...] = ()
    drift: Drift | None = None
    expected: float | None = None
    free: bool = False
    lab: Lab | None = field(default=None, repr=False, compare=False)

    def bundle(self) -> dict[str, str]:
        """The film with its caption, which needs no kernel, and its twin for terminals."""
        view = self._view()
        if self.lab:
            (view,) = self.lab.playable([view])
        video = cast("VideoView", view.video)
        return show.bundle(_page(self, view, video), _text(self, view, video))

    def _view(self) -> JobView:
        """As the lab's other results are looked at."""
        found = probe(self.path)
        home = self.lab.notebook.resolve() if self.lab else self.path.resolve().parent
        place = self.path.resolve()
        still = self.poster.read_bytes() if self.poster else poster(self.path)
        video = VideoView(
            src=relative_url(place, home),
            path=place.relative_to(home).as_posix() if place.is_relative_to(home) else str(place),
            poster=still,
            width=self.width,
            height=self.height,
            seconds=self.seconds,
            fps=self.fps,
            size=found.size,
            has_audio=found.audio,
        )
        return JobView(id=self.path.stem, status="done", prompt=self.title, video=video)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.bundle()

    def _display_(self) -> Any:
        return show.Shown(self.bundle())


def cost(film: Film) -> str:
    """What the film came to, in a sentence."""
    about = "" if film.expected is None else money(film.expected)
    if film.free:
        return f"Sandbox: nothing charged.{f' On Kling about {about}.' if about else ''}"
    if film.cost is not None:
        return f"Charged {money(film.cost)} in all."
    return f"About {about} in all, by the price list." if about else "What it cost is not known."


def drifts(film: Film) -> list[str]:
    """What is to be said of each join and of the whole, a line each."""
    if film.drift is None:
        return []
    joins = film.drift.joins
    told = [f"Shot {number} to {number + 1}: {join}." for number, join in enumerate(joins[:_MOST], 1)]
    rest = [f"{plural(len(joins) - _MOST, 'further join')}."] if len(joins) > _MOST else []
    whole = film.drift.whole
    cuts = not all(join.continues for join in joins)
    said = "the colours differ by" if cuts else f"{words(whole)},"
    return [*told, *rest, f"First to last frame: {said} delta E {whole:.1f}."] if joins else []


def _page(film: Film, view: JobView, video: VideoView) -> str:
    width = round((_AREA * (film.width / film.height)) ** 0.5)
    tall = " kling-nb-tall" if film.height > film.width else ""
    items = "".join(
        f'<li>{esc(line(shot.prompt, 90))} <span class="kling-nb-dim">{esc(lasting(shot.seconds))}</span></li>'
        for shot in film.shots[:_MOST]
    )
    say = (
        f'<p class="kling-nb-prompt">{esc(line(film.title, 120))}</p>',
        f"<p>{markup.asked(_head(film))}</p>",
        f'<ol class="kling-nb-steps">{items}</ol>',
        f'<p class="kling-nb-dim">{"<br>".join(map(esc, drifts(film)))}</p>' if drifts(film) else "",
        markup.notes(view),
        f'<p class="kling-nb-end">{sums(cost(film))}</p>',
        f'<p class="kling-nb-dim">{esc(_facts(film, video))}<br>{markup.link(video)}</p>',
    )
    body = (
        f'<div class="kling-nb-pair" style="display:flex;flex-wrap:wrap">'
        f'<div class="kling-nb-shot{tall}" style="--w:{width}">{markup.film(video, width)}</div>'
        f'<div class="kling-nb-say" style="flex:1 1 250px;min-width:0;padding:14px 16px">{"".join(say)}</div></div>'
    )
    return markup.root("result", (body,), NAME, PLAYER, STEPS)


def _text(film: Film, view: JobView, video: VideoView) -> str:
    shots = [
        f"  {number}. {line(shot.prompt, 90)} ({lasting(shot.seconds)})"
        for number, shot in enumerate(film.shots[:_MOST], 1)
    ]
    head = ", ".join((line(film.title, 120), *_head(film)))
    place = f"{line(video.path, 300)} ({_facts(film, video)})"
    return "\n".join([head, *shots, *(f"  {said}" for said in drifts(film)), *view.notes, cost(film), place])


def _head(film: Film) -> tuple[str, ...]:
    """``4 shots, 20 s``; what is not listed below is counted here."""
    return plural(len(film.shots), "shot"), lasting(film.seconds)


def _facts(film: Film, video: VideoView) -> str:
    size = f"{film.width} \N{MULTIPLICATION SIGN} {film.height}"
    return ", ".join([size, f"{film.fps:.4g} fps", *(["with sound"] if video.has_audio else [])])
