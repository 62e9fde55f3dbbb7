"""Tones, made and recognised: who sounds is told by pitch."""

import math
from array import array
from collections.abc import Sequence

from audio.format import RATE_HZ


def tone(hz: float, n_frames: int, amplitude: float = 0.25) -> bytes:
    """A sine as s16le mono."""
    step = 2 * math.pi * hz / RATE_HZ
    return array("h", [round(32_767 * amplitude * math.sin(step * i)) for i in range(n_frames)]).tobytes()


def pitch_of(pcm: bytes, known: Sequence[float], least_dbfs: float = -45.0) -> float | None:
    """Which of the *known* tones a block is (by Goertzel's filter); None where none makes up most of it."""
    samples = array("h", pcm)
    power = sum(sample * sample for sample in samples) / max(1, len(samples))
    if power < 32_768**2 * 10 ** (least_dbfs / 10):
        return None
    found = {hz: _power_at(samples, hz) for hz in known}
    best = max(found, key=lambda hz: found[hz])
    return best if found[best] > 0.5 * power else None


def _power_at(samples: array, hz: float) -> float:
    turn = 2 * math.cos(2 * math.pi * hz / RATE_HZ)
    before, now = 0.0, 0.0
    for sample in samples:
        before, now = now, sample + turn * now - before
    energy = before * before + now * now - turn * before * now
    return 2 * energy / len(samples) ** 2
