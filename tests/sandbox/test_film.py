"""The film maker is judged by its files: each test renders small films and decodes them again."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

from kling_nb.sandbox.film import Brief, render
from kling_nb.sandbox.film.camera import MOVES, Camera
from kling_nb.sandbox.film.gallery import SHAPES
from kling_nb.sandbox.film.layers import Pose
from kling_nb.sandbox.film.lens import Grid, between, lay_over, nearest
from kling_nb.sandbox.film.light import LIGHTS, USUAL
from kling_nb.sandbox.film.scenery import PAINTERS
from kling_nb.sandbox.film.slate import legible, typeset, wrap
from kling_nb.sandbox.film.words import HOMES, PLACES, SUBJECTS, read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SMALL = Brief("Mountains, static", 160, 90, 0.5, 12)


def film(brief: Brief, folder: Path, name: str = "film.mp4") -> Path:
    """Render a brief into a folder."""
    path = folder / name
    render(brief, path)
    return path


def luma(path: Path) -> NDArray[np.float64]:
    """The brightness of every frame: (frames, rows, columns), 0 to 255."""
    with av.open(str(path)) as file:
        pictures = [frame.to_ndarray(format="gray").astype(float) for frame in file.decode(video=0)]
    return np.stack(pictures)


def still(colours: tuple[tuple[int, int, int], tuple[int, int, int]], size: tuple[int, int] = (160, 90)) -> bytes:
    """A PNG that fades from one colour on the left to another on the right, with a bar across it."""
    across = np.linspace(0, 1, size[0])[None, :, None]
    pixels = np.array(colours[0]) * (1 - across) + np.array(colours[1]) * across
    picture = np.repeat(pixels, size[1], axis=0)
    picture[size[1] // 3 : size[1] // 2] = 230 - picture[size[1] // 3 : size[1] // 2] * 0.8
    stream = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def likeness(path: Path, index: int, image: bytes) -> float:
    """Peak signal-to-noise ratio in decibels of a frame against an image, over red, green and blue."""
    with av.open(str(path)) as file:
        frame = list(file.decode(video=0))[index]
        seen = frame.to_ndarray(format="rgb24", src_colorspace="ITU709").astype(float)
    with Image.open(io.BytesIO(image)) as opened:
        meant = np.asarray(opened.convert("RGB"), float)
    return float(10 * np.log10(255**2 / np.mean((seen - meant) ** 2)))


@pytest.mark.parametrize(
    ("width", "height", "seconds", "fps", "sound"),
    [(160, 90, 1.0, 24, False), (90, 160, 0.5, 30, True), (96, 96, 1.25, 12, True), (64, 36, 5.0, 4, False)],
)
def test_the_file_is_what_was_asked_for(
    tmp_path: Path, width: int, height: int, seconds: float, fps: int, *, sound: bool
) -> None:
    """Size, length, rate, codecs and the place of the index are as promised."""
    path = film(Brief("A fox in the snow", width, height, seconds, fps, sound=sound), tmp_path)
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert [video.width, video.height, video.average_rate] == [width, height, fps]
        assert sum(1 for _ in file.decode(video)) == round(seconds * fps)
        assert [s.codec_context.name for s in file.streams.audio] == (["aac"] if sound else [])
        for stream in file.streams.audio:
            assert (stream.rate, stream.channels) == (48_000, 2)
            assert stream.duration is not None
            assert stream.time_base is not None
            assert float(stream.duration * stream.time_base) == pytest.approx(seconds, abs=0.05)
    whole = path.read_bytes()
    assert 0 < whole.index(b"moov") < whole.index(b"mdat")


def test_sound_neither_clicks_nor_clips(tmp_path: Path) -> None:
    """The bed is heard, starts and ends in silence, and has no steps in it."""
    path = film(Brief("Rain on the sea", 64, 36, 2.0, 4, sound=True), tmp_path)
    with av.open(str(path)) as file:
        wave = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    assert 0.02 < np.abs(wave).max() < 0.9
    assert np.abs(wave[:, :200]).max() < 0.01
    assert np.abs(np.diff(wave, axis=1)).max() < 0.4
    assert not np.array_equal(wave[0], wave[1])


def test_the_same_brief_gives_the_same_bytes_and_another_take_does_not(tmp_path: Path) -> None:
    """Films are repeatable; the seed is what tells takes apart."""
    brief = replace(SMALL, prompt="Stars over the sea, rain, handheld", sound=True)
    one, two = (film(brief, tmp_path, name).read_bytes() for name in ("one.mp4", "two.mp4"))
    other = film(replace(brief, seed=1), tmp_path, "other.mp4")
    assert one == two
    assert np.abs(luma(tmp_path / "one.mp4") - luma(other)).mean() > 2


def growth(first: NDArray[np.float64], last: NDArray[np.float64]) -> float:
    """By how much the first frame must be enlarged about the camera's focus to look most like the last."""
    picture = Image.fromarray(first.astype(np.uint8))

    def miss(scale: float) -> float:
        x, y = 80 * (1 - 1 / scale), 0.62 * 90 * (1 - 1 / scale)
        seen = picture.transform(
            (160, 90), Image.Transform.AFFINE, (1 / scale, 0, x, 0, 1 / scale, y), Image.Resampling.BILINEAR
        )
        return float(np.abs(np.asarray(seen, float) - last)[34:72, 16:144].mean())

    return min((scale / 100 for scale in range(80, 125)), key=miss)


@pytest.mark.parametrize(
    ("move", "smallest", "largest"), [("push in", 1.025, 1.2), ("pull out", 0.83, 0.975), ("static", 1.0, 1.0)]
)
def test_the_camera_moves_in_and_out(tmp_path: Path, move: str, smallest: float, largest: float) -> None:
    """The last frame is the first one enlarged, made smaller, or the same, by what the prompt says."""
    frames = luma(film(replace(SMALL, prompt=f"Alps at noon, {move}", seconds=1.0), tmp_path))
    assert smallest - 0.005 <= growth(frames[0], frames[-1]) <= largest + 0.005


def test_a_static_camera_stands_still(tmp_path: Path) -> None:
    """Without weather and camera words there is next to no motion; a pan moves everything."""
    quiet, moved = (
        luma(film(replace(SMALL, prompt=f"Desert dunes at noon, {move}"), tmp_path)) for move in ("static", "pan left")
    )
    assert np.abs(quiet[0] - quiet[-1]).mean() < 0.5 * np.abs(moved[0] - moved[-1]).mean()


@pytest.mark.parametrize("move", ["push in", "pan right", "pull out", "orbit", "handheld, snow"])
def test_a_film_starts_on_its_first_frame(tmp_path: Path, move: str) -> None:
    """Whatever the camera does later, frame 0 is the given picture; the end is not."""
    image = still(((30, 60, 120), (220, 160, 90)))
    path = film(replace(SMALL, prompt=move, first=image, slate=("take 1",)), tmp_path)
    assert likeness(path, 0, image) > 32
    assert likeness(path, -1, image) < likeness(path, 0, image) - 1


def test_the_last_frame_is_free_of_type(tmp_path: Path) -> None:
    """It may be the first of the next clip, whose own type would stand over it."""
    brief = replace(SMALL, prompt="Desert dunes at noon, static", seconds=1.0)
    typed, plain = (luma(film(replace(brief, slate=words), tmp_path)) for words in (("take 1",), ()))
    assert np.abs(typed[0] - plain[0]).max() > 60
    assert np.abs(typed[-1] - plain[-1]).max() < 30


def test_a_film_goes_from_its_first_to_its_last_frame(tmp_path: Path) -> None:
    """Both ends are exact and the middle is a mixture."""
    first, last = still(((30, 60, 120), (220, 160, 90))), still(((200, 40, 60), (20, 120, 80)))
    path = film(replace(SMALL, prompt="snow, push in", first=first, last=last, seconds=1.0), tmp_path)
    assert likeness(path, 0, first) > 32
    assert likeness(path, -1, last) > 32
    assert max(likeness(path, 6, first), likeness(path, 6, last)) < 28


def test_a_picture_is_cropped_to_the_frame_and_never_stretched(tmp_path: Path) -> None:
    """A square picture in a wide frame keeps its middle."""
    square = Image.new("RGB", (120, 120), (40, 60, 90))
    square.paste((220, 200, 180), (40, 40, 80, 80))
    stream = io.BytesIO()
    square.save(stream, "PNG")
    frame = luma(film(replace(SMALL, prompt="static", first=stream.getvalue()), tmp_path))[0]
    bright = frame > 150
    assert bright.any(axis=1).sum() == pytest.approx(bright.any(axis=0).sum(), abs=3)


def test_shots_cut_at_their_times(tmp_path: Path) -> None:
    """The greatest change between two frames is where the second shot begins."""
    shots = (("Night forest, static", 0.5), ("Desert at noon, static", 0.75))
    frames = luma(film(replace(SMALL, prompt="", seconds=1.25, shots=shots), tmp_path))
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    assert len(frames) == 15
    assert int(change.argmax()) == 5
    assert change.max() > 8 * np.median(change)


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "x" * 2500,
        "fox " * 625,
        "🦊❄️🎬",
        "a\x00b\x07",
        "ثعلب في الثلج",
        "一只狐狸",
        "?!…—;",
        "a\n\n\tb",
        "\ud800",
        "%s {x} <b>",
    ],
)
def test_any_text_gives_a_film(tmp_path: Path, prompt: str) -> None:
    """Hostile prompts, settings and negatives render like any other."""
    brief = replace(SMALL, prompt=prompt, negative=prompt, slate=(prompt, prompt), seconds=0.1)
    assert len(luma(film(brief, tmp_path))) == 1


def test_nothing_is_left_when_an_image_is_broken(tmp_path: Path) -> None:
    """A broken picture is an OSError, and no half film stays behind."""
    with pytest.raises(OSError, match="identify"):
        film(replace(SMALL, last=b"no image", shots=(("a", 0.25), ("b", 0.25))), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", PAINTERS)
def test_every_place_has_its_own_look(tmp_path: Path, place: str) -> None:
    """Each place paints a picture with light and dark in it."""
    word = {"stage": "studio", "dunes": "desert", "hills": "meadow", "mountains": "alps"}.get(place, place)
    assert read(word).place == place
    frame = luma(film(replace(SMALL, prompt=word, seconds=0.05), tmp_path))[0]
    assert frame.std() > 6


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (720, 720)])
def test_type_stays_clear_of_a_players_controls(size: tuple[int, int]) -> None:
    """All of it is in the upper quarter: browsers lay their controls over the foot of a paused clip."""
    slate = typeset("A very long prompt " * 40, ("kling-v2-6", "sandbox") * 9, size, 24)
    assert slate is not None
    assert np.flatnonzero(slate.luma.max(axis=1) > 40)[-1] < size[1] / 4
    assert slate.clock[1] < size[1] / 10


def test_blue_hour_is_blue_with_warm_lights(tmp_path: Path) -> None:
    """The sky is blue all over; the lantern in it and windows below it are warm, and no sun is."""
    path = film(replace(SMALL, prompt="A paper lantern over a harbour at blue hour, static", seconds=0.05), tmp_path)
    with av.open(str(path)) as file:
        seen = next(file.decode(video=0)).to_ndarray(format="rgb24", src_colorspace="ITU709").astype(float)
    warmth = seen[..., 0] - seen[..., 2]
    lantern, town = np.s_[26:45, 60:88], np.s_[45:54]
    assert np.median(warmth) < -30
    assert warmth[lantern].max() > 60
    assert warmth[town].max() > 20
    warmth[lantern] = -99
    assert warmth[:40].max() < 20


@pytest.mark.parametrize("pixel", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize(("start", "step"), [(3.0, 1.0), (7.4, 0.99), (5.3, 0.9), (2.6, 0.55), (4.7, 1.0), (0.2, 1.2)])
def test_the_lens_sees_what_lies_at_its_places(pixel: type[np.unsignedinteger], start: float, step: float) -> None:
    """Every byte of a texture comes out as exact arithmetic has it, but for a rounding of the places."""
    down, across = np.arange(90)[:, None], np.arange(200)[None, :]
    waves = [110 + 100 * np.sin(down / (9 + i)) * np.cos(across / (14 - i)) for i in range(np.dtype(pixel).itemsize)]
    texture = np.stack(waves, axis=-1).astype(np.uint8).view(pixel)[..., 0]
    rows, columns = Grid.of(2, 60, start, step, 90), Grid.of(0, 150, start, step, 200)
    y, x = (start + step * np.arange(first, first + count) for first, count in ((2, 60), (0, 150)))
    slack = 1.5 + 12 * (max(0.0, 1 - step) + 1 / 16)  # levels: the steepest wave climbs twelve in a pixel
    for byte, wave in enumerate(waves):
        meant = np.apply_along_axis(lambda row: np.interp(x, np.arange(200), row), 1, wave)
        meant = np.apply_along_axis(lambda column: np.interp(y, np.arange(90), column), 0, meant)
        for look, most in ((between, slack), (nearest, 15.0)):
            seen = np.ascontiguousarray(look(texture, rows, columns)).view(np.uint8).reshape(60, 150, -1)[..., byte]
            assert np.abs(seen - meant).max() <= most


def test_the_lens_leaves_alone_what_it_need_not_touch() -> None:
    """At rest a texture comes out bit by bit, and nothing painted changes nothing."""
    texture = np.random.default_rng(3).integers(0, 256, (40, 60), dtype=np.uint8)
    assert np.array_equal(between(texture, Grid.of(0, 30, 4, 1, 40), Grid.of(0, 50, 5, 1, 60)), texture[4:34, 5:55])
    below = texture.copy()
    lay_over(below, np.zeros_like(below), np.full_like(below, 255))
    assert np.array_equal(below, texture)


def test_words_and_pictures_know_each_other() -> None:
    """Every subject that can be read can be painted, and every place has its light."""
    assert set(SUBJECTS) | {"orb"} == set(SHAPES)
    assert set(SUBJECTS) == set(HOMES)
    assert set(PLACES) == set(PAINTERS) == set(USUAL)
    assert {light for lights in USUAL.values() for light in lights} <= set(LIGHTS)


@pytest.mark.parametrize(
    ("prompt", "negative", "expected"),
    [
        ("A red fox in fresh snow, slow dolly-in, golden hour", "", ("mountains", "golden", "fox", ("snow",), ("in",))),
        ("A red fox trots through fresh snow", "snow", ("mountains", "", "fox", (), ())),
        ("A harbour at night with no boats, pan left", "", ("harbour", "night", "", (), ("pan-left",))),
        ("A paper lantern drifts over a quiet harbour at blue hour", "", ("harbour", "blue", "lantern", (), ())),
        ("A fishing boat in the harbour, warm sunshine", "", ("harbour", "noon", "boat", (), ())),
        ("A red fox in a sunny autumn forest", "", ("forest", "noon", "fox", ("leaves",), ())),
        ("A deer in a misty meadow, morning light", "", ("hills", "dawn", "deer", ("mist",), ())),
        ("A car by the sea", "", ("sea", "", "car", (), ())),
        ("A waterfall in the jungle", "", ("jungle", "", "", (), ())),
        ("Luxury watch campaign, dramatic studio lighting", "", ("stage", "studio", "watch", (), ())),
        ("Neon alley, rain, handheld, zoom out", "", ("city", "neon", "", ("rain",), ("out", "hand"))),
        ("Perfume in the studio, smoke, orbit", "", ("stage", "studio", "bottle", ("mist",), ("orbit",))),
        ("You can see the ocean, tracking shot", "", ("sea", "", "", (), ("truck-right",))),
        ("Zoom in, then zoom out", "", ("mountains", "", "", (), ("in",))),
        ("", "", ("mountains", "", "", (), ())),
    ],
)  # fmt: skip
def test_prompts_are_read(prompt: str, negative: str, expected: tuple[object, ...]) -> None:
    """Place, light, subject, weather and camera come from the prompt's words, minus the unwanted ones."""
    reading = read(prompt, negative)
    assert (reading.place, reading.light, reading.subject, reading.weather, reading.moves) == expected


@pytest.mark.parametrize("move", ["", *MOVES])
def test_cameras_move_without_jerks(move: str) -> None:
    """From frame to frame no camera jumps, and none leaves the sheets that are painted for it."""
    camera = Camera((move,) if move else ())
    poses = [camera.pose(i / 119, 5.0) for i in range(120)]
    path = np.array([(p.zoom, p.dolly, *p.pan, *p.truck) for p in poses])
    assert np.abs(np.diff(path, n=2, axis=0)).max() < 0.0012
    assert np.abs(path[:, 2:]).max() < 0.08
    assert Pose() == camera.pose(0.3, 5.0).since(camera.pose(0.3, 5.0))


def test_type_is_wrapped_and_shortened() -> None:
    """Lines keep to their width, and what does not fit ends in an ellipsis."""
    lines = wrap(legible("word " * 80), 20, 300, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert wrap(legible("a b"), 20, 300, 2) == ["a b"]
    assert wrap("W" * 400, 20, 300, 2)[0].endswith("…")
    assert legible("a\x00b 狐 c\nd") == "a b c d"
