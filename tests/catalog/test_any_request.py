"""No request, however odd, makes the catalogue raise; what it says is fit to show."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kling_nb import catalog
from kling_nb.catalog.load import catalogue
from kling_nb.request import CAMERA_AXES, KINDS, Brush, Camera, Footage, Frame, Shot, VideoRequest

NAMES = st.sampled_from(sorted(catalogue().models)) | st.text(max_size=20)
GATEWAYS = st.sampled_from(sorted(catalogue().gateways)) | st.text(max_size=8)
TYPES = st.sampled_from(["image/png", "image/gif", "video/mp4", ""]) | st.none()
PIXELS = st.none() | st.integers(1, 9000)
FACTS = {"size": st.none() | st.integers(0, 10**9), "width": PIXELS, "height": PIXELS, "media_type": TYPES}
FRAMES = st.builds(Frame, sha256=st.just("00"), **FACTS)
SECONDS = st.none() | st.floats(min_value=0, exclude_min=True)
FOOTAGE = st.builds(Footage, sha256=st.just("00"), seconds=SECONDS, **FACTS)
SHOTS = st.builds(Shot, prompt=st.text(max_size=600), seconds=st.integers(1, 10**6))
AMOUNTS = st.dictionaries(st.sampled_from(CAMERA_AXES) | st.text(max_size=5), st.floats(), max_size=3)
CAMERAS = st.builds(Camera, type=st.sampled_from(["simple", "down_back"]) | st.text(max_size=5), config=AMOUNTS)
RAW = st.dictionaries(st.sampled_from(["voice_list", "static_mask", "dynamic_masks", "x"]), st.just([1]))
BRUSHES = st.builds(Brush, mask=FRAMES, path=st.lists(st.just((1, 2)), max_size=80).map(tuple))
NAMED = r"<<<(image|video|element|voice|x)_?[0-9]{0,3}>>>"
REQUESTS = st.builds(
    VideoRequest,
    prompt=st.text(max_size=30) | st.just("y" * 2501) | st.from_regex(NAMED, fullmatch=True),
    model=NAMES,
    kind=st.none() | st.sampled_from(KINDS),
    mode=st.none() | st.sampled_from(["std", "pro", "4k"]) | st.text(max_size=5),
    aspect=st.none() | st.sampled_from(["16:9", "1:1", "0:0"]),
    duration=st.none() | st.integers(1, 600),
    negative=st.none() | st.text(max_size=20),
    cfg=st.none() | st.floats(0, 1),
    sound=st.none() | st.booleans(),
    camera=st.none() | CAMERAS,
    image=st.none() | FRAMES,
    tail=st.none() | FRAMES,
    images=st.lists(FRAMES, max_size=9).map(tuple),
    video=st.none() | FOOTAGE,
    element=st.lists(st.text(max_size=3), max_size=5).map(tuple),
    shots=st.lists(SHOTS, max_size=8).map(tuple),
    shot_type=st.none() | st.sampled_from(["customize", "intelligence"]),
    orientation=st.none() | st.sampled_from(["image", "video"]),
    keep_sound=st.none() | st.booleans(),
    refer=st.none() | st.sampled_from(["feature", "base"]),
    voice=st.lists(st.text(max_size=3), max_size=4).map(tuple),
    mask=st.none() | FRAMES,
    masks=st.lists(BRUSHES, max_size=8).map(tuple),
    watermark=st.none() | st.booleans(),
    extra=RAW,
)


@settings(max_examples=200, deadline=None)
@given(REQUESTS, GATEWAYS)
def test_everything_answers_for_any_request(request: VideoRequest, gateway: str) -> None:
    """Findings are sentences, a known price is a finite amount, a route is never empty."""
    for finding in catalog.check(request, gateway):
        assert finding.sentence.endswith((".", "?"))
        assert "None" not in finding.sentence.replace(request.model, "") or request.model not in catalogue().models
    price = catalog.price(request, gateway)
    assert price is None or 0 <= price.usd < float("inf")
    assert catalog.endpoint(request)
    assert catalog.wire_name(request, gateway) or not request.model
    assert catalog.resolved(request, gateway).caption or not request.model
    assert (catalog.expected(request, gateway).width or 1) > 0


@settings(max_examples=100, deadline=None)
@given(NAMES, st.sampled_from(KINDS), GATEWAYS, st.none() | st.sampled_from(["std", "pro", "4k", "8k"]))
def test_a_panel_can_ask_for_anything(model: str, kind: str, gateway: str, mode: str | None) -> None:
    """Choices are None or hold what is assumed."""
    offered = catalog.choices(model, kind, gateway, mode)  # type: ignore[arg-type]
    assert offered is None or offered.duration > 0


@given(st.text(max_size=40))
def test_near_names_exist(name: str) -> None:
    """At most three, all of them models."""
    found = catalog.near(name)
    assert len(found) <= 3
    assert all(catalog.model(n) for n in found)
