"""Several clips to one file: every frame and every sound where it belongs, and the drift of the colours said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kling_nb.errors import InputError, KlingError, OptionError, StorageError
from kling_nb.lab import Lab, Video
from kling_nb.media import probe, read_tag
from kling_nb.storyboard import stitch
from kling_nb.storyboard.drift import words
from kling_nb.storyboard.reels import read
from kling_nb.storyboard.sound import FADE
from tests.storyboard.clips import RATE, Made, heard, left_of, packets, pictures

if TYPE_CHECKING:
    from pathlib import Path

    from kling_nb.storyboard import Film

FIRST = Made()
NEXT = Made(start=FIRST.start + (FIRST.frames - 1) * FIRST.pace)
"""Begins with the picture that the first one ends with."""

OTHER = Made(start=30, pace=0, shift=(0, 40, 90), height=72)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Lab(env={})


def made(lab: Lab, *clips: Made, **options: Any) -> Film:
    """Write the clips and stitch them."""
    paths = [clip.write(lab.notebook / f"clip{number}.mp4") for number, clip in enumerate(clips)]
    return stitch(paths, lab=lab, **options)


def test_a_joint_is_shown_once_and_nothing_is_encoded_anew(lab: Lab) -> None:
    """The square walks on through the joint without a halt; the coded pictures are the clips' own, bit by bit."""
    film = made(lab, FIRST, NEXT)
    places = [left_of(picture) for picture in pictures(film.path)]
    assert places == [index * FIRST.pace for index in range(23)]
    assert film.seconds == pytest.approx(23 / 12)
    own = [packets(lab.notebook / f"clip{number}.mp4") for number in (0, 1)]
    assert packets(film.path) == [*own[0][:-1], *own[1]]
    assert not probe(film.path).audio
    assert [scene.seconds for scene in film.shots] == [round(11 / 12, 3), 1.0]


@pytest.mark.parametrize("second", [NEXT, OTHER], ids=["copied", "encoded"])
def test_tags_that_are_no_utf8(lab: Lab, second: Made) -> None:
    """What another program wrote into a clip's tags is no reason not to play it."""
    paths = [clip.write(lab.notebook / f"clip{number}.mp4") for number, clip in enumerate((FIRST, second))]
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"Lavf", b"L\xe4vf"))
    assert stitch(paths, lab=lab).seconds > 1.5


def test_a_joint_of_frames_that_need_each_other(lab: Lab) -> None:
    """With B-frames the last frame cannot be left out of a copy: the film is encoded anew, as long as it should be."""
    coded = (("crf", "10"), ("bf", "3"), ("b-adapt", "0"))
    first, later = replace(FIRST, options=coded), replace(NEXT, options=coded)
    film = made(lab, first, later)
    assert not read(lab.notebook / "clip0.mp4").loose
    assert [left_of(picture) for picture in pictures(film.path)] == [index * FIRST.pace for index in range(23)]
    # Without a joint to drop, they are copied all the same.
    cut = stitch("clip1.mp4", "clip0.mp4", lab=lab)
    assert packets(cut.path) == packets(lab.notebook / "clip1.mp4") + packets(lab.notebook / "clip0.mp4")
    assert len(pictures(cut.path)) == 24


def test_a_cut_loses_no_frame(lab: Lab) -> None:
    """Clips that show different things are put behind each other whole."""
    film = made(lab, FIRST, OTHER)
    assert len(pictures(film.path)) == 24
    assert film.drift
    assert not film.drift.joins[0].continues
    assert "a cut (delta E" in film.bundle()["text/plain"]


def test_sizes_and_rates_of_all_kinds(lab: Lab) -> None:
    """The first clip's size and rate; others are fitted into it, bars where their shape is another."""
    tall = Made(width=36, height=64, frames=24, fps=24, pace=0, start=4)
    wide = Made(width=256, height=144, frames=30, fps=30, pace=8)
    film = made(lab, FIRST, tall, wide)
    found = probe(film.path)
    assert (found.width, found.height, found.fps, found.codec) == (128, 72, 12.0, "h264")
    every = pictures(film.path)
    assert len(every) == 36
    assert every[18][:, :30].max() < 24, "bars beside the tall clip"
    assert every[18][:, 50:78].mean() > 60
    # A frame of the film shows what the wide clip shows at that moment: half as large, at the same time.
    assert left_of(every[30]) == pytest.approx(8 * 15 / 2, abs=5)


def test_sound_stays_with_its_picture(lab: Lab) -> None:
    """Each beep is heard when its own clip says; a silent clip is silence; the whole is as long as the film."""
    film = made(
        lab,
        replace(FIRST, tone=440.0, beep=0.5),
        OTHER,
        replace(FIRST, tone=880.0, beep=0.25),
    )
    wave = heard(film.path)
    assert wave.size == pytest.approx(3 * RATE, abs=1024)
    loud = np.flatnonzero(np.abs(wave) > 0.1) / RATE
    first, later = loud[loud < 1.5], loud[loud > 1.5]
    assert first.min() == pytest.approx(0.5, abs=0.01)
    assert first.max() == pytest.approx(0.6, abs=0.01)
    assert later.min() == pytest.approx(2.25, abs=0.01)
    assert later.max() == pytest.approx(2.35, abs=0.01)
    assert np.abs(wave[round(1.05 * RATE) : round(1.95 * RATE)]).max() < 0.01
    assert probe(film.path).seconds == 3.0


def test_sound_moves_up_with_the_dropped_frame(lab: Lab) -> None:
    """Behind a joint everything is a frame earlier, the sound as well."""
    film = made(lab, replace(FIRST, tone=440.0, beep=0.2), replace(NEXT, tone=440.0, beep=0.5))
    wave = heard(film.path)
    loud = np.flatnonzero(np.abs(wave) > 0.1) / RATE
    assert loud[loud > 1].min() == pytest.approx(11 / 12 + 0.5, abs=0.01)
    assert wave.size == pytest.approx(23 / 12 * RATE, abs=1024)


def test_no_click_at_a_join(lab: Lab) -> None:
    """Both sides fade for 15 ms: at the cut itself there is silence, a moment away there is full sound."""
    film = made(lab, replace(FIRST, tone=440.0), replace(OTHER, tone=300.0))
    wave = np.abs(heard(film.path))
    assert wave[RATE - 48 : RATE + 48].max() < 0.1
    assert wave[RATE - 3 * FADE : RATE - FADE].max() > 0.4
    assert wave[RATE + FADE : RATE + 3 * FADE].max() > 0.4
    assert wave[1024:2048].max() > 0.4, "the film's own beginning does not fade"


def test_drift_is_found_and_nothing_is_made_up(lab: Lab) -> None:
    """A planted shift of the colours is said at its join; clips without one have next to none."""
    clean = made(lab, FIRST, NEXT, name="clean").drift
    assert clean
    assert clean.joins[0].continues
    assert clean.worst < 1.0
    film = made(lab, FIRST, replace(NEXT, shift=(14, 0, -14)), name="drifting")
    assert film.drift
    assert film.drift.joins[0].continues, "the same picture in other colours goes on all the same"
    assert film.drift.worst > 5.0
    assert "a visible colour drift (delta E" in film.bundle()["text/plain"]
    assert len(pictures(film.path)) == 23
    assert [words(delta) for delta in (0.2, 2.0, 3.0, 9.0)] == [
        "no colour drift",
        "hardly any colour drift",
        "a slight colour drift",
        "a visible colour drift",
    ]


def test_colours_can_be_matched(lab: Lab) -> None:
    """The later clip goes back to the colours of the first, in the file and in the figures."""
    shifted = replace(NEXT, shift=(14, 0, -14))
    film = made(lab, FIRST, shifted, match_colour=True)
    assert film.drift
    assert film.drift.worst < 1.0
    whole = [picture.mean(axis=(0, 1)) for picture in pictures(film.path)]
    assert np.abs(whole[11] - whole[10]).max() < 2.5
    plain = made(lab, FIRST, shifted)
    far = [picture.mean(axis=(0, 1)) for picture in pictures(plain.path)]
    assert np.abs(far[11] - far[10]).max() > 10


def test_the_same_film_is_made_once(lab: Lab) -> None:
    """Stitching the same clips again finds the file; its manifest stands in it, and beside it with a poster."""
    film = made(lab, FIRST, NEXT, name="Boats & ships")
    assert film.path.name.startswith("boats-ships_2-clips_")
    before = film.path.stat().st_mtime_ns
    again = stitch("clip0.mp4", "clip1.mp4", name="Boats & ships", lab=lab)
    assert (again.path, again.path.stat().st_mtime_ns) == (film.path, before)
    assert again == film
    told = read_tag(film.path)
    assert told
    assert [shot["clip"] for shot in told["shots"]] == ["clip0.mp4", "clip1.mp4"]
    assert json.loads(film.path.with_suffix(".json").read_text()) == told
    assert film.poster == film.path.with_suffix(".jpg")
    assert not list(lab.folder.glob("*.part*"))


def test_a_film_is_a_video(lab: Lab) -> None:
    """It can be compared, stitched again and taken a frame from, and it can be written where one likes."""
    film = made(lab, FIRST, NEXT, path="out/both.mp4")
    assert film.path == lab.notebook.joinpath("out/both.mp4").relative_to(lab.notebook)
    assert lab.compare(film, "clip0.mp4").done()
    longer = stitch(film, Video.from_mp4(lab.notebook / "clip0.mp4"), lab=lab)
    assert longer.seconds == pytest.approx(35 / 12, abs=0.001)  # older FFmpegs count in milliseconds
    last = np.asarray(film.last_frame())
    assert last.shape == (360, 640, 3), "small frames are enlarged to what gateways take"
    assert left_of(last.astype(int)) == pytest.approx(5 * 88, abs=6)


def test_a_damaged_clip(lab: Lab) -> None:
    """Where no more of it can be decoded its last picture stays, and the film is as long as it should be."""
    hurt = replace(FIRST, width=160, height=90, options=(("crf", "10"), ("g", "6"))).write(lab.notebook / "hurt.mp4")
    data = bytearray(hurt.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    hurt.write_bytes(data)
    film = stitch(FIRST.write(lab.notebook / "clip.mp4"), hurt, lab=lab)
    assert len(pictures(film.path)) == 24


def test_where_nothing_can_be_written(lab: Lab) -> None:
    """One sentence, and no half film."""
    (lab.notebook / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        made(lab, FIRST, NEXT, path="file/film.mp4")
    assert not list(lab.notebook.glob("**/*.part"))


def test_its_caption(lab: Lab) -> None:
    """Each shot with its seconds; everything that others wrote is escaped; 16 kB at most."""
    film = made(lab, FIRST, NEXT, name="<b>Boats</b>")
    page = film.bundle()["text/html"]
    assert "&lt;b&gt;Boats&lt;/b&gt;" in page
    assert "<b>Boats" not in page
    assert f'src="kling_outputs/{film.path.name}"' in page
    assert len(page) < 16_000
    said = film.bundle()["text/plain"]
    assert "2 shots, 1.9 s" in said
    assert "clip0 (0.9 s)" in said
    assert "What it cost is not known." in said


@pytest.mark.parametrize(
    ("clips", "options", "kind", "said"),
    [
        ((), {}, OptionError, "nothing to stitch"),
        (("nowhere.mp4",), {}, InputError, "no readable file nowhere.mp4"),
        (("text.mp4",), {}, InputError, "text.mp4 is not a video"),
        ((7,), {}, OptionError, "7 is no clip"),
        (("clip.mp4",), {"path": "film.gif"}, OptionError, "written as .mp4"),
        (("clip.mp4",), {"path": "clip.mp4"}, OptionError, "is one of the clips"),
        (("3f9a",), {}, OptionError, "no job '3f9a'"),
    ],
)
def test_refusals(lab: Lab, clips: Any, options: Any, kind: type[KlingError], said: str) -> None:
    """One sentence, and no file is touched."""
    clip = FIRST.write(lab.notebook / "clip.mp4")
    before = clip.read_bytes()
    (lab.notebook / "text.mp4").write_text("not a video")
    with pytest.raises(kind) as raised:
        stitch(*clips, lab=lab, **options)
    assert said in raised.value.sentence
    assert clip.read_bytes() == before
