"""Each kind of finding once, word for word: what is wrong, what is allowed, what to type."""

from __future__ import annotations

from typing import Any

import pytest

from kling_nb import catalog
from kling_nb.request import Brush, Camera, Footage, Frame, Shot, VideoRequest

FRAME = Frame(url="https://img.example/fox.png")
VIDEO = Footage(url="https://img.example/fox.mp4")
VOICES = {"voice_list": [{"voice_id": "1"}]}
MASKS = {"static_mask": "https://img.example/mask.png"}
BRUSH = Brush(mask=FRAME, path=((10, 10), (60, 20)))
SHOT = Shot(prompt="a", seconds=2)


def picture(**facts: Any) -> Frame:
    """A stored picture that is fine but for what is given."""
    good: dict[str, Any] = {"width": 1280, "height": 720, "size": 1000, "media_type": "image/png", "name": "fox.png"}
    return Frame(sha256="00", **(good | facts))


def film(**facts: Any) -> Footage:
    """A stored video that is fine but for what is given."""
    good: dict[str, Any] = {"width": 1280, "height": 720, "size": 1000, "media_type": "video/mp4", "name": "fox.mp4"}
    return Footage(sha256="00", **(good | {"seconds": 5} | facts))


def findings(asked: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What ``check`` says, as tuples."""
    request = VideoRequest(**({"model": "kling-v2-6", "prompt": "a fox"} | asked))
    return [(f.level, f.field, f.sentence) for f in catalog.check(request, "kling")]


ERRORS: list[tuple[dict[str, Any], str, str]] = [
    # the model
    (
        {"model": "kling-v2-1"},
        "image",
        "kling-v2-1 cannot make a clip from text alone: add --image, or use --model kling-v2-5-turbo.",
    ),
    (
        {"model": "kling-v1", "kind": "motion-control", "image": FRAME, "video": VIDEO},
        "kind",
        "kling-v1 cannot do motion-control: kling-v2-6 and kling-v3 can.",
    ),
    (
        {"kind": "text2video", "image": FRAME},
        "image",
        "Text2video does not take --image: leave out --image or --kind.",
    ),
    (
        {"kind": "image2video"},
        "image",
        "Image2video does not work without --image or --tail: add one of them.",
    ),
    (
        {"kind": "motion-control", "image": FRAME},
        "video",
        "Motion-control does not work without --video: add it.",
    ),
    # mode, length, sound
    ({"mode": "4k"}, "mode", "kling-v2-6 has no mode 4k: use --mode std or --mode pro."),
    (
        {"model": "kling-v2-master", "mode": "pro"},
        "mode",
        "kling-v2-master has no modes: leave out --mode.",
    ),
    (
        {"model": "kling-v2-5-turbo", "image": FRAME, "tail": FRAME},
        "mode",
        "A last frame needs mode pro on kling-v2-5-turbo: add --mode pro.",
    ),
    (
        {"model": "kling-v2-5-turbo", "image": FRAME, "tail": FRAME, "mode": "std"},
        "mode",
        "A last frame needs mode pro on kling-v2-5-turbo: use --mode pro.",
    ),
    (
        {"duration": 7},
        "duration",
        "kling-v2-6 makes clips of 5 or 10 seconds, not 7: use --duration 5 or --duration 10.",
    ),
    (
        {"model": "kling-v3", "duration": 20},
        "duration",
        "kling-v3 makes clips of 3 to 15 seconds, not 20: use --duration 15.",
    ),
    (
        {"model": "kling-v1", "image": FRAME, "tail": FRAME, "duration": 10},
        "duration",
        "With a last frame, kling-v1 makes clips of 5 seconds, not 10: use --duration 5.",
    ),
    ({"sound": True}, "sound", "Sound needs mode pro on kling-v2-6: add --mode pro."),
    (
        {"sound": True, "mode": "pro", "image": FRAME, "tail": FRAME},
        "sound",
        "kling-v2-6 makes no sound with a last frame: use --sound off, or leave out --tail.",
    ),
    (
        {"model": "kling-v1", "sound": True},
        "sound",
        "kling-v1 makes silent clips only: use --sound off.",
    ),
    (
        {"model": "kling-v3", "sound": True, "image": FRAME, "video": film()},
        "sound",
        "kling-v3 makes no sound for motion-control, it can keep the video's own: use --sound off.",
    ),
    (
        {"model": "kling-v3-omni", "sound": True, "video": film()},
        "sound",
        "kling-v3-omni makes no sound with a video to edit: use --sound off, or leave out --video.",
    ),
    (
        {"model": "kling-v3-omni", "sound": True, "video": film(), "refer": "feature", "aspect": "1:1"},
        "sound",
        "kling-v3-omni makes no sound with a reference video: use --sound off, or leave out --video.",
    ),
    (
        {"mode": "pro", "image": FRAME, "extra": VOICES},
        "sound",
        "Voices need sound on kling-v2-6: add --sound on.",
    ),
    # features
    (
        {"model": "kling-v2-5-turbo", "tail": FRAME},
        "tail",
        "kling-v2-5-turbo needs a first frame besides the last one: add --image.",
    ),
    (
        {"model": "kling-v2-master", "image": FRAME, "tail": FRAME},
        "tail",
        "kling-v2-master does not work with a last frame: leave out --tail, or use --model kling-v2-5-turbo.",
    ),
    (
        {"camera": Camera(type="down_back")},
        "camera",
        "kling-v2-6 does not work with camera control: leave out --camera, or use --model kling-v1.",
    ),
    (
        {"model": "kling-v1", "image": FRAME, "camera": Camera(type="down_back")},
        "camera",
        "kling-v1 works with camera control for text2video only, not for image2video: leave out --camera.",
    ),
    (
        {"image": FRAME, "extra": MASKS},
        "masks",
        ("kling-v2-6 does not work with masks: leave out --mask/--masks, or use --model kling-v1 or kling-v1-5."),
    ),
    ({"cfg": 0.5}, "cfg", "kling-v2-6 does not use CFG: leave out --cfg."),
    (
        {"model": "kling-video-o1", "aspect": "1:1", "negative": "rain"},
        "negative",
        "kling-video-o1 does not use a negative prompt: leave out --negative.",
    ),
    (
        {"aspect": "4:3"},
        "aspect",
        "kling-v2-6 has no aspect ratio 4:3: use --aspect 16:9, --aspect 9:16 or --aspect 1:1.",
    ),
    (
        {"model": "kling-v3-omni"},
        "aspect",
        "kling-v3-omni needs an aspect ratio: add --aspect 16:9, 9:16 or 1:1.",
    ),
    # text, camera, shots
    ({"prompt": " \n"}, "prompt", "The prompt is empty: say what the clip should show."),
    (
        {"prompt": "y" * 2601},
        "prompt",
        "The prompt is 2,601 characters long, 101 more than the 2,500 allowed: shorten it.",
    ),
    (
        {"negative": "y" * 2501},
        "negative",
        "The negative prompt is 2,501 characters long, 1 more than the 2,500 allowed: shorten it.",
    ),
    (
        {"model": "kling-v1", "camera": Camera(type="spin")},
        "camera",
        (
            "There is no camera type spin: use --camera simple, down_back, forward_up, "
            "right_turn_forward or left_turn_forward."
        ),
    ),
    (
        {"model": "kling-v1-5", "image": FRAME, "mode": "pro", "camera": Camera(type="down_back")},
        "camera",
        "There is no camera type down_back on kling-v1-5: use --camera simple.",
    ),
    (
        {"model": "kling-v1", "camera": Camera(type="down_back", config={"zoom": 3})},
        "camera",
        "Only camera type simple takes axes, down_back does not: leave them out.",
    ),
    (
        {"model": "kling-v1", "camera": Camera(type="simple", config={"dolly": 3})},
        "camera",
        "There is no camera axis dolly: use horizontal, vertical, pan, tilt, roll or zoom.",
    ),
    (
        {"model": "kling-v1", "camera": Camera(type="simple", config={"zoom": 3, "pan": 1})},
        "camera",
        (
            "Camera type simple moves exactly one axis, not 2: "
            "give one of horizontal, vertical, pan, tilt, roll or zoom an amount."
        ),
    ),
    (
        {"model": "kling-v1", "camera": Camera(type="simple", config={"zoom": 0})},
        "camera",
        (
            "Camera type simple moves exactly one axis, not none: "
            "give one of horizontal, vertical, pan, tilt, roll or zoom an amount."
        ),
    ),
    (
        {"model": "kling-v1", "camera": Camera(type="simple", config={"zoom": 11})},
        "camera",
        "The camera's zoom is 11: it goes from -10 to 10.",
    ),
    (
        {"model": "kling-v3", "shots": (SHOT,) * 7},
        "shots",
        "A clip has 1 to 6 shots, not 7: leave some out.",
    ),
    (
        {"model": "kling-v3", "shots": (SHOT, SHOT), "duration": 6},
        "shots",
        "The shots add up to 4 seconds, the clip is to have 6: change a shot, or use --duration 4.",
    ),
    (
        {"model": "kling-v3", "shots": (SHOT,)},
        "shots",
        "With several shots, kling-v3 makes clips of 3 to 15 seconds, not 2: change the lengths of the shots.",
    ),
    (
        {"model": "kling-v3", "shots": (Shot(prompt="y" * 513, seconds=5),)},
        "shots",
        "The prompt of shot 1 is 513 characters long, 1 more than the 512 allowed: shorten it.",
    ),
    (
        {"model": "kling-v3", "image": FRAME, "tail": FRAME, "shots": (SHOT, SHOT)},
        "shots",
        "--tail and --shots exclude each other: use one of them.",
    ),
    # pictures and videos
    (
        {"image": picture(media_type="image/webp")},
        "image",
        "--image fox.png is image/webp: use jpeg or png.",
    ),
    (
        {"image": picture(size=10 * 1024 * 1024 + 1)},
        "image",
        "--image fox.png has 10.1 MB: at most 10 MB are allowed.",
    ),
    (
        {"image": picture(width=299, height=299)},
        "image",
        "--image fox.png has 299 x 299 pixels: each side must have at least 300.",
    ),
    (
        {"mode": "pro", "image": FRAME, "tail": picture(width=1001, height=400)},
        "tail",
        "--tail fox.png has 1001 x 400 pixels: the longer side may be at most 2.5 times the shorter.",
    ),
    (
        {"model": "kling-v1-6", "images": (FRAME,) * 5},
        "images",
        "kling-v1-6 takes at most 4 pictures and elements, not 5: leave some out.",
    ),
    (
        {"model": "kling-video-o1", "video": film(), "aspect": "1:1", "images": (FRAME,) * 5},
        "images",
        "kling-video-o1 takes at most 4 pictures and elements beside a video, not 5: leave some out.",
    ),
    (
        {"model": "kling-v3", "image": FRAME, "element": ("1", "2", "3", "4")},
        "element",
        "kling-v3 takes at most 3 elements here, not 4: leave some out.",
    ),
    (
        {"image": FRAME, "video": film(), "element": ("1",)},
        "element",
        "kling-v2-6 takes no elements for motion-control: leave out --element.",
    ),
    (
        {"model": "kling-v3-omni", "image": FRAME, "tail": FRAME, "images": (FRAME, FRAME)},
        "tail",
        (
            "kling-v3-omni takes no last frame where there are more than 2 pictures: "
            "leave out --tail or some of --images."
        ),
    ),
    # shots
    (
        {"model": "kling-v3", "shots": (SHOT, SHOT), "shot_type": "intelligence"},
        "shots",
        "With --shot-type intelligence the model cuts by itself: leave out --shots, or --shot-type.",
    ),
    (
        {"model": "kling-v3", "shot_type": "customize"},
        "shots",
        "With --shot-type customize the shots are yours to write: add --shots.",
    ),
    # names in a prompt
    (
        {"model": "kling-v3-omni", "aspect": "1:1", "images": (FRAME, FRAME), "prompt": "<<<image_3>>> runs"},
        "prompt",
        (
            "The prompt names <<<image_3>>>, which does not exist: "
            "it can name <<<image_1>>> or <<<image_2>>>, or add to --images."
        ),
    ),
    (
        {"model": "kling-v3-omni", "aspect": "1:1", "prompt": "<<<video_1>>> goes on"},
        "prompt",
        ("The prompt names <<<video_1>>>, which does not exist: nothing goes in that it could name: add --video."),
    ),
    (
        {"model": "kling-v3", "image": FRAME, "element": ("7",), "prompt": "<<<elemnt_1>>> and <<<element_1>>>"},
        "prompt",
        "The prompt names <<<elemnt_1>>>, which does not exist: it can name <<<element_1>>>.",
    ),
    (
        {"model": "kling-v3-omni", "aspect": "1:1", "shots": (SHOT, Shot(prompt="<<<voice_1>>> talks", seconds=3))},
        "shots",
        ("Shot 2 names <<<voice_1>>>, which does not exist: nothing goes in that it could name: add --voice."),
    ),
    (
        {"mode": "pro", "sound": True, "image": FRAME, "prompt": "<<<image_1>>> talks"},
        "prompt",
        ("The prompt names <<<image_1>>>, which does not exist: nothing goes in that it could name: add --images."),
    ),
    # videos
    (
        {"model": "kling-v3-omni", "aspect": "1:1", "video": film(), "image": FRAME},
        "image",
        "A video that is edited takes no --image: use --images, or --refer feature to make a new clip.",
    ),
    (
        {"model": "kling-v3-omni", "video": film(), "refer": "feature"},
        "aspect",
        "kling-v3-omni needs an aspect ratio: add --aspect 16:9, 9:16 or 1:1.",
    ),
    (
        {"model": "kling-v3-omni", "images": (FRAME,), "aspect": "1:1", "refer": "base"},
        "refer",
        "--refer is about a reference video: add --video.",
    ),
    (
        {"keep_sound": True},
        "keep_sound",
        "Text2video does not take --keep-sound: leave out --keep-sound.",
    ),
    (
        {"image": FRAME, "video": film(), "refer": "base"},
        "refer",
        "Motion-control does not take --refer: leave out --refer.",
    ),
    (
        {"image": FRAME, "video": film(seconds=12), "orientation": "image"},
        "video",
        "--video fox.mp4 is 12 seconds long: motion-control takes 3 to 10 seconds with --orientation image.",
    ),
    (
        {"image": FRAME, "video": film(seconds=31), "orientation": "video"},
        "video",
        "--video fox.mp4 is 31 seconds long: motion-control takes 3 to 30 seconds.",
    ),
    (
        {"model": "kling-v3", "image": FRAME, "video": film(), "element": ("1", "2")},
        "element",
        "kling-v3 takes at most 1 element here, not 2: leave some out.",
    ),
    # voices and masks
    (
        {"mode": "pro", "sound": True, "image": FRAME, "voice": ("1", "2", "3")},
        "voices",
        "A clip has at most 2 voices, not 3: leave some out.",
    ),
    (
        {"mode": "pro", "image": FRAME, "voice": ("1",)},
        "sound",
        "Voices need sound on kling-v2-6: add --sound on.",
    ),
    (
        {"model": "kling-v1", "image": FRAME, "masks": (BRUSH,) * 7},
        "masks",
        "A clip has at most 6 moving masks, not 7: leave some out.",
    ),
    (
        {"model": "kling-v1", "image": FRAME, "masks": (BRUSH, Brush(mask=FRAME, path=((1, 1),)))},
        "masks",
        "The path of mask 2 has 2 to 77 points, not 1: draw it with more.",
    ),
    (
        {"model": "kling-v1", "image": FRAME, "masks": (Brush(mask=FRAME, path=((1, 1),) * 78),)},
        "masks",
        "The path of mask 1 has 2 to 77 points, not 78: draw it with fewer.",
    ),
    (
        {"model": "kling-v1", "image": picture(), "mask": picture(width=1280, height=700)},
        "masks",
        "--mask has 1280 x 700 pixels, the first frame 1280 x 720: make them the same size.",
    ),
    (
        {"model": "kling-v1", "image": FRAME, "tail": FRAME, "mask": FRAME},
        "masks",
        "--tail and --mask/--masks exclude each other: use one of them.",
    ),
    (
        {"model": "kling-video-o1", "video": film(seconds=12)},
        "video",
        "--video fox.mp4 is 12 seconds long: omni-video takes 3 to 10 seconds.",
    ),
    (
        {"model": "kling-video-o1", "video": film(width=640)},
        "video",
        "--video fox.mp4 has 640 x 720 pixels: each side must have 720 to 2160.",
    ),
    (
        {"image": FRAME, "video": film(size=101 * 1024 * 1024)},
        "video",
        "--video fox.mp4 has 101 MB: at most 100 MB are allowed.",
    ),
    (
        {"image": FRAME, "video": film(media_type="video/webm")},
        "video",
        "--video fox.mp4 is video/webm: use mp4 or quicktime.",
    ),
]


@pytest.mark.parametrize(("asked", "field", "sentence"), ERRORS, ids=[f"{e[1]}: {e[2][:40]}" for e in ERRORS])
def test_an_error_is_one_sentence(asked: dict[str, Any], field: str, sentence: str) -> None:
    """It is the only error, at the right field, in these words."""
    errors = [found for found in findings(asked) if found[0] == "error"]
    assert errors == [("error", field, sentence)]
