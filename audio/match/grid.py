"""The matcher's grid: 8 kHz inside, blocks, hops, frames. Positions: samples of 8 kHz on SENT's axis."""

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

C64 = NDArray[np.complex64]
Floats = NDArray[np.floating[Any]]

RATE_HZ = 8_000
DECIMATION = 6  # frames of 48 kHz a sample
BLOCK = 2_048  # 256 ms: all decisions lie on this grid, so that no split of the input can change them
TICK = BLOCK // 2  # 128 ms: whether it is on air is asked so often
HOP = 64  # 8 ms between looks
FRAME = 256  # 32 ms a look
HOPS = BLOCK // HOP
LEAD = (FRAME - HOP) // 2  # a frame begins this long before its hop

BIN_HZ = RATE_HZ / FRAME
LOW_BIN, HIGH_BIN = 6, 116  # 190 … 3600 Hz: what every path passes, a horn included
BINS = HIGH_BIN - LOW_BIN


def samples(milliseconds: float) -> int:
    return round(milliseconds * RATE_HZ / 1_000)


def milliseconds(position: float) -> float:
    return position * 1_000 / RATE_HZ


def frames_48k(position: float) -> int:
    return round(position * DECIMATION)


def median(values: Floats) -> float:
    """Of a few values that are not none; ``numpy.median`` costs ten times as much."""
    return float(np.sort(values)[len(values) // 2])


def rms(sound: Floats) -> float:
    return math.sqrt(float(np.dot(sound, sound)) / len(sound)) if len(sound) else 0.0


def peak(sound: Floats) -> float:
    return max(float(sound.max()), -float(sound.min()))


@functools.cache
def fast_size(least: int) -> int:
    """The next size that the transform is fast at: 2ⁿ by 1, 9/8, 5/4, 3/2 or 27/16."""
    power = 1 << least.bit_length() - 1
    return next(size for size in (power * n // 16 for n in (16, 18, 20, 24, 27, 32)) if size >= least)
