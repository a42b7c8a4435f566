"""The formulas against implementations that others wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import color, metrics  # what is in them is imported when it is first used

from kling_nb.metrics import measure
from kling_nb.metrics.colour import difference, lab
from kling_nb.metrics.likeness import psnr, ssim
from kling_nb.metrics.picture import sharpness
from kling_nb.metrics.reel import brightness, wind
from tests.metrics.clips import pan, shifted, texture, write

DRAWS = np.random.default_rng(4)


def test_lab() -> None:
    """Every grey, and a few thousand colours, as scikit-image has them."""
    colours = DRAWS.integers(0, 256, (64, 64, 3), np.uint8)
    colours[:16, :16] = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert lab(colours).shape == colours.shape
    assert np.abs(lab(colours) - color.rgb2lab(colours)).max() < 1e-3


def test_difference() -> None:
    """Delta E of the mean colours; pictures may differ in size."""
    first, second = texture(64, 40), shifted(texture(80, 40, seed=2), (30, 0, -20))
    means = [color.rgb2lab(picture).reshape(-1, 3).mean(axis=0) for picture in (first, second)]
    assert difference(first, second) == pytest.approx(float(color.deltaE_cie76(*means)), abs=1e-3)
    assert difference(first, first) == 0


@pytest.mark.parametrize("noise", [0, 3, 25])
def test_ssim_and_psnr(noise: int) -> None:
    """To 1e-3, at sizes that are no multiples of the window."""
    first = brightness(texture(173, 91))
    second = shifted(first, DRAWS.normal(0, noise, first.shape))
    assert ssim(first, second) == pytest.approx(metrics.structural_similarity(first, second), abs=1e-3)
    if noise:
        assert psnr(first, second) == pytest.approx(metrics.peak_signal_noise_ratio(first, second), abs=1e-3)
    else:
        assert (ssim(first, second), psnr(first, second)) == (1.0, 100.0)


def test_flicker(tmp_path: Path) -> None:
    """VBench's temporal flickering, written as VBench describes it: frame by frame, over all colours."""
    frames = [shifted(frame, 8 * (n % 3)) for n, frame in enumerate(pan(24))]
    path = write(tmp_path / "clip.mp4", frames)
    seen = wind(path).frames.astype(np.float64)
    errors = [np.abs(seen[n] - seen[n + 1]).mean() for n in range(len(seen) - 1)]
    wanted = (255.0 - np.mean(errors)) / 255.0
    scores = measure(str(path), ("flicker",))["scores"]
    assert scores["flicker"]["value"] == pytest.approx(wanted, abs=1e-3)


def test_sharpness(tmp_path: Path) -> None:
    """OpenCV's Laplacian, away from the border."""
    cv2 = pytest.importorskip("cv2")
    reel = wind(write(tmp_path / "clip.mp4", pan(9)))
    edges = [cv2.Laplacian(brightness(still), cv2.CV_64F)[1:-1, 1:-1].var() for still in reel.stills]
    assert sharpness(reel, {})["value"] == pytest.approx(float(np.median(edges)), rel=1e-3)


def test_brightness() -> None:
    """Within one level of OpenCV's grey."""
    cv2 = pytest.importorskip("cv2")
    picture = DRAWS.integers(0, 256, (90, 160, 3), np.uint8)
    gap = np.abs(brightness(picture).astype(int) - cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    assert gap.max() <= 1
