"""Levels of blocks in dBFS: a full-scale square wave is 0."""

import math

import numpy as np
from numpy.typing import NDArray

from audio.format import FULL_SCALE

DBFS_OF_NOTHING = -120.0


def dbfs(amplitude: float) -> float:
    """Of an amplitude where full scale is 1; never below −120."""
    return max(DBFS_OF_NOTHING, 20 * math.log10(amplitude)) if amplitude > 0 else DBFS_OF_NOTHING


def rms_dbfs(block: NDArray[np.int16]) -> float:
    """An empty block is as quiet as nothing."""
    if not len(block):
        return DBFS_OF_NOTHING
    samples = block.astype(np.float32)
    return dbfs(math.sqrt(float(np.dot(samples, samples)) / len(block)) / FULL_SCALE)


def peak_dbfs(block: NDArray[np.int16]) -> float:
    return dbfs(max(int(block.max()), -int(block.min())) / FULL_SCALE) if len(block) else DBFS_OF_NOTHING
