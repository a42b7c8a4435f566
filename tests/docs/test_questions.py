"""The cells of the page of questions do what it says: between two pictures, and on after a kernel's death."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from tests.notebook.kernels import Kernel, environment

PAGE = Path(__file__).parents[2] / ".docs" / "pages" / "questions.md"


def test_both_answers(tmp_path: Path) -> None:
    """The one cell's clip is fetched by the other, in the next kernel."""
    animate, resume = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for name in re.findall(r"\S+\.jpg", animate):
        Image.new("RGB", (640, 360), "teal").save(tmp_path / name)
    line, prompt = animate.split("\n", 1)
    env = environment(tmp_path / "home", KLING_NB_SANDBOX="latency=1.5 resolution=tiny")
    with Kernel(tmp_path, env) as kernel:
        kernel.ready().run("%load_ext kling_nb")
        rehearsed = kernel.run(f"{line} --dry-run\n{prompt}")
        assert "image_tail" in rehearsed.shown["text/plain"]
        cell = kernel.send(f"{line} --sandboxed\n{prompt}")
        kernel.until(
            cell, lambda: "Generating" in kernel.screen.get((cell.displays or [""])[0], {}).get("text/plain", "")
        )
    assert list((tmp_path / "kling_outputs").glob("*.mp4")) == []
    with Kernel(tmp_path, env) as kernel:
        again = kernel.ready().run(resume)
        assert again.ok
        kernel.until(again, lambda: ".mp4" in kernel.final(again))
        assert kernel.run("import kling_nb; len(kling_nb.jobs())").result == "1"
