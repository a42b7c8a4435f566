"""A soft bed of sound in the scene's mood: wind, rain or sea, and a chord far away.

It is made as a loop without a seam: noise is shaped in its spectrum and tones fit the loop
a whole number of times, so that a clip of any length is the loop read round and round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kling_nb.sandbox.film.noise import Floats
    from kling_nb.sandbox.film.words import Reading

RATE = 48_000
"""Samples per second."""
LOOP = 8
"""Seconds after which the bed repeats."""

_CHORDS: dict[str, tuple[float, ...]] = {
    "golden": (110.0, 164.81, 220.0, 277.18, 329.63),
    "blue": (87.31, 130.81, 174.61, 220.0, 329.63),
    "dusk": (98.0, 146.83, 196.0, 233.08, 293.66),
    "dawn": (130.81, 196.0, 261.63, 329.63, 392.0),
    "noon": (130.81, 196.0, 246.94, 329.63, 392.0),
    "neon": (55.0, 110.0, 164.81, 261.63, 329.63),
    "fire": (73.42, 110.0, 146.83, 174.61, 220.0),
    "storm": (65.41, 98.0, 130.81, 155.56, 196.0),
}
"""Tones in hertz by the scene's light; lights without a chord of their own share the cool one."""
_COOL = (87.31, 130.81, 174.61, 207.65, 261.63)


def bed(reading: Reading, light: str, seed: int) -> Floats:
    """The loop: (2, samples) in -1..1, left and right."""
    rng = np.random.default_rng(seed)
    count = RATE * LOOP
    clock = np.arange(count, dtype=np.float32) / np.float32(RATE)
    out = np.zeros((2, count), np.float32)
    breath = 0.6 + 0.4 * np.sin(2 * np.pi * clock / LOOP + rng.uniform(0, 6))
    waves = 0.5 + 0.5 * np.sin(2 * np.pi * 2 * clock / LOOP)
    for side in range(2):
        if reading.has("rain"):
            out[side] += 0.11 * _noise(rng, count, 900, 9000)
        if reading.place in {"sea", "harbour", "beach"}:
            out[side] += 0.15 * waves * _noise(rng, count, 120, 1600)
        if reading.place not in {"stage", "space"}:
            out[side] += 0.09 * breath * _noise(rng, count, 90, 600)
    for index, tone in enumerate(_CHORDS.get(light, _COOL)):
        whole = round(tone * LOOP) / LOOP
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * (1 + index % 3) * clock / LOOP + rng.uniform(0, 6))
        place = 0.5 + 0.3 * (-1) ** index * index / 5
        for partial, loud in ((1, 1.0), (2, 0.22), (3, 0.08)):
            wave = np.sin(2 * np.pi * whole * partial * clock + rng.uniform(0, 6)) * swell * loud * 0.045
            out[0] += wave * np.float32(1 - place)
            out[1] += wave * np.float32(place)
    loudest = float(np.abs(out).max()) or 1.0
    return (out * np.float32(min(1.0, 0.5 / loudest))).astype(np.float32)


def samples(loop: Floats, first: int, count: int, total: int) -> NDArray[np.float32]:
    """A stretch of the bed, faded at the clip's two ends so that nothing clicks."""
    place = np.arange(first, first + count)
    ramp = min(RATE // 2, max(1, total // 4))
    gain = np.clip(np.minimum(place, total - 1 - place) / ramp, 0, 1).astype(np.float32)
    return loop[:, place % loop.shape[1]] * (gain * gain * (3 - 2 * gain))


def _noise(rng: np.random.Generator, count: int, low: float, high: float) -> Floats:
    """Noise between two frequencies in hertz, of unit strength, that loops."""
    spectrum = np.fft.rfftfreq(count, 1 / RATE)
    shape = (
        1 / (1 + (spectrum / high) ** 4) * (spectrum / low) ** 2 / (1 + (spectrum / low) ** 2) / np.sqrt(spectrum + low)
    )
    turn = rng.uniform(0, 2 * np.pi, spectrum.size)
    wave = np.fft.irfft(shape * np.exp(1j * turn), count)
    unit: Floats = (wave / wave.std()).astype(np.float32)
    return unit
